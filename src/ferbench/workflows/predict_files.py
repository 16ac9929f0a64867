"""Where the tables of predicted videos go, and when what is there is left alone."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ferbench.errors import ConfigError, FormatError
from ferbench.formats.predictions import predictions_table, sha256_of, write_predictions
from ferbench.pipeline.recipe import Recipe
from ferbench.places import file_stem
from ferbench.protocols import Selector
from ferbench.results import Analysis
from ferbench.rights import make_folder
from ferbench.secret_texts import without_names
from ferbench.sentences import Setting, Text
from ferbench.thesis.frame_csv import write_thesis_csv, write_thesis_faces
from ferbench.thesis.names import ThesisName
from ferbench.thesis.rows import thesis_faces, thesis_predictions
from ferbench.thesis.stored_scores import ThesisForm, thesis_form

Form = Literal["tables", "thesis"]
_INSTEAD = Text(
    "choose another folder with ", Setting("out"), ", or replace it with ", Setting("overwrite")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictionFiles:
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
    form: Form
    thesis: ThesisForm
    selector: Selector
    overwrite: bool

    @classmethod
    def of(
        cls,
        recipe: Recipe,
        choices: Mapping[str, str],
        *,
        folder: Path,
        form: Form,
        overwrite: bool,
    ) -> PredictionFiles:
        """The files of a recipe.

        Args:
            recipe: what predicts.
            choices: name of the choice of every group, for names of files.
            folder: where they go.
            form: see the attribute.
            overwrite: see the attribute.

        Raises:
            ConfigError: the folder is a file.
        """
        if folder.exists() and not folder.is_dir():
            raise ConfigError(
                f"{folder} is a file; expected a folder, it is made if it is missing", key="out"
            )
        return cls(
            folder=folder,
            form=form,
            thesis=thesis_form(model=choices["model"], detector=choices["detector"]),
            selector=recipe.selector,
            overwrite=overwrite,
        )

    def check(self, name: str, video: Path, sha256: str) -> None:
        """Raise ConfigError where our table of this name is of another video."""
        if self.overwrite or self.form == "thesis":
            return
        stem = file_stem(name)
        parquet, text = self.folder / f"{stem}.parquet", self.folder / f"{stem}.csv"
        existing = next((path for path in (parquet, text) if path.exists()), None)
        if existing is None or _video_sha256(parquet) == sha256:
            return
        message = f"{existing} is there and is not of this video ({video})"
        raise ConfigError(message, hint=_INSTEAD)

    def write(self, name: str, video: Path, analysis: Analysis) -> Path:
        """Write the tables of a video; return the path of the one that people open.

        Raises:
            ConfigError: a thesis file of this name is there with other content.
            FormatError: the model's expressions do not fit the thesis' file.
        """
        if self.form == "thesis":
            return self._write_thesis(name, video, analysis)
        table = predictions_table(analysis.timeline, analysis.faces, analysis.expressions)
        # A path back to a video whose name has a pseudonym would tell the name.
        told = video if without_names(str(video)) == str(video) else None
        return write_predictions(self.folder, file_stem(name), table, video=told)[1]

    def _write_thesis(self, name: str, video: Path, analysis: Analysis) -> Path:
        """Write predictions, and the detector's first faces beside them; return the former."""
        video_name = f"{file_stem(name.removesuffix(video.suffix))}{video.suffix}"
        model, backend = self.thesis.model, self.thesis.backend
        names = ThesisName(video=video_name, model=model, backend=backend)
        faces_names = ThesisName(video=video_name, model=None, backend=backend)
        target = self.folder / names.file_name
        chosen = self.selector.select(analysis.faces, analysis.timeline)
        predictions = thesis_predictions(
            target,
            analysis.timeline,
            analysis.faces,
            analysis.expressions,
            chosen,
            stored=self.thesis.stored,
        )
        faces = thesis_faces(analysis.timeline, analysis.faces)
        make_folder(self.folder)
        faces_file = self.folder / faces_names.file_name
        self._place(faces_file, lambda part: write_thesis_faces(part, faces))
        self._place(target, lambda part: write_thesis_csv(part, predictions))
        return target

    def _place(self, target: Path, write: Callable[[Path], None]) -> None:
        """Write under another name and move into place, unless other content is there."""
        part = target.with_name(f".{uuid.uuid4().hex}.part")
        try:
            write(part)
            is_same = not target.exists() or target.read_bytes() == part.read_bytes()
            if not is_same and not self.overwrite:
                message = (
                    f"{target} is there with other content, and does not say of which video or "
                    "settings it is"
                )
                raise ConfigError(message, hint=_INSTEAD)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)


def _video_sha256(parquet: Path) -> str:
    """Digest of the video that a table is of; "" = it cannot be read."""
    try:
        return sha256_of(parquet)
    except FormatError:
        return ""
