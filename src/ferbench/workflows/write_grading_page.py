"""Write a page on which events of several models are graded without knowing whose they are."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ferbench.atomic import write_text
from ferbench.checks import check_choice, check_list, check_seconds
from ferbench.config.choices import Choice
from ferbench.errors import ConfigError
from ferbench.formats.grading_key import read_grading_key, write_grading_key
from ferbench.pages.document import html_of
from ferbench.pages.grading_page import ShownItem, grading_page
from ferbench.pages.session_page import MOST_BYTES
from ferbench.scoring.scored_session import Stamp
from ferbench.sentences import Setting, Text
from ferbench.wording import plural
from ferbench.workflows.anonymizing import anonymization_of, treatment_for_session
from ferbench.workflows.embedded_clips import OnClip, with_clips
from ferbench.workflows.grading_items import Item, Items, grading_items
from ferbench.workflows.model_events import Search, model_events, sources_of

if TYPE_CHECKING:
    from ferbench.rendering.anonymize import Anonymization, Method

CONTEXT_S: Final = 5.0
TOLERANCE_S: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class GradingFiles:
    """What was written.

    Attributes:
        page: for raters.
        key: whose events its items stand for; not for raters.
        items: how many events the page shows.
        events: how many of how many models they stand for.
        models: their names.
        failures: files that cannot be used, and why.
    """

    page: Path
    key: Path
    items: int
    events: int
    models: tuple[str, ...]
    failures: dict[Path, Exception]

    def __repr__(self) -> str:
        """``GradingFiles: 12 items for 20 events of 2 models: grading.html``."""
        events = f"{plural(self.events, 'event')} of {plural(len(self.models), 'model')}"
        return f"GradingFiles: {plural(self.items, 'item')} for {events}: {self.page}"


def write_grading_page(
    results: str | Path | Sequence[str | Path],
    out: str | Path,
    *,
    labels: Sequence[str] = ("surprise",),
    rule: Choice = None,
    fps: float | None = None,
    video: str | Path | None = None,
    context_s: float = CONTEXT_S,
    tolerance_s: float = TOLERANCE_S,
    stamp: Stamp = "trigger",
    seed: int = 0,
    embed: str | Path | None = None,
    anonymize: Method | Anonymization | None = None,
    hidden: str | Path | None = None,
    on_clip: OnClip = lambda done, of: None,  # noqa: ARG005
) -> GradingFiles:
    """Write a page with the events of all models in an order by lot, and the key to them.

    Near-identical events of several models are shown once and count for each. The page holds no
    model's name, no curve and no score. Its name's ending becomes ``_key.csv`` for the key.

    Args:
        results: tables of events, or files or folders of predictions, each of a model that is
            called like it, or ``MODEL=PATH``; the thesis' files name their model themselves.
        out: the page, whose name ends in .html.
        labels: of predictions: expressions to look for.
        rule: of predictions: an event rule as ``find_events`` takes it.
        fps: of the thesis' files: rows per second.
        video: of the thesis' files: their videos' folder.
        context_s: seconds that are shown before each event's onset and after its offset.
        tolerance_s: events of several models that begin within so many seconds are shown once.
        stamp: an event's time for that: ``trigger`` or ``onset``.
        seed: of the order.
        embed: the videos' folder, to carry a small clip of each event within the page; None = its
            user opens the videos.
        anonymize: hide all faces in these clips, as ``render`` does: ``blur``, ``pixelate``,
            ``box``, or an ``Anonymization``. Faces are those of the predictions among ``results``,
            of whatever model, and of ``hidden``.
        hidden: a table, or a folder of tables, of predictions of these videos.
        on_clip: told how many clips are cut, of how many.

    Raises:
        ConfigError: an option or a result cannot be used, there is no event, the page would have
            more than 50 MiB, or the key of another page is in its place.
        VideoError: a video cannot be read, or predictions whose faces are hidden are not its.
    """
    check_list("labels", labels)
    check_seconds("context_s", context_s)
    check_seconds("tolerance_s", tolerance_s)
    check_choice("stamp", stamp, ("trigger", "onset"))
    how = _hiding(anonymize, hidden, embed)
    page_path = Path(out)
    if page_path.suffix.lower() != ".html" or page_path.is_dir():
        raise ConfigError(key="out", expected="a name that ends in .html", got=str(out))
    texts = [results] if isinstance(results, str | Path) else list(results)
    search = Search(
        labels=tuple(labels), rule=rule, fps=fps, video=None if video is None else Path(video)
    )
    failures: dict[Path, Exception] = {}
    found = model_events(
        sources_of([str(text) for text in texts]), search, on_failure=failures.__setitem__
    )
    items = grading_items(found.rows, tolerance_s=tolerance_s, stamp=stamp)
    key_path = page_path.with_name(f"{page_path.stem}_key.csv")
    _check_key(key_path, items)
    shown = [_shown(item, found.ends_s, context_s) for item in items.by_lot(seed)]
    if embed is not None:
        place = None if hidden is None else Path(hidden)
        shown = with_clips(
            shown,
            Path(embed),
            most_bytes=MOST_BYTES,
            on_clip=on_clip,
            treatment_for=treatment_for_session(found.tables, place, how) if how else None,
        )
    html = html_of(grading_page(shown, context_s=context_s))
    _check_size(len(html.encode("utf-8")))
    write_grading_key(key_path, items.key)
    write_text(page_path, html)
    return GradingFiles(
        page=page_path,
        key=key_path,
        items=len(items.items),
        events=len(items.key),
        models=found.models,
        failures=failures,
    )


def _hiding(
    how: Method | Anonymization | None, hidden: str | Path | None, embed: str | Path | None
) -> Anonymization | None:
    chosen = anonymization_of(how, is_more_hidden=hidden is not None)
    if chosen is not None and embed is None:
        raise ConfigError(
            "faces are hidden in embedded clips, other videos are not changed",
            key="anonymize",
            hint=Text("embed them with ", Setting("embed")),
        )
    return chosen


def _shown(item: Item, ends_s: Mapping[str, float], context_s: float) -> ShownItem:
    """An item with what is shown around it, as far as the video goes."""
    return ShownItem(
        item=item.item,
        session=item.session,
        label=item.label,
        onset_s=item.onset_s,
        offset_s=item.offset_s,
        trigger_s=item.trigger_s,
        from_s=max(item.onset_s - context_s, 0.0),
        to_s=min(item.offset_s + context_s, ends_s.get(item.session, math.inf)),
    )


def _check_key(path: Path, items: Items) -> None:
    """Raise ConfigError where the key of other items would be lost, and with it their grades."""
    if not path.exists():
        return
    if set(read_grading_key(path)) != {item.item for item in items.items}:
        raise ConfigError(
            f"{path} is there and is the key of a page with other events; without it the grades "
            "of that page count for nobody",
            key="out",
            hint="choose another name, or move it away",
        )


def _check_size(num_bytes: int) -> None:
    if num_bytes > MOST_BYTES:
        raise ConfigError(
            f"the page would have {num_bytes / 2**20:.0f} MiB; expected at most "
            f"{MOST_BYTES / 2**20:.0f}, or browsers become slow",
            hint="grade fewer sessions on a page",
        )
