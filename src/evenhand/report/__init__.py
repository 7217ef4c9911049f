"""Findings -> one HTML file, Markdown and JSON."""
