"""All errors that ferbench raises on purpose: one tree, so that a caller can catch the whole family.

A message says what is wrong, what was got, what was expected, and what to do next.
"""

from __future__ import annotations


class FerbenchError(Exception):
    """Base of every error that ferbench raises on purpose."""


class ConfigError(FerbenchError):
    """A configuration key, value or combination that cannot be used."""


class DataError(FerbenchError):
    """A value that breaks the contract of a ferbench type (shape, dtype, order)."""


class VideoError(FerbenchError):
    """A video that cannot be opened, or that is damaged."""


class DatasetError(FerbenchError):
    """A folder of sessions or an annotations file that cannot be used."""


class FormatError(FerbenchError):
    """A file in another program's format that cannot be read; names file and line."""


class WeightsError(FerbenchError):
    """A weight file that is missing, not what it should be, or cannot be fetched."""


class CacheError(FerbenchError):
    """A stored table that cannot be read back as what it claims to be."""


class TrackingError(FerbenchError):
    """A tracking store that cannot be used."""
