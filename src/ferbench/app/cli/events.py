"""``ferbench events``: events from stored predictions."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from ferbench.errors import ConfigError, FerbenchError, Setting, told

if TYPE_CHECKING:
    from ferbench.thesis.export import ThesisExport
    from ferbench.workflows.find_events import FindOptions
    from ferbench.workflows.found_events import SessionEvents

OPTIONS: Final = {
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


def events(
    predictions: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE|DIR...",
            help="Our tables (.parquet, .csv) or the thesis' prediction CSVs; "
            "of a folder all below it.",
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            help="Write all events to this CSV (the sessions' lengths go beside it), or for "
            "annotation programs to '{session}.eaf' (ELAN), '{session}.vtt', NAME.boris.tsv."
        ),
    ] = None,
    fps: Annotated[float | None, typer.Option(help="Rows per second (thesis CSV).")] = None,
    video: Annotated[
        Path | None,
        typer.Option(
            help="Take the rate from this video, or from the file's video in this folder."
        ),
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="Of the thesis CSVs in a folder those of this model.")
    ] = None,
    rule: Annotated[
        str,
        typer.Option(help="A choice of conf/event: windowed (the thesis' rule), hysteresis, ..."),
    ] = "windowed",
    label: Annotated[
        str, typer.Option(help="Expression; in a thesis CSV letter by letter.")
    ] = "Surprise",
    kind: Annotated[
        str | None, typer.Option(help="Ours: probability (default), or top (the most likely).")
    ] = None,
    selector: Annotated[
        str | None, typer.Option(help="Ours: which face is the participant (largest).")
    ] = None,
    segment_s: Annotated[float | None, typer.Option(help="windowed: seconds per segment.")] = None,
    run_s: Annotated[
        float | None, typer.Option(help="windowed: seconds that a run must exceed.")
    ] = None,
    enter: Annotated[
        float | None,
        typer.Option(
            help="A frame counts (windowed), an event opens (hysteresis), from this value on."
        ),
    ] = None,
    exit_: Annotated[
        float | None, typer.Option("--exit", help="hysteresis: closes below this value.")
    ] = None,
    min_duration_s: Annotated[
        float | None, typer.Option(help="hysteresis: drop shorter events.")
    ] = None,
    merge_gap_s: Annotated[
        float | None, typer.Option(help="hysteresis: close shorter gaps.")
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Another value of the rule."),
    ] = None,
    config_dir: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder with rules of your own (event/).")
    ] = None,
    allow_target: Annotated[
        list[str] | None,
        typer.Option(metavar="PACKAGE", help="A package that rules of your own may come from."),
    ] = None,
    results: Annotated[
        Path | None,
        typer.Option(help="Thesis CSVs: write the thesis' Results.csv, all models together."),
    ] = None,
    grades: Annotated[
        Path | None,
        typer.Option(help="Thesis CSVs: write the thesis' grade file, to be filled in by hand."),
    ] = None,
    max_events: Annotated[
        int,
        typer.Option(min=0, help="Sessions with more events of a model are left out of --grades."),
    ] = 10,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON; of several files an object by session.")
    ] = False,
) -> None:
    """Find events in stored predictions; no video is touched.

    A line per event: its number; the time code HH:MM:SS:FF of its first frame, where frames are
    counted from 1 as in the thesis (a video's first frame is 00:00:00:01); label; seconds from the
    video's start (the first frame is at 0).
    """
    from ferbench.app.cli.options import errors_in_options
    from ferbench.config.choices import component_for
    from ferbench.thesis.export import ThesisExport
    from ferbench.workflows.find_events import FindOptions

    if kind not in (None, "probability", "top"):
        raise FerbenchError(f"--kind: expected probability or top, got {kind!r}")
    numbers = {
        "segment_s": segment_s,
        "run_s": run_s,
        "enter": enter,
        "exit": exit_,
        "min_duration_s": min_duration_s,
        "merge_gap_s": merge_gap_s,
    }
    with errors_in_options(OPTIONS):
        options = FindOptions(
            rule=component_for(
                "event",
                {"choice": rule, **_rule_fields(numbers, set_ or ())},
                config_dirs=[config_dir] if config_dir else (),
                allow_targets=tuple(allow_target or ()),
            ),
            labels=(label,),
            kind=kind,  # type: ignore[arg-type]
            selector=None if selector is None else component_for("selector", selector),
            fps=fps,
            video=video,
        )
        export = None
        if results or grades:
            export = ThesisExport(results=results, grades=grades, max_events=max_events)
        num_failed = _find(
            predictions, options, model=model, out=out, as_json=as_json, export=export
        )
    if num_failed:
        raise typer.Exit(1)


def _rule_fields(numbers: Mapping[str, float | None], settings: Sequence[str]) -> dict[str, Any]:
    """Fields of the rule that were given.

    Raises:
        ConfigError: a level with which no event is possible.
    """
    from ferbench.app.cli.options import value_pairs

    fields: dict[str, Any] = dict(value_pairs("--set", settings))
    fields |= {name: value for name, value in numbers.items() if value is not None}
    for name in ("enter", "exit"):
        level = numbers[name]
        if level is not None and not (math.isfinite(level) and 0 < level <= 1):
            raise ConfigError(
                f"--{name}: expected a probability, above 0 and at most 1 (50 % is 0.5), "
                f"got {level:g}"
            )
    return fields


def _find(
    sources: Sequence[Path],
    options: FindOptions,
    *,
    model: str | None,
    out: Path | None,
    as_json: bool,
    export: ThesisExport | None,
) -> int:
    """Print what is found, and write it to ``out``; return how many files failed.

    One file is answered alone and its error is raised; several are answered by session.
    """
    from ferbench.workflows.events_files import check_events_target
    from ferbench.workflows.find_events import find_in_file
    from ferbench.workflows.thesis_export import check_export

    if out is not None:
        check_events_target(out, several=len(sources) > 1)
    if export is not None:
        further = {"out": out is not None, "json": as_json}
        asked = [Setting(name) for name, is_asked in further.items() if is_asked]
        check_export(export, options.rule, further=asked)
    failures: dict[Path, Exception] = {}
    alone = export is None and len(sources) == 1 and not sources[0].is_dir()
    if alone:
        by_path = {sources[0]: find_in_file(sources[0], options)}
    else:
        by_path = _find_several(sources, options, model=model, export=export, failures=failures)
    noun = "session" if export is None else "file"
    _print(by_path, alone=alone, noun=noun, as_json=as_json)
    if out is not None and by_path:
        _say(_written(out, list(by_path.values())))
    return len(failures)


def _print(by_path: Mapping[Path, SessionEvents], *, alone: bool, noun: str, as_json: bool) -> None:
    from ferbench.workflows.events_text import (
        lines_of_one,
        lines_of_several,
        notes_of,
        plain_events,
    )

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
    from ferbench.app.words import OptionWords, reason_in
    from ferbench.workflows.prediction_sources import find_in_files, prediction_sources
    from ferbench.workflows.thesis_export import write_export

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


def _written(out: Path, sessions: Sequence[SessionEvents]) -> str:
    """Write the events, and say where they are."""
    from ferbench.workflows.event_formats import is_foreign
    from ferbench.workflows.events_files import write_events

    paths = write_events(out, sessions)
    if not is_foreign(out):
        return f"wrote {out}, and the sessions' lengths to {paths[1].name}"
    more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
    return f"wrote {paths[0]}{more}"


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
