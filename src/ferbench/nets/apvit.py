"""APViT: a vision transformer on a face recognition network's maps that drops weak tokens.

Paper: Xue, Wang, Tan, Ma, Guo 2022, "Vision Transformer with Attentive Pooling for Robust Facial
Expression Recognition", IEEE Transactions on Affective Computing. Original code:
youqingxiaozhua/APViT (Apache-2.0), https://github.com/youqingxiaozhua/APViT, configs/apvit/RAF.py
on mmclassification. Names are those of its checkpoint.

Input: RGB f32 (N, 3, 112, 112), values in 0..255 minus (123.675, 116.28, 103.53), divided by
(58.395, 57.12, 57.375).

Differs from the original: the output is the logits, without the softmax. A block always drops its
tokens; the original compares the batch size with the number of tokens where it means the number of
tokens that stay, and so drops none in a block where they are equal (batches of 161, 145, 130 and
117 images). Parts that only training needs are left out.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from ferbench.nets.ir50 import ir_stage

_WIDTH: Final = 768
_HEADS: Final = 8
_HIDDEN: Final = 3 * _WIDTH
_NORM_EPS: Final = 1e-6
_CELLS: Final = 14 * 14
_CELLS_KEPT: Final = 160
_KEPT: Final = (None, None, None, None, 144, 129, 116, 104)
"""Tokens that stay in each block: nine tenths, rounded down; None = all."""


class _Strongest(nn.Module):
    """Which tokens stay. A module, so that a forward hook sees the choice."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.count = count

    def forward(self, weight: Tensor) -> Tensor:
        """Weights (N, T) to the positions i64 (N, count) of the largest, ascending."""
        return weight.topk(self.count, dim=1, sorted=False).indices.sort(dim=1).values


def _taken(tokens: Tensor, positions: Tensor) -> Tensor:
    """(N, T, C) at positions (N, K): (N, K, C)."""
    return tokens.gather(1, positions[:, :, None].expand(-1, -1, tokens.shape[2]))


class _Extractor(nn.Module):
    """IR-50 without its last stage: (N, 3, 112, 112) to (N, 256, 14, 14)."""

    def __init__(self) -> None:
        super().__init__()
        self.input_layer = nn.Sequential(
            nn.Conv2d(3, 64, 3, padding=1, bias=False), nn.BatchNorm2d(64), nn.PReLU(64)
        )
        self.body = nn.Sequential(ir_stage(64, 64, 3), ir_stage(64, 128, 4), ir_stage(128, 256, 14))

    def forward(self, image: Tensor) -> Tensor:
        return self.body(self.input_layer(image))  # type: ignore[no-any-return]


class _Attention(nn.Module):
    """Self-attention, and how strongly the class token looks at each token."""

    def __init__(self) -> None:
        super().__init__()
        self.qkv = nn.Linear(_WIDTH, 3 * _WIDTH, bias=False)
        self.proj = nn.Linear(_WIDTH, _WIDTH)

    def forward(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Attend, (N, T, C) to (N, T, C), and weigh the tokens, (N, T).

        The weights are the class token's logits before the softmax, summed over the heads.
        """
        qkv = self.qkv(tokens).unflatten(2, (3, _HEADS, -1)).permute(2, 0, 3, 1, 4)
        query, key, value = qkv.unbind(0)
        attended = F.scaled_dot_product_attention(query, key, value)
        scale = query.shape[-1] ** -0.5
        weight = (query[:, :, :1] @ key.transpose(2, 3)).sum(dim=(1, 2)) * scale
        return self.proj(attended.transpose(1, 2).flatten(2)), weight


class _Mlp(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(_WIDTH, _HIDDEN), nn.Linear(_HIDDEN, _WIDTH)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.fc2(F.gelu(self.fc1(tokens)))  # type: ignore[no-any-return]


class _Block(nn.Module):
    """Pre-norm transformer block; tokens are dropped between attention and MLP.

    Args:
        kept: how many tokens beside the class token stay; None keeps all.
    """

    def __init__(self, kept: int | None) -> None:
        super().__init__()
        self.norm1, self.attn = nn.LayerNorm(_WIDTH, eps=_NORM_EPS), _Attention()
        self.norm2, self.mlp = nn.LayerNorm(_WIDTH, eps=_NORM_EPS), _Mlp()
        self.strongest = None if kept is None else _Strongest(1 + kept)

    def forward(self, tokens: Tensor) -> Tensor:
        attended, weight = self.attn(self.norm1(tokens))
        tokens = tokens + attended
        if self.strongest is not None:
            weight[:, 0] = torch.inf  # the class token always stays
            tokens = _taken(tokens, self.strongest(weight))
        return tokens + self.mlp(self.norm2(tokens))  # type: ignore[no-any-return]


class _PoolingViT(nn.Module):
    """Transformer on maps (N, 256, 14, 14); returns the class token (N, 768)."""

    def __init__(self) -> None:
        super().__init__()
        self.projs = nn.Sequential(nn.Conv2d(256, _WIDTH, 1))
        self.cls_token = nn.Parameter(torch.zeros(1, 1, _WIDTH))
        self.cls_pos_embed = nn.Parameter(torch.zeros(1, 1, _WIDTH))
        self.patch_pos_embed = nn.Parameter(torch.zeros(1, _CELLS, _WIDTH))
        self.strongest = _Strongest(_CELLS_KEPT)
        self.blocks = nn.Sequential(*(_Block(kept) for kept in _KEPT))
        self.norm = nn.LayerNorm(_WIDTH, eps=_NORM_EPS)

    def forward(self, maps: Tensor) -> Tensor:
        cells: Tensor = self.projs(maps).flatten(2)
        weight = torch.linalg.vector_norm(cells, ord=1, dim=1)
        patches = _taken(cells.transpose(1, 2) + self.patch_pos_embed, self.strongest(weight))
        cls = (self.cls_token + self.cls_pos_embed).expand(len(patches), -1, -1)
        tokens: Tensor = self.norm(self.blocks(torch.cat((cls, patches), dim=1)))
        return tokens[:, 0]


class APViT(nn.Module):
    """The network as trained on RAF-DB: 65,209,543 parameters for seven classes.

    Args:
        num_classes: columns of the output.
    """

    def __init__(self, num_classes: int = 7) -> None:
        super().__init__()
        self.extractor = _Extractor()
        self.vit = _PoolingViT()
        self.head = nn.Sequential(OrderedDict(fc=nn.Linear(_WIDTH, num_classes)))

    def forward(self, image: Tensor) -> Tensor:
        """Classify faces f32 (N, 3, 112, 112), normalised as the module says.

        Returns logits f32 (N, num_classes).
        """
        return self.head(self.vit(self.extractor(image)))  # type: ignore[no-any-return]
