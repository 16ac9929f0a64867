"""Similarity transforms from landmarks to a template, all faces at once.

They turn, scale and shift, but do not mirror. A point (x, y) is the complex number x + iy; then a
similarity is ``w = a * z + b`` and its least squares fit has a closed form, the two-dimensional
case of Umeyama 1991 (doi:10.1109/34.88573) without reflection.
"""

from __future__ import annotations

from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from ferbench.types import F64

FitError = Literal["crop", "frame"]
"""Where the squared error is measured.

Umeyama and ArcFace in the crop, cp2tform and face.evoLVe in the frame.
"""

LEAST_EXPLAINED: Final = 0.25
"""Share of the landmarks' spread that a similarity must explain.

A full profile comes to about 0.6.
"""


def template_to_frame(
    landmarks_xy: F64, template_xy: F64, *, error_in: FitError, longest_px: float
) -> tuple[F64, NDArray[np.bool_]]:
    """Where each pixel of a crop lies in the frame, by five landmarks.

    Landmarks cannot be used when one of them is not finite, when their spread (root mean square
    distance from their mean) is below one pixel or above ``longest_px``, or when they do not look
    like the template: a similarity explains less than ``LEAST_EXPLAINED`` of their spread, or not
    more than one with mirroring does (all on one line, left and right exchanged).

    Args:
        landmarks_xy: f64 (M, P, 2), pixels of the frame.
        template_xy: f64 (P, 2), pixels of the crop.
        error_in: where the squared error is measured.
        longest_px: longer side of the frame.

    Returns:
        f64 (M, 2, 3), matrices from (x, y, 1) in the crop to (x, y) in the frame; and bool (M,),
        whether the landmarks can be used (where not, the matrix is the identity).
    """
    finite: NDArray[np.bool_] = np.logical_and.reduce(np.isfinite(landmarks_xy), axis=(1, 2))
    frame = _complex(np.where(finite[:, None, None], landmarks_xy, 0.0))
    crop = _complex(template_xy)
    frame_mean, crop_mean = frame.mean(axis=1), crop.mean()
    z = frame - frame_mean[:, None]
    w = crop - crop_mean
    spread_z = (abs(z) ** 2).sum(axis=1)
    spread_w = float((abs(w) ** 2).sum())
    common = (z * w.conj()).sum(axis=1)
    mirrored = (z * w).sum(axis=1)
    spread_px = np.sqrt(spread_z / len(w))
    usable = finite & (spread_px >= 1.0) & (spread_px <= longest_px)
    usable &= abs(common) ** 2 >= LEAST_EXPLAINED * spread_z * spread_w
    usable &= abs(common) > (1 + 1e-6) * abs(mirrored)
    common = np.where(usable, common, 1.0)
    scale = common / spread_w if error_in == "frame" else spread_z / common.conj()
    scale = np.where(usable, scale, 1.0)
    shift = np.where(usable, frame_mean - scale * crop_mean, 0.0)
    matrix = np.empty((len(frame), 2, 3))
    matrix[:, 0, 0] = matrix[:, 1, 1] = scale.real
    matrix[:, 1, 0], matrix[:, 0, 1] = scale.imag, -scale.imag
    matrix[:, 0, 2], matrix[:, 1, 2] = shift.real, shift.imag
    return matrix, usable


def nearest_template_to_frame(
    landmarks_xy: F64, templates_xy: F64, *, error_in: FitError, longest_px: float
) -> tuple[F64, NDArray[np.bool_]]:
    """The same with several templates, each face by the one that it fits best.

    That is the one with the least sum of distances in the crop, of those that its landmarks can be
    used with; of equals the first.

    Args:
        landmarks_xy: f64 (M, P, 2), pixels of the frame.
        templates_xy: f64 (T, P, 2), pixels of the crop, at least one.
        error_in: where the squared error is measured.
        longest_px: longer side of the frame.

    Returns:
        As ``template_to_frame``.
    """
    fits = [
        template_to_frame(landmarks_xy, template_xy, error_in=error_in, longest_px=longest_px)
        for template_xy in templates_xy
    ]
    matrices, usable = (np.stack(parts) for parts in zip(*fits, strict=True))
    if len(fits) == 1:
        return matrices[0], usable[0]
    distances = _distances_px(landmarks_xy, matrices, templates_xy)
    nearest = np.where(usable, distances, np.inf).argmin(axis=0)
    rows = np.arange(len(landmarks_xy))
    return matrices[nearest, rows], usable[nearest, rows]


def _distances_px(landmarks_xy: F64, matrices: F64, templates_xy: F64) -> F64:
    """Sums of distances between landmarks and templates in the crops, f64 (T, M)."""
    turn, shift = matrices[..., :2], matrices[..., 2]
    from_corner = landmarks_xy[None] - shift[:, :, None]
    in_crop = np.einsum("tmij,tmpj->tmpi", np.linalg.inv(turn), from_corner)
    apart: F64 = np.linalg.norm(in_crop - templates_xy[:, None], axis=-1).sum(axis=-1)
    return apart


def _complex(xy: F64) -> NDArray[np.complex128]:
    return xy[..., 0] + 1j * xy[..., 1]
