"""What the TAB key offers in bash, zsh and fish, asked as the shells ask."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = shutil.which("ferbench", path=str(Path(sys.executable).parent))


def offered(**variables: str) -> list[str]:
    done = subprocess.run(
        [str(PROGRAM)],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done.stdout.split()


def in_bash(*words: str) -> list[str]:
    """What the script that ``ferbench --show-completion bash`` prints hands over."""
    return offered(
        _FERBENCH_COMPLETE="complete_bash",
        COMP_WORDS=" ".join(words),
        COMP_CWORD=str(len(words) - 1),
    )


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("run", "ev"), ["event="]),
        (("run", "event", "=", "hy"), ["hysteresis"]),
        (("run", "event.en"), ["event.enter="]),
        (("run", "event", "=", "windowed", "event.seg"), ["event.segment_s="]),
        (("run", "-m", "event", "=", "hysteresis,windowed_"), ["hysteresis,windowed_whole"]),
        (("run", "hydra/la"), ["hydra/launcher="]),
        (("run", "-m", "hydra/launcher", "=", "submitit_s"), ["submitit_slurm"]),
        (("run", "hydra.sweeper"), ["hydra.sweeper.file="]),
        (("predict", "--model", "mini"), ["mini_xception"]),
        (("events", "--rule", "hy"), ["hysteresis"]),
        (("comp",), ["compare"]),
    ],
)
def test_bash_breaks_words_at_the_sign(words, expected):
    assert in_bash("ferbench", *words) == expected


def test_a_sign_alone_offers_every_choice():
    assert set(in_bash("ferbench", "run", "event", "=")) >= {"hysteresis", "windowed"}
    assert "detector=" in in_bash("ferbench", "run", "")


def test_folders_with_choices_of_ones_own(tmp_path):
    (tmp_path / "event").mkdir()
    (tmp_path / "event" / "mine.yaml").write_text("_target_: my.Rule\nlevel: 1\n")
    words = ("ferbench", "run", "--config-dir", str(tmp_path))
    assert in_bash(*words, "event", "=", "mi") == ["mine"]
    assert in_bash(*words, "event", "=", "mine", "event.") == ["event.level="]


def test_zsh_and_fish_hand_over_whole_words():
    zsh = offered(_FERBENCH_COMPLETE="complete_zsh", _TYPER_COMPLETE_ARGS="ferbench run event=hy")
    assert '"event=hysteresis"' in " ".join(zsh)
    fish = offered(
        _FERBENCH_COMPLETE="complete_fish",
        _TYPER_COMPLETE_ARGS="ferbench run event=hysteresis,windowed_",
        _TYPER_COMPLETE_FISH_ACTION="get-args",
    )
    assert fish == ["event=hysteresis,windowed_whole"]
