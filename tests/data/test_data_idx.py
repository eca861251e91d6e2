"""The idx files of MNIST."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from data_makers import idx_bytes, pixels, write_idx_folder

from lossbench.data import find
from lossbench.data.idx import read_idx
from lossbench.errors import DataError


def fails(path: Path, text: str, dimensions: int = 3) -> None:
    with pytest.raises(DataError) as error:
        read_idx(path, dimensions)
    assert str(error.value).startswith(f"{path}: expected {text}")


@pytest.mark.parametrize("zipped", [True, False])
def test_pictures_and_labels_come_back(tmp_path: Path, zipped: bool) -> None:
    pictures = write_idx_folder(tmp_path / "mnist", classes=3, zipped=zipped)
    made = find(str(tmp_path / "mnist")).decode()
    assert (made.name, made.class_names, made.channels) == ("mnist", ("0", "1", "2"), 1)
    np.testing.assert_array_equal(made.train.pictures[..., 0], pictures)
    assert made.test.labels.tolist() == [0, 1, 2, 0, 1, 2]


def test_a_dot_in_place_of_the_last_dash(tmp_path: Path) -> None:
    write_idx_folder(tmp_path, zipped=False)
    for path in tmp_path.iterdir():
        path.rename(tmp_path / path.name.replace("-idx", ".idx"))
    assert len(find(str(tmp_path)).decode().train) == 6


@pytest.mark.parametrize("folder", ["fashion_mnist", "fashion-mnist"])
def test_fashion_mnist_has_its_class_names_by_path_too(tmp_path: Path, folder: str) -> None:
    write_idx_folder(tmp_path / folder, classes=10, n=10)
    made = find(str(tmp_path / folder)).decode()
    assert made.class_names[:2] == ("T-shirt/top", "Trouser")
    assert made.class_names[9] == "Ankle boot"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    write_idx_folder(tmp_path)
    (tmp_path / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(DataError) as error:
        find(str(tmp_path))
    assert str(error.value) == (
        f"{tmp_path}: expected the four idx files train-images, train-labels, t10k-images, t10k-labels, "
        "got no t10k-labels"
    )


def test_pictures_and_labels_of_different_numbers(tmp_path: Path) -> None:
    write_idx_folder(tmp_path)
    (tmp_path / "t10k-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx_bytes(np.zeros(5, dtype=np.uint8))))
    with pytest.raises(DataError, match=r", test: expected one label for each of 6 pictures, got 5 labels$"):
        find(str(tmp_path)).decode()


def test_another_magic_number(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(idx_bytes(np.zeros(5, dtype=np.uint8)))
    fails(path, "an idx file of bytes in 3 dimensions (magic 00000803), got magic 00000801")
    path.write_bytes(b"\0\0\x0d\x03" + bytes(20))
    fails(path, "an idx file of bytes in 3 dimensions (magic 00000803), got magic 00000d03")
    path.write_bytes(b"")
    fails(path, "an idx file of bytes in 3 dimensions (magic 00000803), got magic nothing")


def test_fewer_and_more_bytes_than_the_header_states(tmp_path: Path) -> None:
    path, whole = tmp_path / "x", idx_bytes(pixels(2)[..., 0].copy())
    path.write_bytes(whole[:10])
    fails(path, "a header of 16 bytes, got 10 bytes")
    path.write_bytes(whole[:-1])
    fails(path, "40 bytes as its header states, got 39 bytes")
    path.write_bytes(whole + b"!")
    fails(path, "40 bytes as its header states, got more")


def test_a_header_that_lies_allocates_nothing(tmp_path: Path) -> None:
    path = tmp_path / "x.gz"
    path.write_bytes(gzip.compress(b"\0\0\x08\x03" + b"\xff" * 12 + bytes(100)))
    fails(path, f"{(2**32 - 1) ** 3} bytes as its header states, got a file too small for that")


def test_a_bomb_is_unpacked_no_further_than_its_header_states(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.gz"
    path.write_bytes(gzip.compress(idx_bytes(np.zeros((1, 2, 2), dtype=np.uint8)) + bytes(10_000_000)))
    read: list[int] = []
    original = gzip.GzipFile.read

    def counted(file: gzip.GzipFile, size: int | None = -1) -> bytes:
        content = original(file, size)
        read.append(len(content))
        return content

    monkeypatch.setattr(gzip.GzipFile, "read", counted)
    fails(path, "4 bytes as its header states, got more")
    assert sum(read) == 16 + 5


@pytest.mark.parametrize("damage", ["cut", "junk", "flipped"])
def test_a_damaged_gzip_file(tmp_path: Path, damage: str) -> None:
    path, whole = tmp_path / "x.gz", bytearray(gzip.compress(idx_bytes(pixels(50)[..., 0].copy())))
    whole[200] ^= 0xFF
    contents = {"cut": bytes(whole[:100]), "junk": b"no gzip at all", "flipped": bytes(whole)}
    path.write_bytes(contents[damage])
    fails(path, "a whole gzip file, got ")
