"""Policies that change what is remembered: pure functions of the facts and the question."""
