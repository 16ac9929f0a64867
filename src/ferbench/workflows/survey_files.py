"""The files that ``ferbench init`` writes."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, get_args

from ferbench.datasets.files import SUFFIXES
from ferbench.datasets.guess import Place
from ferbench.datasets.manifest import COLUMNS
from ferbench.datasets.pattern import FILE_NAME
from ferbench.errors import ConfigError
from ferbench.formats.annotation_table import Table
from ferbench.formats.times import TimeFormat

_HEAD: Final = """\
# Written by ferbench init. The list of videos can be edited, in a spreadsheet too. Where the study moves, change the
# first three paths; those in the list are relative to videos.
"""


def data_set_name(folder: str, taken: Collection[str]) -> str:
    """A name for the command line.

    ASCII letters, digits, _ and -, not one of ferbench's own choices.

    >>> data_set_name("Étude (2024)", ["demo"]), data_set_name("2024", []), data_set_name("demo", ["demo"])
    ('Etude_2024', 'study_2024', 'demo_study')
    """
    ascii_only = unicodedata.normalize("NFKD", folder).encode("ascii", "ignore").decode()
    name = re.sub(r"[^A-Za-z0-9-]+", "_", ascii_only).strip("_-") or "study"
    if not name[0].isalpha() or name.lower() in ("null", "true", "false", "nan", "inf"):
        name = f"study_{name}"
    return f"{name}_study" if name in taken else name


def manifest_csv(places: Sequence[Place], *, delimiter: str) -> str:
    """The list of videos: a row per file, with the mark at its beginning by which spreadsheets know
    UTF-8.
    """
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    writer.writerow(COLUMNS)
    for place in places:
        writer.writerow([getattr(place, name, "") for name in COLUMNS])
    return "\ufeff" + text.getvalue()


def data_set_yaml(
    *,
    folder: Path,
    manifest: Path,
    annotations: Path | None,
    session_name: str,
    camera: str | None,
    columns: Mapping[str, str | None],
    table: Table,
    kinds: Sequence[str],
    cameras: Sequence[str],
    annotators: Sequence[str],
) -> str:
    """The configuration of the data set, complete, with a comment at each key.

    All paths are absolute.
    """
    values: list[tuple[str, object, str]] = [
        ("videos", str(folder), "where the paths in the list begin"),
        ("manifest", str(manifest), "the list of videos"),
        (
            "annotations",
            None if annotations is None else str(annotations),
            "a CSV with a row per annotation",
        ),
        ("suffixes", list(SUFFIXES), "not read with a manifest"),
        ("recursive", True, "not read with a manifest"),
        ("pattern", FILE_NAME, "not read with a manifest"),
        ("session_name", session_name, "how a session is named"),
        (
            "camera",
            camera,
            f"one of: {', '.join(cameras)}" if cameras else "the files' names have no cameras",
        ),
    ]
    lines = [f"{key}: {_value(value)} # {_comment(comment)}" for key, value, comment in values]
    lines += ["format:", "  columns: # what the CSV calls its columns; null = not read"]
    lines += [f"    {key}: {_value(value)}" for key, value in columns.items()]
    example = f"{_value(columns.get('kind'))}: [{_value(kinds[0])}]" if kinds else "column: [value]"
    lines += [
        f"  time_format: {_value(table.time_format)} # {', '.join(get_args(TimeFormat))}",
        f"  frame_rate_hz: {_value(table.frame_rate_hz)} # frames per second of hh:mm:ss:ff",
        "  delimiter: auto",
        "  encoding: auto",
        "  keep: null # only rows with one of these values are annotations, for example:",
        f"  # keep: {{{_comment(example)}}}",
        "  tier: null # for ELAN's files",
    ]
    who = (
        f"one of: {', '.join(annotators)}; or all"
        if len(annotators) > 1
        else "whose rows; null = there is one"
    )
    lines += [
        f"annotator: null # {_comment(who)}",
        "unlisted: unannotated # a session without any row: unannotated (no scores), empty (nothing found) or skip",
        "refused_rows: unscored # a session with a row that cannot be read gets no scores; skip = use its other rows",
        "only_sessions: [] # names of sessions to keep; empty = all",
        "only_participants: [] # names of participants to keep; empty = all",
    ]
    return _HEAD + "_target_: ferbench.datasets.study.Study\n" + "\n".join(lines) + "\n"


def _value(value: object) -> str:
    """A value in yaml; text in JSON's spelling, with interpolations switched off."""
    text = json.dumps(value, ensure_ascii=False)
    return text if value == "???" else text.replace("${", "\\\\${")


def _comment(text: str) -> str:
    return " ".join(text.split())


def write_all(texts: Mapping[Path, str]) -> None:
    """Write several files, all or none. Raises ConfigError where that is not possible."""
    temporary = {path: path.with_name(f".{path.name}.{os.getpid()}.tmp") for path in texts}
    try:
        for path, text in texts.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary[path].write_text(text, encoding="utf-8", newline="\n")
        for path in texts:
            temporary[path].replace(path)
    except OSError as error:
        raise ConfigError(f"--out: {error.filename} cannot be written: {error.strerror}") from error
    finally:
        for path in temporary.values():
            with suppress(OSError):
                path.unlink()
