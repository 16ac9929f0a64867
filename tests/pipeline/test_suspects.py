"""A video that ends its decoder costs itself, and is not met again until something changed."""

from __future__ import annotations

import dataclasses
import json
import shutil

import pytest

from ferbench.config.binding import build
from ferbench.config.compose import composed
from ferbench.config.settings import PLUGS
from ferbench.errors import ConfigError, VideoError
from ferbench.pipeline import suspects
from ferbench.pipeline.cache import Cache
from ferbench.pipeline.evaluate import evaluate
from ferbench.pipeline.kept_parts import KeptParts
from ferbench.pipeline.plan import Plan
from ferbench.pipeline.plan_parts import VideoJob
from ferbench.pipeline.recipe import Recipe, Runtime
from ferbench.pipeline.stages import Analyser
from ferbench.types import Part, Session
from helpers.dying_reader import DyingReader


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    config = composed({})
    made = Recipe(**{name: build(config[name], where=name) for name in PLUGS})
    return dataclasses.replace(made, signal=dataclasses.replace(made.signal, labels=("happiness",)))


@pytest.fixture(scope="module")
def bad(clip, tmp_path_factory):
    """The clip with a few more bytes, by which the reader knows it."""
    path = tmp_path_factory.mktemp("bad") / "bad.mp4"
    shutil.copy(clip, path)
    with path.open("ab") as stream:
        stream.write(b"\0\0\0\x10free12345678")
    return path


def dying(recipe, bad, **how):
    return dataclasses.replace(recipe, reader=DyingReader(num_bytes=bad.stat().st_size, **how))


def analyser_of(recipe, folder, models, **runtime):
    return Analyser(recipe, Runtime(device="cpu", **runtime), Cache(folder), models)


def failed(recipe, bad, folder, models, **runtime):
    """What it says, and whether it was opened."""
    analyser = analyser_of(recipe, folder, models, **runtime)
    with pytest.raises(VideoError) as raised:
        analyser.analyse(bad, video_id="bad")
    return str(raised.value)


def sessions_of(*paths):
    return [Session(session_id=path.stem, parts=(Part(path=path),)) for path in paths]


def later(monkeypatch):
    """As in another process that starts after now."""
    monkeypatch.setattr(suspects, "_started_unix_s", suspects.time.time())


def test_the_other_videos_go_on_and_their_tables_are_the_same(recipe, bad, clip, models, tmp_path):
    analyser = analyser_of(dying(recipe, bad), tmp_path / "with", models)
    report = evaluate(sessions_of(bad, clip), analyser)
    [failure] = report.failures
    reason = str(failure.reason)
    assert failure.session_id == "bad"
    assert reason.startswith("bad.mp4: its decoder crashed (SIGSEGV) while decoding, after ")
    assert "runtime={'retry_suspects': True} tries it again" in reason
    assert [result.session.session_id for result in report.sessions] == [clip.stem]
    alone = evaluate(sessions_of(clip), analyser_of(recipe, tmp_path / "alone", models))
    assert alone.sessions[0].events == report.sessions[0].events
    one, other = (each.sessions[0].parts[0].analysis for each in (report, alone))
    assert (one.expressions.logits == other.expressions.logits).all()
    assert (one.faces.box_xyxy == other.faces.box_xyxy).all()
    assert (one.timeline.edges_s == other.timeline.edges_s).all()


def test_it_is_left_out_until_something_changes(recipe, bad, models, tmp_path, monkeypatch):
    dies = dying(recipe, bad)
    assert "its decoder crashed (SIGSEGV)" in failed(dies, bad, tmp_path, models)
    later(monkeypatch)
    sound = dying(recipe, bad, at=1000)  # it would decode now, if it were opened
    told = failed(sound, bad, tmp_path, models)
    assert told.startswith(f"{bad}: left out, as on 2")
    assert "its decoder crashed (SIGSEGV) while decoding, after " in told
    assert "runtime={'retry_suspects': True} tries it again" in told
    assert analyser_of(sound, tmp_path, models).estimated_frames(bad) == 0
    # another reader's decoder
    assert len(analyser_of(recipe, tmp_path, models).analyse(bad, video_id="bad").faces)
    # another version of the decoder
    changed = {**suspects._versions(), "av": "0.0.1"}
    with monkeypatch.context() as patch:
        patch.setattr(suspects, "_versions", lambda: changed)
        assert len(analyser_of(sound, tmp_path, models).analyse(bad, video_id="bad").faces)
    assert not list((tmp_path / "suspects").iterdir()), "it is none any more"


