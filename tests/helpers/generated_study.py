"""A study as a lab would hand it over.

15 participants, 2 sessions each, files named in three ways, two cameras.

    python tests/helpers/generated_study.py DIR --samples DIR

Its videos are copies of six short clips (three pieces of real recordings, and the same mirrored for
the side camera). Files of the same content share one entry of the cache, so a run on all 30
sessions is not much more work than on three. ``GeneratedStudy`` says what a reader must find.
"""

from __future__ import annotations

import argparse
import csv
import io
import shutil
import tempfile
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path

import av

RATE_HZ = 30
CAMERAS = ("front", "side")
NO_SIDE = (8, 2)  # participant, session
REFUSED = (7, 1)  # has a row whose time is a formula
SECOND_CODER = ((1, 1), (12, 2))
NOT_REACTING = "geen reactie – cliënt"  # neither the dash nor the accent is ASCII
STRAY = "test opname.mp4"
UNKNOWN_PARTICIPANT = 99


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A stretch of a real recording: where it is taken from and when in it something happens."""

    source: str
    first_s: float
    frames: int
    happens_s: float  # from the piece's first frame

    @property
    def duration_s(self) -> float:
        return self.frames / RATE_HZ


SMILE = Piece(source="single_face.mp4", first_s=0.0, frames=60, happens_s=0.9)
LAUGH = Piece(source="WolfgangLanger_Pexels.mp4", first_s=9.0, frames=60, happens_s=0.9)
TALK = Piece(source="carphone_pristine.mp4", first_s=1.2, frames=48, happens_s=0.6)


@dataclass(frozen=True, kw_only=True)
class Mark:
    """One annotation: seconds of the session."""

    onset_s: float
    kind: str
    coder: str


@dataclass(frozen=True, kw_only=True)
class Meeting:
    """One session as it was made.

    ``files``: of each camera, the parts in order, relative to the study's folder. ``marks`` are
    sorted by time.
    """

    participant: int
    session: int
    start: datetime
    pieces: tuple[Piece, ...]
    files: dict[str, tuple[str, ...]]
    marks: tuple[Mark, ...] = ()
    lines: tuple[int, ...] = ()  # of its usable rows in fouten.csv


@dataclass(frozen=True, kw_only=True)
class GeneratedStudy:
    """The study's folder and what is in it."""

    folder: Path
    annotations: Path
    starts: Path
    meetings: tuple[Meeting, ...]
    formula_line: int
    unknown_line: int
    unplaced: tuple[str, ...] = (STRAY,)
    refused: tuple[tuple[int, int], ...] = field(default=(REFUSED,))


def make_study(folder: Path, samples: Path) -> GeneratedStudy:
    """Write the study into an empty or new folder."""
    folder.mkdir(parents=True, exist_ok=True)
    meetings = [
        _meeting(participant, session) for participant in range(1, 16) for session in (1, 2)
    ]
    with tempfile.TemporaryDirectory() as scratch:
        clips = _clips(samples, Path(scratch))
        for meeting in meetings:
            for camera, names in meeting.files.items():
                for name, piece in zip(names, meeting.pieces, strict=True):
                    (folder / name).parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(clips[piece, camera], folder / name)
        shutil.copyfile(clips[SMILE, "front"], folder / STRAY)
    (folder / "lees mij.txt").write_text(
        "Opnamen van de robotstudie, maart 2025.\n", encoding="utf-8"
    )
    lines = _write_annotations(folder / "fouten.csv", meetings)
    _write_starts(folder / "logboek.csv", meetings)
    return GeneratedStudy(
        folder=folder,
        annotations=folder / "fouten.csv",
        starts=folder / "logboek.csv",
        meetings=tuple(
            Meeting(
                **{**vars(m), "lines": tuple(lines[m.participant, m.session])}
            )  # the rest as it was
            for m in meetings
        ),
        formula_line=lines["formula"][0],
        unknown_line=lines["unknown"][0],
    )


