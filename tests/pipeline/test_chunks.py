"""Half videos: broken off anywhere, they are continued to the tables of an undisturbed run."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ferbench import interrupts
from ferbench.config.binding import build
from ferbench.config.compose import composed
from ferbench.config.settings import PLUGS
from ferbench.pipeline import chunks as chunks_module
from ferbench.pipeline import tables
from ferbench.pipeline.cache import Cache
from ferbench.pipeline.chunks import KEPT_S, Chunk
from ferbench.pipeline.compute import _chunks
from ferbench.pipeline.plan import Plan
from ferbench.pipeline.plan_parts import VideoJob
from ferbench.pipeline.recipe import Recipe, Runtime
from ferbench.pipeline.stages import Analyser
from ferbench.selectors.classify import Classify
from ferbench.types import Faces

EACH_READ = {"device": "cpu", "on_damaged": "keep", "chunk_s": 1e-9}
"""A chunk for each read of 8 frames."""


def recipe_of(**choices) -> Recipe:
    config = composed(choices)
    return Recipe(**{name: build(config[name], where=name) for name in PLUGS})


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    """With a table of whole pictures besides."""
    return recipe_of(signal="brightness")


def write(path, pictures, steps):
    """A video of pictures with open groups, each shown for so many hundredths of a second."""
    height, width = pictures[0].shape[:2]
    options = {"bf": "2", "g": "9", "x264-params": "open-gop=1:log=-1"}
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30, options=options)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 100)
        at = 0
        for picture, step in zip(pictures, steps, strict=True):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = at, Fraction(1, 100)
            container.mux(stream.encode(frame))
            at += step
        container.mux(stream.encode())
    return path


@pytest.fixture(scope="module")
def videos(clip, tmp_path_factory) -> dict[str, Path]:
    """36 frames of a face, two of them empty: steady, of uneven times, and cut off."""
    folder = tmp_path_factory.mktemp("half")
    with av.open(str(clip)) as container:
        pictures = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    pictures[9] = pictures[20] = np.full_like(pictures[0], 90)
    steady = write(folder / "steady.mkv", pictures, [3] * 36)
    uneven = write(folder / "uneven.mkv", pictures, [1 + number * 7 % 11 for number in range(36)])
    cut = folder / "cut.mkv"
    cut.write_bytes(uneven.read_bytes()[: uneven.stat().st_size * 4 // 5])
    return {path.stem: path for path in (steady, uneven, cut)}


def analyser_of(recipe, folder, models, **runtime) -> Analyser:
    return Analyser(recipe, Runtime(**{**EACH_READ, **runtime}), Cache(folder), models)


def contents(folder: Path) -> dict[str, bytes]:
    """The rows of every stored table, to the bit."""
    found = {}
    for path in sorted(folder.rglob("*.parquet")):
        table = pq.read_table(path).replace_schema_metadata(None).combine_chunks()
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as stream:
            stream.write_table(table)
        found[path.relative_to(folder).as_posix()] = sink.getvalue().to_pybytes()
    return found


def break_off(analyser, video, at, error=KeyboardInterrupt) -> int:
    """Analyse a video until so many frames are done; returns how many were."""
    frames = 0

    def count(number):
        nonlocal frames
        frames += number
        if frames >= at:
            raise error

    analyser.on_frames = count
    with pytest.raises(error):
        analyser.analyse(video, video_id="v")
    return frames


@pytest.mark.parametrize(
    ("name", "dials"),
    [
        ("steady", {}),
        ("uneven", {}),
        ("cut", {}),
        ("uneven", {"target_fps": 12.0}),
        ("uneven", {"detect_every": 2}),
        ("steady", {"lanes": 1, "threads": 3, "reader": "opencv"}),
    ],
    ids=["steady", "uneven", "cut off", "target_fps", "detect_every", "opencv"],
)
def test_broken_off_after_any_read_the_rest_gives_the_same_tables(
    name, dials, recipe, videos, models, tmp_path
):
    dials = dict(dials)
    if "reader" in dials:
        recipe = dataclasses.replace(recipe, reader=recipe_of(reader=dials.pop("reader")).reader)
    whole = analyser_of(recipe, tmp_path / "whole", models, **dials)
    num_frames = whole.analyse(videos[name], video_id="v").timeline.video.num_frames
    expected = contents(tmp_path / "whole")
    assert len(expected) == 4
    read = 8 if dials.get("detect_every", 1) == 1 else 21
    assert num_frames > read
    ends = list(range(read, num_frames, read))
    for done in ends if not dials else ends[-1:]:
        folder = tmp_path / str(done)
        assert break_off(analyser_of(recipe, folder, models, **dials), videos[name], done) == done
        again = analyser_of(recipe, folder, models, **dials)
        told = []
        again.on_frames = told.append
        again.analyse(videos[name], video_id="v")
        assert contents(folder) == expected, f"after {done} of {num_frames} frames"
        assert sum(told) == num_frames
        assert again.work.frames_continued == done
        assert again.work.frames_decoded == num_frames - done
        if read == 8:
            assert again.work.frames_detected == num_frames - done


def test_broken_off_again_and_again_it_comes_to_its_end(recipe, videos, models, tmp_path):
    video = videos["uneven"]
    analyser_of(recipe, tmp_path / "whole", models).analyse(video, video_id="v")
    for done in (8, 16, 24, 32, 36):
        break_off(analyser_of(recipe, tmp_path / "half", models), video, done, error=OSError)
    again = analyser_of(recipe, tmp_path / "half", models)
    analysis = again.analyse(video, video_id="v")
    assert contents(tmp_path / "half") == contents(tmp_path / "whole"), "and no chunk is left"
    assert (again.work.frames_continued, again.work.frames_decoded) == (32, 4)
    timing = analysis.timing["expressions"]
    assert timing.units == len(analysis.expressions)
    assert timing.busy_s > 0
    assert analysis.profile.frames == 4


PROCESS = """
import os, signal, sys
from pathlib import Path
sys.path[:0] = sys.argv[1].split(os.pathsep)
from test_chunks import analyser_of, recipe_of
_, _, video, folder, models, at = sys.argv
frames = 0
def count(number):
    global frames
    frames += number
    if frames >= int(at):
        os.kill(os.getpid(), signal.SIGKILL)
