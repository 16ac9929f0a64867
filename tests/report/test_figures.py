"""The look of all pictures."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from ferbench import look
from ferbench.report.agreement import events_png, expressions_png, shares_png
from ferbench.report.distribution_pictures import latencies
from ferbench.report.figures import OUTCOMES, PictureStyle
from ferbench.report.timeline import timeline_png
from ferbench.results import Analysis, PartResult, SessionResult
from ferbench.types import (
    Annotation,
    Counts,
    Event,
    Expressions,
    Faces,
    Part,
    Session,
    Signal,
    Timeline,
    VideoInfo,
)

LABELS = tuple(look.EXPRESSION_COLOURS)
SVG = "{http://www.w3.org/2000/svg}"


def a_session() -> SessionResult:
    """Ten seconds with a face in every frame, one hit, one false alarm and one miss."""
    frames = 100
    path = Path("a $x$.mp4")
    video = VideoInfo(
        video_id="a $x$",
        path=path,
        sha256="0" * 64,
        num_frames=frames,
        width_px=64,
        height_px=36,
        fps_hz=10.0,
        rotation_deg=0,
    )
    timeline = Timeline(video=video, edges_s=np.arange(frames + 1) / 10)
    logits = np.random.default_rng(0).normal(size=(frames, len(LABELS))).astype(np.float32)
    rows = np.arange(frames)
    faces = Faces(
        frame=rows,
        box_xyxy=np.tile(np.float32([0, 0, 9, 9]), (frames, 1)),
        score=np.ones(frames, np.float32),
        landmarks_xy=np.full((frames, 5, 2), np.nan, np.float32),
    )
    expressions = Expressions(frame=rows, face=rows, logits=logits, labels=LABELS)
    analysis = Analysis(timeline=timeline, faces=faces, expressions=expressions, keys={}, timing={})
    signal = Signal(label="surprise", value=np.linspace(0, 1, frames), timeline=timeline)
    events = tuple(
        Event(
            session_id="a", onset_s=t, offset_s=t + 1, trigger_s=t + 0.2, label="surprise", peak=0.9
        )
        for t in (1.0, 5.0)
    )
    annotations = tuple(
        Annotation(session_id="a", onset_s=t, offset_s=t + 1, kind="slip", annotator="anna")
        for t in (1.0, 8.0)
    )
    return SessionResult(
        session=Session(session_id="a $x$", parts=(Part(path=path),), annotations=annotations),
        parts=(
            PartResult(analysis=analysis, start_s=0.0, chosen=rows, signals=(signal,), quality={}),
        ),
        events=events,
        matches=((0, 0),),
        latencies_s=(0.2,),
        scored_events=(0, 1),
        scored_annotations=(0, 1),
        counts=Counts(tp=1, fp=1, fn=1, n_ref=2, observed_s=10.0, valid_s=10.0),
        observed_s=10.0,
        valid_s=10.0,
        quality={},
    )


def draw(path: Path, style: PictureStyle) -> None:
    timeline_png(a_session(), path, level=0.5, stamps_s=(1.2, 5.2), style=style)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_drawing_has_the_colours_dashes_and_marks_of_everything_else(tmp_path, theme):
    draw(tmp_path / "a.png", PictureStyle(theme=theme, vector=True))
    drawing = (tmp_path / "a.svg").read_text()
    looks = [node.get("style", "") for node in ElementTree.fromstring(drawing).iter(f"{SVG}path")]
    for label, colour in look.EXPRESSION_COLOURS.items():
        strokes = {
            re.sub(r".*stroke-dasharray: ([\d., ]+).*", r"\1", text)
            for text in looks
            if f"stroke: {colour}" in text and "stroke-dasharray" in text
        }
        assert bool(strokes) == bool(look.DASHES[label]), label
        width = 1.0  # matplotlib draws dashes in widths of the line
        for stroke in strokes:
            given = [float(length) for length in stroke.split(",")]
            assert given == pytest.approx([width * d for d in look.DASHES[label]]), label
    for outcome in ("hit", "false alarm", "missed"):
        assert OUTCOMES[outcome][1] in drawing, outcome
    assert len({shape for shape, _ in OUTCOMES.values()}) == len(OUTCOMES)
    red, green, blue = Image.open(tmp_path / "a.png").convert("RGB").getpixel((1, 1))
    assert (red, green, blue) == look.rgb(look.BACKGROUND[theme])
    assert look.INK[theme] in drawing


def test_text_in_a_drawing_is_text(tmp_path):
    draw(tmp_path / "a.png", PictureStyle(vector=True))
    root = ElementTree.parse(tmp_path / "a.svg").getroot()
    words = {"".join(node.itertext()) for node in root.iter(f"{SVG}text")}
    assert {"surprise (signal)", "anger", "events", "false alarm", "time in the session, s"} < words
    assert any(text.startswith("a $x$") for text in words), "a name is no formula"


def test_a_drawing_is_the_same_in_every_process(tmp_path):
    code = (
        "import sys; from pathlib import Path; from test_figures import draw; "
        "from ferbench.report.figures import PictureStyle; "
        "draw(Path(sys.argv[1]), PictureStyle(vector=True))"
    )
    for seed in ("1", "2"):
        paths = os.pathsep.join([str(Path(__file__).parent), *sys.path])
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": paths}
        target = tmp_path / seed / "a.png"
        subprocess.run([sys.executable, "-c", code, str(target)], env=environment, check=True)
    for name in ("a.png", "a.svg"):
        first, second = (tmp_path / seed / name for seed in ("1", "2"))
        assert first.read_bytes() == second.read_bytes(), name
    assert "<dc:date>" not in (tmp_path / "1" / "a.svg").read_text()


def test_without_vector_there_are_only_png_files(tmp_path):
    draw(tmp_path / "a.png", PictureStyle())
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_kind_of_picture_follows_the_theme(tmp_path, theme):
    style = PictureStyle(theme=theme, vector=True)
    shares = np.array([[1.0, np.nan], [0.3, 1.0]])
    latencies(tmp_path / "l.png", lags_s=[0.2, 1.0], pre_s=1, post_s=5, title="", style=style)
    written = [
        *shares_png({"a": shares}, ["x", "y"], tmp_path / "s.png", title="", style=style),
        *expressions_png("x", {"y": shares}, ["c", "d"], tmp_path / "e.png", style),
        *events_png({"x": [1, 2]}, tmp_path / "n.png", style),
    ]
    assert {path.name for path in written} == {
        f"{stem}.{kind}" for stem in "sen" for kind in ("png", "svg")
    }
    for path in tmp_path.glob("*.png"):
        corner = Image.open(path).convert("RGB").getpixel((1, 1))
        assert corner == look.rgb(look.BACKGROUND[theme]), path.name
    other = look.BACKGROUND["dark" if theme == "light" else "light"]
    for path in tmp_path.glob("*.svg"):
        assert other not in path.read_text(), path.name


def test_no_picture_has_colours_of_its_own():
    sources = (Path(look.__file__).parent / "report").glob("*.py")
    named = r"#[0-9a-fA-F]{6}|color=\"(?!none)|colormaps"
    assert {p.name: re.findall(named, p.read_text()) for p in sources if p.name} == {
        p.name: [] for p in (Path(look.__file__).parent / "report").glob("*.py")
    }
