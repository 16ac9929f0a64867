"""``ferbench events``: events from stored predictions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from ferbench.app.cli.completion import choices
from ferbench.app.cli.options import (
    DirectionOption,
    check_level,
    errors_in_options,
    expressions,
    json_flag,
    value_pairs,
)
from ferbench.errors import FerbenchError


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
            "annotation programs to '{session}.eaf' (ELAN), '{session}.vtt', '{session}.srt', "
            "NAME.boris.tsv, ..."
        ),
    ] = None,
    link_videos: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Where the videos are that .eaf files link (where they were predicted, or beside "
            "the files).",
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
        str | None,
        typer.Option(
            help="A choice of conf/event; default: that of runs (hysteresis), and of the thesis' "
            "CSVs the thesis' (windowed).",
            autocompletion=choices("event"),
        ),
    ] = None,
    label: Annotated[
        list[str] | None,
        typer.Option(
            metavar="LABEL[,LABEL...]",
            help="Expression, or another output of the model (arousal), or several (also by "
            "several --label); default: Surprise. In a thesis CSV one.",
        ),
    ] = None,
    kind: Annotated[
        str | None, typer.Option(help="Ours: probability (default), or top (the most likely).")
    ] = None,
    direction: DirectionOption = None,
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
        bool, json_flag("Print JSON; of several files an object by session.")
    ] = False,
) -> None:
    """Find events in stored predictions; no video is touched.

    A line per event: its number; the time code HH:MM:SS:FF of its first frame, where frames are
    counted from 1 as in the thesis (a video's first frame is 00:00:00:01, where its picture begins
    with the file); label; seconds from the file's start, as players show them.
    """
    from ferbench.app.cli.events_show import OPTIONS, find_and_print
    from ferbench.config.choices import component_for
    from ferbench.thesis.export import ThesisExport
    from ferbench.workflows.file_kinds import default_rule
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
        labels = expressions(label or ["Surprise"])
        check_level("--enter", enter, labels, direction=direction)
        check_level("--exit", exit_, labels, direction=direction)
        fields = _rule_fields(numbers, set_ or ())
        if choice := rule or default_rule(predictions):
            fields["choice"] = choice
        chosen_rule = component_for(
            "event",
            fields or None,
            config_dirs=() if config_dir is None else (config_dir,),
            allow_targets=tuple(allow_target or ()),
        )
        options = FindOptions(
            rule=chosen_rule,
            labels=labels,
            kind=kind,  # type: ignore[arg-type]
            direction=direction,  # type: ignore[arg-type]
            selector=component_for("selector", selector) if selector else None,
            fps=fps,
            video=video,
        )
        export = None
        if results or grades:
            export = ThesisExport(results=results, grades=grades, max_events=max_events)
        num_failed = find_and_print(
            predictions,
            options,
            model=model,
            out=out,
            as_json=as_json,
            export=export,
            link_videos=link_videos,
        )
    if num_failed:
        raise typer.Exit(1)


def _rule_fields(numbers: Mapping[str, float | None], settings: Sequence[str]) -> dict[str, Any]:
    """Fields of the rule that were given."""
    fields: dict[str, Any] = dict(value_pairs("--set", settings))
    fields |= {name: value for name, value in numbers.items() if value is not None}
    return fields
