"""Labelled images in the layouts of published data sets, sound and broken."""

from __future__ import annotations

import shutil

import cv2
import numpy as np
import pytest
from PIL import Image

from ferbench.datasets.labelled_images.found import Asked
from ferbench.datasets.labelled_images.pictures import content_of, pixels_of
from ferbench.datasets.labelled_images.reading import read_labelled_images
from ferbench.errors import ConfigError, DatasetError, FormatError
from helpers import image_sets
from helpers.image_sets import AFFECTNET, FER2013, RAFDB, picture


def labels_of(images):
    return {image.name: image.label for image in images.images}


def test_rafdb_has_cut_faces_and_whole_pictures(tmp_path):
    rows = [(f"train_{n:05}", n) for n in range(1, 8)] + [(f"test_{n:04}", n) for n in range(1, 8)]
    found = read_labelled_images(image_sets.rafdb(tmp_path / "basic", rows))
    assert (found.name, found.split, found.splits) == ("RAF-DB", "test", ("train", "test"))
    assert labels_of(found) == {f"test_{n:04}.jpg": name for n, name in enumerate(RAFDB, start=1)}
    first = found.images[0]
    assert first.cut == "Image/aligned/test_0001_aligned.jpg"
    assert first.whole == "Image/original/test_0001.jpg"
    assert first.box_xyxy == (10.4, 20.0, 90.6, 100.0)
    train = read_labelled_images(tmp_path / "basic", split="train")
    assert len(train.images) == 7
    everything = read_labelled_images(tmp_path, split="all")  # the folder above
    assert (len(everything.images), everything.split) == (14, "all")


def test_rafdb_without_whole_pictures_and_with_its_name_spelled_right(tmp_path):
    root = image_sets.rafdb(tmp_path, [("test_0001", 4), ("test_0002", 1)], whole=False)
    (root / "EmoLabel" / "list_patition_label.txt").rename(root / "list_partition_label.txt")
    (root / "Image" / "aligned" / "test_0002_aligned.jpg").unlink()
    found = read_labelled_images(root)
    assert [(image.whole, image.box_xyxy) for image in found.images] == [(None, None)]
    assert found.left_out == {"no file": 1}
    assert found.notices == ("1 labelled image without a file: test_0002.jpg",)


@pytest.mark.parametrize("line", ["test_0001.jpg 8", "test_0001.jpg", "test_0001.jpg happy"])
def test_rafdb_names_the_line_that_it_cannot_read(tmp_path, line):
    root = image_sets.rafdb(tmp_path, [("test_0001", 4)])
    (root / "EmoLabel" / "list_patition_label.txt").write_text(f"test_0000.jpg 1\n{line}\n")
    with pytest.raises(FormatError, match=r"list_patition_label.txt, line 2: .* 1 to 7"):
        read_labelled_images(root)


def test_affectnet_with_arrays(tmp_path):
    labels = {str(n): n for n in range(11)}
    image_sets.affectnet_arrays(tmp_path, labels)
    image_sets.affectnet_arrays(tmp_path, {"0": 3}, part="train_set")
    (tmp_path / "val_set" / "images" / "7.jpg").unlink()
    found = read_labelled_images(tmp_path)
    assert (found.name, found.split) == ("AffectNet", "validation")
    assert [image.label for image in found.images] == list(AFFECTNET[:7])
    assert found.left_out == {"no expression": 1, "uncertain": 1, "no face": 1, "no file": 1}
    assert found.has_crops
    alone = read_labelled_images(tmp_path / "train_set")
    assert [image.label for image in alone.images] == ["surprise"]


def test_affectnet_with_a_table_has_boxes_in_whole_pictures(tmp_path):
    rows = [(f"{n}/abc.jpg", n) for n in range(8)] + [("8/abc.jpg", 10)]
    found = read_labelled_images(image_sets.affectnet_table(tmp_path, rows))
    assert (found.name, found.split) == ("AffectNet", "validation")
    assert [image.label for image in found.images] == list(AFFECTNET)
    assert found.images[0].whole == "Manually_Annotated_Images/0/abc.jpg"
    assert found.images[0].box_xyxy == (10.0, 5.0, 50.0, 55.0)
    assert found.left_out == {"no face": 1}
    assert found.images[0].values == {"valence": 0.25, "arousal": -0.5}


