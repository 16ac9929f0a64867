"""ferbench: evaluation of facial expression recognition on video, as a library.

The verbs (``predict``, ``find_events``, ``read_annotations``, ``score``, ``score_frames``,
``score_grades``, ``evaluate``, ``compare``, ``compare_nested``, ``agree``, ``inspect``,
``leaderboard``, ``survey``, ``render``, ``reproduce``, ``write_grading_page``, ``write_report``,
``write_session_report``) take typed options, print nothing, and return results that print well;
most have ``to_frame()``. Everything is imported when it is first used: ``import ferbench`` needs
and loads neither hydra nor mlflow nor torch.

>>> import ferbench as fb
>>> fb.Hysteresis(enter=0.6).exit
0.3
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

from ferbench.telemetry import switch_off_here
from ferbench.version import __version__

if TYPE_CHECKING:
    from ferbench.errors import FerbenchError
    from ferbench.events.hysteresis import Hysteresis
    from ferbench.events.signal import EmotionSignal
    from ferbench.events.windowed import Windowed
    from ferbench.formats.annotation_table import AnnotationTable, Columns, Table
    from ferbench.formats.reading import read_annotations
    from ferbench.results import Analysis, Report
    from ferbench.scoring.evaluation import Scores
    from ferbench.scoring.matching.errhri import AnyOverlap
    from ferbench.scoring.matching.onset_offset import OnsetOffset
    from ferbench.scoring.matching.overlap import Overlap
    from ferbench.scoring.matching.window import Window
    from ferbench.scoring.statistics_rules import StatisticsRules
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
    from ferbench.workflows.cache import list_cache, prune_cache, verify_cache
    from ferbench.workflows.compare import compare
    from ferbench.workflows.compare_nested import compare_nested
    from ferbench.workflows.evaluate import evaluate
    from ferbench.workflows.evaluation import Evaluation
    from ferbench.workflows.find_events import find_events
    from ferbench.workflows.found_events import Events
    from ferbench.workflows.inspect import inspect
    from ferbench.workflows.inspection.result import Inspection
    from ferbench.workflows.leaderboard import leaderboard
    from ferbench.workflows.migrate_runs import migrate_runs
    from ferbench.workflows.nested_comparison import NestedComparison
    from ferbench.workflows.predict import predict
    from ferbench.workflows.progress import Progress
    from ferbench.workflows.pseudonyms import pseudonyms
    from ferbench.workflows.render import RenderedVideo, render
    from ferbench.workflows.reproduce import reproduce
    from ferbench.workflows.reproduction.result import Reproduction
    from ferbench.workflows.score import score
    from ferbench.workflows.score_frames import score_frames
    from ferbench.workflows.score_grades import score_grades
    from ferbench.workflows.session_report import SessionReport, write_session_report
    from ferbench.workflows.standings.result import Leaderboard
    from ferbench.workflows.survey import Survey, SurveyOptions, survey
    from ferbench.workflows.sync import sync
    from ferbench.workflows.tidy_runs import tidy_runs
    from ferbench.workflows.weights import (
        fetch_weights,
        import_weights,
        list_weights,
        verify_weights,
    )
    from ferbench.workflows.write_grading_page import write_grading_page
    from ferbench.workflows.write_report import WrittenReport, write_report

switch_off_here()  # before anything that it concerns is imported

_PLACES: Final = {
    "Agreement": "ferbench.workflows.agreement.result",
    "Analysis": "ferbench.results",
    "Annotation": "ferbench.types",
    "AnnotationTable": "ferbench.formats.annotation_table",
    "AnyOverlap": "ferbench.scoring.matching.errhri",
    "Columns": "ferbench.formats.annotation_table",
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
    "Inspection": "ferbench.workflows.inspection.result",
    "Leaderboard": "ferbench.workflows.standings.result",
    "NestedComparison": "ferbench.workflows.nested_comparison",
    "OnsetOffset": "ferbench.scoring.matching.onset_offset",
    "Overlap": "ferbench.scoring.matching.overlap",
    "Part": "ferbench.types",
    "Progress": "ferbench.workflows.progress",
    "RenderedVideo": "ferbench.workflows.render",
    "Report": "ferbench.results",
    "Reproduction": "ferbench.workflows.reproduction.result",
    "Score": "ferbench.types",
    "Scores": "ferbench.scoring.evaluation",
    "Session": "ferbench.types",
    "SessionReport": "ferbench.workflows.session_report",
    "Signal": "ferbench.types",
    "StatisticsRules": "ferbench.scoring.statistics_rules",
    "Survey": "ferbench.workflows.survey",
    "SurveyOptions": "ferbench.workflows.survey",
    "Table": "ferbench.formats.annotation_table",
    "Timeline": "ferbench.types",
    "VideoInfo": "ferbench.types",
    "Window": "ferbench.scoring.matching.window",
    "Windowed": "ferbench.events.windowed",
    "WrittenReport": "ferbench.workflows.write_report",
    "agree": "ferbench.workflows.agree",
    "compare": "ferbench.workflows.compare",
    "compare_nested": "ferbench.workflows.compare_nested",
    "evaluate": "ferbench.workflows.evaluate",
    "fetch_weights": "ferbench.workflows.weights",
    "find_events": "ferbench.workflows.find_events",
    "import_weights": "ferbench.workflows.weights",
    "inspect": "ferbench.workflows.inspect",
    "leaderboard": "ferbench.workflows.leaderboard",
    "list_cache": "ferbench.workflows.cache",
    "list_weights": "ferbench.workflows.weights",
    "migrate_runs": "ferbench.workflows.migrate_runs",
    "predict": "ferbench.workflows.predict",
    "prune_cache": "ferbench.workflows.cache",
    "pseudonyms": "ferbench.workflows.pseudonyms",
    "read_annotations": "ferbench.formats.reading",
    "render": "ferbench.workflows.render",
    "reproduce": "ferbench.workflows.reproduce",
    "score": "ferbench.workflows.score",
    "score_frames": "ferbench.workflows.score_frames",
    "score_grades": "ferbench.workflows.score_grades",
    "survey": "ferbench.workflows.survey",
    "sync": "ferbench.workflows.sync",
    "tidy_runs": "ferbench.workflows.tidy_runs",
    "verify_cache": "ferbench.workflows.cache",
    "verify_weights": "ferbench.workflows.weights",
    "write_grading_page": "ferbench.workflows.write_grading_page",
    "write_report": "ferbench.workflows.write_report",
    "write_session_report": "ferbench.workflows.session_report",
}
"""Where each public name is defined."""

__all__ = [
    "Agreement",
    "Analysis",
    "Annotation",
    "AnnotationTable",
    "AnyOverlap",
    "Columns",
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
    "Inspection",
    "Leaderboard",
    "NestedComparison",
    "OnsetOffset",
    "Overlap",
    "Part",
    "Progress",
    "RenderedVideo",
    "Report",
    "Reproduction",
    "Score",
    "Scores",
    "Session",
    "SessionReport",
    "Signal",
    "StatisticsRules",
    "Survey",
    "SurveyOptions",
    "Table",
    "Timeline",
    "VideoInfo",
    "Window",
    "Windowed",
    "WrittenReport",
    "__version__",
    "agree",
    "compare",
    "compare_nested",
    "evaluate",
    "fetch_weights",
    "find_events",
    "import_weights",
    "inspect",
    "leaderboard",
    "list_cache",
    "list_weights",
    "migrate_runs",
    "predict",
    "prune_cache",
    "pseudonyms",
    "read_annotations",
    "render",
    "reproduce",
    "score",
    "score_frames",
    "score_grades",
    "survey",
    "sync",
    "tidy_runs",
    "verify_cache",
    "verify_weights",
    "write_grading_page",
    "write_report",
    "write_session_report",
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
