"""Writes ELAN's annotation files (.eaf), linked to their video so that ELAN shows its picture.

Format: the EAF schema of the Max Planck Institute for Psycholinguistics
(http://www.mpi.nl/tools/elan/EAFv3.0.xsd). Times are whole milliseconds of the video.
"""

from __future__ import annotations

import datetime
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

from ferbench.atomic import write_bytes
from ferbench.formats.tracks import Span, Track, without_overlaps

_SCHEMA: Final = "http://www.mpi.nl/tools/elan/EAFv3.0.xsd"
_INSTANCE: Final = "http://www.w3.org/2001/XMLSchema-instance"
_NOT_IN_XML: Final = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MIME_TYPES: Final = {
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".mov": "video/quicktime",
    ".qt": "video/quicktime",
    ".mpg": "video/mpeg",
    ".mpeg": "video/mpeg",
}


def write_elan(
    path: Path, tracks: Sequence[Track], *, video: Path | None = None, author: str = "ferbench"
) -> None:
    """Write an .eaf file: a tier per track, times rounded to milliseconds.

    ELAN has neither points nor overlaps on a tier: what is shorter than 1 ms is written 1 ms long,
    and what overlaps goes to further tiers ("<name> 2").

    Args:
        path: the file; replaced as a whole.
        tracks: what to write, seconds of the video.
        video: the video, which is linked by its absolute place and by that from the file; None =
            none is linked.
        author: who made it.
    """
    attributes = {
        "AUTHOR": author,
        "DATE": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "FORMAT": "3.0",
        "VERSION": "3.0",
        "xmlns:xsi": _INSTANCE,
        "xsi:noNamespaceSchemaLocation": _SCHEMA,
    }
    root = ElementTree.Element("ANNOTATION_DOCUMENT", attributes)
    units = {"MEDIA_FILE": "", "TIME_UNITS": "milliseconds"}
    header = ElementTree.SubElement(root, "HEADER", units)
    if video is not None:
        ElementTree.SubElement(header, "MEDIA_DESCRIPTOR", _link(video, path))
    order = ElementTree.SubElement(root, "TIME_ORDER")
    for name, spans in _tiers(tracks):
        named = {"TIER_ID": name, "LINGUISTIC_TYPE_REF": "default-lt"}
        tier = ElementTree.SubElement(root, "TIER", named)
        _write_tier(tier, order, spans)
    for number, annotation in enumerate(root.iter("ALIGNABLE_ANNOTATION"), start=1):
        annotation.set("ANNOTATION_ID", f"a{number}")
    tier_type = {
        "LINGUISTIC_TYPE_ID": "default-lt",
        "TIME_ALIGNABLE": "true",
        "GRAPHIC_REFERENCES": "false",
    }
    ElementTree.SubElement(root, "LINGUISTIC_TYPE", tier_type)
    ElementTree.indent(root)
    write_bytes(path, ElementTree.tostring(root, encoding="UTF-8", xml_declaration=True))


def _link(video: Path, file: Path) -> dict[str, str]:
    """What is said of the video: ELAN takes paths as they are, nothing in them is encoded."""
    absolute = Path(os.path.normpath(video.absolute()))
    slashes = absolute.as_posix()
    is_share = slashes.startswith("//")  # of another machine
    url = f"file:{slashes}" if is_share else f"file:///{slashes.removeprefix('/')}"
    try:
        relative = os.path.relpath(absolute, file.parent.absolute()).replace(os.sep, "/")
    except ValueError:  # on another drive
        relative = absolute.name
    if not relative.startswith("../"):
        relative = f"./{relative}"
    return {
        "MEDIA_URL": _for_xml(url),
        "MIME_TYPE": _MIME_TYPES.get(video.suffix.lower(), "unknown"),
        "RELATIVE_MEDIA_URL": _for_xml(relative),
    }


def _for_xml(text: str) -> str:
    """A text without characters that XML does not have."""
    return _NOT_IN_XML.sub("\N{REPLACEMENT CHARACTER}", text)


def _tiers(tracks: Sequence[Track]) -> Iterator[tuple[str, list[Span]]]:
    """Tiers' names, each once, and their spans, none of which overlap."""
    used: set[str] = set()
    for track in tracks:
        first = _for_xml(track.name)
        number = 0
        for spans in without_overlaps(track.spans) or [[]]:
            number += 1
            name = first if number == 1 else f"{first} {number}"
            while name in used:
                number += 1
                name = f"{first} {number}"
            used.add(name)
            yield name, spans


def _write_tier(
    tier: ElementTree.Element, order: ElementTree.Element, spans: Sequence[Span]
) -> None:
    """Add spans that do not overlap to a tier, and their times to the order of times."""
    free_ms = 0
    for span in spans:
        onset_ms = max(round(span.onset_s * 1000), free_ms)
        free_ms = max(round(span.offset_s * 1000), onset_ms + 1)
        slots = {}
        for name, time_ms in (("TIME_SLOT_REF1", onset_ms), ("TIME_SLOT_REF2", free_ms)):
            slots[name] = f"ts{len(order) + 1}"
            slot = {"TIME_SLOT_ID": slots[name], "TIME_VALUE": str(time_ms)}
            ElementTree.SubElement(order, "TIME_SLOT", slot)
        holder = ElementTree.SubElement(tier, "ANNOTATION")
        annotation = ElementTree.SubElement(holder, "ALIGNABLE_ANNOTATION", slots)
        text = "".join(letter if letter.isprintable() else " " for letter in span.text)
        ElementTree.SubElement(annotation, "ANNOTATION_VALUE").text = text