def test_affectnets_table_may_begin_without_names(tmp_path):
    root = image_sets.affectnet_table(tmp_path, [("1/a.jpg", 1), ("2/b.jpg", 2)])
    table = root / "validation.csv"
    lines = table.read_text().splitlines()[1:]
    table.write_text("\n".join(lines) + "\n")
    (root / "automatically_annotated.csv").write_text("\n".join(lines) + "\n")
    found = read_labelled_images(root)
    assert [image.label for image in found.images] == ["happiness", "sadness"]
    assert found.images[1].box_xyxy == (10.0, 5.0, 50.0, 55.0)
    assert found.splits == ("validation",)
    table.write_text("\n".join([*lines, "3/c.jpg,1"]) + "\n")
    with pytest.raises(FormatError, match=r"validation.csv, line 3: expected 9 cells, got 2"):
        read_labelled_images(root)


def test_affectnet_says_minus_2_of_what_is_not_rated(tmp_path):
    image_sets.affectnet_arrays(tmp_path, {"1": 1, "2": 2})
    annotations = tmp_path / "val_set" / "annotations"
    np.save(annotations / "1_val.npy", np.array("0.75"))
    np.save(annotations / "1_aro.npy", np.array("-2.0"))
    found = read_labelled_images(tmp_path)
    assert [image.values for image in found.images] == [{"valence": 0.75}, {}]
    table = image_sets.affectnet_table(tmp_path / "table", [("1/a.jpg", 1)]) / "validation.csv"
    table.write_text(table.read_text().replace("0.25", "much"))
    with pytest.raises(FormatError, match=r"line 2: expected a number as valence, got 'much'"):
        read_labelled_images(tmp_path / "table")


def test_affectnet_refuses_a_number_that_it_does_not_have(tmp_path):
    image_sets.affectnet_table(tmp_path, [("1/a.jpg", 1), ("2/b.jpg", 11)])
    with pytest.raises(FormatError, match=r"validation.csv, line 3: .* 0 to 10, got '11'"):
        read_labelled_images(tmp_path)


def test_an_array_that_holds_objects_is_not_loaded(tmp_path):
    image_sets.affectnet_arrays(tmp_path, {"1": 1})
    np.save(tmp_path / "val_set/annotations/2_exp.npy", np.array({"a": 1}), allow_pickle=True)
    with pytest.raises(FormatError, match=r"2_exp\.npy"):
        read_labelled_images(tmp_path)


def grey(seed):
    return np.random.default_rng(seed).integers(0, 256, (48, 48), np.uint8)


def test_fer2013_as_a_table(tmp_path):
    rows = [(n, grey(n), "PrivateTest") for n in range(7)]
    rows += [(0, grey(8), "Training"), (1, grey(9), "PublicTest")]
    path = image_sets.fer2013_table(tmp_path / "fer2013.csv", rows)
    found = read_labelled_images(path)
    assert (found.name, found.split) == ("FER-2013", "test")
    assert found.splits == ("train", "validation", "test")
    assert [image.label for image in found.images] == list(FER2013)
    np.testing.assert_array_equal(found.images[3].cut, grey(3))
    rgb = pixels_of(found.images[3].cut, tmp_path)
    np.testing.assert_array_equal(rgb, np.repeat(grey(3)[..., None], 3, axis=2))
    public = read_labelled_images(tmp_path, split="validation")
    assert [image.label for image in public.images] == ["disgust"]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("7,1 2,PrivateTest", "emotion is '7'"),
        ("3,1 2 3,PrivateTest", "2304 grey levels"),
        ("3,1 2 x,PrivateTest", "2304 grey levels"),
        ("3,1 2,Private", "Usage is 'Private'"),
    ],
)
def test_fer2013_names_the_line_that_it_cannot_read(tmp_path, row, said):
    path = image_sets.fer2013_table(tmp_path / "fer2013.csv", [(0, grey(0), "PrivateTest")])
    path.write_text(path.read_text() + row + "\n")
    with pytest.raises(FormatError, match=f"line 3.*{said}"):
        read_labelled_images(path)


