"""Scores over thresholds, tolerances and lags."""
