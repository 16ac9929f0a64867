"""Agreement between annotators, or between a detector and people."""
