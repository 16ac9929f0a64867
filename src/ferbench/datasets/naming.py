"""Names of sessions and participants: how they are made, and when two spellings mean the same."""

from __future__ import annotations

import difflib
import re
import string
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Generic, TypeVar

from ferbench.datasets.files import is_video
from ferbench.errors import ConfigError, DatasetError
from ferbench.sentences import Text
from ferbench.spelling import comparable_name, plain
from ferbench.wording import some

PARTS_OF_A_NAME: Final = ("session", "participant")
NUMBERED_WITHIN: Final = "{participant}_{session}"
"""How sessions are named that are numbered within participants."""
_SHOWN: Final = 10
_ALIKE: Final = 0.75
"""How similar a name must be to be suggested (``difflib``'s ratio)."""

T = TypeVar("T")
Identity = tuple[str, ...]
"""Values of the fields that a session's name is made of."""
_Piece = tuple[str, str | None, str | None, str | None]
"""A piece of a template: text, and the field after it with its format and conversion."""


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
            pieces = list(string.Formatter().parse(self.template))
        except ValueError as error:
            raise ConfigError(
                f"{self.template!r} is no template: {error}", key="session_name"
            ) from error
        if not _are_plain_fields(list(filter(_puts_in_a_value, pieces))):
            raise ConfigError(
                key="session_name",
                expected=f"a text with {{session}} or {{participant}} such as {NUMBERED_WITHIN!r}",
                got=self.template,
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
        """The sessions' names that are made of the same values, however these are spelled.

        >>> Naming(template="{participant}_{session}").means(("2", "P7"), ["p7_02", "p7_12"])
        {'p7_02'}
        """
        values = dict(zip(self.fields, map(comparable_name, identity), strict=True))
        expression = re.compile(self._pattern(values))
        return {name for name in names if expression.fullmatch(plain(plain(name).casefold()))}

    def _pattern(self, values: Mapping[str, str]) -> str:
        """A regular expression of all names that are made of the values, in lower case."""
        pattern = ""
        for literal, name, _, _ in string.Formatter().parse(self.template):
            pattern += re.escape(unicodedata.normalize("NFC", literal.casefold()))
            if name is not None:
                zeros = "0*" if values[name].isdecimal() else ""
                pattern += zeros + re.escape(values[name])
        return pattern


def _are_plain_fields(pieces: Sequence[_Piece]) -> bool:
    """Whether there are pieces, and each puts in a session or participant."""
    return bool(pieces) and all(map(_is_plain_field, pieces))


def _puts_in_a_value(piece: _Piece) -> bool:
    return piece[1] is not None


def _is_plain_field(piece: _Piece) -> bool:
    """Whether a piece of a template puts in a session or participant, without a format."""
    _, name, form, conversion = piece
    return name in PARTS_OF_A_NAME and not form and not conversion


class Finder(Generic[T]):
    """Finds what a name written by a human means.

    Spelled exactly so, else the only one that is the same name in another spelling.
    """

    def __init__(self, known: Iterable[tuple[Identity, T]]) -> None:
        """Take the known identities, each with what it stands for."""
        self._exact: dict[Identity, T] = dict(known)
        self._spellings: dict[Identity, list[Identity]] = {}
        for identity in self._exact:
            self._spellings.setdefault(_comparable(identity), []).append(identity)

    def find(self, identity: Identity) -> T | None:
        """What an identity stands for; None = nothing.

        Raises:
            DatasetError: it may be several.
        """
        if identity in self._exact:
            return self._exact[identity]
        spellings = self._spellings.get(_comparable(identity), [])
        if not spellings:
            return None
        if len(spellings) > 1:
            raise _ambiguous(identity, spellings)
        return self._exact[spellings[0]]


def _ambiguous(identity: Identity, spellings: Sequence[Identity]) -> DatasetError:
    all_spellings = " and ".join(repr(" ".join(spelled)) for spelled in spellings)
    return DatasetError(
        f"{' '.join(identity)!r} may be {all_spellings}, which differ only in case or leading "
        "zeros",
        hint="spell it as one of them",
    )


def _comparable(identity: Identity) -> Identity:
    return tuple(map(comparable_name, identity))


def without_suffix(session: str, suffixes: Sequence[str]) -> str:
    """A session's name without a video's suffix.

    >>> without_suffix("a.b.MP4", [".mp4"])
    'a.b'
    """
    path = Path(session)
    if is_video(path, suffixes):
        return path.stem
    return session


def chosen(key: str, name: str, known: Collection[str]) -> str:
    """The known name that a setting asks for, in its own spelling.

    Args:
        key: the setting, for the message.
        name: as a person wrote it.
        known: all names that there are.

    Raises:
        DatasetError: there is none, with the nearest one, or all; or it may be several.
    """
    finder = Finder(((plain(text),), text) for text in known)
    spelled = finder.find((plain(name),))
    if spelled is None:
        there = some([text for text in sorted(known) if text]) or "none"
        raise DatasetError(
            f"there is no {name!r}{did_you_mean(name, known)}", key=key, hint=f"there are: {there}"
        )
    return spelled


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A hint in brackets at the nearest name; "" = none is near."""
    spelled = {comparable_name(text): text for text in known}
    near = difflib.get_close_matches(comparable_name(name), spelled, n=1, cutoff=_ALIKE)
    if not near:
        return ""
    return f" (did you mean {spelled[near[0]]!r}?)"


def lookalikes(what: str, names: Iterable[str]) -> list[str]:
    """One notice per group of names that differ only in case or leading zeros."""
    groups: dict[str, list[str]] = {}
    for name in sorted(set(names)):
        groups.setdefault(comparable_name(name), []).append(name)
    return [
        f"the {what} {' and '.join(map(repr, spellings))} differ only in case or leading zeros; "
        "they are taken as different"
        for spellings in groups.values()
        if len(spellings) > 1
    ]


def raise_problems(what: str, problems: Sequence[str]) -> None:
    """Raise one DatasetError that tells the first problems; nothing where there are none."""
    if not problems:
        return
    if len(problems) == 1:
        raise DatasetError(Text(f"{what}: ", problems[0]))
    lines = list(problems[:_SHOWN])
    more = len(problems) - _SHOWN
    if more > 0:
        lines.append(f"and {more} more")
    raise DatasetError(Text(f"{what}:", *(Text("\n  ", line) for line in lines)))
