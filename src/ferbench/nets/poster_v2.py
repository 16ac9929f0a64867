"""POSTER V2, facial expressions from image and landmark maps at three scales.

Paper: Mao et al. 2023, "POSTER V2: A simpler and stronger facial expression recognition network".
Original code: Talented-Q/POSTER_V2 (MIT), ``models/PosterV2_7cls.py``, ``PosterV2_8cls.py`` and
``vit_model.py``.

Differs from the original: parts that it builds but never uses are not built (``PosterV2.UNUSED``
names their entries in published files); both backbones share one halving of the image; the window
of the cross attention is the whole map, as in all published models, so nothing is cut into windows;
what acts in training only is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from ferbench.nets.ir50 import IR50
from ferbench.nets.mobilefacenet import MobileFaceNet

_BACKBONE_PX = 112
_WIDTH = 768
_TOKENS = 3 * 49
_VIT_HEADS, _VIT_DEPTH, _VIT_EPS = 8, 2, 1e-6
_LAYER_SCALE = 1e-5


def _heads(tokens: Tensor, num_heads: int) -> Tensor:
    """Turn (N, L, C) into (N, num_heads, L, C / num_heads)."""
    batch, length, width = tokens.shape
    return tokens.reshape(batch, length, num_heads, width // num_heads).transpose(1, 2)


def _relative_position_index(side: int) -> Tensor:
    """Row of the bias table for each pair of cells of a side x side map, i64 (side², side²)."""
    row, column = torch.arange(side * side) // side, torch.arange(side * side) % side
    rows = row[:, None] - row[None, :] + side - 1
    columns = column[:, None] - column[None, :] + side - 1
    return rows * (2 * side - 1) + columns


class _Mlp(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(F.gelu(self.fc1(x)))  # type: ignore[no-any-return]


class _CrossAttention(nn.Module):
    """The landmark map, taken as it is, asks the image map."""

    relative_position_index: Tensor

    def __init__(self, width: int, *, num_heads: int, side: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        # The original computes it in float32, also where everything else is float64.
        self.scale = torch.tensor(float(width // num_heads), device="cpu").pow(-0.5).item()
        self.relative_position_bias_table = nn.Parameter(
            torch.zeros((2 * side - 1) ** 2, num_heads)
        )
        self.register_buffer("relative_position_index", _relative_position_index(side))
        self.qkv = nn.Linear(width, 2 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, image: Tensor, landmarks: Tensor) -> Tensor:
        key, value = self.qkv(image).chunk(2, dim=2)
        bias = self.relative_position_bias_table[self.relative_position_index].permute(2, 0, 1)
        query, key, value = (_heads(tokens, self.num_heads) for tokens in (landmarks, key, value))
        mixed = F.scaled_dot_product_attention(
            query, key, value, attn_mask=bias[None], scale=self.scale
        )
        return self.proj(mixed.transpose(1, 2).flatten(2))  # type: ignore[no-any-return]


class _Window(nn.Module):
    """An image map as normalised cells, (N, C, H, W) to (N, H, W, C)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)

    def forward(self, maps: Tensor) -> Tensor:
        return self.norm(maps.permute(0, 2, 3, 1))  # type: ignore[no-any-return]


class _FeedForward(nn.Module):
    """Adds the attention's result to the cells that went into it, then an MLP's."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gamma1 = nn.Parameter(torch.full((width,), _LAYER_SCALE))
        self.gamma2 = nn.Parameter(torch.full((width,), _LAYER_SCALE))
        self.mlp, self.norm = _Mlp(width), nn.LayerNorm(width)

    def forward(self, attended: Tensor, cells: Tensor) -> Tensor:
        x = cells + self.gamma1 * attended.view_as(cells)
        return x + self.gamma2 * self.mlp(self.norm(x))  # type: ignore[no-any-return]


class _Tokens(nn.Module):
    """A map's cells as tokens, (N, C, H, W) to (N, H W, 768)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(channels, _WIDTH, 1)

    def forward(self, maps: Tensor) -> Tensor:
        return self.proj(maps).flatten(2).transpose(1, 2)  # type: ignore[no-any-return]


class _SelfAttention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.qkv, self.proj = nn.Linear(_WIDTH, 3 * _WIDTH), nn.Linear(_WIDTH, _WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        query, key, value = (_heads(part, _VIT_HEADS) for part in self.qkv(x).chunk(3, dim=2))
        mixed = F.scaled_dot_product_attention(query, key, value)
        return self.proj(mixed.transpose(1, 2).flatten(2))  # type: ignore[no-any-return]


class _Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm1, self.attn = nn.LayerNorm(_WIDTH, eps=_VIT_EPS), _SelfAttention()
        self.norm2, self.mlp = nn.LayerNorm(_WIDTH, eps=_VIT_EPS), _Mlp(_WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))  # type: ignore[no-any-return]


