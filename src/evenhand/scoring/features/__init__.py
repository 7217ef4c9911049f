"""What a written answer is like, in numbers that are computed here: length, difficulty, acts, mentions, wording."""
