"""The XML of ELAN's annotation files (.eaf), as the standard library's parser meets it, with the
lines of elements.

Format: the EAF schema of the Max Planck Institute for Psycholinguistics
(http://www.mpi.nl/tools/elan/EAFv3.0.xsd).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from xml.parsers import expat

from ferbench.errors import FormatError

_SAVE_AGAIN: Final = "open it in ELAN and save it again"


@dataclass(slots=True, kw_only=True)
class EafAnnotation:
    """An annotation as written: its own time slots, or the annotation that it refers to."""

    line: int
    name: str
    slots: tuple[str, str] | None = None
    parent: str = ""
    text: str = ""


@dataclass(slots=True, kw_only=True)
class EafTier:
    """A tier with its attributes as written."""

    attributes: Mapping[str, str]
    annotations: list[EafAnnotation] = field(default_factory=list)


class EafDocument:
    """What the parser collects; DTDs, and with them entities, are refused as soon as one begins."""

    def __init__(self, path: Path) -> None:
        """Prepare for reading one file."""
        self.path = path
        self.media: list[Mapping[str, str]] = []
        self.slots_ms: dict[str, int | None] = {}
        self.tiers: dict[str, EafTier] = {}
        self._tier: EafTier | None = None
        self._texts: list[str] | None = None
        self._root = True
        self._parser = expat.ParserCreate()
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters

    @classmethod
    def read(cls, path: Path) -> EafDocument:
        """Read a file. Raises FormatError where it cannot be read, or is no ELAN file."""
        document = cls(path)
        try:
            document._parse(path.read_bytes())
        except OSError as error:
            raise FormatError(
                f"{path}: cannot be read ({error.strerror}); check the name"
            ) from error
        return document

    def _parse(self, data: bytes) -> None:
        try:
            self._parser.Parse(data, True)
        except expat.ExpatError as error:
            reason = expat.ErrorString(error.code)
            raise FormatError(
                f"{self.path}, line {error.lineno}: not XML ({reason}); expected an ELAN file: {_SAVE_AGAIN}"
            ) from error
        except (ValueError, LookupError) as error:  # an encoding that the parser does not know
            raise FormatError(
                f"{self.path}: cannot be decoded ({error}); expected an ELAN file in UTF-8"
            ) from error

    def _doctype(self, *_: object) -> None:
        raise self.wrong(
            "has a DOCTYPE, which ELAN's files have not and which is not read (it may hold entities)"
        )

    def wrong(self, what: str, line: int | None = None) -> FormatError:
        """The error for this place in the file."""
        place = self._parser.CurrentLineNumber if line is None else line
        return FormatError(f"{self.path}, line {place}: {what}; {_SAVE_AGAIN}")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if self._root:
            self._root = False
            if name != "ANNOTATION_DOCUMENT":
                raise FormatError(
                    f"{self.path}: not an ELAN file: expected the root element ANNOTATION_DOCUMENT, got {name}"
                )
        elif name == "HEADER":
            units = attributes.get("TIME_UNITS", "milliseconds")
            if units != "milliseconds":
                raise self.wrong(f"TIME_UNITS is {units!r}, expected milliseconds")
        elif name == "MEDIA_DESCRIPTOR":
            self.media.append(attributes)
        elif name == "TIME_SLOT":
            self.slots_ms[self._needed(attributes, "TIME_SLOT_ID", name)] = self._milliseconds(
                attributes, "TIME_VALUE"
            )
        elif name == "TIER":
            tier = self._needed(attributes, "TIER_ID", name)
            if tier in self.tiers:
                raise self.wrong(f"there are two tiers named {tier!r}")
            self._tier = self.tiers[tier] = EafTier(attributes=attributes)
        elif name in ("ALIGNABLE_ANNOTATION", "REF_ANNOTATION"):
            self._annotation(name, attributes)
        elif name == "ANNOTATION_VALUE":
            self._texts = []

    def _annotation(self, name: str, attributes: dict[str, str]) -> None:
        if self._tier is None:
            raise self.wrong(f"{name} outside of a TIER")
        found = EafAnnotation(
            line=self._parser.CurrentLineNumber,
            name=self._needed(attributes, "ANNOTATION_ID", name),
        )
        if name == "REF_ANNOTATION":
            found.parent = self._needed(attributes, "ANNOTATION_REF", name)
        else:
            first, last = (self._needed(attributes, f"TIME_SLOT_REF{n}", name) for n in (1, 2))
            found.slots = (first, last)
        self._tier.annotations.append(found)

    def _characters(self, text: str) -> None:
        if self._texts is not None:
            self._texts.append(text)

    def _end(self, name: str) -> None:
        if name == "TIER":
            self._tier = None
        elif name == "ANNOTATION_VALUE" and self._texts is not None:
            if self._tier is not None and self._tier.annotations:
                self._tier.annotations[-1].text = " ".join("".join(self._texts).split())
            self._texts = None

    def _needed(self, attributes: Mapping[str, str], name: str, element: str) -> str:
        if not attributes.get(name):
            raise self.wrong(f"{element} without {name}")
        return attributes[name]

    def _milliseconds(self, attributes: Mapping[str, str], name: str) -> int | None:
        text = attributes.get(name)
        if text is None:
            return None
        try:
            return int(text)
        except ValueError:
            raise self.wrong(f"{name} is {text!r}, expected whole milliseconds") from None

    def origin_ms(self) -> int:
        """Where second 0 of the annotations is in the first linked file."""
        return self._milliseconds(self.media[0], "TIME_ORIGIN") or 0 if self.media else 0