class _Gate(nn.Module):
    """Weighs each value by what an MLP of all of them says (squeeze and excitation)."""

    def __init__(self) -> None:
        super().__init__()
        self.linear1, self.linear2 = nn.Linear(_WIDTH, _WIDTH), nn.Linear(_WIDTH, _WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        return x * self.linear2(F.relu(self.linear1(x))).sigmoid()  # type: ignore[no-any-return]


class _Head(nn.Module):
    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.linear = nn.Linear(_WIDTH, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(x)  # type: ignore[no-any-return]


class _VisionTransformer(nn.Module):
    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.cls_token = nn.Parameter(torch.zeros(1, 1, _WIDTH))
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + _TOKENS, _WIDTH))
        self.blocks = nn.Sequential(*(_Block() for _ in range(_VIT_DEPTH)))
        self.norm = nn.LayerNorm(_WIDTH, eps=_VIT_EPS)
        self.se_block, self.head = _Gate(), _Head(num_classes)

    def forward(self, tokens: Tensor) -> Tensor:
        x = torch.cat((self.cls_token.expand(len(tokens), -1, -1), tokens), dim=1) + self.pos_embed
        x = self.norm(self.blocks(x))
        return self.head(self.se_block(x[:, 0]))  # type: ignore[no-any-return]


def _norm_entries(name: str) -> Iterator[str]:
    for entry in ("weight", "bias", "running_mean", "running_var", "num_batches_tracked"):
        yield f"{name}.{entry}"


class PosterV2(nn.Module):
    """The network: 43,753,941 parameters for seven classes.

    Args:
        num_classes: columns of the output.
    """

    UNUSED: ClassVar[frozenset[str]] = frozenset(
        (
            "face_landback.output_layer.conv_6_dw.conv.weight",
            *_norm_entries("face_landback.output_layer.conv_6_dw.bn"),
            "face_landback.output_layer.linear.weight",
            *_norm_entries("face_landback.output_layer.bn"),
            *_norm_entries("ir_back.output_layer.0"),
            "ir_back.output_layer.3.weight",
            "ir_back.output_layer.3.bias",
            *_norm_entries("ir_back.output_layer.4"),
            "VIT.patch_embed.proj.weight",
            "VIT.patch_embed.proj.bias",
            "VIT.eca_block.conv.weight",
            "VIT.CON1.weight",
            "VIT.IRLinear1.weight",
            "VIT.IRLinear1.bias",
            "VIT.IRLinear2.weight",
            "VIT.IRLinear2.bias",
            "VIT.blocks.0.conv.weight",
            "VIT.blocks.0.conv.bias",
            "VIT.blocks.1.conv.weight",
            "VIT.blocks.1.conv.bias",
        )
    )
    """Entries of published files that have no effect on the output."""

    def __init__(self, num_classes: int = 7) -> None:
        super().__init__()
        self.face_landback, self.ir_back = MobileFaceNet(), IR50()
        self.last_face_conv = nn.Conv2d(512, 256, 3, padding=1)
        self.conv1 = nn.Conv2d(64, 64, 3, stride=2, padding=1)
        self.conv2 = nn.Conv2d(128, 128, 3, stride=2, padding=1)
        self.conv3 = nn.Conv2d(256, 256, 3, stride=2, padding=1)
        self.window1, self.window2, self.window3 = _Window(64), _Window(128), _Window(256)
        self.attn1 = _CrossAttention(64, num_heads=2, side=28)
        self.attn2 = _CrossAttention(128, num_heads=4, side=14)
        self.attn3 = _CrossAttention(256, num_heads=8, side=7)
        self.ffn1, self.ffn2, self.ffn3 = _FeedForward(64), _FeedForward(128), _FeedForward(256)
        self.embed_q = nn.Sequential(
            nn.Conv2d(64, _WIDTH, 3, stride=2, padding=1),
            nn.Conv2d(_WIDTH, _WIDTH, 3, stride=2, padding=1),
        )
        self.embed_k = nn.Sequential(nn.Conv2d(128, _WIDTH, 3, stride=2, padding=1))
        self.embed_v = _Tokens(256)
        self.VIT = _VisionTransformer(num_classes)

    def forward(self, image: Tensor) -> Tensor:
        """Classify faces, RGB f32 (N, 3, 224, 224) normalised as for ImageNet.

        Returns logits f32 (N, num_classes). Both backbones see every second pixel in both
        directions.
        """
        half = F.interpolate(image, size=_BACKBONE_PX, mode="nearest")
        landmarks1, landmarks2, landmarks3 = self.face_landback(half)
        landmarks3 = self.last_face_conv(landmarks3)
        image1, image2, image3 = self.ir_back(half)
        cells1 = self.window1(self.conv1(image1))
        cells2 = self.window2(self.conv2(image2))
        cells3 = self.window3(self.conv3(image3))
        maps1 = _crossed(self.attn1, self.ffn1, cells1, landmarks1)
        maps2 = _crossed(self.attn2, self.ffn2, cells2, landmarks2)
        maps3 = _crossed(self.attn3, self.ffn3, cells3, landmarks3)
        tokens = (
            self.embed_q(maps1).flatten(2).transpose(1, 2),
            self.embed_k(maps2).flatten(2).transpose(1, 2),
            self.embed_v(maps3),
        )
        return self.VIT(torch.cat(tokens, dim=1))  # type: ignore[no-any-return]


def _crossed(
    attention: nn.Module, feed_forward: nn.Module, cells: Tensor, landmarks: Tensor
) -> Tensor:
    """Cells (N, H, W, C) and landmark maps (N, C, H, W) to maps (N, C, H, W)."""
    attended = attention(cells.flatten(1, 2), landmarks.flatten(2).transpose(1, 2))
    return feed_forward(attended, cells).permute(0, 3, 1, 2)  # type: ignore[no-any-return]
