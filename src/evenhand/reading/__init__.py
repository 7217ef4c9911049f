"""What a text answers: thoughts set apart, wrappers taken off, claims told from mentions, refusals from answers."""