analyser = analyser_of(recipe_of(signal="brightness"), Path(folder), Path(models))
analyser.on_frames = count
analyser.analyse(Path(video), video_id="v")
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_killed_for_good_it_goes_on_from_the_last_chunk(recipe, videos, models, tmp_path):
    analyser_of(recipe, tmp_path / "whole", models).analyse(videos["uneven"], video_id="v")
    places = os.pathsep.join([str(Path(__file__).parent), str(Path(__file__).parent.parent)])
    arguments = [places, str(videos["uneven"]), str(tmp_path / "half"), str(models), "24"]
    killed = subprocess.run([sys.executable, "-c", PROCESS, *arguments], check=False, timeout=300)
    assert killed.returncode == -signal.SIGKILL
    again = analyser_of(recipe, tmp_path / "half", models)
    again.analyse(videos["uneven"], video_id="v")
    assert contents(tmp_path / "half") == contents(tmp_path / "whole")
    assert again.work.frames_continued == 16, "frames are told of before their chunk is stored"


# Who goes on from what
# ----------------------------------------------------------------------------------------------


def test_another_recipe_goes_on_from_the_faces_that_are_there(recipe, videos, models, tmp_path):
    other = dataclasses.replace(recipe, classify=Classify(max_faces=1))
    analyser_of(other, tmp_path / "whole", models).analyse(videos["uneven"], video_id="v")
    break_off(analyser_of(recipe, tmp_path / "half", models), videos["uneven"], 24)
    again = analyser_of(other, tmp_path / "half", models)
    again.analyse(videos["uneven"], video_id="v")
    made = contents(tmp_path / "half")
    assert {path: made[path] for path in contents(tmp_path / "whole")} == contents(
        tmp_path / "whole"
    )
    assert (again.work.frames_decoded, again.work.frames_detected) == (36, 12)
    assert again.work.frames_continued == 0, "nothing was done of its expressions"


def test_a_plan_goes_on_with_all_of_its_tables(recipe, videos, models, tmp_path):
    recipes = [recipe, dataclasses.replace(recipe, classify=Classify(max_faces=1))]
    recipes.append(recipe_of(preprocessing="align5"))
    frames = 0

    def count(number):
        nonlocal frames
        frames += number
        if frames >= 16:
            raise KeyboardInterrupt

    def plan(folder):
        jobs = [VideoJob(recipe=one, path=videos["uneven"], video_id="v") for one in recipes]
        return Plan(jobs, runtime=Runtime(**EACH_READ), cache=Cache(folder), models=models)

    plan(tmp_path / "whole").run()
    with pytest.raises(KeyboardInterrupt):
        plan(tmp_path / "half").run(on_frames=count)
    outcome = plan(tmp_path / "half").run()
    assert (outcome.passes, outcome.failures) == (1, {})
    assert (outcome.work.frames_continued, outcome.work.frames_detected) == (16, 20)
    assert contents(tmp_path / "half") == contents(tmp_path / "whole")


