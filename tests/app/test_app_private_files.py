"""What a sweep leaves: nobody else reads it, and its records name no folder of this machine."""

import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from ferbench.config.saved import saved_settings

SMILES = "session,onset_s,offset_s\nanna,0.6,1.2\n"


@pytest.mark.weights
def test_a_sweep_is_private_and_its_records_carry_no_folder(tmp_path, warm_root, warm_home):
    study = tmp_path / "ward 7" / "study"
    (study / "videos").mkdir(parents=True)
    shutil.copyfile(warm_root.clip, study / "videos" / "anna.mp4")
    (study / "smiles.csv").write_text(SMILES)
    shutil.rmtree(warm_home / "mlruns", ignore_errors=True)
    for file in warm_home.glob("mlflow.db*"):
        file.unlink()
    overrides = [
        f'dataset.videos="{study / "videos"}"',
        f'dataset.annotations="{study / "smiles.csv"}"',
        "signal.labels=[happiness]",
        "event.enter=0.5,0.6",
    ]
    command = [sys.executable, "-m", "ferbench.app.main", "run", "-m", *overrides]
    done = subprocess.run(command, cwd=study, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr

    written = list((warm_home / "mlruns").rglob("*"))
    open_ones = [path for path in written if stat.S_IMODE(path.stat().st_mode) & 0o077]
    assert written
    assert not open_ones
    assert stat.S_IMODE((warm_home / "mlflow.db").stat().st_mode) == 0o600

    records = [path for path in (warm_home / "mlruns" / "artifacts").rglob("*") if path.is_file()]
    telling = [
        path.name
        for path in records
        if b"ward 7" in path.read_bytes() or str(warm_home).encode() in path.read_bytes()
    ]
    assert {"config.yaml", "overrides.txt"} <= {path.name for path in records}
    assert not telling

    config = next(path for path in records if path.name == "config.yaml")
    assert Path(saved_settings(config).dataset.videos) == study / "videos"
