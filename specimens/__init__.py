"""How the specimens are made: the language they read, the memories, the training, the measurement of what was planted."""
