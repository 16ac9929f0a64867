"""DDAMFN and DDAMFN++: mixed kernels, and two heads that look along rows and along columns.

Paper: Zhang, Zhang, Zhang, Wang, Song 2023, "A Dual-Direction Attention Mixed Feature Network for
Facial Expression Recognition" (Electronics 12, 3595). Original code:
https://github.com/simon20010923/DDAMFN, networks/DDAM.py and networks/MixedFeatureNet.py; DDAMFN++
is the same network on other crops with another optimizer. Names are those of its checkpoints.

Built of MobileFaceNet's blocks (``ferbench.nets.mobilefacenet``). In a mixed block kernels of
several sizes share the channels (Tan and Le 2019, "MixConv"), and the result is weighed by
coordinate attention (Hou, Zhou, Feng 2021).

Differs from the original: the output is the logits alone. Layers that it builds and never uses are
not built (``Ddamfn.UNUSED`` names their entries in published files).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar, Final

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from ferbench.nets.mobilefacenet import conv_norm, conv_norm_prelu

_HEADS: Final = 2
_WIDTH: Final = 512
_SIDE: Final = 7
"""Channels and side of the last maps."""

_LEAST_SQUEEZED: Final = 8
_SQUEEZE: Final = 32

_Split = Sequence[tuple[int, int]]
"""Kernel sides with the number of channels that each of them has."""


class _Directions(nn.Module):
    """Weights in 0..1 from one column and one row of each channel.

    What ``CoordAtt`` computes between its pooling and its product, in both places where the
    original has it.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        squeezed = max(_LEAST_SQUEEZED, channels // _SQUEEZE)
        self.conv1, self.bn1 = nn.Conv2d(channels, squeezed, 1), nn.BatchNorm2d(squeezed)
        self.conv2 = nn.Conv2d(squeezed, channels, 1)
        self.conv3 = nn.Conv2d(squeezed, channels, 1)

    def weights(self, column: Tensor, row: Tensor) -> tuple[Tensor, Tensor]:
        """Weigh a column (N, C, H, 1) and a row (N, C, 1, W); shapes stay."""
        both = torch.cat((column, row.transpose(2, 3)), dim=2)
        squeezed = F.hardswish(self.bn1(self.conv1(both)))
        of_column, of_row = torch.split(squeezed, [column.shape[2], row.shape[3]], dim=2)
        return self.conv2(of_column).sigmoid(), self.conv3(of_row.transpose(2, 3)).sigmoid()


class _CoordinateAttention(_Directions):
    """Maps times the weights of their rows and columns, by means along both."""

    def forward(self, maps: Tensor) -> Tensor:
        """Weigh maps (N, C, H, W)."""
        column, row = maps.mean(dim=3, keepdim=True), maps.mean(dim=2, keepdim=True)
        of_rows, of_columns = self.weights(column, row)
        return maps * of_columns * of_rows


class _DualDirections(_Directions):
    """Weights of the last maps, by learned sums along rows and along columns."""

    def __init__(self) -> None:
        super().__init__(_WIDTH)
        self.Linear_h = _whole(1, _SIDE)
        self.Linear_w = _whole(_SIDE, 1)

    def forward(self, maps: Tensor) -> Tensor:
        """Weights (N, 512, 7, 7) of maps of that shape."""
        of_rows, of_columns = self.weights(self.Linear_h(maps), self.Linear_w(maps))
        return of_columns * of_rows


def _whole(height: int, width: int) -> nn.Sequential:
    """Each channel by a kernel of its own that is moved nowhere, then normalisation."""
    layers = nn.Sequential()
    layers.conv = nn.Conv2d(_WIDTH, _WIDTH, (height, width), groups=_WIDTH, bias=False)
    layers.bn = nn.BatchNorm2d(_WIDTH)
    return layers


class _Head(nn.Module):
    """Only a name: published entries say ``cat_head0.CoordAtt``."""

    def __init__(self) -> None:
        super().__init__()
        self.CoordAtt = _DualDirections()

    def forward(self, maps: Tensor) -> Tensor:
        return self.CoordAtt(maps)  # type: ignore[no-any-return]


class _MixedKernels(nn.Module):
    """Convolutions of each channel, with another kernel in each part of the channels."""

    def __init__(self, split: _Split, stride: int) -> None:
        super().__init__()
        self.counts = [count for _, count in split]
        self.mixed_depthwise_conv = nn.ModuleList(
            nn.Conv2d(
                count, count, side, stride=stride, padding=side // 2, groups=count, bias=False
            )
            for side, count in split
        )

    def forward(self, maps: Tensor) -> Tensor:
        parts = zip(self.mixed_depthwise_conv, torch.split(maps, self.counts, dim=1), strict=True)
        return torch.cat([convolve(part) for convolve, part in parts], dim=1)


class _MixedBottleneck(nn.Module):
    """Widen, convolve each channel, weigh, narrow; where the shape stays, added to its input."""

    def __init__(self, channels: int, width: int, split: _Split, *, stride: int = 1) -> None:
        super().__init__()
        inner = sum(count for _, count in split)
        self.residual = stride == 1
        self.conv = conv_norm_prelu(channels, inner)
        self.conv_dw = _MixedKernels(split, stride)
        self.CA = _CoordinateAttention(inner)
        self.project = conv_norm(inner, width)

    def forward(self, maps: Tensor) -> Tensor:
        narrowed: Tensor = self.project(self.CA(self.conv_dw(self.conv(maps))))
        return maps + narrowed if self.residual else narrowed


class _MixedResiduals(nn.Module):
    def __init__(self, channels: int, split: _Split, *, count: int) -> None:
        super().__init__()
        blocks = (_MixedBottleneck(channels, channels, split) for _ in range(count))
        self.model = nn.Sequential(*blocks)

    def forward(self, maps: Tensor) -> Tensor:
        return self.model(maps)  # type: ignore[no-any-return]


_RESIDUALS: Final = (  # place in the features, blocks in it
    (3, 9),
    (5, 16),
    (7, 6),
)
_MIXED: Final = (
    "features.2",
    "features.4",
    "features.6",
    *(f"features.{place}.model.{n}" for place, count in _RESIDUALS for n in range(count)),
)


def _features() -> nn.Sequential:
    """Faces (N, 3, 112, 112) to maps (N, 512, 7, 7)."""
    return nn.Sequential(
        conv_norm_prelu(3, 64, kernel=3, stride=2),
        conv_norm_prelu(64, 64, kernel=3, groups=64),
        _MixedBottleneck(64, 64, ((3, 64), (5, 32), (7, 32)), stride=2),
        _MixedResiduals(64, ((3, 96), (5, 32)), count=9),
        _MixedBottleneck(64, 128, ((3, 128), (5, 64), (7, 64)), stride=2),
        _MixedResiduals(128, ((3, 192), (5, 64)), count=16),
        _MixedBottleneck(128, 256, ((3, 256), (5, 256), (7, 256), (9, 256)), stride=2),
        _MixedResiduals(256, ((3, 172), (5, 170), (7, 170)), count=6),
        conv_norm_prelu(256, _WIDTH),
    )


def _unused() -> Iterator[str]:
    """Entries of layers that the original builds and never uses."""
    for block in _MIXED:
        yield from _norm_entries(f"{block}.conv_dw.bn")
        yield f"{block}.conv_dw.prelu.weight"
    for head in range(_HEADS):
        whole = f"cat_head{head}.CoordAtt.Linear"
        yield f"{whole}.conv.weight"
        yield from _norm_entries(f"{whole}.bn")
    yield from _norm_entries("bn")


def _norm_entries(name: str) -> Iterator[str]:
    for entry in ("weight", "bias", "running_mean", "running_var", "num_batches_tracked"):
        yield f"{name}.{entry}"


class Ddamfn(nn.Module):
    """The network with two heads, as published: 4,105,999 parameters for seven classes.

    Args:
        num_classes: columns of the output.
    """

    UNUSED: ClassVar[frozenset[str]] = frozenset(_unused())

    def __init__(self, num_classes: int = 7) -> None:
        super().__init__()
        self.features = _features()
        self.cat_head0, self.cat_head1 = _Head(), _Head()
        self.Linear = _whole(_SIDE, _SIDE)
        self.fc = nn.Linear(_WIDTH, num_classes)

    def forward(self, image: Tensor) -> Tensor:
        """Classify faces, RGB f32 (N, 3, 112, 112), normalised as for ImageNet.

        Returns logits f32 (N, num_classes).
        """
        maps: Tensor = self.features(image)
        strongest = torch.maximum(self.cat_head0(maps), self.cat_head1(maps))
        whole: Tensor = self.Linear(maps * strongest)
        logits: Tensor = self.fc(whole.flatten(1))
        return logits
