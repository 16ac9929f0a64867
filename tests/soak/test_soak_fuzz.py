"""A cut of the soak suite ``fuzz``, and what makes its damaged files."""

from __future__ import annotations

import random

import pytest
from soak.fuzzing import checkpoints, tables
from soak.fuzzing.memory import PeakMemory
from soak.fuzzing.mutations import mutated, mutated_text
from soak.suites import fuzz


def test_a_hundred_damaged_files_are_read_or_refused(tmp_path):
    told = []
    counted = fuzz.run(tmp_path, told.append, **fuzz.SMALL)
    assert sum(fuzz.SMALL.values()) == 100
    for kind, count in fuzz.SMALL.items():
        assert counted[kind]["files"] == count
        assert counted[kind]["peak_mb"] < 4000
    outcomes = counted["videos"]["outcomes"]
    for reader in ("pyav", "opencv"):
        assert outcomes[f"{reader}: read"]
        assert outcomes[f"{reader}: VideoError"]
    assert counted["tables"]["outcomes"]["read"]
    assert counted["checkpoints"]["outcomes"]["WeightsError"]
    assert list(counted["crashes"]["outcomes"].items()) == [("read", 2), ("DecoderDiedError", 1)]


@pytest.mark.parametrize("module", [tables, checkpoints])
def test_seeds_are_sound(module, tmp_path):
    """Damage to a file that nothing reads would say nothing."""
    for number, kind in enumerate(module.KINDS):
        data = module.seeds(tmp_path / "seeds")[kind.name]
        if module is tables:
            assert tables.outcome(kind, data, tmp_path / str(number)) == "read", kind.name
        else:
            path = tmp_path / kind.name
            path.write_bytes(data)
            assert checkpoints.outcome(kind, path) == "read", kind.name


def test_a_number_gives_the_same_file_again():
    data = bytes(range(256)) * 20
    files = [mutated(data, random.Random(f"video {number}")) for number in range(60)]
    again = [mutated(data, random.Random(f"video {number}")) for number in range(60)]
    assert files == again
    assert len(set(files)) > 50
    text = b"session,onset_s\ns1,1.5\ns2,2.5\n"
    assert mutated_text(text, random.Random("a")) == mutated_text(text, random.Random("a"))


FOUND = {
    "kind": "tables", "number": 7, "file": "a.csv", "outcomes": ["read"], "stack": "",
    "seconds": 1.0, "all_bytes": 1, "one_bytes": 1,
}  # fmt: skip


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ({**FOUND, "stack": "Traceback\nKeyError: 'a'"}, "tables 7: KeyError: 'a'"),
        ({**FOUND, "all_bytes": 5 * 10**9}, "tables 7: took 5.00 GB"),
        ({**FOUND, "kind": "crashes"}, "crashes 7: ['read']"),
        (None, "tables 0: its process: "),
    ],
)
def test_what_does_not_hold_is_told(answer, told, tmp_path, monkeypatch):
    monkeypatch.setattr(fuzz._Reader, "ask", lambda *_: answer)
    lines = []
    with pytest.raises(AssertionError, match="1 did not hold"):
        fuzz.run(tmp_path, lines.append, tables=1, crashes=0)
    assert any(told in line for line in lines)


def test_memory_is_that_of_a_moment_and_of_children():
    with PeakMemory() as before:
        pass
    with PeakMemory() as peak:
        held = bytearray(300_000_000)
        held[::4096] = b"x" * len(held[::4096])
        del held
    assert 250e6 < peak.one_bytes - before.one_bytes < 600e6
    with PeakMemory() as after:
        pass
    assert after.one_bytes < peak.one_bytes - 200e6
