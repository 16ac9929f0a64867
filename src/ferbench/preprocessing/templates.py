"""Where five landmarks lie in the aligned face crops that models were trained on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from ferbench.preprocessing.similarity import FitError
from ferbench.types import F64

TemplateName = Literal["arcface", "face_evolve"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A way to make aligned crops.

    Attributes:
        points_xy: left eye, right eye, nose, left mouth corner, right mouth corner as seen in the
            crop, pixels of a crop of ``side_px``; whole numbers are pixel centres.
        side_px: side of that crop.
        error_in: where the least squares error is measured.
    """

    points_xy: tuple[tuple[float, float], ...]
    side_px: float
    error_in: FitError

    def points_in(self, size_px: int, margin: float) -> F64:
        """The points in a crop of another side, f64 (5, 2).

        They are shrunk by ``1 + 2 * margin`` towards its centre. Coordinates are multiplied by the
        ratio of the sides, as both original programs do (so whole numbers stay pixel centres only
        roughly).
        """
        share = np.array(self.points_xy, dtype=np.float64) / self.side_px
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

TEMPLATES: Final[Mapping[TemplateName, Template]] = {
    "arcface": Template(points_xy=_ARCFACE, side_px=112, error_in="crop"),
    "face_evolve": Template(points_xy=_FACE_EVOLVE, side_px=112, error_in="frame"),
}
"""Templates by name.

``arcface``: Deng et al. 2019 (arXiv:1801.07698), github.com/deepinsight/insightface
(utils/face_align.py), at its side of 112; its variant for sides of 128 shifts the face and is not
offered.

``face_evolve``: github.com/ZhaoJ9014/face.evoLVe (align/align_trans.py, ``default_square``): the
same points but for rounding, fitted the other way round, so that crops of turned faces are tighter.
Used for APViT's and TransFER's RAF-DB crops. Left out: the original may mirror a face whose
landmarks fit a mirrored template better.
"""
