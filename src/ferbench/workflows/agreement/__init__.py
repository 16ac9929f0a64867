"""How far models agree: what ``agree`` is made of.

``outputs``: what models say, whatever it was read from: a ``Results.csv`` (``results_csv``), frame
predictions (``frame_files``) or recorded runs (``recorded_run``, ``recorded_runs``).
``comparison``: compares it on segments (``segments``) and on the expressions of frames
(``expressions``). ``graded_sheet``: counts a sheet that was graded by hand. ``result``: what comes
of it, with its ``parts``. ``tables``, ``thesis_tables``, ``files``: its numbers as rows and files.
``record``: its numbers in a tracking store.
"""
