"""`size`: pictures of several sizes become ones of one, the same from every source."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from data_makers import encoded, pixels, write_hub_folder, write_idx_folder, write_image_folder
from PIL import Image

from lossbench.data import Asked, find
from lossbench.data.resize import resized
from lossbench.errors import DataError, RequestError
from lossbench.spec import Study


def two_sizes(root: Path) -> None:
    write_image_folder(root)
    for place, (height, width) in (("train/cat/0.png", (9, 20)), ("test/dog/2.png", (30, 7))):
        (root / place).write_bytes(encoded(pixels(1, height, width)[0]))


def test_sizes_that_differ_are_refused_with_the_way_out(tmp_path: Path) -> None:
    two_sizes(tmp_path)
    with pytest.raises(DataError) as error:
        find(str(tmp_path)).decode()
    assert str(error.value) == (
        f"{tmp_path}/train/cat/1.png: expected pictures of one size, 9×20 as the first, got 4×5 "
        "(--size N, as in --size 64, makes them so)"
    )


def test_all_become_the_size_and_another_data_set(tmp_path: Path) -> None:
    two_sizes(tmp_path)
    made = find(str(tmp_path), asked=Asked(size=(6, 8))).decode()
    assert (made.size, made.train.pictures.shape, made.test.pictures.shape) == ((6, 8), (6, 6, 8, 3), (6, 6, 8, 3))
    square = find(str(tmp_path), asked=Asked(size=(6, 6)))
    assert square.decode().digest != made.digest
    assert square.fingerprint != find(str(tmp_path), asked=Asked(size=(6, 8))).fingerprint != find(
        str(tmp_path)
    ).fingerprint  # fmt: skip


def test_the_centre_is_kept_and_nothing_is_squeezed() -> None:
    picture = np.zeros((10, 30, 3), np.uint8)
    picture[:, :10], picture[:, 10:20], picture[:, 20:] = 50, 100, 200
    assert (np.asarray(resized(Image.fromarray(picture), (5, 5)))[:, 1:4] == 100).all()
    assert (np.asarray(resized(Image.fromarray(picture.transpose(1, 0, 2)), (20, 20)))[2:18] == 100).all()


def test_reducing_averages_over_all_that_is_covered() -> None:
    stripes = np.tile(np.array([0, 200], np.uint8), (64, 32))
    small = np.asarray(resized(Image.fromarray(stripes), (4, 4)))
    assert (abs(small.astype(int) - 100) <= 3).all()  # a filter without it would take every sixteenth column: 0 or 200


def test_every_source_is_resized_alike(tmp_path: Path) -> None:
    pictures = write_hub_folder(tmp_path / "parquet", ["0", "1"])
    labels = np.arange(6) % 2
    np.savez(tmp_path / "d.npz", x_train=pictures, y_train=labels, x_test=pictures, y_test=labels)
    digests = {find(str(tmp_path / name), asked=Asked(size=(7, 3))).decode().digest for name in ("parquet", "d.npz")}
    assert len(digests) == 1


def test_grey_stays_grey_and_a_palette_becomes_colour(tmp_path: Path) -> None:
    grey = write_idx_folder(tmp_path / "grey")
    made = find(str(tmp_path / "grey"), asked=Asked(size=(8, 10))).decode()
    assert made.train.pictures.shape == (6, 8, 10, 1)
    assert abs(made.train.pictures.mean() - grey.mean()) < 10
    write_image_folder(tmp_path / "palette")
    for path in (tmp_path / "palette").rglob("*.png"):
        buffer = io.BytesIO()
        Image.open(path).convert("P").resize((12, 9)).save(buffer, "PNG")
        path.write_bytes(buffer.getvalue())
    assert find(str(tmp_path / "palette"), asked=Asked(size=(6, 6))).decode().channels == 3


def test_the_size_that_they_have_changes_nothing(tmp_path: Path) -> None:
    write_image_folder(tmp_path)
    assert find(str(tmp_path), asked=Asked(size=(4, 5))).decode().digest == find(str(tmp_path)).decode().digest


@pytest.mark.parametrize(
    ("written", "size"), [(64, (64, 64)), ("64", (64, 64)), ([64, 48], (64, 48)), ("64x48", (64, 48)), ("8×9", (8, 9))]
)
def test_a_study_writes_it_in_several_forms(written: object, size: tuple[int, int]) -> None:
    study = Study(size=written)
    assert study.size == size
    assert Study(**study.canonical() | {"recipe": {}}).size == size


def test_a_study_without_it_is_written_as_before() -> None:
    assert not {"size", "image_column", "label_column"} & set(Study().canonical())


@pytest.mark.parametrize("written", [0, -1, True, 1.5, "64x", "axb", [1, 2, 3], [], 5000, {}])
def test_what_is_no_size(written: object) -> None:
    with pytest.raises(RequestError, match="size: expected a side, or height and width, of 1 to 4096 pixels"):
        Study(size=written)