def _meeting(participant: int, session: int) -> Meeting:
    day = datetime(2025, 3, 4 + 7 * (session - 1) + (participant - 1) // 5)
    start = day + timedelta(hours=9, minutes=30 + 45 * ((participant - 1) % 5), seconds=7 * session)
    in_two_parts = participant > 10 and session == 2
    pieces = (TALK, SMILE) if in_two_parts else ((SMILE, LAUGH, TALK)[(participant + session) % 3],)
    cameras = CAMERAS[:1] if (participant, session) == NO_SIDE else CAMERAS
    files = {
        camera: tuple(
            _name(participant, session, camera, start, part=k + 1 if in_two_parts else None)
            for k in range(len(pieces))
        )
        for camera in cameras
    }
    return Meeting(
        participant=participant,
        session=session,
        start=start,
        pieces=pieces,
        files=files,
        marks=_marks(participant, session, pieces),
    )


def _name(participant: int, session: int, camera: str, start: datetime, *, part: int | None) -> str:
    """The file's name in the style of whoever recorded it."""
    if participant <= 5:
        who = f"P{participant:02}"
        return f"{who}/{who}_S{session}_{camera}_{start:%Y%m%dT%H%M%S}.mp4"
    if participant <= 10:
        moment = f"{start:%Y-%m-%d %H.%M.%S}"
        return f"week {session + 1}/{moment} pp{participant:02} sessie {session} {camera}.MOV"
    number = 2 * participant + session  # the camera's own counter
    deel = f" deel{part}" if part else ""
    return f"GX{part or 1:02}{number:04} {participant}-{session} {camera}{deel}.mp4"


def _marks(participant: int, session: int, pieces: tuple[Piece, ...]) -> tuple[Mark, ...]:
    """What the coders marked: each thing that happens, once by anna, in some sessions 0.1 s later
    by ben.
    """
    marks = []
    begins_s = 0.0
    for k, piece in enumerate(pieces):
        onset_s = round(begins_s + piece.happens_s, 1)
        kind = ("robot", "mens", NOT_REACTING, "robot")[(participant + k) % 4]
        marks.append(Mark(onset_s=onset_s, kind=kind, coder="anna"))
        if (participant, session) in SECOND_CODER:
            marks.append(Mark(onset_s=round(onset_s + 0.1, 1), kind=kind, coder="ben"))
        begins_s += piece.duration_s
    return tuple(marks)


def _write_annotations(path: Path, meetings: list[Meeting]) -> dict[object, list[int]]:
    """The coders' file, as a Dutch Excel writes it; returns the lines of each session's rows."""
    rows: list[tuple[object, list[str]]] = []
    for m in meetings:
        for mark in m.marks:
            time = _excel_time(m.start + timedelta(seconds=mark.onset_s))
            note = "hoorde niets; vroeg „wat?”" if mark.kind == NOT_REACTING else ""
            row = [str(m.participant), str(m.session), time, mark.kind, mark.coder, note]
            rows.append(((m.participant, m.session), row))
    rows.append(("formula", [*map(str, REFUSED), "=C12+2", "robot", "anna", ""]))
    rows.append(
        ("unknown", [str(UNKNOWN_PARTICIPANT), "1", "09:45:00,0", "robot", "anna", "wie is dit?"])
    )
    lines: dict[object, list[int]] = {}
    for line, (key, _) in enumerate(rows, start=2):
        lines.setdefault(key, []).append(line)
    header = ["Proefpersoon", "Sessie", "Tijd", "Type fout", "Codeur", "Opmerking"]
    _write(path, [header, *(row for _, row in rows)])
    return lines


def _write_starts(path: Path, meetings: list[Meeting]) -> None:
    rows = [[str(m.participant), str(m.session), f"{m.start:%d-%m-%Y %H:%M:%S}"] for m in meetings]
    _write(path, [["Proefpersoon", "Sessie", "Begin"], *rows])


def _excel_time(moment: datetime) -> str:
    return f"{moment:%H:%M:%S},{moment.microsecond // 100_000}"


def _write(path: Path, rows: list[list[str]]) -> None:
    text = io.StringIO()
    csv.writer(text, delimiter=";", lineterminator="\r\n").writerows(rows)
    path.write_bytes(text.getvalue().encode("cp1252"))


def _clips(samples: Path, folder: Path) -> dict[tuple[Piece, str], Path]:
    clips = {}
    for piece in (SMILE, LAUGH, TALK):
        for camera in CAMERAS:
            path = folder / f"{Path(piece.source).stem}_{camera}.mp4"
            _cut(samples / piece.source, path, piece, mirrored=camera == "side")
            clips[piece, camera] = path
    return clips


def _cut(source: Path, target: Path, piece: Piece, *, mirrored: bool) -> None:
    """Write ``piece.frames`` frames from ``piece.first_s`` on, resampled to 30 Hz, 256 x 144,
    H.264.
    """
    with av.open(str(source)) as reader, av.open(str(target), "w") as writer:
        stream = writer.add_stream(
            "libx264", rate=RATE_HZ, options={"crf": "16", "preset": "veryfast"}
        )
        stream.width, stream.height, stream.pix_fmt = 256, 144, "yuv420p"
        written = 0
        for frame in reader.decode(video=0):
            pixels = frame.reformat(width=256, height=144, format="rgb24").to_ndarray()
            while (
                written < piece.frames and frame.time >= piece.first_s + (written - 0.5) / RATE_HZ
            ):
                small = av.VideoFrame.from_ndarray(
                    pixels[:, ::-1].copy() if mirrored else pixels, format="rgb24"
                ).reformat(format="yuv420p")
                small.pts, small.time_base = written, Fraction(1, RATE_HZ)
                writer.mux(stream.encode(small))
                written += 1
            if written == piece.frames:
                break
        writer.mux(stream.encode())
    if written < piece.frames:
        raise ValueError(
            f"{source}: {written} frames from {piece.first_s} s on, expected {piece.frames}"
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, metavar="DIR", help="an empty or new folder")
    parser.add_argument(
        "--samples", type=Path, required=True, help="the folder of the real recordings"
    )
    arguments = parser.parse_args()
    make_study(arguments.folder, arguments.samples)
