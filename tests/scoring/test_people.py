"""Participants one by one: means over them, who is above chance alone, what they could show."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom, norm
from scipy.stats import t as student
from sklearn.metrics import precision_recall_fscore_support

from ferbench.report.people_text import people_lines
from ferbench.scoring.matching.window import Window
from ferbench.scoring.metrics import f1, precision, recall
from ferbench.scoring.participants.macro import macro_means, macro_of
from ferbench.scoring.participants.own_chance import own_chance
from ferbench.scoring.participants.people_numbers import people_numbers
from ferbench.scoring.scored_session import ScoredSession
from ferbench.scoring.statistics import statistics
from ferbench.scoring.statistics_rules import StatisticsRules
from ferbench.scoring.tally import Tally
from ferbench.scoring.uncertainty.assessment import NullRules, assess, track
from ferbench.scoring.uncertainty.chance import against
from ferbench.scoring.uncertainty.intervals import resampled
from ferbench.scoring.uncertainty.moved import shifted
from ferbench.types import Annotation, Event
from helpers.scored_sessions import scored_sessions
from helpers.simulated_studies import study


def tally(tp, fp, fn):
    columns = [np.array(column, np.float64) for column in (tp, fp, fn)]
    return Tally(tp=columns[0], fp=columns[1], fn=columns[2], observed_s=np.full(len(tp), 60.0))


def test_means_over_participants_are_scikit_learns_over_samples():
    """A participant for a sample: labels are all that is annotated or found of anybody."""
    rng = np.random.default_rng(0)
    counts = rng.integers(0, 5, (3, 12))
    counts[:, 0] = 0  # somebody with nothing at all
    counts[:2, 1] = 0  # annotations and no events
    counts[::2, 2] = 0  # events and no annotations
    width = int(counts.sum(axis=0).max())
    truth, found = np.zeros((12, width), int), np.zeros((12, width), int)
    for who, (tp, fp, fn) in enumerate(counts.T):
        truth[who, : tp + fn] = 1
        found[who, :tp] = 1
        found[who, tp + fn : tp + fn + fp] = 1
    expected = precision_recall_fscore_support(
        truth, found, average="samples", zero_division=np.nan
    )
    ours = [
        float(macro_of(tally(*counts), formula)(np.ones((1, 12)))[0])
        for formula in (precision, recall, f1)
    ]
    assert ours[:2] == pytest.approx(expected[:2])
    defined = counts.sum(axis=0) > 0
    assert ours[2] == pytest.approx(
        np.mean([2 * a / (2 * a + b + c) for a, b, c in counts.T[defined]])
    )


def test_who_has_no_number_is_left_out_and_counted():
    found = macro_means(
        tally([2, 0, 0], [0, 1, 0], [2, 0, 3]), weights=None, level=0.95, method="percentile"
    )
    assert (found["precision"].value, found["precision"].left_out) == (0.5, 1)
    assert (found["recall"].value, found["recall"].participants) == (0.25, 2)
    assert found["false_alarms_per_min"].value == pytest.approx(1 / 3)
    nobody = macro_means(tally([0], [0], [0]), weights=None, level=0.95, method="percentile")
    assert math.isnan(nobody["f1"].value)
    assert nobody["f1"].left_out == 1


def test_the_interval_of_a_mean_draws_participants():
    counts = tally([1, 3, 0, 2], [0, 1, 0, 2], [2, 2, 0, 0])
    weights = resampled(4, draws=300, seed=0)
    found = macro_means(counts, weights=weights, level=0.9, method="percentile")["f1"]
    own = f1(counts)
    drawn = [np.nanmean(np.repeat(own, row.astype(int))) for row in weights if row[[0, 1, 3]].any()]
    assert (found.interval.low, found.interval.high) == pytest.approx(
        tuple(np.quantile(drawn, (0.05, 0.95)))
    )


def test_the_interval_of_a_mean_rests_on_those_who_have_a_number():
    """Student's quantiles are those of five people, whoever else is in the study."""
    counts = tally([1, 3, 0, 2, 4, 0, 0], [0, 1, 0, 2, 1, 2, 0], [2, 2, 0, 0, 1, 3, 0])
    weights = resampled(7, draws=4000, seed=0)
    found = macro_means(counts, weights=weights, level=0.95, method="expanded")["f1"]
    own = f1(counts)
    drawn = []
    for row in weights.astype(int):
        taken = np.repeat(own, row)
        drawn.append(np.nanmean(taken) if not np.isnan(taken).all() else np.nan)
    tails = norm.cdf(math.sqrt(5 / 4) * student.ppf([0.025, 0.975], 4))
    assert found.interval.clusters == found.participants == 5
    assert (found.interval.low, found.interval.high) == pytest.approx(
        tuple(np.nanquantile(drawn, tails))
    )


def sessions_of(tracks, participants=None):
    """Tracks of a simulated study as sessions; points."""
    made = []
    for k, each in enumerate(tracks):
        name = f"s{k:02}"
        events = tuple(
            Event(session_id=name, onset_s=t, offset_s=t, trigger_s=t, label="surprise", peak=1.0)
            for t in np.sort(each.times_s).tolist()
        )
        annotations = tuple(
            Annotation(session_id=name, onset_s=t, offset_s=t)
            for t in np.sort(each.marks_s[:, 0]).tolist()
        )
        owner = participants[k] if participants else each.participant
        made.append(
            ScoredSession(
                session_id=name,
                participant=owner,
                events=events,
                annotations=annotations,
                observed=each.observed,
            )
        )
    return made


