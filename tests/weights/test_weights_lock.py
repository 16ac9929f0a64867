"""Weight files whose digest nobody published.

The first one that comes is kept to, in weights.lock.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import onnx
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from test_weights import as_attachment, drive_site, left_in, plain_network  # noqa: F401 - fixtures

from ferbench.config.binding import build
from ferbench.config.compose import composed
from ferbench.config.settings import PLUGS
from ferbench.errors import WeightsError, WeightsFolderError
from ferbench.pipeline.cache import Cache
from ferbench.pipeline.recipe import Recipe, Runtime
from ferbench.pipeline.stages import Analyser
from ferbench.weights import lock as weights_lock
from ferbench.weights.checking import check
from ferbench.weights.digests import known_digest, with_resolved_digests
from ferbench.weights.download import Patience, content
from ferbench.weights.download.sources import DriveFile, PageFile, UrlFile
from ferbench.weights.fetching import fetch
from ferbench.weights.importing import import_files
from ferbench.weights.loading import lock_digest
from ferbench.weights.published import UNKNOWN, PublishedFile
from helpers import fileserver
from helpers.fileserver import announcing, cut_after, page, rangeless, serving, status
from helpers.reference import shared_path

PATIENCE = Patience(waits_s=(0.0, 0.0), connect_s=2.0, read_s=2.0)
FILE = "paper/net.pth"


def torch_bytes(value: float = 0.0, *, size: int = 70_000, old: bool = False) -> bytes:
    stream = io.BytesIO()
    torch.save(
        {"weight": torch.full((size,), value)}, stream, _use_new_zipfile_serialization=not old
    )
    return stream.getvalue()


CONTENT = torch_bytes()
OTHER = torch_bytes(1.0)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def published(source, sha="unknown", **changes) -> PublishedFile:
    values = {"file": FILE, "sha256": sha, "licence": "MIT", "source": source, "paper": "none"}
    return PublishedFile(**{**values, **changes})


def lock_of(folder: Path) -> dict[str, tuple[str, int, str]]:
    return {
        name: (line.sha256, line.size_bytes, line.origin)
        for name, line in weights_lock.read(folder).items()
    }


@pytest.fixture
def site():
    with serving(CONTENT) as served:
        yield served


@pytest.fixture
def item(site):
    return published(UrlFile(url=f"{site.address}/net.pth"))


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "models"


def put(data: bytes, folder: Path, file: str = FILE) -> Path:
    path = folder / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


# what a yaml may say
# ------------------------------------------------------------------------------


@pytest.mark.parametrize("sha", [UNKNOWN, "3eeecf7d", "0" * 63, "a" * 64])
def test_a_digest_a_part_of_it_or_the_word_unknown(sha):
    assert published(PageFile(page="https://example.org/"), sha).sha256 == sha


@pytest.mark.parametrize(
    "sha", ["", "3eeecf7", "0" * 65, "3EEECF7D", "Unknown", "sha256:3eeecf7d", "xyzxyzxyz"]
)
def test_nothing_else(sha):
    with pytest.raises(
        WeightsError,
        match=r"sha256: expected the digest of paper/net\.pth: 64 lower-case hex digits, their",
    ):
        published(PageFile(page="https://example.org/"), sha)


# the first fetch
# ------------------------------------------------------------------------------


def test_the_first_fetch_records_and_every_load_checks(site, item, folder):
    path = fetch([item], folder, patience=PATIENCE)[0]
    assert lock_of(folder) == {}, "nothing has shown yet that it is the network's file"
    lock_digest(item, folder, origin=f"{site.address}/net.pth")
    assert lock_of(folder) == {FILE: (sha256(CONTENT), len(CONTENT), f"{site.address}/net.pth")}
    assert left_in(folder) == {FILE, weights_lock.NAME}
    assert check(item, folder) == path
    path.write_bytes(OTHER)
    told = r"expected .*weights\.lock keeps .*delete the line of paper/net\.pth there"
    with pytest.raises(WeightsError, match=told) as changed:
        check(item, folder)
    assert sha256(OTHER) in str(changed.value)
    assert sha256(CONTENT) in str(changed.value)
    text = (folder / weights_lock.NAME).read_text()
    (folder / weights_lock.NAME).write_text(
        "".join(x for x in text.splitlines(True) if FILE not in x)
    )
    lock_digest(item, folder)
    assert lock_of(folder) == {FILE: (sha256(OTHER), len(OTHER), "found here")}


def test_a_later_fetch_must_bring_the_same(site, item, folder):
    path = fetch([item], folder, patience=PATIENCE)[0]
    lock_digest(item, folder)
    path.unlink()
    site.content, site.etag = OTHER, '"v2"'
    with pytest.raises(
        WeightsError,
        match=r"has sha256 \w{64}, expected \w{64}: not kept.*its line in weights\.lock",
    ):
        fetch([item], folder, patience=PATIENCE)
    assert left_in(folder) == {weights_lock.NAME}
    site.content = CONTENT
    site.plan(cut_after(len(CONTENT) // 2), *[status(503)] * 3)
    with pytest.raises(WeightsError, match="goes on where it stopped"):
        fetch([item], folder, patience=PATIENCE)
    fetch([item], folder, patience=PATIENCE)
    assert site.asked[-1].sent < len(CONTENT), "the digest is known now, so the part is used"


def test_a_file_that_somebody_put_there(folder):
    item = published(PageFile(page="https://example.org/share"))
    path = put(CONTENT, folder)
    assert check(item, folder) == path
    assert lock_of(folder) == {}
    lock_digest(item, folder)
    assert lock_of(folder) == {FILE: (sha256(CONTENT), len(CONTENT), "found here")}


@pytest.mark.parametrize("good", [True, False])
def test_the_beginning_of_a_digest_is_checked_at_the_first_fetch(site, item, folder, good):
    item = dataclasses.replace(item, sha256=sha256(CONTENT if good else OTHER)[:8])
    if good:
        fetch([item], folder, patience=PATIENCE)
        lock_digest(item, folder)
        assert known_digest(item, folder) == sha256(CONTENT)
        return
    with pytest.raises(
        WeightsError, match=rf"has sha256 {sha256(CONTENT)}, expected {item.sha256}: not kept"
    ):
        fetch([item], folder, patience=PATIENCE)
    assert left_in(folder) == set()
    put(CONTENT, folder)
    with pytest.raises(
        WeightsError, match=rf"its sha256 is {sha256(CONTENT)}, expected one that begins with"
    ):
        check(item, folder)
    assert lock_of(folder) == {}


def test_a_lock_that_contradicts_the_yaml(item, folder):
    put(CONTENT, folder)
    lock_digest(item, folder)
    with pytest.raises(
        WeightsError, match=r"weights\.lock has sha256 .* but its yaml says 00000000\.\.\.: delete"
    ):
        check(dataclasses.replace(item, sha256="0" * 8), folder)
    with pytest.raises(
        WeightsError, match=r"is not the file that it should be.*ferbench\.import_weights\('DIR'\)"
    ):
        check(dataclasses.replace(item, sha256="0" * 64), folder)  # a whole digest needs no lock


def silent_on_length(handler) -> None:
    handler.head(200, {})
    handler.body(handler.site.content)
    handler.close_connection = True


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (page("<html>quota</html>"), "answers with a web page instead of the file"),
        (cut_after(len(CONTENT)), "is a web page"),  # one that is announced as a file
        (announcing(len(CONTENT) + 9), "did not come whole: the connection"),
        (fileserver.endless, "end is missing"),
        (silent_on_length, "does not say how long the file is"),
    ],
)
def test_what_cannot_be_the_file_leaves_nothing_behind(site, item, folder, answer, told):
    site.plan(*[answer] * 3)
    if told == "is a web page":
        site.content = b"\n <!DOCTYPE HTML><html>log in</html>"
    if answer is fileserver.endless:
        site.content = CONTENT[:-100]
    with pytest.raises(WeightsError, match=told) as refusal:
        fetch([item], folder, patience=PATIENCE)
    assert left_in(folder) == set()
    for needed in (
        FILE,
        str(folder),
        site.address,
        f"ferbench.fetch_weights('{FILE}', folder='DIR')",
        "ferbench.import_weights('DIR')",
    ):
        assert needed in str(refusal.value), "one message with address, folder and command"


@pytest.mark.parametrize("answers", [[cut_after(9000)] * 3, [rangeless(9000)] * 3])
def test_a_cut_download_is_told_and_nothing_of_it_is_kept(site, item, folder, answers):
    site.plan(*answers, *[status(500)] * 9)
    with pytest.raises(WeightsError, match="did not come whole"):
        fetch([item], folder, patience=PATIENCE)
    assert left_in(folder) == set(), "nothing would show that the rest is of the same file"
    site.script.clear()
    assert fetch([item], folder, patience=PATIENCE)[0].read_bytes() == CONTENT


def test_a_dropped_connection_goes_on_only_if_the_server_tells_versions_apart(site, item, folder):
    site.plan(cut_after(200_000))
    fetch([item], folder, patience=PATIENCE)
    assert site.asked[1].sent < len(CONTENT)
    shutil.rmtree(folder)
    site.etag = None
    site.plan(cut_after(200_000))
    assert fetch([item], folder, patience=PATIENCE)[0].read_bytes() == CONTENT
    assert "Range" not in site.asked[-1].headers


def test_a_size_that_differs(site, item, folder):
    with pytest.raises(WeightsError, match=rf"announces {len(CONTENT)} bytes, expected 7"):
        fetch([dataclasses.replace(item, size_bytes=7)], folder, patience=PATIENCE)
    put(CONTENT, folder)
    with pytest.raises(WeightsError, match=rf"it has {len(CONTENT)} bytes, expected 7"):
        check(dataclasses.replace(item, size_bytes=7), folder)
    assert lock_of(folder) == {}


def test_drive(drive_site, folder):  # noqa: F811
    item = published(DriveFile(file_id="1abc"))
    drive_site.content = CONTENT
    drive_site.plan(as_attachment(len(CONTENT) - 1000), *[status(503)] * 9)
    with pytest.raises(WeightsError, match="could not fetch file 1abc"):
        fetch([item], folder, patience=PATIENCE)
    assert left_in(folder) == set()
    drive_site.script.clear()
    drive_site.content = b"<html>Too many users have viewed this file</html>"
    drive_site.plan(as_attachment(len(drive_site.content)))
    with pytest.raises(
        WeightsError,
        match=r"what came from \S+1abc/view cannot be paper/net\.pth: it is a web page",
    ):
        fetch([item], folder, patience=PATIENCE)
    assert left_in(folder) == set()
    drive_site.content = CONTENT
    drive_site.plan(as_attachment(len(CONTENT)))
    fetch([item], folder, patience=PATIENCE)
    lock_digest(item, folder, origin=str(item.source))
    assert lock_of(folder) == {
        FILE: (sha256(CONTENT), len(CONTENT), "https://drive.google.com/file/d/1abc/view")
    }


def test_a_page_for_people_names_page_and_command(folder):
    item = published(PageFile(page="https://pan.example.org/s/1?pwd=a"))
    way = r"no program can fetch it from https://pan.*in a browser, download net\.pth and run"
    with pytest.raises(WeightsError, match=rf"net\.pth is not in .*: {way}"):
        fetch([item], folder)
    with pytest.raises(WeightsError, match="page: expected an https address, got 'http://"):
        PageFile(page="http://pan.example.org/")


def test_processes_that_meet_a_new_file_agree(folder):
    put(CONTENT, folder)
    program = (
        "from pathlib import Path\n"
        "from ferbench.weights.checking import check\n"
        "from ferbench.weights.published import PublishedFile\n"
        "from ferbench.weights.download.sources import PageFile\n"
        "from ferbench.weights.loading import lock_digest\n"
        "print('up', flush=True); input()\n"
        "source = PageFile(page='https://a.b')\n"
        f"item = PublishedFile(file={FILE!r}, sha256='unknown', licence='', "
        "source=source, paper='')\n"
        f"lock_digest(item, Path({str(folder)!r})); print(check(item, Path({str(folder)!r})))"
    )
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    workers = [subprocess.Popen([sys.executable, "-c", program], **pipes) for _ in range(3)]
    for worker in workers:
        assert worker.stdout.readline() == "up\n"
    for worker in workers:
        worker.stdin.write("\n")
        worker.stdin.flush()
    assert [worker.communicate(timeout=60)[0] for worker in workers] == [f"{folder / FILE}\n"] * 3
    assert lock_of(folder) == {FILE: (sha256(CONTENT), len(CONTENT), "found here")}


# the lock itself
# ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "nonsense",
        f"{'0' * 63}\t1\ta.pth\tx",
        f"{'0' * 64}\tone\ta.pth\tx",
        f"{'0' * 64} 1 a.pth x",
        f"{'0' * 64}\t1\ta.pth\tx\n{'1' * 64}\t1\ta.pth\tx",
    ],
)
def test_a_damaged_lock_names_the_line(item, folder, text):
    folder.mkdir()
    (folder / weights_lock.NAME).write_text(f"# head\n\n{text}\n")
    put(CONTENT, folder)
    with pytest.raises(
        WeightsError,
        match=rf"weights\.lock, line {len(text.splitlines()) + 2}: expected sha256, size",
    ):
        check(item, folder)
    assert (folder / weights_lock.NAME).read_text() == f"# head\n\n{text}\n"


names = st.text(
    st.characters(exclude_characters="\t\n\r", exclude_categories=("C", "Z")), min_size=1
)


@settings(deadline=None)  # files are written
@given(
    st.dictionaries(names.filter(lambda name: name[0] != "#"), st.integers(0, 2**60), min_size=1)
)
def test_lines_are_read_back(tmp_path_factory, entries):
    folder = tmp_path_factory.mktemp("lock")
    for file, size_bytes in entries.items():
        line = weights_lock.LockEntry(
            file=file, sha256=sha256(file.encode()), size_bytes=size_bytes, origin="a b"
        )
        weights_lock.add(line, folder)
    assert lock_of(folder) == {
        file: (sha256(file.encode()), size, "a b") for file, size in entries.items()
    }
    assert {path.name for path in folder.iterdir()} == {weights_lock.NAME}


# what a file can be
# ------------------------------------------------------------------------------


def _hdf5(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["a"] = np.zeros(5000)


def _onnx(path: Path) -> None:
    node = onnx.helper.make_node("Relu", ["x"], ["y"])
    values = [
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1]) for name in "xy"
    ]
    onnx.save(
        onnx.helper.make_model(onnx.helper.make_graph([node], "net", values[:1], values[1:])), path
    )


@pytest.mark.parametrize(
    ("make", "suffix"),
    [
        (lambda path: path.write_bytes(torch_bytes()), ".pth"),
        (lambda path: path.write_bytes(torch_bytes(old=True)), ".pt"),
        (_hdf5, ".hdf5"),
        (_onnx, ".onnx"),
    ],
)
def test_whole_files_and_others(tmp_path, make, suffix):
    path = tmp_path / "file"
    make(path)
    whole = path.read_bytes()
    assert content.why_impossible(path, suffix) == ""
    if whole[:2] != b"\x80\x02":  # of a pickle only the beginning shows
        path.write_bytes(whole[: len(whole) * 2 // 3])
        assert content.why_impossible(path, suffix)
    for other in (
        b"",
        b"\xef\xbb\xbf<html>",
        b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
        b"\x00" * 99,
    ):
        path.write_bytes(other)
        assert content.why_impossible(path, suffix), other[:9]


def test_the_real_files_can_be_what_they_are():
    for path in sorted(shared_path("weights").iterdir()):
        if path.suffix in (".pt", ".pth", ".hdf5", ".onnx"):
            assert content.why_impossible(path, path.suffix) == "", path.name
    assert (
        content.why_impossible(shared_path("oracles/hse_enet_b0_8/pickled_model_sample.pt"), ".pt")
        == ""
    )


# components
# ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Inner:
    files: tuple[PublishedFile, ...]
    options: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outer:
    inner: Inner
    weights: PublishedFile
    labels: tuple[str, ...] = ("a",)


def test_components_are_pinned_all_the_way_down(folder):
    source = PageFile(page="https://example.org/")
    files = [published(source, file=f"{name}.pth") for name in "abcd"]
    put(CONTENT, folder, "a.pth")
    put(OTHER, folder, "b.pth")
    part = Outer(
        inner=Inner(files=(files[0], files[2]), options={"deep": [files[1]]}), weights=files[3]
    )
    assert with_resolved_digests(part, folder) is part, "nothing is known yet, so nothing changes"
    for file in files[:2]:
        lock_digest(file, folder)
    made = with_resolved_digests(part, folder)
    assert [made.inner.files[0].sha256, made.inner.files[1].sha256] == [sha256(CONTENT), UNKNOWN]
    assert made.inner.options["deep"][0].sha256 == sha256(OTHER)
    assert made.labels is part.labels
    (folder / "a.pth").unlink()
    assert with_resolved_digests(part, folder) == made, "the lock is enough"


def _recipe(sha: str) -> Recipe:
    """The default configuration with another digest for the model's weights in its yaml."""
    config = composed({})
    config["model"]["weights"] |= {"sha256": sha, "size_bytes": None}
    return Recipe(**{name: build(config[name], where=name) for name in PLUGS})


