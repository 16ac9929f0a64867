"""``ferbench doctor``: what this machine has, what is missing, and how to mend it."""

from __future__ import annotations

import ctypes.util
import importlib.util
import os
import platform
import sqlite3
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ferbench.config.published import chosen_files
from ferbench.errors import FerbenchError
from ferbench.places import cache_dir, checkout_root, default_root, models_dir, store_uri
from ferbench.version import __version__
from ferbench.weights.download.sources import DriveFile, PageFile
from ferbench.weights.published import PublishedFile, is_there
from ferbench.workflows.weights import GROUPS, catalogue, fault, is_restricted, size_text

State = Literal["ok", "note", "problem"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of the doctor: what, in which state, what was seen, how to mend it."""

    what: str
    state: State
    seen: str
    mend: str = ""


def findings(overrides: Sequence[str] = ()) -> list[Finding]:
    """All checks; one that breaks is itself a finding.

    Args:
        overrides: arguments of a run (``model=apvit_rafdb``), whose weights are asked for.

    Raises:
        ConfigError: an argument that cannot be read, or names no such key or choice.
    """
    root = default_root()
    needed = chosen_files(GROUPS, overrides)
    checks: list[Callable[[], list[Finding]]] = [
        _versions,
        _device,
        _decoders,
        _libgl,
        lambda: _places(root),
        lambda: _store(root),
        lambda: _weights(needed, models_dir(root)),
    ]
    result: list[Finding] = []
    for check in checks:
        try:
            result.extend(check())
        except (ImportError, OSError, FerbenchError, sqlite3.Error) as error:
            result.append(
                Finding(
                    what="check",
                    state="problem",
                    seen=f"{type(error).__name__}: {error}",
                    mend="see above",
                )
            )
    return result


def _versions() -> list[Finding]:
    from ferbench.provenance import environment

    versions = environment()
    supported = (3, 11) <= sys.version_info[:2] < (3, 14)
    source = checkout_root()
    seen = ", ".join(
        f"{n} {versions[n]}"
        for n in ("torch", "torchvision", "numpy", "av", "hydra-core", "mlflow")
    )
    return [
        Finding(
            what="ferbench",
            state="ok",
            seen=f"{__version__} ({'checkout' if source else 'installed package'})",
        ),
        Finding(
            what="python",
            state="ok" if supported else "problem",
            seen=f"{platform.python_version()} on {platform.system()} {platform.machine()}",
            mend="" if supported else "use Python 3.11, 3.12 or 3.13",
        ),
        Finding(what="packages", state="ok", seen=seen),
    ]


def _device() -> list[Finding]:
    """What ``runtime.device=auto`` takes, and for each kind of device whether it computes, or why
    it cannot.
    """
    import torch

    seen, broken = [], []
    for kind, there, reason in (
        ("cuda", torch.cuda.is_available(), _no_cuda()),
        ("mps", torch.backends.mps.is_available(), "Apple GPUs only"),
        ("cpu", True, ""),
    ):
        if not there:
            seen.append(f"{kind}: no ({reason})")
            continue
        problem = _computes(kind)
        broken += [f"{kind}: {problem}"] if problem else []
        seen.append(f"{kind}: {problem or _device_name(kind)}")
    automatic = (
        "cuda"
        if torch.cuda.is_available()
        else "mps"
        if torch.backends.mps.is_available()
        else "cpu"
    )
    text = f"auto takes {automatic}; " + "; ".join(seen)
    if broken:
        return [
            Finding(
                what="device",
                state="problem",
                seen=text,
                mend="choose another with runtime.device=cpu",
            )
        ]
    mend = (
        "fine for short videos; for a GPU install its driver, then check 'nvidia-smi'"
        if automatic == "cpu"
        else ""
    )
    return [
        Finding(what="device", state="note" if automatic == "cpu" else "ok", seen=text, mend=mend)
    ]


def _no_cuda() -> str:
    import torch

    return (
        f"no NVIDIA driver found; torch is built for CUDA {torch.version.cuda}"
        if torch.version.cuda
        else "no CUDA build"
    )


def _device_name(kind: str) -> str:
    import torch

    if kind == "cuda":
        return ", ".join(torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count()))
    return (
        "Apple GPU"
        if kind == "mps"
        else f"{os.cpu_count()} processors, {torch.get_num_threads()} threads"
    )


def _computes(kind: str) -> str:
    """Why a device cannot add two numbers; "" = it can."""
    import torch

    try:
        return "" if float((torch.ones(2, device=kind) + 1).sum()) == 4.0 else "adds wrongly"
    except RuntimeError as error:
        return str(error).splitlines()[0]


def _decoders() -> list[Finding]:
    import av

    names = ("h264", "hevc", "vp9", "av1", "mpeg4", "mjpeg")
    there = [name for name in names if name in av.codecs_available]
    library = ".".join(str(n) for n in av.library_versions["libavcodec"])
    missing = [name for name in names if name not in there]
    return [
        Finding(
            what="decoders",
            state="problem" if "h264" in missing else "note" if missing else "ok",
            seen=f"PyAV {av.__version__}, libavcodec {library}: {', '.join(there)}",
            mend=f"missing: {', '.join(missing)}; reinstall av from a wheel" if missing else "",
        )
    ]


def _libgl() -> list[Finding]:
    if sys.platform != "linux":
        return []
    if ctypes.util.find_library("GL"):
        return [Finding(what="libGL", state="ok", seen="found")]
    mend = "only reader=opencv needs it; apt-get install libgl1"
    return [Finding(what="libGL", state="note", seen="not found", mend=mend)]


def _places(root: Path) -> list[Finding]:
    from ferbench.pipeline.cache import Cache

    writable = os.access(root if root.exists() else root.parent, os.W_OK)
    size = Cache(cache_dir(root)).size_bytes() / 1e6
    return [
        Finding(
            what="root",
            state="ok" if writable else "problem",
            seen=str(root),
            mend="" if writable else "not writable; set FERBENCH_HOME to a folder that is",
        ),
        Finding(
            what="cache", state="ok", seen=f"{size:.1f} MB in {cache_dir(root)} (safe to delete)"
        ),
    ]


def _store(root: Path) -> list[Finding]:
    uri = store_uri(root)
    path = root / "mlflow.db"
    if not path.exists():
        return [
            Finding(
                what="store",
                state="note",
                seen=f"{uri}: not there yet",
                mend="the first run creates it",
            )
        ]
    try:
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
            runs = database.execute("SELECT COUNT(*) FROM runs").fetchone()[0]
    except sqlite3.Error as error:
        mend = f"its creation was interrupted, or it is no store: move {path} away and run again"
        return [Finding(what="store", state="problem", seen=f"{uri}: {error}", mend=mend)]
    return [Finding(what="store", state="ok", seen=f"{uri}: {runs} runs")]


def _weights(needed: Mapping[str, Sequence[PublishedFile]], folder: Path) -> list[Finding]:
    """Files of the chosen detector and model one by one; of all other choices how many are here."""
    result = []
    for choice, files in needed.items():
        missing = [item for item in files if not is_there(item, folder)]
        wrong = [said for item in files if is_there(item, folder) and (said := fault(item, folder))]
        if wrong:
            result.append(Finding(what=f"weights {choice}", state="problem", seen="; ".join(wrong)))
        if wrong and not missing:
            continue
        state, mend = _mended(choice, missing)
        seen = "; ".join(
            f"{item.file} is missing (size {size_text((item,))}), from {item.source}"
            for item in missing
        )
        if is_restricted(missing):
            seen += "; for research only"
        result.append(
            Finding(
                what=f"weights {choice}",
                state=state,
                seen=seen or f"in {folder}",
                mend=mend and f"{mend} ({folder})",
            )
        )
    others = [files for choice, files in catalogue().items() if choice not in needed]
    here = sum(all(is_there(item, folder) for item in files) for files in others)
    seen = f"{here} of {len(others)} other detectors and models have theirs here"
    mend = (
        ""
        if here == len(others)
        else "ferbench models list names them; ferbench doctor model=NAME tells how to get them"
    )
    return [*result, Finding(what="other weights", state="ok", seen=seen, mend=mend)]


def _mended(choice: str, missing: Sequence[PublishedFile]) -> tuple[State, str]:
    """How bad it is that files are missing, and what to do."""
    if not missing:
        return "ok", ""
    command = f"ferbench models fetch {choice}"
    by_hand = [item for item in missing if isinstance(item.source, PageFile)]
    if by_hand:
        names = ", ".join(Path(item.file).name for item in by_hand)
        pages = ", ".join(
            dict.fromkeys(item.source.page for item in by_hand if isinstance(item.source, PageFile))
        )
        return (
            "problem",
            f"download {names} in a browser from {pages}, then run: ferbench models import DIR",
        )
    if (
        any(isinstance(item.source, DriveFile) for item in missing)
        and importlib.util.find_spec("gdown") is None
    ):
        return "problem", f"pip install 'ferbench[drive]', then: {command}"
    return "note", f"fetched at first use, or now: {command}"
