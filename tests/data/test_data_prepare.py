"""prepare: training size, imbalance, validation and noise together; the test split is nobody's business."""

from __future__ import annotations

import numpy as np
import pytest
from data_makers import pixels, shared_cifar10

from lossbench.data import Part, Pictures, Split, find, hold_out, prepare
from lossbench.errors import RequestError, StoreError
from lossbench.spec import Scenario

CLASSES = 5
CIFAR10 = shared_cifar10()
EVERYTHING = "noise(symmetric, 0.25) + validation(0.2) + imbalance(exponential, 10) + train_size(0.5)"


def made(train: int = 1000, test: int = 50) -> Pictures:
    splits = [Split(pixels(n, 2, 2, 1), (np.arange(n) * 7 + np.arange(n) // 9) % CLASSES) for n in (train, test)]
    return Pictures("made", splits[0], splits[1], ("a", "b", "c", "d", "e"), "digest")


DATA = made()


def parts(text: str, seed: int = 1, data: Pictures = DATA) -> dict[str, Part]:
    return prepare(data, Scenario.parse(text, "made"), seed)


def same(a: dict[str, Part], b: dict[str, Part]) -> bool:
    return all(
        np.array_equal(getattr(a[name], field), getattr(b[name], field))
        for name in a
        for field in ("rows", "labels", "clean")
    )


def test_a_clean_scenario_copies_nothing() -> None:
    found = parts("clean")
    assert list(found) == ["train", "test"]
    assert found["train"].labels is found["train"].clean is DATA.train.labels
    assert found["test"].labels is DATA.test.labels
    assert found["train"].rows.tolist() == list(range(1000))


@pytest.mark.parametrize("seed", [1, 2])
def test_a_validation_split_is_what_hold_out_says(seed: int) -> None:
    found = parts("validation(0.1)", seed)
    kept, held = hold_out(DATA.train.labels, 0.1, seed)
    assert list(found) == ["train", "test", "validation"]
    np.testing.assert_array_equal(found["train"].rows, kept)
    np.testing.assert_array_equal(found["validation"].rows, held)
    np.testing.assert_array_equal(found["validation"].labels, DATA.train.labels[held])


def test_the_validation_split_of_a_version_ago_is_the_same() -> None:
    """A change here changes every trial with a validation split."""
    found = parts("validation(0.3)", data=made(20))
    assert found["validation"].rows.tolist() == [5, 9, 12, 13, 15, 18]


def test_everything_at_once_in_its_order() -> None:
    found = parts(EVERYTHING)
    train, validation = found["train"], found["validation"]
    together = np.sort(np.concatenate([train.rows, validation.rows]))
    assert len(set(together.tolist())) == len(together)
    assert np.bincount(DATA.train.labels[together]).tolist() == [100, 56, 31, 17, 10]  # floor(100 * 10 ** (-k / 4))
    assert np.bincount(validation.clean).tolist() == [20, 11, 6, 4, 2]  # a fifth of each, 43 in all
    for part, counts in ((train, [80, 45, 25, 13, 8]), (validation, [20, 11, 6, 4, 2])):
        np.testing.assert_array_equal(part.clean, DATA.train.labels[part.rows])
        wrong = part.labels != part.clean
        assert np.bincount(part.clean[wrong], minlength=5).tolist() == [(count + 2) // 4 for count in counts]


@pytest.mark.parametrize(
    "text",
    [EVERYTHING, "noise(instance, 0.4)", "noise(pair, 0.2) + train_size(100)", "imbalance(step, 5, minority='a, c')"],
)
def test_the_split_seed_decides_and_nothing_else(text: str) -> None:
    assert same(parts(text, 1), parts(text, 1))
    assert not same(parts(text, 1), parts(text, 2))
    fixed = text.replace(")", ", split_seed=7)", 1)
    assert same(parts(fixed, 1), parts(fixed, 2))
    assert same(parts(fixed, 1), parts(text, 7))


@pytest.mark.parametrize("text", [EVERYTHING, "noise(instance, 0.4)", "train_size(0.1)", "imbalance(step, 5)"])
def test_the_test_split_is_never_touched(text: str) -> None:
    test = parts(text)["test"]
    assert test.rows.tolist() == list(range(50))
    assert test.labels is test.clean is DATA.test.labels


def test_a_clean_validation_split_has_the_same_pictures_and_leaves_the_training_split_alone() -> None:
    noisy, clean = (parts(f"noise(symmetric, 0.3) + validation(0.2{word})") for word in ("", ", clean"))
    np.testing.assert_array_equal(noisy["validation"].rows, clean["validation"].rows)
    np.testing.assert_array_equal(noisy["train"].labels, clean["train"].labels)
    np.testing.assert_array_equal(clean["validation"].labels, clean["validation"].clean)
    assert (noisy["validation"].labels != noisy["validation"].clean).sum() == 60


def test_labels_from_a_file_go_with_their_pictures() -> None:
    labels = (DATA.train.labels + (np.arange(1000) % 10 == 0)) % CLASSES
    data = DATA.also_labelled(labels)
    (digest,) = data.other_labels
    scenario = Scenario.parse("noise(file, 'x.npy') + train_size(0.3) + validation(0.1, clean)", "made")
    found = prepare(data, scenario, 1, digest)
    np.testing.assert_array_equal(found["train"].labels, labels[found["train"].rows])
    np.testing.assert_array_equal(found["train"].clean, DATA.train.labels[found["train"].rows])
    np.testing.assert_array_equal(found["validation"].labels, found["validation"].clean)
    with pytest.raises(StoreError, match=r"^the labels 123 of noise\(file, \.\.\.\) are missing or damaged"):
        prepare(data, scenario, 1, "123")


def test_noise_that_leaves_a_class_without_pictures() -> None:
    with pytest.raises(RequestError) as error:
        parts("noise(asymmetric, 0.999, map='b>a')")
    assert str(error.value) == (
        "scenarios.noise: expected training pictures of every class after label noise, got none that "
        "noise(asymmetric, 0.999, map='b>a') leaves with the label 'b'"
    )


@pytest.mark.skipif(CIFAR10 is None, reason="needs the Parquet folder shared/data/cifar10")
def test_cifar10_as_the_papers_have_it() -> None:
    data = find(str(CIFAR10)).decode()
    tail = parts("imbalance(exponential, 100)", data=data)["train"]
    assert np.bincount(tail.clean).tolist() == [5000, 2997, 1796, 1077, 645, 387, 232, 139, 83, 50]
    noisy = parts("noise(asymmetric, 0.4)", data=data)["train"]
    moved = noisy.labels != noisy.clean
    assert np.bincount(noisy.clean[moved], minlength=10).tolist() == [0, 0, 2000, 2000, 2000, 2000, 0, 0, 0, 2000]
