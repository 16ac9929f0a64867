"""The commands of docs/privacy.md, run as they stand there, and the places that it names."""

from __future__ import annotations

import re
import shlex
import shutil

import pytest

from helpers.made_predictions import made_predictions
from helpers.reference import CHECKOUT

DOCUMENT = (CHECKOUT / "docs" / "privacy.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^ *\$ (ferbench .+)$", DOCUMENT, re.MULTILINE)


@pytest.mark.weights
def test_every_command(tmp_path, warm_root, warm_home, ferbench, ferbench_run, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "recordings").mkdir()
    video = tmp_path / "recordings" / "VIDEO.mp4"
    shutil.copyfile(warm_root.clip, video)
    (tmp_path / "errors.csv").write_text("session,onset_s\nVIDEO,0.6\n")
    made_predictions(video, tmp_path / "predictions")
    for command in COMMANDS:
        _, name, *arguments = shlex.split(command)
        arguments = [str(video) if word == "VIDEO" else word for word in arguments]
        ended = ferbench_run(*arguments) if name == "run" else ferbench(name, *arguments)
        assert ended.code == 0, ended.err
    for folder in ("rendered", "anonymous"):
        assert (tmp_path / folder / "VIDEO.mp4").is_file()
    for place in ("mlflow.db", "mlruns/artifacts", "mlruns/hydra"):
        assert (warm_home / place).exists()
    for stage in ("timeline", "faces", "expressions", "statistics", "digests"):
        assert (warm_home / ".ferbench" / "cache" / stage).is_dir()
