"""One class for every expression model: colour, size, normalisation, network.

What differs is in the model's yaml.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, get_args

import numpy as np
import torch
from torch import Tensor, nn

from ferbench.checks import check_at_least_1, check_choice
from ferbench.engine_choice import EngineName, Precision, computing_with, uses_torch
from ferbench.errors import ConfigError, DataError
from ferbench.face_input import Colour, Resize, levels
from ferbench.fingerprint import KEY_AS_WITHOUT, fingerprint
from ferbench.geometry import CropGeometry
from ferbench.nets.onnx_export import LEVELS, FromLevels, exported, exporter_versions
from ferbench.types import Channels, Regression
from ferbench.weights import onnx_graph
from ferbench.weights.checking import check_with_digest
from ferbench.weights.checkpoints import load_strictly
from ferbench.weights.kept_graphs import kept_or_made
from ferbench.weights.published import PublishedFile
from ferbench.wording import plural

if TYPE_CHECKING:
    from onnxruntime import InferenceSession


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognizer:
    """A published expression network; implements ``ferbench.protocols.Model``.

    The steps, in this order: colour, size (only where a crop's differs; rounded to whole grey
    levels as image libraries do), division by 255, ``(value - mean) / std`` per channel of the
    network's input, network.

    Attributes:
        net: dotted path of the network's class, built as ``Net(num_classes=K)``, with regressions
            as ``Net(num_classes=K, num_regressions=R)``. It gives K logits, then R regressions in
            their own units, activations included.
        checkpoint: dotted path of the function that reads the weight file: path -> state_dict, or
            path -> network where the file holds the network itself (an ONNX file).
        weights: the weight file.
        labels: the K classes, in the order of the logits, in ferbench's spelling; () = none.
        input_px: side of the network's input.
        colour: what the network was trained on; grey is one channel, computed as OpenCV does;
            grey_rgb the same value in three.
        mean: of values in 0..1, one per channel, in the network's channel order.
        std: of values in 0..1, one per channel, in the network's channel order.
        resize: how a crop of another size is brought to ``input_px``; opencv is OpenCV's bilinear,
            to the bit.
        trained_crop: which crop the weights were trained on; another is allowed (and told).
        engine: what computes the network: ``onnxruntime`` (CPU only), ``torch``, or ``auto``:
            onnxruntime on a CPU, torch elsewhere. On a CPU each face is alone in the network, so
            that its logits do not depend on the batch.
        precision: what torch computes the network with: ``float32``, or half of it, ``bfloat16`` or
            ``float16`` (not on a CPU).
        regressions: the R outputs after the classes, in their order.
    """

    version: ClassVar[str] = "2"

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
    engine: EngineName = "auto"
    precision: Precision = field(default="float32", metadata={KEY_AS_WITHOUT: "float32"})
    regressions: tuple[Regression, ...] = field(default=(), metadata={KEY_AS_WITHOUT: ()})

    def __post_init__(self) -> None:
        """Check what can be checked without importing the network."""
        check_choice("colour", self.colour, get_args(Colour))
        check_choice("resize", self.resize, get_args(Resize))
        check_choice("engine", self.engine, get_args(EngineName))
        check_choice("precision", self.precision, get_args(Precision))
        self._check_channels("mean", self.mean)
        self._check_channels("std", self.std)
        if not all(value > 0 for value in self.std):
            raise ConfigError(key="std", expected="positive values", got=self.std)
        check_at_least_1("input_px", self.input_px, of="pixel")
        _check_dotted("net", self.net)
        _check_dotted("checkpoint", self.checkpoint)
        if not len(self.channels):
            expected = "at least one label, or one of regressions"
            raise ConfigError(key="labels", expected=expected, got=self.labels)

    @property
    def channels(self) -> Channels:
        """What the network's outputs mean, in their order."""
        return Channels(labels=self.labels, regressions=self.regressions)

    def _check_channels(self, name: str, values: tuple[float, ...]) -> None:
        channels = 1 if self.colour == "grey" else 3
        if len(values) != channels:
            expected = f"{channels} value(s) for the colour {self.colour}"
            raise ConfigError(key=name, expected=expected, got=values)

    def weights_files(self) -> tuple[PublishedFile, ...]:
        """The weight file."""
        return (self.weights,)

    def load(self, device: torch.device, models: Path) -> Callable[[Tensor], Tensor]:
        """Return a function from crops, RGB u8 (M, 3, S, S), to outputs f32 (M, K + R).

        Crops and outputs are on ``device``. On a CPU calls may come from several threads; each
        computes in the thread that it comes from (torch with as many as that thread has).

        Raises:
            WeightsError: the file is missing, has another hash, or does not fit the network.
            ConfigError: ``net`` or ``checkpoint`` names nothing usable, or the device has no such
                engine or precision.
        """
        by_torch = uses_torch(self.engine, device, self.precision)
        path, sha256 = check_with_digest(self.weights, models)
        if by_torch:
            return self.around(self._loaded_net(path), device)
        graph = kept_or_made(self._graph_key(sha256), lambda: self._exported(path))
        return _Loaded(self, _OnnxFaces(onnx_graph.session(graph, path)))

    def _loaded_net(self, path: Path) -> nn.Module:
        read = _named(self.checkpoint, "checkpoint")
        if not callable(read):
            raise ConfigError(
                f"expected a function, {self.checkpoint!r} is {read!r}", key="checkpoint"
            )
        content = read(path)
        if isinstance(content, self._kind_of_net()):
            return content
        net = self.empty_net()
        load_strictly(net, content, path)
        return net

    def _exported(self, path: Path) -> bytes:
        from_levels = FromLevels(self._loaded_net(path), mean=self.mean, std=self.std)
        return exported(from_levels, self.input_px)

    def _graph_key(self, sha256: str) -> str:
        """Key of everything that the graph is made from; "" = its source is in no file."""
        made_from = {"model": self, "weights": sha256, "versions": exporter_versions()}
        try:
            return fingerprint(made_from)
        except (ImportError, OSError, TypeError):
            return ""

    def empty_net(self) -> nn.Module:
        """The network as it is before it has weights.

        Raises:
            ConfigError: ``net`` names nothing usable.
        """
        kind = self._kind_of_net()
        counts = {"num_classes": len(self.labels)}
        if self.regressions:
            counts["num_regressions"] = len(self.regressions)
        return kind(**counts)

    def _kind_of_net(self) -> type[nn.Module]:
        kind = _named(self.net, "net")
        if not (isinstance(kind, type) and issubclass(kind, nn.Module)):
            raise ConfigError(f"expected a torch.nn.Module, {self.net!r} is {kind!r}", key="net")
        return kind

    def around(self, net: nn.Module, device: torch.device) -> Callable[[Tensor], Tensor]:
        """The steps of this model around a network that is there already, computed by torch.

        Crops and outputs are as those of ``load``.
        """
        from_levels = FromLevels(net, mean=self.mean, std=self.std).to(device)
        network = _WithPrecision(from_levels, self.precision, device)
        return _Loaded(self, network if device.type != "cpu" else _TorchFaces(network))


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
    """The model with its network.

    Args:
        spec: the model.
        network: from levels u8 (M, C, S, S), at least one, to outputs f32 (M, K + R).
    """

    def __init__(self, spec: Recognizer, network: Callable[[Tensor], Tensor]) -> None:
        self.spec, self.network = spec, network

    @torch.inference_mode()
    def __call__(self, crops: Tensor) -> Tensor:
        """Classify crops u8 (M, 3, S, S)."""
        if crops.dtype != torch.uint8 or crops.dim() != 4 or crops.shape[1] != 3:
            got = f"{crops.dtype} of {tuple(crops.shape)}"
            raise DataError(f"Recognizer: expected crops u8 (M, 3, S, S), got {got}")
        if len(crops) == 0:
            return torch.zeros((0, len(self.spec.channels)), device=crops.device)
        outputs = self.network(self.levels(crops))
        if outputs.shape != (len(crops), len(self.spec.channels)):
            raise ConfigError(
                f"{self.spec.net} gives outputs of shape {tuple(outputs.shape)} for "
                f"{plural(len(crops), 'crop')}; expected one for each of {self.spec.channels}",
                key="labels",
            )
        return outputs

    def levels(self, crops: Tensor) -> Tensor:
        """What the network gets, u8 (M, C, S, S)."""
        spec = self.spec
        return levels(crops, colour=spec.colour, size_px=spec.input_px, how=spec.resize)


@dataclass(frozen=True, slots=True)
class _WithPrecision:
    """A network, computed by torch with a precision; its logits are f32."""

    net: nn.Module
    precision: Precision
    device: torch.device

    def __call__(self, faces: Tensor) -> Tensor:
        with computing_with(self.precision, self.device):
            logits: Tensor = self.net(faces)
        return logits


class _TorchFaces:
    """A network on a CPU, computed by torch face by face."""

    def __init__(self, net: Callable[[Tensor], Tensor]) -> None:
        self.net = net

    def __call__(self, faces: Tensor) -> Tensor:
        return torch.cat([self.net(face[None]) for face in faces])


class _OnnxFaces:
    """A graph, computed by onnxruntime face by face in the calling thread."""

    def __init__(self, session: InferenceSession) -> None:
        self.session = session

    def __call__(self, faces: Tensor) -> Tensor:
        inputs = faces.numpy()[:, None]
        logits = [self.session.run(None, {LEVELS: face})[0] for face in inputs]
        return torch.from_numpy(np.concatenate(logits))
