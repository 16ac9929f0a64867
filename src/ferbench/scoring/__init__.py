"""Events against annotations: matching first, then counts, then metrics as functions of counts.

Where what is:

- ``evaluation``: all of it in one call: ``score_sessions`` → ``Scores``.
- ``matching/``: when an event counts for an annotation. ``criterion`` says what a criterion is;
  ``window``, ``onset_offset``, ``overlap`` and ``errhri`` are the criteria (``pairwise`` what the
  last three share); ``one_to_one`` is the matching of points, ``many_draws`` its size in draws.
- ``scored_session`` (what counts in a session), ``session_outcome`` (its matches and counts, scores
  over sessions), ``counts``, ``tally`` (counts in columns), ``ratios``.
- ``metrics``: the one table of metrics.
- ``uncertainty/``: ``assessment`` (each headline metric with interval and chance level), ``chance``
  (null detectors), ``intervals`` (bootstrap over participants), ``coverage`` (how often they hold),
  ``paired`` and ``paired_runs`` (differences of detectors on the same participants).
- ``curves/``: ``threshold_curve`` and ``thresholds`` (all thresholds at once), ``tolerance``
  (widths of the window), ``lag`` (annotations moved as a whole).
- ``agreement/``: of annotators with each other and of the detector with them.
- ``segment_activity``, ``errhri`` and ``session_frames`` (segments and frames as sed_eval and the
  ERR@HRI challenges score them), ``flags`` (their chance levels), ``breakdown`` and ``references``
  (recall by what the errors are).
- ``statistics``: everything about scored sessions, with ``statistics_rules`` (draws, seeds,
  intervals), ``threshold_scores`` and ``further_intervals``; ``numbers``: it in single numbers.
"""
