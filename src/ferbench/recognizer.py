"""One class for every expression model: colour, size, normalisation, network.

What differs is in the model's yaml.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal, get_args

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from ferbench.checks import check_at_least_1, check_choice
from ferbench.errors import ConfigError, DataError
from ferbench.geometry import CropGeometry
from ferbench.labels import expression_name
from ferbench.resize import opencv_linear
from ferbench.weights.checking import check
from ferbench.weights.checkpoints import load_strictly
from ferbench.weights.published import PublishedFile

Colour = Literal["rgb", "bgr", "grey", "grey_rgb"]
Resize = Literal["bilinear", "bilinear_antialias", "opencv", "area", "nearest"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognizer:
    """A published expression network; implements ``ferbench.protocols.Model``.

    The steps, in this order: colour, size (only where a crop's differs; rounded to whole grey
    levels as image libraries do), division by 255, ``(value - mean) / std`` per channel of the
    network's input, network.

    Attributes:
        net: dotted path of the network's class, built as ``Net(num_classes=len(labels))``.
        checkpoint: dotted path of the function that reads the weight file: path -> state_dict.
        weights: the weight file.
        labels: what the network's outputs mean, in their order, in ferbench's spelling.
        input_px: side of the network's input.
        colour: what the network was trained on; grey is one channel, computed as OpenCV does;
            grey_rgb the same value in three.
        mean: of values in 0..1, one per channel, in the network's channel order.
        std: of values in 0..1, one per channel, in the network's channel order.
        resize: how a crop of another size is brought to ``input_px``; opencv is OpenCV's bilinear,
            to the bit.
        trained_crop: which crop the weights were trained on; another is allowed (and told).
    """

    version: ClassVar[str] = "1"

    net: str = field(metadata={"dotted": True})
    checkpoint: str = field(metadata={"dotted": True})
    weights: PublishedFile
    labels: tuple[str, ...]
    input_px: int
    colour: Colour
    mean: tuple[float, ...]
    std: tuple[float, ...]
    resize: Resize
    trained_crop: CropGeometry = field(compare=False)

    def __post_init__(self) -> None:
        """Check what can be checked without importing the network."""
        check_choice("colour", self.colour, get_args(Colour))
        check_choice("resize", self.resize, get_args(Resize))
        self._check_channels("mean", self.mean)
        self._check_channels("std", self.std)
        if not all(value > 0 for value in self.std):
            raise ConfigError(key="std", expected="positive values", got=self.std)
        check_at_least_1("input_px", self.input_px, of="pixel")
        _check_dotted("net", self.net)
        _check_dotted("checkpoint", self.checkpoint)
        _check_expressions("labels", self.labels)

    def _check_channels(self, name: str, values: tuple[float, ...]) -> None:
        channels = 1 if self.colour == "grey" else 3
        if len(values) != channels:
            expected = f"{channels} value(s) for the colour {self.colour}"
            raise ConfigError(key=name, expected=expected, got=values)

    def weights_files(self) -> tuple[PublishedFile, ...]:
        """The weight file."""
        return (self.weights,)

    def load(self, device: torch.device, models: Path) -> Callable[[Tensor], Tensor]:
        """Return a function from crops, RGB u8 (M, 3, S, S), to logits f32 (M, K).

        Crops and logits are on ``device``.

        Raises:
            WeightsError: the file is missing, has another hash, or does not fit the network.
            ConfigError: ``net`` or ``checkpoint`` names nothing usable.
        """
        net = self.empty_net()
        read = _named(self.checkpoint, "checkpoint")
        if not callable(read):
            raise ConfigError(
                f"expected a function, {self.checkpoint!r} is {read!r}", key="checkpoint"
            )
        path = check(self.weights, models)
        load_strictly(net, read(path), path)
        return self.around(net, device)

    def empty_net(self) -> nn.Module:
        """The network as it is before it has weights.

        Raises:
            ConfigError: ``net`` names nothing usable.
        """
        kind = _named(self.net, "net")
        if not (isinstance(kind, type) and issubclass(kind, nn.Module)):
            raise ConfigError(f"expected a torch.nn.Module, {self.net!r} is {kind!r}", key="net")
        return kind(num_classes=len(self.labels))

    def around(self, net: nn.Module, device: torch.device) -> Callable[[Tensor], Tensor]:
        """The steps of this model around a network that is there already, for measurements.

        Crops and logits are as those of ``load``.
        """
        return _Loaded(self, net.eval().requires_grad_(False).to(device), device)


def _check_expressions(key: str, labels: tuple[str, ...]) -> None:
    for label in labels:
        if expression_name(label) != label:
            raise ConfigError(key=key, expected=f"{expression_name(label)!r}", got=label)
    if not labels or len(set(labels)) != len(labels):
        raise ConfigError(key=key, expected="different labels, at least one", got=labels)


def _check_dotted(key: str, path: str) -> None:
    names = path.split(".")
    if len(names) < 2 or not all(name.isidentifier() for name in names):
        raise ConfigError(key=key, expected="a dotted path (module.name)", got=path)


def _named(path: str, key: str) -> Any:
    """What a dotted path names. Raises ConfigError about the setting ``key``."""
    module, _, name = path.rpartition(".")
    try:
        return getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise ConfigError(f"{path!r} cannot be imported: {error}", key=key) from error


class _Loaded:
    """The model with its network on a device."""

    def __init__(self, spec: Recognizer, net: nn.Module, device: torch.device) -> None:
        self.spec, self.net = spec, net
        self.mean = torch.tensor(spec.mean, device=device).view(1, -1, 1, 1)
        self.std = torch.tensor(spec.std, device=device).view(1, -1, 1, 1)

    @torch.inference_mode()
    def __call__(self, crops: Tensor) -> Tensor:
        """Classify crops u8 (M, 3, S, S)."""
        if crops.dtype != torch.uint8 or crops.dim() != 4 or crops.shape[1] != 3:
            got = f"{crops.dtype} of {tuple(crops.shape)}"
            raise DataError(f"Recognizer: expected crops u8 (M, 3, S, S), got {got}")
        if len(crops) == 0:
            return torch.zeros((0, len(self.spec.labels)), device=crops.device)
        channels = coloured(crops, self.spec.colour)
        values = resized(channels, self.spec.input_px, self.spec.resize)
        logits: Tensor = self.net((values / 255 - self.mean) / self.std)
        return logits.float()


def coloured(rgb: Tensor, colour: Colour) -> Tensor:
    """Bring RGB u8 (M, 3, H, W) to the network's channels, u8 (M, 3, H, W).

    One grey channel is (M, 1, H, W). Grey is 0.299 R + 0.587 G + 0.114 B in 15-bit fixed point,
    halves rounded up: to the bit what OpenCV 4 and 5 make.
    """
    if colour == "rgb":
        return rgb
    if colour == "bgr":
        return rgb.flip(1)
    weights = torch.tensor((9798, 19235, 3735), dtype=torch.int32, device=rgb.device)
    parts = rgb.int() * weights.view(1, 3, 1, 1)
    total = parts.sum(dim=1, keepdim=True, dtype=torch.int32)
    grey = ((total + (1 << 14)) >> 15).to(torch.uint8)
    if colour == "grey":
        return grey
    return grey.expand(-1, 3, -1, -1)


def resized(values: Tensor, size_px: int, how: Resize) -> Tensor:
    """Bring u8 (M, C, H, W) to f32 (M, C, size_px, size_px), whole grey levels in 0..255."""
    image = values.float()
    size = (size_px, size_px)
    if values.shape[2:] == size:
        return image
    if how == "opencv":
        return opencv_linear(values, *size).float()
    if how in ("area", "nearest"):
        image = F.interpolate(image, size=size, mode=how)
    else:
        image = F.interpolate(
            image,
            size=size,
            mode="bilinear",
            align_corners=False,
            antialias=how == "bilinear_antialias",
        )
    return image.round_().clamp_(0, 255)
