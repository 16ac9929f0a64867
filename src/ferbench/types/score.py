"""Counts, and a number with what is needed to read it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from ferbench.wording import plural


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What scores are computed from.

    Attributes:
        tp: matched events.
        fp: events without an annotation.
        fn: annotations without an event.
        n_ref: annotations.
        observed_s: annotated seconds.
        valid_s: of these, seconds in which the signal was defined (a face was chosen).
        ignored: further events at annotations that have a match, where they are no false alarms.
    """

    tp: int
    fp: int
    fn: int
    n_ref: int
    observed_s: float
    valid_s: float
    ignored: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            tp=self.tp + other.tp,
            fp=self.fp + other.fp,
            fn=self.fn + other.fn,
            n_ref=self.n_ref + other.n_ref,
            observed_s=self.observed_s + other.observed_s,
            valid_s=self.valid_s + other.valid_s,
            ignored=self.ignored + other.ignored,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CountsRow:
    """One row of the counts table: session × threshold × tolerance.

    ``annotations_sha`` says what the session was scored against: equal digests, equal annotations
    and observed time.
    """

    session_id: str
    participant: str
    threshold: float
    pre_s: float
    post_s: float
    counts: Counts
    annotations_sha: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Score:
    """One number with what is needed to read it.

    Attributes:
        name: that it is logged under, such as ``event/f1``.
        value: NaN = undefined.
        n: items that it rests on: events, annotations, matches or sessions.
        higher_is_better: which way is better.
        ci95: its interval of confidence; None = not asked for. Its ends are NaN where none can be
            made.
        chance: what events score that know nothing of the annotations; None = not asked for, or
            there is none for it.
        p: how often these are as good; None as ``chance``.
        participants: that it rests on; None = not known.
        params: settings that it was made with.

    >>> Score(name="event/f1", value=0.5, n=9, higher_is_better=True, ci95=(0.25, 0.75))
    Score: 0.500 [0.250, 0.750], 9 items
    """

    name: str
    value: float
    n: int
    higher_is_better: bool
    ci95: tuple[float, float] | None = None
    chance: float | None = None
    p: float | None = None
    participants: int | None = None
    params: Mapping[str, float | str] = field(default_factory=dict)

    def __repr__(self) -> str:
        value = _shown(self.value)
        if self.ci95 is not None and not math.isnan(self.ci95[0]):
            low, high = self.ci95
            value = f"{value} [{low:.3f}, {high:.3f}]"
        parts = [value]
        if self.chance is not None:
            parts.append(f"chance {_shown(self.chance)}")
        if self.p is not None:
            parts.append(f"p {_shown(self.p)}")
        parts.append(plural(self.n, "item"))
        if self.participants is not None:
            parts.append(plural(self.participants, "participant"))
        return f"Score: {', '.join(parts)}"


def _shown(value: float) -> str:
    if math.isnan(value):
        return "undefined"
    return f"{value:.3f}"
