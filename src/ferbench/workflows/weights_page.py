"""``models/README.md``: all detectors and models of conf/ (``ferbench models table >
models/README.md``).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from ferbench.config.groups import choices_of
from ferbench.geometry import CropGeometry
from ferbench.places import checkout_root
from ferbench.weights.download.sources import Source
from ferbench.weights.published import UNKNOWN, PublishedFile
from ferbench.workflows.weights import GROUPS, build_part, is_restricted, size_text

HEADER: Final = ("choice", "research only", "size", "published accuracy", "input", "fps")
_INTRODUCTION: Final = """\
<!-- made by: ferbench models table > models/README.md -->
# Weight files

`ferbench models list` shows what is here. `ferbench models fetch NAME` brings the files of a detector or model
(without a name: those of the default configuration) and goes on where a download was interrupted. `ferbench models
import DIR` finds them in a folder that you have (docs/offline.md). `ferbench models verify` checks their sha256, and
`ferbench doctor model=NAME` tells what is missing for a run and how to get it. `FERBENCH_MODELS` names another
folder.

Every file is known by its sha256. Where nobody published it, the file that its network is first loaded with counts: its
sha256 goes into `weights.lock` in this folder, every later load checks it, and the key of every result contains it. To
accept another file on purpose, delete its line. Git ignores the files, but not this page and `weights.lock`: commit
that, and your colleagues load the very same weights or are told.

**Research only** are weights whose licence says so, or that were trained on data whose terms say so; whether you may
use them is between you and their authors. Accuracies are the authors', on their test sets; on your videos expect
less, above all with other crops than those that a model was trained on.
"""
_INPUT: Final = "Input: side and colour of the network's input, and the faces that it was trained on (yaml: `trained_crop`)."
_FPS: Final = "Fps: frames (of a model: faces) per second, by `python -m benchmarks.models` (machine: benchmarks/results)."


def page() -> str:
    """The whole page; of a checkout with its measured speeds."""
    found = {
        name: build_part(name)
        for name in (f"{group}/{choice}" for group in GROUPS for choice in choices_of(group))
    }
    speeds = _speeds()
    rows = [_row(name, part, speeds.get(name, "")) for name, part in found.items()]
    lines = [
        _INTRODUCTION,
        _line(HEADER),
        _line(["---"] * len(HEADER)),
        *map(_line, rows),
        "",
        f"{_INPUT} {_FPS}" if speeds else _INPUT,
        "",
    ]
    return "\n".join([*lines, _files(found), _papers(found)])


def _row(name: str, part: Any, speed: str) -> tuple[str, ...]:
    files = part.weights_files()
    accuracy = "; ".join(dict.fromkeys(item.accuracy for item in files if item.accuracy))
    return (
        f"`{name}`",
        "**yes**" if is_restricted(files) else "no",
        size_text(files),
        accuracy or "-",
        _contract(part),
        speed or "-",
    )


def _contract(part: Any) -> str:
    """What goes into the network.

    Side, colour and crop of a model, size of the frames of a detector.
    """
    crop = getattr(part, "trained_crop", None)
    if crop is not None:
        return f"{part.input_px} px, {part.colour}; {_crop(crop)}"
    if hasattr(part, "long_side_px"):
        return (
            "frames as they are"
            if part.long_side_px is None
            else f"frames, long side {part.long_side_px} px"
        )
    return (
        f"frames in {part.input_px} x {part.input_px} px"
        if hasattr(part, "input_px")
        else "frames as they are"
    )


def _crop(crop: CropGeometry) -> str:
    """The crop that a model was trained on, in a few words."""
    if crop.kind == "unpublished":
        return "trained on crops that are not described"
    more = [
        crop.template,
        f"margin {crop.margin:g}" if crop.margin else "",
        f"{crop.size_px} px" if crop.size_px else "",
    ]
    told = ", ".join(word for word in more if word)
    return f"trained on {crop.kind} crops{told and f' ({told})'}"


def _speeds() -> dict[str, str]:
    """Frames per second by choice, of what ``benchmarks/models.py`` measured last on each kind of
    device.
    """
    root = checkout_root()
    if root is None:
        return {}
    found: dict[str, list[str]] = {}
    for path in sorted((root / "benchmarks" / "results").glob("models_*.json")):
        for row in json.loads(path.read_text(encoding="utf-8"))["rows"]:
            found.setdefault(row["choice"], []).append(f"{row['fps']:.3g} ({row['device']})")
    return {choice: ", ".join(texts) for choice, texts in found.items()}


def _files(found: Mapping[str, Any]) -> str:
    """Licence and origin of every file, once."""
    by_file: dict[str, tuple[PublishedFile, list[str]]] = {}
    for name, part in found.items():
        for item in part.weights_files():
            by_file.setdefault(item.file, (item, []))[1].append(name.partition("/")[2])
    lines = [
        "## Files",
        "",
        _line(("file", "for", "licence", "origin", "sha256")),
        _line(["---"] * 5),
    ]
    lines += [
        _line(
            (
                f"`{file}`",
                ", ".join(dict.fromkeys(names)),
                item.licence,
                _origin(item.source),
                _digest(item),
            )
        )
        for file, (item, names) in sorted(by_file.items())
    ]
    return "\n".join([*lines, ""])


def _digest(item: PublishedFile) -> str:
    if len(item.sha256) == 64:
        return f"`{item.sha256[:12]}...`"
    return (
        "not published" if item.sha256 == UNKNOWN else f"`{item.sha256}...`, no more is published"
    )


def _origin(source: Source) -> str:
    return str(source).replace("https://", "")


def _papers(found: Mapping[str, Any]) -> str:
    by_paper: dict[str, list[str]] = {}
    for name, part in found.items():
        for paper in dict.fromkeys(item.paper for item in part.weights_files()):
            by_paper.setdefault(paper, []).append(name.partition("/")[2])
    lines = [
        f"- {paper} ({', '.join(dict.fromkeys(names))})"
        for paper, names in sorted(by_paper.items())
    ]
    return "\n".join(["## Papers to cite", "", *lines, ""])


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
