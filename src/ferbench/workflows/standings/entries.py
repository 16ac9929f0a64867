"""Which models are measured, with faces cut in which ways."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ferbench.config.choices import component_for
from ferbench.config.groups import choices_of
from ferbench.errors import ConfigError
from ferbench.preprocessing.imitating import imitating
from ferbench.protocols import Model, Preprocessing
from ferbench.sentences import Setting, Text
from ferbench.types.labelled_images import LabelledImages
from ferbench.weights.checking import is_there
from ferbench.workflows.doctor_weights import how_to_get

AS_IS: Final = "as_is"
"""Faces as the data set cuts them."""
OWN: Final = "own"
"""Faces that a detector finds, cut as the model's weights saw them in training."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A way to cut faces.

    Attributes:
        name: ``AS_IS``, ``OWN``, or a choice of ``conf/preprocessing``.
        preprocessing: cuts what a detector finds; None = as the data set does.
        note: what a reader should know of it; "" = nothing.
    """

    name: str
    preprocessing: Preprocessing | None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """A model that is measured.

    Attributes:
        name: its choice of ``conf/model``.
        model: the model.
        ways: how faces are cut for it.
    """

    name: str
    model: Model
    ways: tuple[Way, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A model that is not measured.

    Attributes:
        name: its choice of ``conf/model``.
        reason: why, and what to do.
    """

    name: str
    reason: str


def contenders(
    names: Sequence[str],
    crops: Sequence[str],
    images: LabelledImages,
    models: Path,
    *,
    usual: Preprocessing,
    config_dirs: Sequence[Path],
) -> tuple[list[Contender], list[LeftOut]]:
    """The models that can be measured, and those that cannot.

    Args:
        names: choices of ``conf/model``; () = all.
        crops: ways to cut faces; () = those that suit the data set.
        images: the data set.
        models: the folder of weight files.
        usual: cuts faces for models whose authors do not tell how theirs were cut.
        config_dirs: folders with further choices.

    Raises:
        ConfigError: there is no such model or way, or the data set does not cut faces.
    """
    wanted = list(dict.fromkeys(crops)) or _suitable(images)
    if AS_IS in wanted and not images.has_crops:
        raise ConfigError(
            "the data set has whole pictures and does not say where the faces are",
            key="crops",
            hint=Text("where they are faces cut out already, say ", Setting("pictures", "faces")),
        )
    choices = [*choices_of("preprocessing", config_dirs=config_dirs), *wanted]
    cutters: dict[str, Preprocessing] = {
        name: component_for("preprocessing", name, config_dirs=config_dirs)
        for name in dict.fromkeys(choices)
        if name not in (AS_IS, OWN)
    }
    found, left_out = [], []
    for name in dict.fromkeys(names) or choices_of("model", config_dirs=config_dirs):
        model: Model = component_for("model", name, config_dirs=config_dirs)
        reason = _reason_against(model, images, models)
        if reason:
            left_out.append(LeftOut(name=name, reason=reason))
            continue
        ways = [way_of(each, model, usual, cutters) for each in wanted]
        found.append(Contender(name=name, model=model, ways=_different(ways)))
    return found, left_out


def _suitable(images: LabelledImages) -> list[str]:
    return [AS_IS, OWN] if images.has_crops else [OWN]


def _reason_against(model: Model, images: LabelledImages, models: Path) -> str:
    """Why a model cannot be measured; "" = it can."""
    missing = [item for item in model.weights_files() if not is_there(item, models)]
    if missing:
        _, advice = how_to_get("NAME", missing)
        return Text("weights are not here; get them with: ", advice)
    labels = model.channels.labels
    if not labels:
        return "it tells no expressions"
    if len(set(images.labels) & set(labels)) < 2:
        return f"it knows fewer than two of {', '.join(images.labels)}"
    return ""


def way_of(
    name: str, model: Model, usual: Preprocessing, cutters: Mapping[str, Preprocessing]
) -> Way:
    """The way of a name for a model (see ``contenders``)."""
    if name == AS_IS:
        return Way(name=name, preprocessing=None)
    if name != OWN:
        return Way(name=name, preprocessing=cutters[name])
    own = _made_for(model, cutters.values()) or imitating(model.trained_crop)
    if own is None:
        note = f"its authors do not tell how faces were cut; {type(usual).__name__} cuts them"
        return Way(name=name, preprocessing=usual, note=note)
    return Way(name=name, preprocessing=own)


def _made_for(model: Model, cutters: Iterable[Preprocessing]) -> Preprocessing | None:
    """The first choice of ``conf/preprocessing`` whose crops are all that a model's yaml tells.

    So one that was written for a model is taken for it.
    """
    return next(
        (each for each in cutters if each.geometry(model_px=model.input_px) == model.trained_crop),
        None,
    )


def _different(ways: Sequence[Way]) -> tuple[Way, ...]:
    """The ways without those that cut as one before them."""
    kept: list[Way] = []
    for way in ways:
        if all(way.preprocessing != other.preprocessing for other in kept):
            kept.append(way)
    return tuple(kept)
