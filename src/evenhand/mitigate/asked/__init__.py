"""Policies that ask a model what to show of memory."""