def assessed(sessions, *, draws=199, names=("circular", "jitter", "swap"), seed=0):
    return assess(
        sessions,
        criterion=Window(),
        nulls=NullRules(names=names, draws=draws),
        draws=0,
        level=0.95,
        method="percentile",
        seed=seed,
    )


def test_a_participants_chance_is_that_of_the_own_sessions_alone():
    """The draws of everybody hold those of each: the same as drawing each one's sessions."""
    sessions = sessions_of(study("uniform", 3, reacted=0.4, participants=6), list("aabbcc"))
    found = own_chance(assessed(sessions, names=("circular",)), sessions, alpha=0.05)
    everybody = [track(session, "trigger") for session in sessions]
    null = shifted(
        everybody, count=Window().count_matches(), least_s=5.5, draws=199, seed=0
    ).by_session.tp
    for who, one in enumerate(found.people):
        own = sessions[2 * who : 2 * who + 2]
        num_events = sum(len(each.events) for each in own)
        num_ref = sum(len(each.annotations) for each in own)
        tp = sum(len(Window().matches(each.events, each.annotations)) for each in own)
        draws = null[2 * who : 2 * who + 2].sum(axis=0)
        expected = against(2 * tp / (num_events + num_ref), 2 * draws / (num_events + num_ref))
        assert one.chance == expected
        assert one.hardest == "circular"
    p = [one.chance.p for one in found.people]
    assert found.above == sum(value <= 0.05 for value in p)
    assert found.p == pytest.approx(binom.sf(found.above - 1, 3, 0.05))
    assert found.expected == pytest.approx(0.15)
    assert found.least_p_holm == pytest.approx(3 / 200)


def test_who_has_nothing_to_test_counts_as_not_above():
    sessions = sessions_of(study("uniform", 1, reacted=0.9, participants=5))
    sessions[1] = replace(sessions[1], events=())
    sessions[3] = replace(sessions[3], annotations=())
    found = own_chance(assessed(sessions), sessions, alpha=0.05)
    assert (found.tested, len(found.people)) == (3, 5)
    assert found.people[1].chance is None
    assert math.isnan(found.people[3].p_holm)
    assert found.above == found.above_holm == 3


def test_a_swap_says_nothing_of_one_person():
    sessions = sessions_of(study("uniform", 1, participants=6))
    assert own_chance(assessed(sessions, names=("swap",)), sessions, alpha=0.05) is None


def test_unknown_times_give_no_own_chance():
    sessions = [replace(s, observed=()) for s in sessions_of(study("uniform", 1, participants=3))]
    assert own_chance(assessed(sessions), sessions, alpha=0.05) is None


@pytest.mark.slow
def test_people_who_know_nothing_are_seldom_above_their_own_chance():
    """600 people: share with p <= .05 by the stricter null, and by Holm over each study of 12."""
    above = holm = studies_with_one = 0
    for seed in range(50):
        sessions = sessions_of(study("early", seed))
        found = own_chance(assessed(sessions), sessions, alpha=0.05)
        above += found.above
        holm += found.above_holm
        studies_with_one += found.above_holm > 0
    assert above / 600 <= 0.07
    assert studies_with_one / 50 <= 0.12


def lines_of(sessions, criterion=None, **rules):
    asked = StatisticsRules(**({"surrogates": 99, "draws": 50} | rules))
    return people_lines(statistics(sessions, criterion or Window(), asked, annotators={}))


def test_what_is_said_of_them():
    sessions = sessions_of(study("uniform", 2, reacted=0.9, participants=6))
    sessions[0] = replace(sessions[0], events=())
    means, above, few = lines_of(sessions, surrogates=19)
    assert means.startswith("mean over participants: precision 0.")
    assert means.endswith("undefined and left out: precision of 1")
    assert above == (
        "above their own chance level (p <= 0.05): 5 of 6 participants (1 without events, "
        "annotations or known time), where chance gives 0.2 or fewer (binomial p < 0.0001); "
        "0 after Holm's correction for 5"
    )
    assert few == "so few draws cannot give a corrected p below 0.25: more draws can"


def test_what_could_have_been_found_is_said_where_nothing_was():
    sessions = sessions_of(study("uniform", 2, participants=8))
    *_, last = lines_of(sessions)
    assert re.fullmatch(
        r"8 participants like these would show an F1 of 0\.[12]\d\d as above chance in 80% of "
        r"studies \(p <= 0\.05\); a smaller one may be there unseen",
        last,
    )
    rules = StatisticsRules(surrogates=99, draws=50)
    found = statistics(sessions, Window(), rules, annotators={})
    no_f1 = replace(found, people=replace(found.people, least_detectable=0.999))
    assert people_lines(no_f1)[-1].startswith(
        "8 participants like these would show no F1 as above chance in 80% of studies"
    )
    unknown = replace(found, people=replace(found.people, least_detectable=math.nan))
    assert people_lines(unknown) == people_lines(found)[:-1]
    assert "would show" not in " ".join(lines_of(scored_sessions(6)))


def test_numbers_that_a_run_logs():
    rules = StatisticsRules(surrogates=99, draws=50)
    found = people_numbers(statistics(scored_sessions(6), Window(), rules, annotators={}).people)
    assert found["event/f1_macro"] == found["event/f1_macro.lo"] == 1.0
    assert found["event/f1_macro.left_out"] == 0
    assert found["event/above_chance"] == found["event/above_chance.tested"] == 6
    assert found["event/above_chance.p"] == pytest.approx(0.05**6)
    assert 0 < found["event/f1.least_detectable"] < 1
    assert "event/within_f1" not in found, "events of a table have one threshold only"
