"""Which events count for which annotations."""
