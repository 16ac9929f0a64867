"""What a leaderboard measured: numbers of models and crops, best first."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from ferbench.scoring.answers import Answers, OtherClasses, PairedTest, mcnemar
from ferbench.scoring.classification import ClassificationScores, NoFace
from ferbench.scoring.regression import RegressionScores
from ferbench.types.labelled_images import LabelledImages
from ferbench.weights.accuracy import PublishedAccuracy
from ferbench.workflows.standings.comparison import is_clearly_below
from ferbench.workflows.standings.entries import LeftOut, Way
from ferbench.workflows.standings.faces import SeenFaces


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Standing:
    """A model with faces cut in one way.

    Attributes:
        model: its choice of ``conf/model``.
        way: how faces are cut.
        differences: how that differs from what its weights were trained on, as far as is known.
        answers: what it says of each image.
        scores: how good that is.
        published: what its authors publish on the same data and classes; None = nothing.
        images_per_s: images that this machine classifies in a second, with all lanes, once faces
            are cut; NaN = none.
        lanes: threads that did it.
        was_stored: whether answers were read that another call made, perhaps under other load.
        regressions: of what the model says besides, where the data set rates it too.
        faces: some faces as the network got them; None = nobody asked for images of faces.
    """

    model: str
    way: Way
    differences: tuple[str, ...]
    answers: Answers
    scores: ClassificationScores
    published: PublishedAccuracy | None
    images_per_s: float
    lanes: int
    was_stored: bool
    regressions: tuple[RegressionScores, ...] = ()
    faces: SeenFaces | None = None

    @property
    def name(self) -> str:
        """Model and crop."""
        return f"{self.model} {self.way.name}"

    def rank(self, no_face: NoFace) -> tuple[float, str]:
        """What to sort by: highest accuracy first; undefined last."""
        accuracy = self.scores.headline(no_face).value
        return (math.inf if math.isnan(accuracy) else -accuracy, self.name)

    def is_below(self, no_face: NoFace) -> bool:
        """Whether what is published lies above the interval of what is measured."""
        return is_clearly_below(self.scores.headline(no_face), self.published)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Board:
    """Models and crops, best first.

    Attributes:
        images: what they were measured on.
        standings: each model with each way to cut faces, by accuracy.
        left_out: models that were not measured, and why.
        other_classes: what became of images whose class a model does not know.
        no_face: what became of images without a face in the order.
        broken: why images could not be decoded, by their names.
        device: where networks were computed.
    """

    images: LabelledImages
    standings: tuple[Standing, ...]
    left_out: tuple[LeftOut, ...]
    other_classes: OtherClasses
    no_face: NoFace
    broken: Mapping[str, str]
    device: str

    @property
    def best_two(self) -> PairedTest | None:
        """The first two on the same images; None = there are no two."""
        if len(self.standings) < 2:
            return None
        first, second = self.standings[:2]
        return mcnemar(first.answers, second.answers)

    def relative_speed(self, standing: Standing) -> float:
        """How fast a model is beside the fastest of the table, 0 to 1."""
        rates = [each.images_per_s for each in self.standings if each.images_per_s > 0]
        return standing.images_per_s / max(rates) if rates else math.nan
