"""What this machine has, what is missing, and how to mend it."""

from __future__ import annotations

import ctypes.util
import os
import platform
import shlex
import sqlite3
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ferbench import __version__
from ferbench.config.published import chosen_files
from ferbench.errors import FerbenchError, TrackingError
from ferbench.places import cache_dir, checkout_root, default_root, models_dir, store_uri
from ferbench.sentences import Setting, Text
from ferbench.tracking.mlflow_schema import check_schema
from ferbench.workflows.doctor_outbox import check_outbox
from ferbench.workflows.doctor_runs import check_runs
from ferbench.workflows.doctor_weights import Finding, State, check_weights
from ferbench.workflows.weights_catalogue import GROUPS

if TYPE_CHECKING:
    import pandas as pd

_PACKAGES: Final = ("torch", "torchvision", "numpy", "av", "hydra-core", "mlflow")
_CODECS: Final = ("h264", "hevc", "vp9", "av1", "mpeg4", "mjpeg")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Diagnosis:
    """All checks of a machine.

    Attributes:
        findings: the checks.
    """

    findings: tuple[Finding, ...]

    @property
    def has_problems(self) -> bool:
        """Whether something keeps a run from working."""
        return any(finding.state == "problem" for finding in self.findings)

    def __repr__(self) -> str:
        """A line per check."""
        lines = [f"{each.state:7}  {each.what}: {each.seen}" for each in self.findings]
        return "\n".join(["Diagnosis:", *lines])

    def to_frame(self) -> pd.DataFrame:
        """A row per check."""
        import pandas as pd

        rows = [(each.what, each.state, each.seen, each.mend) for each in self.findings]
        return pd.DataFrame(rows, columns=["what", "state", "seen", "mend"])


def doctor(settings: str | Sequence[str] = ()) -> Diagnosis:
    """Check versions, device, decoders, store, runs, cache and weights.

    A check that breaks is a finding.

    Args:
        settings: one or more arguments of a run (``model=apvit_rafdb``), whose weights are
            checked.

    Raises:
        ConfigError: an argument that cannot be read, or names no such key or choice.
    """
    root = default_root()
    overrides = [settings] if isinstance(settings, str) else settings
    needed = chosen_files(GROUPS, overrides)
    checks: list[Callable[[], list[Finding]]] = [
        _versions,
        _device,
        _decoders,
        _libgl,
        lambda: _places(root),
        lambda: _store(root),
        lambda: check_runs(root),
        lambda: check_outbox(root),
        lambda: check_weights(needed, models_dir(root)),
    ]
    findings: list[Finding] = []
    for check in checks:
        findings += _checked(check)
    return Diagnosis(findings=tuple(findings))


def _checked(check: Callable[[], list[Finding]]) -> list[Finding]:
    try:
        return check()
    except FerbenchError as error:
        seen: str = Text(f"{type(error).__name__}: ", error.text())
    except (ImportError, OSError, sqlite3.Error) as error:
        seen = f"{type(error).__name__}: {error}"
    return [Finding(what="check", state="problem", seen=seen, mend="see above")]


def _versions() -> list[Finding]:
    from ferbench.provenance import environment

    versions = environment()
    kind = "checkout" if checkout_root() else "installed package"
    packages = ", ".join(f"{name} {versions[name]}" for name in _PACKAGES)
    return [
        Finding(what="ferbench", state="ok", seen=f"{__version__} ({kind})"),
        _python(),
        Finding(what="packages", state="ok", seen=packages),
    ]


def _python() -> Finding:
    seen = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    if (3, 11) <= sys.version_info[:2] < (3, 14):
        return Finding(what="python", state="ok", seen=seen)
    return Finding(what="python", state="problem", seen=seen, mend="use Python 3.11, 3.12 or 3.13")


def _device() -> list[Finding]:
    """Which device a run takes by itself, and whether each kind computes, or why it cannot."""
    reasons = {"cuda": _why_no_cuda(), "mps": _why_no_mps(), "cpu": ""}
    problems = {kind: _why_not_computing(kind) for kind, reason in reasons.items() if not reason}
    texts = []
    for kind, reason in reasons.items():
        words = f"no ({reason})" if reason else problems[kind] or _device_name(kind)
        texts.append(f"{kind}: {words}")
    automatic = next(iter(problems))
    seen = f"auto takes {automatic}; {'; '.join(texts)}"
    if any(problems.values()):
        mend = Text("choose another with ", Setting("runtime.device", "cpu"))
        return [Finding(what="device", state="problem", seen=seen, mend=mend)]
    if automatic == "cpu":
        advice = "fine for short videos; for a GPU install its driver, then check 'nvidia-smi'"
        return [Finding(what="device", state="note", seen=seen, mend=advice)]
    return [Finding(what="device", state="ok", seen=seen)]


