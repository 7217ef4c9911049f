"""Assistants that can be asked: one protocol, one file each."""
