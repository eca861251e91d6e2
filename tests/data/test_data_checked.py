"""The one check at the end of every source."""

from __future__ import annotations

import numpy as np
import pytest
from data_makers import Pixels, pixels

from lossbench.data.checked import checked
from lossbench.data.pictures import Pictures
from lossbench.errors import DataError

GOOD = (pixels(4), np.array([0, 1, 0, 1]))


def check(
    train: tuple[Pixels, list[int]] | None = None,
    test: tuple[Pixels, list[int]] | None = None,
    names: tuple[str, ...] | None = None,
) -> Pictures:
    pairs = [(pair[0], np.array(pair[1], dtype=np.int64)) if pair else GOOD for pair in (train, test)]
    return checked("d", "/d", pairs[0], pairs[1], names)


def says(text: str, **arguments: object) -> None:
    with pytest.raises(DataError) as error:
        check(**arguments)  # type: ignore[arg-type]  # the tests below give what check accepts
    assert str(error.value) == text


def test_good_data_pass_and_are_numbered() -> None:
    assert check().class_names == ("0", "1")
    assert check(names=("cat", "dog")).class_names == ("cat", "dog")


def test_a_negative_label_names_its_split_and_row() -> None:
    says(
        "/d, test row 2: expected a label from 0 to 1, got -1 (-1 marks pictures whose labels were not published)",
        test=(pixels(4), [0, 1, -1, -1]),
    )


def test_only_negative_labels() -> None:
    says(
        "/d, train row 0: expected a label of at least 0, got -1 (-1 marks pictures whose labels were not published)",
        train=(pixels(2), [-1, -1]),
    )


def test_a_label_past_the_classes() -> None:
    says("/d, test row 1: expected a label from 0 to 1, got 2", test=(pixels(4), [0, 2, 1, 1]))
    says("/d, train row 3: expected a label from 0 to 1, got 7", train=(pixels(4), [0, 1, 1, 7]), names=("a", "b"))


def test_an_enormous_label_makes_no_enormous_list() -> None:
    says("/d, train row 1: expected a label from 0 to 1, got 1000000000000", train=(pixels(2), [0, 10**12]))


def test_one_class_is_too_few() -> None:
    says("/d: expected at least two classes, got only '0'", train=(pixels(2), [0, 0]), test=(pixels(1), [0]))


def test_a_class_without_training_pictures() -> None:
    says("/d, train: expected pictures of every class, got none of class 'c' (label 2)", names=("a", "b", "c"))
    says(
        "/d, train: expected pictures of every class, got none of class '0' (label 0)",
        train=(pixels(3), [1, 2, 1]),
    )


@pytest.mark.parametrize("split", ["train", "test"])
def test_an_empty_split(split: str) -> None:
    says(f"/d, {split}: expected at least one picture, got none", **{split: (pixels(0), [])})


def test_more_pictures_than_labels() -> None:
    says("/d, test: expected one label for each of 3 pictures, got 2 labels", test=(pixels(3), [0, 1]))


def test_two_channels() -> None:
    says(
        "/d, train: expected pictures of 1 or 3 channels, which come last, got (2, 4, 5, 2)",
        train=(pixels(2, channels=2), [0, 1]),
    )


def test_no_pixels() -> None:
    says("/d, train: expected pictures of at least one pixel, got 4×0×3", train=(pixels(2, width=0), [0, 1]))


def test_another_size_in_the_test_split() -> None:
    says(
        "/d, test: expected the size of the training pictures, 4×5×3, got 4×6×3",
        test=(pixels(2, width=6), [0, 1]),
    )


def test_pictures_come_out_contiguous() -> None:
    flipped = pixels(4)[:, :, ::-1]
    assert check(train=(flipped, [0, 1, 0, 1])).train.pictures.flags.c_contiguous
