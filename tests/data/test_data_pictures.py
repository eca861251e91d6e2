"""Pictures: normalisation, samples, digest."""

from __future__ import annotations

import numpy as np
import pytest
from data_makers import pixels

from lossbench.data.checked import checked
from lossbench.data.pictures import Pictures, Split, digest_of, parts_of


def make(n: int = 60, channels: int = 3) -> Pictures:
    values, labels = pixels(n, channels=channels), np.arange(n) % 3
    return checked("made", "/made", (values, labels), (values[:6], labels[:6]))


def test_shape_is_read_off_the_pictures() -> None:
    made = make(channels=1)
    assert (made.num_classes, made.channels, made.size, len(made.train)) == (3, 1, (4, 5), 60)
    assert made.train.pictures.dtype == np.uint8
    assert made.train.labels.dtype == np.int64


@pytest.mark.parametrize("channels", [1, 3])
def test_normalisation_is_that_of_the_training_pictures_on_the_unit_scale(channels: int) -> None:
    made = make(channels=channels)
    mean, std = made.normalisation()
    floats = made.train.pictures.astype(np.float64) / 255
    np.testing.assert_allclose(mean, floats.mean(axis=(0, 1, 2)), rtol=1e-13)
    np.testing.assert_allclose(std, floats.std(axis=(0, 1, 2)), rtol=1e-13)
    assert mean.dtype == std.dtype == np.float64
    assert mean.shape == std.shape == (channels,)


def test_normalisation_adds_up_over_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = make().normalisation()
    monkeypatch.setattr("lossbench.data.normalisation._AT_ONCE", 7 * 4 * 5)
    np.testing.assert_array_equal(make().normalisation(), whole)


def test_a_channel_that_never_varies_has_a_deviation_of_one() -> None:
    values = pixels(4)
    values[..., 1] = 51
    mean, std = checked("m", "/m", (values, np.arange(4) % 2), (values, np.arange(4) % 2)).normalisation()
    assert (mean[1], std[1]) == (0.2, 1.0)
    assert std[0] < 1


def test_samples_are_the_first_of_each_class_in_training_order() -> None:
    values, labels = pixels(7), np.array([1, 0, 1, 1, 0, 1, 2])
    made = checked("m", "/m", (values, labels), (values, labels))
    pictures, of = made.samples(per_class=3)
    assert of.tolist() == [0, 0, 1, 1, 1, 2]
    np.testing.assert_array_equal(pictures, values[[1, 4, 0, 2, 3, 6]])


def test_take_copies_in_the_order_asked_for() -> None:
    split = Split(pixels(4), np.arange(4))
    taken = split.take([2, 0])
    np.testing.assert_array_equal(taken.pictures, split.pictures[[2, 0]])
    assert taken.labels.tolist() == [2, 0]
    assert taken.pictures.flags.c_contiguous
    assert len(split.take([])) == 0


def test_digest_is_pinned() -> None:
    """A change here unmakes every stored trial's key."""
    split = Split(np.arange(24, dtype=np.uint8).reshape(2, 2, 2, 3), np.array([0, 1]))
    assert digest_of(parts_of(split, split), ("a", "b")) == "cfa95be04bad7737f643d523c2cddfb4"


def test_digest_tells_pictures_labels_shapes_and_names_apart() -> None:
    values, labels = pixels(6), np.arange(6) % 3
    train, names = Split(values, labels), ("a", "b", "c")
    changed = values.copy()
    changed[5, 3, 4, 2] ^= 1
    digests = {
        digest_of(parts_of(train, train), names),
        digest_of(parts_of(train, train), ("a", "b", "d")),
        digest_of(parts_of(train, train), ("a", "b, c")),
        digest_of(parts_of(train, Split(changed, labels)), names),
        digest_of(parts_of(Split(changed, labels), train), names),
        digest_of(parts_of(Split(values, labels[::-1].copy()), train), names),
        digest_of(parts_of(Split(values.reshape(6, 5, 4, 3), labels), train), names),
    }
    assert len(digests) == 7
    assert all(len(digest) == 32 for digest in digests)


def test_digest_does_not_depend_on_the_name_or_the_place() -> None:
    pair = (pixels(4), np.arange(4) % 2)
    assert checked("a", "/a", pair, pair).digest == checked("b", "/b", pair, pair).digest
