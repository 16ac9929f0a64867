"""Residual Masking Network: ResNet-34 whose stages are each followed by a mask from a small U-Net.

Paper: Pham, Vu, Tran 2020, "Facial Expression Recognition Using Residual Masking Network", ICPR.
Original code: phamquiluan/ResidualMaskingNetwork (MIT),
https://github.com/phamquiluan/ResidualMaskingNetwork, models/resmasking.py
(``resmasking_dropout1``) and models/masking.py. Names are those of its checkpoint.

Input: f32 (N, 3, 224, 224), values in 0..1, in the channel order of OpenCV (BGR); the original's
frame pipeline feeds a grey crop three times.

Differs from the original: nothing in the arithmetic; the output is the logits, as there. The
original registers each mask's shortcuts under two names, ``conv<i>.downsample`` and
``downsample<i>``, and its checkpoint holds both; here the first is the only one. Loading accepts
the second where it equals the first, and refuses it otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812


class _Block(nn.Module):
    """ResNet's basic block.

    Its shortcut is a convolution over one pixel where channels or stride change.
    """

    def __init__(self, channels: int, width: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample: nn.Module = nn.Identity()
        if stride != 1 or channels != width:
            self.downsample = nn.Sequential(
                nn.Conv2d(channels, width, 1, stride=stride, bias=False), nn.BatchNorm2d(width)
            )

    def forward(self, x: Tensor) -> Tensor:
        residual = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(residual + self.downsample(x))


def _stage(channels: int, width: int, blocks: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        _Block(channels, width, stride), *(_Block(width, width) for _ in range(blocks - 1))
    )


def _up(channels: int) -> nn.Sequential:
    """Twice the sides, half the channels."""
    half = channels // 2
    return nn.Sequential(
        nn.ConvTranspose2d(channels, half, 2, stride=2), nn.BatchNorm2d(half), nn.ReLU(inplace=True)
    )


class _Mask(nn.Module):
    """U-Net whose output sums to 1 over the channels of each pixel.

    Args:
        channels: of input and output; each level of the encoder doubles them.
        depth: levels; the sides must be divisible by 2 ** (depth - 1).
    """

    def __init__(self, channels: int, depth: int) -> None:
        super().__init__()
        self.depth = depth
        for level in range(1, depth + 1):
            self.add_module(f"conv{level}", _Block(channels << (level - 1), channels << level))
        for step in range(depth + 1, 2 * depth):
            deep = channels << (2 * depth - step + 1)
            self.add_module(f"up_pool{step}", _up(deep))
            self.add_module(f"conv{step}", _Block(deep, deep // 2))
        self.add_module(f"conv{2 * depth}", _Block(2 * channels, channels))
        self.register_load_state_dict_pre_hook(_without_aliases)  # type: ignore[no-untyped-call]

    def forward(self, x: Tensor) -> Tensor:
        skips: list[Tensor] = []
        for level in range(1, self.depth + 1):
            if level > 1:
                x = F.max_pool2d(x, 2)
            x = self.get_submodule(f"conv{level}")(x)
            skips.append(x)
        skips.pop()
        for step in range(self.depth + 1, 2 * self.depth):
            x = torch.cat((self.get_submodule(f"up_pool{step}")(x), skips.pop()), dim=1)
            x = self.get_submodule(f"conv{step}")(x)
        masks: Tensor = self.get_submodule(f"conv{2 * self.depth}")(x)
        return masks.softmax(dim=1)


def _without_aliases(
    mask: nn.Module,
    state: MutableMapping[str, Tensor],
    prefix: str,
    _metadata: Mapping[str, object],
    _strict: bool,
    _missing: list[str],
    _unexpected: list[str],
    errors: list[str],
) -> None:
    """Take the second names of a mask's shortcuts out of a state_dict.

    Torch calls it before a mask is loaded.
    """
    for kept, alias in _names_of_shortcuts(mask, prefix):
        repeated = state.pop(alias, None)
        if repeated is None or kept not in state:
            continue
        if not torch.equal(repeated, state[kept]):
            errors.append(
                f"{alias} and {kept} are two names of one tensor, but their values differ."
            )


def _names_of_shortcuts(mask: nn.Module, prefix: str) -> Iterator[tuple[str, str]]:
    """The two names of each tensor of a mask's shortcuts."""
    for name, block in mask.named_children():
        if not isinstance(block, _Block):
            continue
        alias = name.replace("conv", "downsample")
        for entry in block.downsample.state_dict():
            yield f"{prefix}{name}.downsample.{entry}", f"{prefix}{alias}.{entry}"


class ResMasking(nn.Module):
    """The network with the dropout head: 137,796,423 parameters for seven classes.

    Args:
        num_classes: columns of the output.
    """

    def __init__(self, num_classes: int = 7) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        self.layer1, self.mask1 = _stage(64, 64, 3, 1), _Mask(64, 4)
        self.layer2, self.mask2 = _stage(64, 128, 4, 2), _Mask(128, 3)
        self.layer3, self.mask3 = _stage(128, 256, 6, 2), _Mask(256, 2)
        self.layer4, self.mask4 = _stage(256, 512, 3, 2), _Mask(512, 1)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Sequential(nn.Dropout(0.4), nn.Linear(512, num_classes))

    def forward(self, image: Tensor) -> Tensor:
        """Classify faces f32 (N, 3, 224, 224) with values in 0..1.

        Returns logits f32 (N, num_classes).
        """
        x = self.maxpool(F.relu(self.bn1(self.conv1(image))))
        for layer, mask in (
            (self.layer1, self.mask1),
            (self.layer2, self.mask2),
            (self.layer3, self.mask3),
            (self.layer4, self.mask4),
        ):
            x = layer(x)
            x = x * (1 + mask(x))
        return self.fc(self.avgpool(x).flatten(1))  # type: ignore[no-any-return]
