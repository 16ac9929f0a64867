"""MTCNN: proposals from an image pyramid, refined twice, with five landmarks.

Paper: Zhang et al. 2016, "Joint Face Detection and Alignment using Multi-task Cascaded
Convolutional Networks". Weights and the meaning of every step follow facenet-pytorch 2.6.0 (Esler,
MIT), with all faces kept, largest first.

Differs from facenet-pytorch:
    - crops of any size come from one summed-area table, no loop over faces; on a GPU all frames of
      a batch share each step, on a CPU each frame is alone;
    - suppression is done in f64 and never compares boxes of different frames, so neither the batch
      nor a frame's place in it decides about a face (facenet-pytorch shifts frames apart in f32,
      which costs digits);
    - a proposal that lies outside the frame altogether is dropped (there: an error);
    - a frame without a face has no rows (there: None), and so has one too small to be searched
      (there: an error).
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Final

import numpy as np
import torch
from torch import Tensor

from ferbench.checks import check_at_least_1
from ferbench.detectors import area
from ferbench.detectors.frames import check_frames
from ferbench.detectors.mtcnn_boxes import (
    Proposals,
    Pyramid,
    pyramid_of,
    squares,
    suppress_contained,
)
from ferbench.errors import ConfigError
from ferbench.nets.mtcnn import ONet, PNet, RNet
from ferbench.types import Faces
from ferbench.weights.checking import check
from ferbench.weights.checkpoints import load_strictly, torch_state_dict
from ferbench.weights.published import PublishedFile

_NMS_SCALE, _NMS_FRAME, _NMS_LAST = 0.5, 0.7, 0.7

# Work done at once: on a CPU what its caches hold, elsewhere what keeps the device busy.
_DEVICE_PIXELS: Final = 32_000_000
_CPU_CROPS: Final = 256
_DEVICE_CROPS: Final = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Mtcnn:
    """MTCNN with published weights; implements ``ferbench.protocols.Detector``.

    Attributes:
        min_face_px: side of the smallest face that is searched for, pixels of the frame.
        factor: ratio of neighbouring pyramid levels, in (0, 1).
        thresholds: least face probability after P-Net, R-Net and O-Net, each in [0, 1).
        pnet: weights of the first network.
        rnet: weights of the second network.
        onet: weights of the third network.
    """

    version: ClassVar[str] = "2"

    min_face_px: int = 20
    factor: float = 0.709
    thresholds: tuple[float, float, float] = (0.6, 0.7, 0.7)
    pnet: PublishedFile
    rnet: PublishedFile
    onet: PublishedFile

    def __post_init__(self) -> None:
        """Check the ranges."""
        check_at_least_1("min_face_px", self.min_face_px, of="pixel")
        if not 0 < self.factor < 1:
            raise ConfigError(key="factor", expected="a number between 0 and 1", got=self.factor)
        if len(self.thresholds) != 3 or not all(0 <= value < 1 for value in self.thresholds):
            raise ConfigError(
                key="thresholds", expected="three numbers in [0, 1)", got=self.thresholds
            )

    def weights_files(self) -> tuple[PublishedFile, ...]:
        """The three networks' files."""
        return self.pnet, self.rnet, self.onet

    def load(self, device: torch.device, models: Path) -> Callable[[Tensor], Faces]:
        """Return a function from frames, RGB u8 (N, 3, H, W) on ``device``, to their Faces.

        Raises:
            WeightsError: a file is missing, has another hash, or does not fit its network.
        """
        # Takes a second: here, not in the first frame's time.
        importlib.import_module("torchvision.ops")

        def ready(net: torch.nn.Module, item: PublishedFile) -> torch.nn.Module:
            path = check(item, models)
            load_strictly(net, torch_state_dict(path), path)
            net.eval().requires_grad_(False).to(device).to(memory_format=torch.channels_last)
            return net

        pnet = ready(PNet(), self.pnet)
        rnet = ready(RNet(), self.rnet)
        onet = ready(ONet(), self.onet)
        return _Loaded(self, pnet, rnet, onet)


