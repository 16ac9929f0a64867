"""All errors that ferbench raises on purpose: one tree, so a caller can catch the whole family.

An error says what is wrong, what was got, what was expected, and what to do next, as fields. Who
shows it finds the words: in a notebook a setting is a keyword argument (``annotator='Ann'``), in a
run a configuration key (``dataset.annotator=Ann``), in a command an option (``--annotator Ann``).
Nothing below the edge knows which of these it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol, Self


@dataclass(frozen=True, slots=True)
class Setting:
    """A field that the reader can set.

    Attributes:
        key: its name, dotted where it lies deeper: ``format.columns``.
        value: what to set it to, as text; "" = only the name is told.
    """

    key: str
    value: str = ""


_NUMBER: Final = re.compile(r"-?\d+(\.\d+)?(e[+-]?\d+)?")

Form = Literal["call", "each", "manual"]
"""Call it once, call it for each of several values, or read what it takes."""


@dataclass(frozen=True, slots=True, init=False)
class Action:
    """A verb of the library that the reader can call, such as ``fetch_weights``.

    Attributes:
        verb: its name.
        arguments: what it is called with, as text.
        settings: its fields that are set.
        form: "each": the one setting has several values, separated by commas.
    """

    verb: str
    arguments: tuple[str, ...]
    settings: tuple[Setting, ...]
    form: Form

    def __init__(self, verb: str, *arguments: str, form: Form = "call", **settings: str) -> None:
        """Take arguments, and settings by their keys."""
        object.__setattr__(self, "verb", verb)
        object.__setattr__(self, "arguments", arguments)
        object.__setattr__(self, "settings", tuple(Setting(*pair) for pair in settings.items()))
        object.__setattr__(self, "form", form)


Part = str | Setting | Action


class Words(Protocol):
    """How a user of ferbench names settings and actions."""

    def setting(self, setting: Setting) -> str:
        """A setting as this user writes it."""

    def action(self, action: Action) -> str:
        """An action as this user writes it."""


class LibraryWords:
    """Settings as keyword arguments, actions as calls.

    >>> words = LibraryWords()
    >>> words.action(Action("fetch_weights", "mtcnn", folder="DIR"))
    "ferbench.fetch_weights('mtcnn', folder='DIR')"
    >>> words.action(Action("evaluate", **{"event.enter": "0.4,0.5"}, form="each"))
    "[ferbench.evaluate(event={'enter': value}) for value in (0.4, 0.5)]"
    >>> words.action(Action("evaluate", form="manual"))
    'help(ferbench.evaluate)'
    """

    def setting(self, setting: Setting) -> str:
        """``annotator='Ann'``, or ``annotator``."""
        return f"{setting.key}={_literal(setting.value)}" if setting.value else setting.key

    def action(self, action: Action) -> str:
        """``ferbench.fetch_weights('mtcnn')``."""
        verb = f"ferbench.{action.verb}"
        if action.form == "manual":
            return f"help({verb})"
        if action.form == "each":
            (setting,) = action.settings
            values = map(_number_or_literal, setting.value.split(","))
            (argument,) = _keywords({setting.key: "value"})
            return f"[{verb}({argument}) for value in ({', '.join(values)})]"
        settings = {setting.key: _literal(setting.value) for setting in action.settings}
        return f"{verb}({', '.join([*map(repr, action.arguments), *_keywords(settings)])})"


def _literal(value: str) -> str:
    """A text of a configuration as Python writes it; numbers may be names and stay text."""
    return {"true": "True", "false": "False", "null": "None"}.get(value, repr(value))


def _number_or_literal(value: str) -> str:
    return value if _NUMBER.fullmatch(value) else _literal(value)


def _keywords(settings: Mapping[str, str]) -> list[str]:
    """Keyword arguments; fields of a group as one mapping, such as ``event={'enter': 0.5}``."""
    written = {key: value for key, value in settings.items() if "." not in key}
    fields: dict[str, list[str]] = {}
    for key, value in settings.items():
        group, dot, name = key.partition(".")
        if dot:
            fields.setdefault(group, []).append(f"{name!r}: {value}")
    written |= {group: f"{{{', '.join(pairs)}}}" for group, pairs in fields.items()}
    return [f"{key}={value}" for key, value in written.items()]


LIBRARY_WORDS: Final = LibraryWords()


class Text(str):
    """A sentence that keeps its settings and actions; as plain text in the library's words.

    >>> text = Text("choose one with ", Setting("annotator", "Ann"))
    >>> str(text)
    "choose one with annotator='Ann'"
    """

    __slots__ = ("parts",)
    parts: tuple[Part, ...]

    def __new__(cls, *parts: Part) -> Self:
        """Join the parts."""
        self = super().__new__(cls, _joined(parts, LIBRARY_WORDS))
        self.parts = parts
        return self

    def told(self, words: Words) -> str:
        """The sentence in somebody's words."""
        return _joined(self.parts, words)

    def replaced(self, old: str, new: str) -> Text:
        """The same sentence with another text in its plain parts."""
        return Text(*(_replaced(part, old, new) for part in self.parts))

    def within(self, prefix: str) -> Text:
        """The same sentence, its settings as fields of ``prefix``."""
        return Text(*(_within(part, prefix) for part in self.parts))

    def __reduce__(self) -> tuple[Any, ...]:
        """Cells of a sweep hand sentences from process to process."""
        return (Text, self.parts)


def told(text: str, words: Words) -> str:
    """A sentence in somebody's words; a plain one as it is."""
    return text.told(words) if isinstance(text, Text) else text


def _joined(parts: tuple[Part, ...], words: Words) -> str:
    texts = []
    for part in parts:
        if isinstance(part, Setting):
            texts.append(words.setting(part))
        elif isinstance(part, Action):
            texts.append(words.action(part))
        else:
            texts.append(told(part, words))
    return "".join(texts)


def _within(part: Part, prefix: str) -> Part:
    if isinstance(part, Setting):
        return Setting(f"{prefix}.{part.key}", part.value)
    if isinstance(part, Text):
        return part.within(prefix)
    return part


def _replaced(part: Part, old: str, new: str) -> Part:
    if isinstance(part, Text):
        return part.replaced(old, new)
    if isinstance(part, str):
        return part.replace(old, new)
    return part


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
        if self.hint:
            parts += ["; ", self.hint]
        return Text(*parts)

    def _comparison(self) -> str:
        sentence = f"expected {self.expected}" if self.expected else ""
        if isinstance(self.got, _Unset):
            return sentence
        separator = ", " if sentence else ""
        return f"{sentence}{separator}got {self.got!r}"

    def within(self, prefix: str) -> Self:
        """The same error, about fields of ``prefix``."""
        message = self.message.within(prefix) if isinstance(self.message, Text) else self.message
        hint = self.hint.within(prefix) if isinstance(self.hint, Text) else self.hint
        key = f"{prefix}.{self.key}" if self.key else ""
        return type(self)(message, key=key, expected=self.expected, got=self.got, hint=hint)

    def __reduce__(self) -> tuple[Any, ...]:
        """Cells of a sweep hand errors from process to process."""
        return (_again, (type(self), self.message, self.key, self.expected, self.got, self.hint))


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


class CacheError(FerbenchError):
    """A stored table that cannot be read back as what it claims to be."""


class TrackingError(FerbenchError):
    """A tracking store that cannot be used."""