def one_each(names, *, side=48):
    return {name: [picture(n, width=side, height=side)] for n, name in enumerate(sorted(names))}


def test_fer2013_as_folders_is_known_by_its_names_and_size(tmp_path):
    names = ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise")
    image_sets.class_folders(tmp_path / "small", one_each(names), part="test")
    found = read_labelled_images(tmp_path / "small")
    assert (found.name, found.split) == ("FER-2013", "test")
    assert {image.label for image in found.images} == set(FER2013)
    assert any("the public and the private test part" in notice for notice in found.notices)
    image_sets.class_folders(tmp_path / "large", one_each(names, side=64), part="test")
    assert read_labelled_images(tmp_path / "large").name == ""


def test_rafdb_as_numbered_folders_below_another_one(tmp_path):
    for part in ("train", "test"):
        image_sets.class_folders(tmp_path / "DATASET", one_each("1234567"), part=part)
    table = tmp_path / "test_labels.csv"
    table.write_text("image,label\n000.png,1\n")
    found = read_labelled_images(tmp_path)
    assert (found.name, found.split, found.splits) == ("RAF-DB", "test", ("test", "train"))
    assert [image.label for image in found.images] == list(RAFDB)
    # all seven pictures are called 000.png, so the table contradicts six folders
    assert any("another class than the folder" in notice for notice in found.notices)


def test_affectnet_as_numbered_folders(tmp_path):
    image_sets.class_folders(tmp_path, one_each("01234567"), part="val")
    found = read_labelled_images(tmp_path)
    assert (found.name, found.split) == ("AffectNet", "validation")
    assert [image.label for image in found.images] == list(AFFECTNET)


def test_numbers_that_several_data_sets_use_need_a_name(tmp_path):
    image_sets.class_folders(tmp_path, one_each("0123456"))
    with pytest.raises(DatasetError, match=r"RAF-DB, AffectNet, FER-2013 .* known_as='NAME'"):
        read_labelled_images(tmp_path)
    for name, labels in (("affectnet", AFFECTNET[:7]), ("fer2013", FER2013)):
        found = read_labelled_images(tmp_path, asked=Asked(known_as=name))
        assert [image.label for image in found.images] == list(labels)
    with pytest.raises(ConfigError, match=r"known_as: expected one of RAF-DB.*got 'ck'"):
        read_labelled_images(tmp_path, asked=Asked(known_as="ck"))


def test_names_of_classes_in_many_spellings(tmp_path):
    names = ("0_Angry", "Disgusted", "FEARFUL", "Joy", "sadness", "Suprise", "Neutral ")
    image_sets.class_folders(tmp_path, one_each(names))
    found = read_labelled_images(tmp_path)
    assert sorted(image.label for image in found.images) == sorted(FER2013)


def test_a_class_that_means_nothing_is_named_with_what_is_known(tmp_path):
    image_sets.class_folders(tmp_path, one_each(("happy", "bored", "sleepy")))
    with pytest.raises(DatasetError) as caught:
        read_labelled_images(tmp_path)
    said = str(caught.value)
    assert "no expression is called bored, sleepy" in said
    assert "there are bored, happy, sleepy" in said
    assert "known are anger, contempt" in said
    assert "classes={'bored': 'EXPRESSION|none'}" in said
    found = read_labelled_images(
        tmp_path, asked=Asked(classes={"Bored": "neutral", "sleepy": "none"})
    )
    assert [image.label for image in found.images] == ["neutral", "happiness"]
    assert found.left_out == {"sleepy": 1}
    with pytest.raises(ConfigError, match=r"classes: .*is there.*got 'tired'"):
        read_labelled_images(tmp_path, asked=Asked(classes={"tired": "none"}))


