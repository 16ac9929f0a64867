"""Pseudonyms of participants, sessions and video files, kept in one file that stays with the lab.

A CSV with the columns ``kind, name, pseudonym``. Pseudonyms are random, so that nothing of a name
can be computed from them, not even its place in the alphabet; only this file connects them. A data
set that is given the file uses pseudonyms from the start: its sessions and participants have no
other names for anything that follows.
"""

from __future__ import annotations

import csv
import io
import os
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from ferbench.atomic import replacing
from ferbench.errors import ConfigError, DatasetError, FerbenchError, FormatError
from ferbench.secret_texts import keep_name, without_names
from ferbench.sentences import Action, Text
from ferbench.types import Annotation, LoadedDataset, Session
from ferbench.wording import plural

KINDS: Final = {"participant": "P", "session": "S", "video": "V"}
"""What has pseudonyms, and the letter that theirs begin with."""

_HEADER: Final = ("kind", "name", "pseudonym")
_RANDOM_BYTES: Final = 4
_OWNER_ONLY: Final = 0o600
_MOST_BYTES: Final = 50_000_000
_Names = Mapping[tuple[str, str], str]
"""Pseudonyms by kind and name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pseudonyms:
    """The content of a key file.

    Attributes:
        path: the file, for messages.
        of: pseudonyms by kind and name.
    """

    path: Path
    of: _Names

    def keep(self) -> None:
        """Let texts of this process show pseudonyms in place of the names (``masked``)."""
        for (_, name), pseudonym in self.of.items():
            keep_name(name, pseudonym)

    def named(self, value: Any) -> Any:
        """Plain values with names in place of the pseudonyms in their texts."""
        if isinstance(value, dict):
            return {key: self.named(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.named(item) for item in value]
        if not isinstance(value, str):
            return value
        for (_, name), pseudonym in self.of.items():
            value = value.replace(pseudonym, name)
        return value

    def session(self, session: Session) -> Session:
        """A session under its pseudonym.

        Raises:
            DatasetError: it, its participant or a video has none.
        """
        self._check([session])
        name = self.of["session", session.session_id]
        participant = session.participant
        return replace(
            session,
            session_id=name,
            participant=self.of["participant", participant] if participant else "",
            annotations=_renamed(session.annotations, name),
            unscored=without_names(session.unscored),
        )

    def dataset(self, loaded: LoadedDataset) -> LoadedDataset:
        """A data set under pseudonyms, its sessions in the order of their names.

        Notices quote rows and files that belong to no session, whose names have no pseudonyms, so
        that only their number is left.

        Raises:
            DatasetError: a session, participant or video has no pseudonym.
        """
        self._check(loaded.sessions)
        self.keep()
        notices = loaded.notices
        if notices:
            counted = plural(len(notices), "notice")
            text = Text(f"{counted} on the data set may name people: ", *_MAKE)
            notices = (text,)
        everybody = {
            self.of["session", name]: _renamed(marks, self.of["session", name]) or ()
            for name, marks in loaded.all_annotators.items()
        }
        return replace(
            loaded,
            sessions=tuple(self.session(session) for session in loaded.sessions),
            notices=notices,
            all_annotators=everybody,
        )

    def _check(self, sessions: Iterable[Session]) -> None:
        missing = [name for name in names_in(sessions) if name not in self.of]
        if missing:
            raise DatasetError(
                f"{self.path.name} has no pseudonym for {plural(len(missing), 'name')} of the "
                "data set",
                hint=Text("add them: ", *_MAKE),
            )


_MAKE: Final = (
    Action("pseudonyms", "KEYS", settings={"dataset": "NAME"}),
    ", with the key file and all settings of the data set that the run has",
)


def under_pseudonyms(path: Path, load: Callable[[], LoadedDataset]) -> LoadedDataset:
    """What a data set says, under the pseudonyms of a key file.

    Raises:
        ConfigError: the file is not there, or can be read by others.
        FormatError: it is no such file.
        DatasetError: a name has no pseudonym, or the data set cannot be read; why is not told, as
            that may name people.
    """
    pseudonyms = read_pseudonyms(path)
    pseudonyms.keep()
    try:
        loaded = load()
    except FerbenchError:
        hint = Text("why may name people, and is told by ", *_MAKE)
        raise DatasetError("the data set cannot be read", hint=hint) from None
    return pseudonyms.dataset(loaded)


def check_place(keys: Path, root: Path) -> None:
    """Raise ConfigError where a key file lies among records, which are handed on.

    Args:
        keys: the file, there or not.
        root: the folder that holds runs and cache.
    """
    for folder in (root / "mlruns", root / ".ferbench"):
        if keys.resolve().is_relative_to(folder.resolve()):
            raise ConfigError(
                f"{keys} would lie in {folder}, among what is handed on",
                key="pseudonyms",
                hint="keep it where the videos are",
            )


def names_in(sessions: Iterable[Session]) -> list[tuple[str, str]]:
    """Kind and name of all that gets a pseudonym, each once."""
    names: dict[tuple[str, str], None] = {}
    for session in sessions:
        names["session", session.session_id] = None
        if session.participant:
            names["participant", session.participant] = None
        for part in session.parts:
            names["video", part.path.name] = None
    return list(names)


def _renamed(
    annotations: tuple[Annotation, ...] | None, name: str
) -> tuple[Annotation, ...] | None:
    if annotations is None:
        return None
    return tuple(replace(annotation, session_id=name) for annotation in annotations)


def with_new(known: _Names, names: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """The known pseudonyms, and a random one for each name that has none."""
    made = dict(known)
    taken = set(known.values())
    for kind, name in names:
        if (kind, name) in made:
            continue
        suffix = Path(name).suffix.lower() if kind == "video" else ""
        pseudonym = ""
        while not pseudonym or pseudonym in taken:
            pseudonym = f"{KINDS[kind]}-{secrets.token_hex(_RANDOM_BYTES)}{suffix}"
        made[kind, name] = pseudonym
        taken.add(pseudonym)
    return made


def write_pseudonyms(path: Path, names: _Names) -> None:
    """Write a key file that only its owner can read; replaced as a whole."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_HEADER)
    writer.writerows((kind, name, pseudonym) for (kind, name), pseudonym in names.items())
    with replacing(path) as part:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as stream:
            stream.write(text.getvalue())