@pytest.mark.parametrize("runtime", [{"chunk_s": None}, {"measure": True}])
def test_without_chunks_it_begins_anew(runtime, recipe, videos, models, tmp_path):
    break_off(analyser_of(recipe, tmp_path, models, **runtime), videos["steady"], 16)
    assert not list(tmp_path.rglob("*.parquet"))
    break_off(analyser_of(recipe, tmp_path, models), videos["steady"], 16)
    again = analyser_of(recipe, tmp_path, models, **runtime)
    again.analyse(videos["steady"], video_id="v")
    assert (again.work.frames_continued, again.work.frames_decoded) == (0, 36)


def test_other_reads_are_not_gone_on_from(recipe, videos, models, tmp_path):
    """Whole pictures are the same with any stride, but their chunks end where other reads do."""
    break_off(analyser_of(recipe, tmp_path / "half", models), videos["steady"], 16)
    analyser_of(recipe, tmp_path / "whole", models, detect_every=2).analyse(
        videos["steady"], video_id="v"
    )
    again = analyser_of(recipe, tmp_path / "half", models, detect_every=2)
    again.analyse(videos["steady"], video_id="v")
    assert again.work.frames_continued == 0
    made = contents(tmp_path / "half")
    for path, rows in contents(tmp_path / "whole").items():
        assert made[path] == rows


# What chunks are like
# ----------------------------------------------------------------------------------------------


def chunk_files(folder):
    return sorted((folder / "chunks").rglob("*.parquet"))


def test_a_chunk_is_private_and_of_one_table(recipe, videos, models, tmp_path):
    analyser = analyser_of(recipe, tmp_path, models)
    break_off(analyser, videos["steady"], 16)
    keys = analyser.keys(videos["steady"])
    made = {keys[stage].key for stage in ("faces", "expressions", "pictures")}
    assert {path.parent.name for path in chunk_files(tmp_path)} == made
    assert {path.name for path in chunk_files(tmp_path)} == {"0-8.parquet", "8-16.parquet"}
    for path in chunk_files(tmp_path):
        if sys.platform != "win32":
            assert path.stat().st_mode & 0o777 == 0o600
            assert path.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("harm", ["flip", "cut", "gone", "versions"])
