"""Where ferbench keeps things on this machine."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

from ferbench.checks import from_home

_FOLDERS: Final = re.compile(
    r"(?<![\w.:/\\-])(?:/(?:(?!\. )[^/\n:;,'\"])+(?=/))+/|\b[A-Za-z]:\\(?:[^\\\n:;,'\"]+\\)*"
)
_RESERVED: Final = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


def checkout_root() -> Path | None:
    """The source checkout that this package is imported from; None = it is an installed wheel."""
    root = Path(__file__).resolve().parents[2]
    expected = (root / "run.py", root / "conf" / "config.yaml")
    return root if all(path.is_file() for path in expected) else None


def default_root() -> Path:
    """The folder that holds models, runs and cache.

    ``FERBENCH_HOME`` if it is set, else the checkout, else the platform's folder for user data.
    """
    home = os.environ.get("FERBENCH_HOME")
    if home:
        return from_home(home).resolve()
    checkout = checkout_root()
    if checkout is not None:
        return checkout
    import platformdirs

    return Path(platformdirs.user_data_dir("ferbench", appauthor=False)).resolve()


def cache_dir(root: Path) -> Path:
    """Stage tables of ``root`` (safe to delete: everything in it can be computed again)."""
    return root / ".ferbench" / "cache"


def models_dir(root: Path) -> Path:
    """Weight files: ``FERBENCH_MODELS`` if it is set, else ``<root>/models``."""
    models = os.environ.get("FERBENCH_MODELS")
    return from_home(models).resolve() if models else root / "models"


def clips_dir(root: Path) -> Path:
    """Downloaded demo videos of ``root``."""
    return root / ".ferbench" / "demo"


def store_uri(root: Path) -> str:
    """The default MLflow store: absolute, so that the working folder does not matter."""
    return f"sqlite:///{(root / 'mlflow.db').as_posix()}"


def file_stem(name: str) -> str:
    """A session's name as a file name that every system accepts.

    The name itself wherever that is one.

    Otherwise the characters that some system forbids become ``_``, and six digits of the name's
    digest keep different names apart.

    >>> file_stem("P07_1"), file_stem("P07/1")
    ('P07_1', 'P07_1-5b9ff4')
    """
    safe = re.sub(r'[<>:"/\\|?*\x00-\x1f]', "_", name).strip(" .")[:100]
    if safe == name and not _RESERVED.fullmatch(name):
        return name
    return f"{safe}-{hashlib.sha256(name.encode()).hexdigest()[:6]}"


def without_folders(text: str) -> str:
    r"""A message with only the last part of every absolute path in it.

    Folders may name people, and records travel.

    >>> without_folders("no such file: /home/ann/My study (2024)/P07 left.mp4. Check the path.")
    'no such file: P07 left.mp4. Check the path.'
    >>> without_folders("https://example.org/a/b, 3 frames/s and C:\\Users\\ann\\x.mp4: cut off")
    'https://example.org/a/b, 3 frames/s and x.mp4: cut off'
    """
    return _FOLDERS.sub("", text)


def folders_replaced(text: str, replacement: Callable[[str], str]) -> str:
    """A text with something in place of each absolute folder in it, last slash included."""
    return _FOLDERS.sub(lambda found: replacement(found[0]), text)


def names_dir(root: Path) -> Path:
    """What stands for absolute folders in records of ``root``, and which folders they are."""
    return root / ".ferbench" / "folders"


def records_dir(root: Path) -> Path:
    """The default folder of ``tracking=files``."""
    return root / "mlruns" / "files"


def outbox_dir(root: Path) -> Path:
    """Records of ``root`` that wait for a store that is away."""
    return root / "mlruns" / "outbox"
