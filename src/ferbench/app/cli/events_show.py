"""What ``ferbench events`` prints and writes."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import typer

from ferbench.app.words import OptionWords, reason_in
from ferbench.formats.dispatch import writer_of
from ferbench.sentences import Setting, told
from ferbench.thesis.export import ThesisExport
from ferbench.workflows.events_files import check_events_target, write_events
from ferbench.workflows.events_text import lines_of_one, lines_of_several, notes_of, plain_events
from ferbench.workflows.find_events import FindOptions, find_in_file
from ferbench.workflows.found_events import SessionEvents
from ferbench.workflows.linked_videos import (
    check_link,
    linked_videos,
    links_videos,
    videos_of_tables,
)
from ferbench.workflows.prediction_sources import find_in_files, prediction_sources
from ferbench.workflows.thesis_export import check_export, write_export

OPTIONS: Final = {
    "direction": "--direction",
    "event": "--rule",
    "event.enter": "--enter",
    "event.exit": "--exit",
    "event.merge_gap_s": "--merge-gap-s",
    "event.min_duration_s": "--min-duration-s",
    "event.run_s": "--run-s",
    "event.segment_s": "--segment-s",
    "fps": "--fps",
    "grades": "--grades",
    "json": "--json",
    "kind": "--kind",
    "label": "--label",
    "link_videos": "--link-videos",
    "labels": "--label",
    "model": "--model",
    "out": "--out",
    "results": "--results",
    "rule": "--rule",
    "selector": "--selector",
    "sessions": "--sessions",
    "video": "--video",
}
"""The option of each field that a message may name."""


def find_and_print(
    sources: Sequence[Path],
    options: FindOptions,
    *,
    model: str | None,
    out: Path | None,
    as_json: bool,
    export: ThesisExport | None,
    link_videos: Path | None = None,
) -> int:
    """Print what is found, and write it to ``out``; return how many files failed.

    One file is answered alone and its error is raised; several are answered by session.
    """
    several = len(sources) > 1
    _check_outputs(options, out=out, as_json=as_json, export=export, several=several)
    check_link(link_videos, out)
    failures: dict[Path, Exception] = {}
    alone = export is None and len(sources) == 1 and not sources[0].is_dir()
    if alone:
        by_path = {sources[0]: find_in_file(sources[0], options)}
    else:
        by_path = _find_several(sources, options, model=model, export=export, failures=failures)
    noun = "session" if export is None else "file"
    _print(by_path, alone=alone, noun=noun, as_json=as_json)
    if out is not None and by_path:
        _write(out, by_path, link_videos)
    return len(failures)


def _check_outputs(
    options: FindOptions,
    *,
    out: Path | None,
    as_json: bool,
    export: ThesisExport | None,
    several: bool,
) -> None:
    """Raise ConfigError where what was asked for cannot be written, before anything is read."""
    if out is not None:
        check_events_target(out, several=several)
    if export is None:
        return
    further = []
    if out is not None:
        further.append(Setting("out"))
    if as_json:
        further.append(Setting("json"))
    check_export(export, options.rule, further=further)


def _print(by_path: Mapping[Path, SessionEvents], *, alone: bool, noun: str, as_json: bool) -> None:
    for note in notes_of(by_path):
        _say(f"note: {note}")
    if as_json:
        plain = plain_events(by_path)
        if alone:
            [plain] = plain.values()
        typer.echo(json.dumps(plain))
        return
    lines = lines_of_several(by_path, noun=noun)
    if alone:
        [session] = by_path.values()
        lines = lines_of_one(session)
    for line in lines:
        typer.echo(line)


def _find_several(
    sources: Sequence[Path],
    options: FindOptions,
    *,
    model: str | None,
    export: ThesisExport | None,
    failures: dict[Path, Exception],
) -> dict[Path, SessionEvents]:
    """Events of all files; those that cannot be used are told and put into ``failures``."""

    def failed(path: Path, error: Exception) -> None:
        failures[path] = error
        reason = reason_in(OptionWords(OPTIONS), error)
        reason = reason.removeprefix(f"{path}: ").removeprefix(f"{path} ")
        _say(f"failed: {path}: {reason}")

    is_export = export is not None
    files = prediction_sources(sources, model=model, several=is_export)
    note = files.note()
    if note:
        _say(note)
    by_path = find_in_files(files.paths, options, on_failure=failed, by_model=is_export)
    if export is not None:
        lines = write_export(
            export, files.paths, by_path, sources=sources, failed=failed, failures=failures
        )
        for line in lines:
            _say(told(line, OptionWords(OPTIONS)))
    return by_path


def _write(out: Path, by_path: Mapping[Path, SessionEvents], link_videos: Path | None) -> None:
    """Write the events, and say where they are; formats that link videos get these."""
    sessions = list(by_path.values())
    videos: dict[str, Path] = {}
    if links_videos(out):
        tables = {session.session_id: path for path, session in by_path.items()}
        videos, notes = linked_videos(
            tables,
            folder=link_videos,
            known=videos_of_tables(tables),
            beside=[out.parent, *(path.parent for path in by_path)],
        )
        for note in notes:
            _say(f"note: {told(note, OptionWords(OPTIONS))}")
    paths = write_events(out, sessions, videos=videos)
    if writer_of(out) is None:
        _say(f"wrote {out}, and the sessions' lengths to {paths[1].name}")
        return
    more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
    _say(f"wrote {paths[0]}{more}")


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
