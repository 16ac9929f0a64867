"""What a survey found as text: facts, what a person must do first, and settings to begin with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from ferbench.datasets.headers import Field
from ferbench.datasets.naming import Naming
from ferbench.sentences import Part, Setting, Text
from ferbench.wording import plural, some
from ferbench.workflows.survey import Survey
from ferbench.workflows.survey_annotations import SurveyedAnnotations
from ferbench.workflows.survey_videos import DATA_SET

_DELIMITERS: Final = {",": "commas", ";": "semicolons", "\t": "tabs"}
_FEW: Final = 3
"""Names that are all listed; of more only the first and the last."""
_CANNOT_BE_TOLD: Final = "not in the names"


def survey_facts(survey: Survey, folder: Path) -> list[tuple[str, str]]:
    """What was found, each fact with its name.

    Args:
        survey: what was found.
        folder: of the videos, as it was given.
    """
    placement = survey.placement
    naming = Naming(template=placement.session_name)
    names = [
        naming.name(naming.identity(session, participant))
        for participant, session in survey.sessions
    ]
    participants = _CANNOT_BE_TOLD
    if survey.participants:
        participants = f"{len(survey.participants)}: {_first_and_last(survey.participants)}"
    facts = [
        ("videos", f"{survey.num_videos} in {folder}, {len(placement.places)} placed"),
        ("sessions", f"{len(names)}: {_first_and_last(names)}"),
        ("participants", participants),
        ("cameras", _cameras(survey)),
        ("parts", _parts(survey)),
        ("starts", _starts(survey)),
    ]
    if survey.annotations is not None:
        facts += _annotation_facts(survey.annotations)
    return facts


def _first_and_last(names: Sequence[str]) -> str:
    if len(names) > _FEW:
        return f"{names[0]} to {names[-1]}"
    return ", ".join(names)


def _cameras(survey: Survey) -> str:
    if not survey.named_cameras:
        return _CANNOT_BE_TOLD
    cameras = [
        f"{name or '(blank)'} ({plural(count, 'session')})"
        for name, count in survey.cameras.items()
    ]
    return ", ".join(cameras)


def _parts(survey: Survey) -> str:
    num_parts: Counter[tuple[str, str, str]] = Counter()
    for place in survey.placement.places:
        if place.part:
            num_parts[place.participant, place.session, place.camera] += 1
    with_several = {(who, session) for (who, session, _), num in num_parts.items() if num > 1}
    if not with_several:
        return "one file each"
    return f"{len(with_several)} of {len(survey.sessions)} sessions have several"


def _starts(survey: Survey) -> str:
    known = {(place.participant, place.session) for place in survey.placement.places if place.start}
    text = f"{len(known)} of {len(survey.sessions)} sessions"
    if survey.num_starts_filled:
        return f"{text} ({survey.num_starts_filled} files by the log book)"
    return text


def _annotation_facts(annotations: SurveyedAnnotations) -> list[tuple[str, str]]:
    facts = [("annotations", f"{annotations.path.name}{_about_file(annotations)}")]
    if annotations.headers is not None:
        names = annotations.headers.names
        facts.append(("columns", ", ".join(f"{name} = {names[name]}" for name in names)))
    if annotations.reading is not None:
        facts.append(("times", _times(annotations)))
    annotators = annotations.counts("annotator")
    if annotators:
        facts.append(("annotators", _rows_of_each(annotators)))
    kinds = annotations.counts("kind")
    if kinds:
        facts.append(("kinds", _rows_of_each(kinds)))
    return facts


def _about_file(annotations: SurveyedAnnotations) -> str:
    csv = annotations.csv
    if csv is not None:
        separated = f"sheet {csv.name!r}"
        if csv.delimiter:
            separated = f"separated by {_DELIMITERS[csv.delimiter]}"
        return f": {', '.join([plural(len(csv.rows), 'row'), separated, *csv.notes])}"
    if annotations.reading is not None:
        return f": {plural(len(annotations.reading.rows.rows), 'annotation')}"
    return ""


def _times(annotations: SurveyedAnnotations) -> str:
    assert annotations.reading is not None
    if annotations.is_undecided:
        return "undecided"
    if annotations.headers is None:
        return "as the annotation program has them"
    time_format = annotations.reading.table.time_format
    if annotations.reading.why:
        return f"{time_format} ({annotations.reading.why})"
    return time_format


def _rows_of_each(counts: Counter[str]) -> str:
    return some([f"{value} ({plural(count, 'row')})" for value, count in counts.most_common()])


def to_do_first(survey: Survey, data_set: Path) -> str:
    """What a person must do before the data set can be run; "" = nothing.

    Args:
        survey: what was found.
        data_set: the yaml that was written.
    """
    annotations = survey.annotations
    if annotations is None:
        return ""
    if annotations.unknown_columns:
        return _say_columns(annotations, data_set)
    if annotations.reading is None:
        return "mend what is said above of the annotations"
    if annotations.is_undecided:
        return f"say how times are written: format.time_format in {data_set}"
    return ""


def _say_columns(annotations: SurveyedAnnotations, data_set: Path) -> Text:
    """To name the columns that must be known, that are unclear, and that may be there besides."""
    csv, headers = annotations.csv, annotations.headers
    assert csv is not None
    assert headers is not None
    must = [*annotations.unknown_columns]
    must += [name for name in headers.unclear if name not in must]
    parts: list[Part] = ["say which columns these are: the same command with "]
    for name in must:
        parts += [Setting(f"columns.{name}", "NAME"), " "]
    parts.append(Setting("force"))
    num_free = len(csv.header) - len(headers.names) - len(must)
    optional: tuple[Field, ...] = ("offset", "kind")
    may = [name for name in optional if name not in (*must, *headers.names)][:num_free]
    if may:
        parts.append(" (where there are such columns, also ")
        for further in may:
            parts += [Setting(f"columns.{further}", "NAME"), " "]
        parts[-1] = ")"
    return Text(*parts, f", or in {data_set}")


def first_settings(survey: Survey) -> list[Setting]:
    """Settings to begin with, where a run must be told the camera or the annotator."""
    settings = []
    if survey.camera is None and survey.named_cameras and len(survey.cameras) > 1:
        settings.append(Setting(f"{DATA_SET}.camera", survey.named_cameras[0]))
    if survey.annotations is not None:
        annotators = survey.annotations.counts("annotator").most_common()
        if len(annotators) > 1:
            settings.append(Setting(f"{DATA_SET}.annotator", annotators[0][0]))
    return settings
