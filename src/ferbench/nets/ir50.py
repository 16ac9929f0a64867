"""IR-50's maps at three scales.

The improved residual network of face recognition, without its last stage.

Paper: Deng et al. 2019, "ArcFace: Additive Angular Margin Loss for Deep Face Recognition" (section
on the improved residual unit). Layer sizes and names are those of Talented-Q/POSTER_V2 (MIT),
``models/ir50.py``, which took them from face.evoLVe (Zhao, MIT).

Differs from the original: the input already has 112 pixels; the last layers, which POSTER V2 does
not use, are not built.
"""

from __future__ import annotations

from torch import Tensor, nn


class IRBlock(nn.Module):
    """Normalise, convolve, PReLU, convolve (with the stride), normalise; added to the shortcut.

    Args:
        channels: of the input.
        width: channels of the output.
        stride: of the second convolution and of the shortcut.
    """

    def __init__(self, channels: int, width: int, stride: int) -> None:
        super().__init__()
        self.shortcut_layer: nn.Module
        if channels != width:
            self.shortcut_layer = nn.Sequential(
                nn.Conv2d(channels, width, 1, stride=stride, bias=False), nn.BatchNorm2d(width)
            )
        else:
            self.shortcut_layer = nn.MaxPool2d(1, stride) if stride > 1 else nn.Identity()
        self.res_layer = nn.Sequential(
            nn.BatchNorm2d(channels),
            nn.Conv2d(channels, width, 3, padding=1, bias=False),
            nn.PReLU(width),
            nn.Conv2d(width, width, 3, stride=stride, padding=1, bias=False),
            nn.BatchNorm2d(width),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Maps f32 (N, channels, H, W) to f32 (N, width, H / stride, W / stride)."""
        return self.res_layer(x) + self.shortcut_layer(x)  # type: ignore[no-any-return]


def ir_stage(channels: int, width: int, count: int) -> nn.Sequential:
    """``count`` blocks, of which the first halves the map.

    f32 (N, channels, H, W) to f32 (N, width, H / 2, W / 2).
    """
    return nn.Sequential(
        IRBlock(channels, width, 2), *(IRBlock(width, width, 1) for _ in range(count - 1))
    )


class IR50(nn.Module):
    """The network up to its third stage, in the naming of POSTER V2."""

    def __init__(self) -> None:
        super().__init__()
        self.input_layer = nn.Sequential(
            nn.Conv2d(3, 64, 3, padding=1, bias=False), nn.BatchNorm2d(64), nn.PReLU(64)
        )
        self.body1 = ir_stage(64, 64, 3)
        self.body2 = ir_stage(64, 128, 4)
        self.body3 = ir_stage(128, 256, 14)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Maps of faces f32 (N, 3, 112, 112).

        f32 (N, 64, 56, 56), (N, 128, 28, 28) and (N, 256, 14, 14).
        """
        large: Tensor = self.body1(self.input_layer(image))
        middle: Tensor = self.body2(large)
        small: Tensor = self.body3(middle)
        return large, middle, small
