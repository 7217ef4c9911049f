"""Can a model be audited? Ten calls before a plan is made."""
