"""With which sweep the same command goes on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ferbench.workflows.sweep_claim import claim_sweep
from ferbench.workflows.sweep_note import Begun, begun_in, note_end, write_sweep_note


def begin(folder: Path, *, command: str = "c", at_s: float = 1.0) -> Path:
    """Leave the note of a sweep whose process has ended."""
    begun = Begun(folder=folder, command=command, parent_run_id="p", unix_s=at_s, ended=False)
    write_sweep_note(folder, None, name="sweep", shared=(), command=command, before=begun)
    return folder


@pytest.fixture
def sweeps(tmp_path) -> Path:
    return tmp_path / "mlruns" / "hydra" / "sweeps" / "2026-11-30"


def test_the_newest_of_a_command_goes_on_unless_it_has_ended(sweeps, tmp_path):
    begin(sweeps / "10", at_s=1.0)
    newest = begin(sweeps / "12", at_s=3.0)
    begin(sweeps / "14", command="other", at_s=4.0)
    claim = claim_sweep(sweeps / "16", root=tmp_path, command="c")
    assert (claim.folder, claim.notice) == (newest, "")
    assert claim.before == begun_in(newest)
    assert not (sweeps / "16").exists()
    claim.release()
    note_end(newest)
    claim = claim_sweep(sweeps / "16", root=tmp_path, command="c")
    assert (claim.folder, claim.before) == (sweeps / "16", None), "the older one is of the past"


def test_without_a_command_nothing_goes_on(sweeps, tmp_path):
    begin(sweeps / "10", command="")
    assert claim_sweep(sweeps / "12", root=tmp_path, command="").before is None


def test_a_folder_that_somebody_chose_goes_on_in_its_place(tmp_path):
    folder = begin(tmp_path / "mine")
    assert claim_sweep(folder, root=tmp_path, command="c").before == begun_in(folder)


def test_a_note_that_cannot_be_read_is_none(sweeps, tmp_path):
    for name, text in {"10": "{", "12": "[]", "14": '{"command": "c"}'}.items():
        (sweeps / name).mkdir(parents=True)
        (sweeps / name / "sweep.json").write_text(text)
    assert claim_sweep(sweeps / "16", root=tmp_path, command="c").before is None


CLAIMS = """
import sys
from pathlib import Path
from ferbench.workflows.sweep_claim import claim_sweep

new, root = map(Path, sys.argv[1:])
print("ready", flush=True)
sys.stdin.readline()
claim = claim_sweep(new, root=root, command="c")
print(claim.folder.name, flush=True)
sys.stdin.readline()
"""


def test_of_processes_that_ask_at_once_one_goes_on(sweeps, tmp_path):
    begin(sweeps / "old")
    new = [f"new-{number}" for number in range(3)]
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", CLAIMS, str(sweeps / name), str(tmp_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in new
    ]
    assert [process.stdout.readline() for process in processes] == ["ready\n"] * 3
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    claimed = [process.stdout.readline().strip() for process in processes]
    assert claimed.count("old") == 1
    assert len(set(claimed)) == 3
    for process in processes:
        process.kill()
        process.communicate()
    claim = claim_sweep(sweeps / "later", root=tmp_path, command="c")
    assert claim.before is not None, "a lock ends with its process"


def test_tables_that_a_killed_cell_wanted_to_log_can_be_claimed_again(sweeps, tmp_path):
    claims = begin(sweeps / "10") / "predictions"
    claims.mkdir()
    (claims / ("a" * 12)).write_text("logged")
    (claims / ("b" * 12)).write_text("")
    claim_sweep(sweeps / "12", root=tmp_path, command="c")
    assert [path.name for path in claims.iterdir()] == ["a" * 12]


def test_half_files_of_processes_that_ended_go(sweeps, tmp_path):
    folder = begin(sweeps / "10")
    kill = (
        "import os, sys; from pathlib import Path; from ferbench import atomic\n"
        "with atomic.replacing(Path(sys.argv[1])) as part:\n"
        "    part.write_text('half'); os.kill(os.getpid(), 9)\n"
    )
    subprocess.run([sys.executable, "-c", kill, str(folder / "0" / "result.json")], check=False)
    assert len(list((folder / "0").iterdir())) == 1
    claim_sweep(sweeps / "12", root=tmp_path, command="c")
    assert list((folder / "0").iterdir()) == []
