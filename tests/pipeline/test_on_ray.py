"""Passes on a Ray cluster of this machine: the same tables, paths only, deaths, and machines that
cannot be used.
"""

from __future__ import annotations

import importlib.util
import logging
import os
import pickle
import signal
import socket
import stat
import sys
import threading
from contextlib import suppress
from functools import partial
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from soak.processes import below, title

from ferbench.config.binding import build
from ferbench.config.compose import composed
from ferbench.config.settings import PLUGS
from ferbench.errors import ClusterError, ConfigError
from ferbench.pipeline.cache import Cache
from ferbench.pipeline.on_ray import node, work
from ferbench.pipeline.on_ray.cluster import _OWN, check_nodes, connected
from ferbench.pipeline.on_ray.crew import RayCrew, size_of
from ferbench.pipeline.on_ray.engine import RayEngine
from ferbench.pipeline.plan import Plan
from ferbench.pipeline.plan_parts import PlanOutcome, VideoJob
from ferbench.pipeline.recipe import Recipe, Runtime
from helpers.clips import shrink

ENGINE = RayEngine(max_retries=1)
LOOPBACK = "127.0.0.1"
PLACE = {"marks": {}, "folders": [], "environment": {}}
linux = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes by /proc")


@pytest.fixture(scope="module")
def cluster():
    """Ray, connected to a cluster of this machine with two cores; and what SIGTERM did before."""
    if importlib.util.find_spec("ray") is None:  # imported, it would have read its settings
        pytest.skip("Ray is an extra")
    with pytest.MonkeyPatch.context() as patch:
        for name in (*_OWN, "RAY_AUTH_TOKEN"):
            patch.setenv(name, "")  # so that what is set meanwhile goes again
        patch.setenv("OMP_NUM_THREADS", "2")
        with connected(ENGINE) as ray:
            yield ray


@pytest.fixture(scope="module")
def videos(samples, tmp_path_factory) -> list[Path]:
    """Three videos of the same frames and other bytes, large enough that a pass takes a second."""
    folder = tmp_path_factory.mktemp("videos")
    shrink(samples / "single_face.mp4", folder / "0.mp4", frames=60, width=256, height=144)
    for number in (1, 2):
        data = (folder / "0.mp4").read_bytes() + bytes(64 + number)
        (folder / f"{number}.mp4").write_bytes(data)
    return [folder / f"{number}.mp4" for number in range(3)]


def recipe_of(**choices) -> Recipe:
    config = composed({"signal": "brightness", **choices})
    return Recipe(**{name: build(config[name], where=name) for name in PLUGS})


def plan_of(videos, folder, models) -> Plan:
    jobs = [
        VideoJob(recipe=recipe_of(preprocessing=crop), path=video, video_id=video.stem)
        for crop in ("box", "square_margin")
        for video in videos
    ]
    return Plan(jobs, runtime=Runtime(device="cpu"), cache=Cache(folder), models=models)


def tables(folder: Path) -> dict[str, str]:
    """Every stored table as text, in which NaN equals NaN."""
    return {
        path.relative_to(folder).as_posix(): repr(pq.read_table(path).to_pydict())
        for path in folder.rglob("*.parquet")
    }


def store_bytes() -> int:
    """Bytes of Ray's object store that were ever written: pages of its file in memory."""
    [raylet] = [pid for pid in below(os.getpid()) if "/raylet/raylet" in title(pid)]
    files = Path(f"/proc/{raylet}/fd").iterdir()
    stores = [file for file in files if "/plasma" in str(file.readlink())]
    assert stores
    return sum(file.stat().st_blocks * 512 for file in stores)


