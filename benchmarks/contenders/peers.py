"""The peers' detectors, as their users call them, with our weight files where they take files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.turns import BenchmarkError
from ferbench.weights.checking import check
from ferbench.weights.fetching import fetch
from ferbench.weights.published import PublishedFile

Image = np.ndarray[Any, np.dtype[np.uint8]]
Detect = Callable[[Sequence[Image]], list[np.ndarray[Any, Any]]]
"""From images (H, W, 3) to the faces of each, (faces, 5): x1, y1, x2, y2, score; best first."""


def weight_file(file: PublishedFile, models: Path) -> str:
    """The checked path of a weight file."""
    fetch((file,), models)
    return str(check(file, models))


def batch_face(weights: str, *, on_gpu: bool) -> Detect:
    """batch-face 1.4.0: RetinaFace mobilenet0.25 on a batch of BGR images, every pixel looked at.

    Args:
        weights: path of the file.
        on_gpu: on the first GPU, else on the CPU.
    """
    try:
        from batch_face import RetinaFace
    except ImportError as error:
        raise BenchmarkError(_missing("batch-face==1.4.0", error)) from error
    net = RetinaFace(gpu_id=0 if on_gpu else -1, model_path=weights)

    def detect(images: Sequence[Image]) -> list[np.ndarray[Any, Any]]:
        found = net(list(images), cv=False)
        return [_rows([(*box, score) for box, _, score in faces]) for faces in found]

    return detect


def insightface(spec: Any, models: Path) -> Detect:
    """Insightface's own class for SCRFD, as its package sets up onnxruntime; image by image."""
    try:
        from insightface.model_zoo.scrfd import SCRFD
    except ImportError as error:
        raise BenchmarkError(_missing("insightface==2.1", error)) from error
    net = SCRFD(model_file=weight_file(spec.weights, models))
    limits = {"det_thresh": spec.min_score, "nms_thresh": spec.overlap}
    net.prepare(0, input_size=(spec.input_px, spec.input_px), **limits)
    return lambda images: [_rows(net.detect(image)[0]) for image in images]


def facenet(spec: Any, *, device: str) -> Detect:
    """facenet-pytorch 2.6.0: MTCNN on a batch of RGB images."""
    try:
        from facenet_pytorch import MTCNN
    except ImportError as error:
        raise BenchmarkError(_missing("facenet-pytorch==2.6.0", error)) from error
    thresholds = list(spec.thresholds)
    net = MTCNN(
        keep_all=True,
        min_face_size=spec.min_face_px,
        factor=spec.factor,
        thresholds=thresholds,
        device=device,
    )

    def detect(images: Sequence[Image]) -> list[np.ndarray[Any, Any]]:
        boxes, scores, _ = net.detect(np.stack(list(images)), landmarks=True)
        found = []
        for of_image, score in zip(boxes, scores, strict=True):
            found.append(_rows([] if of_image is None else np.column_stack([of_image, score])))
        return found

    return detect


def best_box(faces: np.ndarray[Any, Any]) -> np.ndarray[Any, np.dtype[np.float32]]:
    """The best of an image's faces, f32 (4,), NaN = none."""
    if not len(faces):
        return np.full(4, np.nan, np.float32)
    best: np.ndarray[Any, np.dtype[np.float32]] = faces[np.argmax(faces[:, 4]), :4]
    return best.astype(np.float32)


def _rows(faces: Any) -> np.ndarray[Any, Any]:
    return np.asarray(faces, np.float64).reshape(-1, 5)


def _missing(package: str, error: ImportError) -> str:
    return (
        f"{package} cannot be imported ({error}); it is what ferbench is measured against: "
        "make bench installs it"
    )
