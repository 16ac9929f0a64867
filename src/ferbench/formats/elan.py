"""ELAN's annotation files (.eaf): tiers of annotations on the time of a linked video.

Format: the EAF schema of the Max Planck Institute for Psycholinguistics
(http://www.mpi.nl/tools/elan/EAFv3.0.xsd). Times are whole milliseconds. A linked video that begins
``TIME_ORIGIN`` ms before second 0 of the annotations is shown by ELAN at time + TIME_ORIGIN; here
times are seconds of the video. Written with the standard library: pympi-ling reads such files too,
but tells no lines and lets entities through; the tests compare with it.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath
from typing import Final
from xml.etree import ElementTree

from ferbench.atomic import write_bytes
from ferbench.formats.annotation_format import AnnotationFormat, Source
from ferbench.formats.annotation_table import ALL_TIERS, AnnotationRow, AnnotationTable, RefusedRow
from ferbench.formats.eaf_document import EafAnnotation, EafDocument
from ferbench.formats.elan_tiers import check_one_tier, check_tier_is_there, chosen_tiers
from ferbench.formats.program_files import (
    ImportedFile,
    annotations_of,
    ends_before_it_begins,
    media_stem,
)
from ferbench.formats.tracks import Span, Track, without_overlaps

_COLUMNS: Final = ("tier", "tier_type", "tier_participant", "media", "file")
_SCHEMA: Final = "http://www.mpi.nl/tools/elan/EAFv3.0.xsd"
_INSTANCE: Final = "http://www.w3.org/2001/XMLSchema-instance"
_MIME_TYPES: Final = {
    ".mp4": "video/mp4",
    ".mov": "video/quicktime",
    ".mpg": "video/mpeg",
    ".mpeg": "video/mpeg",
}


def read_elan(path: Path, *, tier: str | None = None) -> ImportedFile:
    """Read one .eaf file.

    The session is named after the first linked media file, else after the .eaf file. Each
    annotation has the columns ``tier``, ``tier_type``, ``tier_participant``, ``media`` and
    ``file``; its kind is its text, its annotator the tier's. An annotation that refers to another
    one has that one's times.

    Args:
        path: the file.
        tier: its annotations only; None = of the only tier that has any; ``all`` = of all. A file
            without the tier says nothing of its session, and gets a note.

    Raises:
        FormatError: it is no ELAN file, or there are several tiers and none was chosen; names the
            line.
    """
    return _imported(EafDocument.read(path), tier)


def _imported(document: EafDocument, tier: str | None) -> ImportedFile:
    path = document.path
    if tier not in (None, ALL_TIERS, *document.tiers):
        note = f"{path.name} has no tier {tier!r}: taken as not annotated"
        return ImportedFile(path=path, columns=_COLUMNS, rows=(), notes=(note,))
    session = path.stem
    if document.media:
        session = media_stem(_url(document.media[0])) or session
    rows: list[AnnotationRow] = []
    refused: list[RefusedRow] = []
    unmarked = []
    for name in chosen_tiers(document, tier):
        tier_rows, tier_refused = _rows_of_tier(document, name, session)
        rows += tier_rows
        refused += tier_refused
        if not document.tiers[name].annotations:
            unmarked.append((session, _columns_of(document, name)))
    notes = []
    if len(document.media) > 1:
        num_linked = len(document.media)
        notes.append(f"{path.name} links {num_linked} files; its times are those of the first")
    return ImportedFile(
        path=path,
        columns=_COLUMNS,
        rows=tuple(rows),
        refused=tuple(refused),
        sessions=frozenset([session]),
        unmarked=tuple(unmarked),
        notes=tuple(notes),
    )


def _url(media: Mapping[str, str]) -> str:
    return media.get("MEDIA_URL") or media.get("RELATIVE_MEDIA_URL") or ""


def _rows_of_tier(
    document: EafDocument, name: str, session: str
) -> tuple[list[AnnotationRow], list[RefusedRow]]:
    """The annotations of a tier in order of time, and those that cannot be used."""
    tier = document.tiers[name]
    num_children = Counter(note.parent for note in tier.annotations if note.parent)
    columns = _columns_of(document, name)
    rows: list[AnnotationRow] = []
    refused: list[RefusedRow] = []
    for note in tier.annotations:
        times: tuple[float, float] | str
        if num_children[note.parent] > 1:
            times = f"divides {note.parent} and has no times of its own"
        else:
            times = _times_s(document, document.timed(note))
        if isinstance(times, str):
            reason = f"annotation {note.name} on tier {name!r} {times}"
            refused.append(RefusedRow(line=note.line, session=session, reason=reason))
            continue
        onset_s, offset_s = times
        rows.append(
            AnnotationRow(
                line=note.line,
                session=session,
                onset=onset_s,
                offset=offset_s,
                kind=note.text,
                annotator=tier.attributes.get("ANNOTATOR", ""),
                columns=columns,
            )
        )
    kept, overlapping = _without_overlaps(rows)
    for row in overlapping:
        which = f"the annotation at {row.onset_s:g} s on tier {name!r}"
        reason = f"{which} overlaps the one before it, which ELAN does not allow on one tier"
        refused.append(RefusedRow(line=row.line, session=session, reason=reason))
    return kept, refused


def _columns_of(document: EafDocument, name: str) -> dict[str, str]:
    """What the file says of a tier."""
    attributes = document.tiers[name].attributes
    return {
        "tier": name,
        "tier_type": attributes.get("LINGUISTIC_TYPE_REF", ""),
        "tier_participant": attributes.get("PARTICIPANT", ""),
        "media": _url(document.media[0]) if document.media else "",
        "file": document.path.stem,
    }


def _without_overlaps(
    rows: Sequence[AnnotationRow],
) -> tuple[list[AnnotationRow], list[AnnotationRow]]:
    """Rows in order of time, and those that begin before an earlier one has ended."""
    kept: list[AnnotationRow] = []
    overlapping: list[AnnotationRow] = []
    end_s = 0.0
    for row in sorted(rows, key=lambda row: (row.onset_s, row.offset_s)):
        if row.onset_s < end_s:
            overlapping.append(row)
        else:
            kept.append(row)
            end_s = row.offset_s
    return kept, overlapping


def _times_s(document: EafDocument, note: EafAnnotation) -> tuple[float, float] | str:
    """Onset and offset in seconds of the linked file, or why there are none."""
    onset_ms, offset_ms = document.times_ms(note)
    if onset_ms is None or offset_ms is None:
        return "has a time slot without a time; give it times of its own in ELAN"
    origin_ms = document.origin_ms()
    onset_s, offset_s = (onset_ms + origin_ms) / 1000, (offset_ms + origin_ms) / 1000
    if onset_s < 0:
        return f"begins at {onset_s:g} s, before the start of its video"
    return ends_before_it_begins(onset_s, offset_s) or (onset_s, offset_s)


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


def _read(source: Source) -> AnnotationTable:
    """The annotations of ELAN's files; of a folder all tiers are read unless one is chosen."""
    tier = source.options.tier
    documents = [EafDocument.read(file) for file in source.files]
    tier_of_file = ALL_TIERS if tier is None and source.is_folder else tier
    files = [_imported(document, tier_of_file) for document in documents]
    if tier is None:
        check_one_tier(source, files)
    else:
        check_tier_is_there(source, documents, files)
    return annotations_of(files, source)


def _write(path: Path, sessions: Mapping[str, Sequence[Track]]) -> None:
    [tracks] = sessions.values()
    write_elan(path, tracks)


FORMAT: Final = AnnotationFormat(
    name="ELAN",
    suffixes=(".eaf",),
    read=_read,
    has_tiers=True,
    endings=(".eaf",),
    write=_write,
)
