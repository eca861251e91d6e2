"""An .npz file of arrays."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from data_makers import pixels

from lossbench.data import find
from lossbench.errors import DataError

LABELS = np.array([0, 1, 0, 1])
KERAS: dict[str, Any] = {"x_train": pixels(4), "y_train": LABELS, "x_test": pixels(4), "y_test": LABELS}


def fails(path: Path, text: str) -> None:
    with pytest.raises(DataError) as error:
        find(str(path)).decode()
    assert str(error.value).startswith(f"{path}{text}")


def write(path: Path, **changes: Any) -> Path:
    np.savez(path / "d.npz", **{key: value for key, value in {**KERAS, **changes}.items() if value is not None})
    return path / "d.npz"


def test_the_names_of_keras(tmp_path: Path) -> None:
    made = find(str(write(tmp_path))).decode()
    assert (made.name, made.class_names) == ("d.npz", ("0", "1"))
    np.testing.assert_array_equal(made.train.pictures, pixels(4))


def test_the_names_of_medmnist_with_labels_in_a_column(tmp_path: Path) -> None:
    np.savez_compressed(
        tmp_path / "d.npz",
        train_images=pixels(4, channels=1)[..., 0],
        train_labels=LABELS[:, None].astype(np.uint8),
        val_images=pixels(2, channels=1)[..., 0],
        test_images=pixels(4, channels=1)[..., 0],
        test_labels=LABELS[:, None],
    )
    made = find(str(tmp_path / "d.npz")).decode()
    assert made.train.pictures.shape == (4, 4, 5, 1)
    assert made.train.labels.tolist() == [0, 1, 0, 1]


def test_class_names(tmp_path: Path) -> None:
    assert find(str(write(tmp_path, class_names=np.array(["cat", "dog"])))).decode().class_names == ("cat", "dog")
    path = write(tmp_path, class_names=np.array([1, 2]))
    fails(path, ", class_names: expected text of shape (classes,), got int64 of shape (2,)")


def test_missing_arrays(tmp_path: Path) -> None:
    fails(
        write(tmp_path, y_test=None),
        ": expected the arrays x_train, y_train, x_test, y_test, or train_images, train_labels, test_images, "
        "test_labels, got x_train, y_train, x_test",
    )
    np.savez(tmp_path / "e.npz", unrelated=LABELS)
    fails(tmp_path / "e.npz", ": expected the arrays x_train, y_train, x_test, y_test, or train_images, ")


@pytest.mark.parametrize("array", [pixels(4) / 255.0, pixels(4).astype(np.int64), pixels(4).reshape(4, -1, 3, 1, 1)])
def test_pictures_of_another_type_or_shape(tmp_path: Path, array: Any) -> None:
    fails(
        write(tmp_path, x_train=array),
        ", x_train: expected uint8 of shape (n, height, width) or (n, height, width, channels), "
        f"or numbers of shape (n, features), got {array.dtype} of shape {array.shape}",
    )


def test_vectors_beside_pictures(tmp_path: Path) -> None:
    path = write(tmp_path, x_train=pixels(4).reshape(4, -1))
    fails(path, ", x_test: expected as many dimensions as x_train, got uint8 of shape (4, 4, 5, 3)")


def test_channels_in_front(tmp_path: Path) -> None:
    fails(
        write(tmp_path, x_train=pixels(4).transpose(0, 3, 1, 2)),
        ", train: expected pictures of 1 or 3 channels, which come last, got (4, 3, 4, 5)",
    )


@pytest.mark.parametrize("array", [np.eye(4, dtype=np.int64), LABELS / 1.0, np.array(["a", "b", "a", "b"])])
def test_labels_of_another_type_or_shape(tmp_path: Path, array: Any) -> None:
    fails(
        write(tmp_path, y_test=array),
        f", y_test: expected whole numbers of shape (n,) or (n, 1), got {array.dtype} of shape {array.shape}",
    )


def test_pickled_objects_are_never_read(tmp_path: Path) -> None:
    path = write(tmp_path, y_train=np.array([{"a": 1}], dtype=object))
    fails(path, ": expected an .npz file of plain arrays, got Object arrays cannot be loaded")
    path.write_bytes(pickle.dumps([1]))
    fails(path, ": expected an .npz file of plain arrays, got ")


@pytest.mark.parametrize("keep", [0, 3, 100, -40])
def test_a_damaged_file(tmp_path: Path, keep: int) -> None:
    path = write(tmp_path)
    path.write_bytes(path.read_bytes()[:keep])
    fails(path, ": expected an .npz file of plain arrays, got ")


def test_damage_inside_a_member(tmp_path: Path) -> None:
    path = write(tmp_path)
    content = bytearray(path.read_bytes())
    content[200] ^= 0xFF  # among the pictures: the zip's checksum notices
    path.write_bytes(content)
    fails(path, ": expected an .npz file of plain arrays, got Bad CRC-32")


def test_a_single_array_under_the_wrong_name(tmp_path: Path) -> None:
    np.save(tmp_path / "d.npy", LABELS)
    (tmp_path / "d.npy").rename(tmp_path / "d.npz")
    fails(tmp_path / "d.npz", ": expected an .npz file of plain arrays, got a single array")
