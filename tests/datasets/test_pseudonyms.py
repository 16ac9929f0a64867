"""Pseudonyms: the key file, what it renames, and what texts show."""

from __future__ import annotations

import re

import pytest

from ferbench.datasets.pseudonyms import (
    check_place,
    names_in,
    read_pseudonyms,
    with_new,
    write_pseudonyms,
)
from ferbench.datasets.study import Study
from ferbench.errors import ConfigError, DatasetError, FormatError
from ferbench.secret_texts import forget_names, keep_name, masked

PATTERN = r"(?P<session>(?P<participant>[A-Za-z]+)_\d)"
ROWS = "session,onset_s,kind,annotator\nAnna_1,0.2,error,X\nANNA_02,0.3,error,Y\nClara_1,0.4,,X\n"


@pytest.fixture
def lab(tmp_path):
    for name in ("Anna_1.mp4", "Anna_2.mp4", "berta_1.mp4", "Dora.mp4.part"):
        (tmp_path / name).touch()
    (tmp_path / "marks.csv").write_text(ROWS)
    return tmp_path


def study(lab, **fields) -> Study:
    given = {"annotations": str(lab / "marks.csv"), "annotator": "all", "pattern": PATTERN}
    return Study(videos=str(lab), **{**given, **fields})


@pytest.fixture
def keys(lab):
    path = lab / "keys.csv"
    write_pseudonyms(path, with_new({}, names_in(study(lab).load().sessions)))
    return path


def test_only_the_owner_can_read_the_file(keys):
    assert keys.stat().st_mode & 0o777 == 0o600
    write_pseudonyms(keys, read_pseudonyms(keys).of)
    assert keys.stat().st_mode & 0o777 == 0o600


def test_a_file_that_others_can_read_is_refused(keys):
    keys.chmod(0o640)
    with pytest.raises(ConfigError, match=r"mode 640.*chmod 600"):
        read_pseudonyms(keys)


def test_pseudonyms_are_random_and_stay():
    names = [("participant", "Anna"), ("session", "Anna_1"), ("video", "Anna_1.MP4")]
    one, other = with_new({}, names), with_new({}, names)
    assert not set(one.values()) & set(other.values()), "not computed from the names"
    more = with_new(one, [*names, ("participant", "berta")])
    assert {key: more[key] for key in one} == one
    assert len(set(more.values())) == 4
    shapes = [r"P-[0-9a-f]{8}", r"S-[0-9a-f]{8}", r"V-[0-9a-f]{8}\.mp4"]
    assert all(map(re.fullmatch, shapes, one.values()))


def test_what_is_read_is_what_was_written(tmp_path):
    names = {("participant", 'a "b", c\nd'): "P-1", ("session", "ü_1"): "S-2"}
    write_pseudonyms(tmp_path / "k.csv", names)
    assert read_pseudonyms(tmp_path / "k.csv").of == names


def test_a_data_set_has_no_names_but_pseudonyms(lab, keys):
    plain, renamed = study(lab).load(), study(lab, pseudonyms=str(keys)).load()
    of = read_pseudonyms(keys).of
    assert [session.session_id for session in renamed.sessions] == [
        of["session", session.session_id] for session in plain.sessions
    ], "in the order of the names"
    for before, after in zip(plain.sessions, renamed.sessions, strict=True):
        assert after.participant == of["participant", before.participant]
        assert after.parts == before.parts
        if before.annotations is None:
            assert after.annotations is None
            continue
        for mark, renamed_mark in zip(before.annotations, after.annotations, strict=True):
            assert renamed_mark.session_id == after.session_id
            assert (renamed_mark.onset_s, renamed_mark.kind) == (mark.onset_s, mark.kind)


def test_annotators_are_compared_under_pseudonyms(lab, keys):
    renamed = study(lab, pseudonyms=str(keys), annotator="X").load()
    sessions = {session.session_id for session in renamed.sessions}
    assert renamed.all_annotators
    assert set(renamed.all_annotators) <= sessions
    for name, marks in renamed.all_annotators.items():
        assert {mark.session_id for mark in marks} <= {name}


def test_notices_are_counted_only_as_they_name_people(lab, keys):
    plain, renamed = study(lab).load(), study(lab, pseudonyms=str(keys)).load()
    assert any("Clara_1" in notice for notice in plain.notices), "of whom there is no video"
    (notice,) = renamed.notices
    number = len(plain.notices)
    assert notice.startswith(
        f"{number} notices on the data set may name people: ferbench.pseudonyms('KEYS'"
    )


