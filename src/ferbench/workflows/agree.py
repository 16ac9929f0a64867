"""How far models agree with each other, whatever is true."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ferbench.errors import ConfigError, DataError
from ferbench.places import default_root
from ferbench.sentences import Setting, Text
from ferbench.tracking.query import open_store, runs_of
from ferbench.workflows.agreement.comparison import compare_models
from ferbench.workflows.agreement.frame_files import outputs_of_frames
from ferbench.workflows.agreement.graded_sheet import counted_grades
from ferbench.workflows.agreement.recorded_runs import outputs_of_runs
from ferbench.workflows.agreement.result import Agreement, ComparedRuns
from ferbench.workflows.agreement.results_csv import outputs_of_results
from ferbench.workflows.file_kinds import kind_of

SEGMENT_S: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _AgreeOptions:
    """See ``agree``; None = not given."""

    fps: float | None
    video: Path | None
    models: Sequence[str] | None
    max_events: int | None
    segment_s: float | None
    uri: str | None
    allow_targets: tuple[str, ...]


def agree(
    source: str | Path | None = None,
    *,
    fps: float | None = None,
    video: str | Path | None = None,
    models: Sequence[str] | None = None,
    max_events: int | None = None,
    segment_s: float | None = None,
    uri: str | None = None,
    allow_targets: Sequence[str] = (),
) -> Agreement:
    """Compare models with each other on segments, and on the expression of each frame.

    Of recorded runs each counts as a model, named by what differs between them. A sheet that was
    graded by hand is counted: true, false and missed events of each model.

    Args:
        source: a Results.csv or graded sheet of the thesis, a folder of its frame CSVs, or a
            recorded run, sweep or experiment by id or name; None = the newest sweep.
        fps: of a folder: rows per second.
        video: of a folder: where its videos are, whose rates count.
        models: which, and in which order; None = all, sorted.
        max_events: leave out sessions in which a model has more events; None = take all.
        segment_s: of runs without the windowed rule: seconds per segment; None = 5.
        uri: of runs: an MLflow store, a folder of plain files, or ``files``; None = the usual one.
        allow_targets: of runs: packages outside ferbench that their components may come from.

    Raises:
        ConfigError: there is no such file or model, or an option is for another kind of source.
        FormatError: a file cannot be read; names the line.
        TrackingError: there is no such store or run, or its files cannot be read.
        DataError: there is nothing to compare.
    """
    options = _AgreeOptions(
        fps=fps,
        video=None if video is None else Path(video),
        models=models,
        max_events=max_events,
        segment_s=segment_s,
        uri=uri,
        allow_targets=tuple(allow_targets),
    )
    if source is None:
        return _of_runs(None, options)
    path = Path(source)
    if path.is_dir():
        return _of_folder(path, options)
    if path.exists():
        return _of_file(path, options)
    if _looks_like_path(source):
        raise ConfigError(f"there is no file or folder {source}")
    return _of_runs(str(source), options)


def _looks_like_path(source: str | Path) -> bool:
    text = str(source)
    return isinstance(source, Path) or text.lower().endswith(".csv") or "/" in text or "\\" in text


def _of_folder(folder: Path, options: _AgreeOptions) -> Agreement:
    _refuse(options, ("segment_s", "uri"), "is for recorded runs")
    outputs = outputs_of_frames(folder, fps=options.fps, video=options.video)
    if outputs.sheet is None:
        rate = Text("needs the frame rate, by ", Setting("fps"), " or ", Setting("video"))
        _refuse(options, ("max_events",), rate)
    return compare_models(outputs, models=options.models, max_events=options.max_events)


def _of_file(path: Path, options: _AgreeOptions) -> Agreement:
    _refuse(options, ("segment_s", "uri"), "is for recorded runs")
    _refuse(options, ("fps", "video"), "is for a folder of the thesis' frame CSVs")
    kind = kind_of(path)
    if kind == "grades":
        whole = "is not for a grade file, which counts as a whole"
        _refuse(options, ("models", "max_events"), whole)
        return counted_grades(path)
    if kind != "results":
        raise ConfigError(
            f"{path} is neither a Results.csv nor a grade file of the thesis; expected one of "
            "these, a folder of the thesis' frame CSVs, or a recorded run, sweep or experiment"
        )
    outputs = outputs_of_results(path)
    return compare_models(outputs, models=options.models, max_events=options.max_events)


def _of_runs(target: str | None, options: _AgreeOptions) -> Agreement:
    _refuse(options, ("fps", "video"), "is for a folder of the thesis' frame CSVs")
    store = open_store(options.uri, root=default_root())
    selection = runs_of(store, target)
    if not selection.runs:
        raise DataError(f"{selection.what} has no runs to compare ({selection.where})")
    segment_s = SEGMENT_S if options.segment_s is None else options.segment_s
    outputs = outputs_of_runs(
        store,
        selection.runs,
        what=selection.what,
        segment_s=segment_s,
        allow_targets=options.allow_targets,
    )
    return compare_models(
        outputs,
        models=options.models,
        max_events=options.max_events,
        runs=ComparedRuns(store=store, rows=selection.runs),
    )


def _refuse(options: _AgreeOptions, names: Sequence[str], why: str) -> None:
    """Raise ConfigError where an option is given that the source has no use for."""
    for name in names:
        if getattr(options, name) is not None:
            raise ConfigError(Text(Setting(name), " ", why), hint="leave it out")
