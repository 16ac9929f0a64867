"""Faces turned upright and scaled by five landmarks, as models of aligned faces want them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray

from ferbench.errors import ConfigError
from ferbench.geometry import CropGeometry
from ferbench.preprocessing.resample import Pad
from ferbench.preprocessing.similarity import template_to_frame
from ferbench.preprocessing.square_margin import SquareMargin
from ferbench.preprocessing.templates import TEMPLATES, TemplateName
from ferbench.preprocessing.warp import warp, warp_antialiased
from ferbench.types import F64, Crops, Faces

Sampling = Literal["bilinear", "antialias"]
Missing = Literal["box", "no_face"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Align5:
    """The similarity transform that brings five landmarks closest to a template, and one warp into
    the crop.

    Left and right are as seen in the image (``Faces.landmarks_xy``). A crop without a pixel inside
    the frame has no row. Landmarks that are NaN, all in one place, on one line or mirrored count as
    missing (see ``ferbench.preprocessing.similarity``). Implements
    ``ferbench.protocols.Preprocessing``.

    Attributes:
        template: which crops to imitate: ``arcface`` (error measured in the crop: Umeyama) or
            ``face_evolve`` (the same points, error measured in the frame); sources in
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
        choices = {"template": TemplateName, "missing": Missing, "pad": Pad, "sampling": Sampling}
        for name, kind in choices.items():
            if getattr(self, name) not in get_args(kind):
                raise ConfigError(
                    f"Align5.{name}: expected one of {get_args(kind)}, got {getattr(self, name)!r}"
                )
        if not (math.isfinite(self.margin) and self.margin > -0.5):
            raise ConfigError(f"Align5.margin: expected a number above -0.5, got {self.margin!r}")
        if self.size_px is not None and self.size_px < 1:
            raise ConfigError(f"Align5.size_px: expected at least 1, got {self.size_px!r}")

    def geometry(self, *, model_px: int) -> CropGeometry:
        """What these crops are, to be compared with those that a model's weights were trained on."""
        return CropGeometry(
            kind="aligned",
            template=self.template,
            margin=self.margin,
            size_px=self.size_px or model_px,
        )

    def crop(self, frames: torch.Tensor, faces: Faces, *, model_px: int) -> Crops:
        """Cut every row of ``faces`` out of RGB u8 (N, 3, H, W)."""
        height, width = frames.shape[2:]
        size_px = model_px if self.size_px is None else self.size_px
        template = TEMPLATES[self.template]
        to_frame, usable = template_to_frame(
            faces.landmarks_xy.astype(np.float64),
            template.points_in(size_px, self.margin),
            error_in=template.error_in,
            longest_px=max(height, width),
        )
        rows = np.flatnonzero(usable & _seen(to_frame, size_px, width, height))
        sample = warp if self.sampling == "bilinear" else warp_antialiased
        aligned = Crops(
            rgb=sample(frames, faces.frame[rows], to_frame[rows], size_px, self.pad), row=rows
        )
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
    crop = np.array([[0.0, 0.0], [last, 0.0], [0.0, last], [last, last]])
    frame = np.array([[0.0, 0.0], [width_px, 0.0], [0.0, height_px], [width_px, height_px]]) - 0.5
    in_frame = np.einsum("mij,cj->mci", turn, crop) + shift[:, None]
    in_crop = np.einsum("mij,mcj->mci", np.linalg.inv(turn), frame - shift[:, None])
    return _overlap(in_frame, frame) & _overlap(in_crop, crop)


def _overlap(corners: F64, others: F64) -> NDArray[np.bool_]:
    meet = (corners.max(axis=1) >= others.min(axis=0)) & (corners.min(axis=1) <= others.max(axis=0))
    both: NDArray[np.bool_] = np.logical_and.reduce(meet, axis=1)
    return both


def _merged(first: Crops, second: Crops) -> Crops:
    row = np.concatenate((first.row, second.row))
    order = np.argsort(row, kind="stable")
    rgb = torch.cat((first.rgb, second.rgb))
    return Crops(rgb=rgb[torch.from_numpy(order).to(rgb.device)], row=row[order])
