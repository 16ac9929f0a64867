"""Chance levels, intervals over participants, paired comparisons.

``chance``: what events score that know nothing of the annotations. ``intervals``: bootstrap over
participants; ``coverage``: how often such intervals hold. ``paired``: differences between
detectors. ``assessment``: the headline numbers with all this.
"""
