"""Labels from a file: every format, every complaint, and how they are kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from data_makers import pixels

from lossbench.data import Pictures, Split, read_pictures, with_labels, write_labels, write_pictures
from lossbench.data.label_files import read_labels
from lossbench.data.pictures import digest_of, label_digest, parts_of
from lossbench.errors import DataError
from lossbench.spec import Noise

NAMES = ("cat", "dog", "ship")
LABELS = [2, 0, 1, 1]
WORDS = [NAMES[label] for label in LABELS]


def npy(path: Path) -> None:
    np.save(path, np.array(LABELS, dtype=np.uint8))


def npz(path: Path) -> None:
    np.savez(path, worse=np.array(LABELS), about=np.zeros((2, 2)))


def csv(path: Path) -> None:
    path.write_text("\ufeffworse\n" + "\n".join(WORDS) + "\n", encoding="utf-8")


def csv_of_numbers(path: Path) -> None:
    path.write_text("worse\n" + "\n".join(map(str, LABELS)) + "\n")


def txt(path: Path) -> None:
    path.write_text("\n".join(WORDS))


def txt_of_numbers(path: Path) -> None:
    path.write_text("\n".join(map(str, LABELS)) + "\n\n")


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("a.npy", npy),
        ("a.npz", npz),
        ("a.csv", csv),
        ("b.CSV", csv_of_numbers),
        ("a.txt", txt),
        ("b.txt", txt_of_numbers),
    ],
)
def test_every_format(tmp_path: Path, name: str, write: Callable[[Path], None]) -> None:
    write(tmp_path / name)
    found = read_labels(tmp_path / name, None, 4, NAMES)
    assert found.tolist() == LABELS
    assert found.dtype == np.int64


def test_a_column_of_several(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('id,"worse label",clean\n' + "\n".join(f"{i},{w},cat" for i, w in enumerate(WORDS)))
    np.savez(tmp_path / "a.npz", clean=np.zeros(4, dtype=int), worse=np.array(LABELS))
    assert read_labels(tmp_path / "a.csv", "worse label", 4, NAMES).tolist() == LABELS
    assert read_labels(tmp_path / "a.npz", "worse", 4, NAMES).tolist() == LABELS


def test_class_names_that_are_numbers_are_names(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("2\n1\n1\n2\n")
    assert read_labels(tmp_path / "a.txt", None, 4, ("1", "2")).tolist() == [1, 0, 0, 1]


@pytest.mark.parametrize(
    ("name", "content", "column", "sentence"),
    [
        ("a.npy", np.zeros(4), None, "expected whole numbers of shape (n,), got float64 of shape (4,)"),
        ("a.npy", np.zeros((4, 2), dtype=int), None, "expected whole numbers of shape (n,), got int64 of shape (4, 2)"),
        ("a.npy", np.zeros(4, dtype=int), "x", "expected no column, for an .npy file is one array, got x"),
        (
            "a.npy",
            np.zeros(5, dtype=int),
            None,
            "expected one label for each of the 4 pictures of the training split, got 5 labels",
        ),
        ("a.npy", np.array([0, 1, 3, -1]), None, "row 2: expected a label from 0 to 2, got 3"),
        ("a.npy", np.array([0, 1, 1, -1]), None, "row 3: expected a label from 0 to 2, got -1"),
        ("a.npz", {"a": np.zeros(4), "b": np.zeros(4)}, None, "expected column= one of a, b, got None"),
        ("a.npz", {"a": np.zeros(4), "b": np.zeros(4)}, "c", "expected column= one of a, b, got c"),
        ("a.csv", "a,b\ncat,dog\n", None, "expected column= one of a, b, got None"),
        ("a.csv", "a,b\ncat,dog\ncat\n", "b", "row 1: expected 2 columns, got 1"),
        ("a.csv", "", None, "expected a column of labels, got None"),
        (
            "a.txt",
            "cat\nlion\ncat\ncat\n",
            None,
            "row 1: expected class names alone, such as cat, or class numbers alone, got lion",
        ),
        (
            "a.txt",
            "0\n1\n-1\n1\n",
            None,
            "row 2: expected class names alone, such as cat, or class numbers alone, got -1",
        ),
        ("a.txt", "cat\n", "x", "expected no column, for a .txt file has one label a line, got x"),
        ("a.pkl", "", None, "expected a file whose name ends in .npy, .npz, .csv, .txt, got .pkl"),
        ("a.txt", None, None, "expected a readable file, got No such file or directory"),
    ],
)
def test_a_file_that_cannot_be_used(
    tmp_path: Path, name: str, content: object, column: str | None, sentence: str
) -> None:
    path = tmp_path / name
    if isinstance(content, np.ndarray):
        np.save(path, content)
    elif isinstance(content, dict):
        np.savez(path, **content)
    elif content is not None:
        path.write_text(str(content))
    with pytest.raises(DataError) as error:
        read_labels(path, column, 4, NAMES)
    assert str(error.value) in (f"scenarios.noise {path}: {sentence}", f"scenarios.noise {path} {sentence}")


@pytest.mark.parametrize("name", ["a.npy", "a.npz"])
def test_pickled_objects_and_rubbish_are_refused(tmp_path: Path, name: str) -> None:
    objects = np.array([{"a": 1}], dtype=object)
    if name == "a.npy":
        np.save(tmp_path / name, objects)
    else:
        np.savez(tmp_path / name, x=objects)
    with pytest.raises(DataError, match="expected plain arrays, got Object arrays cannot be loaded"):
        read_labels(tmp_path / name, None, 4, NAMES)
    (tmp_path / name).write_bytes(b"PK\x03\x04rubbish")
    with pytest.raises(DataError, match="expected plain arrays"):
        read_labels(tmp_path / name, None, 4, NAMES)


def made() -> Pictures:
    split = Split(pixels(4), np.array([0, 1, 2, 0]))
    return Pictures("made", split, split, NAMES, digest_of(parts_of(split, split), NAMES))


def test_noise_of_another_kind_reads_nothing() -> None:
    data = made()
    assert with_labels(data, None) == (data, None)
    assert with_labels(data, Noise(kind="pair", rate=0.1)) == (data, None)


def test_pictures_carry_the_labels_and_folders_keep_them(tmp_path: Path) -> None:
    txt(tmp_path / "a.txt")
    data, digest = with_labels(made(), Noise(kind="file", path=str(tmp_path / "a.txt")))
    assert digest == label_digest(np.array(LABELS))
    folder = tmp_path / data.digest
    write_pictures(data, folder)
    assert read_pictures(folder).other_labels == {}
    write_labels(data, folder)
    assert {name: labels.tolist() for name, labels in read_pictures(folder).other_labels.items()} == {digest: LABELS}


def test_damaged_labels_are_as_if_they_were_not_there_and_written_anew(tmp_path: Path) -> None:
    data = made().also_labelled(np.array(LABELS))
    (digest,) = data.other_labels
    folder = tmp_path / data.digest
    write_pictures(data, folder)
    write_labels(data, folder)
    np.save(folder / "labels" / f"{digest}.npy", np.array([0, 0, 0, 0]))
    assert read_pictures(folder).other_labels == {}
    write_labels(data, folder)
    assert list(read_pictures(folder).other_labels) == [digest]
