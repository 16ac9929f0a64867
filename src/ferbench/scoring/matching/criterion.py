"""What a criterion is: it says when an event counts for an annotation.

Every criterion pairs each event and each annotation at most once, as many as can be, and of those
matchings takes one with the least total distance between onsets (``Window``: between the event's
stamp and the onset). The order of the lists does not matter. Edges are included and stretched by a
tolerance, so that decimal times whose doubles miss an edge by a rounding error count. Duplicate
detections therefore count once, the others are false alarms or ignored (``duplicates``).

A criterion sees one session, all its parts together, and only what counts: events and annotations
outside of what was observed are left out before (``session_outcome.counted``), by an event's stamp
and an annotation's onset. An annotation beyond the end of a sound video counts as missed (and is
told); so does one without any event, as in a session without a face.

A new criterion is a file beside this one and a yaml in ``conf/scoring``. One that looks at each
pair of event and annotation alone derives from ``pairwise.Pairwise`` and says which pairs it
allows; any other has all that ``Criterion`` lists.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, NamedTuple, Protocol, runtime_checkable

from ferbench import checks
from ferbench.errors import ConfigError
from ferbench.scoring.matching.duplicates import Duplicates
from ferbench.scoring.matching.many_draws import Counting
from ferbench.scoring.scored_session import Stamp
from ferbench.types import F64, Annotation, Event

Pairs = tuple[tuple[int, int], ...]
"""Positions (event, annotation) in the lists of one session, rising, each used once."""


class OnsetWindow(NamedTuple):
    """An event matches when its stamp lies in [onset - pre_s, onset + post_s].

    Attributes:
        pre_s: seconds before an annotation's onset.
        post_s: seconds after it.
        tolerance_s: what both ends are stretched by.
    """

    pre_s: float
    post_s: float
    tolerance_s: float

    def around(self, onsets_s: F64) -> tuple[F64, F64]:
        """Where the windows of onsets, f64 (M,), begin and end, f64 (M,) each.

        The very sums of ``one_to_one.match``, so that all agree in the last digit.
        """
        low_s = onsets_s - self.pre_s - self.tolerance_s
        high_s = onsets_s + self.post_s + self.tolerance_s
        return low_s, high_s


@runtime_checkable
class Criterion(Protocol):
    """Says which events count for which annotations, and what follows from that.

    As text it completes "an event matches an annotation when".

    Attributes:
        version: raised when the same fields give other matches.
        needs_extent: whether events and annotations without an extent can match nothing, or only
            by chance.
        frame_rate_hz: of the frame scores that belong to this criterion; None = none do.
    """

    version: ClassVar[str]
    needs_extent: ClassVar[bool]
    frame_rate_hz: ClassVar[float | None]

    @property
    def stamp(self) -> Stamp:
        """An event's time: of what was observed, and of lags."""

    @property
    def duplicates(self) -> Duplicates:
        """What further events are, where another one counts for the annotation already."""

    @property
    def moved_by(self) -> Stamp:
        """Which of an event's times null detectors move; its extent moves along."""

    @property
    def onset_window(self) -> OnsetWindow | None:
        """The window around an onset that is all that decides; None = matching is not by one."""

    @property
    def no_curves(self) -> str:
        """Why there are no curves over thresholds and over the window's width; "" = there are.

        Curves are matched by ``onset_window``, so without one this says so.
        """

    def stamp_s(self, event: Event) -> float:
        """The event's time by ``stamp``, seconds of the session."""

    def matches(self, events: Sequence[Event], annotations: Sequence[Annotation]) -> Pairs:
        """Pairs of one session."""

    def ignored(
        self, events: Sequence[Event], annotations: Sequence[Annotation], pairs: Pairs
    ) -> tuple[int, ...]:
        """Positions of events that are neither hits nor false alarms, rising.

        None, unless ``duplicates`` says so.

        Args:
            events: of one session.
            annotations: of the same.
            pairs: ``matches`` of both.
        """

    def count_matches(self) -> Counting:
        """How many pairs, and ignored events, there are in many draws of the events at once.

        For the chance level.
        """

    def least_shift_s(self, *, longest_event_s: float, longest_annotation_s: float) -> float:
        """The circular shift from which on no event can keep its match.

        Args:
            longest_event_s: longest extent of an event, from ``moved_by`` to its offset.
            longest_annotation_s: longest extent of an annotation.
        """


def check_stamp(stamp: str) -> None:
    """Refuse what is no stamp.

    Raises:
        ConfigError: neither ``trigger`` nor ``onset``.
    """
    if stamp not in ("trigger", "onset"):
        raise ConfigError(key="stamp", expected="trigger or onset", got=stamp)


def check_seconds(**values: float) -> None:
    """Refuse negative and non-finite values of fields.

    Raises:
        ConfigError: names the field.
    """
    for name, value in values.items():
        checks.check_seconds(name, value)
