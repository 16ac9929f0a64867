"""MobileViTv2 of one and a half times the width: attention whose cost grows with pixels only.

Paper: Mehta and Rastegari 2022, "Separable Self-attention for Mobile Vision Transformers". As
EmotiEffLib (https://github.com/sb-ai-lab/EmotiEffLib, Apache-2.0) trained it for expressions,
valence and arousal (Savchenko 2024, "HSEmotion Team at the 6th ABAW Competition"), on timm's
``mobilevitv2_150`` (Wightman, Apache-2.0): its authors say MobileViT only, but no other of timm's
has 768 features and, in the published ONNX file, 9,821,779 values. Names are those of timm, of
which the published file is a whole pickled model.

Differs from timm: nothing in the arithmetic.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

_PATCH: Final = 2
"""Side of a patch in pixels; each of its pixels meets those at the same place in the others."""

_EXPANSION: Final = 2
_CHANNELS: Final = (96, 192, 384, 576, 768)
_DEPTHS: Final = (2, 4, 3)
"""Blocks in the transformers of the last three stages."""


def _conv(
    channels: int,
    width: int,
    *,
    kernel: int = 1,
    stride: int = 1,
    groups: int = 1,
    activation: bool = True,
) -> nn.Sequential:
    """Convolution, normalisation, and where asked for the activation x * sigmoid(x)."""
    layers = nn.Sequential()
    layers.conv = nn.Conv2d(
        channels, width, kernel, stride=stride, padding=kernel // 2, groups=groups, bias=False
    )
    layers.bn = nn.BatchNorm2d(width)
    if activation:
        layers.act = nn.SiLU()
    return layers


class _Bottleneck(nn.Module):
    """Widen, convolve each channel, narrow; where the shape stays, added to its input."""

    def __init__(self, channels: int, width: int, *, stride: int) -> None:
        super().__init__()
        inner = _EXPANSION * channels
        self.residual = stride == 1 and channels == width
        self.conv1_1x1 = _conv(channels, inner)
        self.conv2_kxk = _conv(inner, inner, kernel=3, stride=stride, groups=inner)
        self.conv3_1x1 = _conv(inner, width, activation=False)

    def forward(self, maps: Tensor) -> Tensor:
        narrowed: Tensor = self.conv3_1x1(self.conv2_kxk(self.conv1_1x1(maps)))
        return maps + narrowed if self.residual else narrowed


class _SeparableAttention(nn.Module):
    """Every place gets the same sum of keys, weighed by how much each place asks to be heard."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width
        self.qkv_proj = nn.Conv2d(width, 1 + 2 * width, 1)
        self.out_proj = nn.Conv2d(width, width, 1)

    def forward(self, patches: Tensor) -> Tensor:
        query, key, value = torch.split(self.qkv_proj(patches), [1, self.width, self.width], dim=1)
        context = (key * query.softmax(dim=3)).sum(dim=3, keepdim=True)
        return self.out_proj(F.relu(value) * context)  # type: ignore[no-any-return]


class _Block(nn.Module):
    """A transformer's block on patches (N, C, 4, P), normalised before each of its halves."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm1, self.attn = nn.GroupNorm(1, width), _SeparableAttention(width)
        self.norm2 = nn.GroupNorm(1, width)
        self.mlp = nn.Sequential(
            OrderedDict(
                fc1=nn.Conv2d(width, 2 * width, 1),
                act=nn.SiLU(),
                fc2=nn.Conv2d(2 * width, width, 1),
            )
        )

    def forward(self, patches: Tensor) -> Tensor:
        patches = patches + self.attn(self.norm1(patches))
        return patches + self.mlp(self.norm2(patches))  # type: ignore[no-any-return]


def _unfolded(maps: Tensor) -> Tensor:
    """Maps (N, C, H, W) as patches (N, C, 4, H W / 4): pixels by their place in the patch."""
    num_faces, channels, height, width = maps.shape
    parts = maps.reshape(num_faces, channels, height // _PATCH, _PATCH, width // _PATCH, _PATCH)
    return parts.permute(0, 1, 3, 5, 2, 4).flatten(4, 5).flatten(2, 3)


def _folded(patches: Tensor, height: int, width: int) -> Tensor:
    """The opposite of ``_unfolded``, to maps (N, C, height, width)."""
    num_faces, channels = patches.shape[:2]
    down, across = height // _PATCH, width // _PATCH
    parts = patches.reshape(num_faces, channels, _PATCH, _PATCH, down, across)
    return parts.permute(0, 1, 4, 2, 5, 3).flatten(4, 5).flatten(2, 3)


class _MobileVitBlock(nn.Module):
    """A convolution of each channel, then a transformer of half the width over the whole map."""

    def __init__(self, channels: int, *, depth: int) -> None:
        super().__init__()
        width = channels // 2
        self.conv_kxk = _conv(channels, channels, kernel=3, groups=channels)
        self.conv_1x1 = nn.Conv2d(channels, width, 1, bias=False)
        self.transformer = nn.Sequential(*(_Block(width) for _ in range(depth)))
        self.norm = nn.GroupNorm(1, width)
        self.conv_proj = _conv(width, channels, activation=False)

    def forward(self, maps: Tensor) -> Tensor:
        height, width = (-(-side // _PATCH) * _PATCH for side in maps.shape[2:])
        if maps.shape[2:] != (height, width):
            maps = F.interpolate(maps, size=(height, width), mode="bilinear", align_corners=True)
        patches = _unfolded(self.conv_1x1(self.conv_kxk(maps)))
        seen = self.norm(self.transformer(patches))
        return self.conv_proj(_folded(seen, height, width))  # type: ignore[no-any-return]


def _stages() -> nn.Sequential:
    """Maps (N, 48, H, W) to (N, 768, H / 16, W / 16); odd sides become even."""
    first, second, *rest = _CHANNELS
    stages = [
        nn.Sequential(_Bottleneck(first // 2, first, stride=1)),
        nn.Sequential(_Bottleneck(first, second, stride=2), _Bottleneck(second, second, stride=1)),
    ]
    before = second
    for channels, depth in zip(rest, _DEPTHS, strict=True):
        block = _MobileVitBlock(channels, depth=depth)
        stages.append(nn.Sequential(_Bottleneck(before, channels, stride=2), block))
        before = channels
    return nn.Sequential(*stages)


class MobileVit(nn.Module):
    """The network: 9,833,443 values for eight classes and two regressions.

    Args:
        num_classes: logits of the output, which come first.
        num_regressions: columns of the output after them: valence, arousal.
    """

    def __init__(self, num_classes: int = 8, num_regressions: int = 2) -> None:
        super().__init__()
        num_outputs = num_classes + num_regressions
        self.stem = _conv(3, _CHANNELS[0] // 2, kernel=3, stride=2)
        self.stages = _stages()
        self.head = nn.Sequential(OrderedDict(fc=nn.Linear(_CHANNELS[-1], num_outputs)))

    def forward(self, image: Tensor) -> Tensor:
        """Classify faces, RGB f32 (N, 3, H, W), normalised as for ImageNet.

        Returns f32 (N, num_classes + num_regressions): logits, then values as the layer gives them.
        """
        maps: Tensor = self.stages(self.stem(image))
        return self.head(maps.mean(dim=(2, 3)))  # type: ignore[no-any-return]
