"""The numbers of docs/scoring.md: sums by hand, results and tables, against the program."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Callable, Mapping

import numpy as np
import pytest
from scipy.special import ndtr, stdtrit

from ferbench.scoring.agreement.alignment import event_kappa
from ferbench.scoring.agreement.annotators import (
    compare,
    segment_shares,
    together,
    values,
)
from ferbench.scoring.agreement.coded_intervals import CodedInterval, intervals_by_annotator
from ferbench.scoring.agreement.kappa import alpha
from ferbench.scoring.agreement.rules import AgreementRules
from ferbench.scoring.breakdown import breakdowns
from ferbench.scoring.curves.froc import froc_of
from ferbench.scoring.curves.lag import lag_scan, latency_of
from ferbench.scoring.curves.threshold_curve import average_precision, curve_of
from ferbench.scoring.curves.thresholds import best, nested
from ferbench.scoring.curves.tolerance import LOOSE_S, TIGHT_S, mean_of, tolerance_curve
from ferbench.scoring.errhri import frame_metrics
from ferbench.scoring.matching.errhri import AnyOverlap
from ferbench.scoring.matching.many_draws import at_points
from ferbench.scoring.matching.onset_offset import OnsetOffset
from ferbench.scoring.matching.overlap import Overlap
from ferbench.scoring.matching.window import Window
from ferbench.scoring.metrics import f1, false_alarms_per_min, recall, values_of
from ferbench.scoring.no_face import no_face_bounds
from ferbench.scoring.numbers import numbers
from ferbench.scoring.scored_session import ScoredSession
from ferbench.scoring.segment_activity import activity_of, segment_scores
from ferbench.scoring.session_outcome import compare_session, outcome_of
from ferbench.scoring.statistics import statistics
from ferbench.scoring.statistics_rules import Extent, StatisticsRules
from ferbench.scoring.tally import Tally
from ferbench.scoring.time_in_alarm import time_in_alarm
from ferbench.scoring.uncertainty.assessment import track
from ferbench.scoring.uncertainty.chance import Track, against
from ferbench.scoring.uncertainty.coverage import MEASURED, PARTICIPANTS
from ferbench.scoring.uncertainty.intervals import bootstrap, interval, metric_of, resampled
from ferbench.scoring.uncertainty.moved import jittered, random, shifted
from ferbench.scoring.uncertainty.paired import compare_counts
from ferbench.scoring.uncertainty.selection import nested as select
from ferbench.scoring.uncertainty.swapped import swapped
from ferbench.threshold_sweep import ThresholdSweep
from ferbench.types import Annotation, Event
from helpers.people_examples import PEOPLE
from helpers.reference import CHECKOUT, shared_path
from helpers.scored_sessions import matched, tally_of

DOCUMENT = (CHECKOUT / "docs" / "scoring.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r"^```example (\w+)\n(.*?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL))
PRE_S, POST_S = 0.5, 5.0
RATES = ("precision", "recall", "f1", "false_alarms_per_min")
"""The metrics of counts that the document computes by hand; others may be added to the program."""
ALL = ((0.0, 1000.0),)


class Block:
    """A worked example: its lines, and which of them were read as inputs."""

    def __init__(self, text: str) -> None:
        rows = [line.split(" = ") for line in re.split("; |\n", text.strip())]
        assert all(len(row) in (2, 3) for row in rows)
        self.sums = {row[0]: row[1] for row in rows if len(row) == 3}
        self.shown = {row[0]: row[-1] for row in rows}
        assert len(self.shown) == len(rows)
        self.inputs: set[str] = set()

    def words(self, name: str) -> list[str]:
        self.inputs.add(name)
        return self.shown[name].split(", ")

    def numbers(self, name: str) -> list[float]:
        return [float(word) for word in self.words(name)]

    def spans(self, name: str) -> list[tuple[float, float]]:
        return [spans_of(word)[0] for word in self.words(name)]


def spans_of(text: str) -> list[tuple[float, float]]:
    return [(float(a), float(b)) for a, b in (word.split("..") for word in text.split())]


def points(times: list[float]) -> list[tuple[float, float]]:
    return [(time, time) for time in times]


def marked(onset_s: float, offset_s: float, *, session: str = "s", **told) -> Annotation:
    return Annotation(session_id=session, onset_s=onset_s, offset_s=offset_s, **told)


def evidence(
    events, annotations, observed=ALL, *, participant="", name="s", profile=None
) -> ScoredSession:
    """A session from spans; an event triggers at its onset."""
    return ScoredSession(
        session_id=name,
        participant=participant,
        events=tuple(
            Event(session_id=name, onset_s=a, offset_s=b, trigger_s=a, label="surprise", peak=1.0)
            for a, b in events
        ),
        annotations=tuple(
            a if isinstance(a, Annotation) else marked(*a, session=name) for a in annotations
        ),
        observed=tuple(observed),
        profile=profile,
    )


def of_points(block: Block, observed=ALL) -> ScoredSession:
    return evidence(points(block.numbers("events")), points(block.numbers("annotations")), observed)


def matching(block: Block) -> dict[str, object]:
    observed = block.spans("observed")
    session = of_points(block, observed)
    found = compare_session(
        session.events,
        session.annotations,
        Window(),
        observed_s=session.observed_s,
        valid_s=0.0,
        observed=observed,
    )
    spread, counts = latency_of(found.lags_s), found.counts
    rates = values_of(counts)
    return {
        **{
            "tp": counts.tp,
            "fp": counts.fp,
            "fn": counts.fn,
            "lags": list(found.lags_s),
            **{name: rates[name] for name in RATES},
        },
        **{
            "latency_s": spread.median_s,
            "latency_q1_s": spread.lower_s,
            "latency_q3_s": spread.upper_s,
        },
    }


def duplicates(block: Block) -> dict[str, object]:
    session = of_points(block, block.spans("observed"))
    counting = outcome_of(session, Window()).counts
    ignoring = outcome_of(session, Window(duplicates="ignored")).counts
    return {
        "fp": counting.fp,
        "precision": values_of(counting)["precision"],
        "ignored": ignoring.ignored,
        "fp_ignored": ignoring.fp,
        "precision_ignored": values_of(ignoring)["precision"],
    }


def criteria(block: Block) -> dict[str, object]:
    (event,), (mark,) = block.spans("event"), block.spans("annotation")
    session = evidence([event], [mark])
    shared_s = min(event[1], mark[1]) - max(event[0], mark[0])
    rules = {
        "onset_offset": OnsetOffset(),
        "overlap": Overlap(),
        "overlap_0.7": Overlap(least_iou=0.7),
        "errhri": AnyOverlap(),
    }
    return {
        **{
            name: len(rule.matches(session.events, session.annotations))
            for name, rule in rules.items()
        },
        "onset_difference": event[0] - mark[0],
        "offset_difference": event[1] - mark[1],
        "offset_allowed": OnsetOffset().offset_share * (mark[1] - mark[0]),
        "iou": shared_s / (max(event[1], mark[1]) - min(event[0], mark[0])),
    }


def of_levels(block: Block, observed=ALL) -> list[ScoredSession]:
    sessions = []
    for who in "AB":
        events = [word.split("@") for word in block.words(f"{who}_events")]
        rows = [
            (-math.inf, float(level), float(at), float(at) + 1, float(at)) for at, level in events
        ]
        marks = points(block.numbers(f"{who}_annotations"))
        sessions.append(
            evidence(
                [], marks, observed, participant=who, name=who, profile=ThresholdSweep.of(rows)
            )
        )
    return sessions


def froc(block: Block) -> dict[str, object]:
    sessions = of_levels(block, observed=((0.0, 60.0),))
    curve = curve_of(sessions, pre_s=PRE_S, post_s=POST_S, stamp="trigger")
    found = froc_of(
        curve, StatisticsRules().false_alarm_rates_per_min, weights=None, confidence=0.95
    )
    rates = zip(found.rates_per_min.tolist(), found.recall.tolist(), strict=True)
    return {
        "levels": curve.level.tolist(),
        "false_alarms_per_min": false_alarms_per_min(curve.pooled()).tolist(),
        **{f"at_{rate:g}": value for rate, value in rates},
        "froc": found.mean,
    }


def thresholds(block: Block) -> dict[str, object]:
    sessions = of_levels(block)
    curve = curve_of(sessions, pre_s=PRE_S, post_s=POST_S, stamp="trigger")
    pooled, inner = curve.pooled(), nested(curve)
    return {
        "levels": curve.level.tolist(),
        "tp": pooled.tp.tolist(),
        "num_events": (pooled.tp + pooled.fp).tolist(),
        "average_precision": float(average_precision(pooled)),
        "best_level": best(curve).level,
        "best_f1": float(f1(best(curve).tally)),
        "nested_levels": inner.level.tolist(),
        "nested_f1": float(f1(inner.tally.weighted(np.ones(2)))),
    }


def tolerance(block: Block) -> dict[str, object]:
    curve = tolerance_curve(
        [of_points(block, block.spans("observed"))], pre_s=PRE_S, stamp="trigger"
    )
    means = {"f1_tight": TIGHT_S, "f1_loose": LOOSE_S}
    return {
        name: float(mean_of(curve, widths_s)(np.ones((1, 1)))[0])
        for name, widths_s in means.items()
    }


def lag(block: Block) -> dict[str, object]:
    scan = lag_scan([of_points(block)], stamp="trigger")
    long = lag_scan(
        [evidence(block.spans("first"), block.spans("second"), block.spans("observed"))],
        stamp="trigger",
    )
    return {
        "lag_peak_s": scan.peak_s,
        "lag_peak_f1": float(scan.f1[scan.peak]),
        "time/lag_peak_s": long.kappa_peak[0],
        "time/lag_peak_kappa": long.kappa_peak[1],
    }


def alarm(block: Block) -> dict[str, object]:
    session = of_points(block, block.spans("observed"))
    found = time_in_alarm([session], Window(), tally_of([session], Window()))
    return {
        "alarm_s": found.alarm_s[0],
        "time_in_alarm": found.share(found.everybody)[0],
        "improvement_over_chance": found.improvement(found.everybody)[0],
    }


def no_face(block: Block) -> dict[str, object]:
    session = dataclasses.replace(
        of_points(block, block.spans("observed")), visible=tuple(block.spans("visible"))
    )
    bounds = no_face_bounds([session], Window(), Extent(PRE_S, POST_S))
    recalls, f1s = recall(bounds.tally), f1(bounds.tally)
    rates = false_alarms_per_min(bounds.tally)
    return {
        "unseen": bounds.unseen,
        "recall": recalls[0],
        "recall_without_unseen": recalls[1],
        "recall_if_unseen_found": recalls[2],
        "f1": f1s[0],
        "f1_without_unseen": f1s[1],
        "f1_if_unseen_found": f1s[2],
        "false_alarms_per_min": rates[0],
        "false_alarms_per_min_without": rates[1],
    }


def segments(block: Block) -> dict[str, object]:
    session = evidence(block.spans("events"), block.spans("annotations"), block.spans("observed"))
    counts = [own.counts for own in activity_of([session], segment_s=5.0)]
    return {**dataclasses.asdict(counts[0]), **dataclasses.asdict(segment_scores(counts))}


def p(block: Block) -> dict[str, object]:
    (value,), draws = block.numbers("value"), np.array(block.numbers("draws"))
    found = against(value, draws)
    return {"chance": found.mean, "p": found.p, "z": found.z, "times_chance": found.times}


def shift(block: Block) -> dict[str, object]:
    session = of_points(block, block.spans("observed"))
    tracks, draws = [track(session, "trigger")], 20_000
    count = at_points(PRE_S, POST_S)
    by_shift = f1(shifted(tracks, count=count, least_s=PRE_S + POST_S, draws=draws, seed=0).tally)
    by_luck = f1(random(tracks, count=count, draws=draws, seed=1).tally)
    value = float(f1(tally_of([session], Window()))[0])
    return {
        "f1": value,
        "chance": Drawn(by_shift),
        "random": Drawn(by_luck),
        "p_in_the_limit": Drawn((by_shift >= value - 1e-9).astype(float)),
    }


def jitter(block: Block) -> dict[str, object]:
    tracks = [track(of_points(block, block.spans("observed")), "trigger")]
    count = at_points(PRE_S, POST_S)
    null = jittered(tracks, count=count, half_width_s=30.0, draws=20_000, seed=0)
    return {"recall": Drawn(recall(null.tally))}


def swap(block: Block) -> dict[str, object]:
    tracks = [
        Track(
            times_s=np.array(block.numbers(name)),
            lasts_s=np.zeros(1),
            marks_s=np.array([block.numbers(name) * 2]),
            observed=ALL,
            participant=name,
        )
        for name in ("of_one", "of_the_other")
    ]
    null = swapped(tracks, count=at_points(PRE_S, POST_S), draws=20_000, seed=0)
    return {"recall": Drawn(recall(null.tally))}


def nested_selection(block: Block) -> dict[str, object]:
    tp = np.array([block.numbers("cell_0"), block.numbers("cell_1")])
    cells = Tally(tp=tp, fp=4 - tp, fn=4 - tp, observed_s=np.ones(tp.shape))
    found = select(cells, f1, draws=50, seed=0, level=0.95, method="percentile")
    others = f1(
        Tally(
            tp=tp[:, 1:].sum(axis=1),
            fp=(4 - tp)[:, 1:].sum(axis=1),
            fn=(4 - tp)[:, 1:].sum(axis=1),
            observed_s=np.ones(2),
        )
    )
    return {
        "without_first_0": others[0],
        "without_first_1": others[1],
        "nested_f1": found.value,
        "best_f1": found.best_value,
    }


def bootstrapped(block: Block) -> dict[str, object]:
    tp, fn = np.array(block.numbers("tp")), np.array(block.numbers("fn"))
    tally = Tally(tp=tp, fp=np.zeros(2), fn=fn, observed_s=np.ones(2))
    weights = resampled(2, draws=2000, seed=0)
    value, found = bootstrap(metric_of(tally, recall), weights, level=0.95, method="percentile")
    return {"recall": value, "percentile_low": found.low, "percentile_high": found.high}


def paired(block: Block) -> dict[str, object]:
    options = {"draws": 100, "seed": 0, "level": 0.95, "method": "percentile"}

    def tally(tp: list[float]) -> Tally:
        hits = np.array(tp)
        return Tally(tp=hits, fp=np.zeros(len(hits)), fn=4 - hits, observed_s=np.ones(len(hits)))

    first, others = (
        tally(block.numbers("first")),
        [tally(block.numbers(name)) for name in ("second", "third")],
    )
    second, third = compare_counts(first, others, recall, **options)
    fives, sixes = ([tally([2.0] * n), tally([3.0] * n)] for n in (5, 6))
    return {
        "difference_second": second.value,
        "p_second": second.p,
        "p_holm_second": second.p_holm,
        "p_max_second": second.p_max,
        "difference_third": third.value,
        "p_third": third.p,
        "least_p": second.least_p,
        "least_p_with_5": compare_counts(fives[0], fives[1:], recall, **options)[0].p,
        "least_p_with_6": compare_counts(sixes[0], sixes[1:], recall, **options)[0].p,
    }


def agreement(block: Block) -> dict[str, object]:
    marks = {
        name: {"s": [CodedInterval(a, a, b) for a, b in block.spans(name)]}
        for name in ("first", "second")
    }
    observed, rules = {"s": block.spans("observed")}, AgreementRules()
    pair = compare(
        "first", marks["first"], "second", marks["second"], observed, rules, pre_s=2.0, post_s=2.0
    )
    found = {name: float(value) for name, value in values(pair).items()}
    assert found.pop("time/kappa_tolerant") == pytest.approx(
        (found["time/kappa_tolerant_first"] + found["time/kappa_tolerant_second"]) / 2
    )
    return {
        **found,
        **{f"segment/{name}": share for name, share in segment_shares(pair).items()},
        **{
            name: float(getattr(pair.time, name)[0])
            for name in ("both", "first_only", "second_only", "neither")
        },
        "alpha": float(alpha(together(marks, observed, rules).coincidences)[0]),
    }


def kappa_of_events(block: Block) -> dict[str, object]:
    table = np.array([block.numbers(name) for name in ("x", "y", "nothing")])
    value, total, right = float(event_kappa(table)), table.sum(), np.trace(table)
    return {"event_kappa": value, "expected": (right - value * total) / (1 - value)}


def breakdown(block: Block) -> dict[str, object]:
    marks = [
        marked(time_s, time_s, kind=kind, reacted={"yes": True, "no": False}[reacted])
        for time_s, kind, reacted in zip(
            block.numbers("annotations"), block.words("kinds"), block.words("reacted"), strict=True
        )
    ]
    sessions = [evidence(points(block.numbers("events")), marks)]
    window = {"pre_s": PRE_S, "post_s": POST_S, "stamp": "trigger"}
    found = breakdowns(sessions, matched(sessions, **window), **window)
    return {
        f"{name}_{row.value}": row.recall
        for name in ("kind", "index", "reacted")
        for row in found[name]
        if f"{name}_{row.value}" in block.shown
    }


def errhri_2024(block: Block) -> dict[str, object]:
    truth, found, short = (
        np.array(block.numbers(n), np.int64) for n in ("truth", "found", "short_truth")
    )
    strict, tolerant = frame_metrics(truth, found, tolerance=1)
    _, never = frame_metrics(short, np.zeros_like(short), tolerance=1)
    return {
        **dataclasses.asdict(strict),
        "tolerant_accuracy": tolerant.accuracy,
        "tolerant_f1": tolerant.f1,
        "never_tolerant_f1": never.f1,
    }


def errhri_2(block: Block) -> dict[str, object]:
    error, two = block.spans("error"), block.spans("two_errors")
    five, one, near, nothing = (
        tally_of([evidence(events, marks)], AnyOverlap())
        for events, marks in (
            (block.spans("five"), error),
            (block.spans("one_event"), two),
            (block.spans("near"), error),
            ([], error),
        )
    )
    return {
        "five_f1": f1(five).item(),
        "one_event_detection_rate": recall(one).item(),
        "one_event_false_positives": one.fp.item(),
        "near_detection_rate": recall(near).item(),
        "no_event_f1": f1(nothing).item(),
    }


PROGRAM: Mapping[str, Callable[[Block], dict[str, object]]] = {
    "matching": matching,
    "duplicates": duplicates,
    "criteria": criteria,
    "thresholds": thresholds,
    "froc": froc,
    "in_alarm": alarm,
    "no_face": no_face,
    "tolerance": tolerance,
    "segments": segments,
    "lag": lag,
    "p": p,
    "shift": shift,
    "jitter": jitter,
    "swap": swap,
    "nested": nested_selection,
    "bootstrap": bootstrapped,
    "paired": paired,
    "agreement": agreement,
    "event_kappa": kappa_of_events,
    "breakdown": breakdown,
    "errhri_2024": errhri_2024,
    "errhri_2": errhri_2,
    **PEOPLE,
}


class Drawn:
    """A mean of random draws: known to four standard errors."""

    def __init__(self, draws: np.ndarray) -> None:
        self.mean, self.error = float(draws.mean()), 4 * float(draws.std()) / math.sqrt(len(draws))


def check(shown: str, value: object, by_hand: str | None) -> None:
    """Shown digits are the value's, and the sum by hand gives the very value."""
    if isinstance(value, list):
        assert by_hand is None
        for one, number in zip(shown.split(", "), value, strict=True):
            check(one, number, None)
        return
    expected = None
    if by_hand is not None:
        assert re.fullmatch(r"(?:[0-9.+\-*/() ]|sqrt)+", by_hand)
        expected = eval(by_hand, {"__builtins__": {}}, {"sqrt": math.sqrt})
    if isinstance(value, Drawn):
        assert expected is not None
        assert abs(expected - value.mean) < value.error
        value = expected
    if shown == "undefined":
        assert math.isnan(value)
        return
    assert abs(float(shown) - value) <= half_digit(shown)
    if expected is not None:
        assert expected == pytest.approx(value, rel=1e-9)


