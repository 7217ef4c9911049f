"""Execute cells: store, resume, budget, pace."""
