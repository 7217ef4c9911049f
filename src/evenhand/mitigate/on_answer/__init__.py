"""Policies that ask more than once."""
