"""The page of ``leaderboard``: which model with which crop is best, and where each goes wrong."""

from __future__ import annotations

from ferbench.pages.document import Page
from ferbench.pages.inspect_page import Section


def leaderboard_page(
    what: str, sections: tuple[Section, ...], *, warnings: tuple[str, ...], notes: tuple[str, ...]
) -> Page:
    """The page.

    Args:
        what: the data set, for people.
        sections: the table of all, then each model and crop.
        warnings: what should not be overlooked.
        notes: what a reader should know.
    """
    has_faces = any(sheet.rows for section in sections for sheet in section.sheets)
    values = {
        "what": what,
        "sections": sections,
        "warnings": warnings,
        "notes": notes,
        "has_faces": has_faces,
    }
    return Page(
        title=f"leaderboard {what}",
        template="leaderboard.html",
        values=values,
        data={},
        scripts=("inspect.js",),
        styles=("inspect.css",),
    )
