"""Which library computes a network: onnxruntime on a CPU, or torch on any device."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from ferbench.errors import ConfigError
from ferbench.sentences import Setting, Text

if TYPE_CHECKING:
    import torch

EngineName = Literal["auto", "onnxruntime", "torch"]


def uses_torch(engine: EngineName, device: torch.device) -> bool:
    """Whether torch computes a network, else onnxruntime.

    Raises:
        ConfigError: onnxruntime is asked for, and the device is not a CPU.
    """
    on_cpu = device.type == "cpu"
    if engine == "onnxruntime" and not on_cpu:
        raise ConfigError(
            f"onnxruntime computes on the CPU, and the device is {device}",
            key="engine",
            hint=Text("use ", Setting("engine", "auto"), ", or compute on the CPU"),
        )
    return engine == "torch" or not on_cpu
