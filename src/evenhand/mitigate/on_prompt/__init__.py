"""Policies that change what is said: pure functions of the conversation."""
