"""What ``ferbench init`` prints."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Sequence

from rich.console import Console

from ferbench.datasets.naming import Naming
from ferbench.wording import some
from ferbench.workflows.init_study import Request, Written
from ferbench.workflows.survey import Found


def show(console: Console, request: Request, found: Found, written: Written) -> None:
    """Print what was found, what somebody must look at, the files and the next command."""
    lines = [_wrapped(console, "", text) for text in found.missing]
    lines += [""] if lines else []
    lines += [_wrapped(console, f"{name:<14}", text) for name, text in _facts(request, found)]
    files = (str(written.manifest), str(written.data_set))
    for title, texts in (
        ("without a place, or unclear", found.open),
        ("notes", found.notes),
        ("written", files),
    ):
        if texts:
            lines += ["", f"{title}:", *(_wrapped(console, "  - ", text) for text in texts)]
    before = [_wrapped(console, "  ", f"{written.before}; then:")] if written.before else []
    lines += ["", "next:", *before, f"  {written.command}"]
    console.print("\n".join(lines), markup=False, soft_wrap=True)


def _wrapped(console: Console, head: str, text: str) -> str:
    """A text after a head, its further lines indented as far; words and paths are not broken."""
    return textwrap.fill(
        text,
        console.width,
        initial_indent=head,
        subsequent_indent=" " * len(head),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _facts(request: Request, found: Found) -> list[tuple[str, str]]:
    places = found.guess.places
    naming = Naming(template=found.guess.session_name)
    names = [
        naming.name(naming.identity(session, participant))
        for participant, session in found.sessions
    ]
    people = sorted({place.participant for place in places if place.participant})
    parts = Counter((p.participant, p.session, p.camera) for p in places if p.part)
    several = {key[:2] for key, count in parts.items() if count > 1}
    cameras = [
        f"{name or '(blank)'} ({_count(count, 'session')})" for name, count in found.cameras.items()
    ]
    facts = [
        ("videos", f"{found.num_videos} in {request.folder}, {len(places)} placed"),
        ("sessions", f"{len(names)}: {_ends(names)}"),
        ("participants", f"{len(people)}: {_ends(people)}" if people else "not in the names"),
        ("cameras", ", ".join(cameras) if any(found.cameras) else "not in the names"),
        (
            "parts",
            f"{len(several)} of {len(names)} sessions have several" if several else "one file each",
        ),
        ("starts", _starts(found)),
    ]
    if found.csv is not None and request.annotations is not None:
        facts += _annotation_facts(request.annotations.name, found)
    return facts


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"


def _ends(names: Sequence[str]) -> str:
    return f"{names[0]} to {names[-1]}" if len(names) > 3 else ", ".join(names)


def _starts(found: Found) -> str:
    known = {(p.participant, p.session) for p in found.guess.places if p.start}
    text = f"{len(known)} of {len(found.sessions)} sessions"
    return f"{text} ({found.num_filled} files by the log book)" if found.num_filled else text


def _annotation_facts(source: str, found: Found) -> list[tuple[str, str]]:
    assert found.csv is not None
    marks = {",": "commas", ";": "semicolons", "\t": "tabs"}
    how = [
        _count(len(found.csv.rows), "row"),
        f"separated by {marks[found.csv.delimiter]}",
        *found.csv.notes,
    ]
    facts = [("annotations", f"{source}: {', '.join(how)}")]
    if found.headers is not None:
        facts.append(
            ("columns", ", ".join(f"{key} = {name}" for key, name in found.headers.names.items()))
        )
    if found.reading is not None:
        undecided = found.reading.question != ""
        why = f" ({found.reading.why})" if found.reading.why else ""
        facts.append(
            ("times", "undecided" if undecided else f"{found.reading.table.time_format}{why}")
        )
    for name in ("annotator", "kind"):
        counts = found.counts(name)
        if counts:
            facts.append(
                (
                    f"{name}s",
                    some(
                        [
                            f"{value} ({_count(count, 'row')})"
                            for value, count in counts.most_common()
                        ]
                    ),
                )
            )
    return facts
