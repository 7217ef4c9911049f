"""Read the chosen option from an answer: one extractor per file, one protocol."""
