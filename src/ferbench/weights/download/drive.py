"""Files whose only origin is Google Drive, through the optional package gdown.

gdown knows Drive's confirmation pages, resumes with Range and If-Range and tries again by itself;
it is called without cookies. Its half downloads lie in a hidden folder beside the target until the
rest has come.
"""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import Any

from ferbench.errors import WeightsError
from ferbench.sentences import Text
from ferbench.weights.download import (
    PATIENT,
    Accept,
    OnBytes,
    Patience,
    accept_any,
    by_hand,
    ignore_bytes,
    wrong_file,
)


def page(file_id: str) -> str:
    """The page on which a person can download the file."""
    return f"https://drive.google.com/file/d/{file_id}/view"


def download(
    file_id: str,
    target: Path,
    *,
    sha256: str,
    accept: Accept = accept_any,
    on_bytes: OnBytes = ignore_bytes,
    patience: Patience = PATIENT,
) -> None:
    """Bring a public file of Google Drive to ``target``, whose folder exists.

    Args:
        file_id: the identifier in its link.
        target: replaced only by the whole file.
        sha256: digest of its bytes, as far as it is known: all, the beginning, or "".
        accept: has the last word.
        on_bytes: called after each piece.
        patience: pauses and time limits.

    Raises:
        WeightsError: gdown is missing, Drive refuses the file, the connection stays away, or the
            hash differs.
    """
    gdown = _gdown(file_id)
    scratch = target.with_name(f".{file_id}.drive")
    scratch.mkdir(exist_ok=True)
    arrived = scratch / "file"
    keeps_part = can_resume = bool(sha256)
    try:
        _download(gdown, file_id, arrived, on_bytes, patience, can_resume=can_resume)
        keeps_part = False
        with arrived.open("rb") as stream:
            got = hashlib.file_digest(stream, "sha256").hexdigest()
        if not got.startswith(sha256):
            raise wrong_file(page(file_id), got=got, expected=sha256)
        accept(arrived)
        arrived.replace(target)
    except OSError as error:
        raise WeightsError(
            f"{page(file_id)} could not be written to {target}: {error.strerror or error}"
        ) from error
    finally:
        has_bytes = any(part.stat().st_size for part in scratch.iterdir())
        if not keeps_part or not has_bytes:
            shutil.rmtree(scratch)


def _gdown(file_id: str) -> Any:
    try:
        import gdown
    except ImportError as error:
        raise WeightsError(
            Text(
                f"{page(file_id)} needs the package gdown: pip install 'ferbench[drive]'. ",
                by_hand("Or download the file in a browser"),
            )
        ) from error
    return gdown


def _download(
    gdown: Any,
    file_id: str,
    arrived: Path,
    on_bytes: OnBytes,
    patience: Patience,
    *,
    can_resume: bool,
) -> None:
    import requests

    try:
        gdown.download(
            id=file_id,
            output=str(arrived),
            quiet=True,
            use_cookies=False,
            resume=True,
            retries=len(patience.waits_s),
            timeout=(patience.connect_s, patience.read_s),
            progress=on_bytes,
        )
    except (gdown.exceptions.DownloadError, requests.RequestException) as error:
        reason = " ".join(str(error).split())
        again = "Run again"
        if can_resume:
            again += f" to go on (delete {arrived.parent} to start anew)"
        raise WeightsError(
            Text(
                f"gdown could not fetch file {file_id} of Google Drive: {reason} {again}, or ",
                by_hand(f"download it in a browser from {page(file_id)}"),
            )
        ) from error
