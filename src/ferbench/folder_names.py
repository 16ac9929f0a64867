"""Names in place of absolute folders, for records that travel.

A folder may name a person, a patient or a server. In records ``/home/ann/P07/videos`` is
``folder-3f2a90b1c4d5/videos``. Which folder that is stays in the root's ``.ferbench/folders``, a
file for each; so on this machine everything is found again, and elsewhere nobody can tell.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from ferbench import atomic
from ferbench.places import default_root, folders_replaced, names_dir

_NAME: Final = re.compile(r"\bfolder-[0-9a-f]{12}(?=/|$)")
_ADDRESS: Final = re.compile(r"(sqlite:///|file://)(/.*)", re.DOTALL)
_IN_ADDRESS: Final = re.compile(r"(?:(?<=sqlite:///)|(?<=file://))/(?:[^/\s'\",]+/)+")
_LAST_PART: Final = r"""(?=[/\\][^/\\\n]*?(?:$|[\n'",\]}]))"""
_KEY: Final = "key"


class FolderNames:
    """The names that folders have in the records of one root."""

    def __init__(self, root: Path) -> None:
        self.folder = names_dir(root)
        self._given: dict[str, str] = {}
        self._secret = b""

    def hidden_value(self, value: Any) -> Any:
        """A configuration, or a part of one, with names in place of absolute folders.

        The last part of a path stays.
        """
        if isinstance(value, dict):
            return {key: self.hidden_value(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.hidden_value(item) for item in value]
        return self._hidden_path(value) if isinstance(value, str) else value

    def hidden_lines(self, overrides: Sequence[str]) -> list[str]:
        """Overrides with names in place of absolute folders.

        Those that ``hidden_value`` met before are found whatever letters they have.
        """
        text = "\n".join(overrides)
        for folder in sorted(self._given, key=len, reverse=True):
            if Path(folder) != Path(folder).parent:
                text = re.sub(re.escape(folder) + _LAST_PART, self._given[folder], text)
        text = _IN_ADDRESS.sub(lambda found: f"{self._name(found[0])}/", text)
        text = folders_replaced(text, lambda folder: f"{self._name(folder)}/")
        return text.split("\n") if overrides else []

    def _hidden_path(self, text: str) -> str:
        address = _ADDRESS.fullmatch(text)
        before, path = (address[1], Path(address[2])) if address else ("", Path(text))
        if not path.is_absolute() or not path.name or "\n" in text:
            return text
        return f"{before}{self._name(str(path.parent))}/{path.name}"

    def _name(self, folder: str) -> str:
        folder = str(Path(folder))
        if folder not in self._given:
            digest = hmac.new(self._key(), folder.encode(errors="surrogateescape"), hashlib.sha256)
            name = f"folder-{digest.hexdigest()[:12]}"
            place = self.folder / name
            if not place.exists():
                atomic.write_bytes(place, os.fsencode(folder))
            self._given[folder] = name
        return self._given[folder]

    def _key(self) -> bytes:
        """What makes names that nobody can check a guess against; made once."""
        if not self._secret:
            place = self.folder / _KEY
            if not place.exists():
                atomic.write_new(place, secrets.token_bytes(32))
            self._secret = place.read_bytes()
        return self._secret


def shown_value(value: Any, near: Path, on_unknown: Callable[[str], None] | None = None) -> Any:
    """A configuration with the folders in place of their names, as far as they are known here.

    Args:
        value: the configuration, or a part of it.
        near: a file or folder of the records; roots that it lies in are asked before the default
            one.
        on_unknown: called with the dotted key of each value that keeps a name.
    """
    return _shown(value, "", tuple(_registers(near)), on_unknown)


def _shown(
    value: Any, key: str, registers: tuple[Path, ...], on_unknown: Callable[[str], None] | None
) -> Any:
    if isinstance(value, dict):
        return {
            name: _shown(item, f"{key}.{name}".lstrip("."), registers, on_unknown)
            for name, item in value.items()
        }
    if isinstance(value, list):
        return [_shown(item, key, registers, on_unknown) for item in value]
    if not isinstance(value, str):
        return value
    text = _NAME.sub(lambda found: _folder(found[0], registers), value)
    if on_unknown is not None and _NAME.search(text):
        on_unknown(key)
    return text


def _folder(name: str, registers: tuple[Path, ...]) -> str:
    for register in registers:
        with suppress(OSError):
            return os.fsdecode((register / name).read_bytes()).removesuffix("/")
    return name


def _registers(near: Path) -> Iterator[Path]:
    for root in (*near.absolute().parents, default_root()):
        if names_dir(root).is_dir():
            yield names_dir(root)
