"""Where ``ferbench predict`` puts the tables of a video, and when it leaves alone what is there."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ferbench.errors import ConfigError, FormatError
from ferbench.formats.predictions import predictions_table, sha256_of, write_predictions
from ferbench.places import file_stem
from ferbench.protocols import Selector
from ferbench.results import Analysis
from ferbench.thesis.frame_csv import write_thesis_csv, write_thesis_faces
from ferbench.thesis.names import ThesisName
from ferbench.thesis.rows import thesis_faces, thesis_predictions
from ferbench.thesis.stored_scores import ThesisForm


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """A folder of tables.

    Attributes:
        folder: made if it is missing.
        form: ``tables`` = ours as .parquet and .csv; ``thesis`` = ``<video>.<model>.<backend>.csv``
            (one face per frame) and ``<video>.<backend>.csv`` (the detector's first faces).
        thesis: names and scores in the thesis' form.
        selector: which face the thesis' form is of.
        overwrite: replace tables of other videos.
    """

    folder: Path
    form: Literal["tables", "thesis"]
    thesis: ThesisForm
    selector: Selector
    overwrite: bool

    def check(self, name: str, video: Path, sha256: str) -> None:
        """Raise ConfigError where our table of this name is of another video (told by its digest)."""
        if self.overwrite or self.form == "thesis":
            return
        parquet, text = (
            self.folder / f"{file_stem(name)}.{suffix}" for suffix in ("parquet", "csv")
        )
        if not parquet.exists() and not text.exists():
            return
        try:
            there = sha256_of(parquet)
        except FormatError:
            there = ""
        if there != sha256:
            found = parquet if parquet.exists() else text
            raise ConfigError(
                f"{found} is there and is not of this video ({video}); choose another folder with --out, or replace it "
                "with --overwrite"
            )

    def write(self, name: str, video: Path, analysis: Analysis) -> Path:
        """Write the tables of a video; return the path of the one that people open.

        Raises:
            ConfigError: a thesis file of this name is there with other content.
            FormatError: the model's expressions do not fit the thesis' file.
        """
        if self.form == "thesis":
            return self._write_thesis(name, video, analysis)
        table = predictions_table(analysis.timeline, analysis.faces, analysis.expressions)
        return write_predictions(self.folder, file_stem(name), table)[1]

    def _write_thesis(self, name: str, video: Path, analysis: Analysis) -> Path:
        """Write predictions, and the detector's first faces beside them.

        Return the path of the predictions.
        """
        named = f"{file_stem(name.removesuffix(video.suffix))}{video.suffix}"
        model, backend = self.thesis.model, self.thesis.backend
        target = self.folder / ThesisName(video=named, model=model, backend=backend).file_name
        beside = self.folder / ThesisName(video=named, model=None, backend=backend).file_name
        chosen = self.selector.select(analysis.faces, analysis.timeline)
        made = thesis_predictions(
            target,
            analysis.timeline,
            analysis.faces,
            analysis.expressions,
            chosen,
            stored=self.thesis.stored,
        )
        found = thesis_faces(analysis.timeline, analysis.faces)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._place(beside, lambda part: write_thesis_faces(part, found))
        self._place(target, lambda part: write_thesis_csv(part, made))
        return target

    def _place(self, target: Path, write: Callable[[Path], None]) -> None:
        """Write a file under another name and move it to its place, unless other content is there."""
        part = target.with_name(f".{uuid.uuid4().hex}.part")
        try:
            write(part)
            if target.exists() and not self.overwrite and target.read_bytes() != part.read_bytes():
                raise ConfigError(
                    f"{target} is there with other content, and does not say of which video or settings it is; choose "
                    "another folder with --out, or replace it with --overwrite"
                )
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
