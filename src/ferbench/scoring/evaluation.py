"""Events against annotations in one call: scores, how sure they are, and all statistics.

>>> from ferbench.scoring.matching.window import Window
>>> from ferbench.types import Annotation, Event
>>> event = Event(
...     session_id="a", onset_s=2.0, offset_s=3.0, trigger_s=2.5, label="surprise", peak=0.9
... )
>>> annotation = Annotation(session_id="a", onset_s=1.0, offset_s=1.0)
>>> scores = score_events([event], [annotation], Window(post_s=5.0), intervals=False)
>>> scores["f1"]
Score: 1.000, 2 items, 1 participant
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, TypeVar

from ferbench.errors import ConfigError, Setting, Text
from ferbench.scoring.agreement.coded_intervals import CodedIntervals, intervals_by_annotator
from ferbench.scoring.matching.criterion import Criterion
from ferbench.scoring.matching.window import Window
from ferbench.scoring.metrics import MAIN, values_of
from ferbench.scoring.numbers import numbers
from ferbench.scoring.ratios import defined
from ferbench.scoring.scored_session import ScoredSession
from ferbench.scoring.session_outcome import (
    SessionOutcome,
    counted,
    outcome_of,
    scores_of,
    window_params,
)
from ferbench.scoring.statistics import Statistics, statistics
from ferbench.scoring.statistics_rules import StatisticsRules
from ferbench.timespans import Stretches, closed, total_s
from ferbench.types import Annotation, Event, Score
from ferbench.wording import plural

if TYPE_CHECKING:
    import pandas as pd

_Item = TypeVar("_Item", Event, Annotation)

EVERYBODY: Final = "all"
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
    """

    by_metric: Mapping[str, Score]
    sessions: tuple[ScoredSession, ...]
    outcomes: Mapping[str, SessionOutcome]
    criterion: Criterion
    rules: StatisticsRules
    statistics: Statistics

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
        return (
            f"Scores: F1 {str(self[MAIN]).removeprefix('Score: ')}; "
            f"{plural(num_events, 'event')}, {plural(num_annotations, 'annotation')}, "
            f"{plural(len(self.sessions), 'session')}"
        )

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


def score_events(
    events: Iterable[Event],
    annotations: Iterable[Annotation],
    criterion: Criterion = _WINDOW,
    rules: StatisticsRules = _RULES,
    *,
    observed: Mapping[str, Stretches] | None = None,
    participants: Mapping[str, str] | None = None,
    annotator: str | None = None,
    intervals: bool = True,
) -> Scores:
    """Score events against annotations, session by session.

    Args:
        events: of any sessions, any order.
        annotations: of any sessions, any order.
        criterion: which events count for which annotations.
        rules: how statistics are made.
        observed: what was observed of each session, [from_s, to_s) with finite ends; sessions
            without anything in them are known from here. A session that is not in it counts whole,
            and nothing is said of its time (no false alarms per minute, no chance level).
        participants: whose each session is, the unit of resampling; a session that is not in it
            stands for itself.
        annotator: whose annotations; "all" = everybody's; None = there is one annotator only.
        intervals: also chance levels and intervals, which take draws.

    Raises:
        ConfigError: there are several annotators and none is chosen, or the chosen one is none of
            them.
    """
    every_annotation = tuple(annotations)
    chosen = _of_annotator(every_annotation, annotator)
    events_of = _by_session(events)
    annotations_of = _by_session(chosen)
    observed = observed or {}
    names = sorted({*events_of, *annotations_of, *observed})
    sessions = [
        _session(
            name,
            tuple(sorted(events_of.get(name, ()))),
            tuple(sorted(annotations_of.get(name, ()))),
            criterion,
            observed=observed.get(name),
            participant=(participants or {}).get(name, ""),
        )
        for name in names
    ]
    annotators: Mapping[str, CodedIntervals] = {}
    if annotator not in (None, EVERYBODY):
        rows = _by_session(every_annotation)
        annotators = intervals_by_annotator(
            {name: tuple(rows.get(name, ())) for name in names}, all_watched=False
        )
    return score_sessions(sessions, criterion, rules, annotators=annotators, intervals=intervals)


def _session(
    name: str,
    events: tuple[Event, ...],
    annotations: tuple[Annotation, ...],
    criterion: Criterion,
    *,
    observed: Stretches | None,
    participant: str,
) -> ScoredSession:
    scored_events, scored_annotations = counted(events, annotations, observed, criterion)
    stretches: tuple[tuple[float, float], ...] = ()
    if observed is not None:
        stretches = closed(observed, total_s(observed))
    return ScoredSession(
        session_id=name,
        participant=participant,
        events=tuple(events[i] for i in scored_events),
        annotations=tuple(annotations[j] for j in scored_annotations),
        observed=stretches,
    )


def _by_session(items: Iterable[_Item]) -> dict[str, list[_Item]]:
    result: dict[str, list[_Item]] = {}
    for item in items:
        result.setdefault(item.session_id, []).append(item)
    return result


def _of_annotator(
    annotations: Sequence[Annotation], annotator: str | None
) -> tuple[Annotation, ...]:
    names = sorted({annotation.annotator for annotation in annotations})
    if annotator == EVERYBODY:
        return tuple(annotations)
    if annotator is None:
        if len(names) > 1:
            raise ConfigError(
                f"the annotations are of several annotators: {', '.join(map(repr, names))}",
                hint=Text("choose one with ", Setting("annotator", names[0])),
            )
        return tuple(annotations)
    if annotator not in names:
        expected = f"one of {', '.join(map(repr, names))}"
        raise ConfigError(key="annotator", expected=expected, got=annotator)
    return tuple(each for each in annotations if each.annotator == annotator)


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
