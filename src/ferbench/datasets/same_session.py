"""Tells the files of one session apart: its cameras, its parts, copies, and what stays unclear."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Final

from ferbench.datasets.copies import copies_of
from ferbench.datasets.naming import NUMBERED_WITHIN
from ferbench.datasets.place import Place, Placement
from ferbench.datasets.recordings import natural
from ferbench.spelling import comparable_name, plain, same_name
from ferbench.wording import some

_WORDS: Final = re.compile(r"[^\s/._()\[\]-]+")
_NO_PARTICIPANT: Final = (
    "no participant in its name or folders, and sessions are numbered within them"
)
_Key = tuple[str, ...]
_Change = Callable[[list[Place]], list[Place]]


def tell_apart(
    places: Sequence[Place],
    unplaced: Mapping[str, str],
    *,
    chapters: Mapping[str, tuple[str, str]],
    folder: Path | None,
    numbered_within: bool,
) -> Placement:
    """Find cameras and parts among files of one session.

    Leaves out copies and files that cannot be told apart.

    Args:
        places: files with a place, as their names have it.
        unplaced: the other files and why.
        chapters: chapter and recording number that a GoPro wrote into a file's name.
        folder: of the videos; None = nothing is read, and no file is a copy.
        numbered_within: sessions are numbered within participants.
    """
    reasons = dict(unplaced)
    if numbered_within:
        nameless = [place.path for place in places if not place.participant]
        reasons |= dict.fromkeys(nameless, _NO_PARTICIPANT)
        places = _except(places, nameless)
    copies = _copies(places, folder)
    places = _except(places, copies)
    places = _changed(places, lambda group: _chapters_as_parts(group, chapters))
    places = _differing_words_as_cameras(places)
    places = _changed(places, _starts_as_parts)
    unclear = _unclear(places)
    places = _spelled_alike(_except(places, unclear))
    return Placement(
        places=tuple(sorted(places, key=_in_natural_order)),
        unplaced=tuple(sorted({**reasons, **unclear}.items())),
        session_name=NUMBERED_WITHIN if numbered_within else "{session}",
        copies=tuple(sorted(copies.items())),
    )


def _except(places: Iterable[Place], paths: Collection[str]) -> list[Place]:
    return [place for place in places if place.path not in paths]


def _copies(places: Sequence[Place], folder: Path | None) -> dict[str, str]:
    """Copies of other files of the same session, camera and part, each with its original."""
    if folder is None:
        return {}
    same_part = _groups(places, _session_camera_part).values()
    return copies_of([[place.path for place in group] for group in same_part], folder)


def _unclear(places: Sequence[Place]) -> dict[str, str]:
    """Files that cannot be told apart from others, and why."""
    reasons: dict[str, str] = {}
    for group in _groups(places, _session_camera).values():
        if not _are_distinct(group):
            reasons |= {place.path: _why_unclear(place, group) for place in group}
    return reasons


def _session_camera(place: Place) -> _Key:
    return place.participant, place.session, place.camera


def _session_part(place: Place) -> _Key:
    return place.participant, place.session, place.part


def _session_camera_part(place: Place) -> _Key:
    return place.participant, place.session, place.camera, place.part


def _in_natural_order(place: Place) -> tuple[tuple[tuple[int, int | str], ...], ...]:
    return tuple(map(natural, _session_camera_part(place)))


def _groups(places: Iterable[Place], key: Callable[[Place], _Key]) -> dict[_Key, list[Place]]:
    """Files that have the same names, however these are spelled."""
    groups: dict[_Key, list[Place]] = defaultdict(list)
    for place in places:
        groups[tuple(map(comparable_name, key(place)))].append(place)
    return groups


def _changed(places: Iterable[Place], change: _Change) -> list[Place]:
    """The files, each group of one session and camera changed."""
    changed: list[Place] = []
    for group in _groups(places, _session_camera).values():
        changed += change(group)
    return changed


def _are_parts_unnamed(group: Sequence[Place]) -> bool:
    """Whether there are several files, and none says which part it is."""
    return len(group) > 1 and not any(place.part for place in group)


def _chapters_as_parts(group: list[Place], chapters: Mapping[str, tuple[str, str]]) -> list[Place]:
    """Files of one session and camera that are chapters of one GoPro recording become parts."""
    marks = [chapters[place.path] for place in group if place.path in chapters]
    recording_numbers = {recording_number for _, recording_number in marks}
    of_one_recording = len(marks) == len(group) and len(recording_numbers) == 1
    if not of_one_recording or not _are_parts_unnamed(group):
        return group
    return [
        replace(place, part=str(int(chapter)))
        for place, (chapter, _) in zip(group, marks, strict=True)
    ]


def _starts_as_parts(group: list[Place]) -> list[Place]:
    """Files of one session and camera without parts, but with different starts, become parts.

    In the order of their starts.
    """
    starts = {place.start for place in group}
    all_differ = len(starts) == len(group) and "" not in starts
    if not all_differ or not _are_parts_unnamed(group):
        return group
    in_order = sorted(group, key=lambda place: place.start)
    return [replace(place, part=str(number)) for number, place in enumerate(in_order, start=1)]


def _differing_words_as_cameras(places: Sequence[Place]) -> list[Place]:
    """Files of one session and part whose names differ in one word are its cameras.

    The same words must do so in other sessions.
    """
    groups = list(_groups(places, _session_part).values())
    words_of_groups = [_differing_words(group) for group in groups]
    occurrences = Counter(chain.from_iterable(words_of_groups))
    least = 2 if len(groups) > 1 else 1
    changed: list[Place] = []
    for group, words in zip(groups, words_of_groups, strict=True):
        cameras = _frequent(words, occurrences, least)
        changed += _with_cameras(group, cameras)
    return changed


def _frequent(words: tuple[str, ...], occurrences: Counter[str], least: int) -> tuple[str, ...]:
    """The words, if each occurs often enough; else ()."""
    if all(occurrences[word] >= least for word in words):
        return words
    return ()


def _with_cameras(group: Sequence[Place], cameras: Sequence[str]) -> list[Place]:
    """Files with their cameras; as they are where there are none."""
    if not cameras:
        return list(group)
    return [replace(place, camera=name) for place, name in zip(group, cameras, strict=True)]


def _differing_words(group: Sequence[Place]) -> tuple[str, ...]:
    """The one word in which the names of all these files differ, of each.

    () = there is no such word.
    """
    if len(group) == 1 or any(place.camera for place in group):
        return ()
    columns = _differing_columns([_words(place.path) for place in group])
    if len(columns) != 1 or len(set(columns[0])) < len(group):
        return ()
    words = columns[0]
    return words if all(map(_may_be_camera, words)) else ()


def _words(path: str) -> list[str]:
    return [comparable_name(word) for word in _WORDS.findall(plain(path))]


def _differing_columns(names: Sequence[Sequence[str]]) -> list[tuple[str, ...]]:
    """The words at each position at which they are not all the same.

    [] = also where the names have not equally many words.
    """
    if len({len(words) for words in names}) > 1:
        return []
    return [column for column in zip(*names, strict=True) if len(set(column)) > 1]


def _may_be_camera(word: str) -> bool:
    """Numbers and single letters may be parts, or tries."""
    return word.isalpha() and len(word) > 1


def _are_distinct(group: Sequence[Place]) -> bool:
    """Whether each of some files of one session and camera says which part it is."""
    if len(group) == 1:
        return True
    parts = {comparable_name(place.part) for place in group}
    return "" not in parts and len(parts) == len(group)


def _why_unclear(place: Place, group: Sequence[Place]) -> str:
    """Why a file has no place among those of its session and camera."""
    others = [other for other in group if other is not place]
    same_part = [other.path for other in others if same_name(other.part, place.part)]
    if same_part:
        return f"the same session, camera and part as {some(same_part)}"
    doubled = _parts_twice(others)
    if doubled and place.part:
        return f"another file of its session is unclear: {doubled[0]}"
    paths = some([other.path for other in others])
    return f"the same session and camera as {paths}, and not all say which part they are"


def _parts_twice(places: Sequence[Place]) -> list[str]:
    """Files whose part is that of another one too."""
    counts = Counter(comparable_name(place.part) for place in places)
    return [place.path for place in places if counts[comparable_name(place.part)] > 1]


def _spelled_alike(places: Sequence[Place]) -> list[Place]:
    """One spelling per participant, session and camera: the first by path."""
    participants: dict[str, str] = {}
    sessions: dict[str, str] = {}
    cameras: dict[str, str] = {}
    for place in sorted(places, key=lambda place: place.path):
        participants.setdefault(comparable_name(place.participant), place.participant)
        sessions.setdefault(comparable_name(place.session), place.session)
        cameras.setdefault(comparable_name(place.camera), place.camera)
    return [
        replace(
            place,
            participant=participants[comparable_name(place.participant)],
            session=sessions[comparable_name(place.session)],
            camera=cameras[comparable_name(place.camera)],
        )
        for place in places
    ]
