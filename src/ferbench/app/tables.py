"""Tables that fit the screen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from ferbench.report.text_table import TextTable
from ferbench.wording import plural, visible

_EMPTY: Final = ("", "-")
_GAP: Final = 2
_NAMED: Final = 6
_BEGINNING: Final = 6
"""Characters that stay of a word that is cut."""


@dataclass(frozen=True, slots=True)
class FittedTable:
    """A plain table as wide as the screen allows; columns of numbers are right-aligned.

    It never breaks a word: long texts are shortened first, then the least important columns go,
    those that are mostly empty before all others.

    Attributes:
        table: what to draw.
        elsewhere: said where columns were left out: where all of them are.
    """

    table: TextTable
    elsewhere: str = ""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw it for a screen of this width."""
        texts = self._texts(options.max_width)
        kept = self._kept_columns(texts, options.max_width)
        yield Text(self.table.title, style="italic")
        yield self._drawn(kept, texts)
        kept_names = {self.table.header[column] for column in kept}
        left_out = [name for name in self._importance() if name not in kept_names]
        if left_out:
            yield Text(self._left_out_note(left_out), style="dim")

    def _importance(self) -> list[str]:
        """All names of the header, those that are kept longest first; of mostly empty ones last."""
        header = self.table.header
        ranked = [
            name for name in dict.fromkeys([*self.table.importance, *header]) if name in header
        ]
        return sorted(ranked, key=self._is_mostly_empty)  # stable

    def _is_mostly_empty(self, name: str) -> bool:
        if name in self.table.essential:
            return False
        column = self.table.header.index(name)
        empty = [row[column] in _EMPTY for row in self.table.rows]
        return column > 0 and 2 * sum(empty) > len(empty)

    def _texts(self, max_width: int) -> list[tuple[str, ...]]:
        """Header and rows, long cells shortened where not all columns fit otherwise."""
        every_column = range(len(self.table.header))
        rows = [tuple(map(visible, row)) for row in self.table.rows]
        texts = [self.table.header, *rows]
        if self._fits(every_column, texts, max_width):
            return texts
        first_width, other_width = max(20, max_width // 2), max(20, max_width // 4)
        widths = [first_width, *[other_width] * (len(self.table.header) - 1)]
        shortened = [
            tuple(shorten(cell, width) for cell, width in zip(row, widths, strict=True))
            for row in rows
        ]
        return [self.table.short_header or self.table.header, *shortened]

    def _kept_columns(self, texts: Sequence[Sequence[str]], max_width: int) -> list[int]:
        """Positions of the columns that there is room for, at least two."""
        kept: list[int] = []
        for name in self._importance():
            columns = [self.table.header.index(each) for each in self._shown_with(name)]
            new = [column for column in columns if column not in kept]
            if len(kept) < 2 or self._fits([*kept, *new], texts, max_width):
                kept += new
        return sorted(kept)

    def _shown_with(self, name: str) -> tuple[str, ...]:
        """A column, and the other one of its pair."""
        return next((pair for pair in self.table.pairs if name in pair), (name,))

    def _left_out_note(self, left_out: Sequence[str]) -> str:
        note = f"no room for {', '.join(left_out[:_NAMED])}"
        more = len(left_out) - _NAMED
        if more > 0:
            note = f"{note} and {plural(more, 'more column')}"
        if self.elsewhere:
            note = f"{note}; {self.elsewhere}"
        return note

    def _width(self, column: int, texts: Sequence[Sequence[str]]) -> int:
        return max(cell_len(row[column]) for row in texts)

    def _fits(self, columns: Iterable[int], texts: Sequence[Sequence[str]], max_width: int) -> bool:
        widths = [self._width(column, texts) for column in columns]
        return sum(widths) + _GAP * (len(widths) - 1) <= max_width

    def _drawn(self, columns: Sequence[int], texts: Sequence[Sequence[str]]) -> Table:
        table = Table(
            box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="bold underline"
        )
        for column in columns:
            table.add_column(
                Text(texts[0][column]),
                justify="right" if self._is_numeric(column) else "left",
                min_width=self._width(column, texts),
                no_wrap=True,
                overflow="crop",
            )
        for row in texts[1:]:  # texts of users, not markup
            style = "red" if "FAILED" in row else ""
            table.add_row(*(Text(row[column]) for column in columns), style=style)
        return table

    def _is_numeric(self, column: int) -> bool:
        """Whether most cells of a column are numbers; the first column has names."""
        if column == 0:
            return False
        cells = [row[column] for row in self.table.rows if row[column]]
        numbers = [cell for cell in cells if cell[0].isdigit() or cell[0] in "-."]
        return 2 * len(numbers) > len(cells)


def shorten(text: str, width: int) -> str:
    """A text of at most ``width`` characters.

    Of several words the ends of the longest go, as long as their beginnings stay. Of one word the
    middle goes, for names mostly differ at their ends.

    >>> shorten("participant_017_left", 11)
    'parti…_left'
    >>> shorten("hysteresis enter=0.4 square_margin", 30)
    'hysteresis enter=0.4 square_m…'
    """
    if len(text) <= width:
        return text
    words = text.split(" ")
    while len(words) > 1 and len(" ".join(words)) > width:
        longest = max(range(len(words)), key=lambda place: len(words[place]))
        word = words[longest]
        excess = len(" ".join(words)) - width
        kept = max(_BEGINNING, len(word) - excess - 1)
        if kept + 1 >= len(word):
            break
        words[longest] = f"{word[:kept]}…"
    shorter = " ".join(words)
    if len(shorter) <= width:
        return shorter
    tail = (width - 1) // 2
    return f"{text[: width - 1 - tail]}…{text[len(text) - tail :]}"
