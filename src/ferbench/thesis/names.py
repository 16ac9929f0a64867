"""Names of the thesis' files.

``<video>.<model>.<backend>.csv`` (predictions), ``<video>.<backend>.csv`` (faces).

``<video>`` is the video's file name with its suffix and may hold dots; model and backend hold none.
A name alone does not always tell the two kinds apart: it is taken as one of faces where what stands
before the backend ends in the suffix of a video (the thesis' program looks for ``MP4`` and ``mp4``
there; here any usual suffix counts), or where nothing is left for a model.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath
from typing import Final

from ferbench.datasets.containers import SUFFIXES
from ferbench.errors import FormatError

RETINAFACE: Final = "retinaface"
"""The thesis' name of its face detector, the only one that its programs take."""
VIDEO_SUFFIXES: Final = frozenset(SUFFIXES)


@dataclass(frozen=True, slots=True, kw_only=True)
class ThesisName:
    """What the name of a file says.

    Attributes:
        video: file name of the video, usually with its suffix.
        model: expression model; None = a file of faces.
        backend: face detector.
    """

    video: str
    model: str | None
    backend: str

    @property
    def session_id(self) -> str:
        """The video's name without its suffix: what ferbench calls a session."""
        path = PurePath(self.video)
        return path.stem if path.suffix.lower() in VIDEO_SUFFIXES else self.video

    @property
    def file_name(self) -> str:
        """The file's name.

        Raises:
            FormatError: the video has no name, or model or backend is empty or has a dot.
        """
        parts = [self.backend] if self.model is None else [self.model, self.backend]
        unusable = [part for part in parts if not part or "." in part]
        if unusable or not self.video:
            raise FormatError(
                "a thesis file name needs a video, and a model and a backend without dots; "
                f"got {self.video!r}, {self.model!r}, {self.backend!r}"
            )
        return ".".join([self.video, *parts, "csv"])


def without_dots(name: str) -> str:
    """A name as a part of a file's name.

    >>> without_dots("scrfd_2.5g")
    'scrfd_2_5g'
    """
    return name.replace(".", "_")


def parse_thesis_name(file_name: str) -> ThesisName | None:
    """What a file's name says; None = it is no name of a thesis file.

    >>> parse_thesis_name("dr. X 1.MP4.APViT.retinaface.csv")
    ThesisName(video='dr. X 1.MP4', model='APViT', backend='retinaface')
    >>> parse_thesis_name("dr. X 1.MP4.retinaface.csv").model is None
    True
    """
    parts = file_name.split(".")
    if len(parts) < 3 or parts[-1].lower() != "csv":
        return None
    *video_parts, model_or_suffix, backend, _ = parts
    if not all((parts[0], model_or_suffix, backend)):
        return None
    is_faces = not video_parts or f".{model_or_suffix.lower()}" in VIDEO_SUFFIXES
    if is_faces:
        video = ".".join([*video_parts, model_or_suffix])
        return ThesisName(video=video, model=None, backend=backend)
    return ThesisName(video=".".join(video_parts), model=model_or_suffix, backend=backend)
