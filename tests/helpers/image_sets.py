"""Sets of labelled images in the folders that published data sets come in, a few images each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np

Rgb = np.ndarray
RAFDB = ("surprise", "fear", "disgust", "happiness", "sadness", "anger", "neutral")
AFFECTNET = (
    "neutral",
    "happiness",
    "sadness",
    "surprise",
    "fear",
    "disgust",
    "anger",
    "contempt",
)
FER2013 = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")


def picture(seed: int, *, width: int = 100, height: int = 100) -> Rgb:
    """Noise, RGB u8 (height, width, 3)."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def save(path: Path, rgb: Rgb) -> Path:
    """Write a picture; a PNG keeps every pixel."""
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), rgb[..., ::-1])
    return path


def class_folders(root: Path, pictures: Mapping[str, Sequence[Rgb]], *, part: str = "") -> Path:
    """A folder for each class."""
    for name, of_class in pictures.items():
        for number, rgb in enumerate(of_class):
            save(root / part / name / f"{number:03}.png", rgb)
    return root


def rafdb(
    root: Path, rows: Sequence[tuple[str, int]], *, whole: bool = True, boxes: bool = True
) -> Path:
    """RAF-DB's own folders; rows as ``("test_0001", 4)``."""
    listed = root / "EmoLabel" / "list_patition_label.txt"
    listed.parent.mkdir(parents=True)
    listed.write_text("".join(f"{stem}.jpg {number}\n" for stem, number in rows))
    for seed, (stem, _) in enumerate(rows):
        save(root / "Image" / "aligned" / f"{stem}_aligned.jpg", picture(seed))
        if whole:
            original = picture(seed, width=160, height=120)
            save(root / "Image" / "original" / f"{stem}.jpg", original)
        if boxes:
            box = root / "Annotation" / "boundingbox" / f"{stem}_boundingbox.txt"
            box.parent.mkdir(parents=True, exist_ok=True)
            box.write_text("10.4 20.0 90.6 100.0 \n")
    return root


def affectnet_arrays(root: Path, labels: Mapping[str, int], *, part: str = "val_set") -> Path:
    """AffectNet's cut faces with an array each, its number stored as a text as theirs are."""
    for seed, (stem, number) in enumerate(labels.items()):
        save(root / part / "images" / f"{stem}.jpg", picture(seed))
        path = root / part / "annotations" / f"{stem}_exp.npy"
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, np.array(str(number)))
    return root


def affectnet_table(root: Path, rows: Sequence[tuple[str, int]]) -> Path:
    """AffectNet's table of the validation part with whole pictures."""
    header = (
        "subDirectory_filePath,face_x,face_y,face_width,face_height,facial_landmarks,"
        "expression,valence,arousal"
    )
    lines = [header]
    for seed, (name, number) in enumerate(rows):
        save(root / "Manually_Annotated_Images" / name, picture(seed, width=80, height=60))
        lines.append(f"{name},10,5,40,50,1.0;2.0;3.0;4.0,{number},0.25,-0.5")
    (root / "validation.csv").write_text("\n".join(lines) + "\n")
    return root


def fer2013_table(path: Path, rows: Sequence[tuple[int, Rgb, str]]) -> Path:
    """FER-2013's table; rows are number, grey levels u8 (48, 48) and use."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = ["emotion,pixels,Usage"]
    for number, grey, usage in rows:
        lines.append(f"{number},{' '.join(map(str, grey.ravel().tolist()))},{usage}")
    path.write_text("\n".join(lines) + "\n")
    return path
