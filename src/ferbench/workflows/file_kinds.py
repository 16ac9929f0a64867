"""What a file of predictions, events or annotations seems to be."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from ferbench.datasets.files import SUFFIXES, is_video
from ferbench.errors import ConfigError
from ferbench.formats.csv_rows import first_cells
from ferbench.formats.event_table import EventTable, read_events
from ferbench.formats.grades import is_grade_table
from ferbench.formats.length_table import is_lengths
from ferbench.formats.predictions import is_predictions
from ferbench.sentences import Action, Part, Setting, Text
from ferbench.thesis.frame_csv import COLUMNS, FACE_COLUMNS
from ferbench.thesis.grades import is_grades
from ferbench.thesis.results import is_results

FileKind = Literal[
    "predictions",
    "thesis",
    "faces",
    "events",
    "annotations",
    "lengths",
    "results",
    "grades",
    "graded",
    "video",
    "unknown",
]


def kind_of(path: Path) -> FileKind:
    """What a file seems to be, by its suffix or first line.

    The thesis' files have no header: what has at least half of their columns counts as theirs, so
    that a damaged first row is told with its line.
    """
    if is_video(path, SUFFIXES):
        return "video"
    if is_predictions(path):
        return "predictions"
    return _kind_of_table(path)


def _kind_of_table(path: Path) -> FileKind:
    cells = first_cells(path)
    if is_grade_table(path):
        return "graded"
    if "session" in cells and "onset_s" in cells:
        return "events" if "trigger_s" in cells else "annotations"
    if is_lengths(path):
        return "lengths"
    if is_grades(path):
        return "grades"
    if is_results(path):
        return "results"
    is_faces = len(cells) == len(FACE_COLUMNS) and all(_is_number(cell) for cell in cells)
    if is_faces:
        return "faces"
    return "thesis" if not cells or 2 * len(cells) >= len(COLUMNS) else "unknown"


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def prediction_kind(path: Path) -> FileKind:
    """Whose predictions a file holds: ``predictions`` (ours) or ``thesis``.

    Raises:
        ConfigError: there is no such file, or it holds something else; says what to do instead.
    """
    if not path.exists():
        raise ConfigError(
            f"{path}: there is no such file or folder; expected a table of predictions "
            "(CSV or Parquet)"
        )
    if path.is_dir():
        raise ConfigError(f"{path} is a folder; expected a table of predictions (CSV or Parquet)")
    kind = kind_of(path)
    instead = _instead(str(path))
    if kind in instead:
        raise ConfigError(Text(f"{path} is ", *instead[kind]))
    return kind


def events_in(path: Path) -> EventTable:
    """The events of a table.

    Raises:
        ConfigError: it is a table of annotations.
        FormatError: as ``read_events``.
    """
    if path.is_file() and path.suffix.lower() != ".json" and _is_of_annotations(path):
        raise ConfigError(
            f"{path} is a table of annotations; expected one of events",
            hint="are the arguments swapped?",
        )
    return read_events(path)


def _is_of_annotations(path: Path) -> bool:
    """Whether only annotations have such columns; events of other programs may lack triggers."""
    if kind_of(path) != "annotations":
        return False
    cells = set(first_cells(path))
    return bool(cells & {"kind", "annotator", "reacted"}) and not cells & {"label", "peak"}


def seem_swapped(events: Path, annotations: Path) -> bool:
    """Whether a table of events may be one of annotations, and the other way round."""
    if not events.is_file() or not annotations.is_file():
        return False
    return kind_of(events) == "annotations" and kind_of(annotations) == "events"


def check_is_no_table(video: Path) -> None:
    """Raise ConfigError where what should be a video is a table."""
    if is_table(video):
        raise ConfigError(
            f"{video} is a table; expected a video", hint="are the arguments swapped?"
        )


def _instead(name: str) -> dict[FileKind, tuple[Part, ...]]:
    """What other kinds of files are, and what they are for."""
    return {
        "video": (
            "a video; make its table of predictions first: ",
            Action("predict", name),
        ),
        "events": (
            "a table of events; compare it with annotations: ",
            Action("score", name, "ANNOTATIONS"),
        ),
        "annotations": (
            "a table of annotations; compare events with it: ",
            Action("score", "EVENTS", name),
        ),
        "lengths": (
            "a table of sessions' lengths; give it to '",
            Action("score"),
            "' with ",
            Setting("sessions"),
        ),
        "results": (
            "a Results.csv of the thesis; compare its models: ",
            Action("agree", name),
        ),
        "grades": (
            "a grade file of the thesis; count its grades: ",
            Action("agree", name),
        ),
        "graded": (
            "a table of grades; count them: ",
            Action("score_grades", name),
        ),
        "faces": (
            "the thesis' file of faces (5 columns); its predictions are in "
            "<video>.<model>.<backend>.csv",
        ),
        "unknown": (
            "no table of predictions: neither ferbench's, which begins with the columns frame, "
            f"start_s, end_s and face, nor the thesis', with {len(COLUMNS)} columns and no header; "
            "one is made of a video by ",
            Action("predict", "VIDEO"),
        ),
    }


def default_rule(sources: Sequence[Path]) -> str | None:
    """The event rule where none is asked for: the thesis' for its files only, else None.

    None = the configuration's.
    """
    kinds: set[FileKind] = set()
    for source in sources:
        files = [source] if source.is_file() else filter(is_table, source.rglob("*"))
        kinds |= {kind_of(path) for path in files}
    of_ferbench = not kinds or "predictions" in kinds
    return None if of_ferbench else "windowed"


def is_table(path: Path) -> bool:
    """Whether a file may be a table of predictions, by its name."""
    return path.suffix.lower() in (".csv", ".parquet") and path.is_file()
