"""From video files, as their names or a list describe them, to sessions without annotations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import chain

from ferbench.datasets.naming import (
    NUMBERED_WITHIN,
    Identity,
    Naming,
    chosen,
    lookalikes,
    raise_problems,
)
from ferbench.datasets.recordings import Footage, Recording
from ferbench.datasets.session_parts import (
    in_order,
    largest_offset_s,
    missing_parts,
    observed_stretches,
    place_parts,
)
from ferbench.errors import DatasetError
from ferbench.sentences import Setting, Text
from ferbench.spelling import comparable_name, plain, same_name
from ferbench.wording import some

_Sessions = Mapping[Identity, Sequence[Recording]]


def assemble(
    recordings: Sequence[Recording], naming: Naming, camera: str | None
) -> tuple[tuple[Footage, ...], tuple[str, ...]]:
    """Put files together to sessions of one camera each.

    Args:
        recordings: all files.
        naming: how a session's name is made.
        camera: which camera to use; None = the only one of each session.

    Returns:
        Sessions sorted by name, and notices.

    Raises:
        DatasetError: files that cannot be told apart or put in order, a camera must be chosen, or
            there is no such one.
    """
    sessions = _by_identity(recordings, naming)
    cameras = _cameras(recordings)
    unnamed = _sessions_with_unnamed_cameras(sessions, naming)
    problems = [*_several_participants(sessions, naming), *_names_twice(sessions, naming)]
    picked = _picked_camera(camera, sessions, cameras, unnamed)
    footage: list[Footage] = []
    without_camera: list[str] = []
    for identity, of_session in sessions.items():
        of_camera = [item for item in of_session if _is_picked(item, picked)]
        if not of_camera:
            without_camera.append(naming.name(identity))
            continue
        try:
            footage.append(_footage(identity, naming, of_camera, of_session, cameras))
        except DatasetError as error:
            problems.append(error.text())
    raise_problems("the videos cannot be put together to sessions", problems)
    footage.sort(key=lambda item: item.name)
    notices = [*_about_left_out(picked, without_camera, unnamed), *_about_names(footage)]
    return tuple(footage), tuple(notices)


def _by_identity(
    recordings: Sequence[Recording], naming: Naming
) -> dict[Identity, list[Recording]]:
    sessions: dict[Identity, list[Recording]] = {}
    for recording in recordings:
        identity = naming.identity(recording.session, recording.participant)
        sessions.setdefault(identity, []).append(recording)
    return sessions


def _picked_camera(
    camera: str | None, sessions: _Sessions, cameras: Mapping[str, str], unnamed: Sequence[str]
) -> str | None:
    """The camera to use, in its first spelling; None = each session has only one.

    Args:
        camera: as a person wrote it.
        sessions: all files.
        cameras: first spelling of each.
        unnamed: a text per session of which some files name no camera.

    Raises:
        DatasetError: there is no such camera, or one must be chosen or named.
    """
    if camera is not None:
        return chosen("camera", camera, cameras.values())
    raise_problems("a camera is not told", unnamed)
    _check_one_camera(sessions, cameras)
    return None


def _about_left_out(
    picked: str | None, without_camera: Sequence[str], unnamed: Sequence[str]
) -> list[str]:
    """Notices on files and sessions that are not of the camera to use."""
    notices = []
    if without_camera:
        names = some(sorted(without_camera))
        notices.append(f"no video of camera {picked!r}: {names}; left out")
    if picked:
        notices += [f"{session}; left out" for session in unnamed]
    return notices


def _is_picked(recording: Recording, camera: str | None) -> bool:
    return camera is None or same_name(recording.camera, camera)


def _about_names(footage: Sequence[Footage]) -> list[str]:
    """What looks unintended in the sessions: several cameras, names that look alike."""
    notices = []
    cameras = sorted({item.camera for item in footage})
    if len(cameras) > 1:
        names = some([repr(name) for name in cameras])
        notices.append(f"the sessions are from different cameras: {names}")
    notices += lookalikes("sessions", [item.name for item in footage])
    notices += lookalikes("participants", [item.participant for item in footage])
    return notices


def _several_participants(sessions: _Sessions, naming: Naming) -> list[str]:
    """Sessions that are there for several participants."""
    problems: list[str] = []
    for identity, recordings in sessions.items():
        last_of = {
            comparable_name(recording.participant): recording
            for recording in recordings
            if recording.participant
        }
        if len(last_of) > 1:
            one, other = list(last_of.values())[:2]
            problems.append(
                Text(
                    f"session {naming.name(identity)!r} is there for participants "
                    f"{one.participant!r} ({one.where}) and {other.participant!r} ({other.where}); "
                    "where sessions are numbered within participants, set ",
                    Setting("session_name", NUMBERED_WITHIN),
                )
            )
    return problems


def _names_twice(sessions: _Sessions, naming: Naming) -> list[str]:
    """Names that are made of different sessions and participants."""
    names: dict[str, dict[Identity, str]] = {}
    for identity, recordings in sessions.items():
        names.setdefault(naming.name(identity), {})[identity] = recordings[-1].where
    problems: list[str] = []
    for name, wheres in names.items():
        if len(wheres) > 1:
            problems.append(
                Text(
                    f"{' and '.join(wheres.values())} both make the session name {name!r}; "
                    "put a mark between in ",
                    Setting("session_name"),
                )
            )
    return problems


def _cameras(recordings: Sequence[Recording]) -> dict[str, str]:
    """The first spelling of each camera, by its comparable name."""
    cameras: dict[str, str] = {}
    for recording in recordings:
        cameras.setdefault(comparable_name(recording.camera), plain(recording.camera))
    return cameras


def _sessions_with_unnamed_cameras(sessions: _Sessions, naming: Naming) -> list[str]:
    """One text per session of which some files name a camera and others none."""
    texts = [
        _about_unnamed_camera(naming.name(identity), recordings)
        for identity, recordings in sessions.items()
    ]
    return list(filter(None, texts))


def _about_unnamed_camera(session: str, recordings: Sequence[Recording]) -> str:
    """Which files of a session name no camera, though others do; "" = none."""
    named = [recording for recording in recordings if comparable_name(recording.camera)]
    unnamed = [item.where for item in recordings if not comparable_name(item.camera)]
    if not named or not unnamed:
        return ""
    return (
        f"session {session!r}: {some(unnamed)} without a camera, but {named[0].where} is of camera "
        f"{named[0].camera!r}; say for each file which camera it is of"
    )


def _check_one_camera(sessions: _Sessions, cameras: Mapping[str, str]) -> None:
    """Raise DatasetError where a session has several cameras, so that one must be chosen."""
    names_of_sessions = [_camera_names(recordings) for recordings in sessions.values()]
    if all(len(names) == 1 for names in names_of_sessions):
        return
    num_sessions = Counter(chain.from_iterable(names_of_sessions))
    listed = [
        f"{cameras[name] or '(blank)'} ({num_sessions[name]} sessions)"
        for name in sorted(num_sessions)
    ]
    raise DatasetError(
        f"some sessions were filmed by several cameras: {', '.join(listed)}",
        hint=Text("choose one with ", Setting("camera", _most_frequent(num_sessions, cameras))),
    )


def _camera_names(recordings: Sequence[Recording]) -> set[str]:
    return {comparable_name(recording.camera) for recording in recordings}


def _most_frequent(num_sessions: Mapping[str, int], cameras: Mapping[str, str]) -> str:
    """The named camera of most sessions; of several the one that comes first in the files."""
    named = [name for name in cameras if cameras[name]]
    return cameras[max(named, key=lambda name: num_sessions[name])]


def _footage(
    identity: Identity,
    naming: Naming,
    of_camera: Sequence[Recording],
    of_session: Sequence[Recording],
    cameras: Mapping[str, str],
) -> Footage:
    """A session's videos of one camera.

    Raises:
        DatasetError: they cannot be put in order, or what is told of them does not fit together.
    """
    name = naming.name(identity)
    ordered = in_order(name, of_camera)
    placed = place_parts(name, ordered)
    observed = observed_stretches(name, of_session, placed.start)
    missing = missing_parts(ordered, of_session)
    participants = [recording.participant for recording in of_session if recording.participant]
    return Footage(
        name=name,
        identity=identity,
        participant=plain(participants[0]) if participants else "",
        camera=cameras[comparable_name(of_camera[0].camera)],
        parts=placed.parts,
        start=placed.start,
        observed=observed,
        apart_s=largest_offset_s(of_session, placed.start),
        missing=missing.reason,
        missing_before_clock=missing.clock_is_known,
    )
