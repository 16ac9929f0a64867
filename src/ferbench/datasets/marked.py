"""Annotations from annotation programs' own files (ELAN, BORIS, WebVTT), one or a folder of them,
as rows of a CSV.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from ferbench.datasets.csv_file import CsvFile, Delimiter, Encoding, read_csv
from ferbench.errors import DatasetError
from ferbench.formats.boris import is_boris, read_boris
from ferbench.formats.elan import ALL_TIERS, read_elan, several_tiers, tiers_of
from ferbench.formats.marks import BadMark, Mark, Marks
from ferbench.formats.webvtt import read_webvtt

OURS: Final = ("session", "participant", "onset_s", "offset_s", "kind", "annotator")
_TABLES: Final = (".csv", ".tsv", ".txt")
_KINDS: Final = {".eaf": "ELAN", ".vtt": "WebVTT", **dict.fromkeys(_TABLES, "BORIS")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """Marks as rows of a CSV with the columns ``OURS`` and the program's own; times in seconds.

    Attributes:
        file: rows, counted from 1 over all files.
        places: file's name ("" = there is only one) and line of each row.
        problems: marks that cannot be used, with their files' names.
        sessions: sessions that somebody went through, also those without a mark.
        bare: session, and the program's own columns, of what was gone through without a mark.
    """

    file: CsvFile
    places: tuple[tuple[str, int], ...]
    problems: tuple[tuple[str, BadMark], ...]
    sessions: frozenset[str]
    bare: tuple[tuple[str, Mapping[str, str]], ...]

    def where(self, row: int) -> str:
        """File and line of a row, for messages."""
        name, line = self.places[row - 1]
        return f"{name}, line {line}" if name else f"line {line}"


def read_table(
    path: Path,
    *,
    fits: Callable[[Sequence[str]], bool],
    delimiter: Delimiter,
    encoding: Encoding,
    tier: str | None,
) -> CsvFile | Marked:
    """Read an annotations file of any kind, or a folder of files of one kind.

    Files that end in .eaf are ELAN's, in .vtt WebVTT; a table whose header does not fit, but is
    BORIS's, is BORIS's; every other file is a CSV. Of a folder its .eaf or .vtt files are read,
    else BORIS's tables; of files of the same session, those without an annotator's name are taken
    as of an annotator named after the file.

    Args:
        path: the file or folder.
        fits: whether a CSV's header has the columns that are needed.
        delimiter: of a table.
        encoding: of a table.
        tier: ELAN's tier to read (``read_elan``).

    Raises:
        DatasetError: nothing there, files of several kinds, a tier must be chosen or does not
            exist, or a table that cannot be read.
        FormatError: a file that is not what its name says; names file and line.
    """
    how = _Reading(fits=fits, delimiter=delimiter, encoding=encoding)
    if path.is_dir():
        files = annotation_files(path)
        found = [how.read(file, tier=ALL_TIERS if tier is None else tier) for file in files]
        other = [
            file.name for file, one in zip(files, found, strict=True) if isinstance(one, CsvFile)
        ]
        if other:
            raise DatasetError(
                f"{path}: {other[0]} is no table of BORIS; name a single CSV, or a folder of BORIS's"
            )
        marks = [one for one in found if isinstance(one, Marks)]
    else:
        one = how.read(path, tier=tier)
        if isinstance(one, CsvFile):
            if tier is not None:
                raise DatasetError(
                    f"{path}: dataset.format.tier={tier} is for ELAN's files (.eaf); leave it null"
                )
            return one
        marks = [one]
    elan = [one.path for one in marks if one.path.suffix.lower() == ".eaf"]
    if tier is not None and not elan:
        raise DatasetError(
            f"{path}: dataset.format.tier={tier} is for ELAN's files (.eaf); leave it null"
        )
    if elan:
        _check_tiers(path, elan, marks, tier)
    return _joined(_told_apart(marks))


def annotation_files(path: Path) -> list[Path]:
    """The files that are read of a path: itself, or of a folder those of annotation programs.

    Raises:
        DatasetError: the folder has none, or files of several kinds.
    """
    if not path.is_dir():
        return [path]
    try:
        there = sorted(
            file for file in path.iterdir() if not file.name.startswith(".") and file.is_file()
        )
    except OSError as error:
        raise DatasetError(f"{path}: the folder cannot be read: {error.strerror}") from error
    found = {
        name: [file for file in there if file.suffix.lower() == name] for name in (".eaf", ".vtt")
    }
    filled = {name: files for name, files in found.items() if files}
    if len(filled) > 1:
        told = " and ".join(f"{len(files)} {name}" for name, files in filled.items())
        raise DatasetError(
            f"{path}: the folder has annotations of several kinds ({told}); keep one kind in it"
        )
    files = next(iter(filled.values()), [file for file in there if file.suffix.lower() in _TABLES])
    if not files:
        raise DatasetError(
            f"{path}: expected a CSV file, got a folder without .eaf, .vtt or BORIS's .tsv or .csv files"
        )
    return files


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """How single files are read."""

    fits: Callable[[Sequence[str]], bool]
    delimiter: Delimiter
    encoding: Encoding

    def read(self, path: Path, *, tier: str | None) -> CsvFile | Marks:
        """A file of any kind."""
        kind = path.suffix.lower()
        if kind in (".eaf", ".vtt") and not path.exists():
            raise DatasetError(f"{path}: no such annotations file. Check the path.")
        if kind == ".eaf":
            return read_elan(path, tier=tier)
        if kind == ".vtt":
            return read_webvtt(path)
        table = read_csv(path, fits=self.fits, delimiter=self.delimiter, encoding=self.encoding)
        rows = ((0, table.header), *table.rows)
        if self.fits(table.header) or not is_boris(rows):
            return table
        marks = read_boris(path, rows)
        return replace(marks, notes=(*table.notes, *marks.notes))


def _check_tiers(
    path: Path, files: Sequence[Path], marks: Sequence[Marks], tier: str | None
) -> None:
    """Raise DatasetError where no tier was chosen and there are several, or no file has the chosen
    one.
    """
    if tier is None and path.is_dir():
        used = Counter(mark.columns["tier"] for one in marks for mark in one.marks)
        if len(used) > 1:
            raise DatasetError(several_tiers(path.name, used))
    if tier not in (None, ALL_TIERS) and not any(one.sessions for one in marks):
        there = sorted({name for file in files for name in tiers_of(file)})
        raise DatasetError(
            f"{path}: dataset.format.tier: there is no tier {tier!r}; there are: {', '.join(there) or 'none'}"
        )


def _told_apart(marks: Sequence[Marks]) -> list[Marks]:
    """Several files of one session are of several annotators."""
    files: dict[str, set[Path]] = defaultdict(set)
    for one in marks:
        for session in one.sessions:
            files[session].add(one.path)

    def named(mark: Mark, path: Path) -> Mark:
        alone = len(files[mark.session]) == 1
        return mark if mark.annotator or alone else replace(mark, annotator=path.stem)

    return [replace(one, marks=tuple(named(mark, one.path) for mark in one.marks)) for one in marks]


def _joined(marks: Sequence[Marks]) -> Marked:
    own = list(dict.fromkeys(name for one in marks for name in one.columns if name not in OURS))
    rows: list[tuple[int, tuple[str, ...]]] = []
    places: list[tuple[str, int]] = []
    for one in marks:
        for mark in one.marks:
            cells = (
                mark.session,
                "",
                repr(mark.onset_s),
                repr(mark.offset_s),
                mark.kind,
                mark.annotator,
            )
            rows.append(
                (len(rows) + 1, (*cells, *(mark.columns.get(name, "").strip() for name in own)))
            )
            places.append((one.path.name if len(marks) > 1 else "", mark.line))
    return Marked(
        file=CsvFile(
            header=(*OURS, *own),
            rows=tuple(rows),
            delimiter=",",
            notes=tuple(note for one in marks for note in one.notes),
        ),
        places=tuple(places),
        problems=tuple(
            (one.path.name if len(marks) > 1 else "", bad) for one in marks for bad in one.problems
        ),
        sessions=frozenset(session for one in marks for session in one.sessions),
        bare=tuple(own for one in marks for own in one.bare),
    )
