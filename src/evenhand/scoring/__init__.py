"""Trial -> score: extractors, refusal, log-probabilities, leakage."""
