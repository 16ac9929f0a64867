"""What video files' names tell about sessions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from ferbench.datasets.naming import Naming, did_you_mean
from ferbench.datasets.recordings import Moment, Recording, parse_moment
from ferbench.errors import ConfigError, DatasetError
from ferbench.spelling import plain
from ferbench.wording import some

GROUPS: Final = ("session", "participant", "camera", "part", "start")
FILE_NAME: Final = r"(?P<session>[^/]+)\.[^./]+$"
"""The default: the session is the file's name without its suffix."""

_WRITTEN_CLOCK: Final = re.compile(
    r"(?:(?P<y>\d{4})[-_.]?(?P<m>\d\d)[-_.]?(?P<d>\d\d)[-_. T]*)?(?P<h>\d\d)[-_.h]?(?P<min>\d\d)[-_.m]?(?P<s>\d\d)s?",
    re.ASCII,
)


def compiled(pattern: str, naming: Naming) -> re.Pattern[str]:
    """The pattern, checked. Raises ConfigError.

    It is no regular expression, or has not the groups that it needs.
    """
    try:
        expression = re.compile(pattern)
    except re.error as error:
        at = error.pos if error.pos is not None else len(pattern)
        raise ConfigError(
            f"pattern: not a regular expression: {error.msg} at position {at}: {pattern[:at]!r}, then {pattern[at:]!r}"
        ) from error
    for name in expression.groupindex:
        if name not in GROUPS:
            raise ConfigError(
                f"pattern: there is no group {name!r}{did_you_mean(name, GROUPS)}; groups: {', '.join(GROUPS)}"
            )
    for name in naming.fields:
        if name not in expression.groupindex:
            raise ConfigError(
                f"pattern: the session's name {naming.template!r} needs a group (?P<{name}>...), got {pattern!r}"
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
    found: list[Recording] = []
    unfit: list[str] = []
    for path in videos:
        name = plain(path.relative_to(root).as_posix())
        match = expression.search(name)
        values = (
            {} if match is None else {key: value or "" for key, value in match.groupdict().items()}
        )
        if not all(values.get(field, "").strip() for field in naming.fields):
            unfit.append(name)
            continue
        start = values.get("start", "")
        found.append(
            Recording(
                path=path,
                where=name,
                session=values.get("session", ""),
                participant=values.get("participant", ""),
                camera=values.get("camera", ""),
                part=values.get("part", ""),
                start=_start(start, name) if start else None,
            )
        )
    if not found:
        raise DatasetError(
            f"dataset.pattern fits none of {len(videos)} videos: {some(unfit[:3])}; it is {pattern!r}"
        )
    if not unfit:
        return tuple(found), ()
    return tuple(found), (
        f"dataset.pattern does not fit {len(unfit)} of {len(videos)} videos: {some(unfit)}; left out",
    )


def _start(text: str, name: str) -> Moment:
    """A start in a file's name, without colons.

    14-03-20, 140320 and 2024-03-05_14-03-20 are clock times.
    """
    match = _WRITTEN_CLOCK.fullmatch(text)
    if match:
        day = f"{match['y']}-{match['m']}-{match['d']} " if match["y"] else ""
        text = f"{day}{match['h']}:{match['min']}:{match['s']}"
    read = parse_moment(text)
    if isinstance(read, str):
        raise DatasetError(f"{name}: dataset.pattern finds the start {read}")
    return read
