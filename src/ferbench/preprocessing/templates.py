"""Where five landmarks lie in the aligned face crops that models were trained on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from ferbench.preprocessing.similarity import FitError
from ferbench.types import F64

TemplateName = Literal["arcface", "face_evolve", "five_poses"]

_Points = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A way to make aligned crops.

    Attributes:
        poses_xy: for each pose of the head, left eye, right eye, nose, left mouth corner, right
            mouth corner as seen in the crop, pixels of a crop of ``side_px``; whole numbers are
            pixel centres. A face is brought to the pose that it fits best.
        side_px: side of that crop.
        error_in: where the least squares error is measured.
    """

    poses_xy: tuple[_Points, ...]
    side_px: float
    error_in: FitError

    def poses_in(self, size_px: int, margin: float) -> F64:
        """The points in a crop of another side, f64 (T, 5, 2) for T poses.

        They are shrunk by ``1 + 2 * margin`` towards its centre. Coordinates are multiplied by the
        ratio of the sides, as both original programs do (so whole numbers stay pixel centres only
        roughly).
        """
        share = np.array(self.poses_xy, dtype=np.float64) / self.side_px
        return ((share - 0.5) / (1 + 2 * margin) + 0.5) * size_px


_ARCFACE = (
    (38.2946, 51.6963),
    (73.5318, 51.5014),
    (56.0252, 71.7366),
    (41.5493, 92.3655),
    (70.7299, 92.2041),
)

_FACE_EVOLVE = (  # published for 96 x 112; 8 pixels to the right make it a square
    (30.29459953 + 8, 51.69630051),
    (65.53179932 + 8, 51.50139999),
    (48.02519989 + 8, 71.73660278),
    (33.54930115 + 8, 92.3655014),
    (62.72990036 + 8, 92.20410156),
)

_FIVE_POSES = (
    ((55.550, 49.477), (62.116, 49.339), (38.075, 70.237), (55.017, 92.262), (61.466, 92.979)),
    ((47.241, 48.598), (72.887, 49.540), (40.555, 71.067), (47.423, 93.643), (71.236, 94.353)),
    ((33.566, 40.559), (78.321, 40.559), (55.338, 64.967), (38.479, 90.276), (73.591, 90.276)),
    ((39.516, 49.540), (65.162, 48.598), (71.849, 71.067), (41.167, 94.353), (64.980, 93.643)),
    ((50.225, 49.339), (56.791, 49.477), (74.266, 70.237), (50.875, 92.979), (65.317, 92.262)),
)  # profile and half profile to the left, frontal, half profile and profile to the right

TEMPLATES: Final[Mapping[TemplateName, Template]] = {
    "arcface": Template(poses_xy=(_ARCFACE,), side_px=112, error_in="crop"),
    "face_evolve": Template(poses_xy=(_FACE_EVOLVE,), side_px=112, error_in="frame"),
    "five_poses": Template(poses_xy=_FIVE_POSES, side_px=112, error_in="crop"),
}
"""Templates by name.

``arcface``: Deng et al. 2019 (arXiv:1801.07698), github.com/deepinsight/insightface
(utils/face_align.py), at its side of 112; its variant for sides of 128 shifts the face and is not
offered.

``face_evolve``: github.com/ZhaoJ9014/face.evoLVe (align/align_trans.py, ``default_square``): the
same points but for rounding, fitted the other way round, so that crops of turned faces are tighter.
Used for APViT's and TransFER's RAF-DB crops. Left out: the original may mirror a face whose
landmarks fit a mirrored template better. OpenCV zoo aligns for its expression network in the same
way, and does not mirror.

``five_poses``: of insightface as it was in 2019 (utils/face_align.py, ``estimate_norm`` without a
mode), in DDAMFN's copy of it: github.com/simon20010923/DDAMFN,
DDAMFN++/Retinaface_alignment_ver2.0/face_align_v2.0.py. The pose is that with the least sum of the
landmarks' distances in the crop. Left out: that program cuts landmarks off to whole pixels first.
"""
