"""Numbers of a classifier against scikit-learn, scipy and plain loops."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from scipy.special import softmax
from scipy.stats import binom, norm
from sklearn.calibration import calibration_curve
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    confusion_matrix,
    f1_score,
    log_loss,
)

from ferbench.scoring.answers import NO_FACE, OTHER, answers, mcnemar
from ferbench.scoring.calibration import BINS
from ferbench.scoring.classification import classification_scores, share

LABELS = ("anger", "disgust", "fear", "happiness", "neutral")


def said_of(rng, size, labels=LABELS, *, no_face=0.0):
    """Truth and logits that are often right; some images have no face."""
    truth = rng.choice(labels, size)
    logits = rng.normal(0, 1, (size, len(labels)))
    logits[np.arange(size), [labels.index(name) for name in truth]] += 1.2
    logits[rng.uniform(size=size) < no_face] = np.nan
    return list(truth), logits.astype(np.float32)


@pytest.mark.parametrize("seed", range(3))
def test_scores_are_scikit_learns(seed):
    rng = np.random.default_rng(seed)
    truth, logits = said_of(rng, 400)
    scores = classification_scores(answers(truth, LABELS, logits, []))
    probability = softmax(logits.astype(np.float64), axis=1)
    top = [LABELS[k] for k in probability.argmax(axis=1)]
    assert scores.classes == tuple(sorted(LABELS))
    assert scores.accuracy.value == pytest.approx(accuracy_score(truth, top), abs=1e-12)
    assert scores.macro_f1 == pytest.approx(f1_score(truth, top, average="macro"), abs=1e-12)
    balanced = balanced_accuracy_score(truth, top)
    assert scores.balanced_accuracy == pytest.approx(balanced, abs=1e-12)
    assert scores.log_loss == pytest.approx(log_loss(truth, probability, labels=LABELS), abs=1e-9)
    one_hot = np.array([[name == label for label in LABELS] for name in truth], np.float64)
    brier = ((probability - one_hot) ** 2).sum(axis=1).mean()
    assert scores.brier == pytest.approx(brier, abs=1e-12)
    table = confusion_matrix(truth, top, labels=LABELS)
    np.testing.assert_array_equal(scores.confusion[:, :-2], table)
    assert not scores.confusion[:, -2:].any()
    right = np.array(truth) == np.array(top)
    correct, confidence = calibration_curve(right, probability.max(axis=1), n_bins=BINS)
    used = scores.calibration.frames > 0
    np.testing.assert_allclose(scores.calibration.correct[used], correct, atol=1e-12)
    np.testing.assert_allclose(scores.calibration.confidence[used], confidence, atol=1e-12)
    weights = scores.calibration.frames[used] / len(truth)
    assert scores.calibration.ece == pytest.approx(
        float((weights * np.abs(correct - confidence)).sum()), abs=1e-12
    )


def test_images_without_a_face_are_counted_both_ways():
    rng = np.random.default_rng(4)
    truth, logits = said_of(rng, 300, no_face=0.2)
    found = answers(truth, LABELS, logits, [])
    scores = classification_scores(found)
    seen = ~np.isnan(logits).any(axis=1)
    top = np.where(seen, np.nan_to_num(logits).argmax(axis=1), -9)
    right = np.array([k >= 0 and LABELS[k] == name for k, name in zip(top, truth, strict=True)])
    assert scores.no_face == int((~seen).sum()) > 0
    assert scores.accuracy.value == pytest.approx(right.mean())
    assert scores.accuracy_found.value == pytest.approx(right[seen].mean())
    assert scores.headline("wrong") == scores.accuracy
    assert scores.headline("left_out") == scores.accuracy_found
    assert scores.confusion[:, -1].sum() == scores.no_face
    texts = [LABELS[k] if k >= 0 else "none" for k in top]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        f1 = f1_score(truth, texts, labels=LABELS, average="macro")
    assert scores.macro_f1 == pytest.approx(f1, abs=1e-12)


def test_images_of_other_classes_are_left_out_or_wrong():
    truth = ["anger", "contempt", "fear", "contempt"]
    labels = ("fear", "anger", "surprise")
    logits = np.array([[0, 5, 9], [1, 0, 0], [3, 0, 0], [0, 0, 4]], np.float32)
    left_out = answers(truth, labels, logits, [])
    assert left_out.classes == ("anger", "fear")
    assert left_out.place.tolist() == [0, 2]
    assert left_out.said.tolist() == [0, 1]  # surprise is not among the choices
    assert left_out.is_right.tolist() == [True, True]
    np.testing.assert_allclose(left_out.probability.sum(axis=1), 1)
    scores = classification_scores(left_out)
    assert (scores.images, scores.other_classes, scores.accuracy.value) == (2, 2, 1.0)
    wrong = answers(truth, labels, logits, [], others="wrong")
    assert wrong.truth.tolist() == [0, OTHER, 1, OTHER]
    assert wrong.said.tolist() == [OTHER, 1, 1, OTHER]
    assert wrong.is_right.tolist() == [False, False, True, False]
    scores = classification_scores(wrong)
    assert (scores.images, scores.other_classes, scores.accuracy.value) == (4, 2, 0.25)
    assert scores.confusion.tolist() == [[0, 0, 1, 0], [0, 1, 0, 0]]
    precision = {each.name: each.precision for each in scores.by_class}
    assert precision["fear"] == 0.5  # contempt was taken for it


def test_broken_images_count_for_nothing():
    truth = ["anger", "fear", "anger"]
    logits = np.array([[5, 0], [0, 5], [np.nan, np.nan]], np.float32)
    found = answers(truth, ("anger", "fear"), logits, [2])
    assert found.place.tolist() == [0, 1]
    scores = classification_scores(found)
    assert (scores.images, scores.broken, scores.no_face) == (2, 1, 0)
    assert scores.accuracy.value == 1.0


def test_nothing_that_can_be_judged_is_undefined():
    logits = np.full((2, 2), np.nan, np.float32)
    found = answers(["anger", "fear"], ("anger", "fear"), logits, [])
    assert found.said.tolist() == [NO_FACE, NO_FACE]
    scores = classification_scores(found)
    assert scores.accuracy.value == 0.0
    assert math.isnan(scores.accuracy_found.value)
    assert math.isnan(scores.log_loss)
    assert math.isnan(scores.calibration.ece)
    none = classification_scores(answers(["anger"], ("anger",), logits[:1, :1], [0]))
    assert math.isnan(none.accuracy.value)
    assert math.isnan(none.macro_f1)


@pytest.mark.parametrize(("count", "of"), [(0, 10), (8, 10), (10, 10), (613, 1000)])
def test_the_interval_is_wilsons(count, of):
    z = norm.ppf(0.975)
    p = count / of
    middle = (p + z**2 / (2 * of)) / (1 + z**2 / of)
    half = z / (1 + z**2 / of) * math.sqrt(p * (1 - p) / of + z**2 / (4 * of**2))
    found = share(count, of)
    assert found.value == p
    assert found.low == pytest.approx(middle - half, abs=1e-9)
    assert found.high == pytest.approx(middle + half, abs=1e-9)


def test_mcnemar_is_a_test_of_a_fair_coin_on_common_images():
    rng = np.random.default_rng(5)
    truth, first_logits = said_of(rng, 200)
    _, second_logits = said_of(np.random.default_rng(6), 200)
    first = answers(truth, LABELS, first_logits, [0, 1])
    second = answers(truth, LABELS, second_logits, [2])
    test = mcnemar(first, second)
    common = [place for place in range(200) if place not in (0, 1, 2)]
    one = [LABELS[k] for k in first_logits.argmax(axis=1)]
    two = [LABELS[k] for k in second_logits.argmax(axis=1)]
    only_first = sum(one[n] == truth[n] != two[n] for n in common)
    only_second = sum(two[n] == truth[n] != one[n] for n in common)
    assert (test.images, test.only_first, test.only_second) == (197, only_first, only_second)
    fewer, total = min(only_first, only_second), only_first + only_second
    assert test.p == pytest.approx(min(1.0, 2 * binom.cdf(fewer, total, 0.5)), abs=1e-12)
    assert mcnemar(first, first).p == 1.0