def read_pseudonyms(path: Path) -> Pseudonyms:
    """Read a key file.

    Raises:
        ConfigError: there is none, or others than its owner can read it.
        FormatError: it is no such file; names the line.
    """
    try:
        mode = path.stat().st_mode
        if path.stat().st_size > _MOST_BYTES:
            raise FormatError(f"{path} is too large for a file of pseudonyms")
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        hint = Text("make it: ", Action("pseudonyms"))
        raise ConfigError(f"{path} is not there", key="pseudonyms", hint=hint) from error
    except (OSError, UnicodeDecodeError) as error:
        raise FormatError(f"{path} cannot be read as a file of pseudonyms: {error}") from error
    if os.name == "posix" and mode & 0o077:
        raise ConfigError(
            f"{path} can be read by others than its owner (mode {mode & 0o777:o})",
            key="pseudonyms",
            hint=f"chmod 600 {path}",
        )
    try:
        return Pseudonyms(path=path, of=_parsed(path, text))
    except csv.Error as error:
        raise FormatError(f"{path} is no file of pseudonyms: {error}") from error


def _parsed(path: Path, text: str) -> dict[tuple[str, str], str]:
    rows = csv.reader(io.StringIO(text, newline=""))
    if tuple(next(rows, ())) != _HEADER:
        raise FormatError(f"{path}, line 1: expected the columns {', '.join(_HEADER)}")
    names: dict[tuple[str, str], str] = {}
    taken: set[str] = set()
    for cells in rows:
        line = rows.line_num
        is_row = len(cells) == len(_HEADER) and cells[0] in KINDS and all(cells)
        if not is_row:
            kinds = ", ".join(KINDS)
            raise FormatError(f"{path}, line {line}: expected one of {kinds}, name, pseudonym")
        kind, name, pseudonym = cells
        if (kind, name) in names or pseudonym in taken:
            raise FormatError(f"{path}, line {line}: this name or pseudonym is there twice")
        names[kind, name] = pseudonym
        taken.add(pseudonym)
    return names
