"""Agreement of a detector with the annotations, and of annotators with each other."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ferbench.scoring.agreement import annotators as annotator_agreement
from ferbench.scoring.agreement.annotators import AnnotatorPair
from ferbench.scoring.agreement.coded_intervals import (
    CodedIntervals,
    of_annotations,
    of_detector,
    without_codes,
)
from ferbench.scoring.agreement.kappa import alpha
from ferbench.scoring.agreement.rules import AgreementRules
from ferbench.scoring.matching.criterion import Criterion
from ferbench.scoring.scored_session import ScoredSession
from ferbench.scoring.statistics_rules import StatisticsRules

DETECTOR = "detector"
ANNOTATIONS = "annotations"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AnnotatorAgreement:
    """Agreement of the annotators with each other: the ceiling for a detector.

    Attributes:
        pairs: everybody with everybody.
        alpha: Krippendorff's, of all together; NaN with points without extent.
    """

    pairs: tuple[AnnotatorPair, ...]
    alpha: float


def _agreement_rules(criterion: Criterion, rules: StatisticsRules) -> AgreementRules:
    """A point annotation stands for the time around it in which an event belongs to it."""
    extent = rules.extent(criterion)
    return AgreementRules(before_s=extent.pre_s, after_s=extent.post_s, segment_s=rules.segment_s)


def with_annotations(
    sessions: Sequence[ScoredSession], criterion: Criterion, rules: StatisticsRules
) -> AnnotatorPair:
    """Agreement of the detector with the annotations, as between two annotators."""
    annotated = {session.session_id: of_annotations(session.annotations) for session in sessions}
    extent = rules.extent(criterion)
    return annotator_agreement.compare(
        DETECTOR,
        without_codes(of_detector(sessions, criterion.stamp)),
        ANNOTATIONS,
        without_codes(annotated),
        {session.session_id: session.observed for session in sessions},
        _agreement_rules(criterion, rules),
        pre_s=extent.pre_s,
        post_s=extent.post_s,
    )


def annotators_of(
    annotators: Mapping[str, CodedIntervals],
    sessions: Sequence[ScoredSession],
    criterion: Criterion,
    rules: StatisticsRules,
) -> AnnotatorAgreement | None:
    """Agreement of the annotators with each other; None = there is one."""
    if len(annotators) < 2:
        return None
    observed = {session.session_id: session.observed for session in sessions}
    agreement_rules = _agreement_rules(criterion, rules)
    group = annotator_agreement.together(
        {name: without_codes(marks) for name, marks in annotators.items()},
        observed,
        agreement_rules,
    )
    together = math.nan
    if group.sessions:
        everybody = np.ones(len(group.sessions))
        together = float(alpha(group.coincidences.weighted(everybody)))
    return AnnotatorAgreement(
        pairs=annotator_agreement.pairwise(annotators, observed, agreement_rules), alpha=together
    )
