"""RetinaFace with published weights, as the programs that they were published with use it.

Paper: Deng et al. 2019, "RetinaFace: Single-stage Dense Face Localisation in the Wild". Originals:
``detect.py`` of Pytorch_Retinaface (biubug6); batch-face 1.4.0 (frames of a list at full
resolution) and 1.5.4 (frames of a list letterboxed to 640 x 640); retinaface-pytorch 0.0.8
(Iglovikov, "ternaus").

Differs from them:
    - suppression measures overlaps in f64, and equal scores keep the order of anchors;
    - frames go through the network in parts of bounded size, whatever the batch: on a CPU each
      frame is alone, on a GPU the split can show in the last digits, as the batch does in the
      originals;
    - a frame without a face has no rows (retinaface-pytorch: one entry without a box).
"""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Final, Literal, get_args

import numpy as np
import torch
from torch import Tensor

from ferbench.checks import check_choice, check_probability_below_1, check_share
from ferbench.detectors import anchors
from ferbench.detectors.candidates import Candidates, Output, Part, candidates
from ferbench.detectors.engines import (
    Engine,
    OnnxruntimeEngine,
    TorchEngine,
)
from ferbench.detectors.frames import check_frames
from ferbench.detectors.network_input import Fit, Pixels, Resolution, fit
from ferbench.detectors.suppression import nms_of_frames
from ferbench.engine_choice import EngineName, Precision, uses_torch
from ferbench.errors import ConfigError, WeightsError
from ferbench.fingerprint import KEY_AS_WITHOUT
from ferbench.nets.retinaface import Body, RetinaFace
from ferbench.sentences import Text
from ferbench.types import F32, Faces
from ferbench.weights import archives
from ferbench.weights.checking import check
from ferbench.weights.checkpoints import StateDict, load_strictly, torch_state_dict
from ferbench.weights.digests import sha256_of
from ferbench.weights.published import PublishedFile

Follows = Literal["biubug6", "ternaus"]

# Files with the names and shapes of mobilenet0.25 that were trained with other anchors: nothing
# else would show it.
_OTHER_ANCHORS: Final = frozenset(
    {"ed6fa7d45a5179f03cb5ce82c73b0c6711372968e53782e88395acee88d319e1"}
)

# Pixels in the network at once: at most some 3 GB. Does not change results beyond rounding.
_MOST_PIXELS: Final[dict[Body, int]] = {"mobilenet0.25": 32_000_000, "resnet50": 8_000_000}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Program:
    """What one of the original programs does besides the network."""

    pixels: Pixels
    extra_px: int  # that suppression counts sides longer
    max_candidates: int | None = None  # best ones, before suppression
    max_faces: int | None = None
    decimals: int | None = None  # that boxes, scores and landmarks are rounded to
    drops_outside: bool = False  # faces that begin right of, or below, the last pixel


