"""Load, validate, import, screen and check items and profiles."""
