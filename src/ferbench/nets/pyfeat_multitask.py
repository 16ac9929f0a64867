"""py-feat's multitask network: expressions, valence, arousal and twenty action units at once.

Papers: Cheong, Jolly, Xie, Byrne, Kenney, Chang 2023, "Py-Feat: Python Facial Expression Analysis
Toolbox"; Luo, Song, Xie, Shen, Gunes 2022, "Learning Multi-dimensional Edge Feature-based AU
Relation Graph for Facial Action Unit Recognition" (the graph of action units); Woo et al. 2023,
"ConvNeXt V2" (the backbone). Original code: https://github.com/cosanlab/py-feat,
``feat/multitask`` of 2.1.0 to 2.1.5 (MIT). Names are those of its checkpoint.

As in the original, the backbone's layers are timm's (Wightman, Apache-2.0).

Input: RGB f32 (N, 3, 224, 224), normalised as for ImageNet.

Differs from the original: nothing in the arithmetic. Head pose, blendshapes and gaze, which no
other output depends on, are not built, nor is the depth of the face mesh used, as there. The parts
that the published weights do without (edges between action units, other heads) are left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Final

import timm
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

ACTION_UNITS: Final = (1, 2, 4, 5, 6, 7, 9, 10, 11, 12, 14, 15, 17, 20, 23, 24, 25, 26, 28, 43)
"""Numbers of the action units (FACS), in the order of the output."""

_BACKBONE: Final = "convnextv2_tiny"
_BACKBONE_WIDTH: Final = 768
_WIDTH: Final = 512
_POINTS: Final = 478
_MESH_HIDDEN: Final = 1024
_MESH_FEATURES: Final = 256
_NEIGHBOURS: Final = 4


def _unused() -> Iterator[str]:
    """Published entries that neither expressions nor action units depend on."""
    weighed = (
        *(f"pose.mlp.{layer}" for layer in (0, 2, 4)),
        *(f"blendshape.{part}" for part in ("proj_lmk", "norm_bb", "norm_lmk", "mlp.0", "mlp.2")),
        *(f"gaze_eye_enc.{part}" for part in ("enc.1", "enc.4", "proj", "norm")),
        "gaze.left",
        "gaze.right",
    )
    for name in weighed:
        yield f"{name}.weight"
        yield f"{name}.bias"
    yield from ("gaze_eye_enc.enc.0.weight", "gaze_eye_enc.enc.3.weight")
    for loss in ("au", "mesh", "pose", "blendshape", "emotion", "va", "gaze"):
        yield f"log_var_{loss}"


class _UnitFeatures(nn.Module):
    """One feature vector per action unit: maps (N, C, H, W) to (N, A, C)."""

    def __init__(self, num_units: int) -> None:
        super().__init__()
        self.heads = nn.ModuleList(_unit_head() for _ in range(num_units))

    def forward(self, maps: Tensor) -> Tensor:
        return torch.stack([head(maps).mean(dim=(2, 3)) for head in self.heads], dim=1)


def _unit_head() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(_WIDTH, _WIDTH, 1, bias=False), nn.BatchNorm2d(_WIDTH), nn.ReLU()
    )


class _UnitGraph(nn.Module):
    """Each action unit hears the mean of its nearest ones, by cosine similarity.

    An action unit is among its own five nearest and does not hear itself; where it is not (a
    vector of zeros), it hears five.
    """

    def __init__(self) -> None:
        super().__init__()
        self.W = nn.Linear(_WIDTH, _WIDTH, bias=False)
        self.W_self = nn.Linear(_WIDTH, _WIDTH, bias=False)

    def forward(self, units: Tensor) -> Tensor:
        """(N, A, C) to (N, A, C)."""
        direction = F.normalize(units, dim=2)
        similarity = direction @ direction.transpose(1, 2)
        nearest = similarity.topk(_NEIGHBOURS + 1, dim=2).indices
        number = torch.arange(units.shape[1], device=units.device)
        hears = (nearest[..., None] == number).any(dim=2) & (number[:, None] != number)
        share = hears.to(units.dtype)
        share = share / share.sum(dim=2, keepdim=True).clamp(min=1)
        return F.relu(self.W_self(units) + share @ self.W(units))


class _UnitPresence(nn.Module):
    """How much each action unit's features look like its prototype: cosine, 0 to 1."""

    def __init__(self, num_units: int) -> None:
        super().__init__()
        self.s = nn.Parameter(torch.zeros(num_units, _WIDTH))

    def forward(self, units: Tensor) -> Tensor:
        """(N, A, C) to (N, A)."""
        prototype = F.normalize(F.relu(self.s), dim=1)
        cosine = (F.normalize(F.relu(units), dim=2) * prototype).sum(dim=2)
        return cosine.clamp(0, 1)


