"""mini-XCEPTION, a small convolutional network for facial expressions.

Paper: Arriaga, Valdenegro-Toro, Plöger 2017, "Real-time Convolutional Neural Networks for Emotion
and Gender Classification". Original code: oarriaga/face_classification (MIT), Keras on TensorFlow.

Differs from the original: the output is the logits (the last maps' means), without the softmax;
channels come first; TensorFlow's padding is written out, which for an even side pads the pooling at
the bottom and right only.
"""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

_NORM_EPS = 1e-3
_WIDTHS = (16, 32, 64, 128)


def _pool_same(x: Tensor) -> Tensor:
    """3 x 3 maximum at every second pixel; output side = half the input's, rounded up."""
    pads: list[int] = []
    for side in (x.shape[3], x.shape[2]):
        total = 2 if side % 2 else 1
        pads += [total // 2, total - total // 2]
    return F.max_pool2d(F.pad(x, pads, value=float("-inf")), 3, stride=2)


class _Stem(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.norm1 = nn.Conv2d(1, 8, 3, bias=False), nn.BatchNorm2d(8, eps=_NORM_EPS)
        self.conv2, self.norm2 = nn.Conv2d(8, 8, 3, bias=False), nn.BatchNorm2d(8, eps=_NORM_EPS)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.norm1(self.conv1(x)))
        return F.relu(self.norm2(self.conv2(x)))


class _Separable(nn.Module):
    """Convolution per channel, then across channels, then normalisation."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(channels, channels, 3, padding=1, groups=channels, bias=False)
        self.pointwise = nn.Conv2d(channels, width, 1, bias=False)
        self.norm = nn.BatchNorm2d(width, eps=_NORM_EPS)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.pointwise(self.depthwise(x)))  # type: ignore[no-any-return]


class _Shortcut(nn.Module):
    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, width, 1, stride=2, bias=False)
        self.norm = nn.BatchNorm2d(width, eps=_NORM_EPS)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.conv(x))  # type: ignore[no-any-return]


class _Block(nn.Module):
    """Two separable convolutions and pooling, added to a strided shortcut."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.shortcut = _Shortcut(channels, width)
        self.first, self.second = _Separable(channels, width), _Separable(width, width)

    def forward(self, x: Tensor) -> Tensor:
        main = self.second(F.relu(self.first(x)))
        return _pool_same(main) + self.shortcut(x)  # type: ignore[no-any-return]


class MiniXception(nn.Module):
    """The network: 58,423 values for seven classes.

    Args:
        num_classes: columns of the output.
    """

    def __init__(self, num_classes: int = 7) -> None:
        super().__init__()
        self.stem = _Stem()
        widths = pairwise((8, *_WIDTHS))
        self.blocks = nn.Sequential(*(_Block(channels, width) for channels, width in widths))
        self.head = nn.Conv2d(_WIDTHS[-1], num_classes, 3, padding=1)

    def forward(self, image: Tensor) -> Tensor:
        """Classify grey faces f32 (N, 1, 64, 64) with values in -1..1.

        Returns logits f32 (N, num_classes).
        """
        maps: Tensor = self.head(self.blocks(self.stem(image)))
        return maps.mean(dim=(2, 3))
