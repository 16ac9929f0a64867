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
from ferbench.weights.download import (
    PATIENT,
    Accept,
    OnBytes,
    Patience,
    accept_any,
    untold,
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
    on_bytes: OnBytes = untold,
    patience: Patience = PATIENT,
) -> None:
    """Bring a public file of Google Drive to ``target``, whose folder exists.

    Args:
        file_id: the identifier in its link.
        target: replaced only by the whole file.
        sha256: digest of its bytes, as far as it is known: all, the beginning, or "".
        accept: has the last word.
        on_bytes: told after each piece.
        patience: pauses and time limits.

    Raises:
        WeightsError: gdown is missing, Drive refuses the file, the connection stays away, or the
            hash differs.
    """
    gdown = _gdown(file_id)
    scratch = target.with_name(f".{file_id}.drive")
    scratch.mkdir(exist_ok=True)
    arrived = scratch / "file"
    kept = bool(sha256)
    try:
        _download(gdown, file_id, arrived, on_bytes, patience, goes_on=kept)
        kept = False
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
        if not kept or not any(part.stat().st_size for part in scratch.iterdir()):
            shutil.rmtree(scratch)


def _gdown(file_id: str) -> Any:
    try:
        import gdown
    except ImportError as error:
        raise WeightsError(
            f"{page(file_id)} needs the package gdown: pip install 'ferbench[drive]'. "
            "Or download the file in a browser and run 'ferbench models import' on the folder where it lies."
        ) from error
    return gdown


def _download(
    gdown: Any, file_id: str, arrived: Path, on_bytes: OnBytes, patience: Patience, *, goes_on: bool
) -> None:
    import requests

    by_hand = (
        f"Run again{f' to go on (delete {arrived.parent} to start anew)' if goes_on else ''}, or download it in a "
        f"browser from {page(file_id)} and run 'ferbench models import' on the folder where it lies."
    )
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
        said = " ".join(str(error).split())
        raise WeightsError(
            f"gdown could not fetch file {file_id} of Google Drive: {said} {by_hand}"
        ) from error
