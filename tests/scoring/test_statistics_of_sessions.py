"""Statistics of scored sessions: chance levels, intervals, agreement, and what is said of them."""

from __future__ import annotations

import csv
import math
import re
from dataclasses import replace

import numpy as np
import pytest

from ferbench.errors import ConfigError
from ferbench.report.statistics_files import write_statistics
from ferbench.report.statistics_text import summary
from ferbench.scoring.agreement.coded_intervals import intervals_by_annotator, of_annotations
from ferbench.scoring.further_intervals import AGREED
from ferbench.scoring.matching.errhri import AnyOverlap
from ferbench.scoring.matching.onset_offset import OnsetOffset
from ferbench.scoring.matching.overlap import Overlap
from ferbench.scoring.matching.window import Window
from ferbench.scoring.numbers import numbers
from ferbench.scoring.statistics import statistics
from ferbench.scoring.statistics_rules import StatisticsRules
from ferbench.scoring.uncertainty.intervals import resampled
from ferbench.types import Annotation
from helpers.scored_sessions import scored_sessions

PICTURES = {"chance", "lag_scan", "latency", "participants", "time_bins", "tolerance"}
TABLES = {"agreement", "breakdowns", "by_participant", "macro", "no_face", "time_in_alarm"}
FEW_DRAWS = {"surrogates": 20, "draws": 20}


def statistics_of(sessions, criterion=None, *, annotators=None, intervals=True, **rules):
    return statistics(
        sessions,
        criterion or Window(),
        StatisticsRules(**(FEW_DRAWS | rules)),
        annotators=annotators or {},
        intervals=intervals,
    )


def summary_of(sessions, criterion=None):
    criterion = criterion or Window()
    return summary(statistics_of(sessions, criterion), criterion, StatisticsRules(**FEW_DRAWS))


def test_an_event_two_seconds_after_every_annotation():
    found = numbers(statistics_of(scored_sessions(10), surrogates=200, draws=200))
    assert found["event/lag_peak_s"] == pytest.approx(2.0)
    assert (found["event/f1.lo"], found["event/f1.hi"], found["event/lag_peak_f1"]) == (1, 1, 1)
    assert found["event/f1.p"] == pytest.approx(1 / 201)
    assert 0 < found["event/f1.chance"] < 0.5
    assert found["event/f1.times_chance"] == pytest.approx(1 / found["event/f1.chance"])
    assert found["event/latency_q1_s"] == found["event/latency_q3_s"] == pytest.approx(2.0)
    assert found["agree/detector/event/positive_agreement"] == 1
    assert found["event/participants"] == 10
    assert "event/average_precision" not in found, "events from a file have one threshold only"
    early = numbers(statistics_of(scored_sessions(10), Window(post_s=1.9)))
    assert early["event/f1.hi"] == 0


def test_without_intervals_nothing_is_drawn():
    found = numbers(statistics_of(scored_sessions(3), intervals=False))
    assert not [name for name in found if name.endswith((".lo", ".hi", ".chance", ".p"))]
    assert math.isfinite(found["event/f1_tight"])


def test_several_annotators_are_the_ceiling():
    sessions = scored_sessions(4)
    other = {
        s.session_id: tuple(
            Annotation(
                session_id=s.session_id,
                onset_s=m.onset_s + 0.5,
                offset_s=m.offset_s,
                kind="slip",
                annotator="ben",
            )
            for m in s.annotations[:6]
        )
        for s in sessions
    }
    rows = {s.session_id: (*s.annotations, *other[s.session_id]) for s in sessions}
    annotators = intervals_by_annotator(rows, all_watched=True)
    found = numbers(statistics_of(sessions, annotators=annotators, intervals=False))
    assert found["agree/people/event/positive_agreement/anna/ben"] == pytest.approx(2 * 6 / 14)
    assert 0 < found["agree/people/time/kappa_mean"] < 1
    assert found["agree/people/alpha"] == pytest.approx(
        found["agree/people/time/kappa/anna/ben"], abs=0.05
    )


def test_a_p_by_shift_alone_is_said():
    lines = summary_of(scored_sessions(4))
    [of_segments] = [line for line in lines if line.startswith("segments of 5 s")]
    assert of_segments.endswith("(by circular shift alone, which a common time course fools)")


