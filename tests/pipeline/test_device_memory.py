"""A device without memory for a single frame, or for a network: one error, and the others go on."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import ClassVar

import pytest
import torch

from ferbench.config.binding import build
from ferbench.config.compose import composed
from ferbench.config.settings import PLUGS
from ferbench.errors import ConfigError
from ferbench.pipeline.cache import Cache
from ferbench.pipeline.device_memory import fits
from ferbench.pipeline.evaluate import evaluate
from ferbench.pipeline.recipe import Recipe, Runtime
from ferbench.pipeline.stages import Analyser
from ferbench.types import Faces, Part, Session
from helpers.clips import write_clip

TOLD = "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 7.00 GiB"
CUDA = torch.device("cuda")


def test_of_a_device():
    with pytest.raises(ConfigError) as raised, fits("a.mp4", CUDA):
        raise torch.OutOfMemoryError(TOLD)
    assert str(raised.value) == (
        "a.mp4 does not fit into the memory of cuda: CUDA out of memory; end what else uses that "
        "memory, or choose a smaller detector or model, or runtime={'device': 'cpu'}"
    )


def test_of_the_machine():
    with pytest.raises(ConfigError) as raised, fits("a.mp4", torch.device("cpu")):
        raise MemoryError
    assert str(raised.value) == (
        "a.mp4 does not fit into the memory of cpu; end what else uses that memory, or choose a "
        "smaller detector or model"
    )


def test_other_errors_stay_as_they_are():
    with pytest.raises(RuntimeError, match="a fault of ours"), fits("a.mp4", CUDA):
        raise RuntimeError("a fault of ours")


@dataclass(frozen=True, slots=True, kw_only=True)
class Greedy:
    """A detector that finds nothing, and has no memory for wide frames."""

    version: ClassVar[str] = "1"
    most_px: int = 64

    def weights_files(self):
        return ()

    def load(self, device, models):
        del device, models
        return self._detect

    def _detect(self, frames):
        if frames.shape[3] > self.most_px:
            raise torch.OutOfMemoryError(TOLD)
        return Faces.empty()


@pytest.mark.weights
def test_a_video_whose_single_frames_do_not_fit_costs_itself(tmp_path, models, caplog):
    small = write_clip(tmp_path / "small.mp4", 4)
    large = write_clip(tmp_path / "large.mp4", 4, size=(128, 48))
    config = composed({})
    made = {name: build(config[name], where=name) for name in PLUGS}
    recipe = Recipe(**{**made, "detector": Greedy()})
    recipe = dataclasses.replace(
        recipe, signal=dataclasses.replace(recipe.signal, labels=("happiness",))
    )
    analyser = Analyser(recipe, Runtime(device="cpu"), Cache(tmp_path / "cache"), models)
    sessions = [
        Session(session_id=path.stem, parts=(Part(path=path),), annotations=None)
        for path in (large, small)
    ]
    report = evaluate(sessions, analyser)
    assert [result.session.session_id for result in report.sessions] == ["small"]
    (failure,) = report.failures
    assert failure.session_id == "large"
    assert "large.mp4 does not fit into the memory of cpu: CUDA out of memory" in failure.reason
