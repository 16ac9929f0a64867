"""Pages in a real browser: what they show, what they say on the console, what they ask for."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
OWN_SCHEMES = ("file:", "data:", "blob:", "about:")


@dataclass
class Visits:
    """Opens pages; keeps what they said on the console and what they asked for."""

    browser: object
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def open(self, place: Path | str, **context):
        """A Playwright page that shows a file or an address; options of its context."""
        options = {"viewport": {"width": 1280, "height": 900}, **context}
        page = self.browser.new_context(**options).new_page()
        page.on("console", lambda message: self._hear(message.type, message.text))
        page.on("pageerror", lambda error: self.said.append(f"error: {error}"))
        page.on("request", lambda request: self.asked.append(request.url))
        page.goto(place.as_uri() if isinstance(place, Path) else place)
        return page

    def _hear(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.said.append(f"{kind}: {text}")

    def outside(self) -> list[str]:
        """Addresses that were asked for beyond the files themselves."""
        return [url for url in self.asked if not url.startswith(OWN_SCHEMES)]


@contextmanager
def running_browser() -> Iterator[object]:
    """Chromium of the system, without a window; skips where there is none and none is required."""
    program = next((found for name in PROGRAMS if (found := shutil.which(name))), None)
    if program is None:
        assert not os.environ.get("FERBENCH_REQUIRE_ORACLES"), "no Chromium on this machine"
        pytest.skip("no Chromium on this machine")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-dev-shm-usage"]
        started = playwright.chromium.launch(executable_path=program, args=arguments)
        yield started
        started.close()


@contextmanager
def clean_visits(browser: object) -> Iterator[Visits]:
    """Visits that must end without a word on the console and without a request to elsewhere."""
    visits = Visits(browser)
    yield visits
    for context in list(browser.contexts):
        context.close()
    assert visits.said == []
    assert visits.outside() == []
