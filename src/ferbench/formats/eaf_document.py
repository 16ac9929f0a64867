"""The XML of ELAN's annotation files (.eaf) with the lines of its elements, as expat parses it.

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
        self._annotations: dict[str, EafAnnotation] = {}
        self._tier: EafTier | None = None
        self._texts: list[str] | None = None
        self._is_root = True
        self._starts = {
            "HEADER": self._check_units,
            "MEDIA_DESCRIPTOR": self._take_media,
            "TIME_SLOT": self._take_slot,
            "TIER": self._start_tier,
            "ALIGNABLE_ANNOTATION": self._start_annotation,
            "REF_ANNOTATION": self._start_annotation,
        }
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
            data = path.read_bytes()
        except OSError as error:
            reason = f"cannot be read ({error.strerror})"
            raise FormatError(f"{path}: {reason}; check the name") from error
        document._parse(data)
        return document

    def _parse(self, data: bytes) -> None:
        try:
            self._parser.Parse(data, True)
        except expat.ExpatError as error:
            reason = f"not XML ({expat.ErrorString(error.code)}); expected an ELAN file"
            raise FormatError(
                f"{self.path}, line {error.lineno}: {reason}: {_SAVE_AGAIN}"
            ) from error
        except (ValueError, LookupError) as error:  # an encoding that the parser does not know
            raise FormatError(
                f"{self.path}: cannot be decoded ({error}); expected an ELAN file in UTF-8"
            ) from error

    def _doctype(self, *_: object) -> None:
        raise self.wrong(
            "has a DOCTYPE, which ELAN's files have not and which is not read (it may hold "
            "entities)"
        )

    def wrong(self, what: str, line: int | None = None) -> FormatError:
        """The error for a line of the file, or for the place where the parser is."""
        if line is None:
            line = self._parser.CurrentLineNumber
        return FormatError(f"{self.path}, line {line}: {what}; {_SAVE_AGAIN}")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        if self._is_root:
            self._check_root(name)
        elif name == "ANNOTATION_VALUE":
            self._texts = []
        elif name in self._starts:
            self._starts[name](name, attributes)

    def _check_root(self, name: str) -> None:
        self._is_root = False
        if name != "ANNOTATION_DOCUMENT":
            raise FormatError(
                f"{self.path}: not an ELAN file: expected the root element ANNOTATION_DOCUMENT, "
                f"got {name}"
            )

    def _check_units(self, element: str, attributes: dict[str, str]) -> None:
        del element
        units = attributes.get("TIME_UNITS", "milliseconds")
        if units != "milliseconds":
            raise self.wrong(f"TIME_UNITS is {units!r}, expected milliseconds")

    def _take_media(self, element: str, attributes: dict[str, str]) -> None:
        del element
        self.media.append(attributes)

    def _take_slot(self, element: str, attributes: dict[str, str]) -> None:
        slot = self._needed(attributes, "TIME_SLOT_ID", element)
        self.slots_ms[slot] = self._milliseconds(attributes, "TIME_VALUE")

    def _start_tier(self, element: str, attributes: dict[str, str]) -> None:
        name = self._needed(attributes, "TIER_ID", element)
        if name in self.tiers:
            raise self.wrong(f"there are two tiers named {name!r}")
        self._tier = self.tiers[name] = EafTier(attributes=attributes)

    def _start_annotation(self, element: str, attributes: dict[str, str]) -> None:
        if self._tier is None:
            raise self.wrong(f"{element} outside of a TIER")
        annotation = EafAnnotation(
            line=self._parser.CurrentLineNumber,
            name=self._needed(attributes, "ANNOTATION_ID", element),
        )
        if element == "REF_ANNOTATION":
            annotation.parent = self._needed(attributes, "ANNOTATION_REF", element)
        else:
            begins = self._needed(attributes, "TIME_SLOT_REF1", element)
            ends = self._needed(attributes, "TIME_SLOT_REF2", element)
            annotation.slots = (begins, ends)
        self._annotations[annotation.name] = annotation
        self._tier.annotations.append(annotation)

    def _characters(self, text: str) -> None:
        if self._texts is not None:
            self._texts.append(text)

    def _end(self, name: str) -> None:
        """An element ends."""
        if name == "TIER":
            self._tier = None
        elif name == "ANNOTATION_VALUE" and self._texts is not None:
            if self._tier is not None and self._tier.annotations:
                words = "".join(self._texts).split()
                self._tier.annotations[-1].text = " ".join(words)
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
        if not self.media:
            return 0
        return self._milliseconds(self.media[0], "TIME_ORIGIN") or 0

    def timed(self, annotation: EafAnnotation) -> EafAnnotation:
        """The annotation whose times another one has: itself, or the one that it refers to.

        Raises FormatError where there is none.
        """
        seen = {annotation.name}
        while annotation.slots is None:
            parent = self._annotations.get(annotation.parent)
            if parent is None or parent.name in seen:
                what = f"refers to {annotation.parent}, which leads nowhere"
                raise self.wrong(f"annotation {annotation.name} {what}", annotation.line)
            seen.add(parent.name)
            annotation = parent
        return annotation

    def times_ms(self, annotation: EafAnnotation) -> tuple[int | None, int | None]:
        """Begin and end of an annotation that has slots of its own; None = the slot has no time.

        Raises FormatError where there is no such slot.
        """
        assert annotation.slots is not None
        for slot in annotation.slots:
            if slot not in self.slots_ms:
                what = f"there is no time slot {slot}"
                raise self.wrong(f"annotation {annotation.name}: {what}", annotation.line)
        begins, ends = annotation.slots
        return self.slots_ms[begins], self.slots_ms[ends]
