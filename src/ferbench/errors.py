"""All errors that ferbench raises on purpose: one tree, so a caller can catch the whole family.

An error says what is wrong, what was got, what was expected, and what to do next, as fields. Who
shows it finds the words (``sentences``): nothing below the edge knows whether its reader has a
notebook, a run or a command before them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import is_dataclass
from typing import Any, Final, Self

from ferbench.sentences import LIBRARY_WORDS, Part, Setting, Text, Words
from ferbench.system_errors import next_step


class _Unset:
    """No value was got."""


_UNSET: Final = _Unset()


class FerbenchError(Exception):
    """Base of every error that ferbench raises on purpose.

    Attributes:
        message: what is wrong, one or more sentences; "" = ``expected`` and ``got`` say it.
        key: the field that it is about, dotted where it lies deeper; "" = it is about none.
        expected: what would have been right; "" = the message says it.
        got: the value that was given.
        hint: what to do next; "" = nothing beyond the message.

    >>> str(ConfigError(key="post_s", expected="0 or more seconds", got=-1))
    'post_s: expected 0 or more seconds, got -1'
    """

    def __init__(
        self,
        message: str = "",
        *,
        key: str = "",
        expected: str = "",
        got: object = _UNSET,
        hint: str = "",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.key = key
        self.expected = expected
        self.got = got
        self.hint = hint

    def __str__(self) -> str:
        """The whole message in the library's words."""
        return self.told(LIBRARY_WORDS)

    def told(self, words: Words) -> str:
        """The whole message in somebody's words."""
        return self.text().told(words)

    def text(self) -> Text:
        """The whole message, its settings and actions kept."""
        parts: list[Part] = [self.message or self._comparison()]
        if self.key:
            parts = [Setting(self.key), ": ", *parts]
        hint = next_step(self.__cause__) or self.hint
        if hint and hint not in Text(*parts):  # an error that was told anew says it already
            parts += ["; ", hint]
        return Text(*parts)

    def _comparison(self) -> str:
        sentence = f"expected {self.expected}" if self.expected else ""
        if isinstance(self.got, _Unset):
            return sentence
        separator = ", " if sentence else ""
        return f"{sentence}{separator}got {_named(self.got)}"

    def within(self, prefix: str) -> Self:
        """The same error, about fields of ``prefix``."""
        message = self.message.within(prefix) if isinstance(self.message, Text) else self.message
        hint = self.hint.within(prefix) if isinstance(self.hint, Text) else self.hint
        key = f"{prefix}.{self.key}" if self.key else ""
        return type(self)(message, key=key, expected=self.expected, got=self.got, hint=hint)

    def __reduce__(self) -> tuple[Any, ...]:
        """Cells of a sweep hand errors from process to process; where they came from stays."""
        hint = next_step(self.__cause__) or self.hint
        return (_again, (type(self), self.message, self.key, self.expected, self.got, hint))


def _named(value: object) -> str:
    """A value as a sentence tells it: of a component its class, as its fields fill a page."""
    if is_dataclass(value) and not isinstance(value, type):
        return type(value).__name__
    return repr(value)


def _again(
    kind: type[FerbenchError], message: str, key: str, expected: str, got: object, hint: str
) -> FerbenchError:
    return kind(message, key=key, expected=expected, got=got, hint=hint)


@contextmanager
def errors_within(prefix: str) -> Iterator[None]:
    """Errors raised inside are about fields of ``prefix``."""
    try:
        yield
    except FerbenchError as error:
        raise error.within(prefix) from error


class ConfigError(FerbenchError):
    """A configuration key, value or combination that cannot be used."""


class DataError(FerbenchError):
    """A value that breaks the contract of a ferbench type (shape, dtype, order)."""


class VideoError(FerbenchError):
    """A video that cannot be opened, or that is damaged."""


class DatasetError(FerbenchError):
    """A folder of sessions or an annotations file that cannot be used."""


class FormatError(FerbenchError):
    """A file in another program's format that cannot be read; names file and line."""


class WeightsError(FerbenchError):
    """A weight file that is missing, not what it should be, or cannot be fetched."""


class WeightsFolderError(WeightsError):
    """The folder of weight files cannot be used; it says nothing about any file in it."""


class CacheError(FerbenchError):
    """A stored table that cannot be read back as what it claims to be."""


class TrackingError(FerbenchError):
    """A tracking store that cannot be used."""


class StoreAwayError(TrackingError):
    """A tracking store that does not answer now, and may later."""


class ClusterError(FerbenchError):
    """A cluster of machines that cannot be used, or one of its machines."""
