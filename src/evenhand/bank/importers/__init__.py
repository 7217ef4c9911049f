"""Banks and cohorts from other people's files; each import keeps source and licence."""
