"""Whether a file can be what its name says, asked of files whose digest nobody published.

Nothing in them runs.
"""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import Final

_TORCH: Final = (".pt", ".pth", ".tar", ".bin")
_TORCH_BEFORE_1_6: Final = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
_HDF5: Final = (".h5", ".hdf5")
_ONNX: Final = (".onnx",)
_ARCHIVE: Final = (".zip",)
_LEAST_BYTES: Final = 32  # no network is smaller
_PAGES: Final = (b"<!doctype", b"<html", b"<?xml", b"<head", b"<body", b"<script")


def fault(path: Path, suffix: str) -> str:
    """Why a file cannot be what it should be; "" = it can be.

    Args:
        path: the file, under any name.
        suffix: the one that it will have; others than those of torch, HDF5, ONNX and zip archives
            are only kept from being web pages.
    """
    with path.open("rb") as stream:
        beginning = stream.read(512)
    if not beginning:
        return "it is empty"
    if beginning.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(_PAGES):
        return "it is a web page (a login, a quota or an error)"
    if beginning.startswith(b"version https://git-lfs.github.com/spec/"):
        return "it is Git LFS' pointer to the file, not the file"
    if path.stat().st_size < _LEAST_BYTES:
        return f"it has {path.stat().st_size} bytes, too few for a network"
    if suffix in _ARCHIVE:
        return _fault_of_zip(path)
    if suffix in _TORCH:
        return "" if beginning.startswith(_TORCH_BEFORE_1_6) else _fault_of_archive(path)
    if suffix in _HDF5:
        return _fault_of_hdf5(path)
    return _fault_of_onnx(path) if suffix in _ONNX else ""


def _fault_of_archive(path: Path) -> str:
    """Of a zip archive the list of contents stands at its end, so a cut one shows."""
    try:
        with zipfile.ZipFile(path) as archive:
            saved = any(name.endswith("/data.pkl") for name in archive.namelist())
    except zipfile.BadZipFile:
        return "it is no file of torch.save, or its end is missing"
    return "" if saved else "it is a zip archive, but no file of torch.save"


def _fault_of_zip(path: Path) -> str:
    """Of an archive with one file of torch.save in it.

    What torch.save writes itself is an archive too.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
            if any(member.filename.endswith("/data.pkl") for member in members):
                return ""
            if len(members) != 1:
                return f"expected a zip archive with one file, the weights; it has {len(members)}"
            if members[0].file_size < _LEAST_BYTES:
                return f"{members[0].filename} in it has {members[0].file_size} bytes, too few for a network"
            damaged = archive.testzip()
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError) as error:
        return f"it is no whole zip archive: {error}"
    return f"{damaged} in it is damaged" if damaged else ""


def _fault_of_hdf5(path: Path) -> str:
    import h5py

    try:
        with h5py.File(path, "r"):
            return ""
    except OSError as error:
        return f"it is no whole HDF5 file: {error}"


def _fault_of_onnx(path: Path) -> str:
    import onnx
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

    try:
        graph = onnx.load_model(str(path), load_external_data=False).graph
    except DecodeError as error:
        return f"it is no whole ONNX file: {error}"
    return "" if len(graph.node) else "it is no ONNX file, or one without a network"
