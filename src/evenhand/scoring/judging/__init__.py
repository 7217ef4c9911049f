"""A second model rates written answers: blind to memory and arm, twice, the criteria in opposite orders."""
