"""Runs made again: what ``reproduce`` is made of.

``recorded_run``: a run with all that it left. ``rebuilt``: its settings, from its configuration.
``change``: what is otherwise than in the run, of which ``inputs`` finds weights, videos and tables,
``moved_videos`` videos that lie elsewhere now, ``surroundings`` versions, machine and device.
``metrics`` and ``tables``: those of two runs compared. ``result``: what comes of it.
"""
