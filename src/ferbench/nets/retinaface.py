"""RetinaFace: score, box and five landmarks for two anchors in each cell of three maps.

Paper: Deng et al. 2019, "RetinaFace: Single-stage Dense Face Localisation in the Wild". Layers and
their names are those of Pytorch_Retinaface (biubug6, MIT), which batch-face carries too; the
network of retinaface-pytorch (Iglovikov, MIT) has the same names.

Input: f32 (N, 3, H, W) of any size. Colour order and normalisation belong to the weights: biubug6's
are trained on BGR in 0..255 minus (104, 117, 123), retinaface-pytorch's on RGB with ImageNet's mean
and standard deviation.

Differs from the original: class scores leave the network as logits, without softmax, and only what
is run is built (neither the classifiers of the bodies nor their pretrained weights).
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

Body = Literal["mobilenet0.25", "resnet50"]

_ANCHORS = 2


def _conv(
    width_in: int, width_out: int, *, kernel: int = 3, stride: int = 1, slope: float | None
) -> nn.Sequential:
    """Convolution and normalisation, followed by a leaky ReLU unless ``slope`` is None."""
    layers: list[nn.Module] = [
        nn.Conv2d(width_in, width_out, kernel, stride, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(width_out),
    ]
    if slope is not None:
        layers.append(nn.LeakyReLU(slope))
    return nn.Sequential(*layers)


def _separable(width_in: int, width_out: int, stride: int = 1) -> nn.Sequential:
    """Depthwise and pointwise convolution, each normalised and with a leaky ReLU."""
    return nn.Sequential(
        nn.Conv2d(width_in, width_in, 3, stride, padding=1, groups=width_in, bias=False),
        nn.BatchNorm2d(width_in),
        nn.LeakyReLU(0.1),
        nn.Conv2d(width_in, width_out, 1, bias=False),
        nn.BatchNorm2d(width_out),
        nn.LeakyReLU(0.1),
    )


class MobileNet025(nn.Module):
    """MobileNet with a quarter of its width.

    Maps of strides 8, 16, 32 with 64, 128, 256 channels.
    """

    widths = (64, 128, 256)

    def __init__(self) -> None:
        super().__init__()
        self.stage1 = nn.Sequential(
            _conv(3, 8, stride=2, slope=0.1),
            _separable(8, 16),
            _separable(16, 32, 2),
            _separable(32, 32),
            _separable(32, 64, 2),
            _separable(64, 64),
        )
        self.stage2 = nn.Sequential(
            _separable(64, 128, 2), *(_separable(128, 128) for _ in range(5))
        )
        self.stage3 = nn.Sequential(_separable(128, 256, 2), _separable(256, 256))

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Three maps of an image."""
        fine = self.stage1(image)
        middle = self.stage2(fine)
        return fine, middle, self.stage3(middle)