@pytest.mark.parametrize(
    ("sizes", "are_faces"),
    [([(48, 48)] * 2, True), ([(48, 48), (50, 50)], False), ([(640, 360)] * 2, False)],
)
def test_pictures_of_one_small_square_size_are_faces(tmp_path, sizes, are_faces):
    for name, (width, height) in zip(("happy", "sad"), sizes, strict=True):
        image_sets.class_folders(tmp_path, {name: [picture(0, width=width, height=height)]})
    found = read_labelled_images(tmp_path)
    assert found.has_crops == are_faces
    assert read_labelled_images(tmp_path, asked=Asked(pictures="faces")).has_crops
    assert not read_labelled_images(tmp_path, asked=Asked(pictures="whole")).has_crops


def test_what_is_no_data_set_is_told_with_what_is_there(tmp_path):
    with pytest.raises(DatasetError, match="there is no such folder"):
        read_labelled_images(tmp_path / "nowhere")
    with pytest.raises(DatasetError, match="found nothing in it"):
        read_labelled_images(tmp_path)
    (tmp_path / "notes.txt").write_text("")
    (tmp_path / "happy").mkdir()
    with pytest.raises(DatasetError, match=r"expected RAF-DB .*found happy, notes.txt"):
        read_labelled_images(tmp_path)


def test_a_part_that_is_not_there(tmp_path):
    image_sets.class_folders(tmp_path, one_each(("happy", "sad")), part="val")
    assert read_labelled_images(tmp_path).split == "validation"
    with pytest.raises(ConfigError, match=r"split: expected one that is there \(validation\)"):
        read_labelled_images(tmp_path, split="test")


def test_a_lot_takes_so_many_and_the_same_again(tmp_path):
    image_sets.class_folders(tmp_path, {"happy": [picture(n) for n in range(20)]})
    drawn = [read_labelled_images(tmp_path, most=5, seed=seed) for seed in (0, 0, 1)]
    names = [[image.name for image in each.images] for each in drawn]
    assert names[0] == names[1] != names[2]
    assert names[0] == sorted(set(names[0]))
    assert drawn[0].left_out == {"not drawn": 15}


def test_pixels_are_those_of_another_decoder(tmp_path):
    rgb = picture(1, width=30, height=20)
    image_sets.save(tmp_path / "a.png", rgb)
    np.testing.assert_array_equal(pixels_of("a.png", tmp_path), rgb)
    Image.fromarray(rgb).save(tmp_path / "a.jpg", quality=95)
    with_opencv = cv2.imread(str(tmp_path / "a.jpg"))[..., ::-1]
    np.testing.assert_allclose(pixels_of("a.jpg", tmp_path), with_opencv, atol=1)
    Image.fromarray(rgb[..., 0]).save(tmp_path / "grey.png")
    np.testing.assert_array_equal(pixels_of("grey.png", tmp_path)[..., 2], rgb[..., 0])


def test_a_picture_is_turned_as_its_file_says(tmp_path):
    rgb = picture(1, width=30, height=20)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise
    Image.fromarray(rgb).save(tmp_path / "turned.png", exif=exif)
    np.testing.assert_array_equal(pixels_of("turned.png", tmp_path), np.rot90(rgb, -1))


def test_broken_pictures_are_refused_with_a_reason(tmp_path):
    path = tmp_path / "cut off.jpg"
    Image.fromarray(picture(1)).save(path, quality=95)
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(DatasetError, match=r"cannot be decoded: .*truncated"):
        pixels_of("cut off.jpg", tmp_path)
    (tmp_path / "text.jpg").write_text("no picture")
    with pytest.raises(DatasetError, match="cannot be decoded: it is no picture"):
        pixels_of("text.jpg", tmp_path)
    with pytest.raises(DatasetError, match="cannot be read: No such file"):
        content_of("gone.jpg", tmp_path)


def test_hidden_files_are_no_pictures(tmp_path):
    image_sets.class_folders(tmp_path, {"happy": [picture(0)], "sad": [picture(1)]})
    shutil.copyfile(tmp_path / "happy/000.png", tmp_path / "happy/._000.png")
    assert len(read_labelled_images(tmp_path).images) == 2
