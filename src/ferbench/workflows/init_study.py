"""``ferbench init``: looks at a folder of videos and an annotations file and writes a data set for
them.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ferbench.config.compose import choices_of
from ferbench.datasets.headers import FIELDS, Field
from ferbench.datasets.naming import chosen
from ferbench.errors import ConfigError
from ferbench.formats.annotation_table import Table
from ferbench.formats.dispatch import program_of
from ferbench.workflows.survey import Found, Inputs, column_names, look
from ferbench.workflows.survey_files import data_set_name, data_set_yaml, manifest_csv, write_all

_SPECIAL: Final = ("null", "true", "false", "nan", "inf")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What ``ferbench init`` was asked.

    ``columns`` are the annotations', theirs by our name, "" = there is none.
    """

    folder: Path
    annotations: Path | None = None
    starts: Path | None = None
    camera: str | None = None
    out: Path = Path("ferbench-conf")
    pattern: str | None = None
    force: bool = False
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """The files, the command that uses them, and what must be done before ("" = nothing)."""

    manifest: Path
    data_set: Path
    command: str
    before: str


def init(request: Request) -> tuple[Found, Written]:
    """Find out what a study consists of and write a manifest and a data set for it.

    Raises:
        ConfigError: the folder, the pattern, a column, the camera or the place for the files cannot
            be used.
        DatasetError: there is no video, none has a place, or a CSV cannot be read.
    """
    folder = request.folder.expanduser().absolute()
    if not folder.is_dir():
        what = "is a file" if folder.exists() else "does not exist"
        raise ConfigError(f"{folder} {what}; expected the folder of the study's videos")
    annotations = (
        None if request.annotations is None else request.annotations.expanduser().absolute()
    )
    columns = _columns(request)
    name = data_set_name(folder.name, choices_of("dataset"))
    manifest, data_set = request.out / "sessions.csv", request.out / "dataset" / f"{name}.yaml"
    _check_targets(request, manifest, data_set)
    starts = None if request.starts is None else request.starts.expanduser()
    found = look(
        Inputs(
            folder=folder,
            annotations=annotations,
            starts=starts,
            pattern=request.pattern,
            columns=columns,
        )
    )
    named = [camera for camera in found.cameras if camera]
    if request.camera is not None and not named:
        raise ConfigError(
            f"--camera: no file's name has a camera, got {request.camera!r}. Leave it out."
        )
    camera = None if request.camera is None else chosen("--camera", request.camera, named)
    texts = {
        manifest: manifest_csv(
            found.guess.places, delimiter=found.csv.delimiter if found.csv else ","
        ),
        data_set: data_set_yaml(
            folder=folder,
            manifest=manifest.absolute(),
            annotations=annotations,
            session_name=found.guess.session_name,
            camera=camera,
            columns=column_names(found),
            table=found.reading.table if found.reading else Table(),
            kinds=tuple(found.counts("kind")),
            cameras=named,
            annotators=tuple(found.counts("annotator")),
        ),
    }
    write_all(texts)
    return found, Written(
        manifest=manifest,
        data_set=data_set,
        command=_command(request.out, name, found, camera, named),
        before=_before(found, data_set),
    )


def _columns(request: Request) -> dict[Field, str]:
    """The columns that were named, checked."""
    marked = request.annotations
    if marked is not None and (marked.is_dir() or program_of(marked) is not None):
        raise ConfigError(
            f"--annotations: expected a CSV, got {marked}. Files of annotation programs need no description: leave the "
            "option out, and give them to 'ferbench run' as dataset.annotations"
        )
    if request.columns and request.annotations is None:
        raise ConfigError(
            "--column names a column of the annotations, and there are none. Give --annotations CSV."
        )
    for name in request.columns:
        if name not in FIELDS:
            raise ConfigError(
                f"--column: expected one of {', '.join(FIELDS)} before the '=', got {name!r}"
            )
    if request.columns.get("onset") == "":
        raise ConfigError(
            "--column onset=: annotations without a time cannot be used; name the column"
        )
    return {name: request.columns[name] for name in FIELDS if name in request.columns}


def _before(found: Found, data_set: Path) -> str:
    """What a person must do before the command can work."""
    unknown = [name for name, column in column_names(found).items() if column == "???"]
    if unknown:
        again = " ".join(f"--column {name}=NAME" for name in unknown)
        return (
            f"say which columns these are: the same command with {again} --force, or in {data_set}"
        )
    if found.csv is not None and found.reading is None:
        return "mend what is said above of the annotations"
    return (
        f"say how times are written: format.time_format in {data_set}" if _undecided(found) else ""
    )


def _undecided(found: Found) -> bool:
    return found.reading is not None and found.reading.question != ""


def _check_targets(request: Request, *targets: Path) -> None:
    if request.out.exists() and not request.out.is_dir():
        raise ConfigError(
            f"--out: {request.out} is a file; expected a folder, it is made if it is missing"
        )
    there = [str(path) for path in targets if path.exists()]
    if there and not request.force:
        raise ConfigError(
            f"{' and '.join(there)}: there already. Write elsewhere with --out DIR, or replace with --force."
        )


def _command(out: Path, name: str, found: Found, camera: str | None, cameras: Sequence[str]) -> str:
    """The command that runs the data set."""
    words = ["ferbench", "run", "--config-dir", str(out), f"dataset={name}"]
    if camera is None and cameras and len(found.cameras) > 1:
        words.append(_override("dataset.camera", cameras[0]))
    annotators = found.counts("annotator")
    if len(annotators) > 1:
        words.append(_override("dataset.annotator", annotators.most_common(1)[0][0]))
    return " ".join(
        word if re.fullmatch(r"[\w@%+=:,./-]+", word) else shlex.quote(word) for word in words
    )


def _override(key: str, value: str) -> str:
    plain_word = (
        value.isascii() and value.replace("-", "_").isidentifier() and value.lower() not in _SPECIAL
    )
    escaped = value.replace("'", "\\'")
    return f"{key}={value}" if plain_word else f"{key}='{escaped}'"