@pytest.mark.weights
def test_keys_have_the_digest_and_a_cached_run_needs_no_file(clip, models, warm_root, tmp_path):
    shared_path("weights")
    here = tmp_path / "weights"
    shutil.copytree(models, here)
    published_sha = composed({})["model"]["weights"]["sha256"]
    cache = Cache(tmp_path / "cache")
    shutil.copytree(warm_root.root / ".ferbench" / "cache", cache.folder, dirs_exist_ok=True)

    def analyser(sha: str) -> Analyser:
        return Analyser(_recipe(sha), Runtime(device="cpu", fetch_weights=False), cache, here)

    expected = {
        stage: key.key for stage, key in analyser(published_sha).keys(warm_root.clip).items()
    }
    for sha in (UNKNOWN, published_sha[:8]):
        (here / weights_lock.NAME).unlink(missing_ok=True)
        keys = analyser(sha).keys(warm_root.clip)
        assert {stage: key.key for stage, key in keys.items()} == expected
        assert published_sha in keys["expressions"].spec
    shutil.rmtree(here / "mini_xception")
    run = analyser(UNKNOWN)
    assert len(run.analyse(warm_root.clip, video_id="clip").expressions) > 0
    assert run.work.frames_decoded == 0
    (here / weights_lock.NAME).unlink()
    with pytest.raises(
        WeightsError,
        match=r"emotion_model\.hdf5 is not in .*fetch_weights\('mini_xception/emotion_model",
    ):
        analyser(UNKNOWN).keys(warm_root.clip)


