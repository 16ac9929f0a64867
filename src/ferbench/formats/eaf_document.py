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
from ferbench.formats.file_sizes import bytes_of, check_annotations

_SAVE_AGAIN: Final = "open it in ELAN and save it again"
_MOST_DIGITS: Final = 18
_MOST_DEPTH: Final = 20
"""Elements in each other; ELAN's have seven."""


@dataclass(slots=True, kw_only=True)
class EafAnnotation:
    """An annotation as written: its own time slots, or the annotation that it refers to.

    ``previous`` is the name of the annotation before it, where several divide one.
    """

    line: int
    name: str
    slots: tuple[str, str] | None = None
    parent: str = ""
    previous: str = ""
    text: str = ""


@dataclass(slots=True, kw_only=True)
class EafTier:
    """A tier with its attributes as written."""

    attributes: Mapping[str, str]
    annotations: list[EafAnnotation] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class EafMedium:
    """A linked file with its attributes as written."""

    line: int
    attributes: Mapping[str, str]


class EafDocument:
    """What the parser collects; DTDs, and with them entities, are refused as soon as one begins."""

    def __init__(self, path: Path) -> None:
        """Prepare for reading one file."""
        self.path = path
        self.media: list[EafMedium] = []
        self.slots_ms: dict[str, int | None] = {}
        self.tiers: dict[str, EafTier] = {}
        self.annotations: dict[str, EafAnnotation] = {}
        self._constraints: dict[str, str] = {}
        self._tier: EafTier | None = None
        self._texts: list[str] | None = None
        self._is_root = True
        self._depth = 0
        self._starts = {
            "HEADER": self._check_units,
            "MEDIA_DESCRIPTOR": self._take_media,
            "TIME_SLOT": self._take_slot,
            "TIER": self._start_tier,
            "ALIGNABLE_ANNOTATION": self._start_annotation,
            "REF_ANNOTATION": self._start_annotation,
            "LINGUISTIC_TYPE": self._take_type,
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
        document._parse(bytes_of(path))
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
        self._depth += 1
        if self._depth > _MOST_DEPTH:
            raise self.wrong(f"its elements are nested deeper than {_MOST_DEPTH} levels")
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
        self.media.append(EafMedium(line=self._parser.CurrentLineNumber, attributes=attributes))

    def _take_type(self, element: str, attributes: dict[str, str]) -> None:
        name = self._needed(attributes, "LINGUISTIC_TYPE_ID", element)
        self._constraints[name] = attributes.get("CONSTRAINTS", "")

    def _take_slot(self, element: str, attributes: dict[str, str]) -> None:
        slot = self._needed(attributes, "TIME_SLOT_ID", element)
        self.slots_ms[slot] = self.milliseconds(attributes, "TIME_VALUE")

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
            annotation.previous = attributes.get("PREVIOUS_ANNOTATION", "")
        else:
            begins = self._needed(attributes, "TIME_SLOT_REF1", element)
            ends = self._needed(attributes, "TIME_SLOT_REF2", element)
            annotation.slots = (begins, ends)
        self.annotations[annotation.name] = annotation
        check_annotations(self.path, len(self.annotations))
        self._tier.annotations.append(annotation)

    def _characters(self, text: str) -> None:
        if self._texts is not None:
            self._texts.append(text)

    def _end(self, name: str) -> None:
        """An element ends."""
        self._depth -= 1
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

    def milliseconds(
        self, attributes: Mapping[str, str], name: str, line: int | None = None
    ) -> int | None:
        """A number of milliseconds among an element's attributes, None where it has none.

        Raises FormatError where it is no number; ``line`` = where, None = where the parser is.
        """
        text = attributes.get(name)
        if text is None:
            return None
        if len(text) > _MOST_DIGITS:
            raise self.wrong(f"{name} has {len(text)} digits, expected milliseconds", line)
        try:
            return int(text)
        except ValueError:
            raise self.wrong(f"{name} is {text!r}, expected whole milliseconds", line) from None

    def constraint(self, tier: EafTier) -> str:
        """How a tier hangs on its parent, such as Symbolic_Subdivision; "" = it does not.

        None of the file's types says it of the tiers of a file without types: also "".
        """
        return self._constraints.get(tier.attributes.get("LINGUISTIC_TYPE_REF", ""), "")
