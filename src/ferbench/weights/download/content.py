"""Whether a file can be what its name says, asked of files whose digest nobody published.

Nothing in them runs.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Final

from ferbench.weights import archives, hdf5

_TORCH: Final = (".pt", ".pth", ".tar", ".bin")
_TORCH_BEFORE_1_6: Final = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
_HDF5: Final = (".h5", ".hdf5")
_ONNX: Final = (".onnx",)
_SAFETENSORS: Final = (".safetensors",)
_ARCHIVE: Final = (".zip",)
_LEAST_BYTES: Final = 32  # no network is smaller
_BEGINNING_BYTES: Final = 512
_LFS_POINTER: Final = b"version https://git-lfs.github.com/spec/"
_BLANKS: Final = b"\xef\xbb\xbf \t\r\n"
_PAGES: Final = (b"<!doctype", b"<html", b"<?xml", b"<head", b"<body", b"<script")


def why_impossible(path: Path, suffix: str) -> str:
    """Why a file cannot be what it should be; "" = it can be.

    Args:
        path: the file, under any name.
        suffix: the one that it will have; others than those of torch, HDF5, ONNX, safetensors and
            zip archives are only kept from being web pages.
    """
    with path.open("rb") as stream:
        beginning = stream.read(_BEGINNING_BYTES)
    size_bytes = path.stat().st_size
    if not beginning:
        return "it is empty"
    if beginning.lstrip(_BLANKS).lower().startswith(_PAGES):
        return "it is a web page (a login, a quota or an error)"
    if beginning.startswith(_LFS_POINTER):
        return "it is Git LFS' pointer to the file, not the file"
    if size_bytes < _LEAST_BYTES:
        return f"it has {size_bytes} bytes, too few for a network"
    return _why_not_of_kind(path, suffix, beginning)


def _why_not_of_kind(path: Path, suffix: str, beginning: bytes) -> str:
    if suffix in _ARCHIVE:
        return _why_no_archive(path)
    if suffix in _TORCH and not beginning.startswith(_TORCH_BEFORE_1_6):
        return _why_no_torch_archive(path)
    if suffix in _HDF5:
        return _why_no_hdf5(path)
    if suffix in _ONNX:
        return _why_no_onnx(path)
    if suffix in _SAFETENSORS:
        return _why_no_safetensors(path)
    return ""


def _why_no_torch_archive(path: Path) -> str:
    """The list of contents of a zip archive stands at its end, so a cut one shows."""
    try:
        with archives.opened(path) as archive:
            is_saved = any(name.endswith("/data.pkl") for name in archive.namelist())
    except archives.UNREADABLE as error:
        return f"it is no file of torch.save, or its end is missing ({error})"
    return "" if is_saved else "it is a zip archive, but no file of torch.save"


def _why_no_archive(path: Path) -> str:
    """Of an archive with one file of torch.save in it, or one that torch.save wrote itself."""
    try:
        with archives.opened(path) as archive:
            return _why_no_weights(archive)
    except archives.UNREADABLE as error:
        return f"it is no whole zip archive: {error}"


def _why_no_weights(archive: zipfile.ZipFile) -> str:
    members = [member for member in archive.infolist() if not member.is_dir()]
    if any(member.filename.endswith("/data.pkl") for member in members):
        return ""
    if len(members) != 1:
        return f"expected a zip archive with one file, the weights; it has {len(members)}"
    return _fault_of_member(members[0], archive)


def _fault_of_member(member: zipfile.ZipInfo, archive: zipfile.ZipFile) -> str:
    if member.file_size < _LEAST_BYTES:
        return f"{member.filename} in it has {member.file_size} bytes, too few for a network"
    if archive.testzip() is not None:
        return f"{member.filename} in it is damaged"
    return ""


def _why_no_hdf5(path: Path) -> str:
    try:
        hdf5.check(path)
    except hdf5.UnreadableError as error:
        return f"it is no whole HDF5 file: {error}"
    return ""


def _why_no_onnx(path: Path) -> str:
    import onnx
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

    try:
        graph = onnx.load_model(str(path), load_external_data=False).graph
    except (DecodeError, ValueError) as error:
        return f"it is no whole ONNX file: {error}"
    if not len(graph.node):
        return "it is no ONNX file, or one without a network"
    return ""


def _why_no_safetensors(path: Path) -> str:
    """Its table of contents stands at its beginning and tells where each tensor ends."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(path), framework="pt") as file:
            is_empty = not file.keys()
    except (SafetensorError, OSError) as error:
        return f"it is no whole safetensors file: {error}"
    return "it has no tensors" if is_empty else ""
