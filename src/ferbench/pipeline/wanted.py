"""What a pass over a video makes: a tree of detectors, crops and models.

Videos that several recipes ask for are decoded once, what they have in common is computed once.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ferbench.pipeline.networks import Networks
from ferbench.pipeline.recipe import Recipe
from ferbench.protocols import Model, Preprocessing
from ferbench.results import StageKey, StageTiming
from ferbench.selectors.classify import Classify
from ferbench.types import Faces

if TYPE_CHECKING:
    import torch

log = logging.getLogger("ferbench")

Stored = dict[str, tuple[Any, StageTiming]]
"""Tables that are there already, by stage: the result, and what making it took."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Request:
    """The tables of a video that one recipe asks for.

    Attributes:
        path: the video.
        video_id: its name for people.
        sha256: digest of its bytes.
        recipe: what is computed.
        networks: detector and model of the recipe.
        classify: which faces are classified, on this video's camera.
        keys: of the stages.
    """

    path: Path
    video_id: str
    sha256: str
    recipe: Recipe
    networks: Networks
    classify: Classify
    keys: dict[str, StageKey]

    def tell_waiting(self) -> None:
        """Say that another process makes the tables."""
        log.warning("waiting for another process that analyses %s", self.path.name)


@dataclass(slots=True, kw_only=True, eq=False)
class WantedExpressions:
    """Expressions by one model.

    Attributes:
        key: of the table.
        faces_key: of the table of faces.
        model: what they mean.
        recognise: the loaded model.
        until: frames whose faces it looked at in an earlier pass.
    """

    key: str
    faces_key: str
    model: Model
    recognise: Callable[[torch.Tensor], torch.Tensor]
    until: int = 0


@dataclass(slots=True, kw_only=True, eq=False)
class WantedPictures:
    """What whole pictures are like.

    Attributes:
        key: of the table.
        until: frames whose pictures an earlier pass looked at.
    """

    key: str
    until: int = 0


@dataclass(slots=True, kw_only=True, eq=False)
class WantedCrops:
    """Crops that several models may look at.

    Attributes:
        admission: which faces.
        preprocessing: how they are cut.
        model_px: the size that their models take.
        expressions: by which models.
    """

    admission: Classify
    preprocessing: Preprocessing
    model_px: int
    expressions: list[WantedExpressions] = field(default_factory=list)


@dataclass(slots=True, kw_only=True, eq=False)
class WantedFaces:
    """Faces by one detector.

    Attributes:
        key: of the table.
        detect: the loaded detector; None = all faces are stored.
        stored: faces that are there already; None = none.
        until: frames whose faces these are.
        crops: what is cut out of them.
    """

    key: str
    detect: Callable[[torch.Tensor], Faces] | None
    stored: Faces | None
    until: int
    crops: list[WantedCrops] = field(default_factory=list)


def wanted_by(requests: Iterable[tuple[Request, Stored]]) -> tuple[WantedFaces, ...]:
    """What requests for one video lack besides its timeline, each table once.

    Networks are loaded here: loading is no work of a stage.

    Raises:
        WeightsError: a network cannot be loaded.
    """
    every: dict[str, WantedFaces] = {}
    done: set[str] = set()
    for request, stored in requests:
        if "faces" in stored and "expressions" in stored:
            continue
        faces_key = request.keys["faces"].key
        if faces_key not in every:
            every[faces_key] = _wanted_faces(request, stored)
        faces = every[faces_key]
        key = request.keys["expressions"].key
        if "expressions" not in stored and key not in done:
            done.add(key)
            _crops_of(request, faces).expressions.append(
                WantedExpressions(
                    key=key,
                    faces_key=faces.key,
                    model=request.recipe.model,
                    recognise=request.networks.recognise,
                )
            )
    return tuple(every.values())


def _wanted_faces(request: Request, stored: Stored) -> WantedFaces:
    key = request.keys["faces"].key
    if "faces" in stored:
        return WantedFaces(key=key, detect=None, stored=stored["faces"][0], until=sys.maxsize)
    return WantedFaces(key=key, detect=request.networks.detect, stored=None, until=0)


def _crops_of(request: Request, faces: WantedFaces) -> WantedCrops:
    """The crops that the request's model looks at, shared where others want the same."""
    asked = WantedCrops(
        admission=request.classify,
        preprocessing=request.recipe.preprocessing,
        model_px=request.recipe.model.input_px,
    )
    for crops in faces.crops:
        same = (
            crops.admission == asked.admission
            and crops.preprocessing == asked.preprocessing
            and crops.model_px == asked.model_px
        )
        if same:
            return crops
    faces.crops.append(asked)
    return asked
