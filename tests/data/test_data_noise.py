"""Label noise: exact counts, nothing moved to itself, maps kept, the right model of what depends on the picture."""

from __future__ import annotations

import math

import numpy as np
import pytest
from data_makers import pixels

from lossbench.data import Pictures, Split
from lossbench.data.class_maps import class_map
from lossbench.data.instance_noise import _bits, _Weights, instance_dependent
from lossbench.data.named import KNOWN
from lossbench.data.noise import mapped, pair_map, symmetric
from lossbench.errors import RequestError, UnknownNameError
from lossbench.rng import stream

LABELS = np.repeat(np.arange(4), [100, 57, 10, 33])


def rounded(share: float, count: int) -> int:
    """Half up, in thousandths, for shares of at most three digits."""
    return (round(share * 1000) * count + 500) // 1000


def moved(labels: np.ndarray, given: np.ndarray) -> list[int]:
    counts: list[int] = np.bincount(labels[given != labels], minlength=int(labels.max()) + 1).tolist()
    return counts


@pytest.mark.parametrize("rate", [0.001, 0.05, 0.15, 0.285, 0.5, 0.999])
def test_symmetric_moves_exactly_the_rate_of_each_class(rate: float) -> None:
    given = symmetric(LABELS, 4, rate, stream(1, "x"))
    assert moved(LABELS, given) == [rounded(rate, count) for count in (100, 57, 10, 33)]
    assert set(given.tolist()) <= {0, 1, 2, 3}


def test_symmetric_chooses_among_the_others_uniformly() -> None:
    labels = np.full(30_000, 2)
    given = symmetric(labels, 5, 0.8, stream(1, "x"))
    counts = np.bincount(given, minlength=5)
    assert counts[2] == 6000
    assert abs(counts[[0, 1, 3, 4]] - 6000).max() < 5 * math.sqrt(6000)


@pytest.mark.parametrize("rate", [0.05, 0.3, 0.45])
def test_pair_moves_to_the_next_class_alone(rate: float) -> None:
    given = mapped(LABELS, 4, pair_map(4), rate, stream(1, "x"))
    wrong = given != LABELS
    assert moved(LABELS, given) == [rounded(rate, count) for count in (100, 57, 10, 33)]
    np.testing.assert_array_equal(given[wrong], (LABELS[wrong] + 1) % 4)


def test_a_map_moves_its_classes_alone() -> None:
    given = mapped(LABELS, 4, {0: 3, 3: 0}, 0.25, stream(1, "x"))
    assert moved(LABELS, given) == [25, 0, 0, 8]  # 33 / 4 is 8.25
    assert set(given[(LABELS == 0) & (given != 0)].tolist()) == {3}
    assert set(given[(LABELS == 3) & (given != 3)].tolist()) == {0}


@pytest.mark.parametrize(
    ("name", "pairs"),
    [
        ("cifar10", "truck>automobile bird>airplane deer>horse cat>dog dog>cat"),
        ("digits", "7>1 2>7 5>6 6>5 3>8"),
        ("fashion_mnist", "Shirt>T-shirt/top T-shirt/top>Shirt Pullover>Coat Sandal>Sneaker Ankle_boot>Sneaker"),
    ],
)
def test_known_data_have_a_map_of_their_own(name: str, pairs: str) -> None:
    names = KNOWN[name].class_names
    expected = {tuple(pair.replace("_", " ").split(">")) for pair in pairs.split()}
    assert {(names[here], names[there]) for here, there in class_map(None, names).items()} == expected


def test_fashion_mnist_in_the_hubs_spelling_has_the_same_map() -> None:
    names = KNOWN["fashion_mnist"].class_names
    assert class_map(None, ("T - shirt / top", *names[1:])) == class_map(None, names)


def test_a_written_map_outranks_the_datas_own() -> None:
    assert class_map("ship > truck,cat>bird", KNOWN["cifar10"].class_names) == {8: 9, 3: 2}


