"""The frame of every page: one HTML file with its styles, scripts and data within it.

A page works from disk, offline, and in a sandboxed frame. Its content security policy lets it load
nothing and lets only its own scripts run, known by their digest: markup that came in by a file name
or an annotation's text would stay text even where it was not escaped.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from ferbench import look
from ferbench.atomic import write_text
from ferbench.errors import ConfigError
from ferbench.types import F64

if TYPE_CHECKING:
    from jinja2 import Environment

NO_VALUE: Final = 255
"""The byte of a value that is undefined."""

_HIGHEST: Final = 254
_UPLOT_NOTICE: Final = (
    "uPlot, copyright (c) Leon Sorokin, https://github.com/leeoniya/uPlot, MIT licence: "
    "permission is granted, free of charge, to any person obtaining a copy of this software to "
    "deal in it without restriction, provided that this notice is kept in all copies; it is "
    "provided as it is, without warranty of any kind."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What a page is made of.

    Attributes:
        title: of the window, text.
        template: its body, a Jinja template among the assets; what it shows is escaped.
        values: what the template names.
        data: for the scripts, as JSON; they read it with ``pageData()``. NaN becomes null.
        scripts: JavaScript files among the assets, in the order in which they run.
        styles: CSS files among the assets, after ``page.css``.
        draws_curves: whether uPlot is carried within the page.
    """

    title: str
    template: str
    values: Mapping[str, Any]
    data: Mapping[str, Any]
    scripts: tuple[str, ...] = ()
    styles: tuple[str, ...] = ()
    draws_curves: bool = False


def html_of(page: Page) -> str:
    """The whole file."""
    scripts = [asset("page.js"), *map(asset, page.scripts)]
    styles = [_colours(), asset("page.css"), *map(asset, page.styles)]
    if page.draws_curves:
        scripts.insert(0, f"/* {_UPLOT_NOTICE} */\n{_uplot('uPlot.iife.js')}")
        styles.insert(0, _uplot("uPlot.min.css"))
    from markupsafe import Markup

    templates = _templates()
    body = templates.get_template(page.template).render(page.values)
    return templates.get_template("page.html").render(
        title=page.title,
        policy=_policy(scripts),
        styles=[Markup(style) for style in styles],
        body=Markup(body),
        data=Markup(json_in_html(page.data)),
        scripts=[Markup(script) for script in scripts],
    )


def write_page(page: Page, path: Path) -> None:
    """Write a page, whole or not at all."""
    write_text(path, html_of(page))


@cache
def asset(name: str) -> str:
    """The text of a file in ``ferbench/pages/assets``."""
    return (files("ferbench.pages") / "assets" / name).read_text(encoding="utf-8")


def json_in_html(value: Any) -> str:
    r"""JSON that can stand in a script element whatever texts it holds; NaN and infinity are null.

    >>> json_in_html({"name": "</script>", "f1": float("nan")})
    '{"name":"\\u003c/script\\u003e","f1":null}'
    """
    text = json.dumps(
        _without_nan(value), ensure_ascii=False, allow_nan=False, separators=(",", ":")
    )
    for letter in "<>&\u2028\u2029":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return text


def as_bytes(value: F64, low: float, high: float) -> str:
    """Numbers as one byte each, in base64: 0 is ``low``, 254 is ``high``, 255 is NaN.

    The largest error is 1/508 of the range.

    Args:
        value: f64 (T,). What lies outside ``low`` to ``high`` becomes the nearer of them.
        low: the smallest number that a byte stands for.
        high: the largest.

    >>> base64.b64decode(as_bytes(np.array([0.0, 0.5, np.nan]), 0.0, 1.0)).hex()
    '007fff'
    """
    share = (np.clip(value, low, high) - low) / (high - low)
    steps = np.where(np.isnan(value), NO_VALUE, np.rint(np.nan_to_num(share) * _HIGHEST))
    return base64.b64encode(steps.astype(np.uint8).tobytes()).decode("ascii")


def as_floats(value: F64) -> str:
    """Numbers as float64, little-endian, in base64: for times, which must stay exact.

    Args:
        value: f64 (N,).
    """
    return base64.b64encode(np.ascontiguousarray(value, dtype="<f8").tobytes()).decode("ascii")


def _without_nan(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _without_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(item) for item in value]
    if isinstance(value, np.ndarray | np.generic):
        return _without_nan(value.tolist())
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value


def _policy(scripts: list[str]) -> str:
    """Nothing is loaded; these scripts run, and no others; a video may be opened from disk."""
    digests = []
    for script in scripts:
        digest = hashlib.sha256(script.encode("utf-8")).digest()
        digests.append(f"'sha256-{base64.b64encode(digest).decode('ascii')}'")
    return (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data: blob:; "
        f"media-src data: blob:; script-src {' '.join(digests)}; base-uri 'none'; "
        "form-action 'none'"
    )


def _colours() -> str:
    """The colours of ``ferbench.look`` as CSS variables."""
    shared = [f"--{label}: {colour};" for label, colour in look.EXPRESSION_COLOURS.items()]
    shared += [
        f"--hit: {look.HIT_COLOUR};",
        f"--false-alarm: {look.FALSE_ALARM_COLOUR};",
        f"--missed: {look.MISSED_COLOUR};",
        f"--not-scored: {look.NOT_SCORED_COLOUR};",
    ]
    light, dark = _theme("light"), _theme("dark")
    return (
        f":root {{ color-scheme: light dark; {' '.join(shared)} {light} }}\n"
        f"@media (prefers-color-scheme: dark) {{ :root:not([data-theme=light]) {{ {dark} }} }}\n"
        f":root[data-theme=dark] {{ color-scheme: dark; {dark} }}\n"
        ":root[data-theme=light] { color-scheme: light; }\n"
    )


def _theme(theme: look.Theme) -> str:
    return (
        f"--background: {look.BACKGROUND[theme]}; --ink: {look.INK[theme]}; "
        f"--faint: {look.FAINT[theme]}; --grid: {look.GRID[theme]};"
    )


@cache
def _uplot(name: str) -> str:
    """A file of uPlot out of the installed package ``uplot-python``, which is not imported."""
    found = find_spec("uplot")
    if found is None or found.origin is None:
        raise ConfigError(
            "a page with curves needs uPlot, out of the package uplot-python, which is not there",
            hint="pip install uplot-python",
        )
    text = (Path(found.origin).parent / "static" / name).read_text(encoding="utf-8")
    return text.replace("\r\n", "\n")  # a browser reads it so, and takes the digest of that


@cache
def _templates() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("ferbench.pages", "assets"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
