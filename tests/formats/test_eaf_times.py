"""When annotations of ELAN are that have no times of their own: by hand, and by arithmetic."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pympi import Eaf

from ferbench.errors import FormatError
from ferbench.formats.elan import read_elan
from helpers.eaf import aligned, document, referring, tier


def read(content, folder, name):
    path = folder / "P01.eaf"
    path.write_text(content)
    return read_elan(path, tier=name)


def times_ms(found):
    return [(round(row.onset * 1000), round(row.offset * 1000)) for row in found.rows]


PARENT = tier("par", aligned("p1", "t1", "t9"), aligned("p2", "t9", "t10"))
"""Two annotations, 0 to 10 s and 10 to 16 s in most variants."""


def under(slots, *children, type="timesub", parents=PARENT):
    full = {"t1": 0, **slots, "t9": 10_000, "t10": 16_000}
    return document(parents, tier("err", *children, type=type, parent="par"), slots=full)


VARIANTS = {  # file, times of the annotations of the tier err by ELAN's rules, how many are shared
    "all slots have times": (
        under({"t2": 4000}, aligned("a1", "t1", "t2"), aligned("a2", "t2", "t9")),
        [(0, 4000), (4000, 10_000)],
        0,
    ),
    "one slot without a time": (
        under({"t2": None}, aligned("a", "t1", "t2"), aligned("b", "t2", "t9")),
        [(0, 5000), (5000, 10_000)],
        2,
    ),
    "two slots without a time": (
        under(
            {"t2": None, "t3": None},
            *(aligned("a", "t1", "t2"), aligned("b", "t2", "t3"), aligned("c", "t3", "t9")),
        ),
        [(0, 3333), (3333, 6666), (6666, 10_000)],
        3,
    ),
    "between two with times of their own": (
        under(
            {"t2": 2000, "t3": None, "t4": 9000},
            *(aligned("a", "t1", "t2"), aligned("b", "t2", "t3"), aligned("c", "t3", "t4")),
            aligned("d", "t4", "t9"),
        ),
        [(0, 2000), (2000, 5500), (5500, 9000), (9000, 10_000)],
        2,
    ),
    "two parents, each divided": (
        under(
            {"t2": None, "t3": None},
            *(aligned("a", "t1", "t2"), aligned("b", "t2", "t9")),
            *(aligned("c", "t9", "t3"), aligned("d", "t3", "t10")),
        ),
        [(0, 5000), (5000, 10_000), (10_000, 13_000), (13_000, 16_000)],
        4,
    ),
    "slots of other tiers between do not count": (
        document(
            PARENT,
            tier("other", aligned("o", "t1", "u"), aligned("q", "u", "t9"), type="timesub",
                 parent="par"),
            tier("err", aligned("a", "t1", "t2"), aligned("b", "t2", "t9"), type="timesub",
                 parent="par"),
            slots={"t1": 0, "u": None, "t2": None, "t9": 10_000, "t10": 16_000},
        ),
        [(0, 5000), (5000, 10_000)],
        2,
    ),
    "annotations in any order": (
        under(
            {"t2": None, "t3": None},
            *(aligned("c", "t3", "t9"), aligned("a", "t1", "t2"), aligned("b", "t2", "t3")),
        ),
        [(0, 3333), (3333, 6666), (6666, 10_000)],
        3,
    ),
    "slots of the file in any order": (
        document(
            PARENT,
            tier("err", aligned("a", "t1", "t2"), aligned("b", "t2", "t3"),
                 aligned("c", "t3", "t9"), type="timesub", parent="par"),
            slots={"t3": None, "t10": 16_000, "t9": 10_000, "t2": None, "t1": 0},
        ),
        [(0, 3333), (3333, 6666), (6666, 10_000)],
        3,
    ),
    "a division of a division": (
        document(
            tier("deep", aligned("d", "t1", "t3"), aligned("e", "t3", "t2"), type="timesub",
                 parent="err"),
            tier("err", aligned("a", "t1", "t2"), aligned("b", "t2", "t9"), type="timesub",
                 parent="par"),
            PARENT,
            slots={"t1": 0, "t3": None, "t2": None, "t9": 10_000, "t10": 16_000},
        ).replace('TIER_ID="err"', 'TIER_ID="mid"').replace('PARENT_REF="err"', 'PARENT_REF="mid"')
        .replace('TIER_ID="deep"', 'TIER_ID="err"'),
        [(0, 2500), (2500, 5000)],
        2,
    ),
    "a root tier without a slot's time": (
        document(
            tier("err", aligned("a", "t1", "t2"), aligned("b", "t2", "t3")),
            slots={"t1": 1000, "t2": None, "t3": 3000},
        ),
        [(1000, 2000), (2000, 3000)],
        2,
    ),
    "a root tier whose first slot has no time begins at 0": (
        document(tier("err", aligned("a", "t1", "t2")), slots={"t1": None, "t2": 3000}),
        [(1500, 3000)],
        1,
    ),
    "a symbolic subdivision": (
        under({}, *(referring(name, "p1", previous) for name, previous in
                    (("a", None), ("b", "a"), ("c", "b"))), type="symsub"),
        [(0, 3333), (3333, 6666), (6666, 10_000)],
        3,
    ),
    "a symbolic subdivision in any order": (
        under({}, *(referring(name, "p1", previous) for name, previous in
                    (("c", "b"), ("b", "a"), ("a", None))), type="symsub"),
        [(0, 3333), (3333, 6666), (6666, 10_000)],
        3,
    ),
    "two symbolic subdivisions": (
        under({}, referring("a", "p1"), referring("b", "p2"), referring("c", "p2", "b"),
              type="symsub"),
        [(0, 10_000), (10_000, 13_000), (13_000, 16_000)],
        2,
    ),
    "a symbolic subdivision of one": (
        under({}, referring("a", "p2"), type="symsub"), [(10_000, 16_000)], 0),
    "a symbolic association": (
        under({}, referring("a1", "p1"), referring("a2", "p2"), type="assoc"),
        [(0, 10_000), (10_000, 16_000)],
        0,
    ),
    "an association with a part of a subdivision": (
        document(
            PARENT,
            tier("words", referring("a", "p1"), referring("b", "p1", "a"), type="symsub",
                 parent="par"),
            tier("err", referring("x", "b"), referring("y", "a"), type="assoc", parent="words"),
            slots={"t1": 0, "t9": 10_000, "t10": 16_000},
        ),
        [(0, 5000), (5000, 10_000)],
        2,
    ),
    "a subdivision of a subdivision": (
        document(
            PARENT,
            tier("words", referring("a", "p1"), referring("b", "p1", "a"), type="symsub",
                 parent="par"),
            tier("err", referring("x", "b"), referring("y", "b", "x"), type="symsub",
                 parent="words"),
            slots={"t1": 0, "t9": 10_000, "t10": 16_000},
        ),
        [(5000, 7500), (7500, 10_000)],
        2,
    ),
    "a subdivision of what has no times of its own": (
        document(
            PARENT,
            tier("words", aligned("a", "t1", "t2"), aligned("b", "t2", "t9"), type="timesub",
                 parent="par"),
            tier("err", referring("x", "b"), referring("y", "b", "x"), type="symsub",
                 parent="words"),
            slots={"t1": 0, "t2": None, "t9": 10_000, "t10": 16_000},
        ),
        [(5000, 7500), (7500, 10_000)],
        2,
    ),
    "parts shorter than a millisecond": (
        document(
            tier("par", aligned("p1", "t1", "t2")),
            tier("err", *(referring(f"a{k}", "p1", f"a{k - 1}" if k else None) for k in range(4)),
                 type="symsub", parent="par"),
            slots={"t1": 5, "t2": 7},
        ),
        [(5, 5), (5, 6), (6, 6), (6, 7)],
        4,
    ),
    "a file without types": (
        document(
            PARENT,
            tier("err", referring("a", "p1"), referring("b", "p1"), parent="par"),
            slots={"t1": 0, "t9": 10_000, "t10": 16_000},
            types={},
        ),
        [(0, 5000), (5000, 10_000)],
        2,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", VARIANTS)
def test_variants(name, tmp_path):
    content, expected, num_shared = VARIANTS[name]
    found = read(content, tmp_path, "err")
    assert times_ms(found) == expected
    assert not found.refused
    shared = f"on tier 'err' {num_shared} of {len(expected)} annotations lack times of their own"
    assert any(shared in note for note in found.notes) == bool(num_shared)


def test_there_are_enough_variants():
    assert len(VARIANTS) >= 15


@pytest.mark.parametrize("name", ["all slots have times", "a symbolic association"])
def test_the_same_as_pympi_where_it_knows_times(name, tmp_path):
    content, expected, _ = VARIANTS[name]
    found = read(content, tmp_path, "err")
    theirs = Eaf(str(tmp_path / "P01.eaf")).get_annotation_data_for_tier("err")
    assert sorted(each[:2] for each in theirs) == expected == times_ms(found)


def test_several_associations_of_one_annotation_are_refused(tmp_path):
    """ELAN does not make them; which one is meant is not known."""
    content = under({}, referring("a", "p1"), referring("b", "p1"), type="assoc")
    found = read(content, tmp_path, "err")
    assert times_ms(found) == [(0, 10_000)]
    assert "overlaps the one before it" in found.refused[0].reason


@pytest.mark.parametrize(
    "slots",
    [
        {"t1": 1000, "t2": None},
        {"t1": 5000, "t2": None, "t3": 2000},
        {"t1": None, "t2": None},
    ],
)
def test_slots_that_lie_between_nothing_are_refused(slots, tmp_path):
    content = document(tier("err", aligned("a", "t1", "t2")), slots=slots)
    found = read(content, tmp_path, "err")
    assert not found.rows
    assert "has a time slot without a time, and none before and after it" in found.refused[0].reason


@pytest.mark.parametrize(
    "annotations",
    [
        [referring("a", "b"), referring("b", "a")],
        [referring("a", "gone")],
        [referring("a", "a")],
    ],
)
def test_references_that_lead_nowhere(annotations, tmp_path):
    content = document(tier("err", *annotations, type="assoc", parent="err"), slots={})
    with pytest.raises(FormatError, match=r"annotation [ab] refers to .*, which leads nowhere"):
        read(content, tmp_path, "err")


def test_a_circle_of_followers_still_shares(tmp_path):
    content = under({}, referring("a", "p1", "b"), referring("b", "p1", "a"), type="symsub")
    assert times_ms(read(content, tmp_path, "err")) == [(0, 5000), (5000, 10_000)]


# -------------------------------------------------------------------------------------------------
# trees of subdivisions whose times are known by arithmetic


@st.composite
def trees(draw):
    """A file of three tiers, each dividing the one above, and the times of the lowest."""
    slots, tiers, count = {}, {0: [], 1: [], 2: []}, [0]

    def slot(time_ms):
        count[0] += 1
        slots[f"s{count[0]}"] = time_ms
        return f"s{count[0]}"

    def divide(level, begins, begin_ms, ends, end_ms):
        """Slots and times of the parts of an annotation."""
        num_parts = draw(st.integers(1, 4))
        inner = [draw(st.booleans()) for _ in range(num_parts - 1)]
        given_ms = sorted(
            draw(st.lists(st.integers(begin_ms, end_ms), min_size=sum(inner), max_size=sum(inner)))
        )
        times = [begin_ms, *(given_ms.pop(0) if has_time else None for has_time in inner), end_ms]
        names = [begins, *(slot(time_ms) for time_ms in times[1:-1]), ends]
        known = [at for at, time_ms in enumerate(times) if time_ms is not None]
        for first, last in pairwise(known):
            step = (times[last] - times[first]) // (last - first)
            for at in range(first + 1, last):
                times[at] = times[first] + step * (at - first)
        for at in range(num_parts):
            part = (names[at], times[at], names[at + 1], times[at + 1])
            tiers[level].append(part)
            if level < 2:
                divide(level + 1, *part)

    end_ms, ends = 0, slot(0)
    for _ in range(draw(st.integers(1, 3))):
        begins, begin_ms = ends, end_ms
        end_ms = begin_ms + draw(st.integers(50, 5000))
        ends = slot(end_ms)
        tiers[0].append((begins, begin_ms, ends, end_ms))
        divide(1, begins, begin_ms, ends, end_ms)
    written = []
    for level, parts in tiers.items():
        annotations = [aligned(f"a{level}.{at}", part[0], part[2]) for at, part in enumerate(parts)]
        mixed = draw(st.permutations(annotations))
        above = f"tier{level - 1}" if level else None
        kind = "timesub" if level else "root"
        written.append(tier(f"tier{level}", *mixed, type=kind, parent=above))
    order = draw(st.permutations(list(slots)))
    content = document(*draw(st.permutations(written)), slots={name: slots[name] for name in order})
    return content, [(part[1], part[3]) for part in tiers[2]]


@settings(max_examples=300, deadline=None)
@given(tree=trees())
def test_trees_of_divisions(tree, tmp_path_factory):
    content, expected = tree
    found = read(content, tmp_path_factory.getbasetemp(), "tier2")
    assert sorted(times_ms(found)) == sorted(expected)


@settings(max_examples=100, deadline=None)
@given(
    num_parts=st.integers(1, 40), length_ms=st.integers(0, 100_000), begin_ms=st.integers(0, 10_000)
)
def test_symbolic_divisions_touch_and_fill_the_parent(
    num_parts, length_ms, begin_ms, tmp_path_factory
):
    parts = [referring(f"a{k}", "p", f"a{k - 1}" if k else None) for k in range(num_parts)]
    content = document(
        tier("par", aligned("p", "t1", "t2")),
        tier("err", *parts, type="symsub", parent="par"),
        slots={"t1": begin_ms, "t2": begin_ms + length_ms},
    )
    found = times_ms(read(content, tmp_path_factory.getbasetemp(), "err"))
    edges = [begin_ms + length_ms * at // num_parts for at in range(num_parts + 1)]
    assert sorted(found) == sorted(pairwise(edges))


def test_long_chains_take_one_step_per_link(tmp_path):
    """Each would take minutes if a step looked at all others."""
    number = 20_000
    slots = {"t0": 0, **{f"t{k}": None for k in range(1, number)}, f"t{number}": number * 10}
    parts = [aligned(f"a{k}", f"t{k}", f"t{k + 1}") for k in range(number)]
    content = document(
        tier("par", aligned("p", "t0", f"t{number}")),
        tier("err", *parts, type="timesub", parent="par"),
        slots=slots,
    )
    assert times_ms(read(content, tmp_path, "err"))[-1] == (number * 10 - 10, number * 10)
    names = [f"r{k}" for k in range(number)]
    refs = [referring(name, before) for name, before in zip(names, ["p", *names], strict=False)]
    content = document(
        tier("par", aligned("p", "t0", "t1")),
        *(tier(f"x{k}", refs[k], type="assoc") for k in range(number - 1, 0, -1)),
        tier("err", refs[0], type="assoc"),
        slots={"t0": 0, "t1": 50},
    )
    found = read(content, tmp_path, f"x{number - 1}")
    assert times_ms(found) == [(0, 50)]
