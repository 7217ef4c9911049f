"""The head of a report: what was asked, what came back, what was planted."""
