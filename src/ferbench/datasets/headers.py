"""Which column of a CSV is which, by the words that people use for them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, get_args

from ferbench.datasets.naming import canonical, plain

Field = Literal["session", "participant", "onset", "offset", "kind", "annotator"]
FIELDS: Final[tuple[Field, ...]] = get_args(Field)

_WORDS: Final[Mapping[Field, tuple[tuple[str, ...], ...]]] = MappingProxyType(
    {  # of each field, better words first
        "session": (
            ("session", "sessie", "sessienummer", "sess", "ses", "sitzung", "séance", "seance", "visit"),
            ("trial", "meeting", "recording", "opname"),
            ("video", "file", "filename", "bestand", "bestandsnaam", "datei", "dateiname", "clip"),
        ),
        "participant": (
            ("participant", "participants", "proefpersoon", "pp", "ppn", "ppnr", "subject", "subj", "sub", "vp", "vpn"),
            ("versuchsperson", "proband", "teilnehmer", "deelnemer", "sujet", "person", "persoon", "patient", "client"),
        ),
        "onset": (
            ("onset", "start", "begin", "beginn", "begintijd", "starttijd", "startzeit", "début", "from"),
            ("time", "tijd", "tijdstip", "timestamp", "timecode", "zeit", "zeitpunkt", "temps", "heure"),
        ),
        "offset": (("offset", "end", "eind", "einde", "eindtijd", "stop", "stoptijd", "ende", "endzeit", "fin", "to"),),
        "kind": (
            ("kind", "type", "soort", "category", "categorie", "kategorie", "label", "code"),
            ("error", "fout", "fouttype", "fehler", "fehlertyp", "erreur", "event"),
        ),
        "annotator": (("annotator", "coder", "codeur", "codierer", "rater", "beoordelaar", "observer", "observator"),),
    }
)
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


def find_columns(header: Sequence[str]) -> Headers:
    """Find the columns of annotations.

    A column is a field's if one of its words is; a column of exactly that word comes first, then better words (a start
    before a time, a session before a file). Columns that are equally good make the field unclear.

    >>> dict(find_columns(["Proefpersoon", "Tijd", "Type fout"]).names)
    {'participant': 'Proefpersoon', 'onset': 'Tijd', 'kind': 'Type fout'}
    """
    names: dict[Field, str] = {}
    unclear: dict[Field, tuple[str, ...]] = {}
    for field in _WORDS:
        ranks = {name: _rank(name, field) for name in header if name not in names.values()}
        best = min((rank for rank in ranks.values() if rank is not None), default=None)
        found = [name for name, rank in ranks.items() if rank is not None and rank == best]
        if len(found) == 1:
            names[field] = found[0]
        elif found:
            unclear[field] = tuple(found)
    return Headers(names=names, unclear=unclear)


def _rank(name: str, field: Field) -> int | None:
    """How well a column's name fits a field, 0 = best; None = not at all."""
    words = [canonical(word) for word in re.findall(r"[^\W\d_]+", plain(name))]
    if field == "onset" and _ENDS & set(words):
        return None
    for k, group in enumerate(_WORDS[field]):
        if set(words) & set(group):
            return 2 * k + (len(words) > 1)
    return None
