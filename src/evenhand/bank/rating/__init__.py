"""Items rated by people: forms that ask, readers of what comes back, agreement, and what makes a bank validated."""