@pytest.mark.parametrize(
    ("written", "names", "sentence"),
    [
        (
            None,
            ("a", "b"),
            "expected map='class>class, ...' for data without a map of their own, which cifar10, fashion_mnist and "
            "digits have, got None",
        ),
        ("a>a", ("a", "b"), "expected two different classes in each pair, got a>a"),
        ("a>b, a>b", ("a", "b"), "expected every class once before >, got a>b, a>b"),
        ("a", ("a", "b"), "expected pairs of the form class>class, joined by commas, got a"),
        ("a>b>a", ("a", "b"), "expected pairs of the form class>class, joined by commas, got a>b>a"),
        ("a>b,", ("a", "b"), "expected pairs of the form class>class, joined by commas, got nothing"),
    ],
)
def test_a_map_that_is_none(written: str | None, names: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(RequestError) as error:
        class_map(written, names)
    assert str(error.value) == f"scenarios.noise.map: {sentence}"


def test_a_map_of_a_class_that_the_data_do_not_have() -> None:
    with pytest.raises(UnknownNameError, match=r"^scenarios\.noise\.map: .*got trucks \(did you mean truck\?\)"):
        class_map("trucks>automobile", KNOWN["cifar10"].class_names)


def noisy_data(n: int = 600, size: int = 4, channels: int = 3) -> Pictures:
    pictures = pixels(n, size, size, channels)
    split = Split(pictures, np.arange(n) % 3)
    return Pictures("made", split, split, ("a", "b", "c"), "d")


def by_hand(pictures: Pictures, rate: float, seed: int) -> np.ndarray:
    """Algorithm 2 for rates that never leave 0 to 1, picture by picture, unrounded and with plain normalisation."""
    x = pictures.train.pictures / 255
    x = (x - x.mean(axis=(0, 1, 2))) / x.std(axis=(0, 1, 2))
    generator = stream(seed, "label noise")
    q = rate + 0.1 * generator.standard_normal(len(x))
    luck = generator.random(len(x))
    shape = (x.shape[3], x.shape[1] * x.shape[2], 3)
    w = [stream(seed, f"label noise, pixels of class {y}").standard_normal(shape) for y in range(3)]
    given = []
    for i, y in enumerate(pictures.train.labels):
        flat = x[i].reshape(-1, shape[0]).T
        scores = np.einsum("cp,cpk->k", flat, w[y])
        p = np.exp(scores - scores.max())
        p[y] = 0
        p *= q[i] / p.sum()
        upto = np.cumsum(p)
        given.append(int(np.searchsorted(upto, luck[i], side="right")) if luck[i] < q[i] else int(y))
    return np.array(given)


class TestInstance:
    def test_it_is_the_published_algorithm(self) -> None:
        data = noisy_data()
        given = instance_dependent(data, np.arange(600), 0.5, 3, "label noise")
        np.testing.assert_array_equal(given, by_hand(data, 0.5, 3))

    @pytest.mark.parametrize("rate", [0.1, 0.4, 0.95])
    def test_the_share_of_wrong_labels_is_near_the_rate(self, rate: float) -> None:
        data = noisy_data(6000, 2, 1)
        wrong = instance_dependent(data, np.arange(6000), rate, 1, "label noise") != data.train.labels
        z = np.random.default_rng(0).normal(rate, 0.1, 200_000)
        expected = z[(z > 0) & (z <= 1)].mean()  # of the truncated distribution
        assert wrong.mean() == pytest.approx(expected, abs=4 * math.sqrt(0.25 / 6000))

    def test_what_a_picture_is_taken_for_is_its_own(self) -> None:
        """Copies of one large picture are all taken for one class: softmax of large scores is nearly certain."""
        copies = np.repeat(pixels(1, 32, 32, 3), 500, axis=0)
        copies[0] = 255 - copies[0]
        split = Split(copies, np.zeros(500, dtype=np.int64))
        given = instance_dependent(Pictures("x", split, split, ("a", "b", "c"), "d"), np.arange(500), 0.5, 1, "x")
        assert np.bincount(given[1:], minlength=3)[1:].min() == 0
        assert np.bincount(given[1:], minlength=3)[1:].max() > 200

    @pytest.mark.parametrize(("size", "channels"), [(4, 3), (32, 3), (64, 1)])
    def test_products_are_whole_numbers_that_float64_holds(self, size: int, channels: int) -> None:
        data = noisy_data(30, size, channels)
        weights = _Weights.drawn(data, 1, 0)
        assert weights.bits == 20
        whole = weights.whole.astype(np.int64)
        np.testing.assert_array_equal(whole, weights.whole)
        flat = data.train.pictures[..., 0].reshape(30, -1).astype(np.int64)
        exact = flat @ whole[0]
        np.testing.assert_array_equal(flat.astype(np.float64) @ weights.whole[0], exact)
        assert 255 * np.abs(whole).sum(axis=1).max() < 2**53

    def test_huge_pictures_have_fewer_bits(self) -> None:
        assert _bits(32 * 32, 255) == _bits(1448 * 1448, 255) == 20
        assert _bits(4096 * 4096, 255) == 17

    def test_blocks_change_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        data = noisy_data()
        whole = instance_dependent(data, np.arange(600), 0.5, 3, "label noise")
        monkeypatch.setattr("lossbench.data.instance_noise._AT_ONCE", 50)
        np.testing.assert_array_equal(instance_dependent(data, np.arange(600), 0.5, 3, "label noise"), whole)

    def test_training_and_validation_are_labelled_by_one_rule(self) -> None:
        """Each split has rates and draws of its own, but what a picture is taken for is the same in both."""
        copies = np.repeat(pixels(2, 32, 32, 3), 200, axis=0)
        split = Split(copies, np.repeat([0, 1], 200))
        data = Pictures("x", split, split, ("a", "b", "c", "d"), "d")
        given = [instance_dependent(data, np.arange(400), 0.5, 1, purpose) for purpose in ("one", "other")]
        taken = [{(y, g) for y, g in zip(split.labels, labels, strict=True) if y != g} for labels in given]
        assert taken[0] == taken[1]
        assert not np.array_equal(given[0], given[1])
