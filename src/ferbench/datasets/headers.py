"""Which column of a CSV is which, by the words that people use for them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, get_args

from ferbench.datasets.naming import comparable_name, plain

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
    ),
    "offset": (
        (
            "offset", "end", "eind", "einde", "eindtijd", "stop", "stoptijd", "ende", "endzeit",
            "fin", "to",
        ),
    ),
    "kind": (
        (
            "kind", "type", "soort", "category", "categorie", "catégorie", "kategorie", "label",
            "code",
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
_FILE_WORDS: Final = 2
"""The group of words of the session that mean its file: looked for when all else is found."""
_END_WORDS: Final = frozenset(_WORDS["offset"][0])
_ALL_SESSION_WORDS: Final = frozenset().union(*_WORDS["session"])
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
    names: dict[Field, str] = {}
    unclear: dict[Field, tuple[str, ...]] = {}
    for field, text in named.items():
        column = _spelled(text, header)
        if column:
            names[field] = column
    searches: list[tuple[Field, bool]] = [(field, field == "session") for field in FIELDS]
    searches.append(("session", False))
    for field, without_files in searches:
        if field in named or field in names or field in unclear:
            continue
        taken = {*names.values()}.union(*unclear.values())
        free = [name for name in header if name not in taken]
        best = _best(free, field, without_files=without_files)
        if len(best) == 1:
            names[field] = best[0]
        elif best:
            unclear[field] = tuple(best)
    in_order = {field: names[field] for field in FIELDS if field in names}
    return Headers(names=in_order, unclear=unclear)


def _best(header: Sequence[str], field: Field, *, without_files: bool) -> list[str]:
    """The columns that fit a field best, all equally well.

    Args:
        header: names of the columns.
        field: what is looked for.
        without_files: columns that name the session's file do not count.
    """
    ranks: dict[str, int] = {}
    for name in header:
        rank = _rank(name, field)
        if rank is not None:
            ranks[name] = rank
    if not ranks:
        return []
    best = min(ranks.values())
    if without_files and best >= 2 * _FILE_WORDS:
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


def _rank(name: str, field: Field) -> int | None:
    """How well a column's name fits a field, 0 = best; None = not at all.

    Two ranks per group of words: only the word, and the word among others.
    """
    words = [comparable_name(word) for word in re.findall(r"[^\W\d_]+", plain(name))]
    if field == "onset" and not _END_WORDS.isdisjoint(words):
        return None
    for group, field_words in enumerate(_WORDS[field]):
        if set(words).isdisjoint(field_words):
            continue
        if field == "onset" and not _ALL_SESSION_WORDS.isdisjoint(words):
            group = max(group, 1)  # the start of a session is no better than a time
        rank = 2 * group
        return rank if len(words) == 1 else rank + 1
    return None
