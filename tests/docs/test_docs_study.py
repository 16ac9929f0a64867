"""The commands of docs/your-study.md, run as they stand there on a generated study."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from helpers.generated_study import make_study
from helpers.reference import CHECKOUT

DOCUMENT = (CHECKOUT / "docs" / "your-study.md").read_text(encoding="utf-8")
SECTION_5 = DOCUMENT[DOCUMENT.index("## 5.") : DOCUMENT.index("## How times are counted")]
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
    runs: list[str] = []
    for command, printed in SHOWN:
        _, name, *arguments = shlex.split(command)
        cells = iter(runs)
        arguments = [next(cells) if word == "RUN" else word for word in arguments]
        monkeypatch.setenv("COLUMNS", "96")
        ended = ferbench_run(*arguments) if name == "run" else ferbench(name, *arguments)
        assert ended.code == (1 if name in ("init", "score") else 0), ended.err
        assert "Traceback" not in ended.err
        if name == "init":
            assert " ".join(lines(ended.out)) == " ".join(lines(printed))
        elif "-m" in arguments:
            assert "this sweep: 8 runs, sorted by event/f1" in ended.out
            assert "0 events, " not in ended.out
            assert ended.out.count("no pixels touched") >= 7
        elif name == "run":
            table = [line for line in lines(printed) if re.match(r"(session|\d_\d) ", line)]
            assert len(table) == 5
            assert set(table) <= set(lines(ended.out))
        elif name == "compare" and "RUN" not in command:
            runs = re.findall(r"^([0-9a-f]{8,}).*hysteresis", ended.out, re.MULTILINE)
            assert len(runs) == 4
        elif name == "compare":
            assert re.search(r"participant|against", ended.out)
        elif name == "predict":
            tables = {path.stem for path in Path("predictions").glob("*.parquet")}
            assert {"1_1", "15_2_part2"} <= tables
            assert len(tables) == 35
        elif name == "events":
            assert "events in 35 sessions" in ended.out
        elif name == "score":
            assert "one of its rows in fouten.csv was refused: 7_1" in ended.out + ended.err
            assert re.search(r"\d\d sessions of \d\d participants", ended.out)
        names.append(name)
    assert names == ["init", "run", "run", *["compare"] * 4, "predict", "events", "score"]
    (inline,) = re.findall(r"`ferbench (score .+?)`", SECTION_5)
    Path("annotations.csv").write_text("session,onset_s\n1_2,0.9\n2_1,0.5\n", encoding="utf-8")
    assert ferbench(*shlex.split(inline)).code == 0


def test_every_command_of_section_5_is_one_that_the_test_runs():
    inline = re.findall(r"`ferbench ([^`]+)`", SECTION_5)
    assert [command.split()[0] for command in inline] == ["score", "compare"]
    shown = [command for command, _ in SHOWN if command in SECTION_5]
    assert len(shown) == SECTION_5.count("\n$ ") == 5
