"""The signal of a label in one of the thesis' files of predictions."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ferbench.errors import ConfigError
from ferbench.labels import expression_name
from ferbench.sentences import Setting, Text
from ferbench.thesis.frame_csv import read_thesis_csv
from ferbench.thesis.names import parse_thesis_name
from ferbench.thesis.rows import LABELS, label_signal
from ferbench.types import Signal


def signal_of_thesis(path: Path, *, label: str, fps: float | None, video: Path | None) -> Signal:
    """1 where a row says the wanted label, else 0.

    Args:
        path: the file.
        label: an expression in any spelling, or as the file has it.
        fps: rows per second; None = take it from ``video``.
        video: the file's video, or the folder in which that is.

    Raises:
        FormatError: the file is not one of the thesis'; names the line.
        ConfigError: the rate is missing, or no row has the label.
    """
    predictions = read_thesis_csv(path)
    existing = {label for label in predictions.labels if label is not None}
    label = _as_written(label, existing)
    if label not in existing and label not in LABELS:
        names = ", ".join(sorted(existing)) or "none"
        raise ConfigError(f"no row of {path.name} says {label!r}; there are: {names}", key="label")
    return label_signal(predictions, _rate(path, fps, video), label=label)


def _as_written(label: str, existing: Iterable[str]) -> str:
    """A label as a thesis file spells it: as it is, or the one that means the same expression."""
    if label in existing:
        return label
    meant = [theirs for theirs in (*sorted(existing), *LABELS) if _is_same(theirs, label)]
    return meant[0] if meant else label


def _is_same(one: str, other: str) -> bool:
    """Whether two labels mean one expression."""
    try:
        return expression_name(one) == expression_name(other)
    except ConfigError:
        return False


def _rate(path: Path, fps: float | None, video: Path | None) -> float:
    """Rows per second of a thesis CSV."""
    if fps is not None:
        return fps
    if video is None:
        give = Text("give its frame rate with ", Setting("fps"), ", or its video with ")
        hint = Text(give, Setting("video"))
        raise ConfigError(f"{path.name} holds no times", hint=hint)
    if video.is_dir():
        name = parse_thesis_name(path.name)
        if name is None or name.model is None:
            message = (
                f"{path.name} is not named <video>.<model>.<backend>.csv, so its video is not known"
            )
            raise ConfigError(
                message,
                hint=Text(
                    *("give the video itself with ", Setting("video")),
                    *(", or the frame rate with ", Setting("fps")),
                ),
            )
        video = _video_of(path, name.video, video)
    from ferbench.video.container import container_rate

    return container_rate(video)


def _video_of(path: Path, name: str, folder: Path) -> Path:
    """A video in a folder, or below it in one that is called as the folder of ``path``."""
    above = path.absolute().parent.parts
    places = [folder]
    places += [folder.joinpath(*above[-depth:]) for depth in range(1, len(above))]
    return next((place / name for place in places if (place / name).is_file()), folder / name)
