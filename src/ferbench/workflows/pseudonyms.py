"""Make the key file of a data set: a random pseudonym for each participant, session and video."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ferbench.checks import path_of
from ferbench.config.choices import Choice, settings_for
from ferbench.datasets.annotators import EVERYBODY
from ferbench.datasets.pseudonyms import (
    KINDS,
    check_place,
    names_in,
    read_pseudonyms,
    with_new,
    write_pseudonyms,
)
from ferbench.datasets.study import Study
from ferbench.errors import ConfigError
from ferbench.secret_texts import forget_names
from ferbench.wording import plural
from ferbench.workflows.evaluate import load_dataset

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class KeyFile:
    """A key file and what is in it.

    Attributes:
        path: the file.
        names: pseudonyms by kind and name, also of what the data set no longer has.
        num_new: names that had none.
        notices: what the data set says of rows and files, with names.
    """

    path: Path
    names: Mapping[tuple[str, str], str]
    num_new: int
    notices: tuple[str, ...]

    def __repr__(self) -> str:
        """``KeyFile: 2 participants, 3 sessions, 3 videos; 8 new``: no names."""
        kinds = [kind for kind, _ in self.names]
        counted = ", ".join(plural(kinds.count(kind), kind) for kind in KINDS)
        return f"KeyFile: {counted}; {self.num_new} new"

    def to_frame(self) -> pd.DataFrame:
        """One row per name: ``kind, name, pseudonym``."""
        import pandas as pd

        rows = [(kind, name, pseudonym) for (kind, name), pseudonym in self.names.items()]
        return pd.DataFrame(rows, columns=["kind", "name", "pseudonym"])


def pseudonyms(
    path: str | Path,
    *,
    dataset: Choice = None,
    settings: Sequence[str] = (),
    config_dirs: Sequence[Path] = (),
) -> KeyFile:
    """Make a key file for a data set, or add what is new in the data set to it.

    Pseudonyms that are there stay. Nothing is recorded, so that this is also where the data set's
    notices are told in full.

    Args:
        path: the key file, such as one beside the videos; only its owner can read it.
        dataset: the data set.
        settings: single values, such as ``dataset.videos=recordings``.
        config_dirs: folders with further choices.

    Raises:
        ConfigError: the file would lie where records lie; the data set is none of videos with
            participants; or a setting cannot be used.
        FormatError: the file is there and is no key file.
        DatasetError: the data set cannot be read.
    """
    target = path_of("path", path)
    chosen = settings_for({"dataset": dataset}, settings=settings, config_dirs=config_dirs)
    study = chosen.settings.dataset
    if not isinstance(study, Study):
        raise ConfigError(
            key="dataset",
            expected="a study: dataset=folder, manifest or sorocova",
            got=chosen.choices.get("dataset", study),
        )
    check_place(target, chosen.settings.paths.root)
    known = read_pseudonyms(target).of if target.exists() else {}
    forget_names()
    loaded = load_dataset(replace(study, pseudonyms=None, annotator=EVERYBODY))
    names = with_new(known, names_in(loaded.sessions))
    if names != known:
        write_pseudonyms(target, names)
    return KeyFile(
        path=target, names=names, num_new=len(names) - len(known), notices=loaded.notices
    )
