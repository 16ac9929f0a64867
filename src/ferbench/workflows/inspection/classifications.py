"""What models said: how sure they are, which labels they give, and whether they agree."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ferbench.types import F64, I64, Expressions
from ferbench.workflows.inspection.numbers import Values

_TINY = 1e-300  # keeps the logarithm of a probability of 0 finite


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Classifications:
    """What one model said of all classified faces.

    Attributes:
        labels: K names.
        faces: classified faces with probabilities.
        undefined: faces of which no crop could be made.
        confidence: probability of the top label of each face.
        entropy_nats: of each face's probabilities, natural logarithm.
        label_counts: i64 (K,), faces by their top label.
        mean_probs: f64 (K,), NaN without faces.
    """

    labels: tuple[str, ...]
    faces: int
    undefined: int
    confidence: Values
    entropy_nats: Values
    label_counts: I64
    mean_probs: F64


def classifications_of(tables: Sequence[Expressions]) -> Classifications:
    """Put the expressions of several videos together; all have the same labels, one at least."""
    labels = tables[0].labels
    probs = np.concatenate([table.probs().reshape(-1, len(labels)) for table in tables])
    known = probs[~np.isnan(probs).any(axis=1)]
    entropy = -(known * np.log(np.maximum(known, _TINY))).sum(axis=1)
    top = known.argmax(axis=1) if len(known) else np.empty(0, np.int64)
    return Classifications(
        labels=labels,
        faces=len(known),
        undefined=len(probs) - len(known),
        confidence=Values.of(known.max(axis=1) if len(known) else np.empty(0)),
        entropy_nats=Values.of(entropy),
        label_counts=np.bincount(top, minlength=len(labels)).astype(np.int64),
        mean_probs=known.mean(axis=0) if len(known) else np.full(len(labels), np.nan),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LabelAgreement:
    """How far two models give the same faces the same label.

    Attributes:
        classes: C names, those of both.
        table: i64 (C, C): row = label of the first, column = label of the second.
    """

    classes: tuple[str, ...]
    table: I64

    @property
    def faces(self) -> int:
        """Faces that both gave a label."""
        return int(self.table.sum())

    @property
    def share(self) -> float:
        """Of the faces to which both gave the same label; NaN without faces."""
        return float(np.trace(self.table)) / self.faces if self.faces else float("nan")

    @property
    def kappa(self) -> float:
        """Cohen's kappa; NaN without faces, and where both give one label only, the same."""
        if not self.faces:
            return float("nan")
        shares = self.table / self.faces
        by_chance = float(shares.sum(axis=1) @ shares.sum(axis=0))
        if by_chance == 1:
            return float("nan")
        return (self.share - by_chance) / (1 - by_chance)


def label_agreement(
    videos: Iterable[tuple[Expressions, Expressions, I64, I64]],
) -> LabelAgreement:
    """Compare two models over videos.

    Args:
        videos: of each the expressions of both, and rows of the same faces in their tables of
            faces, i64 (P,) each.
    """
    given = list(videos)
    classes = tuple(sorted({name for one, two, *_ in given for name in (*one.labels, *two.labels)}))
    table = np.zeros((len(classes), len(classes)), np.int64)
    for first, second, faces, faces_of_second in given:
        one, two = _top(first, faces, classes), _top(second, faces_of_second, classes)
        known = (one >= 0) & (two >= 0)
        cells = one[known] * len(classes) + two[known]
        table += np.bincount(cells, minlength=table.size).reshape(table.shape)
    return LabelAgreement(classes=classes, table=table)


def _top(expressions: Expressions, faces: I64, classes: Sequence[str]) -> I64:
    """The top label of each face as its place among the classes, i64 (P,); -1 = it has none."""
    row = expressions.rows_of(faces)
    logits = expressions.logits
    known = row >= 0
    known[known] = ~np.isnan(logits[row[known]]).any(axis=1)
    place = np.array([classes.index(label) for label in expressions.labels], np.int64)
    result = np.full(len(faces), -1, np.int64)
    result[known] = place[logits[row[known]].argmax(axis=1)]
    return result
