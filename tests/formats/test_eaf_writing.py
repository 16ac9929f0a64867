"""The .eaf files that ferbench writes: by the rules of the EAF 3.0 schema, pympi, and read back."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pympi import Eaf

from ferbench.formats.eaf_writing import write_elan
from ferbench.formats.elan import read_elan
from ferbench.formats.tracks import Span, Track
from ferbench.formats.writing import write_tracks

# -------------------------------------------------------------------------------------------------
# the schema's rules for what we write: children in this order, attributes and what they are


def is_id(value):
    return re.fullmatch(r"[A-Za-z_][\w.-]*", value) is not None


def is_time(value):
    return re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?", value)


def is_whole(value):
    return re.fullmatch(r"\d{1,10}", value) is not None and int(value) <= 2**32 - 1


def is_truth(value):
    return value in ("true", "false")


def anything(value):
    return isinstance(value, str)


SCHEMA = "{http://www.w3.org/2001/XMLSchema-instance}noNamespaceSchemaLocation"
RULES = {  # children (name, at least, at most); needed attributes; further ones
    "ANNOTATION_DOCUMENT": (
        [("HEADER", 1, 1), ("TIME_ORDER", 1, 1), ("TIER", 0, None), ("LINGUISTIC_TYPE", 0, None)],
        {"DATE": is_time, "AUTHOR": anything, "VERSION": anything},
        {"FORMAT": anything, SCHEMA: anything},
    ),
    "HEADER": (
        [("MEDIA_DESCRIPTOR", 0, None), ("LINKED_FILE_DESCRIPTOR", 0, None)],
        {},
        {"MEDIA_FILE": anything, "TIME_UNITS": lambda value: value == "milliseconds"},
    ),
    "MEDIA_DESCRIPTOR": (
        [],
        {"MEDIA_URL": anything, "MIME_TYPE": anything},
        {"RELATIVE_MEDIA_URL": anything, "TIME_ORIGIN": is_whole, "EXTRACTED_FROM": anything},
    ),
    "TIME_ORDER": ([("TIME_SLOT", 0, None)], {}, {}),
    "TIME_SLOT": ([], {"TIME_SLOT_ID": is_id}, {"TIME_VALUE": is_whole}),
    "TIER": (
        [("ANNOTATION", 0, None)],
        {"TIER_ID": anything, "LINGUISTIC_TYPE_REF": anything},
        {"PARTICIPANT": anything, "ANNOTATOR": anything},
    ),
    "ANNOTATION": ([("ALIGNABLE_ANNOTATION", 1, 1)], {}, {}),
    "ALIGNABLE_ANNOTATION": (
        [("ANNOTATION_VALUE", 1, 1)],
        {"ANNOTATION_ID": is_id, "TIME_SLOT_REF1": is_id, "TIME_SLOT_REF2": is_id},
        {},
    ),
    "ANNOTATION_VALUE": ([], {}, {}),
    "LINGUISTIC_TYPE": (
        [],
        {"LINGUISTIC_TYPE_ID": anything},
        {"TIME_ALIGNABLE": is_truth, "GRAPHIC_REFERENCES": is_truth},
    ),
}


def faults_of(path):
    """What is wrong with a file by the schema's rules."""
    root = ElementTree.parse(path).getroot()
    faults = [] if root.tag == "ANNOTATION_DOCUMENT" else [f"root {root.tag}"]
    for element in root.iter():
        children, needed, further = RULES[element.tag]
        faults += faults_of_children(element, children)
        known = {**needed, **further}
        faults += [f"{element.tag} without {name}" for name in needed if name not in element.attrib]
        for name, value in element.attrib.items():
            if name not in known or not known[name](value):
                faults.append(f"{element.tag} {name}={value!r}")
    return faults + faults_of_keys(root)


def faults_of_children(element, children):
    names = [child.tag for child in element]
    in_order = [name for name, _, _ in children for _ in range(names.count(name))]
    faults = [] if names == in_order else [f"{element.tag}: children {names}"]
    for name, least, most in children:
        number = names.count(name)
        if number < least or (most is not None and number > most):
            faults.append(f"{element.tag}: {number} {name}")
    return faults


def faults_of_keys(root):
    def values(path, name):
        return [element.get(name) for element in root.iterfind(path)]

    slots = values("TIME_ORDER/TIME_SLOT", "TIME_SLOT_ID")
    notes = values("TIER/ANNOTATION/ALIGNABLE_ANNOTATION", "ANNOTATION_ID")
    keys = {"ids": [*slots, *notes], "tiers": values("TIER", "TIER_ID")}
    faults = [f"{name} twice" for name, each in keys.items() if len(set(each)) < len(each)]
    types = values("LINGUISTIC_TYPE", "LINGUISTIC_TYPE_ID")
    faults += [
        f"type {name}" for name in values("TIER", "LINGUISTIC_TYPE_REF") if name not in types
    ]
    for reference in ("TIME_SLOT_REF1", "TIME_SLOT_REF2"):
        used = values("TIER/ANNOTATION/ALIGNABLE_ANNOTATION", reference)
        faults += [f"slot {slot}" for slot in used if slot not in slots]
    return faults


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('MIME_TYPE="video/mp4" ', "", "MEDIA_DESCRIPTOR without MIME_TYPE"),
        ('TIME_VALUE="', 'TIME_VALUE="-', "TIME_SLOT TIME_VALUE='-0'"),
        ('TIME_SLOT_REF2="ts2"', 'TIME_SLOT_REF2="ts9"', "slot ts9"),
        ('LINGUISTIC_TYPE_ID="default-lt"', 'LINGUISTIC_TYPE_ID="x"', "type default-lt"),
        ('TIME_SLOT_ID="ts2"', 'TIME_SLOT_ID="ts1"', "ids twice"),
        ('ANNOTATION_ID="a1"', 'ANNOTATION_ID="1"', "ALIGNABLE_ANNOTATION ANNOTATION_ID='1'"),
        ("<TIME_ORDER>", "<TIER/><TIME_ORDER>", "TIER without TIER_ID"),
    ],
)
def test_the_rules_find_faults(old, new, fault, tmp_path):
    span = Span(onset_s=0.0, offset_s=1.0, text="x")
    path = tmp_path / "x.eaf"
    write_elan(path, [Track(name="hit", spans=(span,))], video=tmp_path / "x.mp4")
    assert faults_of(path) == []
    content = path.read_text()
    assert old in content
    path.write_text(content.replace(old, new))
    assert fault in faults_of(path)


