"""HDF5 files: nothing is read but their own numbers, and every fault has one kind of error."""

from __future__ import annotations

import random
import re
import shutil
import subprocess
import sys

import h5py
import numpy as np
import pytest

from ferbench.errors import WeightsError
from ferbench.weights import archives, hdf5
from ferbench.weights.checkpoints import mini_xception_hdf5
from ferbench.weights.download import content
from ferbench.weights.keras_file import weights_of

SECRET = np.arange(1000.0)


@pytest.fixture
def folder(tmp_path):
    """With a neighbour, as HDF5 and as plain bytes."""
    with h5py.File(tmp_path / "neighbour.h5", "w") as file:
        file["secret"] = SECRET
    (tmp_path / "neighbour.bin").write_bytes(SECRET.tobytes())
    return tmp_path


def external(file, name):
    file.create_dataset(name, (1000,), "f8", external=[("neighbour.bin", 0, 8000)])


def virtual(file, name):
    layout = h5py.VirtualLayout((1000,), "f8")
    layout[:] = h5py.VirtualSource("neighbour.h5", "secret", (1000,))
    file.create_virtual_dataset(name, layout)


def unlimited_virtual(file, name):
    """Its extent is that of its source, which HDF5 asks early."""
    source = h5py.VirtualSource("neighbour.h5", "secret", (1000,), maxshape=(None,))
    layout = h5py.VirtualLayout((1000,), "f8", maxshape=(None,))
    layout[: h5py.h5s.UNLIMITED] = source[: h5py.h5s.UNLIMITED]
    file.create_virtual_dataset(name, layout)


def virtual_of_itself(file, name):
    file["own"] = SECRET
    layout = h5py.VirtualLayout((1000,), "f8")
    layout[:] = h5py.VirtualSource(".", "own", (1000,))
    file.create_virtual_dataset(name, layout)


def external_link(file, name):
    file[name] = h5py.ExternalLink("neighbour.h5", "/secret")


def dangling_link(file, name):
    file[name] = h5py.ExternalLink("nowhere.h5", "/secret")


def soft_link(file, name):
    file["own"] = SECRET
    file[name] = h5py.SoftLink("/own")


WAYS_OUT = (
    external,
    virtual,
    unlimited_virtual,
    virtual_of_itself,
    external_link,
    dangling_link,
    soft_link,
)
PLACES = ("w", "model_weights", "model_weights/layer/kernel:0", "a/b/c", "optimizer_weights/x")


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("way", WAYS_OUT)
def test_no_way_out_of_a_file_is_taken(way, place, folder):
    path = folder / "net.hdf5"
    with h5py.File(path, "w") as file:
        way(file, place)
    with pytest.raises(WeightsError, match=r"read from other files|a link to elsewhere|no group"):
        weights_of(path)
    assert re.search(
        "read from other files|a link to elsewhere", content.why_impossible(path, ".hdf5")
    )


@pytest.mark.skipif(not shutil.which("strace"), reason="no strace")
def test_no_neighbour_is_opened(folder):
    for way in WAYS_OUT:
        for number, place in enumerate(PLACES):
            with h5py.File(folder / f"{way.__name__}{number}.hdf5", "w") as file:
                way(file, place)
    program = """
import sys
from pathlib import Path
from ferbench.errors import WeightsError
from ferbench.weights.download import content
from ferbench.weights.keras_file import weights_of
for path in sorted(Path(sys.argv[1]).glob("*.hdf5")):
    print(content.why_impossible(path, ".hdf5"))
    try:
        weights_of(path)
    except WeightsError as error:
        print(error)
"""
    called = [sys.executable, "-c", program, str(folder)]
    traced = ["strace", "-f", "-e", "trace=open,openat", "-o", str(folder / "trace"), *called]
    ended = subprocess.run(traced, check=True, capture_output=True, text=True, cwd=folder)
    assert len(ended.stdout.splitlines()) == 2 * len(WAYS_OUT) * len(PLACES)
    seen = (folder / "trace").read_text()
    assert "external0.hdf5" in seen, "the trace works"
    assert not re.search(r"(neighbour|nowhere)\.", seen)


def test_the_neighbour_would_be_read_without_care(folder, monkeypatch):
    monkeypatch.chdir(folder)
    for way in (external, virtual, unlimited_virtual, external_link):
        with h5py.File(folder / f"{way.__name__}.hdf5", "w") as file:
            way(file, "w")
        with h5py.File(folder / f"{way.__name__}.hdf5", "r") as file:
            assert np.array_equal(file["w"][:1000], SECRET)


