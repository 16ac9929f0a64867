"""Render the videos of a folder: which predictions are whose, and one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ferbench.datasets.files import SUFFIXES, video_files
from ferbench.errors import ConfigError, FerbenchError
from ferbench.formats.predictions import video_of_table
from ferbench.places import file_stem
from ferbench.spelling import comparable_name
from ferbench.thesis.names import parse_thesis_name
from ferbench.workflows.file_kinds import check_is_no_table
from ferbench.workflows.prediction_sources import prediction_sources
from ferbench.workflows.render import (
    ENDING,
    NoEventsError,
    OnFrames,
    RenderedVideo,
    RenderOptions,
    render_video,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A video and its predictions; of a pair without a partner, ``problem`` says so.

    Attributes:
        video: what is rendered; where there is none, the predictions.
        predictions: what is drawn.
        problem: why it cannot be rendered; "" = it can.
    """

    video: Path
    predictions: Path
    problem: str = ""


def pairs_of(source: Path, predictions: Path, *, model: str | None = None) -> tuple[Pair, ...]:
    """Each video with each of its predictions.

    Args:
        source: a video, or a folder of videos, with those below it.
        predictions: a file, or a folder of files, with those below it.
        model: of the thesis' files in a folder, those of this model only.

    Raises:
        FerbenchError: there is no video, or there are no predictions.
    """
    if not predictions.exists():
        raise ConfigError(f"{predictions}: there is no such file or folder", key="predictions")
    check_is_no_table(source)
    videos = video_files(source, suffixes=SUFFIXES, recursive=True)
    if predictions.is_file() and not source.is_dir():
        return (Pair(video=source, predictions=predictions),)
    tables = prediction_sources([predictions], model=model, several=True).paths
    found = [_pair(table, videos) for table in tables]
    if not source.is_dir():  # predictions of other videos were not asked for
        found = [pair for pair in found if not pair.problem]
    paired = {pair.video for pair in found}
    found += [
        Pair(video=video, predictions=predictions, problem=f"no predictions of it in {predictions}")
        for video in videos
        if video not in paired
    ]
    return tuple(sorted(found, key=lambda pair: (str(pair.video), str(pair.predictions))))


def _pair(table: Path, videos: Sequence[Path]) -> Pair:
    """A table with the video that it tells, or else that is called as it is."""
    told = video_of_table(table) if table.suffix == ".parquet" else None
    if told is not None:
        same = [video for video in videos if video.samefile(told)]
        if same:
            return Pair(video=same[0], predictions=table)
    thesis = parse_thesis_name(table.name)
    name = comparable_name(table.stem if thesis is None else thesis.video)
    named = [video for video in videos if name in _names_of(video)]
    if len(named) == 1:
        return Pair(video=named[0], predictions=table)
    problem = "its video is not there"
    if named:
        problem = f"it may be of {named[0]} or {named[1]}; give one of these alone"
    return Pair(video=table, predictions=table, problem=problem)


def _names_of(video: Path) -> set[str]:
    """What predictions of a video may be called."""
    names = (video.name, video.stem, file_stem(video.stem))
    return {comparable_name(name) for name in names}


def out_of(pair: Pair, out: Path, *, compilation: bool) -> Path:
    """Where a rendered video goes: ``out`` itself, or a file in that folder, after the predictions.

    Args:
        pair: a video and its predictions.
        out: an .mp4, or a folder.
        compilation: whether it is one of events.
    """
    if out.suffix.lower() == ENDING:
        return out
    kind = ".events" if compilation else ""
    return out / f"{pair.predictions.stem}{kind}{ENDING}"


def check_outs(pairs: Sequence[Pair], out: Path) -> None:
    """Raise ConfigError where several videos would go to one file."""
    if out.suffix.lower() == ENDING and len(pairs) > 1:
        raise ConfigError(key="out", expected=f"a folder for {len(pairs)} videos", got=str(out))
    if out.exists() and out.suffix.lower() != ENDING and not out.is_dir():
        raise ConfigError(key="out", expected=f"a folder, or a name that ends in {ENDING}", got=out)


def render_pairs(
    pairs: Sequence[Pair],
    out: Path,
    options: RenderOptions,
    *,
    on_frames: Callable[[Pair], OnFrames],
) -> Iterator[RenderedVideo]:
    """Render one video after the other; one that fails is told of, the others go on.

    Args:
        pairs: of ``pairs_of``.
        out: see ``out_of``.
        options: how.
        on_frames: makes what is told how far a video's frames are.

    Raises:
        ConfigError: several videos would go to one file.
    """
    check_outs(pairs, out)
    for pair in pairs:
        try:
            yield _rendered(
                pair, out_of(pair, out, compilation=options.compilation), options, on_frames(pair)
            )
        except NoEventsError as error:
            yield RenderedVideo(path=pair.video, error=error if len(pairs) == 1 else None)
        except (FerbenchError, OSError) as error:
            yield RenderedVideo(path=pair.video, error=error)


def _rendered(pair: Pair, out: Path, options: RenderOptions, on_frames: OnFrames) -> RenderedVideo:
    if pair.problem:
        raise ConfigError(f"{pair.video}: {pair.problem}")
    return render_video(pair.video, pair.predictions, out, options, on_frames=on_frames)
