"""The videos that the thesis' own selection script chooses, rule by rule.

Kept because published numbers rest on it; ``conf/dataset/sorocova.yaml`` is the strict reading of
the same study. Source: github.com/TimDeelstra/FER, revision a59f37f.
"""

from __future__ import annotations

import csv
import io
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

from ferbench.checks import from_home
from ferbench.datasets.files import SUFFIXES
from ferbench.datasets.matching import Rules, match
from ferbench.datasets.naming import NUMBERED_WITHIN, Naming
from ferbench.datasets.pairing import Paired, pair
from ferbench.datasets.recordings import Footage
from ferbench.errors import DatasetError
from ferbench.formats.annotation_table import AnnotationRow, RefusedRow, Table
from ferbench.formats.reading import read_annotations
from ferbench.types import LoadedDataset, Part, Session
from ferbench.wording import some


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A participant and a session, and the files that were chosen for them.

    Attributes:
        participant: as the CSV writes it.
        session: likewise.
        files: paths below the folder of videos.
    """

    participant: str
    session: str
    files: tuple[str, ...]

    def __str__(self) -> str:
        """For messages."""
        return f"participant {self.participant}, session {self.session.strip()}"


def select(listing: Sequence[str], text: str) -> tuple[Pair, ...]:
    """Choose files as the original does.

    The first row is dropped. A row is accepted if its (participant, session) is new, the session is
    an integer below 3, and the type is exactly ``robot``. A row without exactly five cells, or
    whose session is no integer, silently ends the reading. Chosen are the files whose names' last
    three characters are mp4 or MP4 and whose path contains the participant's text and ``Sessie`` or
    ``sessie`` followed by the session's text, anywhere: session 1 also takes Sessie12, and 2345
    takes 12345.

    Args:
        listing: paths below the folder of videos, forward slashes, in the order of the walk.
        text: the CSV.

    Returns:
        One entry per accepted row, also where no file was chosen.
    """
    pairs: list[Pair] = []
    for participant, session in _accepted(text):
        files = tuple(path for path in listing if _is_chosen(path, participant, session))
        pairs.append(Pair(participant=participant, session=session, files=files))
    return tuple(pairs)


def _accepted(text: str) -> list[tuple[str, str]]:
    """Participant and session of each accepted row, as written, each once."""
    accepted: dict[tuple[str, str], None] = {}
    rows = list(csv.reader(io.StringIO(text, newline="")))
    for cells in rows[1:]:
        if len(cells) != 5:
            break
        _, participant, _, session, kind = cells
        if not _is_integer(session):
            break
        if int(session) < 3 and kind == "robot":
            accepted[participant, session] = None
    return list(accepted)


def _is_chosen(path: str, participant: str, session: str) -> bool:
    if path[-3:] not in ("mp4", "MP4") or participant not in path:
        return False
    return f"Sessie{session}" in path or f"sessie{session}" in path


def _is_integer(text: str) -> bool:
    try:
        int(text)
    except ValueError:
        return False
    return True


def walk(root: Path) -> Iterator[str]:
    """All files below a folder: a folder's own files first, sorted.

    The original takes the file system's order.
    """
    for folder, folders, files in os.walk(root):
        folders.sort()
        for name in sorted(files):
            yield (Path(folder) / name).relative_to(root).as_posix()


@dataclass(frozen=True, slots=True, kw_only=True)
class SorocovaOriginal:
    """One session per chosen file.

    A file that was chosen for one pair, and alone, is scored with the pair's rows. A file chosen
    for several pairs is one session, and files of one pair are sessions of their own, as in the
    original; neither is scored, for the rows do not tell which file their times belong to.

    Attributes:
        videos: the folder; files below it count too.
        annotations: the CSV, five columns.
        format: how it is written, for the annotations (the choice of files takes nothing from it).
    """

    version: ClassVar[str] = "1"

    videos: str
    annotations: str
    format: Table = field(default_factory=Table)

    def load(self) -> LoadedDataset:
        """All sessions, sorted by name.

        Notices are about pairs without a file, files of several pairs, and rows that cannot be
        used.

        Raises:
            DatasetError: no folder, no CSV, or nothing was chosen.
        """
        root, path = from_home(self.videos), from_home(self.annotations)
        if not root.is_dir():
            raise DatasetError(f"no such folder: {root}. Check the path.", key="videos")
        pairs = select(list(walk(root)), _text(path))
        owners = _owners(pairs)
        if not owners:
            raise DatasetError(
                f"{path}: no video of {root} is chosen for any of its {len(pairs)} pairs"
            )
        rules = Rules(source=path.name, naming=Naming(template=NUMBERED_WITHIN), suffixes=SUFFIXES)
        footage, unscored = _scorable(root, pairs, owners, rules)
        scored = self._scored(footage, rules, path)
        notices: list[str] = []
        without_file = [str(item) for item in pairs if not item.files]
        if without_file:
            notices.append(f"{path.name}: no file was chosen for {some(without_file)}")
        notices += [f"{session.session_id}: {session.unscored}" for session in unscored]
        sessions = sorted((*scored.sessions, *unscored), key=lambda session: session.session_id)
        return LoadedDataset(
            sessions=tuple(sessions),
            notices=(*notices, *scored.notices),
            tables={"annotations": (path,)},
        )

    def _scored(self, footage: Sequence[Footage], rules: Rules, path: Path) -> Paired:
        """Files that belong to one pair, with its rows."""
        if not footage:
            return Paired(sessions=(), notices=())
        identities = {item.identity for item in footage}

        def belongs(item: AnnotationRow | RefusedRow) -> bool:
            return rules.naming.identity(item.session, item.participant) in identities

        table = read_annotations(path, self.format)
        table = replace(
            table,
            rows=tuple(filter(belongs, table.rows)),
            refused=tuple(filter(belongs, table.refused)),
        )
        matched, match_notices = match(footage, table, rules)
        paired = pair(matched, rules)
        return Paired(sessions=paired.sessions, notices=(*match_notices, *paired.notices))


def _owners(pairs: Sequence[Pair]) -> dict[str, list[Pair]]:
    """By file the pairs that it was chosen for."""
    owners: dict[str, list[Pair]] = {}
    for item in pairs:
        for file in item.files:
            owners.setdefault(file, []).append(item)
    return owners


def _scorable(
    root: Path, pairs: Sequence[Pair], owners: Mapping[str, Sequence[Pair]], rules: Rules
) -> tuple[list[Footage], list[Session]]:
    """Files that belong to one pair and alone, and sessions of the others, which are not scored."""
    identity_of = {item: rules.naming.identity(item.session, item.participant) for item in pairs}
    pairs_of_identity = Counter(identity_of.values())
    names = _session_names(list(owners))
    footage: list[Footage] = []
    unscored: list[Session] = []
    for file, file_owners in owners.items():
        part = Part(path=root / file)
        owner = file_owners[0]
        identity = identity_of[owner]
        is_named = all(identity) and pairs_of_identity[identity] == 1
        is_only_file = len(file_owners) == 1 and len(owner.files) == 1
        if is_named and is_only_file:
            footage.append(_footage(names[file], identity, owner, part))
        else:
            unscored.append(_unscored(names[file], file_owners, part))
    return footage, unscored


def _session_names(files: Sequence[str]) -> dict[str, str]:
    """By file its name without folder and suffix, or its whole path where others are called so."""
    stems = {file: Path(file).stem for file in files}
    files_of_stem = Counter(stems.values())
    return {file: stem if files_of_stem[stem] == 1 else file for file, stem in stems.items()}


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise DatasetError(
            f"{path}: the annotations file cannot be read: {error.strerror}"
        ) from error


def _footage(name: str, identity: tuple[str, ...], owner: Pair, part: Part) -> Footage:
    return Footage(
        name=name,
        identity=identity,
        participant=owner.participant,
        camera="",
        parts=(part,),
        start=None,
        observed=None,
    )


def _unscored(name: str, owners: Sequence[Pair], part: Part) -> Session:
    """A file that cannot be scored, and why."""
    if len(owners) > 1:
        reason = f"chosen for several: {some([str(owner) for owner in owners])}"
    else:
        reason = f"not the only one chosen for {owners[0]}"
    return Session(
        session_id=name, parts=(part,), participant=owners[0].participant or name, unscored=reason
    )
