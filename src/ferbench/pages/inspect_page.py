"""The page of ``inspect``: what each module of some runs gave."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from ferbench.pages.document import Page
from ferbench.pages.inspect_charts import Bars, MatrixCell, Reliability, Shares

Cell = str | Bars | MatrixCell | Reliability | Shares


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A table of texts and charts; the first column names the rows.

    Attributes:
        caption: what it shows.
        header: names of the columns.
        rows: their cells.
        own: positions of cells that are the run's own setting: (row, column).
        file: the CSV with its numbers, beside the page; "" = none.
        is_wide: no other table stands beside it.
    """

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    own: frozenset[tuple[int, int]] = frozenset()
    file: str = ""
    is_wide: bool = True

    def is_text(self, column: int) -> bool:
        """Whether a column has texts to be aligned on their right side: no charts, no names."""
        return column > 0 and all(isinstance(row[column], str | MatrixCell) for row in self.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A face as a network saw it.

    Attributes:
        png: the picture.
        what: which face it is, for those who do not see it.
        lines: what is said below it.
    """

    png: bytes
    what: str
    lines: tuple[str, ...]

    @property
    def address(self) -> str:
        """The picture within the page."""
        return f"data:image/png;base64,{base64.b64encode(self.png).decode('ascii')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """Pictures under a title, and what they are.

    Attributes:
        title: whose they are.
        about: what a picture is.
        header: names of the groups of each row.
        rows: the name of a row with its groups of pictures; no picture at all = none is shown.
        empty: names of rows that could have no picture, as no face is in them.
    """

    title: str
    about: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, tuple[tuple[Picture, ...], ...]], ...]
    empty: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A module.

    Attributes:
        title: its name.
        intro: sentences on what is shown.
        grids: tables.
        sheets: pictures.
        folds: tables that are folded away until somebody opens them, under a name.
    """

    title: str
    intro: tuple[str, ...]
    grids: tuple[Grid, ...]
    sheets: tuple[Sheet, ...] = ()
    folds: tuple[tuple[str, tuple[Grid, ...]], ...] = ()


def inspect_page(
    what: str, where: str, sections: tuple[Section, ...], *, notes: tuple[str, ...]
) -> Page:
    """The page.

    Args:
        what: the runs, for people.
        where: where they are recorded, and when.
        sections: the modules, in the order of the pipeline.
        notes: what was left out, and why.
    """
    has_faces = any(sheet.rows for section in sections for sheet in section.sheets)
    values = {
        "what": what,
        "where": where,
        "sections": sections,
        "notes": notes,
        "has_faces": has_faces,
    }
    return Page(
        title=f"inspect {what}",
        template="inspect.html",
        values=values,
        data={},
        scripts=("inspect.js",),
        styles=("inspect.css",),
    )
