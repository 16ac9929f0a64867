"""Tables on the screen: they fit its width."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from ferbench.app.tables import FittedTable
from ferbench.report.compare import compare
from ferbench.report.shown_numbers import shown_numbers
from ferbench.report.text_table import TextTable
from ferbench.results import RunRow


def drawn(table, width):
    """The lines of a table on a screen of this width."""
    text = io.StringIO()
    Console(file=text, width=width, highlight=False).print(table)
    return text.getvalue().rstrip("\n").splitlines()


def mixed(count):
    """A comparison of runs that differ in everything."""
    return compare(
        [
            RunRow(
                run_id=f"{k:08x}" + "0" * 24,
                name=f"run {k}",
                params={
                    f"plug{p}.some_long_field_{p}": "value" * (p % 4 + 1) + str(k)
                    for p in range(30)
                }
                | {"detector": f"d{k}"},
                metrics=dict.fromkeys(shown_numbers(), k / 10 + 0.001),
            )
            for k in range(count)
        ]
    )


@pytest.mark.parametrize("width", [30, 40, 60, 80, 100, 200, 1000, 5000])
def test_a_table_fits_its_screen_and_never_breaks_a_word(width):
    table = mixed(5)
    title = "a title that is longer than thirty characters"
    lines = drawn(FittedTable(table.text_table(title), elsewhere="elsewhere"), width)
    top = next(k for k, line in enumerate(lines) if line.startswith("run "))
    assert " ".join(line.strip() for line in lines[:top]) == title
    body, lines = lines[top : top + 6], lines[top - 1 :]
    assert [line.split()[0] for line in body] == ["run", *(row.run_id[:8] for row in table.rows)]
    assert all(len(line.rstrip()) <= width for line in body)
    table_text = table.text_table(title)
    long_names = dict(zip(table_text.short_header, table.header, strict=True))
    header = [long_names.get(name, name) for name in body[0].split()]
    assert header[0] == "run"
    assert "f1" in header
    assert set(header) <= set(table.header)
    note = " ".join(" ".join(lines[7:]).split())
    rest = [name for name in table.importance if name not in header]
    assert note == (
        f"no room for {', '.join(rest[:6])} and {len(rest) - 6} more columns; elsewhere"
        if rest
        else ""
    )
    if width >= 80:
        assert "detector" in header
    assert (rest == []) == (width >= 1000)


def test_numbers_are_right_aligned_and_long_names_shortened_in_the_middle():
    rows = (("a" * 50 + "_left", "1.5"), ("b", "-"), ("c", "10.25"))
    table = FittedTable(TextTable(title="t", header=("session", "video s"), rows=rows))
    lines = drawn(table, 40)
    assert "…" in lines[2]
    assert lines[2].split()[0].endswith("_left")
    assert {line.rstrip()[-1] for line in lines[2:]} == {"5", "-"}
    assert len({len(line.rstrip()) for line in lines[1:]}) == 1
    assert "a" * 50 + "_left" in drawn(table, 80)[2]


def test_a_text_of_a_user_is_no_markup():
    table = TextTable(title="[b]", header=("a",), rows=(("[red]x[/red]",),))
    assert "[red]x[/red]" in drawn(FittedTable(table), 80)[2]


def test_headline_numbers_stay_at_80_columns_by_their_short_names():
    names = ("event/f1", "event/f1.lo", "event/f1.hi", "event/f1.chance", "event/f1.p")
    rows = [
        RunRow(
            run_id=f"{k}" * 32,
            name=f"run {k}",
            params={
                "event": ("hysteresis", "windowed")[k % 2],
                "event.enter": f"0.{k // 2 + 4}",
                "preprocessing": ("box", "square_margin")[k // 3],
            },
            metrics=dict.fromkeys((*names, "event/precision", "event/recall"), 0.1 + k / 7),
        )
        for k in range(4)
    ]
    lines = drawn(FittedTable(compare(rows).text_table("t")), 80)
    assert lines[1].split() == [
        "run",
        "event",
        "enter",
        "preprocessing",
        "f1",
        "lo",
        "hi",
        "chance",
        "p",
    ]
    wide = drawn(FittedTable(compare(rows).text_table("t")), 200)
    assert wide[1].split()[2:8:3] == ["event.enter", "f1.lo"]


def test_mostly_empty_columns_go_first():
    rows = (("a", "", "1.0", "xxxxxxxxxxxx"), ("b", "", "2.0", "y"), ("c", "note", "", "z"))
    table = TextTable(title="t", header=("name", "remark", "f1", "label"), rows=rows)
    assert drawn(FittedTable(table), 60)[1].split() == ["name", "remark", "f1", "label"]
    assert drawn(FittedTable(table), 26)[1].split() == ["name", "f1", "label"]


def one_assessed(by, num=4):
    """A sweep of two choices, of which only the best cell has chance level and interval."""
    rows = []
    for k in range(num):
        metrics = {"event/f1": 0.9 - k / 10, "event/precision": 0.5 + k / 10}
        metrics |= {"event/recall": 0.9 - k / 20, "event/latency_s": 0.3 + k / 100}
        if k == 0:
            metrics |= {f"event/f1.{end}": 0.5 for end in ("lo", "hi", "chance", "p")}
        params = {"event": ("hysteresis", "windowed")[k % 2], "model": f"a_long_name_{k // 2}"}
        rows.append(RunRow(run_id=f"{k:08x}", name=f"{k}", params=params, metrics=metrics))
    return compare(rows, by=by)


@pytest.mark.parametrize("width", [40, 50, 56, 60, 66, 72, 80, 90, 100, 140])
@pytest.mark.parametrize("by", [None, "recall", "precision"])
def test_an_interval_is_whole_and_comes_before_further_numbers(width, by):
    table = one_assessed(by)
    (header,) = [
        line for line in drawn(FittedTable(table.text_table("t")), width) if "run " in line
    ]
    names = [name.rpartition(".")[2] for name in header.split()]
    assert ("lo" in names) == ("hi" in names)
    further = {"precision", "recall", "latency_s"} - {by}
    if further & set(names):
        assert {"lo", "hi", "chance", "p"} <= set(names), header
    if width >= (90 if by else 80):
        assert {"event", "model", "f1", "lo", "hi", "chance", "p"} <= set(names), header


def test_what_tells_runs_apart_stays():
    rows = []
    for k in range(6):
        params = {
            "dataset": "ab"[k % 2], "dataset.videos": f"a_long_path_{k % 2}",
            "detector": f"a_long_detector_{k % 2}", "event": ("hysteresis", "windowed")[k // 5],
            "event.enter": str(0.4 + k / 10 // 0.3), "model": f"a_long_model_{k // 2}",
        }  # fmt: skip
        metrics = {"event/f1": 0.9 - k / 10} | {f"event/f1.{e}": 0.5 for e in ("lo", "hi")}
        state = "failed" if k == 5 else "finished"
        rows.append(
            RunRow(run_id=f"{k:08x}", name=f"{k}", params=params, metrics=metrics, state=state)
        )
    lines = drawn(FittedTable(compare(rows).text_table("t")), 80)
    header, *cells = lines[1:8]
    assert {"run", "f1", "model", "detector"} <= set(header.split())
    assert ("lo" in header) == ("hi" in header) == True  # noqa: E712
    labels = [tuple(cell for cell in line.split()[1:] if not cell[0].isdigit()) for line in cells]
    assert len(set(labels)) == 6, "no two runs look alike"
