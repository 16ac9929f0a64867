"""What a format of annotation files is: which files are its, how they are read and written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ferbench.formats.annotation_table import AnnotationTable, Table
from ferbench.formats.sheet import Sheet
from ferbench.formats.tracks import SessionTracks


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Files that are read together, and how they are to be read.

    Attributes:
        path: what was asked for: a file, or a folder.
        files: the file, or the folder's files of one format.
        cells: of tables (CSV or workbooks), the cells of each file; else empty.
        options: how the files are written, and which columns and rows are wanted.
        starts_known: it is known at which clock times sessions began, so that times may be clock
            times.
        videos: names of videos that files may be of, without suffix, the likeliest first: where an
            annotation program's file links several, the first of these counts.
    """

    path: Path
    files: tuple[Path, ...]
    cells: tuple[Sheet, ...] = ()
    options: Table = field(default_factory=Table)
    starts_known: bool = False
    videos: tuple[str, ...] = ()

    @property
    def is_folder(self) -> bool:
        """Whether the files are those of a folder."""
        return self.files != (self.path,)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnotationFormat:
    """A format of annotation files.

    Attributes:
        name: the program's or format's, for messages.
        suffixes: what its files' names end in, with a dot, lower case.
        read: the annotations of its files; raises FormatError or DatasetError.
        recognises: of formats whose files are tables (CSV or workbooks): whether one is its, given
            its cells and how it is to be read; None = the suffix tells.
        has_tiers: ``Table.tier`` can choose among an annotation program's tiers.
        endings: what names of files that it writes end in; () = it writes none.
        write: writes tracks by session to a file, replaced as a whole.
        one_session: a file holds one session only.
        links_video: a file links its session's video.
    """

    name: str
    suffixes: tuple[str, ...]
    read: Callable[[Source], AnnotationTable]
    recognises: Callable[[Sheet, Table], bool] | None = None
    has_tiers: bool = False
    endings: tuple[str, ...] = ()
    write: Callable[[Path, Mapping[str, SessionTracks]], None] | None = None
    one_session: bool = True
    links_video: bool = False
