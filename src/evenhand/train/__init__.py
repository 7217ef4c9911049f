"""Preference data and training: pairs of answers, and a model trained on them in a process of its own."""
