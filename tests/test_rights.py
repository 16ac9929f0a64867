"""Who may read what is written."""

import os
import stat
from contextlib import contextmanager

import pytest

from ferbench import atomic, rights
from ferbench.errors import ConfigError


@contextmanager
def _account_with(umask):
    before = os.umask(umask)
    try:
        yield
    finally:
        os.umask(before)


@pytest.fixture(autouse=True)
def _without_variable(monkeypatch):
    monkeypatch.delenv(rights.VARIABLE, raising=False)
    monkeypatch.setattr(rights, "_accounts_own", None)


def _mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_others_get_no_rights_whatever_the_account_gives(tmp_path):
    with _account_with(0o000):
        atomic.write_text(tmp_path / "a" / "b" / "table.csv", "x")
    modes = [_mode(tmp_path / name) for name in ("a", "a/b", "a/b/table.csv")]
    assert modes == [0o700, 0o700, 0o600]


def test_folders_that_are_there_keep_their_rights(tmp_path):
    tmp_path.chmod(0o755)
    atomic.write_text(tmp_path / "table.csv", "x")
    assert _mode(tmp_path) == 0o755


@pytest.mark.parametrize("text", ["027", "0o27", "27"])
def test_the_variable_says_who_else_may_read(tmp_path, monkeypatch, text):
    monkeypatch.setenv(rights.VARIABLE, text)
    with _account_with(0o077):
        atomic.write_text(tmp_path / "a" / "table.csv", "x")
    assert [_mode(tmp_path / "a"), _mode(tmp_path / "a" / "table.csv")] == [0o750, 0o640]


@pytest.mark.parametrize("text", ["private", "8", "-1", "1777"])
def test_what_is_no_umask_is_refused(monkeypatch, text):
    monkeypatch.setenv(rights.VARIABLE, text)
    with pytest.raises(ConfigError, match=f"FERBENCH_UMASK is '{text}'"):
        rights.umask()


def test_a_program_lets_its_children_write_privately_and_weights_stay_as_the_account_has_them(
    tmp_path,
):
    with _account_with(0o022):
        rights.keep_private()
        (tmp_path / "of a library.txt").write_text("x")
        rights.make_open_folder(tmp_path / "models" / "hse")
        (tmp_path / "models" / "hse" / "net.pt").write_text("x")
        rights.open_file(tmp_path / "models" / "hse" / "net.pt")
    assert _mode(tmp_path / "of a library.txt") == 0o600
    modes = [_mode(tmp_path / name) for name in ("models", "models/hse", "models/hse/net.pt")]
    assert modes == [0o755, 0o755, 0o644]


def test_a_file_with_the_name_of_a_folder_is_told(tmp_path):
    (tmp_path / "a").write_text("x")
    with pytest.raises(FileExistsError):
        rights.make_folder(tmp_path / "a")
