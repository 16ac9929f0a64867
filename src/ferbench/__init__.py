"""ferbench: evaluation of facial expression recognition on video, as a library.

Importing this package needs neither hydra nor mlflow nor torch; those are imported where they are
used.
"""

from __future__ import annotations

from ferbench.errors import FerbenchError
from ferbench.types import (
    Annotation,
    Counts,
    Crops,
    Event,
    Expressions,
    Faces,
    FrameBatch,
    Part,
    Score,
    Session,
    Signal,
    Timeline,
    VideoInfo,
)

__version__ = "0.1.0"

__all__ = [
    "Annotation",
    "Counts",
    "Crops",
    "Event",
    "Expressions",
    "Faces",
    "FerbenchError",
    "FrameBatch",
    "Part",
    "Score",
    "Session",
    "Signal",
    "Timeline",
    "VideoInfo",
    "__version__",
]
