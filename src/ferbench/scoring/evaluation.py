"""Events against annotations in one call: scores, how sure they are, and all statistics.

>>> from ferbench.scoring.scored_session import ScoredSession
>>> from ferbench.types import Annotation, Event
>>> event = Event(
...     session_id="a", onset_s=2.0, offset_s=3.0, trigger_s=2.5, label="surprise", peak=0.9
... )
>>> annotation = Annotation(session_id="a", onset_s=1.0, offset_s=1.0)
>>> session = ScoredSession(
...     session_id="a", participant="", events=(event,), annotations=(annotation,), observed=()
... )
>>> score_sessions([session], intervals=False)["f1"]
Score: 1.000, 2 items, 1 participant
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from ferbench.scoring.agreement.coded_intervals import CodedIntervals
from ferbench.scoring.matching.criterion import Criterion
from ferbench.scoring.matching.window import Window
from ferbench.scoring.metrics import MAIN, values_of
from ferbench.scoring.numbers import numbers
from ferbench.scoring.ratios import defined
from ferbench.scoring.scored_session import ScoredSession
from ferbench.scoring.session_outcome import (
    SessionOutcome,
    outcome_of,
    scores_of,
    window_params,
)
from ferbench.scoring.statistics import Statistics, statistics
from ferbench.scoring.statistics_rules import StatisticsRules
from ferbench.types import Score
from ferbench.wording import plural

if TYPE_CHECKING:
    import pandas as pd

_WINDOW: Final = Window()
_RULES: Final = StatisticsRules()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Scores(Mapping[str, Score]):
    """Scores over all sessions by metric, and what they rest on.

    Attributes:
        by_metric: a score for each metric.
        sessions: what was compared.
        outcomes: counts and matches of each session, by its name.
        criterion: how events were matched.
        rules: how statistics were made.
        statistics: chance levels, intervals, curves, lag, agreement, breakdowns.
        left_out: sentences about sessions that were not scored, and why.
        refused: sentences about rows of annotations that cannot be used.
        notes: what else a reader should know.
    """

    by_metric: Mapping[str, Score]
    sessions: tuple[ScoredSession, ...]
    outcomes: Mapping[str, SessionOutcome]
    criterion: Criterion
    rules: StatisticsRules
    statistics: Statistics
    left_out: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> Score:
        """The score of a metric: ``scores["f1"]``."""
        return self.by_metric[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.by_metric)

    def __len__(self) -> int:
        return len(self.by_metric)

    def __repr__(self) -> str:
        num_events = sum(len(session.events) for session in self.sessions)
        num_annotations = sum(len(session.annotations) for session in self.sessions)
        scores = (
            f"Scores: F1 {str(self[MAIN]).removeprefix('Score: ')}; "
            f"{plural(num_events, 'event')}, {plural(num_annotations, 'annotation')}, "
            f"{plural(len(self.sessions), 'session')}"
        )
        refused = [f"refused: {text}" for text in self.refused]
        notes = [f"note: {text}" for text in self.notes]
        return "\n".join([scores, *refused, *self.left_out, *notes])

    @property
    def numbers(self) -> dict[str, float]:
        """Every number of the statistics by the name that a run logs it under; NaN = undefined."""
        return numbers(self.statistics)

    def to_frame(self) -> pd.DataFrame:
        """One row per metric: value, ends of the interval, chance level, p, what it rests on."""
        import pandas as pd

        rows = []
        for name, score in self.items():
            low, high = score.ci95 or (None, None)
            rows.append(
                {
                    "metric": name,
                    "value": score.value,
                    "low": low,
                    "high": high,
                    "chance": score.chance,
                    "p": score.p,
                    "n": score.n,
                    "higher_is_better": score.higher_is_better,
                }
            )
        return pd.DataFrame(rows).set_index("metric")

    def sessions_frame(self) -> pd.DataFrame:
        """One row per session: counts, observed seconds, metrics of counts."""
        import pandas as pd

        rows = []
        for name, outcome in self.outcomes.items():
            counts = outcome.counts
            rows.append(
                {
                    "session": name,
                    "tp": counts.tp,
                    "fp": counts.fp,
                    "fn": counts.fn,
                    "observed_s": counts.observed_s,
                    **values_of(counts),
                }
            )
        return pd.DataFrame(rows, columns=None if rows else ["session"]).set_index("session")

    def as_plain(self) -> dict[str, Any]:
        """Sessions, scores, statistics and the criterion as plain values; undefined is None."""
        return {
            "sessions": {name: each.as_plain() for name, each in self.outcomes.items()},
            "scores": {score.name: defined(score.value) for score in self.values()},
            "statistics": {name: defined(value) for name, value in self.numbers.items()},
            "params": dict(self[MAIN].params),
        }


def score_sessions(
    sessions: Iterable[ScoredSession],
    criterion: Criterion = _WINDOW,
    rules: StatisticsRules = _RULES,
    *,
    annotators: Mapping[str, CodedIntervals] | None = None,
    outcomes: Mapping[str, SessionOutcome] | None = None,
    intervals: bool = True,
) -> Scores:
    """Score sessions of which only what counts is left.

    Args:
        sessions: with different names.
        criterion: which events count for which annotations.
        rules: how statistics are made.
        annotators: what each annotator marked, where there are several; None = there is one.
        outcomes: of each session by its name, where observed seconds are known better than from its
            stretches; None = they are made here.
        intervals: also chance levels and intervals, which take draws.
    """
    scored = tuple(sessions)
    if outcomes is None:
        outcomes = {session.session_id: outcome_of(session, criterion) for session in scored}
    found = statistics(scored, criterion, rules, annotators=annotators or {}, intervals=intervals)
    scores = scores_of(
        [(outcome.counts, outcome.lags_s) for outcome in outcomes.values()],
        params=window_params(criterion, rules),
    )
    return Scores(
        by_metric={
            score.name.removeprefix("event/"): _with_uncertainty(score, found) for score in scores
        },
        sessions=scored,
        outcomes=outcomes,
        criterion=criterion,
        rules=rules,
        statistics=found,
    )


def _with_uncertainty(score: Score, found: Statistics) -> Score:
    """A score with its interval, chance level and p value, where it has them."""
    participants = len(found.assessment.participants)
    measured = found.assessment.measured.get(score.name.removeprefix("event/"))
    if measured is None:
        return replace(score, participants=participants)
    ci95 = chance = p = None
    if measured.interval is not None and measured.interval.level == 0.95:
        ci95 = (measured.interval.low, measured.interval.high)
    if measured.chance is not None:
        chance, p = measured.chance.mean, measured.chance.p
    return replace(score, ci95=ci95, chance=chance, p=p, participants=participants)