def _why_no_cuda() -> str:
    """Why there is no CUDA device; "" = there is one."""
    import torch

    if torch.cuda.is_available():
        return ""
    if torch.version.cuda:
        return f"no NVIDIA driver found; torch is built for CUDA {torch.version.cuda}"
    return "no CUDA build"


def _why_no_mps() -> str:
    """Why there is no Apple GPU; "" = there is one."""
    import torch

    return "" if torch.backends.mps.is_available() else "Apple GPUs only"


def _device_name(kind: str) -> str:
    import torch

    if kind == "cuda":
        return ", ".join(torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count()))
    if kind == "mps":
        return "Apple GPU"
    return f"{os.cpu_count()} processors, {torch.get_num_threads()} threads"


def _why_not_computing(kind: str) -> str:
    """Why a device cannot add two numbers; "" = it can."""
    import torch

    try:
        total = float((torch.ones(2, device=kind) + 1).sum())
    except RuntimeError as error:
        return str(error).splitlines()[0]
    return "" if total == 4.0 else "adds wrongly"


def _decoders() -> list[Finding]:
    import av

    missing = [name for name in _CODECS if name not in av.codecs_available]
    there = ", ".join(name for name in _CODECS if name not in missing)
    library = ".".join(map(str, av.library_versions["libavcodec"]))
    seen = f"PyAV {av.__version__}, libavcodec {library}: {there}"
    if not missing:
        return [Finding(what="decoders", state="ok", seen=seen)]
    state: State = "problem" if "h264" in missing else "note"
    mend = f"missing: {', '.join(missing)}; reinstall av from a wheel"
    return [Finding(what="decoders", state=state, seen=seen, mend=mend)]


def _libgl() -> list[Finding]:
    if sys.platform != "linux":
        return []
    if ctypes.util.find_library("GL"):
        return [Finding(what="libGL", state="ok", seen="found")]
    mend = Text("only ", Setting("reader", "opencv"), " needs it; apt-get install libgl1")
    return [Finding(what="libGL", state="note", seen="not found", mend=mend)]


def _places(root: Path) -> list[Finding]:
    from ferbench.pipeline.cache import Cache
    from ferbench.weights import kept_graphs

    existing = root if root.exists() else root.parent
    place = Finding(what="root", state="ok", seen=str(root))
    if not os.access(existing, os.W_OK):
        mend = "not writable; set FERBENCH_HOME to a folder that is"
        place = Finding(what="root", state="problem", seen=str(root), mend=mend)
    folder = cache_dir(root)
    tables_mb, graphs_mb = Cache(folder).size_bytes() / 1e6, kept_graphs.size_bytes() / 1e6
    seen = (
        f"{tables_mb + graphs_mb:.1f} MB in {folder} (safe to delete): {tables_mb:.1f} MB tables, "
        f"{graphs_mb:.1f} MB translated networks"
    )
    return [place, Finding(what="cache", state="ok", seen=seen), _privacy(root)]


def _privacy(root: Path) -> Finding:
    """Whether others on this machine can read what is kept of people."""
    kept = (root / ".ferbench", root / "mlruns", root / "mlflow.db")
    open_ones = [path for path in kept if path.exists() and path.stat().st_mode & 0o077]
    if not open_ones or root.stat().st_mode & 0o077 == 0:
        seen = "what is kept of people can be read by this account alone"
        return Finding(what="privacy", state="ok", seen=seen)
    seen = f"others can read {', '.join(path.name for path in open_ones)} in {root}"
    paths = " ".join(shlex.quote(str(path)) for path in open_ones)
    mend = f"if nobody else should: chmod -R go= {paths}"
    return Finding(what="privacy", state="note", seen=seen, mend=mend)


def _store(root: Path) -> list[Finding]:
    uri = store_uri(root)
    path = root / "mlflow.db"
    if not path.exists():
        seen = f"{uri}: not there yet"
        return [Finding(what="store", state="note", seen=seen, mend="the first run creates it")]
    try:
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
            runs = database.execute("SELECT COUNT(*) FROM runs").fetchone()[0]
    except sqlite3.Error as error:
        mend = f"its creation was interrupted, or it is no store: move {path} away and run again"
        return [Finding(what="store", state="problem", seen=f"{uri}: {error}", mend=mend)]
    try:
        check_schema(uri)
    except TrackingError as error:
        return [Finding(what="store", state="problem", seen=error.message, mend=error.hint)]
    return [Finding(what="store", state="ok", seen=f"{uri}: {runs} runs")]
