"""EmotiEffLib's multi-task MobileFaceNet: expressions, valence and arousal, of twice the width.

Papers: Savchenko 2024, "HSEmotion Team at the 6th ABAW Competition: Facial Expressions,
Valence-Arousal and Emotion Intensity Prediction" (CVPR Workshops); Chen et al. 2018,
"MobileFaceNets". Original code: https://github.com/sb-ai-lab/EmotiEffLib (Apache-2.0),
emotiefflib/backbones/mobilefacenet.py, with a linear layer behind it, as the authors' notebooks
print the published model (training_and_examples/ABAW/ABAW8/bah.ipynb). Names are those of that
file, which is a whole pickled model.

Differs from the original: nothing in the arithmetic. That its second convolution joins channels two
by two, where a MobileFaceNet has one kernel for each, is its own.
"""

from __future__ import annotations

from typing import Final

from torch import Tensor, nn

_NARROW: Final = 128
_WIDE: Final = 256
_FEATURES: Final = 512
_SIDE: Final = 7


class _Layers(nn.Module):
    """Layers one after the other; where ``residual``, added to their input."""

    def __init__(self, *layers: nn.Module, residual: bool = False) -> None:
        super().__init__()
        self.residual = residual
        self.layers = nn.Sequential(*layers)

    def forward(self, maps: Tensor) -> Tensor:
        made: Tensor = self.layers(maps)
        return maps + made if self.residual else made


def _conv(
    channels: int, width: int, *, kernel: int = 1, stride: int = 1, groups: int = 1
) -> _Layers:
    """Convolution, normalisation, and a slope of its own for each channel below 0."""
    convolution = nn.Conv2d(
        channels, width, kernel, stride=stride, padding=kernel // 2, groups=groups, bias=False
    )
    return _Layers(convolution, nn.BatchNorm2d(width), nn.PReLU(width))


def _plain_conv(channels: int, width: int, *, kernel: int = 1, groups: int = 1) -> _Layers:
    """Convolution without padding, and normalisation."""
    convolution = nn.Conv2d(channels, width, kernel, groups=groups, bias=False)
    return _Layers(convolution, nn.BatchNorm2d(width))


def _bottleneck(
    channels: int, width: int, *, inner: int, stride: int = 1, residual: bool = False
) -> _Layers:
    """Widen, convolve each channel, narrow."""
    return _Layers(
        _conv(channels, inner),
        _conv(inner, inner, kernel=3, stride=stride, groups=inner),
        _plain_conv(inner, width),
        residual=residual,
    )


def _residuals(channels: int, *, count: int) -> _Layers:
    blocks = (_bottleneck(channels, channels, inner=channels, residual=True) for _ in range(count))
    return _Layers(*blocks)


class _MobileFaceNet(nn.Module):
    """Faces (N, 3, 112, 112) to features (N, 512)."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            _conv(3, _NARROW, kernel=3, stride=2),
            _conv(_NARROW, _NARROW, kernel=3, groups=_NARROW // 2),
            _bottleneck(_NARROW, _NARROW, inner=128, stride=2),
            _residuals(_NARROW, count=4),
            _bottleneck(_NARROW, _WIDE, inner=256, stride=2),
            _residuals(_WIDE, count=6),
            _bottleneck(_WIDE, _WIDE, inner=512, stride=2),
            _residuals(_WIDE, count=2),
        )
        self.conv_sep = _conv(_WIDE, _FEATURES)
        self.features = _Layers(
            _plain_conv(_FEATURES, _FEATURES, kernel=_SIDE, groups=_FEATURES),
            nn.Flatten(),
            nn.Linear(_FEATURES, _FEATURES, bias=False),
            nn.BatchNorm1d(_FEATURES),
        )

    def forward(self, image: Tensor) -> Tensor:
        return self.features(self.conv_sep(self.layers(image)))  # type: ignore[no-any-return]


class Mbf(nn.Module):
    """The network: 2,064,650 values for eight classes and two regressions.

    Args:
        num_classes: logits of the output, which come first.
        num_regressions: columns of the output after them: valence, arousal.
    """

    def __init__(self, num_classes: int = 8, num_regressions: int = 2) -> None:
        super().__init__()
        self.features = _MobileFaceNet()
        self.fc = nn.Linear(_FEATURES, num_classes + num_regressions)

    def forward(self, image: Tensor) -> Tensor:
        """Classify faces, RGB f32 (N, 3, 112, 112), values in -1..1.

        Returns f32 (N, num_classes + num_regressions): logits, then values as the layer gives them.
        """
        return self.fc(self.features(image))  # type: ignore[no-any-return]
