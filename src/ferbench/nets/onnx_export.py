"""Expression networks as ONNX graphs, by torch's exporter, with their weights in them.

The graph takes one face, as whole grey levels, and normalises them itself. Its operators do what
the network's layers do; only sums may be added in another order.
"""

from __future__ import annotations

import hashlib
import logging
import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Final

import torch
from torch import Tensor, nn

from ferbench.errors import ConfigError
from ferbench.sentences import Setting, Text

LEVELS: Final = "levels"
LOGITS: Final = "logits"
_EXPORTERS: Final = ("onnx", "onnxscript", "onnx-ir", "onnx2torch", "timm", "torch")
_MOST_LETTERS: Final = 200
_NAMES_OF_USERS: Final = ("LOGNAME", "USER", "LNAME", "USERNAME")  # as getpass reads them
_CHATTY: Final = ("torch.fx", "torch.export", "torch.onnx", "onnxscript", "onnx_ir")


class FromLevels(nn.Module):
    """A network behind its normalisation: ``(levels / 255 - mean) / std`` per channel.

    Args:
        net: from values f32 (N, C, S, S) to logits.
        mean: of values in 0..1, one per channel.
        std: of values in 0..1, one per channel.
    """

    channel_mean: Tensor
    channel_std: Tensor

    def __init__(self, net: nn.Module, *, mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__()
        self.net = net
        self.register_buffer("channel_mean", _per_channel(mean))
        self.register_buffer("channel_std", _per_channel(std))
        self.eval().requires_grad_(False)

    def forward(self, levels: Tensor) -> Tensor:
        """Levels u8 (N, C, S, S) to logits f32 (N, K)."""
        logits: Tensor = self.net((levels.float() / 255 - self.channel_mean) / self.channel_std)
        return logits.float()


def _per_channel(values: Sequence[float]) -> Tensor:
    return torch.tensor(values, dtype=torch.float32).view(1, -1, 1, 1)


def exported(net: FromLevels, side_px: int) -> bytes:
    """A network as an ONNX file: ``levels`` u8 (1, C, S, S) to ``logits`` f32 (1, K).

    Args:
        net: on a CPU.
        side_px: S.

    Raises:
        ConfigError: the network has steps that torch cannot translate.
    """
    example = torch.zeros((1, net.channel_mean.shape[1], side_px, side_px), dtype=torch.uint8)
    try:
        with _quiet(), _user_named(), torch.no_grad():
            program = torch.onnx.export(
                net,
                (example,),
                input_names=[LEVELS],
                output_names=[LOGITS],
                dynamo=True,
                verbose=False,
            )
    except torch.onnx.OnnxExporterError as error:
        name = type(net.net).__name__
        reason = " ".join(str(error.__cause__ or error).split())[:_MOST_LETTERS]
        raise ConfigError(
            f"{name} cannot be translated for onnxruntime: {reason}",
            key="engine",
            hint=Text("use ", Setting("engine", "torch")),
        ) from error
    assert program is not None
    graph: bytes = program.model_proto.SerializeToString()
    return graph


def exporter_versions() -> dict[str, str]:
    """What a graph depends on besides network and weights: libraries, and the networks' source."""
    versions = {name: metadata.version(name) for name in _EXPORTERS}
    sources = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        sources.update(path.read_bytes())
    return {**versions, "ferbench.nets": sources.hexdigest()}


@contextmanager
def _quiet() -> Iterator[None]:
    """What the exporter tells of its own progress is of no use to anybody here."""
    loggers = [logging.getLogger(name) for name in _CHATTY]
    before = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)


@contextmanager
def _user_named() -> Iterator[None]:
    """Spare torch a look-up of the user's name, which asks name services, or fails in a container.

    It names a folder of compiled code after the user when parts of it are imported.
    """
    if not hasattr(os, "geteuid") or any(os.environ.get(name) for name in _NAMES_OF_USERS):
        yield
        return
    name = _NAMES_OF_USERS[0]
    before = os.environ.get(name)
    os.environ[name] = str(os.geteuid())
    try:
        yield
    finally:
        del os.environ[name]
        if before is not None:
            os.environ[name] = before
