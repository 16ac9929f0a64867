"""ferbench: evaluation of facial expression recognition on video, as a library.

The verbs (``predict``, ``find_events``, ``read_annotations``, ``score``, ``evaluate``, ``compare``,
``agree``, ``survey``) take typed options, print nothing, and return results that print well and
have ``to_frame()``. Everything is imported when it is first used: ``import ferbench`` needs and
loads neither hydra nor mlflow nor torch.

>>> import ferbench as fb
>>> fb.Hysteresis(enter=0.6).exit
0.3
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

from ferbench.version import __version__

if TYPE_CHECKING:
    from ferbench.errors import FerbenchError
    from ferbench.events.hysteresis import Hysteresis
    from ferbench.events.signal import EmotionSignal
    from ferbench.events.windowed import Windowed
    from ferbench.results import Analysis, Report
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
    from ferbench.workflows.agree import agree
    from ferbench.workflows.agreement.result import Agreement
    from ferbench.workflows.compare import compare
    from ferbench.workflows.evaluate import evaluate
    from ferbench.workflows.evaluation import Evaluation
    from ferbench.workflows.find_events import find_events
    from ferbench.workflows.found_events import Events
    from ferbench.workflows.predict import predict
    from ferbench.workflows.progress import Progress

_PLACES: Final = {
    "Agreement": "ferbench.workflows.agreement.result",
    "Analysis": "ferbench.results",
    "Annotation": "ferbench.types",
    "Counts": "ferbench.types",
    "Crops": "ferbench.types",
    "EmotionSignal": "ferbench.events.signal",
    "Evaluation": "ferbench.workflows.evaluation",
    "Event": "ferbench.types",
    "Events": "ferbench.workflows.found_events",
    "Expressions": "ferbench.types",
    "Faces": "ferbench.types",
    "FerbenchError": "ferbench.errors",
    "FrameBatch": "ferbench.types",
    "Hysteresis": "ferbench.events.hysteresis",
    "Part": "ferbench.types",
    "Progress": "ferbench.workflows.progress",
    "Report": "ferbench.results",
    "Score": "ferbench.types",
    "Session": "ferbench.types",
    "Signal": "ferbench.types",
    "Timeline": "ferbench.types",
    "VideoInfo": "ferbench.types",
    "Windowed": "ferbench.events.windowed",
    "agree": "ferbench.workflows.agree",
    "compare": "ferbench.workflows.compare",
    "evaluate": "ferbench.workflows.evaluate",
    "find_events": "ferbench.workflows.find_events",
    "predict": "ferbench.workflows.predict",
}
"""Where each public name is defined."""

__all__ = [
    "Agreement",
    "Analysis",
    "Annotation",
    "Counts",
    "Crops",
    "EmotionSignal",
    "Evaluation",
    "Event",
    "Events",
    "Expressions",
    "Faces",
    "FerbenchError",
    "FrameBatch",
    "Hysteresis",
    "Part",
    "Progress",
    "Report",
    "Score",
    "Session",
    "Signal",
    "Timeline",
    "VideoInfo",
    "Windowed",
    "__version__",
    "agree",
    "compare",
    "evaluate",
    "find_events",
    "predict",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used."""
    if name not in _PLACES:
        raise AttributeError(f"module 'ferbench' has no attribute {name!r}")
    value = getattr(importlib.import_module(_PLACES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """The public names."""
    return sorted(__all__)
