"""Which events count for which annotations: one file per criterion."""