def test_a_chunk_that_is_not_what_was_written_is_made_again(
    harm, recipe, videos, models, tmp_path, monkeypatch
):
    analyser_of(recipe, tmp_path / "whole", models).analyse(videos["steady"], video_id="v")
    analyser = analyser_of(recipe, tmp_path / "half", models)
    with monkeypatch.context() as patch:
        if harm == "versions":
            patch.setattr(chunks_module, "__version__", "0.0.1")
        break_off(analyser, videos["steady"], 24)
    second = tmp_path / "half" / "chunks" / analyser.keys(videos["steady"])["faces"].key
    second = second / "8-16.parquet"
    data = bytearray(second.read_bytes())
    data[len(data) // 2] ^= 1
    if harm == "gone":
        second.unlink()
    elif harm != "versions":
        second.write_bytes(data if harm == "flip" else data[:-9])
    again = analyser_of(recipe, tmp_path / "half", models)
    again.analyse(videos["steady"], video_id="v")
    assert again.work.frames_detected == 36 - (0 if harm == "versions" else 8)
    assert contents(tmp_path / "half") == contents(tmp_path / "whole")


def test_chunks_of_a_longer_video_are_not_believed(recipe, videos, models, tmp_path):
    analyser_of(recipe, tmp_path / "whole", models).analyse(videos["steady"], video_id="v")
    again = analyser_of(recipe, tmp_path / "half", models)
    request = again.request(videos["steady"], video_id="v")
    table, about = tables.table_of(Faces.empty())
    _chunks(request, again.runtime, again.cache).write(
        request.keys["faces"].key,
        Chunk(first=0, until=80, busy_s=1.0, table=table, about=about),
    )
    again.analyse(videos["steady"], video_id="v")
    assert contents(tmp_path / "half") == contents(tmp_path / "whole")


def test_chunks_that_nobody_goes_on_from_are_deleted(recipe, videos, models, tmp_path):
    break_off(analyser_of(recipe, tmp_path, models), videos["uneven"], 8)
    left = [path.parent for path in chunk_files(tmp_path)]
    long_ago = time.time() - KEPT_S - 60
    for folder in left[1:]:
        os.utime(folder, (long_ago, long_ago))
    analyser_of(recipe, tmp_path, models).analyse(videos["steady"], video_id="v")
    assert [folder for folder in left if folder.exists()] == left[:1]


def test_chunks_that_cannot_be_written_are_told_once_and_end_nothing(
    recipe, videos, models, tmp_path, caplog
):
    tmp_path.mkdir(exist_ok=True)
    (tmp_path / "chunks").write_text("in the way")
    analyser = analyser_of(recipe, tmp_path, models)
    analyser.analyse(videos["steady"], video_id="v")
    analyser.analyse(videos["uneven"], video_id="v")
    [told] = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert told.startswith(f"what is finished of a video cannot be stored in {tmp_path}/chunks (")


def test_of_a_video_that_changes_nothing_is_stored(recipe, videos, models, tmp_path):
    video = tmp_path / "v.mkv"
    video.write_bytes(videos["steady"].read_bytes())

    def change(number):
        with video.open("ab") as stream:
            stream.write(bytes(16))

    analyser = analyser_of(recipe, tmp_path / "cache", models)
    analyser.on_frames = change
    with pytest.raises(Exception, match="changed while it was read"):
        analyser.analyse(video, video_id="v")
    assert not list((tmp_path / "cache").rglob("*.parquet"))


# Signals
# ----------------------------------------------------------------------------------------------


@pytest.fixture
def signals():
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    told = []
    interrupts.heed_signals(lambda: told.append(1))
    yield told
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_asked_once_it_finishes_what_is_in_hand_and_stores_it(
    number, signals, recipe, videos, models, tmp_path
):
    """Nothing is due yet when the signal comes."""
    analyser = analyser_of(recipe, tmp_path, models, chunk_s=1000.0, lanes=1)
    frames = []

    def ask(count):
        if not frames:
            os.kill(os.getpid(), number)
        frames.append(count)

    analyser.on_frames = ask
    with pytest.raises(KeyboardInterrupt):
        analyser.analyse(videos["steady"], video_id="v")
    assert signals == [1]
    assert 8 <= sum(frames) < 36
    again = analyser_of(recipe, tmp_path, models)
    again.analyse(videos["steady"], video_id="v")
    assert again.work.frames_continued == sum(frames)


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_asked_twice_it_ends_at_once(signals, recipe, videos, models, tmp_path):
    analyser = analyser_of(recipe, tmp_path, models, chunk_s=1000.0)
    frames = []

    def ask(count):
        frames.append(count)
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.4)
        os.kill(os.getpid(), signal.SIGINT)
        frames.append(0)

    analyser.on_frames = ask
    with pytest.raises(KeyboardInterrupt):
        analyser.analyse(videos["steady"], video_id="v")
    assert frames == [8]
    os.kill(os.getpid(), signal.SIGINT)  # an impatient sender: records are being closed


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_asked_during_the_last_read_the_video_is_done(signals, recipe, videos, models, tmp_path):
    analyser = analyser_of(recipe, tmp_path, models)
    frames = []

    def ask(count):
        frames.append(count)
        if sum(frames) == 36:
            os.kill(os.getpid(), signal.SIGINT)

    analyser.on_frames = ask
    with pytest.raises(KeyboardInterrupt):
        analyser.analyse(videos["steady"], video_id="v")
    again = analyser_of(recipe, tmp_path, models)
    again.analyse(videos["steady"], video_id="v")
    assert again.work.frames_decoded == 0
    assert not chunk_files(tmp_path)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_processes_store_what_they_have_in_hand(signals, recipe, videos, models, tmp_path):
    jobs = [VideoJob(recipe=recipe, path=path, video_id="v") for path in videos.values()]

    def plan(**runtime):
        runtime = Runtime(**{**EACH_READ, "chunk_s": 1000.0, "lanes": 1, **runtime})
        return Plan(jobs, runtime=runtime, cache=Cache(tmp_path), models=models)

    frames = []

    def ask(count):
        if not frames:
            os.kill(os.getpid(), signal.SIGINT)
        frames.append(count)

    with pytest.raises(KeyboardInterrupt):
        plan(workers=2).run(on_frames=ask)
    assert signals == [1]
    assert chunk_files(tmp_path) or list(tmp_path.glob("faces/*/*.parquet"))
    outcome = plan().run()
    assert outcome.failures == {}
    assert outcome.work.frames_continued >= 8 or outcome.passes < 3
