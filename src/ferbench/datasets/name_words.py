"""Words and patterns by which people name video files and folders.

Dutch, English, French and German; names of cameras and phones that name files themselves.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

# fmt: off
PERSON_WORDS: Final = (
    "participant", "subject", "subj", "sub", "person", "patient", "client", "proband",
    "teilnehmer", "sujet",
    "proefpersoon", "deelnemer", "persoon", "cliënt", "versuchsperson",
    "ppn", "pp", "vpn", "vp", "id", "pid", "p",
)
SESSION_WORDS: Final = (
    "session", "sessie", "sess", "ses", "sitzung", "séance", "seance", "visit", "bezoek", "s",
    "termin", "messzeitpunkt", "mzp",
)
OCCASION_WORDS: Final = ("t", "tag", "dag", "day")
"""Sessions where the annotations have the number and no session word is there.

``S2`` may be the second of a day.
"""
CAMERA_WORDS: Final = (
    "front", "side", "left", "right", "top", "voor", "zij", "links", "rechts", "boven",
    "overview", "face", "robot",
)
PART_WORDS: Final = ("part", "pt", "deel", "teil", "chapter", "del")
COUNTER_WORDS: Final = (
    "img", "mvi", "dsc", "dscn", "dscf", "vid", "mov", "dji", "gopr",
)
MONTHS: Final = (
    "jan", "januari", "januar", "january", "janvier",
    "feb", "februari", "februar", "february", "février",
    "maart", "mrt", "märz", "march", "mar", "mars", "apr", "april", "avril", "mei", "mai", "may",
    "jun", "juni", "june", "juin", "jul", "juli", "july", "juillet",
    "aug", "augustus", "august", "août", "sep", "sept", "september", "septembre",
    "okt", "oktober", "oct", "october", "octobre", "nov", "november", "novembre",
    "dec", "december", "dez", "dezember", "décembre",
)
# fmt: on


def _either(words: Iterable[str]) -> str:
    """A pattern of any of the words, longest first."""
    return "|".join(sorted(words, key=len, reverse=True))


def _numbered(words: Iterable[str], value: str = r"\d+") -> re.Pattern[str]:
    """A whole word, then a value, with at most two marks between."""
    return re.compile(
        rf"(?<![^\W\d_])(?P<word>{_either(words)})[\s._#-]{{0,2}}(?P<value>{value})",
        re.IGNORECASE,
    )


_NUMBER_OR_LETTER: Final = r"(?:\d+|[a-z])(?![^\W_])"
PERSON: Final = _numbered(PERSON_WORDS)
SESSION: Final = _numbered(SESSION_WORDS)
OCCASION: Final = _numbered(OCCASION_WORDS)
CAMERA: Final = _numbered(("camera", "cam"), _NUMBER_OR_LETTER)
PART: Final = _numbered(PART_WORDS, _NUMBER_OR_LETTER)
COUNTER: Final = _numbered(COUNTER_WORDS)
GOPRO: Final = re.compile(
    r"(?<![^\W_])G[XHL](?P<chapter>\d\d)(?P<number>\d{4})(?!\d)", re.IGNORECASE
)
PAIR: Final = re.compile(
    r"(?<!\d)(?<!\d[-_.])(?P<participant>\d+)[-_](?P<session>\d+)(?!\d|[-_.]\d)"
)
MOMENT: Final = re.compile(
    r"(?P<utc>PXL_|GMT)?"
    r"(?<!\d)(?P<y>(?:19|20)\d\d)(?P<mark>[-_.]?)(?P<m>\d\d)(?P=mark)(?P<d>\d\d)"
    r"(?:\s+at\s+|[-_.T\s]{0,3})"
    r"(?P<h>\d\d)[-_.:h]?(?P<min>\d\d)[-_.:m]?(?P<s>\d\d)(?P<ms>\d{3})?(?!\d)"
    r"(?P<zulu>Z(?![^\W_]))?",
    re.IGNORECASE,
)
"""A date and a time; ``utc`` and ``zulu`` show that the camera writes UTC."""
DATE: Final = re.compile(
    r"(?<!\d)(?:(?:19|20)\d\d(?P<mark>[-_.]?)(?:0[1-9]|1[0-2])(?P=mark)(?:0[1-9]|[12]\d|3[01])"
    r"|\d{1,2}(?P<dash>[-.])\d{1,2}(?P=dash)(?:19|20)\d\d)(?!\d)"
)
TIME_OF_DAY: Final = re.compile(r"(?<!\d)[0-2]\d(?P<mark>[.:])[0-5]\d(?P=mark)[0-5]\d(?!\d)")
DAY_AND_MONTH: Final = re.compile(
    rf"(?<!\d)[0-3]?\d[\s._-]{{0,2}}(?:{_either(MONTHS)})(?![^\W\d_])", re.IGNORECASE
)
TOKEN: Final = re.compile(r"[^\W\d_]+|\d+")
NUMBER_ALONE: Final = re.compile(r"(?<![^\W_])(?<!\d[-.:])\d+(?![^\W_]|[-.:]\d)")
WORD: Final = re.compile(r"[^\W\d_]+")