@linux
@pytest.mark.slow
@pytest.mark.weights
def test_the_same_tables_and_no_frame_through_ray(cluster, videos, models, tmp_path, monkeypatch):
    plan = plan_of(videos, tmp_path / "ray", models)
    sent, before, frames = [], store_bytes(), []
    dumps = pickle.dumps
    monkeypatch.setattr(pickle, "dumps", lambda *a, **k: sent.append(dumps(*a, **k)) or sent[-1])
    hire = partial(RayCrew, ray=cluster, engine=ENGINE)
    outcome = plan.run(on_frames=frames.append, hire=hire)
    assert (outcome.passes, outcome.frames_decoded, outcome.failures) == (3, 180, {})
    assert sum(frames) == 180
    assert [profile.frames for profile in outcome.profiles] == [60, 60, 60]
    monkeypatch.undo()
    here = plan_of(videos, tmp_path / "here", models)
    assert here.run().passes == 3
    made = tables(tmp_path / "ray")
    assert len(made) == 3 * 5  # times, faces, pictures, and expressions of two crops
    assert made == tables(tmp_path / "here")
    # All of it went in small messages; a single frame has 110,592 bytes.
    assert store_bytes() == before
    assert sum(map(len, sent)) < 110_592
    assert len(pickle.dumps(outcome)) < 110_592
    kept = cluster.put(bytes(1_000_000))
    assert store_bytes() >= before + 990_000, "what goes through the store is seen"
    del kept
    assert list((tmp_path / "ray").glob(".seen-*")) == []


@linux
@pytest.mark.slow
def test_a_cluster_of_our_own_is_private(cluster):
    [one] = cluster.nodes()
    assert one["NodeManagerAddress"] == LOOPBACK
    session = Path(cluster._private.worker._global_node.get_session_dir_path())
    assert stat.S_IMODE(session.parent.parent.stat().st_mode) == 0o700
    assert os.environ["RAY_AUTH_MODE"] == "token"
    [job] = cluster._private.state.state.job_table()
    assert job["Entrypoint"] == "ferbench"
    handler = signal.getsignal(signal.SIGTERM)
    assert not getattr(handler, "__module__", "").startswith("ray"), "Ray would end the process"
    assert listening([os.getpid(), *below(os.getpid())]) == {LOOPBACK}


def listening(pids: list[int]) -> set[str]:
    """Addresses at which processes listen."""
    sockets = set()
    for pid in pids:
        with suppress(OSError):
            sockets |= {str(file.readlink()) for file in Path(f"/proc/{pid}/fd").iterdir()}
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/self/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in sockets:
                host = fields[1].partition(":")[0][-8:]  # of IPv6 the IPv4 that it stands for
                found.add(socket.inet_ntoa(bytes.fromhex(host)[::-1]))
    return found


@linux
@pytest.mark.slow
@pytest.mark.weights
def test_a_video_that_kills_its_process_each_time_costs_that_video(
    cluster, videos, models, tmp_path, caplog, capfd
):
    over = threading.Event()
    killed = []

    def kill() -> None:
        while not over.wait(0.02):
            for pid in below(os.getpid()):
                if title(pid).startswith("ray::ferbench pass 0"):
                    with suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                        killed.append(pid)

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        plan = plan_of(videos, tmp_path, models)
        outcome = plan.run(hire=partial(RayCrew, ray=cluster, engine=ENGINE))
    finally:
        over.set()
        killer.join()
    assert len(set(killed)) == 2, "once more, as max_retries says"
    [(path, error)] = outcome.failures.items()
    assert path == videos[0]
    assert str(error).startswith(
        f"{path}: the process that analysed it crashed (WorkerCrashedError, 2 times); run again"
    )
    assert len(outcome.lost) == 1
    assert (outcome.passes, outcome.frames_decoded) == (2, 120)
    assert "(raylet)" not in "".join(capfd.readouterr()), "Ray prints nothing among the tables"


@pytest.mark.slow
def test_machines_that_cannot_be_used_are_named(cluster):
    expected = {**PLACE, "versions": {"ferbench": "9.9.9"}}
    told = rf"{socket.gethostname()} \(127.0.0.1\): it has ferbench .*, expected 9.9.9"
    with pytest.raises(ClusterError, match=told):
        check_nodes(cluster, ENGINE, expected)
    large = RayEngine(num_cpus=3, num_gpus=2)
    with pytest.raises(ClusterError, match=r"no machine .* 3 CPUs and 2 GPUs .* has 2 CPUs"):
        check_nodes(cluster, large, expected)


