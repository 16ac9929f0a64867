"""Which library computes a network, and how precisely.

onnxruntime computes on a CPU and with 32 bits, torch on any device.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Literal

from ferbench.errors import ConfigError
from ferbench.sentences import Setting, Text

if TYPE_CHECKING:
    import torch

EngineName = Literal["auto", "onnxruntime", "torch"]
Precision = Literal["float32", "bfloat16", "float16"]


def uses_torch(engine: EngineName, device: torch.device, precision: Precision = "float32") -> bool:
    """Whether torch computes a network, else onnxruntime.

    Raises:
        ConfigError: onnxruntime is asked for, and the device is not a CPU; or a precision that the
            device or onnxruntime does not compute with.
    """
    on_cpu = device.type == "cpu"
    if engine == "onnxruntime" and not on_cpu:
        raise ConfigError(
            f"onnxruntime computes on the CPU, and the device is {device}",
            key="engine",
            hint=Text("use ", Setting("engine", "auto"), ", or compute on the CPU"),
        )
    by_torch = engine == "torch" or not on_cpu
    if precision != "float32" and not by_torch:
        raise ConfigError(
            f"onnxruntime computes with float32, not with {precision}",
            key="precision",
            hint=Text("use ", Setting("engine", "torch"), ", or ", Setting("precision", "float32")),
        )
    if precision == "float16" and on_cpu:
        raise ConfigError(
            "float16 is for GPUs", key="precision", hint="bfloat16 can be tried out on a CPU"
        )
    return by_torch


def computing_with(precision: Precision, device: torch.device) -> AbstractContextManager[object]:
    """Where torch computes a network with a precision.

    Sums, exponentials and normalisations that need it stay float32 (``torch.autocast``).
    """
    if precision == "float32":
        return nullcontext()
    import torch

    return torch.autocast(device.type, dtype=getattr(torch, precision))
