"""The commands of docs/from-the-thesis-scripts.md, run as they stand there."""

from __future__ import annotations

import re
import shlex
import shutil
from contextlib import nullcontext
from functools import partial
from pathlib import Path

import pytest

from helpers.display import pressing, running_screen
from helpers.reference import CHECKOUT

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
        rows = ["20,20,95,110,-1.5,0.2,0.1,0.4,0.3,2.5,0.6,Surprise"] * 20
        rows += ["0,0,0,0,0,0,0,0,0,0,0,None"] * 16
        (folder / "data" / f"{VIDEO}.POSTER_V2-RAF.retinaface.csv").write_text(
            "".join(f"{row}\r\n" for row in rows), newline=""
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
    assert {"predict", "run", "events", "score", "compare", "render", "play"} <= scripts


def test_nothing_is_missing():
    assert "not there yet" not in DOCUMENT.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def screen(tmp_path_factory):
    with running_screen(tmp_path_factory.mktemp("screen")) as started:
        yield started


@pytest.mark.parametrize("command", COMMANDS)
def test_command_works(command, place, screen, ferbench, ferbench_run, monkeypatch):
    monkeypatch.setenv("DISPLAY", screen.name)
    _, name, *arguments = shlex.split(command)
    call = ferbench_run if name == "run" else partial(ferbench, name)
    with pressing(screen, "q") if name == "play" else nullcontext():
        ended = call(*arguments)
    assert ended.code == 0, ended.err
    assert "Traceback" not in ended.err
    assert ended.out.strip() or name == "play"
