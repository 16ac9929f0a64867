"""Draw docs/images/house.svg from the layers in pyproject.toml: python tools/draw_house.py."""

from __future__ import annotations

import ast
import textwrap
import tomllib
from html import escape
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
TARGET = CHECKOUT / "docs" / "images" / "house.svg"

WIDTH_PX = 960
MARGIN_PX = 30
ALONE_PX = 170
"""Where the caption of a room without neighbours begins, beside its name."""
LINE_PX = 14
LETTER_PX = 6.2
"""About as wide as a letter of the small font."""
PADDING_PX = 14
GAP_PX = 6
MOST_ROOMS = 6
"""Side by side: the names of more would run into each other, so they stand in several lines."""
STYLE = (
    "text { font: 13px sans-serif; fill: #1f2430 } "
    ".room { fill: #eef2f8; stroke: #7f8fa8 } "
    ".name { font-weight: 600 } "
    ".about { font-size: 11px; fill: #4a5366 } "
    ".level { fill: #8b94a5; font-size: 11px }"
)


def layers() -> list[list[str]]:
    """The rooms of each layer, the highest layer first."""
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))
    contract = project["tool"]["importlinter"]["contracts"][0]
    rows = []
    for layer in contract["layers"]:
        rooms = [room.strip(" ()") for room in layer.split("|")]
        rows.append(rooms)
    return rows


def purpose(room: str) -> str:
    """The first sentence of a room's docstring."""
    path = CHECKOUT / "src" / "ferbench" / Path(*room.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    docstring = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    first_line = docstring.splitlines()[0] if docstring else ""
    return first_line.replace("`", "").split(": ")[0].split(";")[0].split(". ")[0].rstrip(".:")


def wrapped(text: str, width_px: float) -> list[str]:
    """Lines that fit into a width."""
    return textwrap.wrap(text, int(width_px / LETTER_PX))


def drawing(rows: list[list[str]]) -> str:
    """The picture: a layer below the other; imports go down only, rooms of one are strangers."""
    y_px = GAP_PX
    parts = []
    for level, rooms in enumerate(rows):
        boxes, height_px = _layer(rooms, y_px)
        parts.append(
            f'<text class="level" x="{GAP_PX}" '
            f'y="{y_px + height_px / 2 + 4:g}">{len(rows) - level}</text>'
        )
        parts += boxes
        y_px += height_px + GAP_PX
    size = f"0 0 {WIDTH_PX} {y_px}"
    start = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{size}" role="img">',
        "<title>The rooms of ferbench: each imports from lower rows only</title>",
        f"<style>{STYLE}</style>",
        f'<rect width="{WIDTH_PX}" height="{y_px}" fill="#ffffff"/>',
    ]
    return "\n".join([*start, *parts, "</svg>\n"])


def _layer(rooms: list[str], y_px: int) -> tuple[list[str], int]:
    """The boxes of a layer, in as many lines as they need, and its height in px."""
    num_lines = -(-len(rooms) // MOST_ROOMS)
    most = -(-len(rooms) // num_lines)
    parts: list[str] = []
    end_px = y_px
    for first in range(0, len(rooms), most):
        boxes, height_px = _row(rooms[first : first + most], end_px)
        parts += boxes
        end_px += height_px + GAP_PX
    return parts, end_px - GAP_PX - y_px


def _row(rooms: list[str], y_px: int) -> tuple[list[str], int]:
    """The boxes of a line, and its height in px."""
    free_px = WIDTH_PX - MARGIN_PX - GAP_PX * (len(rooms) + 1)
    width_px = free_px / len(rooms)
    is_alone = len(rooms) == 1
    indent_px = ALONE_PX if is_alone else 8
    captions = [wrapped(purpose(room), width_px - indent_px - 8) for room in rooms]
    first_line_px = 0 if is_alone else LINE_PX + 2
    height_px = PADDING_PX + first_line_px + LINE_PX * max(map(len, captions))
    parts = []
    for column, (room, caption) in enumerate(zip(rooms, captions, strict=True)):
        x_px = MARGIN_PX + GAP_PX + column * (width_px + GAP_PX)
        parts += [
            f'<rect class="room" x="{x_px:.1f}" y="{y_px}" width="{width_px:.1f}" '
            f'height="{height_px}" rx="5"/>',
            f'<text class="name" x="{x_px + 8:.1f}" y="{y_px + 18}">{escape(room)}</text>',
        ]
        for number, line in enumerate(caption):
            line_y_px = y_px + 18 + first_line_px + number * LINE_PX
            parts.append(
                f'<text class="about" x="{x_px + indent_px:.1f}" y="{line_y_px}">'
                f"{escape(line)}</text>"
            )
    return parts, height_px


if __name__ == "__main__":
    TARGET.write_text(drawing(layers()), encoding="utf-8")
