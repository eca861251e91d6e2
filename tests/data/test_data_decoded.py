"""The folder of decoded pictures: written atomically, mapped when read, damage noticed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from data_makers import pixels

from lossbench.data import Pictures, read_pictures, write_pictures
from lossbench.data.checked import checked
from lossbench.errors import SaveDirError, StoreError

FILES = [
    "classes.json",
    "samples.npz",
    "test_labels.npy",
    "test_pictures.npy",
    "train_labels.npy",
    "train_pictures.npy",
]


def make(seed: int = 0) -> Pictures:
    values, labels = pixels(40, seed=seed), np.arange(40) % 3
    return checked("made", "/made", (values, labels), (values[:9], labels[:9]), ("ä", "b", "c"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_pictures(make(), tmp_path / "data" / "digest")
    return tmp_path / "data" / "digest"


def test_what_was_written_is_read(folder: Path) -> None:
    made, read = make(), read_pictures(folder)
    assert (read.name, read.class_names, read.digest) == (made.name, made.class_names, made.digest)
    for ours, theirs in ((read.train, made.train), (read.test, made.test)):
        np.testing.assert_array_equal(ours.pictures, theirs.pictures)
        np.testing.assert_array_equal(ours.labels, theirs.labels)


def test_the_layout(folder: Path) -> None:
    assert sorted(path.name for path in folder.iterdir()) == FILES
    about = json.loads((folder / "classes.json").read_text(encoding="utf-8"))
    assert about["class_names"] == ["ä", "b", "c"]
    assert about["shapes"] == {"train": [40, 4, 5, 3], "test": [9, 4, 5, 3]}
    assert about["digest"] == make().digest


def test_samples_lie_beside(folder: Path) -> None:
    with np.load(folder / "samples.npz", allow_pickle=False) as samples:
        pictures, labels = make().samples()
        np.testing.assert_array_equal(samples["pictures"], pictures)
        np.testing.assert_array_equal(samples["labels"], labels)


def test_pictures_are_mapped_and_writing_changes_a_private_copy(folder: Path) -> None:
    read = read_pictures(folder)
    assert isinstance(read.train.pictures, np.memmap)
    assert read.train.pictures.flags.writeable
    assert read.train.pictures.flags.c_contiguous
    read.train.pictures[...] = 0
    np.testing.assert_array_equal(read_pictures(folder).train.pictures, make().train.pictures)


def test_nothing_is_left_beside_the_folder(folder: Path) -> None:
    assert [path.name for path in folder.parent.iterdir()] == ["digest"]


def test_a_folder_that_is_there_already_is_kept(folder: Path) -> None:
    write_pictures(make(seed=1), folder)
    assert read_pictures(folder).digest == make().digest


def test_a_folder_that_is_there_already_costs_no_writing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("lossbench.data.decoded._write")
    write_pictures(make(), folder)


def test_another_process_may_win_while_ours_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from lossbench.data import decoded

    folder, write = tmp_path / "digest", decoded._write

    def overtaken(pictures: Pictures, draft: Path) -> None:
        write(pictures, draft)
        folder.mkdir()
        write(make(), folder)

    monkeypatch.setattr(decoded, "_write", overtaken)
    write_pictures(make(seed=1), folder)
    assert read_pictures(folder).digest == make().digest
    assert [path.name for path in tmp_path.iterdir()] == ["digest"]


def test_a_write_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("lossbench.data.decoded.os.fsync", full)
    with pytest.raises(SaveDirError) as error:
        write_pictures(make(), tmp_path / "digest")
    assert f"--save-dir: expected a folder that can be written, got {tmp_path}/digest: No space left" in str(
        error.value
    )
    assert list(tmp_path.iterdir()) == []


def test_a_parent_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SaveDirError, match=r"expected a folder that can be written, got .*: Not a directory"):
        write_pictures(make(), tmp_path / "file" / "digest")


@pytest.mark.parametrize("name", [name for name in FILES if name != "samples.npz"])
@pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_bytes(path.read_bytes()[:-9])])
def test_a_missing_or_cut_file_is_noticed(folder: Path, name: str, damage: Callable[[Path], object]) -> None:
    damage(folder / name)
    with pytest.raises(StoreError) as error:
        read_pictures(folder)
    assert str(error.value).startswith(f"{folder}: the decoded pictures are damaged (")
    assert str(error.value).endswith("); the next run makes them anew")


@pytest.mark.parametrize(
    ("name", "array", "why"),
    [
        ("train_pictures", pixels(40, height=5), "train_pictures.npy is uint8 of shape (40, 5, 5, 3)"),
        ("test_pictures", pixels(9) / 255, "test_pictures.npy is float64 of shape (9, 4, 5, 3)"),
        ("test_labels", np.arange(8), "test_labels.npy is of shape (8,)"),
        ("train_labels", np.arange(40) % 2, "train_labels.npy holds other labels than were written"),
        ("train_labels", (np.arange(40) % 3).astype(np.int32), "train_labels.npy holds other labels"),
    ],
)
def test_files_that_do_not_belong_together(folder: Path, name: str, array: np.ndarray, why: str) -> None:
    np.save(folder / f"{name}.npy", array)
    with pytest.raises(StoreError) as error:
        read_pictures(folder)
    assert why in str(error.value)


@pytest.mark.parametrize(("key", "value"), [("class_names", ["x", "y", "z"]), ("digest", "0" * 32)])
def test_classes_that_do_not_fit_the_digest(folder: Path, key: str, value: object) -> None:
    about = json.loads((folder / "classes.json").read_text(encoding="utf-8"))
    (folder / "classes.json").write_text(json.dumps({**about, key: value}), encoding="utf-8")
    with pytest.raises(StoreError, match=r"classes\.json does not fit its digest"):
        read_pictures(folder)


@pytest.mark.parametrize("text", ["[]", "{}", "null", '{"name": 1'])
def test_a_list_of_classes_of_another_form(folder: Path, text: str) -> None:
    (folder / "classes.json").write_text(text, encoding="utf-8")
    with pytest.raises(StoreError, match="the decoded pictures are damaged"):
        read_pictures(folder)