def half_digit(shown: str) -> float:
    return 0.5 * 10.0 ** -len(shown.partition(".")[2]) + 1e-9 if "." in shown else 1e-9


@pytest.mark.parametrize("name", sorted(PROGRAM.keys() | BLOCKS.keys()))
def test_worked_example(name):
    block = Block(BLOCKS[name])
    found = PROGRAM[name](block)
    assert block.inputs | found.keys() == block.shown.keys()
    assert not block.inputs & block.sums.keys()
    for key, value in found.items():
        check(block.shown[key], value, block.sums.get(key))


def table(after: str) -> list[list[str]]:
    """Rows of the first table after a text that is there once."""
    assert DOCUMENT.count(after) == 1
    lines = DOCUMENT.split(after)[1].splitlines()
    start = next(k for k, line in enumerate(lines) if line.startswith("|---"))
    rows = []
    for line in lines[start + 1 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


EDGES = table("Edge rules, each a tested row")


@pytest.mark.parametrize("row", EDGES, ids=[row[0] for row in EDGES])
def test_edge_rule(row):
    _, *lists, observed, counts, _ = row
    times = [[] if text == "-" else [float(word) for word in text.split(", ")] for text in lists]
    session = evidence(points(times[0]), points(times[1]))
    stretches = None if observed == "-" else spans_of(observed)
    found = compare_session(
        session.events,
        session.annotations,
        Window(),
        observed_s=60.0,
        valid_s=0.0,
        observed=stretches,
    ).counts
    assert f"{found.tp}, {found.fp}, {found.fn}" == counts
    rates = values_of(found)
    undefined = {name for name in RATES if math.isnan(rates[name])}
    assert undefined == ({"precision"} if not found.tp + found.fp else set()) | (
        {"recall"} if not found.n_ref else set()
    ) | ({"f1"} if not found.tp + found.fp + found.n_ref else set())


def test_rounding_row_would_fail_without_tolerance():
    (row,) = (row for row in EDGES if row[0] == "rounding")
    assert float(row[2]) + POST_S < float(row[1])


@pytest.mark.parametrize(
    ("heading", "component", "left_out"),
    [
        ("| setting of `scoring=window` |", Window(), {"tolerance_s"}),
        ("| setting of `statistics` |", StatisticsRules(), set()),
    ],
)
def test_settings_are_the_defaults(heading, component, left_out):
    rows = {name.strip("`"): default for name, default, _ in table(heading)}
    fields = {field.name for field in dataclasses.fields(component)}
    assert fields - rows.keys() == left_out
    assert rows == {name: as_yaml(getattr(component, name)) for name in rows}


def as_yaml(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, tuple):
        return f"[{', '.join(map(str, value))}]"
    return str(value)


def test_measured_coverage():
    header = re.search(r"^\| metric \| (6 .+) \|$", DOCUMENT, re.MULTILINE)
    assert [int(n) for n in header[1].split(" | ")] == list(PARTICIPANTS)
    expected = [
        [
            metric,
            *(
                " / ".join(f"{100 * share:.1f}" for share in shares)
                for shares in zip(*methods.values(), strict=True)
            ),
        ]
        for metric, methods in MEASURED.items()
    ]
    assert table("**How often they hold.**") == expected
    (order,) = {" / ".join(f"`{method}`" for method in methods) for methods in MEASURED.values()}
    assert order in " ".join(DOCUMENT.split())


def test_expanded_quantiles():
    (row,) = table("| `expanded` | quantiles farther out")
    uniform = np.linspace(0, 1, 1_000_001)
    for people, shown in zip(PARTICIPANTS, row[1:], strict=True):
        found = interval(0.5, uniform, np.zeros(people), level=0.95, method="expanded")
        students = ndtr(math.sqrt(people / (people - 1)) * stdtrit(people - 1, 0.025))
        assert found.low == pytest.approx(students, abs=1e-6)
        assert abs(float(shown) - 100 * found.low) <= half_digit(shown)


def test_every_logged_number_is_explained():
    profile = ThresholdSweep.of(
        [(-math.inf, 0.8, 11.0, 12.0, 11.0), (-math.inf, 0.6, 30.0, 31.0, 30.0)]
    )
    marks = {
        name: [
            marked(10.0, 12.0, session=name, kind="task", annotator=who) for who in ("ann", "bob")
        ]
        for name in ("one", "two", "three")
    }
    sessions = [
        evidence(
            [(11.0, 12.0)], own[:1], ((0.0, 60.0),), participant=name, name=name, profile=profile
        )
        for name, own in marks.items()
    ]
    people = intervals_by_annotator(marks, all_watched=True)
    found = numbers(
        statistics(
            sessions,
            Window(),
            StatisticsRules(surrogates=20, draws=20, frame_rate_hz=30.0),
            annotators=people,
        )
    )
    assert any(name.startswith("agree/people/") for name in found)
    unexplained = {
        name
        for name in found
        if not {f"`{name}`", f"`{pattern(name)}`"} & set(re.findall(r"`[^`\n]+`", DOCUMENT))
    }
    assert not unexplained


def pattern(name: str) -> str:
    """A logged name as the document writes it."""
    name = re.sub(r"\.(lo|hi)$", "", name)
    name = re.sub(r"_macro(\.left_out)?$", "", name)  # means over participants, of every metric
    if name.startswith("agree/detector/"):
        return name.removeprefix("agree/detector/")
    if name.startswith("agree/people/") and name != "agree/people/alpha":
        measure = name.removeprefix("agree/people/").removesuffix("/ann/bob").removesuffix("_mean")
        return measure
    name = re.sub(r"\.(chance|p)_[a-z]+$", r".\1_<null>", name)
    name = re.sub(r"_at_[0-9.]+_per_min", "_at_<rate>_per_min", name)
    return re.sub(r"\.(lo|hi|chance|p|z|times_chance|random)$", "", name)


def test_suffixes_and_patterns_are_explained():
    for text in (".chance", ".random", ".times_chance", ".p", ".z", "event/f1.lo", "event/f1.hi"):
        assert f"`{text}`" in DOCUMENT
    for text in (
        "agree/detector/<measure>",
        "agree/people/<measure>/<a>/<b>",
        "agree/people/<measure>_mean",
    ):
        assert f"`{text}`" in DOCUMENT


def test_findings_are_those_of_the_sources():
    facts = shared_path("facts/field.md").read_text(encoding="utf-8").replace("**", "")
    figures = [
        figure
        for row in table("## What to expect")
        for figure in re.findall(r"\d*\.\d{2,}", row[0])
    ]
    assert figures == [".542", ".567", ".420", ".564", "1.64", "4.39"]
    assert all(figure in facts for figure in (*figures, "49.3 %", "201 videos"))