_PROGRAMS: Final[dict[Follows, _Program]] = {
    "biubug6": _Program(
        pixels=Pixels(bgr=True, mean=(104.0, 117.0, 123.0), std=(1.0, 1.0, 1.0)),
        extra_px=1,
        max_candidates=5000,
        max_faces=750,
    ),
    "ternaus": _Program(
        pixels=Pixels(bgr=False, mean=(123.675, 116.28, 103.53), std=(58.395, 57.12, 57.375)),
        extra_px=0,
        decimals=2,
        drops_outside=True,
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Retinaface:
    """RetinaFace; implements ``ferbench.protocols.Detector``.

    Attributes:
        body: ``mobilenet0.25`` or ``resnet50``, that of the weights.
        weights: a state_dict, also as the only file of a zip archive.
        follows: whose weights and program: ``biubug6`` (Pytorch_Retinaface, batch-face: BGR minus a
            mean, suppression with sides one pixel longer) or ``ternaus`` (retinaface-pytorch: RGB
            with ImageNet's mean and standard deviation, suppression without, two decimals).
        resolution: what the network sees of a frame: ``full`` = all pixels; ``shrink`` = its long
            side at most ``long_side_px``; ``fit`` = its long side exactly that, small frames
            enlarged; ``letterbox`` = the same in a black square.
        long_side_px: pixels; None with ``full``.
        min_score: a face's probability must be larger than this, in [0, 1).
        overlap: largest intersection over union of two faces, in [0, 1].
        engine: what computes the network: ``onnxruntime`` (CPU only), ``torch``, or ``auto``:
            onnxruntime on a CPU, torch elsewhere.
        precision: what torch computes the network with: ``float32``, or half of it, ``bfloat16`` or
            ``float16`` (not on a CPU).
    """

    version: ClassVar[str] = "1"

    body: Body
    weights: PublishedFile
    follows: Follows = "biubug6"
    resolution: Resolution = "full"
    long_side_px: int | None = None
    min_score: float = 0.5
    overlap: float = 0.4
    engine: EngineName = "auto"
    precision: Precision = field(default="float32", metadata={KEY_AS_WITHOUT: "float32"})

    def __post_init__(self) -> None:
        """Check the ranges."""
        check_choice("body", self.body, get_args(Body))
        check_choice("follows", self.follows, get_args(Follows))
        check_choice("resolution", self.resolution, get_args(Resolution))
        check_choice("engine", self.engine, get_args(EngineName))
        check_choice("precision", self.precision, get_args(Precision))
        self._check_long_side()
        check_probability_below_1("min_score", self.min_score)
        check_share("overlap", self.overlap)

    def _check_long_side(self) -> None:
        side_px = self.long_side_px
        if self.resolution == "full":
            if side_px is not None:
                raise ConfigError(
                    key="long_side_px", expected="null with the resolution full", got=side_px
                )
        elif side_px is None or side_px < 1:
            expected = f"at least 1 pixel with the resolution {self.resolution}"
            raise ConfigError(key="long_side_px", expected=expected, got=side_px)

    def weights_files(self) -> tuple[PublishedFile, ...]:
        """The network's file."""
        return (self.weights,)

    def load(self, device: torch.device, models: Path) -> Callable[[Tensor], Faces]:
        """Return a function from frames, RGB u8 (N, 3, H, W) on ``device``, to their Faces.

        Raises:
            WeightsError: the file is missing, has another hash, does not fit the body, or is known
                for other anchors.
            ConfigError: the device has no such engine or precision.
        """
        by_torch = uses_torch(self.engine, device, self.precision)
        path = check(self.weights, models)
        if sha256_of(path) in _OTHER_ANCHORS:
            raise WeightsError(
                f"{path} is the mobilenet0.25 of Face-Detector-1MB-with-landmark: it fits the "
                "network, but was trained with anchors of 10 to 256 pixels, so its boxes would be "
                "wrong. Get the file of Pytorch_Retinaface or batch-face"
            )
        net = RetinaFace(self.body)
        load_strictly(net, state_dict(path), path)
        net.eval().requires_grad_(False)
        most_pixels = _MOST_PIXELS[self.body]
        engine: Engine
        if by_torch:
            engine = TorchEngine(net, device, most_pixels=most_pixels, precision=self.precision)
        else:
            engine = _onnxruntime_engine(net, path, most_pixels)
        return _Loaded(self, _PROGRAMS[self.follows], engine)


def _onnxruntime_engine(net: RetinaFace, path: Path, most_pixels: int) -> OnnxruntimeEngine:
    from ferbench.nets.retinaface_onnx import to_onnx

    return OnnxruntimeEngine(to_onnx(net), path, most_pixels=most_pixels)


def state_dict(path: Path) -> StateDict:
    """Read a state_dict, also where it is the only file of a zip archive (as torch.hub takes it).

    Raises:
        WeightsError: it cannot be read.
    """
    if not zipfile.is_zipfile(path):
        return torch_state_dict(path)
    with tempfile.TemporaryDirectory(prefix="ferbench-weights-") as scratch:
        inner = _only_file(path, Path(scratch))
        if inner is None:  # what torch.save writes is an archive of many files
            return torch_state_dict(path)
        return _inner_state_dict(inner, path)


def _only_file(path: Path, scratch: Path) -> Path | None:
    """The only file of a zip archive, unpacked to a folder; None = it has several."""
    try:
        with archives.opened(path) as archive:
            names = archive.namelist()
            return Path(archive.extract(names[0], scratch)) if len(names) == 1 else None
    except zipfile.BadZipFile as error:
        raise WeightsError(
            f"{path} cannot be read as a zip archive with a network's weights: {error}"
        ) from error
    except OSError as error:
        raise WeightsError(
            f"{path} cannot be unpacked to {scratch}: {error.strerror or error}"
        ) from error


def _inner_state_dict(inner: Path, path: Path) -> StateDict:
    """The state_dict of an archive's only file; errors name the archive."""
    try:
        return torch_state_dict(inner)
    except WeightsError as error:
        raise WeightsError(Text(f"{path}: ", error.text())) from error


class _Loaded:
    """The detector with its network."""

    def __init__(self, spec: Retinaface, program: _Program, engine: Engine) -> None:
        self.spec, self.program, self.engine = spec, program, engine
        self.least_logit = anchors.least_logit(spec.min_score)

    @torch.inference_mode()
    def __call__(self, frames: Tensor) -> Faces:
        """Find the faces of frames u8 (N, 3, H, W)."""
        check_frames("Retinaface", frames)
        if frames.numel() == 0:
            return Faces.empty()
        height_px, width_px = frames.shape[2:]
        sizes = fit(height_px, width_px, self.spec.resolution, self.spec.long_side_px)
        found = Candidates.concat(
            [
                self._candidates(outputs, first)
                for first, outputs in self.engine.outputs_of(frames, self.program.pixels, sizes)
            ]
        )
        return self._published(self._decide(found, sizes), sizes, height_px, width_px)

    def _candidates(self, outputs: Sequence[Output], first_frame: int) -> Candidates:
        """Anchors that may be faces: of each, two logits, box and landmarks."""
        boxes, logits, landmarks = outputs
        sure = logits[..., 1] - logits[..., 0] > self.least_logit
        return candidates([Part(sure=sure, outputs=(logits, boxes, landmarks))], first_frame)

    def _decide(self, found: Candidates, sizes: Fit) -> Faces:
        """The faces of all frames in pixels of the canvas, by score."""
        score = anchors.probabilities(found.values[:, :2])
        sure = score > self.spec.min_score
        found, score = found.where(sure), score[sure]
        height_px, width_px = sizes.canvas_px
        anchor = anchors.anchors(height_px, width_px)[found.anchor]
        side_px = np.array((width_px, height_px), np.float32)
        box = anchors.boxes(found.values[:, 2:6], anchor) * np.tile(side_px, 2)
        points = anchors.landmarks(found.values[:, 6:], anchor) * side_px
        keep = nms_of_frames(
            found.frame,
            box,
            score,
            overlap=self.spec.overlap,
            extra_px=self.program.extra_px,
            most=self.program.max_candidates,
            most_kept=self.program.max_faces,
        )
        return Faces(
            frame=found.frame[keep],
            box_xyxy=box[keep],
            score=score[keep],
            landmarks_xy=points[keep],
        )

    def _published(self, faces: Faces, sizes: Fit, height_px: int, width_px: int) -> Faces:
        """Faces in pixels of the frame, in the form that the program gives them."""
        scale = np.asarray(sizes.scale_xy, np.float32)
        decimals = self.program.decimals
        box = _rounded(faces.box_xyxy * np.tile(scale, 2), decimals)
        points = _rounded(faces.landmarks_xy * scale, decimals)
        score = _rounded(faces.score, decimals)
        faces = Faces(frame=faces.frame, box_xyxy=box, score=score, landmarks_xy=points)
        if self.program.drops_outside:
            begins = (box[:, 0] < width_px - 1) & (box[:, 1] < height_px - 1)
            faces = faces.rows(np.flatnonzero(begins))
        return faces


def _rounded(values: F32, decimals: int | None) -> F32:
    if decimals is None:
        return values
    return np.round(values.astype(np.float64), decimals).astype(np.float32)
