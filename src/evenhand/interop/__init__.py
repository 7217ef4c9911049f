"""Logs of other tools in, ours out."""
