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

from ferbench.errors import FormatError
from ferbench.formats.eaf_document import EafAnnotation, EafDocument
from ferbench.formats.marks import BadMark, Mark, Marks, Span, Track, apart, media_stem, write_whole

ALL_TIERS: Final = "all"
_COLUMNS: Final = ("tier", "tier_type", "tier_participant", "media", "file")
_SCHEMA: Final = "http://www.mpi.nl/tools/elan/EAFv3.0.xsd"
_INSTANCE: Final = "http://www.w3.org/2001/XMLSchema-instance"
_MIME_TYPES: Final = {
    ".mp4": "video/mp4",
    ".mov": "video/quicktime",
    ".mpg": "video/mpeg",
    ".mpeg": "video/mpeg",
}


def read_elan(path: Path, *, tier: str | None = None) -> Marks:
    """Read one .eaf file.

    The session is named after the first linked media file, else after the .eaf file. Each mark has
    the columns ``tier``, ``tier_type``, ``tier_participant``, ``media`` and ``file``; its kind is
    the annotation's text, its annotator the tier's. An annotation that refers to another one has
    that one's times.

    Args:
        path: the file.
        tier: its marks only; None = of the only tier that has any; ``all`` = of all. A file without
            the tier says nothing of its session, and gets a note.

    Raises:
        FormatError: it is no ELAN file, or there are several tiers and none was chosen; names the
            line.
    """
    document = EafDocument.read(path)
    session = next(
        (stem for media in document.media[:1] if (stem := media_stem(_url(media)))), path.stem
    )
    names = _chosen(document, tier)
    if names is None:
        note = f"{path.name} has no tier {tier!r}: taken as not annotated"
        return Marks(path=path, columns=_COLUMNS, marks=(), notes=(note,))
    marks: list[Mark] = []
    problems: list[BadMark] = []
    for name in names:
        own, bad = _marks(document, name, session)
        marks += own
        problems += bad
    bare = [name for name in names if not document.tiers[name].annotations]
    media = [_url(found) for found in document.media]
    notes = (
        [f"{path.name} links {len(media)} files; its times are those of the first"]
        if len(media) > 1
        else []
    )
    return Marks(
        path=path,
        columns=_COLUMNS,
        marks=tuple(marks),
        problems=tuple(problems),
        sessions=frozenset([session]),
        bare=tuple((session, _columns_of(document, name)) for name in bare),
        notes=tuple(notes),
    )


def tiers_of(path: Path) -> dict[str, int]:
    """The tiers of a file, and how many annotations each has. Raises FormatError."""
    document = EafDocument.read(path)
    return {name: len(tier.annotations) for name, tier in document.tiers.items()}


def _url(media: Mapping[str, str]) -> str:
    return media.get("MEDIA_URL") or media.get("RELATIVE_MEDIA_URL") or ""


def _chosen(document: EafDocument, tier: str | None) -> list[str] | None:
    """Names of the tiers to read; None = the file does not have the wanted one."""
    if tier == ALL_TIERS:
        return list(document.tiers)
    if tier is not None:
        return [tier] if tier in document.tiers else None
    filled = {
        name: len(found.annotations) for name, found in document.tiers.items() if found.annotations
    }
    if len(filled) > 1:
        raise FormatError(several_tiers(document.path.name, filled))
    return list(filled)


def several_tiers(where: str, filled: Mapping[str, int]) -> str:
    """What to do about several tiers with annotations."""
    told = ", ".join(f"{name} ({number})" for name, number in filled.items())
    first = next(iter(filled))
    return (
        f"{where}: several tiers have annotations: {told}; choose one with dataset.format.tier={first!r}, or "
        f"dataset.format.tier={ALL_TIERS} (where tiers are kinds or annotators: dataset.format.columns.kind=tier or "
        "dataset.format.columns.annotator=tier)"
    )


def _marks(document: EafDocument, name: str, session: str) -> tuple[list[Mark], list[BadMark]]:
    """The marks of a tier in order of time."""
    tier = document.tiers[name]
    by_name = {found.name: found for own in document.tiers.values() for found in own.annotations}
    siblings = Counter(found.parent for found in tier.annotations if found.parent)
    columns = _columns_of(document, name)
    marks: list[Mark] = []
    problems: list[BadMark] = []
    for found in tier.annotations:
        what = f"annotation {found.name} on tier {name!r}"
        if siblings[found.parent] > 1:
            times: tuple[float, float] | str = f"divides {found.parent} and has no times of its own"
        else:
            times = _times_s(document, _ancestor(document, found, by_name))
        if isinstance(times, str):
            problems.append(BadMark(line=found.line, session=session, reason=f"{what} {times}"))
        else:
            marks.append(
                Mark(
                    line=found.line,
                    session=session,
                    onset_s=times[0],
                    offset_s=times[1],
                    kind=found.text,
                    annotator=tier.attributes.get("ANNOTATOR", ""),
                    columns=columns,
                )
            )
    kept, overlapping = _parted(marks)
    what = f"on tier {name!r} overlaps the one before it, which ELAN does not allow on one tier"
    problems += [
        BadMark(
            line=mark.line, session=session, reason=f"the annotation at {mark.onset_s:g} s {what}"
        )
        for mark in overlapping
    ]
    return kept, problems


