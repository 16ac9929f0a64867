"""The commands of docs/your-study.md, run as they stand there on a generated study."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from helpers.generated_study import make_study
from helpers.reference import CHECKOUT

DOCUMENT = (CHECKOUT / "docs" / "your-study.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"^\$ (ferbench .+)\n((?:(?!\$ |```).*\n)*)", DOCUMENT, re.MULTILINE)


@pytest.fixture
def study(tmp_path, samples, monkeypatch) -> Path:
    make_study(tmp_path / "study", samples)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "study"


def lines(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


@pytest.mark.slow
def test_from_a_folder_of_videos_to_a_comparison(study, home, ferbench, ferbench_run, monkeypatch):
    names = []
    for command, printed in SHOWN:
        _, name, *arguments = shlex.split(command)
        monkeypatch.setenv("COLUMNS", "96")
        ended = ferbench_run(*arguments) if name == "run" else ferbench(name, *arguments)
        assert ended.code == (1 if name == "init" else 0), ended.err
        assert "Traceback" not in ended.err
        if name == "init":
            assert " ".join(lines(ended.out)) == " ".join(lines(printed))
        elif "-m" in arguments:
            assert "this sweep: 8 runs, sorted by event/f1" in ended.out
            assert "0 events, " not in ended.out
            assert ended.out.count("no pixels touched") >= 7
        elif name == "run":
            table = [line for line in lines(printed) if re.match(r"(session|\d\d_\d) ", line)]
            assert len(table) == 5
            assert set(table) <= set(lines(ended.out))
        else:
            assert len(re.findall(r"^[0-9a-f]{8,}.*hysteresis", ended.out, re.MULTILINE)) == 4
        names.append(name)
    assert names == ["init", "run", "run", "compare", "compare"]
