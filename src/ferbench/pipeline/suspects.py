"""Videos that ended their decoder: who did so once is not opened again, until something changed."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from ferbench.atomic import write_text
from ferbench.errors import VideoError
from ferbench.fingerprint import fingerprint
from ferbench.json_texts import read_json
from ferbench.protocols import Reader
from ferbench.provenance import library_versions
from ferbench.sentences import Setting, Text
from ferbench.version import __version__
from ferbench.video.decoder_death import DecoderDeath, DecoderDiedError, Kind

log = logging.getLogger("ferbench")

_RETRY: Final = Text(
    "replace the file, e.g. by a fresh copy; it is left out until it changes, or ferbench or its "
    "decoder does; ",
    Setting("runtime.retry_suspects", "true"),
    " tries it again",
)
_AGAIN: Final[dict[Kind, str]] = {
    "killed": "run again when there is more memory; the other videos are not affected",
    "cut off": "run again when its disk or mount answers; the other videos are not affected",
}
"""What to do about ends that are not the video's fault."""
_DECODERS: Final = ("av", "opencv-python", "libavcodec")
_started_unix_s: Final = time.time()


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspects:
    """What is known of videos that a reader's decoder died of.

    Attributes:
        folder: a file for each, named after the video's bytes and the reader.
        is_retrying: open them again, once for each process that runs.
    """

    folder: Path
    is_retrying: bool

    @contextmanager
    def watch(self, path: Path, sha256: str, reader: Reader) -> Iterator[None]:
        """Open a video inside.

        Raises:
            VideoError: it is a suspect and was not opened, or its decoder died now.
        """
        file = self._file(sha256, reader)
        known = _read(file)
        if known is not None and self._is_left_out(known):
            when = time.strftime("%Y-%m-%d %H:%M", time.localtime(known["unix_s"]))
            death = DecoderDeath(**known["death"])
            raise VideoError(f"{path}: left out, as on {when} its decoder {death}", hint=_RETRY)
        try:
            yield
        except DecoderDiedError as error:
            if error.death is None or error.death.kind in _AGAIN:  # not the video's fault
                error.hint = _AGAIN[error.death.kind if error.death else "killed"]
                raise
            error.hint = _RETRY
            _write(file, error.death)
            raise
        if known is not None:
            file.unlink(missing_ok=True)

    def _file(self, sha256: str, reader: Reader) -> Path:
        return self.folder / f"{sha256}.{fingerprint(reader)[:16]}.json"

    def _is_left_out(self, known: dict[str, Any]) -> bool:
        if known["versions"] != _versions():
            return False
        return not self.is_retrying or known["unix_s"] > _started_unix_s


def _versions() -> dict[str, str]:
    versions = library_versions()
    return {"ferbench": __version__, **{name: versions[name] for name in _DECODERS}}


def _read(file: Path) -> dict[str, Any] | None:
    """What is known; None = nothing that can be read."""
    try:
        known: dict[str, Any] = read_json(file)
        DecoderDeath(**known["death"])
        float(known["unix_s"])
        dict(known["versions"])
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return known


def _write(file: Path, death: DecoderDeath) -> None:
    known = {"death": asdict(death), "unix_s": time.time(), "versions": _versions()}
    try:
        write_text(file, json.dumps(known))
    except OSError as error:
        log.warning("%s cannot be written, so the video will be met again: %s", file, error)