# -------------------------------------------------------------------------------------------------
# what we write

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
SPANS = st.lists(
    st.builds(
        lambda begin_ms, length_ms, text: Span(
            onset_s=begin_ms / 1000, offset_s=(begin_ms + length_ms) / 1000, text=text
        ),
        st.integers(0, 5000),
        st.integers(0, 800),
        TEXTS,
    ),
    max_size=6,
).map(tuple)
TRACKS = st.lists(st.builds(Track, name=TEXTS.filter(str.strip), spans=SPANS), max_size=4)


@settings(max_examples=150, deadline=None)
@given(tracks=TRACKS, name=TEXTS.filter(lambda text: "/" not in text and "\0" not in text))
def test_any_tracks_and_names_make_a_file_of_the_schema(tracks, name, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "any.eaf"
    write_elan(path, tracks, video=path.parent / f"P{name}.mp4")
    assert faults_of(path) == []
    theirs = Eaf(str(path))
    num_annotations = sum(len(theirs.get_annotation_data_for_tier(t)) for t in theirs.tiers)
    assert num_annotations == sum(len(track.spans) for track in tracks)
    assert len(theirs.get_linked_files()) == 1


def test_tracks_of_one_name_are_tiers_of_several(tmp_path):
    spans = (Span(onset_s=0.0, offset_s=2.0, text="a"), Span(onset_s=1.0, offset_s=3.0, text="b"))
    tracks = [Track(name=name, spans=spans) for name in ("hit", "hit 2", "hit")]
    write_elan(tmp_path / "x.eaf", tracks)
    assert faults_of(tmp_path / "x.eaf") == []
    assert len(read_elan(tmp_path / "x.eaf", tier="all").rows) == 6


@pytest.mark.parametrize(
    ("suffix", "mime_type"),
    [
        (".mp4", "video/mp4"),
        (".M4V", "video/mp4"),
        (".mov", "video/quicktime"),
        (".mpg", "video/mpeg"),
        (".mpeg", "video/mpeg"),
        (".avi", "unknown"),
        (".mkv", "unknown"),
    ],
)
@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("", "P01"),
        ("videos", "P01"),
        ("../videos", "P01"),
        ("my videos", "P01 front (1)"),
        ("übung", "Zoë & co"),
        ("a#b?c", "50%"),
    ],
)
def test_the_video_is_linked_as_elan_links_it(folder, name, suffix, mime_type, tmp_path):
    """ELAN takes what follows file:// as a path, as it is, and the other from the .eaf's folder."""
    home = tmp_path / "study" / "marks"
    home.mkdir(parents=True)
    video = home / folder / f"{name}{suffix}"
    write_elan(home / "x.eaf", [Track(name="hit", spans=())], video=video)
    (linked,) = Eaf(str(home / "x.eaf")).get_linked_files()
    assert linked["MIME_TYPE"] == mime_type
    assert linked["MEDIA_URL"].startswith("file:///")
    absolute = Path(linked["MEDIA_URL"].removeprefix("file://"))
    relative = linked["RELATIVE_MEDIA_URL"]
    assert relative.startswith(("./", "../"))
    video.parent.mkdir(parents=True, exist_ok=True)
    video.touch()
    assert absolute.samefile(video)
    assert (home / relative).samefile(video)
    assert absolute.parts == (*absolute.parent.parts, video.name)
    found = read_elan(home / "x.eaf", tier="hit")
    assert found.sessions == {name}


def test_a_link_to_a_video_keeps_its_name(tmp_path):
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "C0001.mp4").touch()
    (tmp_path / "P01.mp4").symlink_to(tmp_path / "raw" / "C0001.mp4")
    write_elan(tmp_path / "x.eaf", [Track(name="hit", spans=())], video=tmp_path / "P01.mp4")
    assert read_elan(tmp_path / "x.eaf").sessions == {"P01"}


def test_a_relative_path_is_linked_by_its_absolute_place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_elan(Path("x.eaf"), [Track(name="hit", spans=())], video=Path("v/../P01.mp4"))
    (linked,) = Eaf("x.eaf").get_linked_files()
    assert linked["MEDIA_URL"] == f"file://{tmp_path.as_posix()}/P01.mp4"
    assert linked["RELATIVE_MEDIA_URL"] == "./P01.mp4"


def test_sessions_are_written_with_their_videos(tmp_path):
    tracks = {name: [Track(name="hit", spans=())] for name in ("P01", "P02")}
    out = tmp_path / "{session}.eaf"
    write_tracks(out, tracks, videos={"P02": tmp_path / "P02.mp4"})
    assert Eaf(str(tmp_path / "P01.eaf")).get_linked_files() == []
    (linked,) = Eaf(str(tmp_path / "P02.eaf")).get_linked_files()
    assert linked["RELATIVE_MEDIA_URL"] == "./P02.mp4"
