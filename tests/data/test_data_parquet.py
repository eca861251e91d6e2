"""A Hugging Face dataset folder in Parquet."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from data_makers import encoded, hub_metadata, pixels, write_hub_folder, write_shard

from lossbench.data import find
from lossbench.errors import DataError

PICTURES = [encoded(picture) for picture in pixels(4)]
LABELS = [0, 1, 0, 1]


def fails(path: Path, text: str) -> None:
    with pytest.raises(DataError) as error:
        find(str(path)).decode()
    assert str(error.value).startswith(text)


def test_pictures_labels_and_class_names_come_back(tmp_path: Path) -> None:
    pictures = write_hub_folder(tmp_path / "pets")
    made = find(str(tmp_path / "pets")).decode()
    assert (made.name, made.class_names) == ("pets", ("cat", "dog"))
    np.testing.assert_array_equal(made.train.pictures, pictures)
    assert made.train.labels.tolist() == [0, 1, 0, 1, 0, 1]


@pytest.mark.parametrize(
    "layout",
    [
        "{}-00000-of-00001.parquet",
        "{}.parquet",
        "data/{}-00000-of-00001-0123456789abcdef.parquet",
        "plain_text/{}-00000-of-00001.parquet",
        "default/{}/0000.parquet",
        "{}/0000.parquet",
    ],
)
@pytest.mark.parametrize("test", ["test", "validation", "valid", "val"])
def test_every_usual_layout(tmp_path: Path, layout: str, test: str) -> None:
    for split in ("train", test):
        write_shard(tmp_path / layout.format(split), PICTURES, LABELS)
    made = find(str(tmp_path)).decode()
    assert (len(made.train), len(made.test), made.class_names) == (4, 4, ("0", "1"))


def test_the_test_split_outranks_the_validation_split(tmp_path: Path) -> None:
    write_hub_folder(tmp_path)
    write_shard(tmp_path / "validation.parquet", PICTURES[:2], [0, 1])
    assert len(find(str(tmp_path)).decode().test) == 6


def test_shards_are_read_in_the_order_of_their_names(tmp_path: Path) -> None:
    write_shard(tmp_path / "test.parquet", PICTURES, LABELS)
    for number in (2, 0, 1):
        write_shard(tmp_path / f"train-0000{number}-of-00003.parquet", PICTURES[number : number + 1], [number % 2])
    made = find(str(tmp_path)).decode()
    np.testing.assert_array_equal(made.train.pictures, pixels(4)[:3])
    assert made.train.labels.tolist() == [0, 1, 0]


@pytest.mark.parametrize("columns", [("image", "label"), ("img", "labels"), ("image", "fine_label")])
def test_columns_are_found_by_name_without_metadata(tmp_path: Path, columns: tuple[str, str]) -> None:
    for split in ("train", "test"):
        write_shard(tmp_path / f"{split}.parquet", PICTURES, LABELS, columns=columns)
    assert find(str(tmp_path)).decode().train.labels.tolist() == LABELS


def test_columns_are_found_by_type_whatever_their_names(tmp_path: Path) -> None:
    metadata = hub_metadata(["x", "y"], "photo", "species")
    for split in ("train", "test"):
        write_shard(tmp_path / f"{split}.parquet", PICTURES, LABELS, metadata, ("photo", "species"))
    assert find(str(tmp_path)).decode().class_names == ("x", "y")


def test_of_two_label_columns_the_usual_name_is_taken(tmp_path: Path) -> None:
    metadata = {
        "huggingface": '{"info": {"features": {"img": {"_type": "Image"},'
        ' "coarse_label": {"_type": "ClassLabel", "names": ["c"]},'
        ' "fine_label": {"_type": "ClassLabel", "names": ["f", "g"]}}}}'
    }
    structs = [{"bytes": picture, "path": None} for picture in PICTURES]
    frame = pl.DataFrame({"img": structs, "label": [7] * 4, "coarse_label": [0] * 4, "fine_label": LABELS})
    for split in ("train", "test"):
        frame.write_parquet(tmp_path / f"{split}.parquet", metadata=metadata)
    assert find(str(tmp_path)).decode().class_names == ("f", "g")


def test_plain_bytes_will_do_and_odd_metadata_are_passed_over(tmp_path: Path) -> None:
    frame = pl.DataFrame({"image": PICTURES, "label": LABELS})
    for split in ("train", "test"):
        frame.write_parquet(tmp_path / f"{split}.parquet", metadata={"huggingface": "[1"})
    assert len(find(str(tmp_path)).decode().train) == 4


def test_several_configurations_ask_for_one(tmp_path: Path) -> None:
    for config in ("large", "small"):
        write_hub_folder(tmp_path / config)
    fails(
        tmp_path,
        f"{tmp_path}: expected one configuration, got several: large, small (write {tmp_path}/large, for instance)",
    )
    assert find(str(tmp_path / "small")).decode().name == "small"


def test_no_split_to_test_or_train_with(tmp_path: Path) -> None:
    write_shard(tmp_path / "train.parquet", PICTURES, LABELS)
    fails(tmp_path, f"{tmp_path}: expected a test split (test, validation, valid, val), got only train")
    (tmp_path / "train.parquet").rename(tmp_path / "test.parquet")
    fails(tmp_path, f"{tmp_path}: expected a split called train, got only test")


def test_a_broken_picture_names_split_and_row(tmp_path: Path) -> None:
    write_hub_folder(tmp_path)
    write_shard(tmp_path / "test-00000-of-00001.parquet", [*PICTURES, b"junk"], [*LABELS, 0])
    fails(tmp_path, f"{tmp_path}, test row 4: expected a readable picture")


def test_a_picture_without_bytes_and_a_row_without_label(tmp_path: Path) -> None:
    write_hub_folder(tmp_path)
    shard = tmp_path / "train-00000-of-00001.parquet"
    write_shard(shard, [PICTURES[0], None], [0, 1])
    fails(tmp_path, f"{tmp_path}, train row 1: expected the bytes of a picture, got nothing")
    write_shard(shard, PICTURES, [0, 1, None, 1])
    fails(tmp_path, f"{tmp_path}, train row 2: expected a label, got nothing")
    write_shard(shard, [], [])
    fails(tmp_path, f"{tmp_path}, train: expected at least one picture, got none")


def test_an_unpublished_label(tmp_path: Path) -> None:
    write_hub_folder(tmp_path)
    write_shard(tmp_path / "test-00000-of-00001.parquet", PICTURES, [0, 1, 1, -1], hub_metadata(["cat", "dog"]))
    fails(tmp_path, f"{tmp_path}, test row 3: expected a label from 0 to 1, got -1 (-1 marks pictures whose")


def test_a_label_past_the_named_classes(tmp_path: Path) -> None:
    write_hub_folder(tmp_path)
    write_shard(tmp_path / "train-00000-of-00001.parquet", PICTURES, [0, 1, 2, 1], hub_metadata(["cat", "dog"]))
    fails(tmp_path, f"{tmp_path}, train row 2: expected a label from 0 to 1, got 2")


def test_other_classes_in_the_test_split(tmp_path: Path) -> None:
    write_hub_folder(tmp_path)
    write_shard(tmp_path / "test-00000-of-00001.parquet", PICTURES, LABELS, hub_metadata(["dog", "cat"]))
    fails(tmp_path, f"{tmp_path}, test: expected the classes of the training split, cat, dog, got dog, cat")


def test_columns_that_cannot_be_told(tmp_path: Path) -> None:
    for split in ("train", "test"):
        pl.DataFrame({"image": PICTURES, "kind": LABELS}).write_parquet(tmp_path / f"{split}.parquet")
    fails(
        tmp_path,
        f"{tmp_path}/train.parquet: expected a column of type ClassLabel, or one called label, labels, fine_label, "
        "target, class, y, got image, kind",
    )


def test_columns_of_other_types(tmp_path: Path) -> None:
    def write(**columns: object) -> None:
        for split in ("train", "test"):
            pl.DataFrame(columns).write_parquet(tmp_path / f"{split}.parquet")

    shard = f"{tmp_path}/train.parquet"
    write(image=["a", "b"], label=[0, 1])
    fails(tmp_path, f"{shard}: expected encoded pictures in column 'image' (bytes, or a struct with bytes), got String")
    write(image=PICTURES, label=[0.0, 1.0] * 2)
    fails(tmp_path, f"{shard}: expected whole numbers or words in column 'label', got Float64")


@pytest.mark.parametrize("keep", [0, 10, -60])
def test_a_damaged_file_is_named(tmp_path: Path, keep: int) -> None:
    write_hub_folder(tmp_path)
    shard = tmp_path / "train-00000-of-00001.parquet"
    shard.write_bytes(shard.read_bytes()[:keep])
    fails(tmp_path, f"{shard}: expected a readable Parquet file, got ")


def test_a_panic_of_the_reader_is_an_error_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def panic(*_: object, **__: object) -> None:
        raise pl.exceptions.PanicException("index out of bounds")

    write_hub_folder(tmp_path)
    monkeypatch.setattr(pl, "read_parquet", panic)
    shard = tmp_path / "train-00000-of-00001.parquet"
    fails(tmp_path, f"{shard}: expected a readable Parquet file, got index out of bounds")


def test_signs_with_a_meaning_in_patterns_are_plain_in_a_path(tmp_path: Path) -> None:
    write_hub_folder(tmp_path / "a[1]*" / "key=value")
    assert len(find(str(tmp_path / "a[1]*" / "key=value")).decode().train) == 6


def test_shards_whose_labels_are_words_and_numbers(tmp_path: Path) -> None:
    for name, labels in (("train-0", LABELS), ("train-1", ["cat", "dog"] * 2), ("test", LABELS)):
        pl.DataFrame({"image": PICTURES, "label": labels}).write_parquet(tmp_path / f"{name}.parquet")
    with pytest.raises(DataError, match=r", train: expected files whose columns are of one type each, got "):
        find(str(tmp_path)).decode()
