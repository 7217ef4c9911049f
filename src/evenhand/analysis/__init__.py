"""Scores -> findings. Knows nothing of endpoints, runs, memory or banks."""
