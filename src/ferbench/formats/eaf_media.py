"""Which of the files that an .eaf file links is the session's video, and where its second 0 is.

A linked file begins ``TIME_ORIGIN`` ms before second 0 of the annotations: ELAN shows it at time +
TIME_ORIGIN. Each file has its own; that of a sound says nothing of a video.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PureWindowsPath
from typing import Final

from ferbench.formats.eaf_document import EafDocument, EafMedium
from ferbench.formats.program_files import media_stem
from ferbench.spelling import comparable_name, same_name
from ferbench.wording import some

_SOUNDS: Final = frozenset(
    (
        *(".wav", ".mp3", ".m4a", ".aac", ".flac", ".ogg", ".oga", ".opus", ".wma", ".aif"),
        *(".aiff", ".aifc", ".au", ".snd", ".amr", ".ac3", ".mka"),
    )
)
_PICTURES: Final = frozenset((".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff"))


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionVideo:
    """The video that a file's annotations are of.

    Attributes:
        name: without folders and suffix; it names the session.
        url: as the file links it; "" = it does not.
        origin_ms: what is added to the annotations' times.
        note: what a reader should know of the choice; "" = nothing.
    """

    name: str
    url: str = ""
    origin_ms: int = 0
    note: str = ""


def session_video(document: EafDocument, videos: Sequence[str] = ()) -> SessionVideo:
    """The linked video that is the session's.

    Args:
        document: the file.
        videos: names of videos that may be meant, without suffix, the likeliest first. The first of
            these that is linked counts, else the first that is linked. A file that links none is
            of the video that is called as itself, or as a sound that it links.

    Raises:
        FormatError: the video's TIME_ORIGIN is no number; names the line.
    """
    linked = [medium for medium in document.media if _is_video(medium)]
    if linked:
        names = [_name(medium, videos) or document.path.stem for medium in linked]
        at = _likeliest(names, videos)
        return SessionVideo(
            name=names[at],
            url=_url(linked[at]),
            origin_ms=_origin_ms(document, linked[at]),
            note=_note_on_several(document, names, at),
        )
    return _of_no_linked_video(document, videos)


def _of_no_linked_video(document: EafDocument, videos: Sequence[str]) -> SessionVideo:
    sounds = [medium for medium in document.media if _is_sound(medium)]
    own = document.path.stem
    for sound in sounds:  # taken from a video's sound track: the video's clock
        taken_from = sound.attributes.get("EXTRACTED_FROM", "").strip()
        if taken_from:
            name = media_stem(taken_from) or own
            return SessionVideo(name=name, url=taken_from, origin_ms=_origin_ms(document, sound))
    names = [own, *(media_stem(_url(sound)) for sound in sounds)]
    name = names[_likeliest(names, videos)]
    note = ""
    if sounds:
        listed = some(names[1:])
        note = f"{document.path.name} links no video, only sound ({listed}); taken as of {name!r}"
    for sound, sound_name in zip(sounds, names[1:], strict=True):
        if same_name(sound_name, name):
            return SessionVideo(name=name, origin_ms=_origin_ms(document, sound), note=note)
    return SessionVideo(name=name, note=note)


def _origin_ms(document: EafDocument, medium: EafMedium) -> int:
    return document.milliseconds(medium.attributes, "TIME_ORIGIN", medium.line) or 0


def _likeliest(names: Sequence[str], videos: Sequence[str]) -> int:
    """Which of some names is the first among the videos; 0 where none is."""
    rank: dict[str, int] = {}
    for at, video in enumerate(videos):
        rank.setdefault(comparable_name(video), at)
    ranks = [rank.get(comparable_name(name), len(videos)) for name in names]
    return ranks.index(min(ranks))


def _note_on_several(document: EafDocument, names: Sequence[str], at: int) -> str:
    if len(names) == 1:
        return ""
    listed = some(list(dict.fromkeys(names)))
    links = f"{document.path.name} links {len(names)} videos ({listed})"
    return f"{links}; its times are those of {names[at]}"


def _name(medium: EafMedium, videos: Sequence[str]) -> str:
    """A linked file's name without suffix; a % in it may be its own, as ELAN encodes nothing."""
    as_it_is = PureWindowsPath(_url(medium).strip()).stem
    if any(same_name(as_it_is, video) for video in videos):
        return as_it_is
    return media_stem(_url(medium))


def _url(medium: EafMedium) -> str:
    attributes: Mapping[str, str] = medium.attributes
    return attributes.get("MEDIA_URL") or attributes.get("RELATIVE_MEDIA_URL") or ""


def _suffix(medium: EafMedium) -> str:
    return PureWindowsPath(_url(medium).strip()).suffix.lower()


def _mime_type(medium: EafMedium) -> str:
    return medium.attributes.get("MIME_TYPE", "").strip().lower()


def _is_sound(medium: EafMedium) -> bool:
    return _suffix(medium) in _SOUNDS or _mime_type(medium).startswith("audio/")


def _is_video(medium: EafMedium) -> bool:
    is_picture = _suffix(medium) in _PICTURES or _mime_type(medium).startswith("image/")
    return not is_picture and not _is_sound(medium)
