"""python -m benchmarks.counted [what run.py takes]: the same, and counts what is decoded.

Each time that a video has been decoded, the number of its frames is added as a line to the file
that ``FERBENCH_BENCH_DECODED`` names. Opening a video to look at its header adds nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from ferbench.app.hydra.entry import main
from ferbench.video.pyav import PyavReader

FILE_VARIABLE: Final = "FERBENCH_BENCH_DECODED"


class _Counted:
    """An open video whose frames are counted."""

    def __init__(self, video: Any) -> None:
        self.video, self.frames = video, 0

    def __iter__(self) -> Iterator[Any]:
        for batch in self.video:
            self.frames += len(batch)
            yield batch

    def __getattr__(self, name: str) -> Any:
        return getattr(self.video, name)


def count_into(path: Path) -> None:
    """Have every reader of this process tell how many frames it decoded."""
    opened = PyavReader.open

    @contextmanager
    def counting(self: PyavReader, *args: Any, **kwargs: Any) -> Iterator[Any]:
        with opened(self, *args, **kwargs) as video:
            counted = _Counted(video)
            try:
                yield counted
            finally:
                if counted.frames:
                    with path.open("a", encoding="utf-8") as stream:
                        stream.write(f"{counted.frames}\n")

    PyavReader.open = counting  # type: ignore[method-assign]


if __name__ == "__main__":
    count_into(Path(os.environ[FILE_VARIABLE]))
    main()
