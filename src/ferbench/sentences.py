"""Sentences that keep what they name: who shows one finds the words.

In a notebook a setting is a keyword argument (``annotator='Ann'``), in a run a configuration key
(``dataset.annotator=Ann``), in a command an option (``--annotator Ann``); an action is a call or a
command line.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, Self

from ferbench.secret_texts import masked

_NUMBER: Final = re.compile(r"-?\d+(\.\d+)?(e[+-]?\d+)?")


@dataclass(frozen=True, slots=True)
class Setting:
    """A field that the reader can set.

    Attributes:
        key: its name, dotted where it lies deeper: ``format.columns``.
        value: what to set it to, as text; "" = only the name is told.
    """

    key: str
    value: str = ""


@dataclass(frozen=True, slots=True, init=False)
class Action:
    """A verb of the library that the reader can call, such as ``fetch_weights``.

    Attributes:
        verb: its name.
        arguments: what it is called with, as text.
        settings: its fields that are set.
        each: a field and the values that it takes one after the other; () = it is called once.
        is_manual: read what it takes, rather than call it.
    """

    verb: str
    arguments: tuple[str, ...]
    settings: tuple[Setting, ...]
    each: tuple[str, ...]
    is_manual: bool

    def __init__(
        self,
        verb: str,
        *arguments: str,
        settings: Mapping[str, str] | None = None,
        each: Sequence[str] = (),
        is_manual: bool = False,
    ) -> None:
        """Take arguments, and settings by their keys; of ``each`` the first is the field."""
        object.__setattr__(self, "verb", verb)
        object.__setattr__(self, "arguments", arguments)
        pairs = (settings or {}).items()
        object.__setattr__(self, "settings", tuple(Setting(*pair) for pair in pairs))
        object.__setattr__(self, "each", tuple(each))
        object.__setattr__(self, "is_manual", is_manual)


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
    >>> words.action(Action("fetch_weights", "mtcnn", settings={"folder": "DIR"}))
    "ferbench.fetch_weights('mtcnn', folder='DIR')"
    >>> words.action(Action("evaluate", each=("event.enter", "0.4", "0.5")))
    "[ferbench.evaluate(event={'enter': value}) for value in (0.4, 0.5)]"
    >>> words.action(Action("evaluate", is_manual=True))
    'help(ferbench.evaluate)'
    """

    def setting(self, setting: Setting) -> str:
        """``annotator='Ann'``, or ``annotator``."""
        if not setting.value:
            return setting.key
        (argument,) = _keywords({setting.key: _literal(setting.value)})
        return argument

    def action(self, action: Action) -> str:
        """``ferbench.fetch_weights('mtcnn')``."""
        verb = f"ferbench.{action.verb}"
        if action.is_manual:
            return f"help({verb})"
        if action.each:
            key, *values = action.each
            (argument,) = _keywords({key: "value"})
            items = ", ".join(map(_number_or_literal, values))
            return f"[{verb}({argument}) for value in ({items})]"
        settings = {setting.key: _literal(setting.value) for setting in action.settings}
        return f"{verb}({', '.join([*map(repr, action.arguments), *_keywords(settings)])})"


def _literal(value: str) -> str:
    """A text of a configuration as Python writes it; numbers may be names and stay text."""
    return {"true": "True", "false": "False", "null": "None"}.get(value, repr(value))


def _number_or_literal(value: str) -> str:
    return value if _NUMBER.fullmatch(value) else _literal(value)


def _keywords(settings: Mapping[str, str]) -> list[str]:
    """Keyword arguments; fields of a group as one mapping, such as ``event={'enter': 0.5}``."""
    return [f"{name}={text}" for name, text in _nested(settings).items()]


def _nested(settings: Mapping[str, str]) -> dict[str, str]:
    """Python expressions by their first names: those with longer ones as mappings."""
    expressions = {key: text for key, text in settings.items() if "." not in key}
    groups: dict[str, dict[str, str]] = {}
    for key, text in settings.items():
        group, dot, rest = key.partition(".")
        if dot:
            groups.setdefault(group, {})[rest] = text
    for group, fields in groups.items():
        pairs = ", ".join(f"{name!r}: {text}" for name, text in _nested(fields).items())
        expressions[group] = f"{{{pairs}}}"
    return expressions


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
        """The sentence in somebody's words, secrets masked."""
        return masked(_joined(self.parts, words))

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
    """A sentence in somebody's words; a plain one as it is; secrets masked."""
    return text.told(words) if isinstance(text, Text) else masked(text)


def joined(separator: str, texts: Sequence[str]) -> Text:
    """Sentences with something between them; they keep their settings and actions.

    >>> joined("; ", ["first", Text("then ", Setting("annotator"))]).parts
    ('first', '; ', "then annotator")
    """
    parts: list[Part] = []
    for number, text in enumerate(texts):
        parts += [separator, text] if number else [text]
    return Text(*parts)


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
