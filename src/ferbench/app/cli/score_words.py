"""How messages of ``ferbench score`` name settings."""

from __future__ import annotations

from typing import Final

from ferbench.app.words import OptionWords
from ferbench.sentences import Setting

OWN_OPTIONS: Final = {
    "pre_s": "--pre",
    "post_s": "--post",
    "stamp": "--stamp",
    "intervals": "--no-intervals",
}
"""Settings of the criterion and the statistics that have an option of their own."""
OPTIONS: Final = {
    "camera": "--camera",
    "dataset": "--dataset",
    "annotator": "--annotator",
    "format.columns": "--column",
    "format.frame_rate_hz": "--frame-rate",
    "format.keep": "--keep",
    "format.sheet": "--sheet",
    "format.tier": "--tier",
    "format.time_format": "--time-format",
    "label": "--label",
    "link_videos": "--link-videos",
    "lengths": "--sessions",
    "matches": "--matches",
    "post_s": "--post",
    "pre_s": "--pre",
    "scoring": "--scoring",
    "session_name": "--session-name",
    "stamp": "--stamp",
    "statistics.intervals=none": "--no-intervals",
    "unlisted": "--unlisted",
}
"""Options by the fields that messages name."""


class ScoreWords(OptionWords):
    """As ``OptionWords``; fields of the criterion and of the statistics are set with ``--set``."""

    def setting(self, setting: Setting) -> str:
        """``--set least_iou=0.3``, or ``--set least_iou``."""
        group, _, name = setting.key.partition(".")
        key = f"{setting.key}={setting.value}"
        if group not in ("scoring", "statistics") or not name or key in self.options:
            return OptionWords.setting(self, setting)
        if name in OWN_OPTIONS:
            return OptionWords.setting(self, Setting(name, setting.value))
        if not setting.value:
            return f"--set {name}"
        return f"--set {name}={setting.value}"


WORDS: Final = ScoreWords(OPTIONS)
_IN_FILE: Final = ("format", "session_name", "unlisted")
WORDS_OF_DATASET: Final = ScoreWords(
    {key: OPTIONS[key] for key in OPTIONS if key.partition(".")[0] not in _IN_FILE}, _IN_FILE
)
"""Where the data set's file says how annotations are written."""
