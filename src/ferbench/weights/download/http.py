"""Downloads over https that go on where they were interrupted.

Proxies and certificates are those of the environment (``HTTPS_PROXY``, ``NO_PROXY``,
``REQUESTS_CA_BUNDLE``), as requests reads them. Nothing is sent but the request; cookies live as
long as the download.
"""

from __future__ import annotations

import errno
import hashlib
from pathlib import Path
from typing import Final

import requests

from ferbench.errors import WeightsError
from ferbench.weights.download import PATIENT, Accept, OnBytes, Patience, accept_any, ignore_bytes
from ferbench.weights.download.http_answer import refuse_insecure_redirect
from ferbench.weights.download.http_fetch import Fetch
from ferbench.weights.download.http_part import Part

_NO_ROOM: Final = (errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC))


def download(
    url: str,
    target: Path,
    *,
    sha256: str,
    size_bytes: int | None = None,
    accept: Accept = accept_any,
    on_bytes: OnBytes = ignore_bytes,
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
        size_bytes: its size, where it is known; another announced size is refused at once.
        accept: has the last word.
        on_bytes: called after each piece.
        patience: pauses and time limits.

    Raises:
        WeightsError: the server refuses or sends something else, the network stays away, or the
            disk is full.
    """
    name = sha256 or hashlib.sha256(url.encode()).hexdigest()
    path = target.with_name(f".{name}.part")
    try:
        with requests.Session() as session:
            session.hooks["response"].append(refuse_insecure_redirect)
            part = Part(path)
            fetch = Fetch(session, url, part, sha256, size_bytes, on_bytes, patience)
            _complete(fetch)
        try:
            accept(path)
            path.replace(target)
        finally:
            part.clear()
    except OSError as error:  # of the disk: those of the network have become others
        if error.errno in _NO_ROOM:
            path.unlink(missing_ok=True)
        raise _disk_error(error, url, target) from error


def _complete(fetch: Fetch) -> None:
    """Run a download; keep what came of an interrupted one where its digest is known."""
    if not fetch.sha256:
        fetch.part.clear()
    try:
        fetch.run()
    except BaseException:
        if not fetch.sha256 or not fetch.part.size_bytes:
            fetch.part.clear()
        raise


def _disk_error(error: OSError, url: str, target: Path) -> WeightsError:
    if error.errno in _NO_ROOM:
        return WeightsError(
            f"{target.parent} has no room for {url}: {error.strerror}. Make room there."
        )
    return WeightsError(f"{url} cannot be written to {target}: {error.strerror or error}")
