"""Files of predictions in folders, and the events of all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ferbench.errors import ConfigError, FerbenchError
from ferbench.sentences import Setting, Text
from ferbench.thesis.names import parse_thesis_name
from ferbench.wording import plural
from ferbench.workflows.file_kinds import FileKind, is_table, kind_of
from ferbench.workflows.find_events import FindOptions, find_in_file
from ferbench.workflows.found_events import SessionEvents

OnFailure = Callable[[Path, Exception], None]
"""Told of a file that cannot be used, and why."""

_NOUNS: Final[dict[FileKind, tuple[str, str]]] = {
    "faces": ("file", " of faces"),
    "events": ("table", " of events"),
    "annotations": ("table", " of annotations"),
    "lengths": ("table", " of lengths"),
    "results": ("table", " of results"),
    "grades": ("grade file", ""),
    "graded": ("table", " of grades"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictionSources:
    """Files of predictions, and what else was there: kind of file -> how many."""

    paths: tuple[Path, ...]
    left_out: Mapping[FileKind, int]

    def note(self) -> str:
        """One sentence about what was left out; "" = nothing."""
        parts = []
        for kind, count in sorted(self.left_out.items()):
            noun, of_what = _NOUNS[kind]
            parts.append(f"{plural(count, noun)}{of_what}")
        return f"left out: {', '.join(parts)}" if parts else ""


def prediction_sources(
    sources: Sequence[Path], *, model: str | None, several: bool = False
) -> PredictionSources:
    """Files as they are, and of each folder and those below it every table of predictions.

    Where a video's table is there as .parquet and .csv, the .parquet counts.

    Args:
        sources: files and folders.
        model: of the thesis' files in folders, those of this model only.
        several: without ``model``, take the thesis' files of all models.

    Raises:
        ConfigError: there is no such table in a folder, or there are thesis files of several models
            and nothing says which.
    """
    paths: list[Path] = []
    left_out: Counter[FileKind] = Counter()
    for source in sources:
        if not source.is_dir():
            paths.append(source)
            continue
        usable = _usable(source, left_out)
        takes_all = several and model is None
        paths += usable if takes_all else _of_model(usable, source, model)
    unique = list(dict.fromkeys(paths))
    parquets = [path for path in unique if path.suffix == ".parquet"]
    twice = {path.with_suffix(".csv") for path in parquets}
    return PredictionSources(
        paths=tuple(path for path in unique if path not in twice), left_out=dict(left_out)
    )


def _usable(folder: Path, left_out: Counter[FileKind]) -> list[Path]:
    """Tables of predictions below a folder; the kinds of the others are counted."""
    tables = sorted(path for path in folder.rglob("*") if _is_visible_table(path, folder))
    usable = []
    for path in tables:
        kind = kind_of(path)
        if kind in ("predictions", "thesis"):
            usable.append(path)
        else:
            left_out[kind] += 1
    if usable:
        return usable
    names = ", ".join(path.name for path in tables[:3])
    seen = f" (seen: {names})" if names else ""
    raise ConfigError(
        f"no table of predictions in {folder}; expected .parquet or .csv of 'ferbench predict', "
        f"or the thesis' <video>.<model>.<backend>.csv{seen}"
    )


def _is_visible_table(path: Path, folder: Path) -> bool:
    if not is_table(path):
        return False
    return not any(part.startswith(".") for part in path.relative_to(folder).parts)


def _of_model(paths: Sequence[Path], folder: Path, model: str | None) -> list[Path]:
    """Our tables and the thesis' files of one model."""
    model_of: dict[Path, str] = {}
    for path in paths:
        name = parse_thesis_name(path.name)
        if name and name.model:
            model_of[path] = name.model
    models = sorted(set(model_of.values()))
    names = ", ".join(models)
    if model is None:
        if len(models) > 1:
            choose = Text("choose one with ", Setting("model"), f": {names}")
            raise ConfigError(f"{folder} has predictions of several models", hint=choose)
        return list(paths)
    if model not in models:
        raise ConfigError(
            f"no file in {folder} is of {model!r}; there are: {names or 'none'}", key="model"
        )
    return [path for path in paths if model_of.get(path) == model]


def find_in_files(
    paths: Sequence[Path],
    options: FindOptions,
    *,
    on_failure: OnFailure,
    by_model: bool = False,
) -> dict[Path, SessionEvents]:
    """Events of each file; a file that cannot be used is told of, the others go on.

    Args:
        paths: the files.
        options: what to look for.
        on_failure: told of a file and why it cannot be used.
        by_model: take one file per session, model and backend instead of one per session.
    """
    by_path: dict[Path, SessionEvents] = {}
    owner: dict[tuple[object, ...], Path] = {}
    for path in paths:
        try:
            events = find_in_file(path, options)
        except (FerbenchError, OSError) as error:
            on_failure(path, error)
            continue
        name = parse_thesis_name(path.name) if by_model else None
        identity = (events.session_id, name and (path.parent, name))
        first = owner.setdefault(identity, path)
        if first == path:
            by_path[path] = events
            continue
        reason = (
            f"is of session {events.session_id!r}, and so is {first}; give one file per session "
            "(of one model, for example '*.APViT.*.csv')"
        )
        on_failure(path, ConfigError(reason))
    return by_path
