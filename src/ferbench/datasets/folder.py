"""Sessions from a folder of videos, with annotations from one CSV file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from ferbench.datasets.annotations import Columns, read_annotations
from ferbench.datasets.pairing import Paired, Unlisted, by_session, pair
from ferbench.errors import DatasetError
from ferbench.types import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """One session per video, named after the file without its suffix.

    Attributes:
        videos: a folder, or one video file; relative to the working directory, ``~`` is the home folder.
        annotations: a CSV with a row per annotation (see ``ferbench.datasets.annotations``); None = not annotated.
        columns: what the CSV calls its columns.
        suffixes: what counts as a video, in upper or lower case.
        recursive: also look in the folders below. Names that begin with a dot are skipped.
        unlisted: what a video without any row in the CSV is.
    """

    version: ClassVar[str] = "1"

    videos: str
    annotations: str | None = None
    columns: Columns = field(default_factory=Columns)
    suffixes: tuple[str, ...] = (".mp4", ".mov", ".avi", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg")
    recursive: bool = False
    unlisted: Unlisted = "unannotated"

    def sessions(self) -> tuple[Session, ...]:
        """All sessions, sorted by name.

        Raises:
            DatasetError: there is no video, two have the same name, or the CSV cannot be used.
        """
        return self._paired().sessions

    def notices(self) -> tuple[str, ...]:
        """Rows that were left out, with line numbers, and videos without a row. Raises DatasetError."""
        return self._paired().notices

    @property
    def annotations_path(self) -> Path | None:
        """The CSV; None = not annotated."""
        return None if self.annotations is None else Path(self.annotations).expanduser()

    def _paired(self) -> Paired:
        videos = by_session(self.files())
        path = self.annotations_path
        if path is None:
            return pair(videos, None, source="", unlisted=self.unlisted)
        return pair(videos, read_annotations(path, self.columns), source=path.name, unlisted=self.unlisted)

    def files(self) -> list[Path]:
        """The videos, sorted. Raises DatasetError."""
        root = Path(self.videos).expanduser()
        looked_for = ", ".join(self.suffixes)
        if not root.exists():
            raise DatasetError(f"dataset.videos: no such folder or file: {root}. Check the path.")
        if root.is_file():
            if not self._is_video(root):
                raise DatasetError(
                    f"dataset.videos: {root} is neither a folder nor a video; expected a folder, or a file that ends "
                    f"in one of: {looked_for} (dataset.suffixes)"
                )
            return [root]
        videos = sorted(path for path in self._below(root) if self._is_video(path))
        if not videos:
            below = "and the folders below it" if self.recursive else "(folders below it: dataset.recursive=true)"
            raise DatasetError(f"dataset.videos: no video in {root} {below}; looked for files in: {looked_for}")
        return videos

    def _below(self, root: Path) -> Iterator[Path]:
        for path in root.rglob("*") if self.recursive else root.iterdir():
            hidden = any(part.startswith(".") for part in path.relative_to(root).parts)
            if not hidden and path.is_file():
                yield path

    def _is_video(self, path: Path) -> bool:
        return path.suffix.lower() in {suffix.lower() for suffix in self.suffixes}
