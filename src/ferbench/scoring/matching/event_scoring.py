"""Scoring of events against annotations: matching, counts per session, scores over all sessions."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from ferbench.errors import ConfigError
from ferbench.scoring.counts import counts_of
from ferbench.scoring.matching.criteria import AnyOverlap, Criterion, OnsetOffset, Overlap, Window
from ferbench.scoring.metrics import latency_s, values_of
from ferbench.scoring.uncertainty.intervals import METHODS, Method
from ferbench.timespans import Stretches, contains, includes
from ferbench.types import Annotation, Counts, Event, Score


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionOutcome:
    """Comparison of one session.

    Attributes:
        matches: pairs (event, annotation) of positions in the tuples that were given, each used
            once.
        counts: what scores are computed from.
        lags_s: event's time - annotation's onset, one per match.
    """

    matches: tuple[tuple[int, int], ...]
    counts: Counts
    lags_s: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventScoring:
    """Matches each annotation with at most one event.

    In [onset - pre_s, onset + post_s], or by another criterion.

    Where observed stretches are given, events and annotations outside of them are left out before
    matching: an annotation counts with its onset in [from_s, to_s), an event with its time in
    [from_s, to_s] (the end is included, because a trigger is the end of a frame). So the event that
    belongs to an annotation just before the end of a stretch can be lost with what was not
    observed.

    Attributes:
        pre_s: window before an annotation's onset, seconds.
        post_s: window after an annotation's onset, seconds.
        stamp: an event's time: ``trigger`` (when the rule became true) or ``onset``.
        tolerances_s: further values of ``post_s`` for which counts are tabled; scores use
            ``post_s`` alone.
        criterion: another way to match than by the window; None = the window.
        segment_s: length of the segments of segment scores and segment agreement, seconds.
        frame_rate_hz: of the frame scores of ERR@HRI 2024; None = there are none.
        frame_tolerance: of these, in frames.
        intervals: when chance levels, intervals and their pictures are made: ``final`` = for single
            runs and for the best cell of a sweep, ``all`` = also for every cell (without pictures),
            ``none``. Changes no score.
        surrogates: draws of each null detector.
        draws: of the bootstrap over participants.
        confidence: of the intervals.
        method: of the intervals (see ``scoring.intervals``).
        seed: of all random numbers.
    """

    version: ClassVar[str] = "1"
    pre_s: float = 0.5
    post_s: float = 5.0
    stamp: Literal["trigger", "onset"] = "trigger"
    tolerances_s: tuple[float, ...] = (1.0, 2.0, 5.0, 10.0)
    criterion: OnsetOffset | Overlap | AnyOverlap | None = None
    segment_s: float = 5.0
    frame_rate_hz: float | None = None
    frame_tolerance: int = 1
    intervals: Literal["final", "all", "none"] = field(default="final", compare=False)
    surrogates: int = 1000
    draws: int = 2000
    confidence: float = 0.95
    method: Method = "expanded"
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the numbers."""
        object.__setattr__(self, "tolerances_s", tuple(self.tolerances_s))
        checked = [
            ("pre_s", self.pre_s),
            ("post_s", self.post_s),
            *(("tolerances_s", t) for t in self.tolerances_s),
        ]
        for name, seconds in checked:
            if not (math.isfinite(seconds) and seconds >= 0):
                raise ConfigError(
                    f"{name}: expected a finite number of seconds, 0 or more, got {seconds!r}"
                )
        for name, above_0 in (("segment_s", self.segment_s), ("frame_rate_hz", self.frame_rate_hz)):
            if above_0 is not None and not (math.isfinite(above_0) and above_0 > 0):
                raise ConfigError(f"{name}: expected a finite number above 0, got {above_0!r}")
        if self.frame_tolerance < 0:
            raise ConfigError(
                f"frame_tolerance: expected 0 or more frames, got {self.frame_tolerance}"
            )
        if self.criterion is not None and not hasattr(self.criterion, "matches"):
            raise ConfigError(
                f"criterion: expected its settings or null, got {self.criterion!r}; choose one with "
                "scoring=onset_offset, overlap or errhri"
            )
        if self.stamp not in ("trigger", "onset"):
            raise ConfigError(f"stamp: expected trigger or onset, got {self.stamp!r}")
        if self.intervals not in ("final", "all", "none"):
            raise ConfigError(f"intervals: expected final, all or none, got {self.intervals!r}")
        for name in ("surrogates", "draws"):
            if getattr(self, name) < 1:
                raise ConfigError(
                    f"{name}: expected at least 1 (intervals=none for none), got {getattr(self, name)}"
                )
        if not 0 < self.confidence < 1:
            raise ConfigError(
                f"confidence: expected a number between 0 and 1, got {self.confidence!r}"
            )
        if self.method not in METHODS:
            raise ConfigError(f"method: expected one of {', '.join(METHODS)}, got {self.method!r}")
        if self.seed < 0:
            raise ConfigError(f"seed: expected 0 or more, got {self.seed}")

    @property
    def rule(self) -> Criterion:
        """Which events count for which annotations."""
        return self.criterion or Window(pre_s=self.pre_s, post_s=self.post_s, stamp=self.stamp)

    def stamp_s(self, event: Event) -> float:
        """The event's time, seconds of the session."""
        return event.trigger_s if self.stamp == "trigger" else event.onset_s

    def observed(
        self, events: Sequence[Event], annotations: Sequence[Annotation], observed: Stretches | None
    ) -> tuple[list[int], list[int]]:
        """Positions of the events and of the annotations that count.

        All where ``observed`` is None.
        """
        if observed is None:
            return list(range(len(events))), list(range(len(annotations)))
        seen = [i for i, event in enumerate(events) if includes(observed, self.stamp_s(event))]
        wanted = [j for j, a in enumerate(annotations) if contains(observed, a.onset_s)]
        return seen, wanted

    def matches(
        self,
        events: tuple[Event, ...],
        annotations: tuple[Annotation, ...],
        *,
        observed: Stretches | None = None,
    ) -> tuple[tuple[int, int], ...]:
        """Pairs (event, annotation) of positions, each used once, rising.

        Only within the same session.
        """
        seen, wanted = self.observed(events, annotations, observed)
        pairs: list[tuple[int, int]] = []
        for session_id in {events[i].session_id for i in seen}:
            own = [i for i in seen if events[i].session_id == session_id]
            ref = [j for j in wanted if annotations[j].session_id == session_id]
            found = self.rule.matches([events[i] for i in own], [annotations[j] for j in ref])
            pairs.extend((own[i], ref[j]) for i, j in found)
        return tuple(sorted(pairs))

    def compare(
        self,
        events: tuple[Event, ...],
        annotations: tuple[Annotation, ...],
        *,
        observed_s: float,
        valid_s: float,
        observed: Stretches | None = None,
    ) -> SessionOutcome:
        """Compare one session.

        Args:
            events: found by a rule, any order.
            annotations: marked by humans, any order.
            observed_s: observed seconds (see ``timespans.observed_and_valid_s``).
            valid_s: of these, seconds with a value.
            observed: observed stretches, seconds of the session; None = everything.
        """
        seen, wanted = self.observed(events, annotations, observed)
        pairs = self.matches(events, annotations, observed=observed)
        return SessionOutcome(
            matches=pairs,
            counts=counts_of(
                len(pairs), len(seen), len(wanted), observed_s=observed_s, valid_s=valid_s
            ),
            lags_s=tuple(self.stamp_s(events[i]) - annotations[j].onset_s for i, j in pairs),
        )

    def counts(
        self,
        events: tuple[Event, ...],
        annotations: tuple[Annotation, ...],
        *,
        observed_s: float,
        valid_s: float,
        observed: Stretches | None = None,
    ) -> Counts:
        """Counts of one session (see ``compare``)."""
        return self.compare(
            events, annotations, observed_s=observed_s, valid_s=valid_s, observed=observed
        ).counts

    def scores(self, sessions: Iterable[tuple[Counts, Sequence[float]]]) -> tuple[Score, ...]:
        """Scores over all sessions: counts and lags are pooled first (micro average).

        ``n`` is what a score rests on: events (precision, false alarms), annotations (recall), both
        (F1), matches (latency), sessions (tp, fp, fn).

        Args:
            sessions: counts and lags of each session.
        """
        total = Counts(tp=0, fp=0, fn=0, n_ref=0, observed_s=0.0, valid_s=0.0)
        lags_s: list[float] = []
        num_sessions = 0
        for counts, lags in sessions:
            total += counts
            lags_s.extend(lags)
            num_sessions += 1
        num_events, value = total.tp + total.fp, values_of(total)
        params: dict[str, float | str] = {
            "pre_s": self.pre_s,
            "post_s": self.post_s,
            "stamp": self.stamp,
        }
        table = (
            ("precision", value["precision"], num_events, True),
            ("recall", value["recall"], total.n_ref, True),
            ("f1", value["f1"], num_events + total.n_ref, True),
            ("false_alarms_per_min", value["false_alarms_per_min"], num_events, False),
            ("latency_s", latency_s(lags_s), len(lags_s), False),
            ("tp", float(total.tp), num_sessions, True),
            ("fp", float(total.fp), num_sessions, False),
            ("fn", float(total.fn), num_sessions, False),
        )
        return tuple(
            Score(name=f"event/{name}", value=value, n=n, higher_is_better=better, params=params)
            for name, value, n, better in table
        )
