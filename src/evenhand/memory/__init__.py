"""Profile -> what the assistant sees, per placement and cue."""