def test_a_data_set_that_cannot_be_read_does_not_say_of_whom(lab, keys):
    (lab / "Anna_01.mov").touch()
    (lab / "marks.csv").write_text(ROWS.replace("onset_s", "Clara"))
    with pytest.raises(DatasetError) as caught:
        study(lab, pseudonyms=str(keys)).load()
    assert "Clara" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert "told by ferbench.pseudonyms('KEYS'" in str(caught.value)


def test_who_is_new_is_not_named(lab, keys):
    (lab / "Emma_1.mp4").touch()
    with pytest.raises(DatasetError) as caught:
        study(lab, pseudonyms=str(keys)).load()
    assert "has no pseudonym for 3 names" in str(caught.value)
    assert "mma" not in str(caught.value)


def test_a_file_that_is_not_there(lab):
    with pytest.raises(ConfigError, match=r"k\.csv is not there; make it: ferbench\.pseudonyms"):
        study(lab, pseudonyms=str(lab / "k.csv")).load()


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a,b,c\n", 1),
        ("", 1),
        ("kind,name,pseudonym\nperson,Anna,P-1\n", 2),
        ("kind,name,pseudonym\nsession,Anna\n", 2),
        ("kind,name,pseudonym\nsession,Anna,\n", 2),
        ("kind,name,pseudonym\nsession,Anna,S-1\nsession,berta,S-1\n", 3),
        ("kind,name,pseudonym\nsession,Anna,S-1\nsession,Anna,S-2\n", 3),
    ],
)
def test_what_is_no_key_file_is_refused(tmp_path, text, line):
    (tmp_path / "k.csv").write_text(text)
    (tmp_path / "k.csv").chmod(0o600)
    with pytest.raises(FormatError, match=f"line {line}: "):
        read_pseudonyms(tmp_path / "k.csv")


@pytest.mark.parametrize("folder", ["mlruns", "mlruns/artifacts/x", ".ferbench/cache"])
def test_it_does_not_lie_among_records(tmp_path, folder):
    check_place(tmp_path / "videos" / "keys.csv", tmp_path)
    with pytest.raises(ConfigError, match=r"pseudonyms: .*among what is handed on"):
        check_place(tmp_path / folder / "keys.csv", tmp_path)
    with pytest.raises(ConfigError):
        check_place(tmp_path / "videos" / ".." / folder / "keys.csv", tmp_path)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Anna_1 and anna_01.mp4", "S-1 and V-1.mp4"),
        ("/data/ANNA/anna_1.MP4: cut off", "/data/P-1/V-1.mp4: cut off"),
        ("no video is of 'anna'", "no video is of 'P-1'"),
        ("Annas Hannah anna_baseline", "Annas Hannah P-1_baseline"),
        ("line 7 of 7: participant '7' or '007'", "line 7 of 7: participant 'P-7' or 'P-7'"),
        ("51014, 0.51014, 951014, 51014_1.mp4", "P-5, 0.51014, 951014, P-5_1.mp4"),
        ("a.c and abc", "P-x and abc"),
        ("Zoe\u0308 or ZO\u00cb", "P-z or P-z"),
        ("\u0130rem and \u017fam", "P-i and ***"),
    ],
)
def test_texts_show_pseudonyms(text, told):
    names = {"Anna": "P-1", "Anna_1": "S-1", "Anna_1.mp4": "V-1.mp4"}
    names |= {"7": "P-7", "51014": "P-5", "a.c": "P-x"}
    names |= {"Zo\u00eb": "P-z", "\u0130rem": "P-i", "Sam": "P-s"}
    for name, pseudonym in names.items():
        keep_name(name, pseudonym)
    assert masked(text) == told
    assert masked(told) == told
    forget_names()
    assert masked(text) == text


def test_a_recorded_configuration_has_its_names_again(keys):
    pseudonyms = read_pseudonyms(keys)
    pseudonyms.keep()
    config = {"videos": "/lab/berta/Anna_1.mp4", "only": ["Anna_2", "berta"], "rate": 3, "x": None}
    recorded = {**config, "videos": masked(config["videos"])}
    recorded["only"] = [masked(name) for name in config["only"]]
    assert "nna" not in str(recorded)
    assert "berta" not in str(recorded)
    assert pseudonyms.named(recorded) == config
