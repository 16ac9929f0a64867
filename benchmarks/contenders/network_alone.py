"""The limit: a network alone, inputs ready, one lane per core.

What is measured is the very graph that our component hands to onnxruntime (or the module that it
calls in torch), with the inputs as it handed them: they are caught on their way while a few frames
go through the component. A lane is a thread with a session of one thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Final, Literal

import torch

from benchmarks.contenders.whole import recipe_of
from benchmarks.machine import cores
from benchmarks.material import Choices, as_tensor, decoded
from benchmarks.turns import BenchmarkError, Done

CAUGHT_FRAMES: Final = 32


@dataclass(slots=True)
class Caught:
    """Calls of a network.

    Attributes:
        graph: the ONNX graph of the newest session; None = none was made.
        feeds: what sessions were given.
        modules: what torch was given: module and positional inputs.
    """

    graph: Any = None
    feeds: list[dict[str, Any]] = field(default_factory=list)
    modules: list[tuple[torch.nn.Module, tuple[Any, ...]]] = field(default_factory=list)


@contextmanager
def catching() -> Iterator[Caught]:
    """Catch every call of an onnxruntime session and of an outermost torch module."""
    import onnxruntime

    caught, original = Caught(), onnxruntime.InferenceSession

    class Session(original):  # type: ignore[misc,valid-type]
        def __init__(self, graph: Any, *args: Any, **kwargs: Any) -> None:
            super().__init__(graph, *args, **kwargs)
            caught.graph = graph

        def run(self, names: Any, feed: dict[str, Any], *args: Any) -> Any:
            caught.feeds.append({name: value.copy() for name, value in feed.items()})
            return super().run(names, feed, *args)

    depth = 0

    def enter(module: torch.nn.Module, inputs: tuple[Any, ...]) -> None:
        nonlocal depth
        is_call = all(isinstance(value, torch.Tensor) for value in inputs)  # and not a tracer's
        if depth == 0 and is_call:
            caught.modules.append((module, tuple(value.clone() for value in inputs)))
        depth += 1

    def leave(module: torch.nn.Module, inputs: Any, outputs: Any) -> None:
        del module, inputs, outputs
        nonlocal depth
        depth -= 1

    hooks = torch.nn.modules.module
    handles = (
        hooks.register_module_forward_pre_hook(enter),
        hooks.register_module_forward_hook(leave),
    )
    onnxruntime.InferenceSession = Session
    try:
        yield caught
    finally:
        onnxruntime.InferenceSession = original
        for handle in handles:
            handle.remove()


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkAlone:
    """The detector's or the model's network on all units of a clip, one face a frame.

    Attributes:
        name: in tables and files.
        choices: whose networks.
        clip: whose first frames are the inputs.
        network: which one.
        units: images that go through in a turn.
    """

    name: str
    choices: Choices
    clip: Path
    network: Literal["detector", "model"]
    units: int

    def ready(self) -> Callable[[], Done]:
        """Catch graph and inputs, and make a lane for each core."""
        device = torch.device(self.choices.device)
        torch.set_num_threads(1)
        caught = self._caught(device)
        if caught.feeds:
            feeds = caught.feeds
            lanes = [_session_lane(caught.graph, feeds) for _ in range(cores())]
            sizes = [len(next(iter(feed.values()))) for feed in feeds]
        else:
            lanes = [_torch_lane(caught.modules)] * (cores() if device.type == "cpu" else 1)
            sizes = [len(inputs[0]) for _, inputs in caught.modules]
        calls = _calls(sizes, self.units)
        pool = ThreadPoolExecutor(len(lanes))

        def work() -> Done:
            jobs = [
                pool.submit(lane, calls[number :: len(lanes)]) for number, lane in enumerate(lanes)
            ]
            for job in jobs:
                job.result()
            if device.type == "cuda":
                torch.cuda.synchronize(device)
            return Done(units=sum(sizes[call] for call in calls))

        return work

    def _caught(self, device: torch.device) -> Caught:
        """The network's calls for the first frames (of a model: for a face in each of them)."""
        recipe, models = recipe_of(self.choices)
        frames = as_tensor(list(islice(decoded(self.clip), CAUGHT_FRAMES)), device)
        with catching() as caught:
            detect = recipe.detector.load(device, models)
            faces = detect(frames)
        if self.network == "model":
            with catching() as caught:
                recognise = recipe.model.load(device, models)
                crops = recipe.preprocessing.crop(frames, faces, model_px=recipe.model.input_px)
                recognise(crops.rgb)
        if not caught.feeds and not caught.modules:
            raise BenchmarkError(
                f"the {self.network} hands its inputs over in a way that is not seen here; expected"
                " InferenceSession.run of onnxruntime, or a call of a torch module"
            )
        return caught


def _calls(sizes: Sequence[int], units: int) -> list[int]:
    """Numbers of caught calls, round and round, that come to at least so many units."""
    calls: list[int] = []
    done = 0
    while done < units:
        call = len(calls) % len(sizes)
        calls.append(call)
        done += sizes[call]
    return calls


def _session_lane(graph: Any, feeds: Sequence[dict[str, Any]]) -> Callable[[Sequence[int]], None]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])

    def lane(calls: Sequence[int]) -> None:
        for call in calls:
            session.run(None, feeds[call])

    return lane


def _torch_lane(
    modules: Sequence[tuple[torch.nn.Module, tuple[Any, ...]]],
) -> Callable[[Sequence[int]], None]:
    def lane(calls: Sequence[int]) -> None:
        torch.set_num_threads(1)
        with torch.inference_mode():
            for call in calls:
                module, inputs = modules[call]
                module(*inputs)

    return lane
