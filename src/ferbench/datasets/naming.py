"""Names of sessions and participants: how they are made, and when two spellings mean the same."""

from __future__ import annotations

import difflib
import re
import string
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Generic, TypeVar

from ferbench.datasets.files import is_video
from ferbench.errors import ConfigError, DatasetError
from ferbench.spelling import comparable_name, plain
from ferbench.wording import some

PARTS_OF_A_NAME: Final = ("session", "participant")
NUMBERED_WITHIN: Final = "{participant}_{session}"
_SHOWN: Final = 10

T = TypeVar("T")
Identity = tuple[str, ...]
"""Values of the fields that a session's name is made of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Naming:
    """How a session's name is made: a template over ``session`` and ``participant``.

    >>> Naming(template="{participant}_{session}").name(("2", "7"))
    '7_2'
    """

    template: str

    def __post_init__(self) -> None:
        """Check the template."""
        try:
            parsed = list(string.Formatter().parse(self.template))
        except ValueError as error:
            raise ConfigError(f"session_name: {self.template!r} is no template: {error}") from error
        used = [(name, form, how) for _, name, form, how in parsed if name is not None]
        if not used or not all(
            name in PARTS_OF_A_NAME and not form and not how for name, form, how in used
        ):
            raise ConfigError(
                f"session_name: expected a text with {{session}} or {{participant}} such as {NUMBERED_WITHIN!r}, "
                f"got {self.template!r}"
            )

    @property
    def fields(self) -> tuple[str, ...]:
        """Which of ``session`` and ``participant`` make the name."""
        used = {name for _, name, _, _ in string.Formatter().parse(self.template)}
        return tuple(name for name in PARTS_OF_A_NAME if name in used)

    def identity(self, session: str, participant: str) -> Identity:
        """What tells a session from others; "" where a value is missing."""
        values = {"session": plain(session), "participant": plain(participant)}
        return tuple(values[name] for name in self.fields)

    def name(self, identity: Identity) -> str:
        """The name of a session."""
        return self.template.format(**dict(zip(self.fields, identity, strict=True)))

    def means(self, identity: Identity, names: Iterable[str]) -> set[str]:
        """Those of some sessions' names whose fields are the same in canonical form.

        >>> Naming(template="{participant}_{session}").means(("2", "P7"), ["p7_02", "p7_12"])
        {'p7_02'}
        """
        values = dict(zip(self.fields, map(comparable_name, identity), strict=True))
        pattern = ""
        for literal, name, _, _ in string.Formatter().parse(self.template):
            pattern += re.escape(unicodedata.normalize("NFC", literal.casefold()))
            if name is not None:
                pattern += ("0*" if values[name].isdecimal() else "") + re.escape(values[name])
        return {name for name in names if re.fullmatch(pattern, plain(plain(name).casefold()))}


class Finder(Generic[T]):
    """Finds what a name written by a human means.

    Spelled exactly so, else the only one in the same canonical form.
    """

    def __init__(self, known: Iterable[tuple[Identity, T]]) -> None:
        """Take the known identities, each with what it stands for."""
        self._exact: dict[Identity, T] = dict(known)
        self._canonical: dict[Identity, list[Identity]] = {}
        for identity in self._exact:
            self._canonical.setdefault(tuple(map(comparable_name, identity)), []).append(identity)

    def find(self, identity: Identity) -> T | None:
        """What an identity stands for, None = nothing.

        Raises DatasetError where it may be several.
        """
        if identity in self._exact:
            return self._exact[identity]
        near = self._canonical.get(tuple(map(comparable_name, identity)), [])
        if len(near) > 1:
            both = " and ".join(repr(" ".join(spelled)) for spelled in near)
            raise DatasetError(
                f"{' '.join(identity)!r} may be {both}, which differ only in case or leading zeros; "
                "spell it as one of them"
            )
        return self._exact[near[0]] if near else None


def without_suffix(session: str, suffixes: Sequence[str]) -> str:
    """A session's name without a video's suffix.

    >>> without_suffix("a.b.MP4", [".mp4"])
    'a.b'
    """
    return Path(session).stem if is_video(Path(session), suffixes) else session


def chosen(key: str, wanted: str, known: Collection[str]) -> str:
    """The known name that a configuration key asks for.

    Raises DatasetError with the nearest one, or all.
    """
    found = Finder(((plain(name),), name) for name in known).find((plain(wanted),))
    if found is None:
        there = some([name for name in sorted(known) if name]) or "none"
        raise DatasetError(
            f"there is no {wanted!r}{did_you_mean(wanted, known)}",
            key=key,
            hint=f"there are: {there}",
        )
    return found


def did_you_mean(wanted: str, known: Iterable[str]) -> str:
    """A hint in brackets at the nearest name, or ""."""
    spelled = {comparable_name(name): name for name in known}
    near = difflib.get_close_matches(comparable_name(wanted), spelled, n=1, cutoff=0.75)
    return f" (did you mean {spelled[near[0]]!r}?)" if near else ""


def lookalikes(what: str, names: Iterable[str]) -> list[str]:
    """One notice per group of names that differ only in case or leading zeros."""
    groups: dict[str, list[str]] = {}
    for name in sorted(set(names)):
        groups.setdefault(comparable_name(name), []).append(name)
    return [
        f"the {what} {' and '.join(map(repr, group))} differ only in case or leading zeros; they are taken as different"
        for group in groups.values()
        if len(group) > 1
    ]


def raise_problems(what: str, problems: Sequence[str]) -> None:
    """Raise one DatasetError that tells the first problems; nothing where there are none."""
    if not problems:
        return
    more = len(problems) - _SHOWN
    told = [*problems[:_SHOWN], *([f"and {more} more"] if more > 0 else [])]
    raise DatasetError(
        f"{what}: {told[0]}" if len(told) == 1 else f"{what}:\n  " + "\n  ".join(told)
    )
