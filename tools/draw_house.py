"""Draw docs/images/house.svg from the layers in pyproject.toml: python tools/draw_house.py."""

from __future__ import annotations

import ast
import tomllib
from html import escape
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
TARGET = CHECKOUT / "docs" / "images" / "house.svg"

WIDTH_PX = 960
LABEL_PX = 60
ROW_PX = 58
GAP_PX = 8
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
    [contract] = project["tool"]["importlinter"]["contracts"]
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
    return first_line.replace("`", "").split(": ")[0].split(";")[0].rstrip(".:")


def shortened(text: str, width_px: float) -> str:
    """A text that fits into a width, at about 6.4 px a letter of the small font."""
    letters = int(width_px / 6.4)
    return text if len(text) <= letters else f"{text[: letters - 1].rstrip()}…"


def drawing(rows: list[list[str]]) -> str:
    """The picture: a row per layer; imports go down only, rooms of a row do not know each other."""
    height_px = len(rows) * (ROW_PX + GAP_PX) + GAP_PX
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH_PX} {height_px}" role="img">',
        "<title>The rooms of ferbench: each imports from lower rows only</title>",
        f"<style>{STYLE}</style>",
        f'<rect width="{WIDTH_PX}" height="{height_px}" fill="#ffffff"/>',
    ]
    for level, rooms in enumerate(rows):
        y_px = GAP_PX + level * (ROW_PX + GAP_PX)
        parts.append(
            f'<text class="level" x="{GAP_PX}" '
            f'y="{y_px + ROW_PX / 2 + 4:g}">{len(rows) - level}</text>'
        )
        parts += _row(rooms, y_px)
    parts.append("</svg>\n")
    return "\n".join(parts)


def _row(rooms: list[str], y_px: int) -> list[str]:
    free_px = WIDTH_PX - LABEL_PX / 2 - GAP_PX * (len(rooms) + 1)
    width_px = free_px / len(rooms)
    parts = []
    for column, room in enumerate(rooms):
        x_px = LABEL_PX / 2 + GAP_PX + column * (width_px + GAP_PX)
        about = shortened(purpose(room), width_px - 16)
        parts += [
            f'<rect class="room" x="{x_px:.1f}" y="{y_px}" width="{width_px:.1f}" '
            f'height="{ROW_PX}" rx="5"/>',
            f'<text class="name" x="{x_px + 8:.1f}" y="{y_px + 24}">{escape(room)}</text>',
            f'<text class="about" x="{x_px + 8:.1f}" y="{y_px + 43}">{escape(about)}</text>',
        ]
    return parts


if __name__ == "__main__":
    TARGET.write_text(drawing(layers()), encoding="utf-8")
