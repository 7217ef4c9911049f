"""Simulated respondents with planted effects."""
