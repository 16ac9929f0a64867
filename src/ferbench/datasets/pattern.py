"""What video files' names tell about sessions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from ferbench.datasets.naming import Naming, did_you_mean
from ferbench.datasets.recordings import Moment, Recording, parse_moment
from ferbench.errors import ConfigError, DatasetError
from ferbench.sentences import Setting, Text
from ferbench.spelling import plain
from ferbench.wording import some

GROUPS: Final = ("session", "participant", "camera", "part", "start")
FILE_NAME: Final = r"(?P<session>[^/]+)\.[^./]+$"
"""The default: the session is the file's name without its suffix."""

_PATTERN: Final = Setting("pattern")
_WRITTEN_CLOCK: Final = re.compile(
    r"(?:(?P<y>\d{4})[-_.]?(?P<m>\d\d)[-_.]?(?P<d>\d\d)[-_. T]*)?"
    r"(?P<h>\d\d)[-_.h]?(?P<min>\d\d)[-_.m]?(?P<s>\d\d)s?",
    re.ASCII,
)


def compiled(pattern: str, naming: Naming) -> re.Pattern[str]:
    """The pattern as a regular expression.

    Raises:
        ConfigError: it is no regular expression, or has not the groups that it needs.
    """
    try:
        expression = re.compile(pattern)
    except re.error as error:
        position = len(pattern)
        if error.pos is not None:
            position = error.pos
        raise ConfigError(
            f"not a regular expression: {error.msg} at position {position}: "
            f"{pattern[:position]!r}, then {pattern[position:]!r}",
            key=_PATTERN.key,
        ) from error
    for name in expression.groupindex:
        if name not in GROUPS:
            raise ConfigError(
                f"there is no group {name!r}{did_you_mean(name, GROUPS)}",
                key=_PATTERN.key,
                hint=f"groups: {', '.join(GROUPS)}",
            )
    for name in naming.fields:
        if name not in expression.groupindex:
            raise ConfigError(
                f"the session's name {naming.template!r} needs a group (?P<{name}>...), "
                f"got {pattern!r}",
                key=_PATTERN.key,
            )
    return expression


def recordings_by_name(
    videos: Sequence[Path], root: Path, pattern: str, naming: Naming
) -> tuple[tuple[Recording, ...], tuple[str, ...]]:
    """Read each video's name.

    The pattern is searched for in the path below ``root``, written with forward slashes; it may lie
    anywhere in it (``^`` and ``$`` mean its ends).

    Returns:
        Recordings, and a notice about files that the pattern does not fit.

    Raises:
        ConfigError: the pattern cannot be used.
        DatasetError: it fits no file, or a start that it finds is no time.
    """
    expression = compiled(pattern, naming)
    recordings: list[Recording] = []
    unfit: list[str] = []
    for path in videos:
        name = plain(path.relative_to(root).as_posix())
        values = _values(expression, name)
        if all(values.get(field, "").strip() for field in naming.fields):
            recordings.append(_recording(path, name, values))
        else:
            unfit.append(name)
    if not recordings:
        raise DatasetError(
            Text(
                _PATTERN,
                f" fits none of {len(videos)} videos: {some(unfit[:3])}; it is {pattern!r}",
            )
        )
    notices: list[str] = []
    if unfit:
        count = f"{len(unfit)} of {len(videos)} videos"
        notices.append(Text(_PATTERN, f" does not fit {count}: {some(unfit)}; left out"))
    return tuple(recordings), tuple(notices)


def _values(expression: re.Pattern[str], name: str) -> dict[str, str]:
    """What the groups find in a name; empty where the pattern does not fit."""
    match = expression.search(name)
    if match is None:
        return {}
    return {group: value or "" for group, value in match.groupdict().items()}


def _recording(path: Path, name: str, values: dict[str, str]) -> Recording:
    start = None
    if values.get("start"):
        start = _start(values["start"], name)
    return Recording(
        path=path,
        where=name,
        session=values.get("session", ""),
        participant=values.get("participant", ""),
        camera=values.get("camera", ""),
        part=values.get("part", ""),
        start=start,
    )


def _start(text: str, name: str) -> Moment:
    """A start in a file's name, without colons.

    14-03-20, 140320 and 2024-03-05_14-03-20 are clock times.
    """
    match = _WRITTEN_CLOCK.fullmatch(text)
    if match:
        time = f"{match['h']}:{match['min']}:{match['s']}"
        text = f"{match['y']}-{match['m']}-{match['d']} {time}" if match["y"] else time
    moment = parse_moment(text)
    if isinstance(moment, str):
        raise DatasetError(Text(f"{name}: ", _PATTERN, f" finds the start {moment}"))
    return moment
