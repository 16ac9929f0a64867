"""What tells a process which device and which share of the cores it has."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ferbench.pipeline.recipe import usable_cores

if TYPE_CHECKING:
    import torch


def environments(device: torch.device, count: int) -> list[dict[str, str]]:
    """Variables of so many processes that compute side by side.

    Each has its share of the cores, and one of the NVIDIA GPUs; where there are more processes
    than GPUs, some share one.
    """
    share = {"OMP_NUM_THREADS": str(max(1, usable_cores() // count))}
    if device.type != "cuda":
        return [share] * count
    gpus = _visible_gpus()
    return [{**share, "CUDA_VISIBLE_DEVICES": gpus[each % len(gpus)]} for each in range(count)]


def _visible_gpus() -> list[str]:
    """The GPUs that this process sees, by the names that it was given for them, at least one."""
    import torch

    num_gpus = torch.cuda.device_count()
    given = os.environ.get("CUDA_VISIBLE_DEVICES")
    if given is None:
        return [str(number) for number in range(num_gpus)]
    return [name.strip() for name in given.split(",")][:num_gpus]
