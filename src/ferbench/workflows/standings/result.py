"""What ``leaderboard`` gives: the numbers, and how they are shown and written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ferbench.report.figures import PLAIN, PictureStyle
from ferbench.report.text_table import TextTable
from ferbench.wording import plural
from ferbench.workflows.standings import files, tables, text
from ferbench.workflows.standings.board import Board

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Leaderboard:
    """Models and crops on labelled images, best first.

    Attributes:
        board: the numbers.
    """

    board: Board

    def __repr__(self) -> str:
        """``Leaderboard: RAF-DB, test, 3068 images; best apvit_rafdb own 0.919 of 12``."""
        board = self.board
        images = board.images
        facts = [images.name or images.folder.name, images.split]
        facts.append(plural(len(images.images), "image"))
        best = "; no model was measured"
        if board.standings:
            first = board.standings[0]
            value = first.scores.headline(board.no_face).value
            best = f"; best {first.name} {value:.3f} of {len(board.standings)}"
        return f"Leaderboard: {', '.join(fact for fact in facts if fact)}{best}"

    def to_frame(self) -> pd.DataFrame:
        """One row per model and crop, best first; undefined is NaN."""
        import pandas as pd

        return pd.DataFrame(tables.rows_of(self.board), columns=list(tables.HEADER))

    def text_table(self) -> TextTable:
        """The same as texts."""
        return text.text_table(self.board)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Models that are clearly worse than their authors say, and images that are broken."""
        return text.warnings(self.board)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader should know: what is compared, what is left out, speed, the best two."""
        return text.notes(self.board)

    def as_plain(self) -> dict[str, Any]:
        """Everything as plain values; undefined is None."""
        return tables.as_plain(self.board)

    def write(self, folder: Path, *, style: PictureStyle = PLAIN) -> list[Path]:
        """Write a page, tables as CSV and JSON, and pictures; return the paths, the page first.

        No picture of a face is among them, unless faces were asked for.

        Args:
            folder: where they go; made if missing.
            style: of the pictures.
        """
        return files.write(self.board, folder, style=style)