class _Loaded:
    """The detector with its networks on a device."""

    def __init__(
        self, spec: Mtcnn, pnet: torch.nn.Module, rnet: torch.nn.Module, onet: torch.nn.Module
    ) -> None:
        self.spec, self.pnet, self.rnet, self.onet = spec, pnet, rnet, onet

    @torch.inference_mode()
    def __call__(self, frames: Tensor) -> Faces:
        """Find the faces of frames u8 (N, 3, H, W); on a CPU each is alone in the networks."""
        check_frames("Mtcnn", frames)
        at_once = 1 if frames.device.type == "cpu" else max(1, len(frames))
        parts = [self._of(part).shifted(first) for first, part in _chunks(frames, at_once)]
        return Faces.concat(parts)

    def _of(self, frames: Tensor) -> Faces:
        """The faces of frames that share each step."""
        table, proposals = self._propose(frames)
        proposals = self._refine(table, proposals)
        return self._decide(table, proposals)

    def _propose(self, frames: Tensor) -> tuple[Tensor, Proposals]:
        """First stage; returns the frames' summed areas too."""
        height, width = frames.shape[2:]
        pyramid = pyramid_of(height, width, self.spec.min_face_px, self.spec.factor, frames.device)
        tables, parts = [], []
        for first, chunk in _chunks(frames, max(1, _DEVICE_PIXELS // (height * width))):
            table = area.summed_area(chunk)
            tables.append(table)
            parts.append(self._search(table, pyramid, first))
        frame, cell, score, regression = (torch.cat(column) for column in zip(*parts, strict=True))
        proposals = Proposals(frame, pyramid.box[cell], score, regression)
        level_of_frame = frame * max(1, len(pyramid.sizes)) + pyramid.level[cell]
        proposals = proposals.suppressed(level_of_frame, _NMS_SCALE)
        proposals = proposals.suppressed(proposals.frame, _NMS_FRAME)
        box = squares(proposals.regressed(extra_px=0))
        return torch.cat(tables), replace(proposals, box=box)

    def _search(
        self, table: Tensor, pyramid: Pyramid, first: int
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Frame, cell, score and regression of the cells that P-Net admits."""
        n = len(table)
        scores = [table.new_zeros((n, 0), dtype=torch.float32)]
        regressions = [table.new_zeros((n, 0, 4), dtype=torch.float32)]
        for height, width in pyramid.sizes:
            regression, probability = self.pnet(_normalised(area.resize(table, height, width)))
            scores.append(probability[:, 1].reshape(n, -1))
            regressions.append(regression.permute(0, 2, 3, 1).reshape(n, -1, 4))
        score = torch.cat(scores, dim=1)
        frame, cell = (score >= self.spec.thresholds[0]).nonzero(as_tuple=True)
        return frame + first, cell, score[frame, cell], torch.cat(regressions, dim=1)[frame, cell]

    def _refine(self, table: Tensor, proposals: Proposals) -> Proposals:
        """Second stage."""
        proposals, outputs = self._run(self.rnet, 24, (4, 2), table, proposals)
        regression, probability = outputs
        proposals = replace(proposals, score=probability[:, 1], regression=regression)
        proposals = proposals.rows(proposals.score > self.spec.thresholds[1])
        proposals = proposals.suppressed(proposals.frame, _NMS_FRAME)
        return replace(proposals, box=squares(proposals.regressed(extra_px=1)))

    def _decide(self, table: Tensor, proposals: Proposals) -> Faces:
        """Third stage, suppression and order."""
        proposals, outputs = self._run(self.onet, 48, (4, 10, 2), table, proposals)
        regression, landmarks, probability = outputs
        proposals = replace(proposals, score=probability[:, 1], regression=regression)
        passed = proposals.score > self.spec.thresholds[2]
        proposals, landmarks = proposals.rows(passed), landmarks[passed]
        start = proposals.box[:, None, :2]
        side = (proposals.box[:, 2:] - proposals.box[:, :2] + 1)[:, None]
        points = side * landmarks.view(-1, 2, 5).transpose(1, 2) + start - 1
        frame = proposals.frame.cpu().numpy()
        box = proposals.regressed(extra_px=1).cpu().numpy()
        score, point = proposals.score.cpu().numpy(), points.cpu().numpy()
        keep = suppress_contained(frame, box, score, _NMS_LAST)
        size = (box[keep, 2] - box[keep, 0]) * (box[keep, 3] - box[keep, 1])
        keep = keep[np.lexsort((-score[keep], -size, frame[keep]))]
        return Faces(
            frame=frame[keep], box_xyxy=box[keep], score=score[keep], landmarks_xy=point[keep]
        )

    @staticmethod
    def _run(
        net: torch.nn.Module,
        size_px: int,
        widths: tuple[int, ...],
        table: Tensor,
        proposals: Proposals,
    ) -> tuple[Proposals, tuple[Tensor, ...]]:
        """Cut proposals out and run a network on them.

        Those that lie outside their frame are dropped.

        Args:
            net: from crops f32 (M, 3, size_px, size_px) to outputs (M, width).
            size_px: side of the crops.
            widths: of the outputs.
            table: the frames' summed areas.
            proposals: what is cut out.
        """
        height, width = table.shape[1] - 1, table.shape[2] - 1
        corners = _corners(proposals.box, height, width)
        inside = (corners[:, 2:] > corners[:, :2]).all(dim=1)
        proposals, corners = proposals.rows(inside), corners[inside]
        nothing = tuple(proposals.box.new_zeros((0, width)) for width in widths)
        outputs: list[tuple[Tensor, ...]] = [nothing]
        at_once = _CPU_CROPS if table.device.type == "cpu" else _DEVICE_CROPS
        for first, part in _chunks(corners, at_once):
            frame = proposals.frame[first : first + len(part)]
            crops = area.crops(table, frame, part, size_px)
            outputs.append(net(_normalised(crops)))
        return proposals, tuple(torch.cat(column) for column in zip(*outputs, strict=True))


def _corners(box: Tensor, height: int, width: int) -> Tensor:
    """Pixels of boxes inside their frame, i64 (M, 4): [left, right) x [top, bottom)."""
    left, top, right, bottom = box.trunc().long().unbind(1)
    # Published corners count from 1 and include their last pixel.
    inside = (
        left.clamp(min=1) - 1,
        top.clamp(min=1) - 1,
        right.clamp(max=width),
        bottom.clamp(max=height),
    )
    return torch.stack(inside, dim=1)


def _normalised(image: Tensor) -> Tensor:
    """Values 0..255 as the networks want them, in place."""
    return image.sub_(127.5).mul_(0.0078125)


def _chunks(rows: Tensor, step: int) -> list[tuple[int, Tensor]]:
    """Consecutive parts with the number of their first row."""
    return [(first, rows[first : first + step]) for first in range(0, len(rows), step)]
