"""python -m benchmarks.capacity: the tables of docs/scale.md, from what was measured.

``--write`` puts them into the document.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import sys
from pathlib import Path
from typing import Any, Final

from benchmarks.run import RESULTS

DOCUMENT: Final = Path(__file__).resolve().parents[1] / "docs" / "scale.md"
FRAMES_OF_AN_HOUR: Final = 90_000
"""At 25 frames a second."""
HOURS: Final = (10, 1_000, 100_000)
COUNTS: Final = (1, 8, 100)
CORES_OF_A_GPU: Final = 8
"""Cores that decode for each GPU, where it is one of a usual server."""
CORES_OF_A_MACHINE: Final = 16
CELLS: Final = 48
_BLOCK: Final = r"(<!-- {name} -->\n)(.*?)(\n<!-- end -->)"


def main(arguments: list[str] | None = None) -> int:
    """Print the tables, or write them into the document."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.capacity", description=__doc__)
    parser.add_argument("--write", action="store_true", help="put them into docs/scale.md")
    options = parser.parse_args(arguments)
    tables = all_tables(RESULTS)
    if options.write:
        text = DOCUMENT.read_text(encoding="utf-8")
        DOCUMENT.write_text(with_tables(text, tables), encoding="utf-8")
    else:
        print("\n\n".join(tables.values()))
    return 0


def all_tables(results: Path) -> dict[str, str]:
    """The tables by name, as Markdown."""
    return {
        "machine": _machine(results),
        "costs": _costs(results),
        "time": _time(results),
        "kept": _kept(results),
        "room": _room(results),
        "many": _many(results),
    }


def with_tables(text: str, tables: dict[str, str]) -> str:
    """A document with its tables made anew."""
    for name, table in tables.items():
        pattern = re.compile(_BLOCK.format(name=name), re.DOTALL)
        if not pattern.search(text):
            raise KeyError(f"no <!-- {name} --> ... <!-- end -->")
        text = pattern.sub(lambda found, table=table: found[1] + table + found[3], text)
    return text


