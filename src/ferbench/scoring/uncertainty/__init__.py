"""Chance levels, intervals over participants, paired comparisons."""
