"""Event and segment scores equal to sed_eval.

Its stored results, and the package itself on random lists.
"""

from __future__ import annotations

import importlib.util
import json
import math
import sys
import types

import numpy as np
import pytest

from ferbench.scoring import metrics
from ferbench.scoring.matching.onset_offset import OnsetOffset
from ferbench.scoring.matching.window import Window
from ferbench.scoring.scored_session import ScoredSession
from ferbench.scoring.segment_activity import segment_counts, segment_scores
from ferbench.types import Annotation, Event
from helpers.reference import report_difference, shared_path
from helpers.scored_sessions import tally_of


def evidence(found, marked):
    return ScoredSession(
        session_id="s",
        participant="",
        events=tuple(
            Event(session_id="s", onset_s=a, offset_s=b, trigger_s=a, label="e", peak=1.0)
            for a, b in found
        ),
        annotations=tuple(Annotation(session_id="s", onset_s=a, offset_s=b) for a, b in marked),
        observed=(),
    )


def event_scores(sessions, criterion):
    """In sed_eval's words; NaN where it says so.

    F1 of nothing found or nothing marked is 0 here, NaN there.
    """
    total = tally_of(sessions, criterion).weighted(np.ones(len(sessions)))
    num_ref = total.tp + total.fn
    return {
        "f_measure": {
            "f_measure": float(metrics.f1(total)),
            "precision": float(metrics.precision(total)),
            "recall": float(metrics.recall(total)),
        },
        "error_rate": {
            "error_rate": float((total.fp + total.fn) / num_ref),
            "substitution_rate": 0.0,  # one kind of event cannot be taken for another
            "deletion_rate": float(total.fn / num_ref),
            "insertion_rate": float(total.fp / num_ref),
        },
    }


def differences(ours, theirs):
    for group, values in ours.items():
        for name, value in values.items():
            wanted = theirs[group][name]
            wanted = math.nan if wanted is None else wanted
            yield (
                f"{group}/{name}",
                0.0 if math.isnan(value) and math.isnan(wanted) else abs(value - wanted),
            )


def stored_cases():
    cases = json.loads((shared_path("thesis/sed_eval") / "scores.json").read_text())["cases"]
    assert len(cases) == 9
    return cases


def test_stored_event_scores():
    """The optimal ones; sed_eval's greedy ones depend on the order of the list and are not offered
    here.
    """
    largest, compared = 0.0, 0
    for case in stored_cases():
        sessions = [evidence(file["estimated"], file["reference"]) for file in case["files"]]
        for name, theirs in case["event_based"].items():
            if name.endswith("greedy"):
                continue
            if name.startswith("onset_only"):
                collar = float(name.split("_")[3])
                criterion = Window(pre_s=collar, post_s=collar, stamp="onset", tolerance_s=0.0)
                counts = tally_of(sessions, criterion)
                assert counts.tp.sum() == theirs["counts"]["Ntp"]
            else:
                assert name == "onset_offset_collar_1.0_pol_0.5_optimal"
                criterion = OnsetOffset(
                    onset_collar_s=1.0, offset_collar_s=1.0, offset_share=0.5, tolerance_s=0.0
                )
            for what, difference in differences(event_scores(sessions, criterion), theirs):
                assert difference <= 1e-9, (case["name"], name, what)
                largest, compared = max(largest, difference), compared + 1
    assert compared == 9 * 5 * 7
    report_difference("event scores (sed_eval)", largest)


def our_segments(pairs):
    """Scores of (found, marked, duration) lists at 5 s in sed_eval's words."""
    counts = [
        segment_counts(found, marked, duration, segment_s=5.0) for found, marked, duration in pairs
    ]
    scores = segment_scores(counts)
    return counts, {
        "f_measure": {
            "f_measure": scores.f1,
            "precision": scores.precision,
            "recall": scores.recall,
        },
        "error_rate": {"error_rate": scores.error_rate},
        "accuracy": {
            "accuracy": scores.accuracy,
            "balanced_accuracy": scores.balanced_accuracy,
            "sensitivity": scores.recall,
            "specificity": scores.specificity,
        },
    }


