"""Zip archives: one kind of error, and no bombs, at every place where one is opened."""

from __future__ import annotations

import io
import random
import resource
import struct
import zipfile
from pathlib import Path

import pytest
import torch

from ferbench.detectors.retinaface import state_dict
from ferbench.errors import WeightsError
from ferbench.weights import archives
from ferbench.weights.checkpoints import torch_state_dict
from ferbench.weights.download import content
from ferbench.weights.pickled_model import pickled_state_dict
from ferbench.weights.searching import candidates_in

METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
ZEROS = bytes(2**20)


def bomb(path: Path, mib: int, method=zipfile.ZIP_DEFLATED, name="net/data/0") -> Path:
    with zipfile.ZipFile(path, "w", method, compresslevel=9) as archive:
        with archive.open(name, "w", force_zip64=True) as member:
            for _ in range(mib):
                member.write(ZEROS)
        archive.writestr("net/data.pkl", b"\x80\x02}q\x00.")
    return path


def announced_terabytes(path: Path) -> Path:
    """A small archive whose list says that its file is huge."""
    bomb(path, 1)
    data = path.read_bytes()
    size = struct.pack("<I", len(ZEROS))
    at = data.rindex(b"PK\x01\x02", 0, data.rindex(b"PK\x01\x02"))
    assert data[at + 24 : at + 28] == size
    path.write_bytes(data[: at + 24] + struct.pack("<I", 2**32 - 2) + data[at + 28 :])
    return path


def overlapping(path: Path, count: int = 400) -> Path:
    """Many names in the list for the bytes of one file (Fifield 2019, "A better zip bomb")."""
    bomb(path, 1)
    data = path.read_bytes()
    first = data.index(b"PK\x01\x02")
    entry = data[first : data.index(b"PK\x01\x02", first + 4)]
    end = bytearray(data[data.rindex(b"PK\x05\x06") :])
    struct.pack_into("<HHI", end, 8, count, count, count * len(entry))
    path.write_bytes(data[:first] + entry * count + bytes(end))
    return path


BOMBS = {
    "deflate": lambda path: bomb(path, 300),
    "bzip2": lambda path: bomb(path, 300, zipfile.ZIP_BZIP2),
    "lzma": lambda path: bomb(path, 300, zipfile.ZIP_LZMA),
    "announced": announced_terabytes,
    "overlapping": overlapping,
}


def first_of(path):
    return [candidate.sha256 for candidate in candidates_in(path, path.name)]


@pytest.mark.parametrize("kind", BOMBS)
def test_a_bomb_is_refused_wherever_it_is_opened(kind, tmp_path):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    path = BOMBS[kind](tmp_path / "net.zip")
    assert path.stat().st_size < 2**20
    told = "would have [0-9]+ bytes, expected at most"
    with pytest.raises(zipfile.BadZipFile, match=told), archives.opened(path):
        pass
    with pytest.raises(zipfile.BadZipFile, match=told):
        first_of(path)
    for reader in (torch_state_dict, pickled_state_dict, state_dict):
        with pytest.raises(WeightsError, match=told):
            reader(path)
    for suffix in (".zip", ".pth"):
        assert "would have" in content.why_impossible(path, suffix)
    grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown_kib < 200 * 1024, "less than what the bomb holds"


def test_what_weights_and_wheels_are_is_read(tmp_path):
    for number, method in enumerate(METHODS):
        path = tmp_path / f"{number}.zip"
        values = random.Random(1).randbytes(3000)
        with zipfile.ZipFile(path, "w", method) as archive:
            archive.writestr("a.pth", values)
            archive.writestr("zeros.txt", bytes(2**20))
        with archives.opened(path) as archive:
            assert archive.read("a.pth") == values
        assert len(first_of(path)) == 3
    net = {"weight": torch.zeros(2**20)}
    torch.save(net, tmp_path / "zeros.pth")
    assert torch.equal(torch_state_dict(tmp_path / "zeros.pth")["weight"], net["weight"])


def archive_of(method) -> bytes:
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", method) as archive:
        archive.writestr("net/data.pkl", b"\x80\x02}q\x00.")
        archive.writestr("net/data/0", random.Random(2).randbytes(300))
    return kept.getvalue()


@pytest.mark.parametrize("method", METHODS)
def test_damaged_archives_give_one_kind_of_error(method, tmp_path):
    """Flips, cuts and random fields of the list: read, or refused by one of two errors."""
    good, chosen, path = archive_of(method), random.Random(method), tmp_path / "net.zip"
    outcomes = set()
    for _ in range(400):
        data = bytearray(good)
        for _ in range(chosen.choice((1, 1, 3))):
            data[chosen.randrange(len(data))] ^= 1 << chosen.randrange(8)
        if chosen.random() < 0.1:
            data = data[: chosen.randrange(len(data))]
        path.write_bytes(data)
        content.why_impossible(path, ".zip")
        content.why_impossible(path, ".pth")
        try:
            with archives.opened(path) as archive:
                for member in archive.namelist():
                    archive.read(member)
            outcomes.add("read")
        except archives.UNREADABLE:
            outcomes.add("refused")
    assert "refused" in outcomes


def test_a_missing_member_and_a_password_are_that_error(tmp_path):
    path = tmp_path / "net.zip"
    path.write_bytes(archive_of(zipfile.ZIP_STORED))
    with pytest.raises(zipfile.BadZipFile, match="no item named"), archives.opened(path) as archive:
        archive.read("other")
    data = bytearray(path.read_bytes())
    for head, field in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(head) + field] |= 1
    path.write_bytes(data)
    with pytest.raises(zipfile.BadZipFile, match="encrypted"), archives.opened(path) as archive:
        archive.read("net/data.pkl")
