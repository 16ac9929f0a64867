"""A page for grading events without knowing whose they are: no model, no curve, no score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ferbench.pages.document import Page
from ferbench.pages.grading_assets import GRADING_SCRIPTS, GRADING_STYLES
from ferbench.wording import plural


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownItem:
    """One event as a rater sees it.

    Attributes:
        item: its name, which tells nothing.
        session: where it is.
        label: expression that is claimed.
        onset_s: seconds of the session.
        offset_s: likewise.
        trigger_s: likewise.
        from_s: where what is shown begins.
        to_s: and where it ends.
        clip: a video of that, as a data: URI; "" = the rater opens the session's from disk.
    """

    item: str
    session: str
    label: str
    onset_s: float
    offset_s: float
    trigger_s: float
    from_s: float
    to_s: float
    clip: str = ""

    def as_plain(self) -> Mapping[str, Any]:
        """As the page's scripts read it."""
        return {
            "item": self.item,
            "session": self.session,
            "label": self.label,
            "onset_s": self.onset_s,
            "offset_s": self.offset_s,
            "trigger_s": self.trigger_s,
            "from_s": self.from_s,
            "to_s": self.to_s,
            "clip": self.clip,
        }


def grading_page(items: Sequence[ShownItem], *, context_s: float) -> Page:
    """The page; items in the order in which they are graded."""
    sessions = len({item.session for item in items})
    return Page(
        title="Grading - ferbench",
        template="grading_page.html",
        values={
            "facts": f"{plural(len(items), 'event')} of {plural(sessions, 'session')}, each with "
            f"{context_s:g} s before and after it",
        },
        data={"items": [item.as_plain() for item in items]},
        scripts=(*GRADING_SCRIPTS, "grading_player.js", "grading_page.js"),
        styles=(*GRADING_STYLES, "grading_page.css"),
    )
