"""``models/README.md``: all detectors and models of conf/, made of their yamls."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from ferbench.config.groups import choices_of
from ferbench.geometry import CropGeometry
from ferbench.places import checkout_root
from ferbench.weights.published import UNKNOWN, PublishedFile
from ferbench.workflows.weights_catalogue import GROUPS, build_part
from ferbench.workflows.weights_results import is_restricted, size_text

HEADER: Final = ("choice", "research only", "size", "published accuracy", "input", "fps")
_INTRODUCTION: Final = """\
<!-- made by: ferbench models table > models/README.md -->
# Weight files

`ferbench models list` shows what is here. `ferbench models fetch NAME` brings the files of a
detector or model (without a name: those of the default configuration) and goes on where a
download was interrupted. `ferbench models import DIR` finds them in a folder that you have
(docs/offline.md). `ferbench models verify` checks their sha256, and `ferbench doctor model=NAME`
tells what is missing for a run and how to get it. `FERBENCH_MODELS` names another folder.

Every file is known by its sha256. Where nobody published it, the file that its network is first
loaded with counts: its sha256 goes into `weights.lock` in this folder, every later load checks
it, and the key of every result contains it. To accept another file on purpose, delete its line.
Git ignores the files, but not this page and `weights.lock`: commit that, and your colleagues load
the very same weights or are told.

**Research only** are weights whose licence says so, or that were trained on data whose terms say
so; whether you may use them is between you and their authors. Accuracies are the authors', on
their test sets; on your videos expect less, above all with other crops than those that a model
was trained on.
"""
_INPUT: Final = (
    "Input: side and colour of the network's input, and the faces that it was trained on "
    "(yaml: `trained_crop`)."
)
_FPS: Final = (
    "Fps: frames (of a model: faces) per second, by `python -m benchmarks models` "
    "(machine: benchmarks/results)."
)


def page() -> str:
    """The whole page; of a checkout with its measured speeds."""
    parts = _parts()
    speeds = _speeds()
    rows = [_row(name, part, speeds.get(name, "")) for name, part in parts.items()]
    lines = [
        _INTRODUCTION,
        *_table(HEADER, rows),
        "",
        f"{_INPUT} {_FPS}" if speeds else _INPUT,
        "",
        _files(parts),
        _papers(parts),
    ]
    return "\n".join(lines)


def _parts() -> dict[str, Any]:
    """All detectors and models by ``group/choice``."""
    names = [f"{group}/{choice}" for group in GROUPS for choice in choices_of(group)]
    return {name: build_part(name) for name in names}


def _row(name: str, part: Any, speed: str) -> tuple[str, ...]:
    files = part.weights_files()
    use = "**yes**" if is_restricted(files) else "no"
    accuracy = "; ".join(dict.fromkeys(item.accuracy for item in files if item.accuracy))
    return (f"`{name}`", use, size_text(files), accuracy or "-", _input(part), speed or "-")


def _input(part: Any) -> str:
    """What goes into the network.

    Side, colour and crop of a model, size of the frames of a detector.
    """
    crop = getattr(part, "trained_crop", None)
    if crop is not None:
        return f"{part.input_px} px, {part.colour}; {_crop(crop)}"
    if getattr(part, "long_side_px", None) is not None:
        return f"frames, long side {part.long_side_px} px"
    if getattr(part, "canvas", "square") == "tight":
        return f"frames, long side {part.input_px} px"
    if hasattr(part, "input_px"):
        return f"frames in {part.input_px} x {part.input_px} px"
    return "frames as they are"


def _crop(crop: CropGeometry) -> str:
    """The crop that a model was trained on, in a few words."""
    if crop.kind == "unpublished":
        return "trained on crops that are not described"
    words = f"trained on {crop.kind} crops"
    facts = ", ".join(_crop_facts(crop))
    return f"{words} ({facts})" if facts else words


def _crop_facts(crop: CropGeometry) -> list[str]:
    facts = []
    if crop.template:
        facts.append(crop.template)
    if crop.margin:
        facts.append(f"margin {crop.margin:g}")
    if crop.size_px:
        facts.append(f"{crop.size_px} px")
    return facts


def _speeds() -> dict[str, str]:
    """Frames per second by choice, as ``make bench``'s runner measured on each kind of device."""
    root = checkout_root()
    if root is None:
        return {}
    texts: dict[str, list[str]] = {}
    for path in sorted((root / "benchmarks" / "results").glob("models_*.json")):
        for row in json.loads(path.read_text(encoding="utf-8"))["rows"]:
            text = f"{row['fps']:.3g} ({row['device']})"
            texts.setdefault(row["choice"], []).append(text)
    return {choice: ", ".join(speeds) for choice, speeds in texts.items()}


def _files(parts: Mapping[str, Any]) -> str:
    """Licence and origin of every file, once."""
    items: dict[str, PublishedFile] = {}
    users: dict[str, dict[str, None]] = {}
    for name, part in parts.items():
        for item in part.weights_files():
            items.setdefault(item.file, item)
            users.setdefault(item.file, {})[_short(name)] = None
    rows = []
    for file, item in sorted(items.items()):
        origin = str(item.source).replace("https://", "")
        rows.append((f"`{file}`", ", ".join(users[file]), item.licence, origin, _digest(item)))
    lines = _table(("file", "for", "licence", "origin", "sha256"), rows)
    return "\n".join(["## Files", "", *lines, ""])


def _short(name: str) -> str:
    """A choice without its group."""
    return name.partition("/")[2]


def _digest(item: PublishedFile) -> str:
    if item.has_whole_digest:
        return f"`{item.sha256[:12]}...`"
    if item.sha256 == UNKNOWN:
        return "not published"
    return f"`{item.sha256}...`, no more is published"


def _papers(parts: Mapping[str, Any]) -> str:
    users: dict[str, dict[str, None]] = {}
    for name, part in parts.items():
        for item in part.weights_files():
            users.setdefault(item.paper, {})[_short(name)] = None
    lines = [f"- {paper} ({', '.join(names)})" for paper, names in sorted(users.items())]
    return "\n".join(["## Papers to cite", "", *lines, ""])


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Lines of a table."""
    return [_line(header), _line(["---"] * len(header)), *map(_line, rows)]


def _line(cells: Iterable[str]) -> str:
    escaped = [cell.replace("|", "\\|") for cell in cells]
    return f"| {' | '.join(escaped)} |"