class _Bottleneck(nn.Module):
    """Residual block of ResNet-50; the stride is that of its middle convolution."""

    def __init__(self, width_in: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(width_in, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, 4 * width, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * width)
        self.relu = nn.ReLU()
        if stride != 1 or width_in != 4 * width:
            self.downsample = nn.Sequential(
                nn.Conv2d(width_in, 4 * width, 1, stride, bias=False), nn.BatchNorm2d(4 * width)
            )
        else:
            self.downsample = nn.Sequential()

    def forward(self, maps: Tensor) -> Tensor:
        """Residual plus shortcut."""
        residual = self.relu(self.bn1(self.conv1(maps)))
        residual = self.relu(self.bn2(self.conv2(residual)))
        out: Tensor = self.relu(self.bn3(self.conv3(residual)) + self.downsample(maps))
        return out


class ResNet50(nn.Module):
    """ResNet-50 (He et al. 2016) with torchvision's names.

    Maps of strides 8, 16, 32 with 512, 1024, 2048 channels.
    """

    widths = (512, 1024, 2048)

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU()
        self.maxpool = nn.MaxPool2d(3, 2, padding=1)
        self.layer1 = self._layer(64, 64, blocks=3, stride=1)
        self.layer2 = self._layer(256, 128, blocks=4, stride=2)
        self.layer3 = self._layer(512, 256, blocks=6, stride=2)
        self.layer4 = self._layer(1024, 512, blocks=3, stride=2)

    @staticmethod
    def _layer(width_in: int, width: int, *, blocks: int, stride: int) -> nn.Sequential:
        rest = (_Bottleneck(4 * width, width, 1) for _ in range(blocks - 1))
        return nn.Sequential(_Bottleneck(width_in, width, stride), *rest)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Three maps of an image."""
        maps = self.layer1(self.maxpool(self.relu(self.bn1(self.conv1(image)))))
        fine = self.layer2(maps)
        middle = self.layer3(fine)
        return fine, middle, self.layer4(middle)


class NearestLike(nn.Module):
    """Enlarges maps to the size of others, each value the nearest."""

    def forward(self, maps: Tensor, like: Tensor) -> Tensor:
        """``maps`` with the height and width of ``like``."""
        return F.interpolate(maps, size=like.shape[-2:], mode="nearest")


class _Pyramid(nn.Module):
    """Brings three maps to one width and adds the coarser ones to the finer ones."""

    def __init__(self, widths: tuple[int, int, int], width: int, slope: float) -> None:
        super().__init__()
        self.output1, self.output2, self.output3 = (
            _conv(w, width, kernel=1, slope=slope) for w in widths
        )
        self.merge1 = _conv(width, width, slope=slope)
        self.merge2 = _conv(width, width, slope=slope)
        self.enlarge = NearestLike()

    def forward(
        self, fine: Tensor, middle: Tensor, coarse: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Three maps of the same width."""
        fine, middle, coarse = self.output1(fine), self.output2(middle), self.output3(coarse)
        middle = self.merge2(middle + self.enlarge(coarse, middle))
        fine = self.merge1(fine + self.enlarge(middle, fine))
        return fine, middle, coarse


class _Context(nn.Module):
    """Context module of SSH (Najibi et al. 2017).

    Fields of view of 3, 5 and 7 pixels side by side.
    """

    def __init__(self, width: int, slope: float) -> None:
        super().__init__()
        half, quarter = width // 2, width // 4
        self.conv3X3 = _conv(width, half, slope=None)
        self.conv5X5_1 = _conv(width, quarter, slope=slope)
        self.conv5X5_2 = _conv(quarter, quarter, slope=None)
        self.conv7X7_2 = _conv(quarter, quarter, slope=slope)
        self.conv7x7_3 = _conv(quarter, quarter, slope=None)

    def forward(self, maps: Tensor) -> Tensor:
        """Maps of the same shape."""
        shared = self.conv5X5_1(maps)
        seven = self.conv7x7_3(self.conv7X7_2(shared))
        return torch.relu(torch.cat((self.conv3X3(maps), self.conv5X5_2(shared), seven), dim=1))


class Head(nn.Module):
    """``values`` numbers for each anchor of each cell."""

    def __init__(self, width: int, values: int) -> None:
        super().__init__()
        self.values = values
        self.conv1x1 = nn.Conv2d(width, _ANCHORS * values, 1)

    def forward(self, maps: Tensor) -> Tensor:
        """Turn (N, C, H, W) into (N, H*W*2, values).

        Rows of cells, then cells, then the two anchors.
        """
        out: Tensor = self.conv1x1(maps)
        return out.permute(0, 2, 3, 1).reshape(len(out), -1, self.values)


class RetinaFace(nn.Module):
    """The detector's network.

    Args:
        body: what makes the maps; must be that of the weights.
    """

    def __init__(self, body: Body) -> None:
        super().__init__()
        self.body: MobileNet025 | ResNet50
        if body == "mobilenet0.25":
            self.body, width, slope = MobileNet025(), 64, 0.1
        else:
            self.body, width, slope = ResNet50(), 256, 0.0
        self.fpn = _Pyramid(self.body.widths, width, slope)
        self.ssh1, self.ssh2, self.ssh3 = (_Context(width, slope) for _ in range(3))
        self.ClassHead = nn.ModuleList(Head(width, 2) for _ in range(3))
        self.BboxHead = nn.ModuleList(Head(width, 4) for _ in range(3))
        self.LandmarkHead = nn.ModuleList(Head(width, 10) for _ in range(3))

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Look at images f32 (N, 3, H, W).

        Returns:
            Boxes (N, P, 4) relative to the anchors, logits (N, P, 2) of "no face" and "face",
            landmarks (N, P, 10) relative to the anchors. P counts anchors: all of stride 8, then of
            16, then of 32.
        """
        fine, middle, coarse = self.fpn(*self.body(image))
        maps = self.ssh1(fine), self.ssh2(middle), self.ssh3(coarse)
        boxes = _of_all_maps(self.BboxHead, maps)
        logits = _of_all_maps(self.ClassHead, maps)
        landmarks = _of_all_maps(self.LandmarkHead, maps)
        return boxes, logits, landmarks


def _of_all_maps(heads: nn.ModuleList, maps: tuple[Tensor, Tensor, Tensor]) -> Tensor:
    """What one kind of head says of all anchors, (N, P, values)."""
    return torch.cat([head(part) for head, part in zip(heads, maps, strict=True)], dim=1)
