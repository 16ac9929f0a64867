"""MobileFaceNet's maps at three scales, as POSTER V2 uses them.

Paper: Chen et al. 2018, "MobileFaceNets: Efficient CNNs for Accurate Real-Time Face Verification on
Mobile Devices". Layer sizes and names are those of the landmark network in Talented-Q/POSTER_V2
(MIT), ``models/mobilefacenet.py``.

Differs from the original: the last layers, which turn the maps into 68 landmarks and whose result
POSTER V2 throws away, are not built.
"""

from __future__ import annotations

from torch import Tensor, nn


def conv_norm(
    channels: int, width: int, *, kernel: int = 1, stride: int = 1, groups: int = 1
) -> nn.Sequential:
    """Convolution without bias, then normalisation."""
    layers = nn.Sequential()
    layers.conv = nn.Conv2d(
        channels, width, kernel, stride=stride, padding=kernel // 2, groups=groups, bias=False
    )
    layers.bn = nn.BatchNorm2d(width)
    return layers


def conv_norm_prelu(
    channels: int, width: int, *, kernel: int = 1, stride: int = 1, groups: int = 1
) -> nn.Sequential:
    """Convolution without bias, normalisation, and a slope of its own for each channel below 0."""
    layers = conv_norm(channels, width, kernel=kernel, stride=stride, groups=groups)
    layers.prelu = nn.PReLU(width)
    return layers


class _Bottleneck(nn.Module):
    """Widen, convolve each channel, narrow; where ``residual``, added to its input."""

    def __init__(
        self, channels: int, width: int, *, inner: int, stride: int = 1, residual: bool = False
    ) -> None:
        super().__init__()
        self.residual = residual
        self.conv = conv_norm_prelu(channels, inner)
        self.conv_dw = conv_norm_prelu(inner, inner, kernel=3, stride=stride, groups=inner)
        self.project = conv_norm(inner, width)

    def forward(self, x: Tensor) -> Tensor:
        narrowed: Tensor = self.project(self.conv_dw(self.conv(x)))
        return x + narrowed if self.residual else narrowed


class _Residuals(nn.Module):
    def __init__(self, channels: int, *, inner: int, count: int) -> None:
        super().__init__()
        self.model = nn.Sequential(
            *(_Bottleneck(channels, channels, inner=inner, residual=True) for _ in range(count))
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.model(x)  # type: ignore[no-any-return]


class MobileFaceNet(nn.Module):
    """The network up to its last maps."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = conv_norm_prelu(3, 64, kernel=3, stride=2)
        self.conv2_dw = conv_norm_prelu(64, 64, kernel=3, groups=64)
        self.conv_23 = _Bottleneck(64, 64, inner=128, stride=2)
        self.conv_3 = _Residuals(64, inner=128, count=4)
        self.conv_34 = _Bottleneck(64, 128, inner=256, stride=2)
        self.conv_4 = _Residuals(128, inner=256, count=6)
        self.conv_45 = _Bottleneck(128, 128, inner=512, stride=2)
        self.conv_5 = _Residuals(128, inner=256, count=2)
        self.conv_6_sep = conv_norm_prelu(128, 512)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Maps of faces f32 (N, 3, 112, 112).

        f32 (N, 64, 28, 28), (N, 128, 14, 14) and (N, 512, 7, 7).
        """
        large: Tensor = self.conv_3(self.conv_23(self.conv2_dw(self.conv1(image))))
        middle: Tensor = self.conv_4(self.conv_34(large))
        small: Tensor = self.conv_6_sep(self.conv_5(self.conv_45(middle)))
        return large, middle, small
