"""No bit of what is stored can change without anybody noticing."""

from __future__ import annotations

import hashlib
import logging
import random
import shutil
import subprocess
import threading

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ferbench.errors import CacheError
from ferbench.pipeline import tables
from ferbench.pipeline.cache import Cache
from ferbench.pipeline.sealed import MANIFEST, read_folder, seal_folder
from ferbench.results import StageKey
from ferbench.types import Expressions, Faces

LABELS = ("anger", "happiness")


def some_tables() -> dict[str, pa.Table]:
    rng = np.random.default_rng(0)
    frame = np.sort(rng.integers(0, 90, 200)).astype(np.int64)
    faces = Faces(
        frame=frame,
        box_xyxy=rng.normal(100, 30, (200, 4)).astype(np.float32),
        score=rng.random(200, np.float32),
        landmarks_xy=rng.normal(100, 30, (200, 5, 2)).astype(np.float32),
    )
    logits = rng.normal(0, 3, (200, 2)).astype(np.float32)
    expressions = Expressions(frame=frame, face=np.arange(200), logits=logits, labels=LABELS)
    return {
        "faces": tables.faces_table(faces),
        "expressions": tables.expressions_table(expressions)[0],
        "empty": tables.faces_table(Faces.empty()),
    }


def flipped(data: bytes, bit: int) -> bytes:
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


@pytest.mark.parametrize("name", ["faces", "expressions", "empty"])
def test_every_kind_of_flip_in_a_table_is_noticed(name, tmp_path):
    """All bits of the ends, where lengths and digest lie, and some of the rest."""
    path = tmp_path / "t.parquet"
    tables.write(path, some_tables()[name], {"n": 1})
    good = path.read_bytes()
    bits = 8 * len(good)
    ends = [*range(64), *range(bits - 160, bits)]
    for bit in ends + random.Random(1).sample(range(bits), 300):
        path.write_bytes(flipped(good, bit))
        with pytest.raises(CacheError, match="not a table that ferbench wrote"):
            tables.read(path)
    path.write_bytes(good)
    assert tables.read(path)[0].equals(some_tables()[name])


def test_cut_grown_and_swapped_files_are_noticed(tmp_path):
    path = tmp_path / "t.parquet"
    tables.write(path, some_tables()["faces"], {})
    good = path.read_bytes()
    half = len(good) // 2
    wrong = [good[:k] for k in (0, 1, 8, 40, half, len(good) - 1)]
    wrong += [good + b"\0", b"\0" + good, good[half:] + good[:half], good[:half] + good]
    for data in wrong:
        path.write_bytes(data)
        with pytest.raises(CacheError):
            tables.read(path)


def test_a_table_without_digest_is_not_trusted(tmp_path):
    """As older versions wrote them."""
    path = tmp_path / "t.parquet"
    table = some_tables()["faces"]
    pq.write_table(table.replace_schema_metadata({tables.ABOUT: b"{}"}), path, compression="zstd")
    with pytest.raises(CacheError, match="no digest of its bytes"):
        tables.read(path)


def test_any_reader_of_parquet_opens_a_sealed_table(tmp_path):
    path = tmp_path / "t.parquet"
    for table in some_tables().values():
        tables.write(path, table, {"n": 1})
        assert pq.read_table(path).equals(table)
        assert len(pd.read_parquet(path)) == table.num_rows
        assert pq.ParquetFile(path, memory_map=True).metadata.num_rows == table.num_rows


def sealed_folder(folder):
    folder.mkdir()
    (folder / "numbers.json").write_text('{"event/f1": 0.5}')
    (folder / "summary.txt").write_text("F1 is 0.5.\n")
    (folder / "chance.png").write_bytes(random.Random(2).randbytes(2000))
    seal_folder(folder)
    return folder


def test_every_flip_in_a_sealed_folder_is_noticed(tmp_path):
    folder = sealed_folder(tmp_path / "s")
    assert set(read_folder(folder)) == {"numbers.json", "summary.txt", "chance.png"}
    for path in folder.iterdir():
        good = path.read_bytes()
        for bit in random.Random(3).sample(range(8 * len(good)), min(120, 8 * len(good))):
            path.write_bytes(flipped(good, bit))
            with pytest.raises(CacheError, match="not those that were written"):
                read_folder(folder)
        path.write_bytes(good)
    read_folder(folder)


def test_more_fewer_or_renamed_files_are_noticed(tmp_path):
    def removed(folder):
        (folder / "chance.png").unlink()

    def added(folder):
        (folder / "other.txt").touch()

    def renamed(folder):
        (folder / "chance.png").rename(folder / "lag_scan.png")

    def unsealed(folder):
        (folder / MANIFEST).unlink()

    for number, change in enumerate((removed, added, renamed, unsealed)):
        folder = sealed_folder(tmp_path / str(number))
        change(folder)
        with pytest.raises(CacheError):
            read_folder(folder)
    with pytest.raises(CacheError, match="cannot be read"):
        read_folder(tmp_path / "nowhere")


@pytest.mark.skipif(not shutil.which("sha256sum"), reason="no sha256sum")
def test_the_manifest_is_one_of_sha256sum(tmp_path):
    folder = sealed_folder(tmp_path / "s")
    subprocess.run(["sha256sum", "--check", MANIFEST], cwd=folder, check=True, capture_output=True)


def test_a_flip_in_the_memory_of_digests_gives_no_other_digest(tmp_path, caplog):
    """Whatever bit of the memory changes: the digest is right, or read again."""
    caplog.set_level(logging.ERROR)
    cache = Cache(tmp_path / "cache")
    video = tmp_path / "v.mp4"
    video.write_bytes(b"a video")
    right = hashlib.sha256(b"a video").hexdigest()
    assert cache.digest(video) == right
    (memory,) = (cache.folder / "digests").rglob("*.txt")
    good = memory.read_bytes()
    assert right.encode() in good
    assert str(video).encode() not in good
    chosen = random.Random(4)
    for bit in [8 * at + chosen.randrange(8) for at in range(len(good))]:
        memory.write_bytes(flipped(good, bit))
        assert cache.digest(video) == right


def test_readers_beside_writers_see_whole_tables(tmp_path):
    cache, key = Cache(tmp_path), StageKey.of("faces", {"video": "a"})
    table = some_tables()["faces"]
    cache.write(key, table, {"n": 0})
    stop = threading.Event()
    faults: list[Exception] = []

    def write() -> None:
        while not stop.is_set():
            cache.write(key, table, {"n": 1})

    writers = [threading.Thread(target=write) for _ in range(2)]
    for writer in writers:
        writer.start()
    try:
        for _ in range(200):
            assert cache.read(key)[0].equals(table)
    except (CacheError, AssertionError) as error:
        faults.append(error)
    finally:
        stop.set()
        for writer in writers:
            writer.join()
    assert faults == []
