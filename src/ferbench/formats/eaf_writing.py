"""Writes ELAN's annotation files (.eaf), linked to their video so that ELAN shows its picture.

Format: the EAF schema of the Max Planck Institute for Psycholinguistics
(http://www.mpi.nl/tools/elan/EAFv3.0.xsd). Times are whole milliseconds of the video.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import Final
from xml.etree import ElementTree

from ferbench.atomic import write_bytes
from ferbench.formats.tracks import Span, Track, without_overlaps

_SCHEMA: Final = "http://www.mpi.nl/tools/elan/EAFv3.0.xsd"
_INSTANCE: Final = "http://www.w3.org/2001/XMLSchema-instance"
_MIME_TYPES: Final = {
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".mov": "video/quicktime",
    ".qt": "video/quicktime",
    ".mpg": "video/mpeg",
    ".mpeg": "video/mpeg",
}


def write_elan(
    path: Path, tracks: Sequence[Track], *, media: str = "", author: str = "ferbench"
) -> None:
    """Write an .eaf file: a tier per track, times rounded to milliseconds.

    ELAN has neither points nor overlaps on a tier: what is shorter than 1 ms is written 1 ms long,
    and what overlaps goes to further tiers ("<name> 2").

    Args:
        path: the file; replaced as a whole.
        tracks: what to write, seconds of the video.
        media: the linked video: a path or an address; "" = none.
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
    if media:
        mime_type = _MIME_TYPES.get(PurePath(media).suffix.lower(), "unknown")
        linked = {"MEDIA_URL": media, "MIME_TYPE": mime_type}
        ElementTree.SubElement(header, "MEDIA_DESCRIPTOR", linked)
    order = ElementTree.SubElement(root, "TIME_ORDER")
    for track in tracks:
        for number, spans in enumerate(without_overlaps(track.spans) or [[]], start=1):
            name = track.name if number == 1 else f"{track.name} {number}"
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
