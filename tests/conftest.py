"""Shared fixtures: the reference data beside the checkout, weights, and small clips."""

from __future__ import annotations

import logging
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from filelock import FileLock

from ferbench import secret_texts
from ferbench.weights import kept_graphs
from helpers.browser import clean_visits, running_browser
from helpers.clips import shrink
from helpers.generated_study import GeneratedStudy, make_study
from helpers.reference import SHARED, measured, shared_path

_DIFFERENCE = "difference from its original"
_differences: dict[
    str, float
] = {}  # of the whole session, where the results of all processes come together


@pytest.fixture(autouse=True)
def no_secrets_of_other_tests():
    """Secrets are known to the whole process, so a test would mask the words of another."""
    yield
    secret_texts._known.clear()
    secret_texts.forget_names()


@pytest.fixture(autouse=True, scope="session")
def graphs(tmp_path_factory):
    """Graphs of networks are kept for all tests, in none of their homes."""
    folder = tmp_path_factory.mktemp("graphs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kept_graphs, "folder", lambda: folder)
        yield folder


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    measured.clear()
    try:
        return (yield)
    finally:
        item.user_properties += [(_DIFFERENCE, entry) for entry in measured]


def pytest_runtest_logreport(report):
    if report.when == "call":
        for kind, entry in report.user_properties:
            if kind == _DIFFERENCE:
                name, value = entry
                _differences[name] = max(value, _differences.get(name, 0.0))


def pytest_terminal_summary(terminalreporter):
    if _differences:
        terminalreporter.section("largest differences from the original programs")
        width = max(map(len, _differences))
        for name, value in sorted(_differences.items()):
            terminalreporter.write_line(f"{name:<{width}}  {value:.1e}")


@pytest.fixture(scope="session")
def models(tmp_path_factory) -> Path:
    """A models folder with small weights of the reference data; what is missing is fetched where it
    is used.
    """
    folder = tmp_path_factory.mktemp("models")
    names = {
        "mtcnn/pnet.pt": "pnet.pt",
        "mtcnn/rnet.pt": "rnet.pt",
        "mtcnn/onet.pt": "onet.pt",
        "mini_xception/emotion_model.hdf5": "emotion_model.hdf5",
        "retinaface/mobilenet0.25_Final.pth": "mobilenet0.25_official.pth",
        "retinaface/mobilenet0.25_sglee487.pth": "mobilenet0.25_Final.pth",
        "scrfd/scrfd_500m_bnkps.onnx": "scrfd_500m_bnkps.onnx",
        "scrfd/scrfd_2.5g.onnx": "scrfd_2.5g.onnx",
    }
    for target, name in names.items():
        source = SHARED / "weights" / name
        if source.is_file():
            (folder / target).parent.mkdir(exist_ok=True)
            shutil.copyfile(source, folder / target)
    return folder


@pytest.fixture(scope="session")
def samples() -> Path:
    """The folder of real face videos."""
    return shared_path("samples")


@pytest.fixture(scope="session")
def clip(samples, tmp_path_factory) -> Path:
    """36 frames of a man who starts to smile at 0.6 s, 256 x 144, 30 Hz: small enough for the whole
    pipeline.
    """
    path = tmp_path_factory.mktemp("clip") / "smile.mp4"
    shrink(samples / "single_face.mp4", path, frames=36, width=256, height=144)
    return path


@pytest.fixture(scope="session")
def generated_study(samples, tmp_path_factory) -> GeneratedStudy:
    """A study as a lab would hand it over; only to be read."""
    return make_study(tmp_path_factory.mktemp("generated") / "study", samples)


@pytest.fixture(scope="session")
def small_clip(samples, tmp_path_factory) -> Path:
    """A video of 1.2 s, 64 x 36, 30 Hz."""
    path = tmp_path_factory.mktemp("small") / "clip.mp4"
    shrink(samples / "single_face.mp4", path, frames=36, width=64, height=36)
    return path


@pytest.fixture
def recordings(tmp_path, small_clip) -> Callable[..., Path]:
    """A function that puts one clip of 1.2 s under several names into a folder."""

    def put(*names: str, folder: str = "lab") -> Path:
        for name in names:
            (tmp_path / folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(small_clip, tmp_path / folder / name)
        return tmp_path / folder

    return put


@pytest.fixture
def home(tmp_path, models, monkeypatch) -> Path:
    """An empty place for models, runs and cache, with the embedded weights."""
    root = tmp_path / "home"
    root.mkdir()
    monkeypatch.setenv("FERBENCH_HOME", str(root))
    monkeypatch.setenv("FERBENCH_MODELS", str(models))
    return root


@dataclass(frozen=True, kw_only=True)
class Warm:
    """Made once for all test processes: the clip, a root whose cache holds its tables, and an empty
    MLflow store.
    """

    clip: Path
    root: Path

    def furnish(self, root: Path, *, tables: bool = True, store: bool = True) -> None:
        """Copy the tables, and the MLflow store without our experiments, into another root."""
        if tables:
            shutil.copytree(self.root / ".ferbench", root / ".ferbench", dirs_exist_ok=True)
        if store:
            shutil.copyfile(self.root / "mlflow.db", root / "mlflow.db")


@pytest.fixture(scope="session")
def warm_root(clip, models, tmp_path_factory) -> Warm:
    """The clip's tables for both preprocessings, and a fresh MLflow store (creating one takes
    seconds).
    """
    base = tmp_path_factory.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    root = base / "warm"
    with FileLock(base / "warm.lock"):
        if not (root / "ready").exists():
            root.mkdir(exist_ok=True)
            shutil.copyfile(clip, root / "clip.mp4")
            _analyse(root / "clip.mp4", root / ".ferbench" / "cache", models)
            _empty_store(root / "mlflow.db")
            (root / "ready").touch()
    return Warm(clip=root / "clip.mp4", root=root)


def _analyse(clip: Path, cache: Path, models: Path) -> None:
    from ferbench.config.binding import build
    from ferbench.config.compose import composed
    from ferbench.config.settings import PLUGS
    from ferbench.pipeline.cache import Cache
    from ferbench.pipeline.recipe import Recipe, Runtime
    from ferbench.pipeline.stages import Analyser

    for preprocessing in ("square_margin", "box"):
        config = composed({"preprocessing": preprocessing})
        recipe = Recipe(**{name: build(config[name], where=name) for name in PLUGS})
        Analyser(recipe, Runtime(device="cpu"), Cache(cache), models).analyse(clip, video_id="clip")


def _empty_store(path: Path) -> None:
    from ferbench.tracking.mlflow_store import MlflowStore

    MlflowStore(uri=f"sqlite:///{path.as_posix()}", root=path.parent).client.search_experiments()


@pytest.fixture
def warm_home(home, warm_root) -> Path:
    """A root of its own with the clip's tables, weights and an MLflow store without runs."""
    warm_root.furnish(home)
    return home


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


@pytest.fixture
def ferbench_run(capsys, monkeypatch) -> Iterator[Callable[..., Ended]]:
    """``ferbench run`` inside this process: a function from its arguments; leaves no trace of Hydra
    behind.
    """
    monkeypatch.setenv("HYDRA_FULL_ERROR", "1")
    monkeypatch.setenv("CI", "1")
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level

    def call(*arguments: str) -> Ended:
        from ferbench.app.hydra.entry import main

        _forget()
        monkeypatch.setattr(sys, "argv", ["ferbench run", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return Ended(code=int(ended.value.code or 0), out=out, err=err)

    yield call
    _forget()
    for handler in set(root.handlers) - set(handlers):
        handler.close()
    root.handlers[:], root.level = handlers, level


@pytest.fixture
def ferbench(capsys, monkeypatch, home) -> Callable[..., Ended]:
    """The command inside this process: a function from its arguments."""
    from ferbench.app.main import main

    def call(*arguments: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["ferbench", *map(str, arguments)])
        monkeypatch.setenv("COLUMNS", "300")
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return Ended(code=int(ended.value.code or 0), out=out, err=err)

    return call


@pytest.fixture
def videos(tmp_path, warm_root) -> Path:
    """A folder with the clip, which the cache of ``warm_home`` knows."""
    folder = tmp_path / "my videos, all"
    folder.mkdir()
    shutil.copyfile(warm_root.clip, folder / "a smile, slow.mp4")
    return folder


def _forget() -> None:
    """Bring Hydra and the exit code to how they are at the start of a process."""
    from hydra.core.global_hydra import GlobalHydra
    from hydra.core.hydra_config import HydraConfig

    from ferbench.app.hydra import status

    GlobalHydra.instance().clear()
    HydraConfig.instance().cfg = None
    status._failures.clear()
    status.full_once.forget()
    status.settled()


@pytest.fixture(scope="module")
def browser():
    """Chromium without a window."""
    with running_browser() as started:
        yield started


@pytest.fixture
def visits(browser):
    """Opens pages; at the end nothing was said on the console and nothing asked for elsewhere."""
    with clean_visits(browser) as opened:
        yield opened
