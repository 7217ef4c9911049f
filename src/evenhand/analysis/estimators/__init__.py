"""Estimators: numbers in, numbers out. Each names its estimand, scale, sampling units and source."""
