"""Damaged files of every kind that ferbench reads, and what became of each.

``python -m soak.fuzzing KIND NUMBER`` does a case again and shows what it was; see ``--help``.
"""
