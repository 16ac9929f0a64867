"""The exit code after Ctrl-C."""

import subprocess
import sys

INTERRUPTED_WHILE_A_CLASS_IS_MADE = """
import runpy
import sys
from ferbench.app.hydra import entry


def main():
    def interrupt():
        raise KeyboardInterrupt
    try:
        exec("interrupt()", {"interrupt": interrupt})
    except KeyboardInterrupt:
        sys.exit(130)


entry.main = main
sys.argv = ["ferbench", "run"]
runpy.run_module("ferbench.app.main", run_name="__main__")
"""


def test_an_interrupt_within_code_made_out_of_text_ends_with_130(tmp_path):
    (tmp_path / "interrupted.py").write_text(INTERRUPTED_WHILE_A_CLASS_IS_MADE)
    program = [sys.executable, "-m", "interrupted"]
    assert subprocess.run(program, cwd=tmp_path, check=False).returncode == 130