def test_another_file_of_the_same_name_is_opened(recipe, bad, clip, models, tmp_path):
    path = tmp_path / "one.mp4"
    shutil.copy(bad, path)
    dies = dying(recipe, bad)
    failed(dies, path, tmp_path, models)
    shutil.copy(clip, path)
    assert len(analyser_of(dies, tmp_path, models).analyse(path, video_id="one").faces)


def test_it_can_be_tried_again_once_in_a_process(recipe, bad, models, tmp_path, monkeypatch):
    dies = dying(recipe, bad)
    failed(dies, bad, tmp_path, models)
    later(monkeypatch)
    again = {"retry_suspects": True}
    assert failed(dies, bad, tmp_path, models, **again).startswith(f"{bad}: its decoder crashed")
    assert failed(dies, bad, tmp_path, models, **again).startswith(f"{bad}: left out")
    later(monkeypatch)
    sound = dying(recipe, bad, at=1000)
    analyser = analyser_of(sound, tmp_path, models, **again)
    assert len(analyser.analyse(bad, video_id="bad").faces)
    assert not list((tmp_path / "suspects").iterdir())


def test_one_that_hangs_is_ended_and_left_out(recipe, bad, models, tmp_path):
    hangs = dying(recipe, bad, how="hang")
    told = failed(hangs, bad, tmp_path, models, decoder_patience_s=0.5)
    assert ": its decoder hung while decoding, after " in told
    assert "no packet and no frame came for 0.5 s" in told
    assert failed(hangs, bad, tmp_path, models).startswith(f"{bad}: left out")


def test_one_that_was_killed_is_no_suspect(recipe, bad, models, tmp_path):
    killed = dying(recipe, bad, how="SIGKILL")
    told = failed(killed, bad, tmp_path, models)
    assert "its decoder was killed from outside (SIGKILL) while decoding, after " in told
    assert "mostly for want of memory" in told
    assert "run again" in told
    assert not (tmp_path / "suspects").exists()
    sound = dying(recipe, bad, at=1000)
    assert len(analyser_of(sound, tmp_path, models).analyse(bad, video_id="bad").faces)


def test_what_is_stored_of_it_already_is_read(recipe, bad, models, tmp_path):
    sound = dying(recipe, bad, at=1000)
    before = analyser_of(sound, tmp_path, models).analyse(bad, video_id="bad")
    dies = dying(recipe, bad)
    box = dataclasses.replace(dies, detector=dataclasses.replace(dies.detector, min_score=0.9))
    failed(box, bad, tmp_path, models)
    after = analyser_of(dies, tmp_path, models).analyse(bad, video_id="bad")
    assert (after.expressions.logits == before.expressions.logits).all()


@pytest.mark.parametrize("how", ["SIGSEGV", "SIGKILL"])
def test_cells_of_a_sweep_meet_it_once(how, recipe, bad, clip, models, tmp_path):
    dies = dying(recipe, bad, how=how)
    jobs = [VideoJob(recipe=dies, path=path, video_id=path.stem) for path in (bad, clip)]
    cache = Cache(tmp_path)
    outcome = Plan(jobs, runtime=Runtime(device="cpu"), cache=cache, models=models).run()
    assert set(outcome.failures) == {bad}
    assert outcome.passes == 2
    sound = dying(recipe, bad, at=1000)  # it would decode, if its cell opened it
    report = evaluate(
        sessions_of(bad, clip),
        analyser_of(sound, tmp_path, models),
        kept=KeptParts(lost=outcome.lost),
    )
    [failure] = report.failures
    assert how in str(failure.reason)
    assert report.work.frames_decoded == 0


def test_notes_that_cannot_be_read_do_not_matter(recipe, bad, models, tmp_path):
    dies = dying(recipe, bad)
    failed(dies, bad, tmp_path, models)
    [file] = (tmp_path / "suspects").iterdir()
    whole = json.loads(file.read_text())
    for text in ("", "{", "[]", json.dumps({**whole, "death": {}}), json.dumps({"unix_s": 0})):
        file.write_text(text)
        assert failed(dies, bad, tmp_path, models).startswith(f"{bad}: its decoder crashed")
    assert failed(dies, bad, tmp_path, models).startswith(f"{bad}: left out")


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan")])
def test_patience_is_a_time(seconds):
    with pytest.raises(ConfigError, match="decoder_patience_s: expected more than 0 seconds"):
        Runtime(decoder_patience_s=seconds)
