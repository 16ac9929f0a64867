"""The files of a data set that is written from a survey: the list of videos, and its yaml."""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, get_args

from ferbench.atomic import replacing
from ferbench.checks import from_home
from ferbench.config.groups import choices_of
from ferbench.datasets.files import SUFFIXES
from ferbench.datasets.manifest import COLUMNS
from ferbench.datasets.pattern import FILE_NAME
from ferbench.datasets.place import Place
from ferbench.errors import ConfigError
from ferbench.formats.annotation_table import Table
from ferbench.formats.times import TimeFormat
from ferbench.sentences import Setting, Text
from ferbench.workflows.survey import Survey
from ferbench.workflows.survey_annotations import default_columns

RESERVED_WORDS: Final = ("null", "true", "false", "nan", "inf")
"""Words that a configuration does not read as text."""
_HEAD: Final = (
    "# Written by ferbench. The list of videos can be edited, in a spreadsheet too. "
    "Where the study moves, change the\n"
    "# first three paths; those in the list are relative to videos.\n"
)
_TARGET: Final = "_target_: ferbench.datasets.study.Study"


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSetFiles:
    """Where a data set is written.

    Attributes:
        name: of the data set.
        folder: of all files, a folder of configuration.
        manifest: the list of videos.
        data_set: the data set's yaml.
    """

    name: str
    folder: Path
    manifest: Path
    data_set: Path


def data_set_files(videos: Path, out: Path, *, force: bool = False) -> DataSetFiles:
    """Where the data set of a folder of videos is written; nothing is written yet.

    Args:
        videos: the folder, after which the data set is named.
        out: folder for the files; it is made if it is missing.
        force: replace files that are there.

    Raises:
        ConfigError: ``out`` is a file, or files are there already.
    """
    name = data_set_name(from_home(videos).absolute().name, choices_of("dataset"))
    files = DataSetFiles(
        name=name,
        folder=out,
        manifest=out / "sessions.csv",
        data_set=out / "dataset" / f"{name}.yaml",
    )
    if out.exists() and not out.is_dir():
        raise ConfigError(
            f"{out} is a file; expected a folder, it is made if it is missing", key="out"
        )
    there = [str(path) for path in (files.manifest, files.data_set) if path.exists()]
    if there and not force:
        raise ConfigError(
            f"{' and '.join(there)}: there already",
            hint=Text(
                "write elsewhere with ",
                Setting("out", "DIR"),
                ", or replace with ",
                Setting("force"),
            ),
        )
    return files


def write_data_set(survey: Survey, files: DataSetFiles) -> None:
    """Write the list of videos and the data set.

    Raises:
        ConfigError: they cannot be written.
    """
    delimiter = ","
    if survey.annotations is not None and survey.annotations.csv is not None:
        delimiter = survey.annotations.csv.delimiter or ","
    manifest = manifest_csv(survey.placement.places, delimiter=delimiter)
    data_set = data_set_yaml(survey, manifest=files.manifest.absolute())
    try:
        with replacing(files.data_set) as yaml_part, replacing(files.manifest) as csv_part:
            yaml_part.write_text(data_set, encoding="utf-8", newline="\n")
            csv_part.write_text(manifest, encoding="utf-8", newline="\n")
    except OSError as error:
        raise ConfigError(
            f"{error.filename} cannot be written: {error.strerror}", key="out"
        ) from error


def data_set_name(folder: str, taken: Collection[str]) -> str:
    """A name for the command line.

    ASCII letters, digits, _ and -, not one of ferbench's own choices.

    >>> data_set_name("Étude (2024)", ["demo"])
    'Etude_2024'
    >>> data_set_name("2024", []), data_set_name("demo", ["demo"])
    ('study_2024', 'demo_study')
    """
    ascii_only = unicodedata.normalize("NFKD", folder).encode("ascii", "ignore").decode()
    name = re.sub(r"[^A-Za-z0-9-]+", "_", ascii_only).strip("_-") or "study"
    if not name[0].isalpha() or name.lower() in RESERVED_WORDS:
        name = f"study_{name}"
    if name in taken:
        return f"{name}_study"
    return name


