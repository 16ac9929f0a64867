"""Leaderboard: which model with which crop is best on labelled images that somebody has."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, get_args

import numpy as np

from ferbench.checks import check_choice, check_list, path_of
from ferbench.config.choices import Choice, settings_for
from ferbench.config.settings import Settings
from ferbench.datasets.labelled_images.found import Asked, Pictures
from ferbench.datasets.labelled_images.reading import read_labelled_images
from ferbench.errors import ConfigError, WeightsError
from ferbench.pipeline.cache import Cache
from ferbench.pipeline.networks import choose_products
from ferbench.pipeline.picture_expressions import Classifier, FoundCrops, PictureExpressions
from ferbench.pipeline.picture_faces import FaceFinder, PictureFaces
from ferbench.pipeline.picture_pieces import Pieces
from ferbench.protocols import Model
from ferbench.scoring.answers import OtherClasses, answers
from ferbench.scoring.classification import NoFace, classification_scores
from ferbench.scoring.regression import RegressionScores, regression_scores
from ferbench.types.labelled_images import LabelledImages
from ferbench.weights import loading
from ferbench.weights.checking import check_all
from ferbench.weights.digests import known_digest, with_resolved_digests
from ferbench.weights.fetching import fetch
from ferbench.workflows.standings.board import Board, Standing
from ferbench.workflows.standings.comparison import published_for
from ferbench.workflows.standings.entries import Contender, LeftOut, Way, contenders
from ferbench.workflows.standings.faces import seen_faces
from ferbench.workflows.standings.progress import ImageCount, OnImageProgress, untold
from ferbench.workflows.standings.result import Leaderboard


def leaderboard(
    dataset: str | Path,
    *,
    models: Sequence[str] = (),
    crops: Sequence[str] = (),
    split: str | None = None,
    known_as: str = "",
    pictures: Pictures = "auto",
    classes: Mapping[str, str] | None = None,
    other_classes: OtherClasses = "left_out",
    no_face: NoFace = "wrong",
    most: int | None = None,
    seed: int = 0,
    faces: bool = False,
    detector: Choice = None,
    runtime: Choice = None,
    settings: Sequence[str] = (),
    config_dirs: Sequence[Path] = (),
    on_progress: OnImageProgress = untold,
) -> Leaderboard:
    """Measure models on labelled images, and set what is measured beside what is published.

    Models whose weights are not here are left out and told; nothing of them is fetched. What a
    model says is stored, and read by the next call.

    Args:
        dataset: folder of RAF-DB, AffectNet or FER-2013, or with a folder of pictures per class.
        models: choices of ``conf/model``; () = all.
        crops: ways to cut faces: ``as_is`` (as the data set does), ``own`` (found by the detector,
            and cut as the model's weights saw faces in training), choices of
            ``conf/preprocessing``; () = ``own``, and ``as_is`` where the data set cuts faces.
        split: ``test``, ``validation``, ``train`` or ``all``; None = the first that is there.
        known_as: ``RAF-DB``, ``AffectNet`` or ``FER-2013``, where its files do not tell.
        pictures: of a folder per class: ``faces`` cut out already, ``whole`` pictures, or ``auto``.
        classes: what the data set's names of classes mean: an expression, or ``none``.
        other_classes: images whose class a model does not know, and labels that the data set does
            not have: ``left_out`` of the comparison, or ``wrong``.
        no_face: images in which no face was found: ``wrong`` or ``left_out`` in the order of the
            table; both are told.
        most: at most so many images, drawn by lot.
        seed: of the lot.
        faces: keep some faces as each network got them, for the page that is written; it then holds
            images of people's faces.
        detector: finds the faces that the data set does not cut.
        runtime: how this machine computes.
        settings: single values, such as ``runtime.device=cuda``.
        config_dirs: folders with further choices.
        on_progress: told how far it is.

    Raises:
        DatasetError: the labels cannot be read, or a class means no expression.
        FormatError: a table of labels cannot be read; names the line.
        ConfigError: a choice that cannot be used.
        WeightsError: the detector's weights are missing or do not fit.
    """
    check_choice("other_classes", other_classes, get_args(OtherClasses))
    check_choice("no_face", no_face, get_args(NoFace))
    for key, names in (("models", models), ("crops", crops)):
        check_list(key, names)
    choices: dict[str, Choice] = {"detector": detector, "runtime": runtime}
    chosen = settings_for(choices, settings=settings, config_dirs=config_dirs).settings
    images = read_labelled_images(
        path_of("dataset", dataset),
        split=split,
        most=most,
        seed=seed,
        asked=Asked(known_as=known_as, classes=classes or {}, pictures=pictures),
    )
    found, left_out = contenders(
        models,
        crops,
        images,
        chosen.paths.models,
        usual=chosen.recipe.preprocessing,
        config_dirs=config_dirs,
    )
    measured = _Measured(images, chosen, found, on_progress)
    standings = measured.standings(other_classes, with_faces=faces)
    board = Board(
        images=images,
        standings=tuple(sorted(standings, key=lambda each: each.rank(no_face))),
        left_out=(*left_out, *measured.left_out),
        other_classes=other_classes,
        no_face=no_face,
        broken=measured.broken,
        device=str(measured.pieces.device),
    )
    return Leaderboard(board=board)


class _Measured:
    """Models on the images, one after the other."""

    def __init__(
        self,
        images: LabelledImages,
        chosen: Settings,
        found: Sequence[Contender],
        on_progress: OnImageProgress,
    ) -> None:
        self._chosen = chosen
        self._found = found
        self.left_out: list[LeftOut] = []
        self.broken: dict[str, str] = {}
        runtime = chosen.runtime
        device = runtime.torch_device()
        self.pieces = Pieces(images, runtime, device, Cache(chosen.paths.cache))
        ways = [way for each in found for way in each.ways]
        self._needs_faces = any(way.preprocessing is not None for way in ways)
        looks = len(ways) + int(self._needs_faces)
        self._count = ImageCount(looks * len(images.images), on_progress)

    def standings(self, other_classes: OtherClasses, *, with_faces: bool) -> list[Standing]:
        """What each model and way comes to; a model that cannot be loaded is left out."""
        choose_products(self._chosen.runtime)
        faces = self._faces() if self._needs_faces else None
        standings: list[Standing] = []
        for contender in self._found:
            try:
                model, load = self._resolved(contender.model)
                for way in contender.ways:
                    classifier = Classifier(self.pieces, model, load, _crops(way, faces))
                    standing = self._standing(contender, way, classifier, other_classes)
                    if with_faces:
                        standing = self._with_faces(standing, classifier, contender.model)
                    standings.append(standing)
            except (WeightsError, ConfigError) as error:
                self.left_out.append(LeftOut(name=contender.name, reason=error.text()))
        return standings

    def _with_faces(self, standing: Standing, classifier: Classifier, model: Model) -> Standing:
        images = self.pieces.images
        seen = seen_faces(model, standing.answers, images, classifier.crop_of)
        return replace(standing, faces=seen)

    def _faces(self) -> PictureFaces:
        detector, models = self._chosen.recipe.detector, self._chosen.paths.models
        if self._chosen.runtime.fetch_weights:
            fetch(detector.weights_files(), models)
        else:
            check_all(detector.weights_files(), models)
        resolved, load = self._resolved(detector)
        self._count.what = "faces"
        found = FaceFinder(self.pieces, resolved, load).find(self._count)
        self._tell_broken(found.broken)
        return found

    def _resolved(self, component: Any) -> tuple[Any, Callable[[], Any]]:
        """A component with whole digests, and what loads it once."""
        device, models = self.pieces.device, self._chosen.paths.models
        load = cache(lambda: loading.load(component, device, models))
        if any(known_digest(item, models) is None for item in component.weights_files()):
            load()  # writes the digest into the lock
        return with_resolved_digests(component, models), load

    def _tell_broken(self, broken: Mapping[int, str]) -> None:
        images = self.pieces.images.images
        self.broken |= {images[place].name: why for place, why in sorted(broken.items())}

    def _standing(
        self,
        contender: Contender,
        way: Way,
        classifier: Classifier,
        other_classes: OtherClasses,
    ) -> Standing:
        images = self.pieces.images
        model = contender.model
        self._count.what = f"{contender.name} {way.name}"
        said = classifier.classify(self._count)
        self._tell_broken(said.broken)
        found = answers(
            [image.label for image in images.images],
            model.channels.labels,
            said.logits,
            list(said.broken),
            others=other_classes,
        )
        scores = classification_scores(found)
        differences: tuple[str, ...] = ()
        if way.preprocessing is not None:
            geometry = way.preprocessing.geometry(model_px=model.input_px)
            differences = model.trained_crop.differences(geometry)
        return Standing(
            model=contender.name,
            way=way,
            differences=differences,
            answers=found,
            scores=scores,
            published=published_for(model, images, scores),
            images_per_s=said.images_per_s,
            lanes=said.lanes,
            was_stored=said.cached,
            regressions=_regressions(images, model, said),
        )


def _regressions(
    images: LabelledImages, model: Model, said: PictureExpressions
) -> tuple[RegressionScores, ...]:
    """Of what a model says and the data set rates, in the model's order; broken images are out."""
    whole = np.ones(len(images.images), np.bool_)
    whole[list(said.broken)] = False
    scores = []
    for column, regression in enumerate(model.channels.regressions):
        ratings = [image.values.get(regression.name, math.nan) for image in images.images]
        rated = np.array(ratings, np.float64)
        if not np.isnan(rated).all():
            values = said.regressed[:, column].astype(np.float64)
            scores.append(regression_scores(regression.name, rated[whole], values[whole]))
    return tuple(scores)


def _crops(way: Way, faces: PictureFaces | None) -> FoundCrops | None:
    """How a classifier's faces are cut; None = as the data set does."""
    if way.preprocessing is None:
        return None
    assert faces is not None
    return FoundCrops(faces=faces, preprocessing=way.preprocessing)
