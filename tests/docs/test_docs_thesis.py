"""The commands of docs/from-the-thesis-scripts.md, run as they stand there."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest

from helpers.reference import CHECKOUT, shared_path

DOCUMENT = CHECKOUT / "docs" / "from-the-thesis-scripts.md"
COMMANDS = re.findall(r"^\$ (ferbench .+)$", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)
VIDEO = "Proefpersoon51014_Sessie1.MP4"


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """What the document says there is: one folder for all commands, which build on each other."""
    return tmp_path_factory.mktemp("thesis")


@pytest.fixture
def place(folder, warm_root, home, monkeypatch) -> Path:
    if not (folder / "recordings").exists():
        (folder / "recordings").mkdir()
        (folder / "data").mkdir()
        shutil.copyfile(warm_root.clip, folder / "recordings" / VIDEO)
        rows = shared_path("thesis/cases/c02_25_short_no_event")
        shutil.copyfile(
            next(rows.glob("*.csv")), folder / "data" / f"{VIDEO}.POSTER_V2-RAF.retinaface.csv"
        )
        (folder / "errors.csv").write_text(
            "id,participant_id,timestamp,session,predicted_error_type\n1,51014,00:00:00,1,robot\n",
            encoding="utf-8",
        )
        warm_root.furnish(folder / "home")
    monkeypatch.setenv("FERBENCH_HOME", str(folder / "home"))
    monkeypatch.chdir(folder)
    return folder


def test_there_are_commands():
    scripts = {command.split()[1] for command in COMMANDS}
    assert {"predict", "run", "events", "score", "compare"} <= scripts


@pytest.mark.parametrize("command", COMMANDS)
def test_command_works(command, place, ferbench, ferbench_run):
    _, name, *arguments = shlex.split(command)
    ended = ferbench_run(*arguments) if name == "run" else ferbench(name, *arguments)
    assert ended.code == 0, ended.err
    assert "Traceback" not in ended.err
    assert ended.out.strip()
