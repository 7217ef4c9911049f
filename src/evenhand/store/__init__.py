"""What was asked and answered, on disk: rows, their gate, and reading them back."""
