"""The signal of a label in one of the thesis' files of predictions."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from ferbench.errors import ConfigError
from ferbench.events.windowed import Windowed
from ferbench.labels import expression_name
from ferbench.sentences import Setting, Text
from ferbench.thesis.frame_csv import read_thesis_csv
from ferbench.thesis.names import parse_thesis_name
from ferbench.thesis.rows import LABELS, label_signal
from ferbench.types import Signal

if TYPE_CHECKING:
    from ferbench.workflows.find_events import FindOptions


def signal_of_thesis(path: Path, options: FindOptions) -> Signal:
    """1 where a row says the wanted label, else 0.

    Raises:
        FormatError: the file is not one of the thesis'; names the line.
        ConfigError: an option is for other files, the rate is missing, or no row has the label.
    """
    _check_thesis_options(path, options)
    predictions = read_thesis_csv(path)
    existing = {label for label in predictions.labels if label is not None}
    label = _as_written(options.labels[0], existing)
    if label not in existing and label not in LABELS:
        names = ", ".join(sorted(existing)) or "none"
        raise ConfigError(f"no row of {path.name} says {label!r}; there are: {names}", key="label")
    return label_signal(predictions, _rate(path, options), label=label)


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


def _check_thesis_options(path: Path, options: FindOptions) -> None:
    """Raise ConfigError where an option has no place in a thesis CSV."""
    for name in ("kind", "direction", "selector"):
        if getattr(options, name) is not None:
            one_label = f"{path.name} is a thesis CSV: one face and one label per row; leave "
            raise ConfigError(Text(one_label, Setting(name), " out"))
    if len(options.labels) != 1:
        raise ConfigError(f"{path.name} is a thesis CSV; expected one label, got {options.labels}")
    rule = options.rule
    if isinstance(rule, Windowed) and rule.enter != Windowed().enter:
        no_level = f"{path.name} is a thesis CSV: its labels have no level; leave "
        raise ConfigError(Text(no_level, Setting("event.enter"), " out"))


def _rate(path: Path, options: FindOptions) -> float:
    """Rows per second of a thesis CSV."""
    if options.fps is not None:
        return options.fps
    video = options.video
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
