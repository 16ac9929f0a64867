import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from jinja2 import ChoiceLoader, DictLoader

from ferbench.pages import document
from ferbench.pages.document import Page, as_bytes, as_floats, html_of, json_in_html, write_page

HOSTILE = "</script><img src=x onerror=alert(1)>&\u2028'\""


class _Reader(HTMLParser):
    """The texts of scripts, and the page's policy, as an HTML parser finds them."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.scripts, self.data, self.tags, self.policy, self.headline = [], "", [], "", ""
        self._inside = None

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.tags.append(tag)
        if found.get("http-equiv") == "Content-Security-Policy":
            self.policy = found["content"]
        if tag == "h1":
            self._inside = "headline"
        if tag == "script":
            self._inside = "data" if found.get("type") == "application/json" else "script"
            self.scripts += [] if self._inside == "data" else [""]

    def handle_endtag(self, tag):  # noqa: ARG002
        self._inside = None

    def handle_data(self, data):
        if self._inside == "data":
            self.data += data
        elif self._inside == "headline":
            self.headline += data
        elif self._inside == "script":
            self.scripts[-1] += data


def read(html):
    reader = _Reader()
    reader.feed(html)
    return reader


@pytest.fixture(autouse=True)
def small_template(monkeypatch):
    """A body that shows one text: the pages' own are tested with them."""
    real = document._templates()
    bodies = DictLoader({"small.html": "<h1>{{ name }}</h1>"})
    together = real.overlay(loader=ChoiceLoader([bodies, real.loader]))
    monkeypatch.setattr(document, "_templates", lambda: together)


def page(*, draws_curves=False):
    values = {"name": HOSTILE}
    return Page(
        title=HOSTILE,
        template="small.html",
        values=values,
        data=values,
        draws_curves=draws_curves,
    )


def test_hostile_text_stays_text():
    reader = read(html_of(page()))

    assert "img" not in reader.tags
    assert reader.headline == HOSTILE
    assert json.loads(reader.data) == {"name": HOSTILE}


def test_only_its_own_scripts_run():
    reader = read(html_of(page(draws_curves=True)))
    own = {
        "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"
        for text in reader.scripts
    }

    allowed = re.search(r"script-src ([^;]*)", reader.policy).group(1).split()
    assert set(allowed) == own
    assert len(own) == 2
    assert "default-src 'none'" in reader.policy


def test_uplot_comes_with_its_licence():
    html = html_of(page(draws_curves=True))

    assert "MIT licence" in html
    assert "var uPlot" in html
    assert "var uPlot" not in html_of(page())


def test_numbers_survive():
    value = np.array([0.0, 0.25, 1.0, np.nan, 2.0])
    steps = np.frombuffer(base64.b64decode(as_bytes(value, 0.0, 1.0)), np.uint8)
    times = np.array([0.0, 0.04, 1e6 + 1 / 3])

    assert steps[3] == document.NO_VALUE
    np.testing.assert_allclose(steps[[0, 1, 2, 4]] / 254, [0, 0.25, 1, 1], atol=1 / 508)
    assert np.frombuffer(base64.b64decode(as_floats(times)), "<f8").tolist() == times.tolist()


def test_undefined_numbers_become_null():
    text = json_in_html({"f1": float("nan"), "many": np.array([1.0, np.inf])})

    assert json.loads(text) == {"f1": None, "many": [1.0, None]}


def test_a_page_is_written_whole(tmp_path):
    path = tmp_path / "new" / "page.html"
    write_page(page(), path)

    assert path.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.browser
def test_a_browser_runs_its_scripts_and_no_others(visits, tmp_path):
    path = tmp_path / "page.html"
    write_page(page(draws_curves=True), path)
    shown = visits.open(path)

    assert shown.evaluate("typeof uPlot") == "function"
    assert shown.evaluate("pageData().name") == HOSTILE
    assert shown.inner_text("h1") == HOSTILE
    assert shown.evaluate("clockText(3725.04)") == "1:02:05.04"
    assert shown.evaluate("valuesFromBase64('AH//', 0, 1)") == [0, 0.5, None]
    assert shown.evaluate("cssColour('surprise')") == "#ff26a9"