def test_stored_segment_scores():
    largest = 0.0
    for case in stored_cases():
        theirs = case["segment_based"]["5s"]
        lists = []
        for file in case["files"]:
            ends = [off for _, off in file["estimated"] + file["reference"]]
            lists.append(
                (
                    file["estimated"],
                    file["reference"],
                    case["evaluated_length_seconds"] or max(ends),
                )
            )
        counts, ours = our_segments(lists)
        assert [sum(getattr(c, name) for c in counts) for name in ("tp", "fp", "fn", "tn")] == [
            theirs["counts"][f"N{name}"] for name in ("tp", "fp", "fn", "tn")
        ]
        for what, difference in differences(ours, theirs):
            assert difference <= 1e-9, (case["name"], what)
            largest = max(largest, difference)
    report_difference("segment scores (sed_eval)", largest)


@pytest.fixture(scope="module")
def sed_eval():
    """The package.

    Its helper dcase_util imports pkg_resources, which setuptools no longer has, for texts only.
    """
    if importlib.util.find_spec("sed_eval") is None:
        pytest.skip("sed_eval is not installed (a development dependency)")
    patched = importlib.util.find_spec("pkg_resources") is None
    if patched:
        sys.modules["pkg_resources"] = types.ModuleType("pkg_resources")
    try:
        import dcase_util
        import sed_eval
    finally:
        if patched:
            del sys.modules["pkg_resources"]
    return types.SimpleNamespace(
        table=lambda spans: dcase_util.containers.MetaDataContainer(
            [{"onset": a, "offset": b, "event_label": "e"} for a, b in spans]
        ),
        events=sed_eval.sound_event.EventBasedMetrics,
        segments=sed_eval.sound_event.SegmentBasedMetrics,
    )


def random_lists(rng):
    """Events and annotations on a grid of 1/64 s, where sed_eval compares doubles exactly."""

    def spans(size, length):
        onsets = rng.integers(0, 60 * 64, size) / 64
        return [
            (float(a), float(a + d))
            for a, d in zip(onsets, rng.integers(1, length * 64, size) / 64, strict=True)
        ]

    marked = spans(rng.integers(0, 12), 8)
    near = [
        (max(a + d, 0.0), max(a + d, 0.0) + 1.0)
        for (a, _), d in zip(marked, rng.integers(-4, 5, 12) / 4, strict=False)
    ]
    return spans(rng.integers(0, 8), 8) + near[: int(rng.integers(0, 12))], marked


@pytest.mark.slow
def test_random_lists_by_events(sed_eval):
    rng = np.random.default_rng(7)
    for _ in range(1000):
        found, marked = random_lists(rng)
        collar = float(rng.choice([0.25, 0.5, 1.0, 2.0, 5.0]))
        share = float(rng.choice([0.0, 0.25, 0.5, 1.0]))
        their_marked, their_found = sed_eval.table(marked), sed_eval.table(found)
        for with_offset in (False, True):
            theirs = sed_eval.events(
                event_label_list=["e"],
                t_collar=collar,
                evaluate_offset=with_offset,
                percentage_of_length=share,
                event_matching_type="optimal",
            )
            theirs.evaluate(their_marked, their_found)
            criterion = (
                OnsetOffset(onset_collar_s=collar, offset_collar_s=collar, offset_share=share)
                if with_offset
                else Window(pre_s=collar, post_s=collar, stamp="onset")
            )
            ours = tally_of([evidence(found, marked)], criterion)
            counts = theirs.overall
            assert (ours.tp[0], ours.fp[0], ours.fn[0]) == (
                counts["Ntp"],
                counts["Nfp"],
                counts["Nfn"],
            )
            if found and marked:
                for what, difference in differences(
                    event_scores([evidence(found, marked)], criterion),
                    theirs.results_overall_metrics(),
                ):
                    assert difference <= 1e-9, what


@pytest.mark.slow
def test_random_lists_by_segments(sed_eval):
    rng = np.random.default_rng(8)
    for _ in range(1000):
        found, marked = random_lists(rng)
        duration = float(rng.integers(10, 80 * 4) / 4)
        theirs = sed_eval.segments(event_label_list=["e"], time_resolution=5.0)
        theirs.evaluate(
            sed_eval.table(marked), sed_eval.table(found), evaluated_length_seconds=duration
        )
        (ours,), _ = our_segments([(found, marked, duration)])
        overall = theirs.overall
        assert [ours.tp, ours.fp, ours.fn, ours.tn] == [
            overall[f"N{name}"] for name in ("tp", "fp", "fn", "tn")
        ]