@pytest.mark.weights
def test_a_run_records_the_digest_and_not_the_word_unknown(
    warm_home, videos, ferbench_run, models, tmp_path, monkeypatch
):
    shared_path("weights")
    here = tmp_path / "weights"
    shutil.copytree(models, here)
    monkeypatch.setenv("FERBENCH_MODELS", str(here))
    sha = composed({})["model"]["weights"]["sha256"]
    common = (f'dataset.videos="{videos}"', "tracking=files", "report.timelines=0")
    for extra in (["model.weights.sha256=unknown"], []):
        ended = ferbench_run(*common, *extra)
        assert ended.code == 0, ended.err
    tags = [
        json.loads(path.read_text())["tags"]
        for path in sorted((warm_home / "mlruns").rglob("result.json"))
    ]
    tags = tags or [
        json.loads(p.read_text())["tags"] for p in sorted(warm_home.rglob("result.json"))
    ]
    assert len(tags) == 2
    for found in tags:
        assert found["weights.mini_xception/emotion_model.hdf5"] == sha
    assert tags[0]["ferbench.config_sha"] == tags[1]["ferbench.config_sha"]


# import
# ------------------------------------------------------------------------------


def test_a_folder_that_cannot_be_written_says_nothing_about_its_files(
    tmp_path, folder, monkeypatch
):
    item = published(PageFile(page="https://example.org/"))
    path = put(CONTENT, folder)
    other = published(PageFile(page="https://example.org/"), file="x/other.pth")
    put(OTHER, tmp_path / "from", "other.pth")

    def refuse(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(weights_lock, "write_text", refuse)
    with pytest.raises(WeightsFolderError, match=r"cannot be noted in .*No space left"):
        import_files([item], tmp_path / "from", folder, confirm=lock_digest)
    assert path.read_bytes() == CONTENT
    with pytest.raises(WeightsFolderError, match=r"x/other\.pth cannot be noted"):
        import_files([other], tmp_path / "from", folder, confirm=lock_digest)
    assert left_in(folder) == {FILE}


def test_import_by_name_by_beginning_and_by_carried_lock(tmp_path, folder):
    source = tmp_path / "from"
    page_file = PageFile(page="https://example.org/")
    by_name = published(page_file, file="x/best.pth")
    by_beginning = published(
        page_file, sha256(OTHER)[:8], file="x/published-under-another-name.pth"
    )
    twice = published(page_file, file="x/twice.pth")
    a_page = published(page_file, file="x/page.pth")
    put(CONTENT, source, "downloads/best.pth")
    put(OTHER, source, "downloads/file (1).bin")
    put(torch_bytes(2.0), source, "one/twice.pth")
    put(torch_bytes(3.0), source, "two/twice.pth")
    put(b"<html>log in</html>", source, "page.pth")
    found = import_files(
        [by_name, by_beginning, twice, a_page], source, folder, confirm=lock_digest
    )
    assert {item.file: where for item, where in found.copied} == {
        "x/best.pth": "downloads/best.pth",
        "x/published-under-another-name.pth": "downloads/file (1).bin",
    }
    assert sorted(item.file for item in found.missing) == ["x/page.pth", "x/twice.pth"]
    assert found.unknown == ()
    assert any("several files with the name of x/twice.pth" in said for said in found.unreadable)
    assert any(
        "cannot be x/page.pth" in said and "it is a web page" in said for said in found.unreadable
    )
    assert lock_of(folder) == {
        "x/best.pth": (sha256(CONTENT), len(CONTENT), "imported"),
        "x/published-under-another-name.pth": (sha256(OTHER), len(OTHER), "imported"),
    }
    # carried on: the lock that lies in the folder tells the digest, whatever the file is called
    # there
    (folder / "x" / "best.pth").rename(folder / "renamed.bin")
    third = tmp_path / "third"
    again = import_files([by_name], folder, third, confirm=lock_digest)
    assert [where for _, where in again.copied] == ["renamed.bin"]
    assert again.unknown == ("x/published-under-another-name.pth",)
    assert known_digest(by_name, third) == sha256(CONTENT)
