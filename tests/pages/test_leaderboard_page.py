"""The page of ``leaderboard`` in a browser."""

from __future__ import annotations

import pytest

from ferbench.pages.document import html_of, write_page
from ferbench.pages.inspect_charts import Matrix
from ferbench.pages.inspect_page import Grid, Section
from ferbench.pages.leaderboard_page import leaderboard_page

HOSTILE = '<img src=x onerror="document.title=1">'


def a_page():
    """A page whose names hold markup."""
    matrix = Matrix(true=("fear", HOSTILE), said=("fear", HOSTILE), counts=((3, 1), (0, 0)))
    grid = Grid(caption=HOSTILE, header=("true", *matrix.said), rows=matrix.rows, file="a.csv")
    section = Section(title=HOSTILE, intro=(HOSTILE,), grids=(grid,))
    return leaderboard_page(HOSTILE, (section,), warnings=(HOSTILE,), notes=(HOSTILE,))


@pytest.mark.browser
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_page_shows_numbers_and_no_markup_of_names(tmp_path, visits, theme):
    write_page(a_page(), tmp_path / "leaderboard.html")
    page = visits.open(tmp_path / "leaderboard.html", color_scheme=theme)
    assert page.title() == f"leaderboard {HOSTILE}"
    assert page.locator("h1").text_content() == HOSTILE
    assert page.locator("img").count() == 0
    cells = [cell.text_content() for cell in page.locator(".cell").all()]
    assert cells == ["75 % (3)", "25 % (1)"]
    rows = [row.text_content() for row in page.locator("tbody th").all()]
    assert rows == ["fear (4)", f"{HOSTILE} (0)"]
    shades = page.locator(".cell").evaluate_all(
        "cells => cells.map(cell => getComputedStyle(cell).backgroundColor)"
    )
    assert len(set(shades)) == 2


def test_the_page_loads_nothing():
    html = html_of(a_page())
    assert "http" not in html.replace("http-equiv", "")