def manifest_csv(places: Sequence[Place], *, delimiter: str) -> str:
    """The list of videos: a row per file.

    With the mark at its beginning by which spreadsheets know UTF-8.
    """
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    writer.writerow(COLUMNS)
    for place in places:
        writer.writerow([getattr(place, name, "") for name in COLUMNS])
    return "\ufeff" + text.getvalue()


def data_set_yaml(survey: Survey, *, manifest: Path) -> str:
    """The configuration of the data set, complete, with a comment at each key.

    Args:
        survey: what the study consists of.
        manifest: the list of videos; all paths are absolute.
    """
    annotations = survey.options.annotations
    cameras = survey.named_cameras
    annotations_comment = "a CSV with a row per annotation"
    if survey.annotations is not None and survey.annotations.csv is None:
        annotations_comment = "files of an annotation program"
    camera_comment = "the files' names have no cameras"
    if cameras:
        camera_comment = f"one of: {', '.join(cameras)}"
    entries: list[tuple[str, object, str]] = [
        ("videos", str(survey.options.videos), "where the paths in the list begin"),
        ("manifest", str(manifest), "the list of videos"),
        ("annotations", annotations and str(annotations), annotations_comment),
        ("suffixes", list(SUFFIXES), "not read with a manifest"),
        ("recursive", True, "not read with a manifest"),
        ("pattern", FILE_NAME, "not read with a manifest"),
        ("session_name", survey.placement.session_name, "how a session is named"),
        ("camera", survey.camera, camera_comment),
    ]
    lines = [f"{key}: {_value(value)} # {_comment(comment)}" for key, value, comment in entries]
    return _HEAD + "\n".join([_TARGET, *lines, *_format_lines(survey), *_row_lines(survey)]) + "\n"


def _format_lines(survey: Survey) -> list[str]:
    """How the annotations are written."""
    columns = default_columns()
    table = Table()
    kinds: list[str] = []
    if survey.annotations is not None:
        columns = survey.annotations.columns
        kinds = list(survey.annotations.counts("kind"))
        if survey.annotations.reading is not None:
            table = survey.annotations.reading.table
    example = "column: [value]"
    if kinds:
        example = f"{_value(columns.get('kind'))}: [{_value(kinds[0])}]"
    return [
        "format:",
        "  columns: # what the CSV calls its columns; null = not read",
        *(f"    {key}: {_value(value)}" for key, value in columns.items()),
        f"  time_format: {_value(table.time_format)} # {', '.join(get_args(TimeFormat))}",
        f"  frame_rate_hz: {_value(table.frame_rate_hz)} # frames per second of hh:mm:ss:ff",
        "  delimiter: auto",
        "  encoding: auto",
        "  sheet: null # of a workbook (.xlsx); null = the first",
        "  keep: null # only rows with one of these values are annotations, for example:",
        f"  # keep: {{{_comment(example)}}}",
        "  tier: null # for ELAN's files",
    ]


def _row_lines(survey: Survey) -> list[str]:
    """Which rows and sessions are used."""
    annotators: list[str] = []
    if survey.annotations is not None:
        annotators = list(survey.annotations.counts("annotator"))
    whose = "whose rows; null = there is one"
    if len(annotators) > 1:
        whose = f"one of: {', '.join(annotators)}; or all"
    unlisted = "unannotated (no scores), empty (nothing found) or skip"
    return [
        f"annotator: null # {_comment(whose)}",
        f"unlisted: unannotated # a session without any row: {unlisted}",
        "refused_rows: unscored # a session with a row that cannot be read gets no scores; "
        "skip = use its other rows",
        "only_sessions: [] # names of sessions to keep; empty = all",
        "only_participants: [] # names of participants to keep; empty = all",
        "pseudonyms: null # a key file of random names, which records show in place of names",
    ]


def _value(value: object) -> str:
    """A value in yaml; text in JSON's spelling, with interpolations switched off."""
    return json.dumps(value, ensure_ascii=False).replace("${", "\\\\${")


def _comment(text: str) -> str:
    return " ".join(text.split())