class _Mesh(nn.Module):
    """The face mesh, x, y and depth, 0 to 1 over the crop: maps (N, C, H, W) to (N, P, 3)."""

    def __init__(self) -> None:
        super().__init__()
        self.mlp = nn.Sequential(
            nn.Linear(_WIDTH, _MESH_HIDDEN),
            nn.GELU(),
            nn.Linear(_MESH_HIDDEN, _MESH_HIDDEN),
            nn.GELU(),
            nn.Linear(_MESH_HIDDEN, 3 * _POINTS),
        )

    def forward(self, maps: Tensor) -> Tensor:
        points: Tensor = self.mlp(maps.mean(dim=(2, 3)))
        return points.view(-1, _POINTS, 3)


class _Unified(nn.Module):
    """What the backbone sees beside where the mesh lies, each normalised on its own."""

    def __init__(self) -> None:
        super().__init__()
        self.proj_lmk = nn.Linear(2 * _POINTS, _MESH_FEATURES)
        self.norm_bb = nn.LayerNorm(_BACKBONE_WIDTH)
        self.norm_lmk = nn.LayerNorm(_MESH_FEATURES)

    def forward(self, maps: Tensor, mesh: Tensor) -> Tensor:
        """The backbone's maps (N, 768, H, W) and the mesh (N, P, 3) to (N, 1024)."""
        seen = self.norm_bb(maps.mean(dim=(2, 3)))
        placed = self.norm_lmk(self.proj_lmk(mesh[..., :2].flatten(1)))
        return torch.cat((seen, placed), dim=1)


class _Expression(nn.Module):
    """Logits of expressions; valence and arousal, -1 to 1."""

    def __init__(self, num_expressions: int) -> None:
        super().__init__()
        features = _BACKBONE_WIDTH + _MESH_FEATURES
        self.cls_head = nn.Linear(features, num_expressions)
        self.va_head = nn.Linear(features, 2)

    def forward(self, features: Tensor) -> Tensor:
        """(N, 1024) to (N, K + 2)."""
        return torch.cat((self.cls_head(features), self.va_head(features).tanh()), dim=1)


class PyFeatMultitask(nn.Module):
    """The network of Detectorv2 without pose, blendshapes and gaze: 37,357,091 parameters.

    Args:
        num_classes: expressions.
        num_regressions: valence, arousal and the action units.
    """

    UNUSED: ClassVar = frozenset(_unused())

    def __init__(self, num_classes: int = 7, num_regressions: int = 22) -> None:
        super().__init__()
        self.backbone = timm.create_model(
            _BACKBONE, pretrained=False, features_only=True, out_indices=(-1,)
        )
        self.proj = nn.Conv2d(_BACKBONE_WIDTH, _WIDTH, 1, bias=False)
        num_units = num_regressions - 2
        self.afg, self.fgg, self.sc = (
            _UnitFeatures(num_units),
            _UnitGraph(),
            _UnitPresence(num_units),
        )
        self.lmk, self.unified = _Mesh(), _Unified()
        self.emotion = _Expression(num_classes)

    def forward(self, image: Tensor) -> Tensor:
        """Look at faces, f32 (N, 3, H, W), normalised as the module says.

        Returns f32 (N, num_classes + num_regressions): logits of the expressions; valence and
        arousal, -1 to 1; how present each of ``ACTION_UNITS`` is, 0 to 1.
        """
        [seen] = self.backbone(image)
        maps = self.proj(seen)
        expression = self.emotion(self.unified(seen, self.lmk(maps)))
        presence = self.sc(self.fgg(self.afg(maps)))
        return torch.cat((expression, presence), dim=1)
