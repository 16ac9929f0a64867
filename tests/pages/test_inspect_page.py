"""The page of ``inspect`` in a browser."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

from ferbench import look
from ferbench.pages.document import html_of, write_page
from ferbench.pages.inspect_charts import Bars, Reliability, Shares, even_ticks, number
from ferbench.pages.inspect_page import Grid, Picture, Section, Sheet, inspect_page

HOSTILE = '<img src=x onerror="document.title=1">'


def a_page(*, with_faces: bool = False, with_folds: bool = False):
    """A page with every kind of cell; names hold markup."""
    edges, ticks = even_ticks(np.linspace(0, 1, 5).tolist())
    bars = Bars(what=f"scores {HOSTILE}", edges=edges, counts=(1, 0, 4, 2), ticks=ticks)
    nothing = Bars(what="gaps", edges=edges, counts=(0, 0, 0, 0), ticks=ticks)
    diagram = Reliability(
        confidence=(0.25, math.nan, 0.9), correct=(0.5, math.nan, 0.8), frames=(4, 0, 16)
    )
    shares = Shares(of=(("happiness", 0.75), (HOSTILE, 0.25), ("fear", math.nan)))
    grid = Grid(
        caption=f"What {HOSTILE} found",
        header=("detector", "score", "gaps", "share", "diagram", "events"),
        rows=((HOSTILE, bars, nothing, shares, diagram, "3"),),
        own=frozenset({(0, 5)}),
        file="detector.csv",
    )
    sheets = ()
    if with_faces:
        png = cv2.imencode(".png", np.full((4, 4), 90, np.uint8))[1].tobytes()
        picture = Picture(png=png, what=f"fear {HOSTILE}", lines=("0.9", HOSTILE))
        rows = ((f"fear {HOSTILE}", ((picture,), (), ())),)
        header = ("surest", "drawn by chance", "least sure")
        sheet = Sheet(title="box", about="4 x 4 px", header=header, rows=rows, empty=("anger",))
        sheets = (sheet,)
    folds = ((f"more of {HOSTILE}", (grid,)),) if with_folds else ()
    section = Section(
        title="Detector", intro=("All faces.",), grids=(grid,), sheets=sheets, folds=folds
    )
    return inspect_page(HOSTILE, "here", (section,), notes=(f"left out: {HOSTILE}",))


@pytest.mark.browser
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_page_shows_numbers_and_no_markup_of_names(tmp_path, visits, theme):
    write_page(a_page(with_faces=True), tmp_path / "inspect.html")
    page = visits.open(tmp_path / "inspect.html", color_scheme=theme)
    assert page.title() == f"inspect {HOSTILE}"
    assert page.locator("h1").text_content() == HOSTILE
    assert page.locator("img").count() == 1, "the face, and no image out of a name"
    assert page.locator("img").evaluate("image => image.naturalWidth") == 4
    assert page.locator(".bars rect").count() == 3, "empty bins have no bar"
    heights = [float(bar.get_attribute("height")) for bar in page.locator(".bars rect").all()]
    assert heights == pytest.approx([14, 56, 28])
    assert page.locator(".bars rect title").nth(1).text_content() == "0.5 to 0.75: 4"
    assert page.locator(".reliability circle").count() == 2
    assert page.locator("td.own").text_content().split() == ["3", "own", "setting"]
    assert page.locator(".share .number").all_text_contents() == ["75.0 %", "25.0 %", "–"]
    ink = page.evaluate("getComputedStyle(document.body).color")
    assert ink == f"rgb{look.rgb(look.INK[theme])}"
    fill = page.locator(".share .track span").first
    colour = fill.evaluate("bar => getComputedStyle(bar).backgroundColor")
    assert colour == f"rgb{look.rgb(look.EXPRESSION_COLOURS['happiness'])}"


@pytest.mark.browser
def test_the_theme_changes_by_keyboard(tmp_path, visits):
    write_page(a_page(), tmp_path / "inspect.html")
    page = visits.open(tmp_path / "inspect.html", color_scheme="light")
    button = page.get_by_role("button", name="Dark")
    button.focus()
    page.keyboard.press("Enter")
    back = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert back == f"rgb{look.rgb(look.BACKGROUND['dark'])}"
    assert page.get_by_role("img").count() == 2
    names = [image.get_attribute("aria-label") for image in page.get_by_role("img").all()]
    assert names == [
        f"histogram of scores {HOSTILE}, the highest bin has 4",
        "reliability diagram; its numbers are in calibration.csv",
    ]


@pytest.mark.browser
def test_a_narrow_window_scrolls_tables_and_not_the_page(tmp_path, visits):
    write_page(a_page(), tmp_path / "inspect.html")
    page = visits.open(tmp_path / "inspect.html", viewport={"width": 400, "height": 800})
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= 400


@pytest.mark.browser
def test_faces_stand_in_rows_of_expressions(tmp_path, visits):
    write_page(a_page(with_faces=True), tmp_path / "inspect.html")
    page = visits.open(tmp_path / "inspect.html")
    titles = page.locator(".sheet thead th").all_inner_texts()
    assert titles == ["", "surest", "drawn by chance", "least sure"]
    rows = page.locator(".sheet tbody tr")
    assert rows.locator("th").all_inner_texts() == [f"fear {HOSTILE}", "anger"]
    assert rows.nth(0).locator("td:nth-child(2) img").count() == 1
    assert rows.nth(1).inner_text().endswith("no face is said to show it")


@pytest.mark.browser
def test_tables_that_are_folded_open(tmp_path, visits):
    write_page(a_page(with_folds=True), tmp_path / "inspect.html")
    page = visits.open(tmp_path / "inspect.html")
    folded = page.locator("details table")
    assert not folded.is_visible()
    page.click(f"summary >> text={HOSTILE}")
    assert folded.is_visible()
    assert folded.locator("td.own").count() == 1


def test_faces_are_announced_only_where_there_are_some():
    assert "images of people" in html_of(a_page(with_faces=True))
    assert "images of people" not in html_of(a_page())


def test_numbers_are_short_and_undefined_is_a_dash():
    assert [number(value) for value in (0.5, 1.0, 123.4, math.nan, math.inf)] == [
        *("0.500", "1", "123", "–", "–")
    ]
    assert number(2 / 3, 1) == "0.7"