def why_unfit(videos=(), **changed) -> str:
    return node._why_unfit({**PLACE, "versions": work.versions(), **changed}, videos)


def test_a_machine_says_what_it_does_not_see(tmp_path):
    mark, video = tmp_path / "mark", tmp_path / "a.mp4"
    mark.write_bytes(b"")
    video.write_bytes(b"12345")
    marks = {str(tmp_path): "mark"}
    seen = {"marks": marks, "folders": [str(tmp_path)], "videos": [(str(video), 5)]}
    assert why_unfit(**seen) == ""
    assert "it has torch" in why_unfit(versions={**work.versions(), "torch": "1.0"})
    assert f"does not see the cache folder {tmp_path};" in why_unfit(marks={str(tmp_path): "no"})
    assert f"does not see the folder {tmp_path}/no;" in why_unfit(folders=[f"{tmp_path}/no"])
    assert f"does not see {video};" in why_unfit([(str(video), 6)])
    assert f"does not see {tmp_path}/b.mp4;" in why_unfit([(f"{tmp_path}/b.mp4", 5)])


def test_a_video_that_vanished_is_one_that_no_machine_sees(tmp_path):
    video = tmp_path / "a.mp4"
    gone = [(str(video), size_of(video))]
    assert f"does not see {video};" in why_unfit(gone)
    video.write_bytes(b"")  # it comes back, perhaps as another
    assert f"does not see {video};" in why_unfit(gone)
    assert why_unfit([(str(video), size_of(video))]) == ""


class Chatty:
    """Work that warns, and does 7 frames."""

    def __call__(self, jobs, on_frames):
        logging.getLogger("ferbench").warning("look at %s", jobs)
        for count in (3, 4):
            on_frames(count)
        return PlanOutcome(passes=1)


@pytest.mark.parametrize(("every_s", "told"), [(0.0, [3, 4]), (60.0, [])])
def test_warnings_of_a_machine_are_brought_back_and_frames_told_seldom(
    every_s, told, monkeypatch, caplog
):
    monkeypatch.setattr(work, "_TELL_S", every_s)
    frames = []
    made = work.done(pickle.dumps(Chatty()), pickle.dumps("a.mp4"), frames.append)
    assert (made.warnings, made.outcome.passes) == (("look at a.mp4",), 1)
    assert frames == told
    assert caplog.records == [], "it was not told here as well"


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"num_cpus": 0}, "num_cpus: expected at least 1 core, got 0"),
        ({"num_gpus": -1}, "num_gpus: expected 0 to 1, or a whole number of GPUs, got -1"),
        ({"num_gpus": 1.5}, "num_gpus: expected 0 to 1, or a whole number of GPUs, got 1.5"),
        ({"max_retries": -1}, "max_retries: expected 0 or more, got -1"),
    ],
)
def test_settings_that_ray_cannot_have(settings, told):
    with pytest.raises(ConfigError, match=f"^{told}$"):
        RayEngine(**settings)


def test_a_pass_on_a_gpu_asks_for_one():
    with pytest.raises(ClusterError, match=r"num_gpus: expected more than 0.* sees none"):
        RayEngine().check_device("cuda")
    RayEngine(num_gpus=0.5).check_device("cuda")
    RayEngine().check_device("cpu")


def test_a_cluster_that_is_not_there_is_told():
    with socket.socket() as free:
        free.bind((LOOPBACK, 0))
        address = f"{LOOPBACK}:{free.getsockname()[1]}"
    told = f"no Ray cluster answers at {address}: Connection refused; look at it"
    with pytest.raises(ClusterError, match=told), connected(RayEngine(address=address)):
        pass


def test_without_ray_it_is_told_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ClusterError, match=r"pip install 'ferbench\[ray\]'"), connected(ENGINE):
        pass
