"""The real data sets, where this machine has them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from data_makers import shared_cifar10

from lossbench.data import described, find
from lossbench.data.decode import Encoded, decode
from lossbench.data.named import KNOWN

CIFAR10 = shared_cifar10()
FASHION = Path("/usr/share/datasets/fashion-mnist")


@pytest.mark.skipif(CIFAR10 is None, reason="needs the Parquet folder shared/data/cifar10")
def test_cifar10() -> None:
    made = find(str(CIFAR10)).decode()
    assert made.class_names == KNOWN["cifar10"].class_names
    assert (made.train.pictures.shape, made.test.pictures.shape) == ((50_000, 32, 32, 3), (10_000, 32, 32, 3))
    assert np.bincount(made.train.labels).tolist() == [5_000] * 10
    mean, std = made.normalisation()
    np.testing.assert_allclose(mean, [0.491, 0.482, 0.447], atol=2e-3)
    np.testing.assert_allclose(std, [0.247, 0.243, 0.262], atol=3e-3)


@pytest.mark.skipif(CIFAR10 is None, reason="needs the Parquet folder shared/data/cifar10")
def test_cifar10_by_name_in_its_data_dir() -> None:
    assert CIFAR10 is not None
    for data_dir in (CIFAR10, CIFAR10.parent):
        source = find("cifar10", data_dir)
        assert (source.name, source.location) == ("cifar10", str(CIFAR10.resolve()))


@pytest.mark.skipif(CIFAR10 is None, reason="needs the Parquet folder shared/data/cifar10")
def test_real_photographs_decode_alike_in_any_number_of_threads() -> None:
    import polars as pl

    assert CIFAR10 is not None
    frame = pl.read_parquet(CIFAR10 / "plain_text/test-00000-of-00001.parquet", n_rows=2000)
    photographs = Encoded(frame["img"].struct.field("bytes").to_list(), str)
    one, two, five = (decode(photographs, photographs, workers=workers)[0] for workers in (1, 2, 5))
    assert np.array_equal(one, two)
    assert np.array_equal(one, five)


@pytest.mark.skipif(not FASHION.is_dir(), reason="needs the Debian package dataset-fashion-mnist")
def test_fashion_mnist(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LOSSBENCH_DATA", raising=False)
    source = find("fashion-mnist")
    made = source.decode()
    assert (source.location, described()[1].location) == (str(FASHION), str(FASHION))
    assert made.class_names == KNOWN["fashion_mnist"].class_names
    assert (made.train.pictures.shape, made.test.pictures.shape) == ((60_000, 28, 28, 1), (10_000, 28, 28, 1))
    assert np.bincount(made.test.labels).tolist() == [1_000] * 10
    assert made.digest == find(str(FASHION)).decode().digest
