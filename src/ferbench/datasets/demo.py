"""The demo: three short published clips with annotations that come with ferbench."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import ClassVar, Final

from ferbench.checks import from_home
from ferbench.datasets.assembly import assemble
from ferbench.datasets.files import SUFFIXES
from ferbench.datasets.matching import Rules, match
from ferbench.datasets.naming import Naming
from ferbench.datasets.pairing import pair
from ferbench.datasets.recordings import Recording
from ferbench.formats.reading import read_annotations
from ferbench.places import clips_dir, default_root
from ferbench.types import LoadedDataset
from ferbench.weights.fetching import Notice, fetch, ignore_notice
from ferbench.weights.published import PublishedFile

_log = logging.getLogger("ferbench")
WORTH: Final = (
    "three short clips with five annotations by one annotator prove nothing about any method"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """Published clips, fetched where they are missing, and the packaged annotations ``demo.csv``.

    Attributes:
        clips: the clips; none is part of ferbench.
        folder: where they are kept; None = the demo folder of ferbench's root.
    """

    version: ClassVar[str] = "1"

    clips: tuple[PublishedFile, ...]
    folder: str | None = None

    def fetch(self, notify: Notice = ignore_notice) -> tuple[Path, ...]:
        """Bring missing clips into the folder.

        ``notify`` is told one sentence before each download.

        Returns:
            The clips' paths, each checked.

        Raises:
            WeightsError: a download failed or a file is not what it should be.
        """
        folder = clips_dir(default_root())
        if self.folder is not None:
            folder = from_home(self.folder)
        return fetch(self.clips, folder, notify=notify)

    def load(self) -> LoadedDataset:
        """One session per clip, sorted by name; fetches missing clips.

        Notices are what these numbers are worth, and what was left out, if ``clips`` was changed.

        Raises:
            WeightsError: a clip cannot be fetched, or is not what it should be.
            DatasetError: the clips and annotations do not fit together.
        """
        rules = Rules(source="demo.csv", naming=Naming(template="{session}"), suffixes=SUFFIXES)
        clips = [
            Recording(path=path, where=path.name, session=path.stem)
            for path in self.fetch(_log.info)
        ]
        footage, _ = assemble(clips, rules.naming, None)
        annotations = annotations_path()
        matched, notices = match(footage, read_annotations(annotations), rules)
        paired = pair(matched, rules)
        return LoadedDataset(
            sessions=paired.sessions,
            notices=(WORTH, *notices, *paired.notices),
            tables={"annotations": (annotations,)},
        )


def annotations_path() -> Path:
    """The packaged annotations (ferbench is always installed as plain files)."""
    return Path(str(resources.files("ferbench.datasets") / "demo.csv"))
