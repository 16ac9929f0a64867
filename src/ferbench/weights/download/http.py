"""Downloads over https that go on where they were interrupted.

Proxies and certificates are those of the environment (``HTTPS_PROXY``, ``NO_PROXY``,
``REQUESTS_CA_BUNDLE``), as requests reads them. Nothing is sent but the request; cookies live as
long as the download.
"""

from __future__ import annotations

import errno
import hashlib
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import requests
import urllib3

from ferbench.errors import WeightsError
from ferbench.weights.download import (
    PATIENT,
    Accept,
    OnBytes,
    Patience,
    accept_any,
    untold,
    wrong_file,
)
from ferbench.weights.download.address import is_allowed

CHUNK_BYTES: Final = 1 << 16
_PASSING: Final = (408, 425, 429, 500, 502, 503, 504)  # worth another attempt
_NO_ROOM: Final = (errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC))


class _CutShortError(Exception):
    """The attempt ended early; another one may bring the rest."""


class _Part:
    """The beginning of a file, with its running digest; the file exists only once it has bytes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._begin()
        if path.is_file():
            with path.open("rb") as stream:
                while chunk := stream.read(CHUNK_BYTES):
                    self._count(chunk)

    def _begin(self) -> None:
        self.size_bytes, self._hasher = 0, hashlib.sha256()

    def _count(self, chunk: bytes) -> None:
        self._hasher.update(chunk)
        self.size_bytes += len(chunk)

    @property
    def sha256(self) -> str:
        return self._hasher.hexdigest()

    def clear(self) -> None:
        self.path.unlink(missing_ok=True)
        self._begin()

    def extend(self, chunks: Iterator[bytes]) -> Iterator[int]:
        """Append the chunks; yields the size after each."""
        with self.path.open("ab") as stream:
            for chunk in chunks:
                stream.write(chunk)
                stream.flush()  # before it counts: a full disk shows here
                self._count(chunk)
                yield self.size_bytes


def download(
    url: str,
    target: Path,
    *,
    sha256: str,
    size_bytes: int | None = None,
    accept: Accept = accept_any,
    on_bytes: OnBytes = untold,
    patience: Patience = PATIENT,
) -> None:
    """Bring a file to ``target``, whose folder exists.

    One process at a time per target: the caller holds a lock.

    What came before an interruption stays in ``.<sha256>.part`` beside the target and is used next
    time. The file is complete when its hash is right, whatever length the server announces; where
    no hash is known, when all announced bytes came, and then nothing is kept of an interrupted
    download.

    Args:
        url: https, or http on this machine.
        target: replaced only by the whole file with the right hash.
        sha256: digest of the file's bytes, as far as it is known: all, the beginning, or "".
        size_bytes: its size, where the yaml says it; another announced size is refused at once.
        accept: has the last word.
        on_bytes: told after each piece.
        patience: pauses and time limits.

    Raises:
        WeightsError: the server refuses or sends something else, the network stays away, or the
            disk is full.
    """
    place = target.with_name(f".{sha256 or hashlib.sha256(url.encode()).hexdigest()}.part")
    keep = bool(sha256)
    try:
        part = _Part(place)
        if not sha256:
            part.clear()
        try:
            with requests.Session() as session:
                session.hooks["response"].append(_refuse_insecure_redirect)
                _Fetch(session, url, part, sha256, size_bytes, on_bytes, patience).run()
            keep = False
            accept(place)
            place.replace(target)
        finally:
            if not (keep and part.size_bytes):
                part.clear()
    except OSError as error:  # of the disk: those of the network have become others
        if error.errno not in _NO_ROOM:
            raise WeightsError(
                f"{url} cannot be written to {target}: {error.strerror or error}"
            ) from error
        place.unlink(missing_ok=True)
        raise WeightsError(
            f"{target.parent} has no room for {url}: {error.strerror}. Make room there."
        ) from error


class _Fetch:
    """One download: attempts until the part is the whole file."""

    def __init__(
        self,
        session: requests.Session,
        url: str,
        part: _Part,
        sha256: str,
        size_bytes: int | None,
        on_bytes: OnBytes,
        patience: Patience,
    ) -> None:
        self.session, self.url, self.part, self.sha256, self.size_bytes = (
            session,
            url,
            part,
            sha256,
            size_bytes,
        )
        self.on_bytes, self.patience = on_bytes, patience
        self.validator = ""  # of the file on the server: strong ETag or Last-Modified
        self.ended = False  # the server sent all that it announced

    @property
    def whole(self) -> bool:
        """Whether the part is the file."""
        return self.part.sha256.startswith(self.sha256) if self.sha256 else self.ended

    def run(self) -> None:
        """Try until the part is the file. Raises WeightsError, OSError (of the disk)."""
        furthest_bytes, waits = self.part.size_bytes, iter(self.patience.waits_s)
        in_one_go = False
        while not self.whole:
            begun_bytes = self.part.size_bytes
            try:
                continued = self.attempt() and begun_bytes > 0
            except _CutShortError as error:
                if self.part.size_bytes > furthest_bytes:
                    furthest_bytes, waits = self.part.size_bytes, iter(self.patience.waits_s)
                if not self.whole:  # else the announced length was wrong
                    self.wait(waits, error, furthest_bytes)
                continue
            self.ended = True
            if not self.whole:
                got, size = self.part.sha256, self.part.size_bytes
                self.part.clear()
                if not continued or in_one_go:
                    raise wrong_file(f"{self.url} ({size} bytes)", got=got, expected=self.sha256)
                self.validator, in_one_go = (
                    "",
                    True,
                )  # the pieces may be of different files: once more from the start

    def wait(self, waits: Iterator[float], error: Exception, furthest_bytes: int) -> None:
        """Pause before the next attempt. Raises WeightsError when there are no more."""
        wait_s = next(waits, None)
        if wait_s is None:
            raise WeightsError(
                f"{self.url} did not come whole: {error}; {furthest_bytes} bytes came. "
                f"Run again later{': it goes on where it stopped' if self.sha256 else ''}."
            ) from error
        time.sleep(wait_s)

    def attempt(self) -> bool:
        """Ask for what is missing and append it.

        Return whether the answer went on from the part's end.

        Raises:
            _CutShortError: something that another attempt may mend.
            WeightsError: nothing will mend it.
            OSError: of the disk.
        """
        headers = {"Accept-Encoding": "identity"}  # ranges and lengths count the file's own bytes
        if not (self.sha256 or self.validator):
            self.part.clear()  # nothing would show that the rest is of another file
        if self.part.size_bytes:
            headers["Range"] = f"bytes={self.part.size_bytes}-"
            if self.validator:
                headers["If-Range"] = self.validator
        try:
            limits_s = (self.patience.connect_s, self.patience.read_s)
            response = self.session.get(self.url, headers=headers, stream=True, timeout=limits_s)
        except requests.RequestException as error:
            raise _connection_error(error, self.url) from error
        with response:
            total = self.announced(response)
            etag = response.headers.get("ETag", "W/")
            self.validator = (
                response.headers.get("Last-Modified", "") if etag.startswith("W/") else etag
            )
            self.receive(response, total)
            return response.status_code == 206

    def announced(self, response: requests.Response) -> int | None:
        """Check the answer's head; return the whole file's announced size (None = not said)."""
        status = response.status_code
        if status == 416:
            self.part.clear()
            raise _CutShortError(
                "the server has no more bytes than are here, and these are not the file"
            )
        if status in _PASSING:
            raise _CutShortError(f"the server answers {status} {response.reason}")
        if status not in (200, 206):
            raise _refused(response, self.url)
        if response.headers.get("Content-Type", "").startswith("text/html"):
            raise WeightsError(
                f"{self.url} answers with a web page instead of the file (a login, a quota or an error). Open it in a "
                "browser, download the file there and run 'ferbench models import' on the folder where it lies."
            )
        plain = response.headers.get("Content-Encoding", "identity") == "identity"
        length = response.headers.get("Content-Length", "") if plain else ""
        total = int(length) if length.isdigit() else None
        if status == 206:
            total = self.continued(response.headers.get("Content-Range", ""))
        elif self.part.size_bytes:
            self.part.clear()  # the server knows no ranges, or has another file than before
        self.check_size(total)
        return total

    def continued(self, content_range: str) -> int | None:
        """Check that an answer begins where the part ends; return the whole size."""
        said = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", content_range)
        if said is None or int(said[1]) != self.part.size_bytes:
            self.part.clear()
            raise _CutShortError(
                f"the server sends another range than asked for ({content_range or 'none named'})"
            )
        return None if said[2] == "*" else int(said[2])

    def check_size(self, total: int | None) -> None:
        if total is not None and self.size_bytes is not None and total != self.size_bytes:
            self.part.clear()
            raise WeightsError(
                f"{self.url} announces {total} bytes, expected {self.size_bytes} (size_bytes in the yaml): not "
                "fetched. The publisher replaced the file, or this is an error page."
            )
        missing = (total or self.size_bytes or 0) - self.part.size_bytes
        free = shutil.disk_usage(self.part.path.parent).free
        if missing > free:
            raise WeightsError(
                f"{self.url} needs {missing} bytes in {self.part.path.parent}, where {free} are free. Make room there."
            )

    def receive(self, response: requests.Response, total: int | None) -> None:
        for size in self.part.extend(_body(response, self.url)):
            if self.size_bytes is not None and size > self.size_bytes:
                self.part.clear()
                raise WeightsError(
                    f"{self.url} sends more than the {self.size_bytes} bytes expected: not kept."
                )
            self.on_bytes(size, total or self.size_bytes)
        total = total or self.size_bytes
        if (
            total is None
            and not self.sha256
            and response.headers.get("Transfer-Encoding") != "chunked"
        ):
            self.part.clear()
            raise WeightsError(
                f"{self.url}: the server does not say how long the file is, so a cut one would not show."
            )
        if total is not None and self.part.size_bytes < total:
            raise _CutShortError(
                f"the connection ended after {self.part.size_bytes} of {total} bytes"
            )


def _body(response: requests.Response, url: str) -> Iterator[bytes]:
    try:
        yield from response.iter_content(CHUNK_BYTES)
    except requests.exceptions.ContentDecodingError as error:
        raise WeightsError(f"{url} is sent in a broken encoding: {error}") from error
    except requests.RequestException as error:
        raise _CutShortError("the connection was dropped or fell silent") from error


def _refuse_insecure_redirect(response: requests.Response, *_: Any, **__: Any) -> None:
    if response.is_redirect:
        place = urljoin(response.url, response.headers["Location"])
        if not is_allowed(place, after=response.url):
            raise WeightsError(f"{response.url} redirects to {place}, which is not https: refused.")


def _refused(response: requests.Response, url: str) -> WeightsError:
    status = f"{response.status_code} {response.reason}"
    if response.status_code in (404, 410):
        return WeightsError(
            f"{url} is not there (the server answers {status}): the publisher moved or removed the file. If you have "
            "it from elsewhere, run 'ferbench models import' on its folder."
        )
    return WeightsError(
        f"{url} is refused (the server answers {status}). If it opens in a browser, download it there and run "
        "'ferbench models import' on the folder where it lies."
    )


def _connection_error(error: requests.RequestException, url: str) -> Exception:
    """What a request that got no answer means: worth another attempt, or not."""
    host = urlsplit(url).hostname
    reason = getattr(error.args[0], "reason", None) if error.args else None
    if isinstance(error, requests.exceptions.ProxyError):
        return WeightsError(
            f"the proxy gives no connection to {host}: {reason or error}. Check HTTPS_PROXY, NO_PROXY."
        )
    if isinstance(error, requests.exceptions.SSLError):
        return WeightsError(
            f"no secure connection to {host}: {reason or error}. Where a firewall re-signs connections, name its "
            "certificates in REQUESTS_CA_BUNDLE."
        )
    if isinstance(reason, urllib3.exceptions.NameResolutionError):
        return WeightsError(
            f"{host} cannot be found ({reason}): no network, or a mistyped address."
        )
    if isinstance(error, requests.ConnectionError | requests.Timeout):
        return _CutShortError(f"no connection to {host} ({reason or error})")
    return WeightsError(f"{url} cannot be fetched: {error}")
