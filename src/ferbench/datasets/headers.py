"""Which column of a CSV is which, by the words that people use for them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, get_args

from ferbench.spelling import comparable_name as canonical
from ferbench.spelling import plain

Field = Literal["session", "participant", "onset", "offset", "kind", "annotator"]
FIELDS: Final[tuple[Field, ...]] = get_args(Field)

_WORDS: Final[Mapping[Field, tuple[tuple[str, ...], ...]]] = MappingProxyType(
    {  # of each field, better words first
        "session": (
            (
                *(
                    "session",
                    "sessie",
                    "sessienummer",
                    "sessienr",
                    "sess",
                    "ses",
                    "sitzung",
                    "sitzungsnr",
                ),
                *(
                    "sitzungsnummer",
                    "séance",
                    "seance",
                    "visit",
                    "termin",
                    "messzeitpunkt",
                    "mzp",
                    "durchgang",
                ),
            ),
            ("trial", "meeting", "recording", "opname", "aufnahme"),
            ("video", "file", "filename", "bestand", "bestandsnaam", "datei", "dateiname", "clip"),
        ),
        "participant": (
            (
                *(
                    "participant",
                    "participants",
                    "proefpersoon",
                    "proefpersoonnummer",
                    "proefpersoonnr",
                    "pp",
                    "ppn",
                ),
                *("ppnr", "subject", "subj", "sub", "vp", "vpn", "vpnr"),
            ),
            (
                "versuchsperson",
                "proband",
                "teilnehmer",
                "deelnemer",
                "sujet",
                "person",
                "persoon",
                "patient",
                "client",
            ),
        ),
        "onset": (
            (
                *(
                    "onset",
                    "start",
                    "begin",
                    "beginn",
                    "begintijd",
                    "starttijd",
                    "startzeit",
                    "début",
                    "from",
                ),
                *("aanvang", "anfang", "anfangszeit", "beginnzeit"),
            ),
            (
                *(
                    "time",
                    "tijd",
                    "tijdstip",
                    "timestamp",
                    "timecode",
                    "zeit",
                    "zeitpunkt",
                    "uhrzeit",
                    "temps",
                ),
                *("heure", "horodatage"),
            ),
        ),
        "offset": (
            (
                "offset",
                "end",
                "eind",
                "einde",
                "eindtijd",
                "stop",
                "stoptijd",
                "ende",
                "endzeit",
                "fin",
                "to",
            ),
        ),
        "kind": (
            (
                "kind",
                "type",
                "soort",
                "category",
                "categorie",
                "catégorie",
                "kategorie",
                "label",
                "code",
            ),
            (
                *(
                    "error",
                    "fout",
                    "fouttype",
                    "foutsoort",
                    "foutcategorie",
                    "fehler",
                    "fehlerart",
                    "fehlertyp",
                ),
                *("fehlerkategorie", "erreur", "event"),
            ),
        ),
        "annotator": (
            (
                *(
                    "annotator",
                    "coder",
                    "codeur",
                    "codeuse",
                    "codierer",
                    "codiererin",
                    "kodierer",
                    "kodiererin",
                ),
                *("rater", "beoordelaar", "observer", "observator", "observateur", "observatrice"),
                *("auswerter", "auswerterin", "beobachter", "beobachterin"),
            ),
        ),
    }
)
_NOTHING_SAID: Final[Mapping[Field, str]] = MappingProxyType({})
_FILES: Final = 2
"""Words of the session from this group on mean its file.

They are looked for when all else is found.
"""
_ENDS: Final = frozenset(_WORDS["offset"][0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Headers:
    """Names of the columns that were found.

    Attributes:
        names: the column of each field.
        unclear: columns of a field that may all be it.
    """

    names: Mapping[Field, str]
    unclear: Mapping[Field, tuple[str, ...]]


def find_columns(header: Sequence[str], said: Mapping[Field, str] = _NOTHING_SAID) -> Headers:
    """Find the columns of annotations.

    A column is a field's if one of its words is; a column of exactly that word comes first, then
    better words (a start before a time, a session before a file). Columns that are equally good
    make the field unclear.

    Args:
        header: names of the columns.
        said: columns that a person named; "" = there is none; one that the header does not have
            stays open.

    >>> dict(find_columns(["Proefpersoon", "Tijd", "Type fout"]).names)
    {'participant': 'Proefpersoon', 'onset': 'Tijd', 'kind': 'Type fout'}
    """
    names: dict[Field, str] = {
        field: name for field, text in said.items() if (name := _spelled(text, header))
    }
    unclear: dict[Field, tuple[str, ...]] = {}
    first: dict[Field, int] = {"session": 2 * _FILES}
    for field, ranks_below in (*((field, first.get(field)) for field in FIELDS), ("session", None)):
        if field in said or field in names or field in unclear:
            continue
        taken = {*names.values(), *(name for several in unclear.values() for name in several)}
        ranks = {name: _rank(name, field) for name in header if name not in taken}
        best = min((rank for rank in ranks.values() if rank is not None), default=None)
        if best is None or (ranks_below is not None and best >= ranks_below):
            continue
        found = [name for name, rank in ranks.items() if rank == best]
        if len(found) == 1:
            names[field] = found[0]
        else:
            unclear[field] = tuple(found)
    return Headers(
        names={field: names[field] for field in FIELDS if field in names}, unclear=unclear
    )


def _spelled(text: str, header: Sequence[str]) -> str:
    """The column that a person means; "" = there is none."""
    same = [name for name in header if canonical(name) == canonical(text)] if text else []
    return text if text in header else "".join(same[:1])


def _rank(name: str, field: Field) -> int | None:
    """How well a column's name fits a field, 0 = best; None = not at all."""
    words = [canonical(word) for word in re.findall(r"[^\W\d_]+", plain(name))]
    if field == "onset" and _ENDS & set(words):
        return None
    of_session = field == "onset" and any(set(words) & set(group) for group in _WORDS["session"])
    for k, group in enumerate(_WORDS[field]):
        if set(words) & set(group):  # the start of a session is no better than a time
            return 2 * max(k, of_session) + (len(words) > 1)
    return None
