"""``ferbench predict``: faces and expressions of videos, without annotations and without a
configuration.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

import numpy as np

from ferbench.app import console
from ferbench.app.cli.options import in_options, options_in_messages
from ferbench.config.binding import bind, build
from ferbench.config.compose import chosen, composed
from ferbench.config.settings import PLUGS, Paths
from ferbench.datasets.files import SUFFIXES, num_below, video_files
from ferbench.errors import ConfigError, DatasetError, FerbenchError, VideoError, WeightsError
from ferbench.pipeline.cache import Cache
from ferbench.pipeline.recipe import Recipe, Runtime
from ferbench.pipeline.stages import Analyser
from ferbench.results import Analysis
from ferbench.thesis.stored_scores import thesis_form
from ferbench.wording import plural
from ferbench.workflows.predict_files import Output

INTERRUPTED: Final = 130
SPELLED: Final = {
    "set runtime.on_damaged=keep": "give --keep-damaged",
    "Set runtime.on_damaged=keep": "Give --keep-damaged",
    "runtime.batch_size=": "--batch-size ",
    "runtime.batch_size": "--batch-size",
    "runtime.device=": "--device ",
    "runtime.device": "--device",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to predict.

    Attributes:
        source: a video, or a folder of videos.
        recursive: also the videos in the folders below.
        out: folder for the tables.
        choices: choices of configuration groups; what is not chosen is as in the configuration.
        form: our tables, or the thesis' CSV of one face per frame.
        overwrite: replace the table of another video.
        batch_size: frames per detector call.
        device: auto, cpu, cuda or mps.
        keep_damaged: use what can be decoded of a damaged video.
        verbose: tell what was computed and how fast.
    """

    source: Path
    recursive: bool
    out: Path
    choices: dict[str, str]
    form: Literal["tables", "thesis"]
    overwrite: bool
    batch_size: int
    device: str
    keep_damaged: bool
    verbose: bool


def predict(request: Request) -> int:
    """Write the tables of every video; return the command's exit code.

    A video that fails is named with its reason, and the others go on (1). Ctrl-C ends it (130);
    what is written is whole.

    Raises:
        FerbenchError: an option that cannot be used, no video, or weights that are missing or do
            not fit.
    """
    if "selector" in request.choices and request.form != "thesis":
        raise ConfigError(
            "--selector chooses the face for --format thesis; our tables hold all faces, leave it out"
        )
    if request.out.exists() and not request.out.is_dir():
        raise ConfigError(
            f"--out: {request.out} is a file; expected a folder, it is made if it is missing"
        )
    with options_in_messages(SPELLED):
        analyser = _analyser(request)
    choices = chosen(request.choices)
    output = Output(
        folder=request.out,
        form=request.form,
        thesis=thesis_form(model=choices["model"], detector=choices["detector"]),
        selector=analyser.recipe.selector,
        overwrite=request.overwrite,
    )
    videos, ignored = _videos(request)
    if ignored:
        console.error_console().print(
            f"note: {plural(ignored, 'video')} in the folders below {request.source} left out; "
            "--recursive takes them too",
            markup=False,
        )
    return _predict_all(
        videos, names_of(videos, request.source), analyser, output, verbose=request.verbose
    )


def _predict_all(
    videos: Sequence[Path],
    names: Mapping[Path, str],
    analyser: Analyser,
    output: Output,
    *,
    verbose: bool,
) -> int:
    screen, errors = console.output_console(), console.error_console()
    failed = written = 0
    try:
        undecoded = _undecoded(videos, analyser)
        if undecoded:
            analyser.bring_weights()
        frames = sum(analyser.estimated_frames(path) for path in undecoded)
        with console.progress(frames, plural(len(videos), "video")) as advance:
            analyser.on_frames = advance
            for path in videos:
                try:
                    if path.is_file():
                        output.check(names[path], path, analyser.cache.digest(path))
                    analysis = analyser.analyse(path, video_id=names[path])
                    target = output.write(names[path], path, analysis)
                except WeightsError:
                    raise  # it would be the same at every video
                except (FerbenchError, OSError) as error:
                    failed += 1
                    reason = in_options(str(error), SPELLED).removeprefix(f"{path}: ")
                    errors.print(f"failed: {path.name}: {reason}", markup=False, style="red")
                    continue
                written += 1
                screen.print(f"{path.name}: {describe(analysis)} -> {target}", markup=False)
                if verbose:
                    screen.print(_details(analysis), markup=False)
    except KeyboardInterrupt:
        errors.print(
            f"interrupted; {written} of {plural(len(videos), 'table')} written",
            markup=False,
        )
        return INTERRUPTED
    return 1 if failed else 0


def _analyser(request: Request) -> Analyser:
    config = composed(request.choices)
    runtime = bind(Runtime, {**config["runtime"], "device": request.device}, where="runtime")
    runtime = replace(
        runtime,
        batch_size=request.batch_size,
        on_damaged="keep" if request.keep_damaged else "error",
    )
    recipe = Recipe(**{name: build(config[name], where=name) for name in PLUGS})
    paths = bind(Paths, config["paths"], where="paths")
    errors = console.error_console()
    return Analyser(
        recipe,
        runtime,
        Cache(paths.cache),
        paths.models,
        notify=lambda text: errors.print(text, markup=False),
    )


def _videos(request: Request) -> tuple[list[Path], int]:
    """The videos, and how many in the folders below are left out. Raises DatasetError."""
    source = request.source
    below = 0 if request.recursive or not source.is_dir() else num_below(source, suffixes=SUFFIXES)
    try:
        return video_files(source, suffixes=SUFFIXES, recursive=request.recursive), below
    except DatasetError as error:
        hint = "\n--recursive takes the folders below" if below else ""
        raise DatasetError(f"{error}{hint}") from error


def names_of(videos: Sequence[Path], source: Path) -> dict[Path, str]:
    """A name for each video that no other has.

    Its stem, else its path below the folder, else that with the suffix.
    """
    makers: tuple[Callable[[Path], str], ...] = (
        lambda path: path.stem,
        lambda path: path.relative_to(source).with_suffix("").as_posix(),
        lambda path: path.relative_to(source).as_posix(),
    )
    names: dict[Path, str] = {}
    for make in makers:
        made = {path: make(path) for path in videos if path not in names}
        count = Counter(made.values())
        names.update((path, name) for path, name in made.items() if count[name] == 1)
    return names


def _undecoded(videos: Sequence[Path], analyser: Analyser) -> list[Path]:
    """Videos that are not stored yet."""
    found = []
    for path in videos:
        try:
            if not analyser.is_cached(path):
                found.append(path)
        except VideoError:
            continue  # it will be told when its turn comes
    return found


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
        lines.append(
            f"  {stage}: {source}, {timing.units} in {timing.busy_s:.2f} s ({rate:.0f}/s) on {timing.device}"
        )
    video = analysis.timeline.video
    lines.append(
        f"  {video.width_px}x{video.height_px}, {video.fps_hz:.3f} Hz, rotated by {video.rotation_deg} degrees"
    )
    return "\n".join(lines)
