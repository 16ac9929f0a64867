"""The commands that README shows with what they print, run as they stand there.

The demo's are not among them: `make demo` is what its own tests run. README's Python is run with
docs/library.md.
"""

from __future__ import annotations

import re
import shlex
import shutil

import numpy as np

from helpers import notebook
from helpers.reference import CHECKOUT

README = (CHECKOUT / "README.md").read_text(encoding="utf-8")
SHOWN = [
    (shlex.split(command), printed)
    for command, printed in re.findall(
        r"^\$ ferbench (.*[^\\\n])\n((?:(?!\$ |```).+\n)+)", README, re.MULTILINE
    )
]


def test_commands_print_what_readme_shows(
    samples, home, tmp_path, monkeypatch, ferbench, ferbench_run
):
    (tmp_path / "recordings").mkdir()
    shutil.copyfile(samples / "single_face.mp4", tmp_path / "recordings" / "single_face.mp4")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    verbs = []
    for (verb, *arguments), printed in SHOWN:
        ended = ferbench_run(*arguments) if verb == "run" else ferbench(verb, *arguments)
        if verb == "run":
            assert ended.code != 0
            assert printed.strip() in ended.err
        else:
            assert ended.code == 0, ended.err
            assert notebook.without_numbers(ended.out.strip()) == notebook.without_numbers(
                printed.strip()
            )
            np.testing.assert_allclose(
                notebook.numbers(ended.out), notebook.numbers(printed), rtol=2e-3, atol=1
            )
        verbs.append(verb)
    assert verbs == ["predict", "events", "run"]
