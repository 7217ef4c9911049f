"""A run on several machines: parts of a plan, answers in one shared place, workers that Ray starts."""
