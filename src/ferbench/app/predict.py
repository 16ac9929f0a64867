"""``ferbench predict``: faces and expressions of videos, without annotations and without a configuration."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from ferbench.app import console
from ferbench.app.binding import bind, build
from ferbench.app.compose import composed
from ferbench.app.config import PLUGS, Paths
from ferbench.datasets.folder import Folder
from ferbench.errors import ConfigError, DatasetError, FerbenchError
from ferbench.formats.predictions import predictions_table, write_predictions
from ferbench.pipeline.cache import Cache
from ferbench.pipeline.recipe import Recipe, Runtime
from ferbench.pipeline.stages import Analyser
from ferbench.results import Analysis


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to predict; ``choices`` are choices of configuration groups."""

    source: Path
    out: Path
    choices: dict[str, str]
    batch_size: int
    device: str
    keep_damaged: bool
    verbose: bool


def predict(request: Request) -> int:
    """Write a Parquet and a CSV table per video; return how many videos failed."""
    config = composed(request.choices)
    runtime = bind(Runtime, {**config["runtime"], "device": request.device}, where="runtime")
    runtime = replace(runtime, batch_size=request.batch_size, on_damaged="keep" if request.keep_damaged else "error")
    recipe = Recipe(**{name: build(config[name], where=name) for name in PLUGS})
    paths = bind(Paths, config["paths"], where="paths")
    videos = _videos(request.source)
    twice = Counter(path.stem for path in videos)
    names = {path: path.stem if twice[path.stem] == 1 else path.name for path in videos}
    if request.out.exists() and not request.out.is_dir():
        raise ConfigError(f"--out: {request.out} is a file; expected a folder, it is made if it is missing")
    screen, errors = console.output_console(), console.error_console()
    analyser = Analyser(
        recipe, runtime, Cache(paths.cache), paths.models, notify=lambda text: errors.print(text, markup=False)
    )
    failed = 0
    total = sum(analyser.estimated_frames(path) for path in videos)
    with console.progress(total, f"{len(videos)} videos") as advance:
        analyser.on_frames = advance
        for path in videos:
            try:
                analysis = analyser.analyse(path, video_id=path.stem)
                files = write_predictions(request.out, names[path], _table(analysis))
            except (FerbenchError, OSError) as error:
                failed += 1
                errors.print(f"failed: {path.name}: {error}", markup=False, style="red")
                continue
            screen.print(f"{path.name}: {describe(analysis)} -> {files[1]}", markup=False)
            if request.verbose:
                screen.print(_details(analysis), markup=False)
    return failed


def _videos(source: Path) -> list[Path]:
    """A file as it is, or the videos of a folder, sorted. Raises DatasetError."""
    if source.is_file():
        return [source]
    try:
        return Folder(videos=str(source)).files()
    except DatasetError as error:
        raise DatasetError(str(error).removeprefix("dataset.videos: ").replace(" (dataset.suffixes)", "")) from None


def _table(analysis: Analysis) -> pa.Table:
    return predictions_table(analysis.timeline, analysis.faces, analysis.expressions)


def describe(analysis: Analysis) -> str:
    """One line about a video: frames, faces, and the most frequent expressions of its faces."""
    frames = analysis.timeline.video.num_frames
    with_face = len(np.unique(analysis.faces.frame))
    text = f"{frames} frames ({analysis.timeline.duration_s:.2f} s), a face in {with_face}"
    logits = analysis.expressions.logits
    known = ~np.isnan(logits).any(axis=1)
    if known.any():
        top = np.bincount(logits[known].argmax(axis=1), minlength=logits.shape[1]) / known.sum()
        order = [k for k in np.argsort(-top, kind="stable") if top[k] >= 0.05]
        text += "; " + ", ".join(f"{analysis.expressions.labels[k]} {top[k]:.0%}" for k in order)
    if analysis.timeline.damage:
        text += f"; damaged: {analysis.timeline.damage}"
    return text


def _details(analysis: Analysis) -> str:
    lines = []
    for stage, timing in analysis.timing.items():
        source = "stored" if timing.cached else "computed"
        rate = timing.units / timing.busy_s if timing.busy_s else float("nan")
        lines.append(f"  {stage}: {source}, {timing.units} in {timing.busy_s:.2f} s ({rate:.0f}/s) on {timing.device}")
    video = analysis.timeline.video
    lines.append(
        f"  {video.width_px}x{video.height_px}, {video.fps_hz:.3f} Hz, rotated by {video.rotation_deg} degrees"
    )
    return "\n".join(lines)
