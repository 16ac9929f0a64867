"""Which column of a CSV is which, by the words that people use for them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal, get_args

from ferbench.spelling import comparable_name, plain

Field = Literal["session", "participant", "onset", "offset", "kind", "annotator"]
FIELDS: Final[tuple[Field, ...]] = get_args(Field)

# fmt: off
_WORDS: Final[Mapping[Field, tuple[tuple[str, ...], ...]]] = MappingProxyType({
    # of each field, better words first
    "session": (
        (
            "session", "sessie", "sessienummer", "sessienr", "sess", "ses", "sitzung", "sitzungsnr",
            "sitzungsnummer", "séance", "seance", "visit", "termin", "messzeitpunkt", "mzp",
            "durchgang",
        ),
        ("trial", "meeting", "recording", "opname", "aufnahme"),
        ("video", "file", "filename", "bestand", "bestandsnaam", "datei", "dateiname", "clip"),
    ),
    "participant": (
        (
            "participant", "participants", "proefpersoon", "proefpersoonnummer", "proefpersoonnr",
            "pp", "ppn", "ppnr", "subject", "subj", "sub", "vp", "vpn", "vpnr",
        ),
        (
            "versuchsperson", "proband", "teilnehmer", "deelnemer", "sujet", "person", "persoon",
            "patient", "client",
        ),
    ),
    "onset": (
        (
            "onset", "start", "begin", "beginn", "begintijd", "starttijd", "startzeit", "début",
            "from", "aanvang", "anfang", "anfangszeit", "beginnzeit",
        ),
        (
            "time", "tijd", "tijdstip", "timestamp", "timecode", "zeit", "zeitpunkt", "uhrzeit",
            "temps", "heure", "horodatage",
        ),
        ("von", "van"),
    ),
    "offset": (
        (
            "offset", "end", "eind", "einde", "eindtijd", "stop", "stoptijd", "ende", "endzeit",
            "fin", "to",
        ),
        ("bis", "tot"),
    ),
    "kind": (
        (
            "kind", "type", "soort", "category", "categorie", "catégorie", "kategorie", "label",
            "code", "art",
        ),
        (
            "error", "fout", "fouttype", "foutsoort", "foutcategorie", "fehler", "fehlerart",
            "fehlertyp", "fehlerkategorie", "erreur", "event",
        ),
    ),
    "annotator": (
        (
            "annotator", "coder", "codeur", "codeuse", "codierer", "codiererin", "kodierer",
            "kodiererin", "rater", "beoordelaar", "observer", "observator", "observateur",
            "observatrice", "auswerter", "auswerterin", "beobachter", "beobachterin",
        ),
    ),
})
# fmt: on
_GROUPS: Final[Mapping[Field, Mapping[str, int]]] = MappingProxyType(
    {
        field: {word: group for group, words in enumerate(groups) for word in words}
        for field, groups in _WORDS.items()
    }
)
"""Of each field, the group of each word, 0 = best."""
_FILE_WORDS: Final = 2
"""The group of words of the session that mean its file: looked for when all else is found."""
_SEARCHES: Final[tuple[tuple[Field, bool], ...]] = (
    *((field, field == "session") for field in FIELDS),
    ("session", False),
)
"""Fields in the order in which they are looked for, and whether words for a file do not count."""
_TIMES: Final[tuple[Field, ...]] = ("onset", "offset")
_UNFIT: Final = math.inf
_NONE_NAMED: Final[Mapping[Field, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Headers:
    """Which column each field has.

    Attributes:
        names: the column of each field that has one.
        unclear: columns of a field that may all be it.
    """

    names: Mapping[Field, str]
    unclear: Mapping[Field, tuple[str, ...]]


def find_columns(header: Sequence[str], named: Mapping[Field, str] = _NONE_NAMED) -> Headers:
    """Find the columns of annotations.

    A column is a field's if one of its words is; a column of exactly that word comes first, then
    better words (a start before a time, a session before a file). Columns that are equally good
    make the field unclear.

    Args:
        header: names of the columns.
        named: columns that a person named; "" = there is none; one that the header does not have
            stays open.

    >>> dict(find_columns(["Proefpersoon", "Tijd", "Type fout"]).names)
    {'participant': 'Proefpersoon', 'onset': 'Tijd', 'kind': 'Type fout'}
    """
    search = _Search(header=header)
    for name, text in named.items():
        search.take(name, _spelled(text, header))
    for name, without_files in _SEARCHES:
        if name not in named:
            search.find(name, without_files=without_files)
    in_order = {name: search.names[name] for name in FIELDS if name in search.names}
    return Headers(names=in_order, unclear=search.unclear)


@dataclass(slots=True, kw_only=True)
class _Search:
    """Columns as far as they are found; see ``Headers``."""

    header: Sequence[str]
    names: dict[Field, str] = field(default_factory=dict)
    unclear: dict[Field, tuple[str, ...]] = field(default_factory=dict)

    def take(self, field: Field, column: str) -> None:
        """Take a column for a field; nothing where it is ""."""
        if column:
            self.names[field] = column

    def find(self, field: Field, *, without_files: bool) -> None:
        """Look for the column of a field, unless it is found or known to be unclear."""
        if field in self.names or field in self.unclear:
            return
        best = _best(self._free(), field, without_files=without_files)
        if len(best) == 1:
            self.take(field, best[0])
        elif best:
            self.unclear[field] = tuple(best)

    def _free(self) -> list[str]:
        """Columns that are no field's yet."""
        taken = {*self.names.values()}.union(*self.unclear.values())
        return [name for name in self.header if name not in taken]


def _best(header: Sequence[str], field: Field, *, without_files: bool) -> list[str]:
    """The columns that fit a field best, all equally well.

    Args:
        header: names of the columns.
        field: what is looked for.
        without_files: columns that name the session's file do not count.
    """
    ranks = {name: _rank(name, field) for name in header}
    best = min(ranks.values(), default=_UNFIT)
    worst_accepted = 2 * _FILE_WORDS if without_files else _UNFIT
    if best >= worst_accepted:
        return []
    return [name for name, rank in ranks.items() if rank == best]


def _spelled(text: str, header: Sequence[str]) -> str:
    """The column that a person means; "" = there is none."""
    if not text or text in header:
        return text
    for name in header:
        if comparable_name(name) == comparable_name(text):
            return name
    return ""


def _rank(name: str, field: Field) -> float:
    """How well a column's name fits a field, 0 = best; ``_UNFIT`` = not at all.

    Two ranks per group of words: only the word, and the word among others.
    """
    words = [comparable_name(word) for word in re.findall(r"[^\W\d_]+", plain(name))]
    among_others = len(words) > 1
    return 2 * _fit(words, field) + among_others


def _fit(words: Sequence[str], field: Field) -> float:
    """The best group of a field that a word is in; ``_UNFIT`` = none."""
    group = _best_group(words, field)
    if field == "kind" and any(_best_group(words, time) < _UNFIT for time in _TIMES):
        return _UNFIT
    if field != "onset":
        return group
    if _best_group(words, "offset") < _UNFIT:
        return _UNFIT
    if _best_group(words, "session") < _UNFIT:
        return max(group, 1)  # the start of a session is no better than a time
    return group


def _best_group(words: Sequence[str], field: Field) -> float:
    groups = _GROUPS[field]
    return min((groups[word] for word in words if word in groups), default=_UNFIT)
