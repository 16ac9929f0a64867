"""The videos that the thesis' own selection script chooses (TimDeelstra/FER, revision a59f37f),
rule by rule.

Kept because published numbers rest on it; ``conf/dataset/sorocova.yaml`` is the strict reading of
the same study.
"""

from __future__ import annotations

import csv
import io
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

from ferbench.datasets.files import SUFFIXES
from ferbench.datasets.matching import Rules, match
from ferbench.datasets.naming import NUMBERED_WITHIN, Naming
from ferbench.datasets.pairing import Paired, pair
from ferbench.datasets.recordings import Footage
from ferbench.errors import DatasetError
from ferbench.formats.annotation_table import Table
from ferbench.formats.reading import read_annotations
from ferbench.types import LoadedDataset, Part, Session
from ferbench.wording import some


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A participant and a session as the CSV writes them, and the files that were chosen for them."""

    participant: str
    session: str
    files: tuple[str, ...]


def select(listing: Sequence[str], text: str) -> tuple[Pair, ...]:
    """Choose files as the original does.

    The first row is dropped. A row is accepted if its (participant, session) is new, the session is
    an integer below 3, and the type is exactly ``robot``. A row without exactly five cells, or
    whose session is no integer, ends the reading without a word. Chosen are the files whose names'
    last three characters are mp4 or MP4 and whose path contains the participant's text and
    ``Sessie`` or ``sessie`` followed by the session's text, anywhere: session 1 also takes
    Sessie12, and 2345 takes 12345.

    Args:
        listing: paths below the folder of videos, forward slashes, in the order of the walk.
        text: the CSV.

    Returns:
        One entry per accepted row, also where no file was chosen.
    """
    pairs: list[Pair] = []
    seen: set[tuple[str, str]] = set()
    for cells in list(csv.reader(io.StringIO(text, newline="")))[1:]:
        if len(cells) != 5 or not _is_integer(cells[3]):
            break
        _, participant, _, session, kind = cells
        if (participant, session) in seen or int(session) >= 3 or kind != "robot":
            continue
        seen.add((participant, session))
        marks = (f"Sessie{session}", f"sessie{session}")
        files = tuple(
            path
            for path in listing
            if path[-3:] in ("mp4", "MP4")
            and participant in path
            and any(mark in path for mark in marks)
        )
        pairs.append(Pair(participant=participant, session=session, files=files))
    return tuple(pairs)


def _is_integer(text: str) -> bool:
    try:
        int(text)
    except ValueError:
        return False
    return True


def walk(root: Path) -> Iterator[str]:
    """All files below a folder: a folder's own files first, sorted (the original takes the file
    system's order).
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
        root, path = Path(self.videos).expanduser(), Path(self.annotations).expanduser()
        if not root.is_dir():
            raise DatasetError(f"no such folder: {root}. Check the path.", key="videos")
        rules = Rules(source=path.name, naming=Naming(template=NUMBERED_WITHIN), suffixes=SUFFIXES)
        pairs = select(list(walk(root)), _text(path))
        owners: dict[str, list[Pair]] = {}
        for item in pairs:
            for file in item.files:
                owners.setdefault(file, []).append(item)
        if not owners:
            raise DatasetError(
                f"{path}: no video of {root} is chosen for any of its {len(pairs)} pairs"
            )
        stems = Counter(Path(file).stem for file in owners)
        spelled = Counter(rules.naming.identity(item.session, item.participant) for item in pairs)
        footage: list[Footage] = []
        unscored: list[Session] = []
        for file, own in owners.items():
            name = Path(file).stem if stems[Path(file).stem] == 1 else file
            identity = rules.naming.identity(own[0].session, own[0].participant)
            alone = (
                len(own) == 1
                and len(own[0].files) == 1
                and spelled[identity] == 1
                and all(identity)
            )
            part = Part(path=root / file)
            if alone:
                footage.append(_footage(name, identity, own[0], part))
            else:
                unscored.append(_unscored(name, own, part))
        paired = self._scored(footage, rules, path)
        empty = [_told(item) for item in pairs if not item.files]
        notices = [f"{path.name}: no file was chosen for {some(empty)}"] if empty else []
        notices += [f"{session.session_id}: {session.unscored}" for session in unscored]
        sessions = sorted((*paired.sessions, *unscored), key=lambda session: session.session_id)
        return LoadedDataset(
            sessions=tuple(sessions),
            notices=(*notices, *paired.notices),
            tables={"annotations": (path,)},
        )

    def _scored(self, footage: Sequence[Footage], rules: Rules, path: Path) -> Paired:
        """Files that belong to one pair, with its rows."""
        if not footage:
            return Paired(sessions=(), notices=())
        known = {item.identity for item in footage}
        table = read_annotations(path, self.format)
        table = replace(
            table,
            rows=tuple(
                r for r in table.rows if rules.naming.identity(r.session, r.participant) in known
            ),
            refused=tuple(
                p for p in table.refused if rules.naming.identity(p.session, p.participant) in known
            ),
        )
        found, told = match(footage, table, rules)
        paired = pair(found, rules)
        return Paired(sessions=paired.sessions, notices=(*told, *paired.notices))


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


def _unscored(name: str, own: Sequence[Pair], part: Part) -> Session:
    """A file that cannot be scored, and why."""
    if len(own) > 1:
        reason = f"chosen for several: {some([_told(item) for item in own])}"
    else:
        reason = f"not the only one chosen for {_told(own[0])}"
    return Session(
        session_id=name, parts=(part,), participant=own[0].participant or name, unscored=reason
    )


def _told(item: Pair) -> str:
    return f"participant {item.participant}, session {item.session.strip()}"
