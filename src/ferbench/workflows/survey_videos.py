"""The videos of a study that is surveyed: sessions, cameras, and what has no place."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ferbench.datasets.assembly import assemble
from ferbench.datasets.naming import Naming
from ferbench.datasets.place import Place, Placement
from ferbench.datasets.recordings import Footage, Recording, parse_moment
from ferbench.datasets.starts import is_later
from ferbench.errors import DatasetError
from ferbench.sentences import Setting, Text
from ferbench.wording import some

DATA_SET: Final = "dataset"
"""Settings of the data set that is written are fields of this."""
LISTED: Final = 3
"""Files that are listed one by one for the same reason."""
OWN_RULE: Final = Text(
    "Where names follow a rule of your own: ",
    Setting("pattern", r"(?P<participant>\d+)_day(?P<session>\d+)"),
)


@dataclass(slots=True, kw_only=True)
class Findings:
    """What a survey finds besides, one sentence each; see ``Survey``."""

    missing: list[str] = field(default_factory=list)
    unclear: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyedVideos:
    """The videos of a study that have a place.

    Attributes:
        folder: of all videos.
        placement: their places.
    """

    folder: Path
    placement: Placement

    @property
    def naming(self) -> Naming:
        """How sessions are named."""
        return Naming(template=self.placement.session_name)

    def recordings(self) -> list[Recording]:
        """The videos with what is known of them."""
        return [self._recording(place) for place in self.placement.places]

    def _recording(self, place: Place) -> Recording:
        start = parse_moment(place.start) if place.start else None
        return Recording(
            path=self.folder / place.path,
            where=place.path,
            session=place.session,
            participant=place.participant,
            camera=place.camera,
            part=place.part,
            start=None if isinstance(start, str) else start,
        )

    def footage(self, cameras: Iterable[str], findings: Findings) -> tuple[Footage, ...]:
        """The sessions, each with the files of the first of some cameras that it has."""
        recordings = self.recordings()
        sessions: dict[tuple[str, ...], Footage] = {}
        for camera in cameras:
            of_camera = [recording for recording in recordings if recording.camera == camera]
            try:
                footage, _ = assemble(of_camera, self.naming, None)
            except DatasetError as error:
                findings.unclear.append(error.within(DATA_SET).text())
                continue
            for session in footage:
                sessions.setdefault(session.identity, session)
        return tuple(sessions.values())


def about_unplaced(placement: Placement, *, advise: bool) -> list[str]:
    """Files and why they have no place; a reason that many have is told once.

    Args:
        placement: of all files.
        advise: tell how to write a pattern, where there are many.
    """
    files: dict[str, list[str]] = defaultdict(list)
    for path, reason in placement.unplaced:
        files[reason].append(path)
    sentences: list[str] = []
    for reason, paths in files.items():
        more = len(paths) - LISTED
        if more > 0:
            first = ", ".join(paths[:LISTED])
            sentences.append(f"{len(paths)} files: {reason}: {first} and {more} more")
        else:
            sentences += [f"{path}: {reason}" for path in paths]
    most = max(map(len, files.values()), default=0)
    if advise and most > LISTED:
        sentences.append(OWN_RULE)
    return sentences


def about_missing_first_parts(placement: Placement) -> list[str]:
    """Sessions whose first file is a later part: their times would be counted from there."""
    first_of: dict[tuple[str, str, str], Place] = {}
    for place in placement.places:
        first_of.setdefault((place.participant, place.session, place.camera), place)
    return [
        f"{place.path}: part {place.part}, and no file is the first part of its session; "
        "times would be counted from this one"
        for place in first_of.values()
        if is_later(place.part)
    ]


def about_copies(placement: Placement) -> list[str]:
    """Files that were left out, as others have the same bytes."""
    sentences = [f"{path}: a copy of {original}, left out" for path, original in placement.copies]
    more = len(sentences) - LISTED
    if more <= 0:
        return sentences
    rest = f"{more} more files that are copies of others, left out"
    return [*sentences[:LISTED], rest]


def sessions_of_cameras(places: Sequence[Place]) -> dict[str, int]:
    """How many sessions each camera has, most first."""
    sessions = {(place.camera, place.participant, place.session) for place in places}
    return dict(Counter(camera for camera, _, _ in sorted(sessions)).most_common())


def about_missing_cameras(videos: SurveyedVideos, cameras: Mapping[str, int]) -> list[str]:
    """One sentence where only some names have a camera: choosing one would leave out the others."""
    naming = videos.naming
    unnamed = [place for place in videos.placement.places if not place.camera]
    if not unnamed or not any(cameras):
        return []
    sessions = dict.fromkeys(
        naming.name(naming.identity(place.session, place.participant)) for place in unnamed
    )
    return [
        f"no camera in the names of videos of {some(list(sessions))}: whichever camera is chosen, "
        "these are left out; fill in the column camera of the list"
    ]
