"""From files and runs to a checked score table, and its parts."""
