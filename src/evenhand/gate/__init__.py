"""The gate: a policy over findings, and what a build does about it."""