def test_absurd_sizes_are_refused_before_memory(folder):
    path = folder / "net.hdf5"
    with h5py.File(path, "w") as file:
        file.create_dataset("w", (2**40,), "f8", chunks=(1024,), compression="gzip")
    assert path.stat().st_size < 10_000
    with pytest.raises(WeightsError, match=f"bytes, expected at most {archives.FREE_BYTES}"):
        weights_of(path)
    with h5py.File(path, "w") as file:
        for number in range(20):
            file.create_dataset(f"w{number}", (hdf5.MOST_BYTES // 8 // 10,), "f8", chunks=(1024,))
    with pytest.raises(WeightsError, match="would take 2147483520 bytes, expected"):
        weights_of(path)


def test_only_numbers_and_built_in_filters(folder):
    path = folder / "net.hdf5"
    for values in (["text"], np.array([(1, 2.0)], "i4,f4"), h5py.Empty("f4")):
        with h5py.File(path, "w") as file:
            file["w"] = values
        with pytest.raises(WeightsError, match="w holds no numbers"):
            weights_of(path)
    for options in ({"compression": "gzip", "shuffle": True}, {"compression": "lzf"}, {}):
        with h5py.File(path, "w") as file:
            file.create_dataset("w", data=SECRET, **options)
        assert np.array_equal(weights_of(path)["w"], SECRET)
    data = path.read_bytes()
    with h5py.File(path, "w") as file:
        file.create_dataset("w", data=SECRET, compression="lzf")
    data = path.read_bytes()
    assert data.count(b"\x00\x7d\x08\x00") == 1, "filter 32000"
    path.write_bytes(data.replace(b"\x00\x7d\x08\x00", b"\x01\x7d\x08\x00"))
    with pytest.raises(WeightsError, match=r"programs of their own \(32001\)|cannot be read"):
        weights_of(path)


def test_circles_end_and_names_are_those_of_a_plain_walk(folder):
    path = folder / "net.hdf5"
    with h5py.File(path, "w") as file:
        for name in ("model_weights/b/b_1/kernel:0", "model_weights/a/a_1/bias:0", "x/y"):
            file[name] = SECRET
        file["model_weights/optimizer_weights/z"] = SECRET
        file["model_weights/circle"] = file["model_weights"]
        file["model_weights/b/again"] = file["/"]
    assert set(weights_of(path)) == {
        "a/a_1/bias:0",
        "b/b_1/kernel:0",
        "b/again/x/y",
    }


@pytest.mark.weights
def test_the_published_file_is_read_as_h5py_reads_it(models):
    path = models / "mini_xception" / "emotion_model.hdf5"
    expected = {}
    with h5py.File(path, "r") as file:
        file["model_weights"].visititems(
            lambda name, item: (
                expected.update({name: item[()]}) if isinstance(item, h5py.Dataset) else None
            )
        )
    found = weights_of(path)
    assert expected.keys() == found.keys()
    assert all(np.array_equal(expected[name], found[name]) for name in expected)
    assert content.why_impossible(path, ".hdf5") == ""


FUZZ = """
import random, sys
from collections import Counter
from pathlib import Path
from ferbench.errors import WeightsError
from ferbench.weights.checkpoints import mini_xception_hdf5
from ferbench.weights.download import content
good, target = Path(sys.argv[1]).read_bytes(), Path(sys.argv[2])
chosen, count = random.Random(int(sys.argv[3])), Counter()
structure = [at for at in range(len(good)) if good[at:at + 4] in (b"TREE", b"SNOD", b"HEAP")]
for number in range(int(sys.argv[4])):
    data = bytearray(good)
    for _ in range(chosen.choice((1, 1, 1, 8))):
        at = chosen.choice(structure) if number % 2 else 0
        at += chosen.randrange(300 if number % 2 else 4096)
        data[min(at, len(data) - 1)] ^= 1 << chosen.randrange(8)
    target.write_bytes(data[: chosen.choice((len(data), len(data), len(data) // 2))])
    content.why_impossible(target, ".hdf5")
    try:
        mini_xception_hdf5(target)
        count["read"] += 1
    except WeightsError:
        count["refused"] += 1
print(dict(count))
"""


@pytest.mark.weights
def test_damaged_files_give_one_kind_of_error(models, tmp_path):
    """In a process of its own: a library in C might end it."""
    good = models / "mini_xception" / "emotion_model.hdf5"
    called = [sys.executable, "-c", FUZZ, good, tmp_path / "x.hdf5", "5", "60"]
    ended = subprocess.run(called, capture_output=True, text=True, check=False, timeout=300)
    assert ended.returncode == 0, ended.stderr
    assert "'refused': " in ended.stdout


def test_other_files_are_refused(tmp_path):
    path = tmp_path / "net.hdf5"
    for data in (b"", b"\x89HDF\r\n\x1a\n", b"\x89HDF\r\n\x1a\n" + random.Random(1).randbytes(999)):
        path.write_bytes(data)
        with pytest.raises(WeightsError, match="cannot be read as an HDF5 file"):
            mini_xception_hdf5(path)
    with pytest.raises(WeightsError, match="cannot be read as an HDF5 file"):
        mini_xception_hdf5(tmp_path / "nowhere.hdf5")
