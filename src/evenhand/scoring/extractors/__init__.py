"""Read the chosen option from an answer: one extractor a file, one protocol."""
