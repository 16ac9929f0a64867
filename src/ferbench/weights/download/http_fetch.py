"""One download over https: attempts until the whole file is here."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Iterator
from typing import Final

import requests

from ferbench.errors import WeightsError
from ferbench.weights.download import OnBytes, Patience, wrong_file
from ferbench.weights.download.http_answer import (
    CutShortError,
    body_of,
    connection_error,
    length_of,
    refuse_page,
    refuse_status,
    validator_of,
)
from ferbench.weights.download.http_part import Part

_PARTIAL: Final = 206
_BEYOND_THE_END: Final = 416


class Fetch:
    """One download: attempts until the part is the whole file."""

    def __init__(
        self,
        session: requests.Session,
        url: str,
        part: Part,
        sha256: str,
        size_bytes: int | None,
        on_bytes: OnBytes,
        patience: Patience,
    ) -> None:
        self.session = session
        self.url = url
        self.part = part
        self.sha256 = sha256
        self.size_bytes = size_bytes
        self.on_bytes = on_bytes
        self.patience = patience
        self.validator = ""  # of the file on the server: strong ETag or Last-Modified
        self.has_ended = False  # the server sent all that it announced

    @property
    def is_whole(self) -> bool:
        """Whether the part is the file."""
        if not self.sha256:
            return self.has_ended
        return self.part.sha256.startswith(self.sha256)

    def run(self) -> None:
        """Try until the part is the file. Raises WeightsError, OSError (of the disk)."""
        furthest_bytes = self.part.size_bytes
        waits_s = iter(self.patience.waits_s)
        was_restarted = False
        while not self.is_whole:
            begun_bytes = self.part.size_bytes
            try:
                was_joined = self.attempt() and begun_bytes > 0
            except CutShortError as error:
                if self.part.size_bytes > furthest_bytes:
                    furthest_bytes = self.part.size_bytes
                    waits_s = iter(self.patience.waits_s)
                if not self.is_whole:  # else the announced length was wrong
                    self.wait(waits_s, error, furthest_bytes)
                continue
            self.has_ended = True
            if not self.is_whole:
                self.restart(can_mend=was_joined and not was_restarted)
                was_restarted = True

    def restart(self, *, can_mend: bool) -> None:
        """Begin anew, as the pieces may be of different files; WeightsError if that is not why."""
        sha256, size_bytes = self.part.sha256, self.part.size_bytes
        self.part.clear()
        if not can_mend:
            origin = f"{self.url} ({size_bytes} bytes)"
            raise wrong_file(origin, got=sha256, expected=self.sha256)
        self.validator = ""

    def wait(self, waits_s: Iterator[float], error: Exception, furthest_bytes: int) -> None:
        """Pause before the next attempt. Raises WeightsError when there are no more."""
        wait_s = next(waits_s, None)
        if wait_s is not None:
            time.sleep(wait_s)
            return
        again = "Run again later."
        if self.sha256:
            again = "Run again later: it goes on where it stopped."
        raise WeightsError(
            f"{self.url} did not come whole: {error}; {furthest_bytes} bytes came. {again}"
        ) from error

    def attempt(self) -> bool:
        """Ask for what is missing and append it.

        Return whether the answer went on from the part's end.

        Raises:
            CutShortError: something that another attempt may mend.
            WeightsError: nothing will mend it.
            OSError: of the disk.
        """
        if not self.sha256 and not self.validator:
            self.part.clear()  # nothing would show that the rest is of another file
        limits_s = (self.patience.connect_s, self.patience.read_s)
        try:
            response = self.session.get(
                self.url, headers=self.headers(), stream=True, timeout=limits_s
            )
        except requests.RequestException as error:
            raise connection_error(error, self.url) from error
        with response:
            total_bytes = self.announced_bytes(response)
            self.validator = validator_of(response)
            self.receive(response, total_bytes)
            return response.status_code == _PARTIAL

    def headers(self) -> dict[str, str]:
        """Of the request for what is missing."""
        headers = {"Accept-Encoding": "identity"}  # ranges and lengths count the file's own bytes
        if self.part.size_bytes:
            headers["Range"] = f"bytes={self.part.size_bytes}-"
            if self.validator:
                headers["If-Range"] = self.validator
        return headers

    def announced_bytes(self, response: requests.Response) -> int | None:
        """Check the answer's head; return the whole file's announced size (None = not said)."""
        if response.status_code == _BEYOND_THE_END:
            self.part.clear()
            raise CutShortError(
                "the server has no more bytes than are here, and these are not the file"
            )
        refuse_status(response, self.url)
        refuse_page(response, self.url)
        if response.status_code == _PARTIAL:
            total_bytes = self.continued_bytes(response.headers.get("Content-Range", ""))
        else:
            total_bytes = length_of(response)
            if self.part.size_bytes:
                self.part.clear()  # the server knows no ranges, or has another file than before
        self.refuse_size(total_bytes)
        self.refuse_without_room(total_bytes or self.size_bytes or 0)
        return total_bytes

    def continued_bytes(self, content_range: str) -> int | None:
        """Check that an answer begins where the part ends; return the whole size."""
        match = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", content_range)
        if match is None or int(match[1]) != self.part.size_bytes:
            self.part.clear()
            raise CutShortError(
                f"the server sends another range than asked for ({content_range or 'none named'})"
            )
        return None if match[2] == "*" else int(match[2])

    def refuse_size(self, total_bytes: int | None) -> None:
        """Raise WeightsError for another size than the known one."""
        if self.size_bytes is not None and total_bytes not in (None, self.size_bytes):
            self.part.clear()
            raise WeightsError(
                f"{self.url} announces {total_bytes} bytes, expected {self.size_bytes} (size_bytes "
                "in the yaml): not fetched. The publisher replaced the file, or this is an error "
                "page."
            )

    def refuse_without_room(self, total_bytes: int) -> None:
        """Raise WeightsError where the disk has no room for the rest."""
        folder = self.part.path.parent
        missing_bytes = total_bytes - self.part.size_bytes
        free_bytes = shutil.disk_usage(folder).free
        if missing_bytes > free_bytes:
            raise WeightsError(
                f"{self.url} needs {missing_bytes} bytes in {folder}, where {free_bytes} are free. "
                "Make room there."
            )

    def receive(self, response: requests.Response, total_bytes: int | None) -> None:
        """Append the answer's bytes. Raises as ``attempt``."""
        expected_bytes = total_bytes or self.size_bytes
        for done_bytes in self.part.extend(body_of(response, self.url)):
            self.refuse_excess(done_bytes)
            self.on_bytes(done_bytes, expected_bytes)
        if expected_bytes is None:
            self.refuse_unknown_end(response)
        elif self.part.size_bytes < expected_bytes:
            raise CutShortError(
                f"the connection ended after {self.part.size_bytes} of {expected_bytes} bytes"
            )

    def refuse_excess(self, done_bytes: int) -> None:
        """Raise WeightsError where more came than the file has."""
        if self.size_bytes is not None and done_bytes > self.size_bytes:
            self.part.clear()
            raise WeightsError(
                f"{self.url} sends more than the {self.size_bytes} bytes expected: not kept."
            )

    def refuse_unknown_end(self, response: requests.Response) -> None:
        """Raise WeightsError where neither length, chunks nor digest tell whether all came."""
        if self.sha256 or response.headers.get("Transfer-Encoding") == "chunked":
            return
        self.part.clear()
        raise WeightsError(
            f"{self.url}: the server does not say how long the file is, so a cut one would not "
            "show."
        )
