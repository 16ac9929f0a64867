"""Names of what models tell: one spelling inside ferbench, whatever a model's authors wrote.

Expressions: the seven basic categories follow Ekman (1992) plus neutral; ``contempt`` is the eighth
class of AffectNet. Valence and arousal are Russell's (1980). Action units have the numbers and
names of the Facial Action Coding System (Ekman, Friesen and Hager 2002).
"""

from __future__ import annotations

import re
from typing import Final

from ferbench.errors import ConfigError
from ferbench.wording import did_you_mean

EMOTIONS: Final = (
    "anger",
    "contempt",
    "disgust",
    "fear",
    "happiness",
    "neutral",
    "sadness",
    "surprise",
)

_ALIASES: Final = {
    "angry": "anger",
    "happy": "happiness",
    "joy": "happiness",
    "sad": "sadness",
    "surprised": "surprise",
    "disgusted": "disgust",
    "fearful": "fear",
    "afraid": "fear",
    "scared": "fear",
    "contemptuous": "contempt",
    "neutrality": "neutral",
    "suprise": "surprise",
}

ACTION_UNITS: Final = {
    1: "inner brow raiser",
    2: "outer brow raiser",
    4: "brow lowerer",
    5: "upper lid raiser",
    6: "cheek raiser",
    7: "lid tightener",
    9: "nose wrinkler",
    10: "upper lip raiser",
    11: "nasolabial deepener",
    12: "lip corner puller",
    13: "sharp lip puller",
    14: "dimpler",
    15: "lip corner depressor",
    16: "lower lip depressor",
    17: "chin raiser",
    18: "lip pucker",
    20: "lip stretcher",
    22: "lip funneler",
    23: "lip tightener",
    24: "lip pressor",
    25: "lips part",
    26: "jaw drop",
    27: "mouth stretch",
    28: "lip suck",
    43: "eye closure",
    45: "blink",
}
"""FACS' names by number, of those that models tell."""

_UNITS_BY_NAME: Final = {name: number for number, name in ACTION_UNITS.items()}
_UNIT: Final = re.compile(r"au[ _]?0*([1-9][0-9]?)", re.IGNORECASE)
_FALLING: Final = "falling "
_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")


def expression_name(label: str) -> str:
    """Return ferbench's spelling of an expression label.

    Args:
        label: a label as a model, a paper or a user writes it; case and outer blanks do not matter.

    Raises:
        ConfigError: the label is not known.

    >>> expression_name("Happy")
    'happiness'
    """
    name = label.strip().lower()
    name = _ALIASES.get(name, name)
    if name not in EMOTIONS:
        raise ConfigError(
            f"unknown expression label {label!r}{did_you_mean(name, EMOTIONS)}; expected one of: "
            f"{', '.join(EMOTIONS)}"
        )
    return name


def channel_name(label: str) -> str:
    """Return ferbench's spelling of what a model may tell: a class, a dimension, an action unit.

    Args:
        label: as a model, a paper or a user writes it; case and outer blanks do not matter. Action
            units may have their number (``AU12``, ``au1``) or their name in FACS.

    Raises:
        ConfigError: it cannot be the name of a channel.

    >>> [channel_name(label) for label in ("Happy", "Arousal", "au1", "lip corner puller")]
    ['happiness', 'arousal', 'AU01', 'AU12']
    """
    name = " ".join(label.split()).lower()
    unit = _UNIT.fullmatch(name)
    number = int(unit[1]) if unit else _UNITS_BY_NAME.get(name)
    if number is not None:
        return f"AU{number:02d}"
    name = _ALIASES.get(name, name)
    if not _NAME.fullmatch(name):
        raise ConfigError(
            f"unknown label {label!r}; expected an expression ({', '.join(EMOTIONS)}), an action "
            "unit such as AU12, or the name of another output of the model, such as arousal"
        )
    return name


def falling(name: str) -> str:
    """What a signal and its events are called that are about low values of a channel."""
    return f"{_FALLING}{name}"


def channel_of(label: str) -> str:
    """The channel that a signal or an event is about.

    >>> channel_of("falling valence"), channel_of("surprise")
    ('valence', 'surprise')
    """
    return label.removeprefix(_FALLING)
