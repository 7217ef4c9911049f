"""From the score table to findings: which estimator answers which question, and what may be claimed."""
