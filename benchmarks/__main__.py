"""All benchmarks on a demo clip: ``python -m benchmarks`` (``make bench`` also brings the peer)."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import torch

from benchmarks import pipeline
from ferbench.config.binding import build
from ferbench.config.compose import composed

HERE = Path(__file__).parent


def script(name: str, *arguments: str) -> None:
    """Run a script of this folder with its arguments."""
    sys.argv = [name, *arguments]
    runpy.run_path(str(HERE / name), run_name="__main__")


def main() -> None:
    """Decoding, detection, the whole pass."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    clip = str(build(composed({})["dataset"], where="dataset").fetch(notify=print)[0])
    script("decode.py")
    script("detector_mtcnn.py", clip, "--device", device)
    pipeline.main([clip, "--device", device])


if __name__ == "__main__":
    main()
