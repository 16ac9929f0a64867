"""The picture that README shows, drawn of the committed JSON: frames per second of every way."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

PICTURE: Final = Path(__file__).resolve().parents[1] / "docs" / "images" / "speed.svg"
SHOWN: Final = {
    "pass_retinaface_cpu": ("RetinaFace mobilenet0.25 + mini-XCEPTION, 640x360", {
        "ours": "ferbench",
        "ours_stride_3": "ferbench, detector stride 3",
        "thesis_loop": "batch-face, OpenCV, torch",
        "detector_alone": "limit: detector's network alone",
    }),
    "pass_scrfd_cpu": ("SCRFD-500M + mini-XCEPTION, 640x360", {
        "ours_square": "ferbench, square canvas",
        "ours_tight": "ferbench, tight canvas",
        "insightface_loop": "insightface, torch",
        "insightface_detects": "insightface, detection only",
    }),
    "pass_full_hd_cpu": ("RetinaFace mobilenet0.25 + mini-XCEPTION, 1920x1080", {
        "ours": "ferbench",
        "thesis_loop": "batch-face, OpenCV, torch",
    }),
}  # fmt: skip


def draw(results: Path) -> Path:
    """Draw what there is of ``SHOWN``; return the picture's path."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "ferbench"
    from matplotlib import pyplot as plt

    groups = [_bars(results, name) for name in SHOWN if (results / f"{name}.json").is_file()]
    heights = [len(bars) for _, bars in groups]
    figure, axes = plt.subplots(
        len(groups),
        1,
        figsize=(7.5, 0.6 * len(groups) + 0.32 * sum(heights)),
        squeeze=False,
        gridspec_kw={"height_ratios": heights},
        layout="constrained",
    )
    for axis, (title, bars) in zip(axes[:, 0], groups, strict=True):
        names = [name for name, _, _ in bars]
        values = [value for _, value, _ in bars]
        spans = [[value - low for _, value, (low, _) in bars],
                 [high - value for _, value, (_, high) in bars]]  # fmt: skip
        colours = ["#2a6f97" if name.startswith("ferbench") else "#b8b8b8" for name in names]
        axis.barh(names, values, xerr=spans, color=colours, ecolor="#444444", capsize=2)
        inks = ["white" if name.startswith("ferbench") else "black" for name in names]
        for row, (value, ink) in enumerate(zip(values, inks, strict=True)):
            axis.text(0.01 * max(values), row, f"{value:.3g}", va="center", color=ink)
        axis.invert_yaxis()
        axis.set_title(title, loc="left", fontsize=10)
        axis.spines[["top", "right"]].set_visible(False)
    axes[-1, 0].set_xlabel("frames per second, median of the rounds with least and most")
    figure.savefig(PICTURE, metadata={"Date": None})
    plt.close(figure)
    return PICTURE


def _bars(results: Path, name: str) -> tuple[str, list[tuple[str, float, tuple[float, float]]]]:
    """Title, and of each contender: name, frames per second, least and most."""
    title, shown = SHOWN[name]
    contenders: dict[str, Any] = json.loads((results / f"{name}.json").read_text())["contenders"]
    bars = []
    for contender, words in shown.items():
        if contender in contenders:
            told = contenders[contender]
            rates = [told["units"] / wall_s for wall_s in told["wall_s"]]
            bars.append((words, told["units"] / told["median_wall_s"], (min(rates), max(rates))))
    return title, bars
