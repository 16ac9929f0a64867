"""Nothing leaves the machine: what the system saw of a run."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import types
import warnings
from pathlib import Path

import pytest

from ferbench import telemetry
from helpers.reference import REQUIRED

PROGRAM = """
import os, sys, time
from ferbench.app.main import main

def call(*arguments):
    sys.argv = ["ferbench", *arguments]
    try:
        main()
    except SystemExit as ended:
        print(arguments[0], "ended with", ended.code)

videos, annotations, out = sys.argv[1:]
call("predict", videos, "--out", out)
call("run", f"dataset.videos={videos}", f"dataset.annotations={annotations}",
     "detector=scrfd_500m", "statistics.draws=100", "statistics.surrogates=50")
call("compare")
print("onnxruntime" in sys.modules, "mlflow" in sys.modules)
time.sleep(12)  # onnxruntime's first upload comes ten seconds after its import
"""
SENDS = re.compile(r"\b(?:connect|sendto|sendmsg|sendmmsg)\(.*")
OUTSIDE = re.compile(r'sin_addr=inet_addr\("(?!127\.)|inet_pton\(AF_INET6, "(?!::1")')
LOOK_UP = re.compile(r"nscd/socket|systemd/resolve|htons\(53\)|/etc/resolv\.conf")


def traced(program: str, *arguments: object, folder: Path, **environment: str) -> tuple[str, str]:
    """What a Python program prints, and its calls that concern the network, of all its children."""
    if not shutil.which("strace"):
        if REQUIRED:
            pytest.fail("strace is not installed")
        pytest.skip("strace is not installed")
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not re.search(r"TELEMETRY|DO_NOT_TRACK|ALBUMENTATIONS|^CI$|PYTEST|^HOME$|_PROXY$", name)
    }
    seen = folder / "trace"
    calls = "trace=connect,sendto,sendmsg,sendmmsg,openat"
    ended = subprocess.run(
        ["strace", "-f", "-s", "200", "-e", calls, "-o", seen, sys.executable, "-c", program]
        + [str(argument) for argument in arguments],
        env={**inherited, "HOME": str(folder), **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=500,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout, seen.read_text()


def what_leaves(trace: str) -> list[str]:
    """The calls of a trace that reach beyond the machine, or ask somebody for an address."""
    found = [line for line in trace.splitlines() if LOOK_UP.search(line)]
    return found + [line for line in SENDS.findall(trace) if OUTSIDE.search(line)]


@pytest.mark.slow
@pytest.mark.weights
def test_a_run_looks_nobody_up_and_connects_to_nobody(clip, models, tmp_path):
    videos = tmp_path / "videos"
    videos.mkdir()
    shutil.copyfile(clip, videos / "anna.mp4")
    (tmp_path / "smiles.csv").write_text("session,onset_s,offset_s\nanna,0.6,1.2\n")
    home = tmp_path / "ferbench"
    places = {"FERBENCH_HOME": str(home), "FERBENCH_MODELS": str(models)}
    told, trace = traced(
        PROGRAM, videos, tmp_path / "smiles.csv", tmp_path / "out", folder=tmp_path, **places
    )
    assert told.count("ended with 0") == 3, told
    assert told.splitlines()[-1] == "True True", "both were used"
    assert (home / "mlflow.db").is_file()
    assert what_leaves(trace) == []
    kept = [path for path in tmp_path.rglob("*") if re.search("microsoft|telemetry", path.name, 2)]
    assert kept == [], "nothing is queued for later either"


def test_the_watch_sees_what_leaves(tmp_path):
    program = """
import socket
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(("127.0.0.1", 9))
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(("192.0.2.1", 9))
open("/etc/resolv.conf").close()
"""
    _, trace = traced(program, folder=tmp_path)
    found = what_leaves(trace)
    assert len(found) == 2
    assert "192.0.2.1" in found[1]


def test_all_is_off_once_ferbench_is_imported(tmp_path):
    names = sorted(telemetry.OFF)
    program = f"import ferbench, os; print([name for name in {names} if name in os.environ])"
    environment = {k: v for k, v in os.environ.items() if k not in telemetry.OFF}
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout.strip() == str(names)


@pytest.mark.parametrize("library", ["onnxruntime", "mlflow"])
def test_a_library_that_came_first_is_told(library, monkeypatch):
    for name in telemetry.OFF:
        monkeypatch.setenv(name, "")
    for name in ("onnxruntime", "mlflow"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, library, types.ModuleType(library))
    with pytest.warns(UserWarning, match=f"^{library} came before ferbench") as told:
        telemetry.switch_off_here()
    assert len(told) == 1
    assert os.environ["ORT_DISABLE_TELEMETRY"] == "1"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        telemetry.switch_off_here()  # set now, as if it had been before


def test_what_was_set_on_purpose_stays():
    environment = {"MLFLOW_DISABLE_TELEMETRY": "false", "ORT_DISABLE_TELEMETRY": "0"}
    assert telemetry.switch_off(environment, {"mlflow", "onnxruntime"}) == ""
    assert environment["MLFLOW_DISABLE_TELEMETRY"] == "false"
    assert environment["ORT_DISABLE_TELEMETRY"] == "0"
    assert environment["DO_NOT_TRACK"] == "true"
