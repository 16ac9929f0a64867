"""Graphs that are kept: once made, checked at every reading, and only the user's own."""

from __future__ import annotations

import os
import stat

import pytest

from ferbench.weights import kept_graphs
from ferbench.weights.kept_graphs import kept_or_made

KEY = "a" * 64


@pytest.fixture
def home(tmp_path, monkeypatch):
    folder = tmp_path / "graphs"
    monkeypatch.setattr(kept_graphs, "folder", lambda: folder)
    return folder


class Maker:
    """Counts how often it is asked."""

    def __init__(self, graph: bytes = b"graph") -> None:
        self.graph, self.times = graph, 0

    def __call__(self) -> bytes:
        self.times += 1
        return self.graph


def test_made_once(home):
    make = Maker()
    assert [kept_or_made(KEY, make) for _ in range(3)] == [b"graph"] * 3
    assert make.times == 1
    other = Maker(b"other")
    assert kept_or_made("b" * 64, other) == b"other"
    assert other.times == 1


def test_only_the_user_may_read_it(home):
    kept_or_made(KEY, Maker())
    [path] = home.iterdir()
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def spoil(path):
    path.write_bytes(b"grasp")


def cut(path):
    path.write_bytes(b"gra")


def empty(path):
    path.write_bytes(b"")


def share(path):
    path.chmod(0o666)


def lock_away(path):
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("harm", [spoil, cut, empty, share])
def test_what_is_not_the_user_s_own_bytes_is_made_again(harm, home):
    kept_or_made(KEY, Maker())
    [path] = home.iterdir()
    harm(path)
    make = Maker(b"graph")
    assert kept_or_made(KEY, make) == b"graph"
    assert kept_or_made(KEY, make) == b"graph"
    assert make.times == 1, "the right one lies there again"
    assert list(home.iterdir()) == [path]


def test_another_s_graph_is_replaced(home):
    kept_or_made(KEY, Maker(b"first"))
    [first] = home.iterdir()
    first.chmod(0o666)
    assert kept_or_made(KEY, Maker(b"second")) == b"second"
    [second] = home.iterdir()
    assert second != first


def test_where_nothing_can_be_written_it_is_told(home, caplog):
    home.parent.joinpath("graphs").write_text("a file")
    make = Maker()
    assert [kept_or_made(KEY, make) for _ in range(2)] == [b"graph"] * 2
    assert make.times == 2
    assert "cannot be written" in caplog.text


def test_a_folder_in_its_place_is_no_graph(home):
    kept_or_made(KEY, Maker())
    [path] = home.iterdir()
    lock_away(path)
    assert kept_or_made(KEY, Maker()) == b"graph"


def test_without_a_key_nothing_is_kept(home):
    make = Maker()
    assert [kept_or_made("", make) for _ in range(2)] == [b"graph"] * 2
    assert make.times == 2
    assert not home.exists()


def test_an_error_leaves_nothing(home):
    def fail() -> bytes:
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        kept_or_made(KEY, fail)
    assert not home.exists()
