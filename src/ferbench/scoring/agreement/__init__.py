"""Agreement between annotators, or between a detector and people.

``coded_intervals``: what each of them marked. ``rules``: how they are compared. ``annotators``:
pairs and groups of them over all sessions, and all measures by name; it rests on ``one_session``,
``seconds`` (time in which two say yes or no), ``alignment`` (events by code) and ``kappa`` (the
coefficients). ``segments`` and ``frames``: agreement of models with each other, as in the thesis.
"""
