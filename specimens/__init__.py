"""How the specimens are made: language, memories, training, and the measurement of what was planted."""
