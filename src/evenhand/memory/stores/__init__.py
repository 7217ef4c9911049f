"""Stores that facts are retrieved from."""
