"""A table of texts, for whoever draws it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class TextTable:
    """Texts in rows and columns.

    Attributes:
        title: one or more lines above it.
        header: names of the columns.
        rows: as many texts per row as there are names.
        importance: names of columns, those first that are kept longest where there is no room for
            all; those that are not named come after them, in their order.
        pairs: names of columns that are shown together or not at all.
        essential: names of columns that say something where most of their cells are empty, too.
        short_header: other names of the columns, where there is no room for all; () = none.
    """

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    importance: tuple[str, ...] = ()
    pairs: tuple[tuple[str, str], ...] = ()
    essential: tuple[str, ...] = ()
    short_header: tuple[str, ...] = ()
