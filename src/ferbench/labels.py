"""Names of facial expressions: one spelling inside ferbench, whatever a model's authors wrote.

The seven basic categories follow Ekman (1992) plus neutral; ``contempt`` is the eighth class of
AffectNet.
"""

from __future__ import annotations

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
}


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