def _read(results: Path, name: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((results / f"{name}.json").read_text(encoding="utf-8"))
    return read


def _cpu_s(results: Path, name: str, contender: str) -> float:
    """Processor seconds of a frame."""
    turns = _read(results, name)["contenders"][contender]
    return float(turns["median_cpu_s"]) / float(turns["units"])


def _table(header: list[str], rows: list[list[str]]) -> str:
    lines = [header, ["---"] + ["---:"] * (len(header) - 1), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _number(value: float) -> str:
    """Two digits that count."""
    if value < 10:
        return f"{value:.2g}"
    return f"{round(value, 2 - len(str(int(value)))):,.0f}"


def _machine(results: Path) -> str:
    pass_, storage = _read(results, "pass_retinaface_cpu"), _read(results, "storage_cpu")
    versions = pass_["versions"]
    named = ", ".join(
        f"{name} {versions[name]}" for name in ("torch", "onnxruntime", "av", "libavcodec")
    )
    stored = storage["versions"]
    return (
        f"Times: {pass_['machine']['cpu']}, {pass_['machine']['cores']} cores, Python "
        f"{versions['python']}, {named}. Sizes: pyarrow {stored['pyarrow']}, MLflow "
        f"{storage['mlflow']}."
    )


def _passes(results: Path) -> dict[str, float]:
    """Processor seconds of a frame, by what is done."""
    frame = {
        "decode 640x360": _cpu_s(results, "decode_cpu", "ours_640x360"),
        "decode 1920x1080": _cpu_s(results, "decode_cpu", "ours_1920x1080"),
        "whole pass, RetinaFace mnet0.25 + mini-XCEPTION, 640x360": _cpu_s(
            results, "pass_retinaface_cpu", "ours"
        ),
        "the same with `runtime.detect_every=3`": _cpu_s(
            results, "pass_retinaface_cpu", "ours_stride_3"
        ),
        "whole pass, SCRFD-500M tight + mini-XCEPTION, 640x360": _cpu_s(
            results, "pass_scrfd_cpu", "ours_tight"
        ),
        "the default pass at 1920x1080 with `detector.resolution=full`": _cpu_s(
            results, "pass_full_hd_cpu", "ours"
        ),
    }
    models = _read(results, "models_cpu")
    for row in models["rows"]:
        kind, _, name = row["choice"].partition("/")
        if kind == "model":
            frame[f"the model `{name}`, a face a frame"] = models["machine"]["cores"] / row["fps"]
    return frame


def _costs(results: Path) -> str:
    whole = _passes(results)
    unit = whole["whole pass, RetinaFace mnet0.25 + mini-XCEPTION, 640x360"]
    rows = [
        [name, _number(each * FRAMES_OF_AN_HOUR / 60), _number(each / unit)]
        for name, each in whole.items()
    ]
    return _table(["an hour of video (25 fps)", "core-minutes", "of the default pass"], rows)


def _time(results: Path) -> str:
    """Time that hours of video take, in videos of an hour; of a GPU at least, by what feeds it."""
    passes = _passes(results)
    default = passes["whole pass, RetinaFace mnet0.25 + mini-XCEPTION, 640x360"]
    decode = passes["decode 1920x1080"]
    rows = []
    for hours in HOURS:
        shares = [math.ceil(hours / count) * FRAMES_OF_AN_HOUR for count in COUNTS]
        cpus = [_span(share * default / CORES_OF_A_MACHINE) for share in shares]
        gpus = [_span(share * decode / CORES_OF_A_GPU) for share in shares]
        rows.append([f"{hours:,} h", *cpus, *gpus])
    cpu_names = [f"{count} x {CORES_OF_A_MACHINE} cores" for count in COUNTS]
    gpu_names = [f"{count} GPU{'s' if count > 1 else ''}, at least" for count in COUNTS]
    return _table(["video", *cpu_names, *gpu_names], rows)


def _span(seconds: float) -> str:
    if seconds < 3600:
        return f"{_number(seconds / 60)} min"
    if seconds < 2 * 86400:
        return f"{_number(seconds / 3600)} h"
    return f"{_number(seconds / 86400)} d"


def _size(size_bytes: float) -> str:
    for unit, size in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if size_bytes >= size:
            return f"{_number(size_bytes / size)} {unit}"
    return f"{_number(size_bytes / 1e3)} kB"


def _kept(results: Path) -> str:
    storage = _read(results, "storage_cpu")
    hour = storage["bytes_an_hour"]
    rows = [
        [f"table `{name}`, once for each video and {whose}", _size(hour[name]), "1"]
        for name, whose in (
            ("timeline", "reader"),
            ("faces", "detector"),
            ("expressions", "detector, crop and model"),
            ("pictures", "reader, where a signal asks for it"),
        )
    ]
    rows.append(
        ["`predictions/`, for each pixel recipe of a run or sweep", _size(hour["predictions"]), "2"]
    )
    cell, run = storage["bytes_of_a_cell_of_3_sessions"], storage["bytes_of_a_run_of_3_sessions"]
    rows.append(["a cell of a sweep in `mlflow.db` (3 sessions)", _size(cell["store"]), "-"])
    rows.append(
        [
            "a cell's files in `mlruns/artifacts` (3 sessions)",
            _size(cell["artifacts"]),
            _number(cell["artifact_files"]),
        ]
    )
    rows.append(
        ["a cell's files in `mlruns/hydra`", _size(cell["hydra"]), _number(cell["hydra_files"])]
    )
    rows.append(
        [
            "a run of its own in `mlruns/artifacts` (3 sessions)",
            _size(run["artifacts"]),
            _number(run["artifact_files"]),
        ]
    )
    return _table(["what", "bytes", "files"], rows)


def _room(results: Path) -> str:
    """What hours of video in sessions of an hour take: one detector and model, and a sweep."""
    storage = _read(results, "storage_cpu")
    hour, cell = storage["bytes_an_hour"], storage["bytes_of_a_cell_of_3_sessions"]
    cached = sum(hour[name] for name in ("timeline", "faces", "expressions"))
    further = hour["expressions"]
    of_a_cell = cell["store"] + cell["artifacts"] + cell["hydra"]
    rows = [
        [
            f"{hours:,} h",
            _size(hours * cached),
            f"{hours * 4:,}",
            _size(hours * further),
            _size(hours * hour["predictions"]),
            _size(CELLS * of_a_cell),
        ]
        for hours in HOURS
    ]
    header = ["video", "tables", "files of the cache", "each further model"]
    return _table([*header, "predictions of a run", f"{CELLS} cells, 3 sessions"], rows)


def _many(results: Path) -> str:
    storage, sweep = _read(results, "storage_cpu"), _read(results, "sweep_cpu")
    rows = [
        [f"`ferbench compare` of {int(count):,} runs", f"{_number(seconds)} s"]
        for count, seconds in storage["compare_cpu_s"].items()
    ]
    listing = storage["listing_cpu_s_per_10000_files"]
    rows.append(["`ferbench cache ls` of 10,000 files", f"{_number(listing)} s"])
    for store, seconds in sweep["again_s"].items():
        what = f"a warm cell of a sweep, recorded in {store}"
        rows.append([what, f"{seconds / sweep['cells']:.2f} s"])
    return _table(["what many of them take", "on the machine above"], rows)


if __name__ == "__main__":
    sys.exit(main())
