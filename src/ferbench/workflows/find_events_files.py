"""``ferbench events`` for several files and folders.

One answer per file, one table of all events.
"""

from __future__ import annotations

import json
import sys
import uuid
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import typer

from ferbench.errors import ConfigError, FerbenchError
from ferbench.formats.dispatch import endings, writer_of
from ferbench.formats.tracks import event_tracks
from ferbench.formats.writing import check_target, write_tracks
from ferbench.report.files import EVENT_COLUMNS, event_rows, write_csv
from ferbench.thesis.names import parse_thesis_name
from ferbench.wording import plural
from ferbench.workflows.find_events import Found, Kind, Question, find_events, kind_of
from ferbench.workflows.thesis_export import Export

LENGTH_COLUMNS = ("session", "duration_s", "valid_s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """Files of predictions, and what else was there: kind of file -> how many."""

    paths: tuple[Path, ...]
    left_out: dict[Kind, int]

    def note(self) -> str:
        """One sentence about what was left out; "" = nothing."""
        words = {
            "faces": ("file", " of faces"),
            "events": ("table", " of events"),
            "annotations": ("table", " of annotations"),
            "lengths": ("table", " of lengths"),
            "results": ("table", " of results"),
            "grades": ("grade file", ""),
        }
        known = [(number, *words[kind]) for kind, number in sorted(self.left_out.items())]
        parts = [f"{plural(number, noun)}{of_what}" for number, noun, of_what in known]
        return f"left out: {', '.join(parts)}" if parts else ""


def prediction_files(sources: Sequence[Path], *, model: str | None, several: bool = False) -> Files:
    """Files as they are, and of each folder, and the folders below it, every table that may be one
    of predictions.

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
    left_out: Counter[Kind] = Counter()
    for source in sources:
        if not source.is_dir():
            paths.append(source)
            continue
        tables = sorted(
            p
            for p in source.rglob("*")
            if p.suffix.lower() in (".csv", ".parquet") and _visible(p, source)
        )
        kinds = {path: kind_of(path) for path in tables}
        left_out.update(kind for kind in kinds.values() if kind not in ("predictions", "thesis"))
        usable = [path for path, kind in kinds.items() if kind in ("predictions", "thesis")]
        if not usable:
            seen = ", ".join(path.name for path in tables[:3])
            raise ConfigError(
                f"no table of predictions in {source}; expected .parquet or .csv of 'ferbench predict', or the "
                f"thesis' <video>.<model>.<backend>.csv{f' (seen: {seen})' if seen else ''}"
            )
        paths += usable if several and model is None else _of_model(usable, source, model)
    known = list(dict.fromkeys(paths))
    twice = {path.with_suffix(".csv") for path in known if path.suffix == ".parquet"}
    return Files(paths=tuple(path for path in known if path not in twice), left_out=dict(left_out))


def _of_model(paths: Sequence[Path], source: Path, model: str | None) -> list[Path]:
    names = {
        path: name.model for path in paths if (name := parse_thesis_name(path.name)) and name.model
    }
    models = sorted(set(names.values()))
    if model is None and len(models) > 1:
        raise ConfigError(
            f"{source} has predictions of several models; choose one with --model: {', '.join(models)}"
        )
    if model is not None and model not in models:
        raise ConfigError(
            f"--model: no file in {source} is of {model!r}; there are: {', '.join(models) or 'none'}"
        )
    return [path for path in paths if model is None or names.get(path) == model]


def _visible(path: Path, root: Path) -> bool:
    return path.is_file() and not any(part.startswith(".") for part in path.relative_to(root).parts)


def events_of(
    sources: Sequence[Path],
    question: Question,
    *,
    model: str | None,
    out: Path | None,
    as_json: bool,
    export: Export | None = None,
) -> int:
    """Print what is found, and write it to ``out``; return how many files failed.

    One file is answered alone and its error is raised; several are answered by session.

    Args:
        sources: files and folders.
        question: what to look for.
        model: of the thesis' files in folders, those of this model only.
        out: table of events, or file for an annotation program, to write.
        as_json: print JSON.
        export: the thesis' files to write; then files of several models are taken together.

    Raises:
        FerbenchError: no file can be used.
    """
    if out is not None:
        check_out(out, several=len(sources) > 1)
    if export is not None:
        export.check(
            question,
            alone_needed=[f"--{n}" for n, given in (("out", out), ("json", as_json)) if given],
        )
    alone = export is None and len(sources) == 1 and not sources[0].is_dir()
    failures: dict[Path, Exception] = {}

    def failed(path: Path, error: Exception) -> None:
        failures[path] = error
        _say(f"failed: {path}: {str(error).removeprefix(f'{path}: ').removeprefix(f'{path} ')}")

    if alone:
        found = {sources[0]: find_events(sources[0], question)}
    else:
        files = prediction_files(sources, model=model, several=export is not None)
        if note := files.note():
            _say(note)
        found = find_all(files.paths, question, failed=failed, by_model=export is not None)
        if export is not None:
            for line in export.write(
                files.paths, found, failed=failed, failures=failures, sources=sources
            ):
                _say(line)
    for path, result in found.items():
        if result.note:
            _say(f"note: {path.name}: {result.note}")
    if as_json:
        by_session = {result.session_id: result.as_json() for result in found.values()}
        typer.echo(json.dumps(next(iter(by_session.values())) if alone else by_session))
    else:
        _print(found, alone=alone, noun="session" if export is None else "file")
    if out is not None and found:
        _say(_written(out, list(found.values())))
    return len(failures)


def _written(out: Path, found: Sequence[Found]) -> str:
    """Write the events, and say where they are."""
    if writer_of(out) is not None:
        paths = write_tracks(out, {each.session_id: event_tracks(each.events) for each in found})
        return f"wrote {paths[0]}{f' and {len(paths) - 1} more' if len(paths) > 1 else ''}"
    lengths = write_events(out, found)
    return f"wrote {out}, and the sessions' lengths to {lengths.name}"


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _print(found: Mapping[Path, Found], *, alone: bool, noun: str) -> None:
    for path, result in found.items():
        if not alone:
            typer.echo(f"{result.session_id} ({path.name}): {result.total()}")
        for line in result.lines():
            typer.echo(line if alone else f"  {line}")
        if alone:
            typer.echo(result.total())
    if not alone:
        events = plural(sum(len(result.events) for result in found.values()), "event")
        typer.echo(f"{events} in {plural(len(found), noun)}")


def find_all(
    paths: Sequence[Path],
    question: Question,
    *,
    failed: Callable[[Path, Exception], None],
    by_model: bool = False,
) -> dict[Path, Found]:
    """Events of each file; a file that cannot be used is told to ``failed``, the others go on.

    Args:
        paths: the files.
        question: what to look for.
        failed: told of a file and why it cannot be used.
        by_model: take one file per session, model and backend instead of one per session.
    """
    found: dict[Path, Found] = {}
    owner: dict[tuple[object, ...], Path] = {}
    for path in paths:
        try:
            result = find_events(path, question)
        except (FerbenchError, OSError) as error:
            failed(path, error)
            continue
        name = parse_thesis_name(path.name) if by_model else None
        first = owner.setdefault((result.session_id, name and (path.parent, name)), path)
        if first == path:
            found[path] = result
        else:
            reason = f"is of session {result.session_id!r}, and so is {first}; give one file per session "
            failed(path, ConfigError(f"{reason}(of one model, for example '*.APViT.*.csv')"))
    return found


def check_out(out: Path, *, several: bool) -> None:
    """Raise ConfigError where events cannot, or should not, be written there.

    ``several`` files are asked for.
    """
    if out.is_dir():
        raise ConfigError(
            f"--out: {out} is a folder; expected the name of a file such as {out / 'events.csv'}"
        )
    if writer_of(out) is not None:
        check_target(out, several=several)
        return
    if out.suffix.lower() != ".csv":
        raise ConfigError(
            f"--out: expected a name that ends in {', '.join(('.csv', *endings()))}, got {out}"
        )
    for path, kind, what in (
        (out, "events", "events"),
        (lengths_beside(out), "lengths", "sessions' lengths"),
    ):
        if path.exists() and kind_of(path) != kind:
            raise ConfigError(
                f"--out: {path} is there and is no table of {what}; choose another name"
            )


def lengths_beside(out: Path) -> Path:
    """Where the sessions' lengths of a table of events are written."""
    return out.with_suffix(".sessions.csv")


def write_events(out: Path, found: Sequence[Found]) -> Path:
    """Write all events, and beside them the sessions' lengths; return the second file's path."""
    lengths = lengths_beside(out)
    events = [row for result in found for row in event_rows(result.events)]
    rows = [(r.session_id, round(r.duration_s, 6), round(r.valid_s, 6)) for r in found]
    for path, header, content in ((lengths, LENGTH_COLUMNS, rows), (out, EVENT_COLUMNS, events)):
        part = path.with_name(f".{uuid.uuid4().hex}.part")
        try:
            write_csv(part, header, content)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    return lengths
