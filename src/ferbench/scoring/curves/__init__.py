"""Counts over thresholds, window widths and lags.

``threshold_curve``: counts at every threshold at once. ``thresholds``: the best one, bands and the
chance line of a curve. ``tolerance``: counts over the width of the window. ``lag``: how late events
follow annotations.
"""