def test_who_has_no_such_number_is_said():
    """Two of six have no annotations, one of these no events."""
    sessions = scored_sessions(6)
    first, second, *_ = sorted({each.participant for each in sessions})
    for at, each in enumerate(sessions):
        if each.participant == first:
            sessions[at] = replace(each, annotations=())
        elif each.participant == second:
            sessions[at] = replace(each, annotations=(), events=())
    rules = StatisticsRules(surrogates=20, draws=50)
    found = statistics(sessions, Window(), rules, annotators={})
    [line] = [line for line in summary(found, Window(), rules) if "rest on" in line]
    assert line == (
        "intervals rest on those who have such a number of their own: precision of 5, recall of 4, "
        "F1 of 5, latency of 4"
    )
    everybody = statistics(scored_sessions(6), Window(), rules, annotators={})
    assert not any("rest on" in line for line in summary(everybody, Window(), rules))


@pytest.mark.parametrize(
    ("participants", "told"),
    [(1, "one participant"), (3, "not measured"), (8, "in simulations with 6")],
)
def test_few_participants_are_said(participants, told, tmp_path):
    rules = StatisticsRules(surrogates=50, draws=100)
    found = statistics(scored_sessions(participants, every=2), Window(), rules, annotators={})
    assert any(told in line for line in summary(found, Window(), rules))
    write_statistics(found, tmp_path, Window(), rules)
    assert {p.stem for p in tmp_path.glob("*.png")} == PICTURES
    assert {p.stem for p in tmp_path.glob("*.csv")} == PICTURES | TABLES
    with (tmp_path / "breakdowns.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert {row["breakdown"] for row in rows} == {"kind", "index", "participant", "session", "face"}
    assert all(row["recall"] == "0.5" for row in rows if row["breakdown"] == "kind")


def test_numbers_are_spelled_as_people_do():
    one = replace(scored_sessions(1)[0], observed=((0.0, 45.0),))
    one = replace(one, events=one.events[:1], annotations=one.annotations[:1])
    lines = summary_of([one])
    assert lines[0].startswith(
        "1 event, 1 annotation, 1 session of 1 participant, 45.0 s observed; "
    )
    assert any("1 match there" in line for line in lines)
    assert not any(line.startswith("intervals") for line in lines), "there are none"


def test_many_participants_need_no_caution():
    assert not any("only" in line for line in summary_of(scored_sessions(20)))


def test_intervals_of_agreement_are_over_participants():
    """Against computing it anew for every draw.

    Sessions taken as often as their participant is drawn.
    """
    sessions = scored_sessions(5, every=2)
    sessions = [
        replace(s, events=s.events[: k % 4 + 1], annotations=s.annotations[k % 3 :])
        for k, s in enumerate(sessions)
    ]
    rules = {"draws": 25, "surrogates": 5, "method": "percentile"}
    found = numbers(statistics_of(sessions, **rules))
    drawn: dict[str, list[float]] = {
        name: [] for name in ("segment/f1", *(f"agree/detector/{name}" for name in AGREED))
    }
    for weights in resampled(5, draws=25, seed=StatisticsRules().seed + 2):
        again = [
            replace(s, session_id=f"{s.session_id} {copy}")
            for s in sessions
            for copy in range(int(weights[int(s.participant[1:])]))
        ]
        own = numbers(statistics_of(again, intervals=False, **rules))
        for name, values in drawn.items():
            values.append(own[name])
    for name, values in drawn.items():
        low, high = np.quantile(values, (0.025, 0.975))
        assert (found[f"{name}.lo"], found[f"{name}.hi"]) == pytest.approx((low, high)), name
        assert low < high


def test_names_of_annotators_are_names_of_numbers():
    sessions = scored_sessions(2)
    names = ("J. O'Neil", "Müller, Ann", "A/B", "A&B")
    annotators = {
        name: {s.session_id: of_annotations(s.annotations) for s in sessions} for name in names
    }
    found = [
        n
        for n in numbers(statistics_of(sessions, annotators=annotators, intervals=False))
        if "people" in n
    ]
    assert all(re.fullmatch(r"[A-Za-z0-9_. /-]+", name) for name in found)
    pairs = {name.split("time/kappa/")[1] for name in found if "time/kappa/" in name}
    assert len(pairs) == 6
    assert "A_B 2/A_B" in pairs


def test_where_times_are_not_known_nothing_is_claimed_of_them(tmp_path):
    known = scored_sessions(3)
    sessions = [known[0], *(replace(session, observed=()) for session in known[1:])]
    told = numbers(statistics_of(sessions))
    assert not math.isnan(told["event/f1"] if "event/f1" in told else told["event/f1.lo"])
    for name in (
        "segment/f1",
        "agree/detector/event/positive_agreement",
        "agree/detector/time/lag_peak_kappa",
        "event/f1.p",
    ):
        assert math.isnan(told[name]), name
    lines = summary_of(sessions)
    assert "no chance level: the observed time of 5 sessions is not known" in lines
    assert not [line for line in lines if line.startswith(("chance:", "segments", "kappa"))]
    assert "unknown time" in lines[0]


def test_points_are_told_where_an_extent_is_asked_for():
    sessions = [
        replace(s, annotations=tuple(replace(a, offset_s=a.onset_s) for a in s.annotations))
        for s in scored_sessions(3)
    ]
    for criterion, told in (
        (Overlap(), True),
        (OnsetOffset(), True),
        (AnyOverlap(), False),
        (Window(), False),
    ):
        lines = summary_of(sessions, criterion)
        assert (
            any("0 of the events and 48 of the annotations are points" in line for line in lines)
            == told
        )
        assert (
            "48 events, 48 annotations, 6 sessions of 3 participants, 60.0 min observed" in lines[0]
        )


@pytest.mark.parametrize("criterion", [OnsetOffset(), Overlap(), AnyOverlap()], ids=str)
def test_a_criterion_without_a_window_says_that_it_has_no_curves(criterion, tmp_path):
    found = statistics_of(scored_sessions(3), criterion)
    assert found.thresholds is found.tolerance is None
    assert found.no_thresholds == found.no_tolerance == criterion.no_curves != ""
    assert criterion.no_curves in summary_of(scored_sessions(3), criterion)


def test_events_of_a_table_have_no_curves_over_thresholds_and_it_is_said():
    found = statistics_of(scored_sessions(3))
    assert found.thresholds is None
    assert "only the threshold that the events were made with" in found.no_thresholds
    assert found.tolerance is not None
    assert found.no_tolerance == ""


def test_frame_scores_belong_to_the_criterion_unless_the_rules_say_otherwise():
    sessions = scored_sessions(2)
    asked = [
        (Window(), None, False),
        (Window(), 25.0, True),
        (AnyOverlap(), None, True),
        (AnyOverlap(), 0.0, False),
    ]
    for criterion, rate_hz, there in asked:
        found = statistics_of(sessions, criterion, frame_rate_hz=rate_hz, intervals=False)
        assert (found.frames is not None) == there, (criterion, rate_hz)


def test_the_time_around_an_onset_is_the_windows_or_that_of_the_rules():
    rules = StatisticsRules(pre_s=1.0, post_s=2.0)
    assert rules.extent(Window(pre_s=0.25, post_s=4.0)) == (0.25, 4.0)
    assert rules.extent(Overlap()) == (1.0, 2.0)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"pre_s": -1.0}, "pre_s"),
        ({"post_s": math.nan}, "post_s"),
        ({"tolerances_s": (1.0, -1.0)}, "tolerances_s"),
        ({"segment_s": 0.0}, "segment_s"),
        ({"frame_rate_hz": -30.0}, "frame_rate_hz"),
        ({"frame_tolerance": -1}, "frame_tolerance"),
        ({"intervals": "some"}, "final, all or none"),
        ({"surrogates": 0}, "none are made with intervals='none'"),
        ({"draws": 0}, "draws: expected at least 1"),
        ({"confidence": 1.0}, "confidence"),
        ({"method": "normal"}, "method"),
        ({"seed": -1}, "seed"),
    ],
)
def test_rules_that_cannot_be_used(fields, message):
    with pytest.raises(ConfigError, match=message):
        StatisticsRules(**fields)
