"""Measure what stored user memory does to an LLM assistant's emotional reasoning."""