def _columns_of(document: EafDocument, name: str) -> dict[str, str]:
    """What the file says of a tier."""
    linked = _url(document.media[0]) if document.media else ""
    kind, person = (
        document.tiers[name].attributes.get(key, "")
        for key in ("LINGUISTIC_TYPE_REF", "PARTICIPANT")
    )
    return dict(zip(_COLUMNS, (name, kind, person, linked, document.path.stem), strict=True))


def _parted(marks: Sequence[Mark]) -> tuple[list[Mark], list[Mark]]:
    """Marks in order of time, and those that begin before an earlier one has ended."""
    kept: list[Mark] = []
    overlapping: list[Mark] = []
    for mark in sorted(marks, key=lambda mark: (mark.onset_s, mark.offset_s)):
        (overlapping if kept and mark.onset_s < kept[-1].offset_s else kept).append(mark)
    return kept, overlapping


def _ancestor(
    document: EafDocument, found: EafAnnotation, by_name: Mapping[str, EafAnnotation]
) -> EafAnnotation:
    """The annotation whose times another one has. Raises FormatError where there is none."""
    seen = {found.name}
    while found.slots is None:
        parent = by_name.get(found.parent)
        if parent is None or parent.name in seen:
            raise document.wrong(
                f"annotation {found.name} refers to {found.parent}, which leads nowhere", found.line
            )
        seen.add(parent.name)
        found = parent
    return found


def _times_s(document: EafDocument, found: EafAnnotation) -> tuple[float, float] | str:
    """Onset and offset in seconds of the linked file, or why there are none."""
    assert found.slots is not None
    for slot in found.slots:
        if slot not in document.slots_ms:
            raise document.wrong(
                f"annotation {found.name}: there is no time slot {slot}", found.line
            )
    onset_ms, offset_ms = (document.slots_ms[slot] for slot in found.slots)
    if onset_ms is None or offset_ms is None:
        return "has a time slot without a time; give it times of its own in ELAN"
    origin_ms = document.origin_ms()
    onset_s, offset_s = (onset_ms + origin_ms) / 1000, (offset_ms + origin_ms) / 1000
    if onset_s < 0:
        return f"begins at {onset_s:g} s, before the start of its video"
    return (
        (onset_s, offset_s)
        if onset_s <= offset_s
        else f"ends before it begins: {onset_s:g} s, {offset_s:g} s"
    )


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
    header = ElementTree.SubElement(
        root, "HEADER", {"MEDIA_FILE": "", "TIME_UNITS": "milliseconds"}
    )
    if media:
        kind = _MIME_TYPES.get(PurePath(media).suffix.lower(), "unknown")
        ElementTree.SubElement(header, "MEDIA_DESCRIPTOR", {"MEDIA_URL": media, "MIME_TYPE": kind})
    order = ElementTree.SubElement(root, "TIME_ORDER")
    for track in tracks:
        for number, spans in enumerate(apart(track.spans) or [[]], start=1):
            name = track.name if number == 1 else f"{track.name} {number}"
            tier = ElementTree.SubElement(
                root, "TIER", {"TIER_ID": name, "LINGUISTIC_TYPE_REF": "default-lt"}
            )
            _write_tier(tier, order, spans)
    for number, annotation in enumerate(root.iter("ALIGNABLE_ANNOTATION"), start=1):
        annotation.set("ANNOTATION_ID", f"a{number}")
    kinds = {
        "LINGUISTIC_TYPE_ID": "default-lt",
        "TIME_ALIGNABLE": "true",
        "GRAPHIC_REFERENCES": "false",
    }
    ElementTree.SubElement(root, "LINGUISTIC_TYPE", kinds)
    ElementTree.indent(root)
    write_whole(path, ElementTree.tostring(root, encoding="UTF-8", xml_declaration=True))


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
            ElementTree.SubElement(
                order, "TIME_SLOT", {"TIME_SLOT_ID": slots[name], "TIME_VALUE": str(time_ms)}
            )
        holder = ElementTree.SubElement(tier, "ANNOTATION")
        annotation = ElementTree.SubElement(holder, "ALIGNABLE_ANNOTATION", slots)
        text = "".join(letter if letter.isprintable() else " " for letter in span.text)
        ElementTree.SubElement(annotation, "ANNOTATION_VALUE").text = text
