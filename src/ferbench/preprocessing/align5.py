"""Faces turned upright and scaled by five landmarks, as models of aligned faces want them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray

from ferbench.checks import check_choice, check_margin, check_optional_size
from ferbench.geometry import CropGeometry
from ferbench.preprocessing.similarity import nearest_template_to_frame
from ferbench.preprocessing.square_margin import SquareMargin
from ferbench.preprocessing.templates import TEMPLATES, TemplateName
from ferbench.preprocessing.triangle import Pad
from ferbench.preprocessing.warp import warp, warp_antialiased
from ferbench.types import F64, Crops, Faces

Sampling = Literal["bilinear", "antialias"]
Missing = Literal["box", "no_face"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Align5:
    """A face turned and scaled so that its five landmarks come closest to a template.

    One similarity transform, one warp into the crop. Left and right are as seen in the image
    (``Faces.landmarks_xy``). A crop without a pixel inside the frame has no row. Landmarks that are
    NaN, all in one place, on one line or mirrored count as missing (see
    ``ferbench.preprocessing.similarity``). Implements ``ferbench.protocols.Preprocessing``.

    Attributes:
        template: which crops to imitate: ``arcface`` (error measured in the crop: Umeyama),
            ``face_evolve`` (the same points, error measured in the frame) or ``five_poses`` (the
            one of five poses of the head that fits best); sources in
            ``ferbench.preprocessing.templates``.
        margin: what is added on each of the four sides, as a part of the template's side; 0 = the
            template as it is.
        missing: what happens without landmarks: no row (NaN, counted), or the box as
            ``SquareMargin`` cuts it, with this margin and pad.
        pad: what lies beyond the frame: its nearest pixel, or black as in both original programs.
        sampling: ``bilinear`` between the nearest four pixels, as the crops were made that such
            models saw in training; ``antialias`` averages where a face shrinks, so that fine detail
            does not flicker.
        size_px: side of the crops; None = what the model wants.
    """

    version: ClassVar[str] = "1"

    template: TemplateName = "arcface"
    margin: float = 0.0
    missing: Missing = "no_face"
    pad: Pad = "black"
    sampling: Sampling = "bilinear"
    size_px: int | None = None

    def __post_init__(self) -> None:
        """Check the values."""
        check_choice("template", self.template, get_args(TemplateName))
        check_choice("missing", self.missing, get_args(Missing))
        check_choice("pad", self.pad, get_args(Pad))
        check_choice("sampling", self.sampling, get_args(Sampling))
        check_margin("margin", self.margin)
        check_optional_size("size_px", self.size_px)

    def geometry(self, *, model_px: int) -> CropGeometry:
        """What these crops are, to be compared with those that a model was trained on."""
        return CropGeometry(
            kind="aligned",
            template=self.template,
            margin=self.margin,
            size_px=self.size_px or model_px,
        )

    def crop(self, frames: torch.Tensor, faces: Faces, *, model_px: int) -> Crops:
        """Cut every row of ``faces`` out of RGB u8 (N, 3, H, W)."""
        height, width = frames.shape[2:]
        size_px = self.size_px or model_px
        template = TEMPLATES[self.template]
        to_frame, usable = nearest_template_to_frame(
            faces.landmarks_xy.astype(np.float64),
            template.poses_in(size_px, self.margin),
            error_in=template.error_in,
            longest_px=max(height, width),
        )
        rows = np.flatnonzero(usable & _seen(to_frame, size_px, width, height))
        sample = warp if self.sampling == "bilinear" else warp_antialiased
        rgb = sample(frames, faces.frame[rows], to_frame[rows], size_px, self.pad)
        aligned = Crops(rgb=rgb, row=rows)
        if self.missing == "no_face":
            return aligned
        without = np.flatnonzero(~usable)
        square = SquareMargin(margin=self.margin, pad=self.pad, size_px=size_px)
        boxes = square.crop(frames, faces.rows(without), model_px=size_px)
        return _merged(aligned, Crops(rgb=boxes.rgb, row=without[boxes.row]))


def _seen(to_frame: F64, size_px: int, width_px: int, height_px: int) -> NDArray[np.bool_]:
    """Whether crop and frame overlap, bool (M,).

    Two rectangles do unless a side of one separates them.
    """
    turn, shift = to_frame[:, :, :2], to_frame[:, :, 2]
    last = size_px - 1.0
    unit = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    crop = unit * last
    frame = unit * (width_px, height_px) - 0.5
    in_frame = np.einsum("mij,cj->mci", turn, crop) + shift[:, None]
    in_crop = np.einsum("mij,mcj->mci", np.linalg.inv(turn), frame - shift[:, None])
    return _overlap(in_frame, frame) & _overlap(in_crop, crop)


def _overlap(corners: F64, others: F64) -> NDArray[np.bool_]:
    begins_before = corners.min(axis=1) <= others.max(axis=0)
    ends_after = corners.max(axis=1) >= others.min(axis=0)
    meet = begins_before & ends_after
    both: NDArray[np.bool_] = np.logical_and.reduce(meet, axis=1)
    return both


def _merged(first: Crops, second: Crops) -> Crops:
    row = np.concatenate((first.row, second.row))
    order = np.argsort(row, kind="stable")
    rgb = torch.cat((first.rgb, second.rgb))
    return Crops(rgb=rgb[torch.from_numpy(order).to(rgb.device)], row=row[order])
