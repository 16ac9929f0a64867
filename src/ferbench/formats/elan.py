"""ELAN's annotation files (.eaf): tiers of annotations on the time of a linked video.

Format: the EAF schema of the Max Planck Institute for Psycholinguistics
(http://www.mpi.nl/tools/elan/EAFv3.0.xsd). ``eaf_document`` reads the XML, ``eaf_media`` tells
which linked file is the session's video, ``eaf_times`` when annotations are, ``elan_tiers`` which
tiers are read, ``eaf_writing`` writes such files. Read with the standard library: pympi-ling reads
them too, but tells no lines and lets entities through; the tests compare with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ferbench.formats.annotation_format import AnnotationFormat, Source
from ferbench.formats.annotation_table import ALL_TIERS, AnnotationRow, AnnotationTable, RefusedRow
from ferbench.formats.eaf_document import EafDocument
from ferbench.formats.eaf_media import SessionVideo, session_video
from ferbench.formats.eaf_times import EafTime, EafTimes
from ferbench.formats.eaf_writing import write_elan
from ferbench.formats.elan_tiers import check_one_tier, check_tier_is_there, chosen_tiers
from ferbench.formats.program_files import ImportedFile, annotations_of, ends_before_it_begins
from ferbench.formats.tracks import SessionTracks

_COLUMNS: Final = ("tier", "tier_type", "tier_participant", "media", "file")


def read_elan(path: Path, *, tier: str | None = None, videos: Sequence[str] = ()) -> ImportedFile:
    """Read one .eaf file.

    The session is named after the linked video, never after a sound, else after the .eaf file;
    times are seconds of that video (``eaf_media``). Each annotation has the columns ``tier``,
    ``tier_type``, ``tier_participant``, ``media`` and ``file``; its kind is its text, its annotator
    the tier's. Annotations without times of their own have those that ELAN shows (``eaf_times``).

    Args:
        path: the file.
        tier: its annotations only; None = of the only tier that has any; ``all`` = of all. A file
            without the tier says nothing of its session, and gets a note.
        videos: names of videos that may be meant where several are linked, the likeliest first.

    Raises:
        FormatError: it is no ELAN file, or there are several tiers and none was chosen; names the
            line.
    """
    return _imported(EafDocument.read(path), tier, videos)


def _imported(document: EafDocument, tier: str | None, videos: Sequence[str]) -> ImportedFile:
    path = document.path
    if tier not in (None, ALL_TIERS, *document.tiers):
        note = f"{path.name} has no tier {tier!r}: taken as not annotated"
        return ImportedFile(path=path, columns=_COLUMNS, rows=(), notes=(note,))
    video = session_video(document, videos)
    times = EafTimes(document)
    rows: list[AnnotationRow] = []
    refused: list[RefusedRow] = []
    unmarked = []
    notes = [video.note] if video.note else []
    for name in chosen_tiers(document, tier):
        found = _TierRows.of(document, name, video, times)
        rows += found.rows
        refused += found.refused
        if found.num_shared:
            notes.append(_note_on_shared(path, name, found))
        if not document.tiers[name].annotations:
            unmarked.append((video.name, _columns_of(document, name, video)))
    return ImportedFile(
        path=path,
        columns=_COLUMNS,
        rows=tuple(rows),
        refused=tuple(refused),
        sessions=frozenset([video.name]),
        unmarked=tuple(unmarked),
        notes=tuple(notes),
    )


def _note_on_shared(path: Path, tier: str, found: _TierRows) -> str:
    return (
        f"{path.name}: on tier {tier!r} {found.num_shared} of {found.num_annotations} annotations "
        "lack times of their own; they share what is there evenly, as ELAN shows them"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _TierRows:
    """What a tier holds.

    Attributes:
        rows: its annotations in order of time.
        refused: those that cannot be used.
        num_annotations: how many there are.
        num_shared: how many of them have no times of their own, but others' evenly shared.
    """

    rows: tuple[AnnotationRow, ...]
    refused: tuple[RefusedRow, ...]
    num_annotations: int
    num_shared: int

    @classmethod
    def of(
        cls, document: EafDocument, name: str, video: SessionVideo, times: EafTimes
    ) -> _TierRows:
        """Read a tier."""
        rows, refused = _rows_of_tier(document, name, video, times)
        annotations = document.tiers[name].annotations
        return cls(
            rows=tuple(rows),
            refused=tuple(refused),
            num_annotations=len(annotations),
            num_shared=sum(times.of(note).shared for note in annotations),
        )


def _rows_of_tier(
    document: EafDocument, name: str, video: SessionVideo, times: EafTimes
) -> tuple[list[AnnotationRow], list[RefusedRow]]:
    """The annotations of a tier in order of time, and those that cannot be used."""
    tier = document.tiers[name]
    columns = _columns_of(document, name, video)
    rows: list[AnnotationRow] = []
    refused: list[RefusedRow] = []
    for note in tier.annotations:
        times_s = _times_s(times.of(note), video)
        if isinstance(times_s, str):
            reason = f"annotation {note.name} on tier {name!r} {times_s}"
            refused.append(RefusedRow(line=note.line, session=video.name, reason=reason))
            continue
        onset_s, offset_s = times_s
        rows.append(
            AnnotationRow(
                line=note.line,
                session=video.name,
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
        refused.append(RefusedRow(line=row.line, session=video.name, reason=reason))
    return kept, refused


def _columns_of(document: EafDocument, name: str, video: SessionVideo) -> dict[str, str]:
    """What the file says of a tier."""
    attributes = document.tiers[name].attributes
    return {
        "tier": name,
        "tier_type": attributes.get("LINGUISTIC_TYPE_REF", ""),
        "tier_participant": attributes.get("PARTICIPANT", ""),
        "media": video.url,
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


def _times_s(time: EafTime, video: SessionVideo) -> tuple[float, float] | str:
    """Onset and offset in seconds of the video, or why there are none."""
    if time.begin_ms is None or time.end_ms is None:
        return (
            "has a time slot without a time, and none before and after it to go by; give it times "
            "of its own in ELAN"
        )
    onset_s = (time.begin_ms + video.origin_ms) / 1000
    offset_s = (time.end_ms + video.origin_ms) / 1000
    if onset_s < 0:
        return f"begins at {onset_s:g} s, before the start of its video"
    return ends_before_it_begins(onset_s, offset_s) or (onset_s, offset_s)


def _read(source: Source) -> AnnotationTable:
    """The annotations of ELAN's files; of a folder all tiers are read unless one is chosen."""
    tier = source.options.tier
    documents = [EafDocument.read(file) for file in source.files]
    tier_of_file = ALL_TIERS if tier is None and source.is_folder else tier
    files = [_imported(document, tier_of_file, source.videos) for document in documents]
    if tier is None:
        check_one_tier(source, files)
    else:
        check_tier_is_there(source, documents, files)
    return annotations_of(files, source)


def _write(path: Path, sessions: Mapping[str, SessionTracks]) -> None:
    [tracks] = sessions.values()
    write_elan(path, tracks, video=tracks.video)


FORMAT: Final = AnnotationFormat(
    name="ELAN",
    suffixes=(".eaf",),
    read=_read,
    has_tiers=True,
    endings=(".eaf",),
    write=_write,
    links_video=True,
)
