"""A folder of pictures in `split/class/`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from data_makers import encoded, pixels, write_image_folder

from lossbench.data import find
from lossbench.errors import DataError


def fails(path: Path, text: str) -> None:
    with pytest.raises(DataError) as error:
        find(str(path)).decode()
    assert str(error.value).startswith(text)


@pytest.mark.parametrize("test", ["test", "val", "valid", "validation"])
def test_classes_are_the_sorted_folders(tmp_path: Path, test: str) -> None:
    write_image_folder(tmp_path / "pets", test, ("dog", "cat"))
    made = find(str(tmp_path / "pets")).decode()
    assert (made.name, made.class_names) == ("pets", ("cat", "dog"))
    assert made.train.labels.tolist() == made.test.labels.tolist() == [0, 0, 0, 1, 1, 1]
    np.testing.assert_array_equal(made.train.pictures[3:], pixels(3, seed=0))


def test_the_test_folder_outranks_the_validation_folder(tmp_path: Path) -> None:
    write_image_folder(tmp_path)
    (tmp_path / "val").mkdir()
    assert len(find(str(tmp_path)).decode().test) == 6


def test_pictures_stand_in_natural_order(tmp_path: Path) -> None:
    write_image_folder(tmp_path)
    cats = tmp_path / "train" / "cat"
    for path in cats.iterdir():
        path.unlink()
    for name, picture in zip(("img10.png", "img2.PNG", "img01.png", "a.png"), pixels(4), strict=True):
        (cats / name).write_bytes(encoded(picture))
    made = find(str(tmp_path)).decode()
    np.testing.assert_array_equal(made.train.pictures[:4], pixels(4)[[3, 2, 1, 0]])


@pytest.mark.parametrize("suffix", ["png", "jpg", "jpeg", "JPG", "bmp", "webp"])
def test_every_suffix(tmp_path: Path, suffix: str) -> None:
    write_image_folder(tmp_path)
    kind = {"jpg": "JPEG"}.get(suffix.lower(), suffix.upper())
    (tmp_path / "test" / "cat" / f"more.{suffix}").write_bytes(encoded(pixels(1)[0], kind))
    assert len(find(str(tmp_path)).decode().test) == 7


def test_hidden_and_other_files_are_passed_over(tmp_path: Path) -> None:
    write_image_folder(tmp_path)
    for split in ("train", "test"):
        (tmp_path / split / ".git").mkdir()
        (tmp_path / split / "readme.txt").write_text("hello")
        (tmp_path / split / "cat" / "._0.png").write_text("junk")
        (tmp_path / split / "cat" / "Thumbs.db").write_text("junk")
    made = find(str(tmp_path)).decode()
    assert (len(made.train), made.class_names) == (6, ("cat", "dog"))


def test_pictures_without_class_folders_have_no_labels(tmp_path: Path) -> None:
    write_image_folder(tmp_path)
    for name in ("cat", "dog"):
        (tmp_path / "train" / name).rename(tmp_path / name)
    for i in range(2):
        (tmp_path / "train" / f"{i}.png").write_bytes(encoded(pixels(1)[0]))
    fails(
        tmp_path,
        f"{tmp_path}/train: expected one folder per class with its pictures, got 2 pictures without labels",
    )


def test_a_class_that_only_the_test_folder_has(tmp_path: Path) -> None:
    write_image_folder(tmp_path)
    (tmp_path / "test" / "cow").mkdir()
    fails(tmp_path, f"{tmp_path}/test/cow: expected one of the classes of train, cat, dog, got cow")


@pytest.mark.parametrize("split", ["train", "test"])
def test_a_class_without_pictures(tmp_path: Path, split: str) -> None:
    write_image_folder(tmp_path)
    for path in (tmp_path / split / "dog").iterdir():
        path.rename(path.with_suffix(".txt"))
    fails(
        tmp_path,
        f"{tmp_path}/{split}/dog: expected pictures of the class (.png, .jpg, .jpeg, .bmp, .webp), got none",
    )


def test_the_test_folder_may_lack_a_class(tmp_path: Path) -> None:
    write_image_folder(tmp_path)
    (tmp_path / "test" / "dog").rename(tmp_path / "elsewhere")
    assert find(str(tmp_path)).decode().test.labels.tolist() == [0, 0, 0]


def test_no_test_folder(tmp_path: Path) -> None:
    write_image_folder(tmp_path)
    (tmp_path / "test").rename(tmp_path / "tst")
    fails(tmp_path, f"{tmp_path}: expected a test split (test, validation, valid, val), got only train")


def test_a_broken_picture_is_named(tmp_path: Path) -> None:
    write_image_folder(tmp_path)
    (tmp_path / "train" / "dog" / "1.png").write_bytes(b"junk")
    fails(tmp_path, f"{tmp_path}/train/dog/1.png: expected a readable picture")


def test_a_picture_of_another_size_is_named(tmp_path: Path) -> None:
    write_image_folder(tmp_path)
    (tmp_path / "test" / "dog" / "1.png").write_bytes(encoded(pixels(1, 7, 5)[0]))
    fails(tmp_path, f"{tmp_path}/test/dog/1.png: expected pictures of one size, 4×5 as the first, got 7×5")


def test_one_class_is_too_few(tmp_path: Path) -> None:
    write_image_folder(tmp_path, classes=("cat",))
    fails(tmp_path, f"{tmp_path}: expected at least two classes, got only 'cat'")
