"""The sessions in which events were looked for."""

from __future__ import annotations

from ferbench.datasets.files import SUFFIXES
from ferbench.datasets.naming import Identity, Naming, without_suffix
from ferbench.errors import DatasetError


class Searched:
    """Sessions in which events were looked for.

    ``complete`` = also those without events are known.
    """

    def __init__(self, sessions: frozenset[str], naming: Naming, *, complete: bool) -> None:
        """Take their names, and how names are made."""
        self.sessions, self.complete = sessions, complete
        self._naming = naming
        self._found: dict[Identity, str] = {}

    def find(self, session: str, participant: str) -> str:
        """The session that a row means (``Naming.means``), else the row's own name.

        Raises DatasetError where it may be several.
        """
        identity = self._naming.identity(session, participant)
        if identity not in self._found:
            bare = self._naming.identity(without_suffix(session, SUFFIXES), participant)
            name = self._find(identity) or self._find(bare)
            self._found[identity] = name or self._naming.name(identity)
        return self._found[identity]

    def _find(self, identity: Identity) -> str:
        name = self._naming.name(identity)
        if name in self.sessions:
            return name
        near = sorted(self._naming.means(identity, self.sessions))
        if len(near) > 1:
            raise DatasetError(
                f"{name!r} may be {' and '.join(map(repr, near))}; spell it as one of them"
            )
        return near[0] if near else ""
