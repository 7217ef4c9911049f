"""The shipped specimens."""
