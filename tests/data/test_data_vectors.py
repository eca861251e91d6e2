"""Feature vectors: npz, CSV, Parquet; standardised per feature; what a scenario makes of them."""

from __future__ import annotations

import gzip
import json
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest

from lossbench.data import Asked, Data, Pictures, find, prepare, read_pictures, write_pictures
from lossbench.errors import DataError
from lossbench.spec import Scenario

RNG = np.random.default_rng(0)
TRAIN = RNG.normal([0, 100, -5], [1, 20, 0.1], (40, 3))
TEST = RNG.normal([0, 100, -5], [1, 20, 0.1], (10, 3))
LABELS, TEST_LABELS = np.arange(40) % 4, np.arange(10) % 4
WORDS = np.array(["d", "b", "a", "c"])


def given(x: Any = TRAIN, y: Any = LABELS) -> Pictures:
    return Data(train=(x, y), test=(TEST[:, : np.shape(x)[1]], TEST_LABELS)).pictures


def frame(x: npt.NDArray[Any], labels: Any, label: str = "label") -> pl.DataFrame:
    return pl.DataFrame({**{f"f{i}": column for i, column in enumerate(x.T)}, label: labels})


def says(path: Path, text: str, asked: Asked = Asked()) -> None:  # noqa: B008 - a frozen value
    with pytest.raises(DataError) as error:
        find(str(path), asked=asked).decode()
    assert str(error.value).replace(str(path), "PATH").startswith(text), str(error.value)


def csv(folder: Path, train: pl.DataFrame, test: pl.DataFrame) -> Path:
    folder.mkdir(exist_ok=True)
    train.write_csv(folder / "train.csv")
    test.write_csv(folder / "test.csv")
    return folder


class TestSources:
    def test_every_source_gives_the_same_data(self, tmp_path: Path) -> None:
        np.savez(tmp_path / "d.npz", x_train=TRAIN, y_train=LABELS, x_test=TEST, y_test=TEST_LABELS)
        table = csv(tmp_path / "csv", frame(TRAIN, LABELS), frame(TEST, TEST_LABELS))
        for name in ("parquet", "lists"):
            (tmp_path / name).mkdir()
        for split, x, y in (("train", TRAIN, LABELS), ("test", TEST, TEST_LABELS)):
            frame(x, y).write_parquet(tmp_path / "parquet" / f"{split}.parquet")
            array = pl.Series("embedding", x.astype(np.float32), dtype=pl.Array(pl.Float32, 3))
            pl.DataFrame([array, pl.Series("label", y)]).write_parquet(tmp_path / "lists" / f"{split}.parquet")
        digest = given().digest
        for source in (tmp_path / "d.npz", table, tmp_path / "parquet", tmp_path / "lists"):
            found = find(str(source)).decode()
            assert (found.digest, found.vectors, found.class_names) == (digest, True, ("0", "1", "2", "3"))

    def test_labels_that_are_words_become_class_names_in_their_order(self, tmp_path: Path) -> None:
        folder = csv(tmp_path / "c", frame(TRAIN, WORDS[LABELS], "class"), frame(TEST, WORDS[TEST_LABELS], "class"))
        found = find(str(folder)).decode()
        assert found.class_names == ("a", "b", "c", "d")
        assert found.train.labels.tolist() == np.searchsorted(found.class_names, WORDS[LABELS]).tolist()

    @pytest.mark.parametrize("labels", [(-1, 1), (3, 10)])
    def test_numbers_of_a_table_that_are_no_indices_are_names(self, tmp_path: Path, labels: tuple[int, int]) -> None:
        y, test = np.array(labels)[LABELS % 2], np.array(labels)[TEST_LABELS % 2]
        found = find(str(csv(tmp_path / "c", frame(TRAIN, y), frame(TEST, test)))).decode()
        assert found.class_names == tuple(map(str, labels))
        assert found.train.labels.tolist() == (LABELS % 2).tolist()

    def test_the_column_of_labels_can_be_named(self, tmp_path: Path) -> None:
        folder = csv(tmp_path / "c", frame(TRAIN, LABELS, "kind"), frame(TEST, TEST_LABELS, "kind"))
        expected = (
            "PATH/train.csv: expected a column of labels called label, labels, fine_label, target, class, y, got "
        )
        says(folder, f"{expected}f0, f1, f2, kind (name another with --label-column)")
        assert find(str(folder), asked=Asked(label_column="kind")).decode().digest == given().digest
        says(folder, "label_column: expected one of the columns of PATH/train.csv, f0, f1, f2, kind, got x",
             Asked(label_column="x"))  # fmt: skip
        says(folder, "image_column: expected none, for PATH has no columns", Asked("f0", "kind"))

    def test_test_columns_in_another_order(self, tmp_path: Path) -> None:
        test = frame(TEST, TEST_LABELS).select("label", "f2", "f0", "f1")
        assert find(str(csv(tmp_path / "c", frame(TRAIN, LABELS), test))).decode().digest == given().digest


class TestRefusals:
    def test_a_cell_without_a_number_is_named(self, tmp_path: Path) -> None:
        folder = csv(tmp_path / "c", frame(TRAIN, LABELS), frame(TEST, TEST_LABELS))
        text = (folder / "train.csv").read_text().splitlines()
        for cell, received in (("", "nothing"), ("NaN", "nan"), ("inf", "inf"), ("1e39", "1e+39")):
            row = ["1.5", cell, "1.0", "0"]
            (folder / "train.csv").write_text("\n".join([*text[:3], ",".join(row), *text[4:]]))
            says(folder, f"PATH, train row 2, column f1: expected finite numbers, of at most 3.4e38, got {received}")

    def test_a_column_of_words(self, tmp_path: Path) -> None:
        words = frame(TRAIN, LABELS).with_columns(id=pl.lit("x"))
        says(csv(tmp_path / "c", words, words), "PATH, train: expected numbers in every column but the labels', got "
             "String in column 'id' (leave that column out)")  # fmt: skip

    def test_tables_that_do_not_fit(self, tmp_path: Path) -> None:
        one, other = frame(TRAIN, LABELS), frame(TEST, TEST_LABELS).drop("f1")
        says(
            csv(tmp_path / "a", one, other), "PATH, test: expected the columns of train, f0, f1, f2, got f0, f2, label"
        )
        strange = frame(TEST, TEST_LABELS + 2)
        says(
            csv(tmp_path / "b", one, strange),
            "PATH, test row 2: expected one of the labels of train, 0, 1, 2, 3, got 4",
        )
        says(
            csv(tmp_path / "c", frame(TRAIN, LABELS / 2), one), "PATH, train: expected words or whole numbers in column"
        )
        missing = frame(TRAIN, [None, *LABELS[1:].tolist()])
        says(csv(tmp_path / "d", missing, one), "PATH, train row 0: expected a label, got nothing")
        says(csv(tmp_path / "e", one.head(0), one), "PATH")

    def test_a_single_table(self, tmp_path: Path) -> None:
        frame(TRAIN, LABELS).write_csv(tmp_path / "all.csv")
        says(tmp_path / "all.csv", "PATH: expected a folder with train.csv and test.csv, or an .npz file, got a single")

    def test_what_is_no_table(self, tmp_path: Path) -> None:
        folder = csv(tmp_path / "c", frame(TRAIN, LABELS), frame(TEST, TEST_LABELS))
        for content in (b"", b"label,a\n0,1\n1,2,3\n", b'label,a\n"0,1\n'):
            (folder / "train.csv").write_bytes(content)
            says(folder, "PATH/train.csv: expected a readable CSV table with a head, got ")

    @pytest.mark.parametrize("packed", [gzip.compress, zlib.compress], ids=["gzip", "zlib"])
    def test_a_compressed_table_is_not_unpacked(self, tmp_path: Path, packed: Any) -> None:
        folder = csv(tmp_path / "c", frame(TRAIN, LABELS), frame(TEST, TEST_LABELS))
        (folder / "test.csv").write_bytes(packed((folder / "test.csv").read_bytes()))
        says(folder, "PATH/test.csv: expected a plain CSV table, got a compressed one")

    def test_lists_of_several_lengths(self, tmp_path: Path) -> None:
        for split in ("train", "test"):
            pl.DataFrame({"x": [[1.0], [1.0, 2.0]], "label": [0, 1]}).write_parquet(tmp_path / f"{split}.parquet")
        says(tmp_path, "PATH, train: expected lists of one length in column 'x', got 1, 2 of them")

    def test_a_size_or_no_features(self, tmp_path: Path) -> None:
        np.savez(tmp_path / "d.npz", x_train=TRAIN, y_train=LABELS, x_test=TEST, y_test=TEST_LABELS)
        says(tmp_path / "d.npz", "size: expected none, for the data are feature vectors, got 8×8", Asked(size=(8, 8)))
        with pytest.raises(DataError, match="vectors of at least one feature, got none"):
            given(np.zeros((40, 0)))
        with pytest.raises(DataError, match="expected the size of the training vectors, 2, got 3"):
            _ = Data(train=(TRAIN[:, :2], LABELS), test=(TEST, TEST_LABELS)).pictures


class TestNormalisation:
    def test_it_is_numpys_in_float64(self) -> None:
        mean, std = given().normalisation()
        exact = TRAIN.astype(np.float32).astype(np.float64)
        np.testing.assert_allclose(mean, exact.mean(axis=0), rtol=1e-13)
        np.testing.assert_allclose(std, exact.std(axis=0), rtol=1e-12)

    def test_pieces_change_little(self, monkeypatch: pytest.MonkeyPatch) -> None:
        whole = given().normalisation()
        monkeypatch.setattr("lossbench.data.normalisation._AT_ONCE", 7)
        np.testing.assert_allclose(given().normalisation(), whole, rtol=1e-13)

    @pytest.mark.parametrize("value", [0.0, 0.1, -1e30, 3e38])
    def test_a_constant_feature_has_a_deviation_of_one(self, value: float) -> None:
        mean, std = given(np.column_stack([TRAIN[:, 0], np.full(40, value)])).normalisation()
        assert (mean[1], std[1]) == (np.float64(np.float32(value)), 1.0)

    def test_a_feature_far_from_zero(self) -> None:
        x = np.column_stack([TRAIN[:, 0], 1.7e9 + 256.0 * (np.arange(40) % 3)])
        assert given(x).normalisation()[1][1] == pytest.approx(np.std(256.0 * (np.arange(40) % 3)))


class TestScenarios:
    def test_they_are_kept_and_read_back(self, tmp_path: Path) -> None:
        write_pictures(given(), tmp_path / "kept")
        found = read_pictures(tmp_path / "kept", every_pixel=True)
        assert (found.digest, found.vectors) == (given().digest, True)
        np.testing.assert_array_equal(found.train.pictures, given().train.pictures)

    @pytest.mark.parametrize(
        "text", ["noise(symmetric, 0.4)", "train_size(0.5) + validation(0.2)", "imbalance(exponential, 4)"]
    )
    def test_what_asks_for_labels_alone_is_as_for_pictures(self, text: str) -> None:
        pictures = Data(
            train=(np.zeros((40, 5, 6), np.uint8), LABELS), test=(np.zeros((10, 5, 6), np.uint8), TEST_LABELS)
        ).pictures
        scenario = Scenario.parse(text, "made")
        for name, part in prepare(given(), scenario, 1).items():
            other = prepare(pictures, scenario, 1)[name]
            assert part.rows.tolist() == other.rows.tolist()
            assert part.labels.tolist() == other.labels.tolist()

    def test_instance_noise_is_the_papers_on_standardised_features(self) -> None:
        """Same rule in plain float64: only the rounding to 2^-10 lies between, which may move a draw or two."""
        from lossbench.data.instance_noise import _rates
        from lossbench.rng import stream

        rng = np.random.default_rng(1)
        x, labels = rng.normal(3, 2, (600, 5)), np.arange(600) % 4
        data = Data(train=(x, labels), test=(x[:8], labels[:8])).pictures
        rows = np.arange(600)
        part = prepare(data, Scenario.parse("noise(instance, 0.4)", "made"), 5)["train"]
        generator = stream(5, "label noise")
        rates = _rates(0.4, 600, generator)
        luck = generator.random(600)
        mean, std = data.normalisation()
        z = (data.train.pictures - mean) / std
        expected = labels.copy()
        for row in rows[luck < rates]:
            w = stream(5, f"label noise, pixels of class {labels[row]}").standard_normal((1, 5, 4))[0]
            scores = z[row] @ w
            scores[labels[row]] = -np.inf
            likely = np.exp(scores - scores.max())
            expected[row] = np.searchsorted(np.cumsum(likely), luck[row] / rates[row] * likely.sum(), side="right")
        assert (part.labels != expected).sum() <= 2
        assert 0.3 < (part.labels != labels).mean() < 0.5


class TestShards:
    """Several Parquet files to a split."""

    def write(self, folder: Path, *shards: pl.DataFrame, test: pl.DataFrame | None = None) -> Path:
        folder.mkdir(exist_ok=True)
        for number, shard in enumerate(shards):
            shard.write_parquet(folder / f"train-{number}.parquet")
        (frame(TEST, TEST_LABELS) if test is None else test).write_parquet(folder / "test.parquet")
        return folder

    def test_their_columns_may_stand_in_any_order(self, tmp_path: Path) -> None:
        one, two = frame(TRAIN[:20], LABELS[:20]), frame(TRAIN[20:], LABELS[20:]).select("label", "f2", "f0", "f1")
        assert find(str(self.write(tmp_path / "s", one, two))).decode().digest == given().digest

    def test_other_columns_are_named(self, tmp_path: Path) -> None:
        one, two = frame(TRAIN[:20], LABELS[:20]), frame(TRAIN[20:], LABELS[20:])
        says(
            self.write(tmp_path / "a", one, two.drop("f1")),
            "PATH/train-1.parquet: expected the columns of train-0.parquet, f0, f1, f2, label, got f0, f2, label",
        )
        says(
            self.write(tmp_path / "b", one, two.rename({"label": "y"})),
            "PATH/train-1.parquet: expected the columns of train-0.parquet, f0, f1, f2, label, got f0, f1, f2, y",
        )
        says(
            self.write(tmp_path / "c", one, two.with_columns(pl.concat_list("f1"))),
            "PATH, train: expected files whose columns are of one type each, got ",
        )

    def test_a_test_split_without_the_features(self, tmp_path: Path) -> None:
        for number, columns in enumerate((["label"], ["f0", "label"])):
            test = frame(TEST, TEST_LABELS).select(columns)
            says(
                self.write(tmp_path / str(number), frame(TRAIN, LABELS), test=test),
                f"PATH, test: expected the columns of train, f0, f1, f2, got {', '.join(columns)}",
            )
        says(
            self.write(tmp_path / "none", frame(TRAIN, LABELS), test=frame(TEST, TEST_LABELS).drop("label")),
            "PATH, test: expected a column of labels called label, got f0, f1, f2",
        )


@pytest.mark.parametrize("names", [None, ["a", "b"]])
@pytest.mark.parametrize("split", ["train", "test"])
def test_a_label_past_int64(tmp_path: Path, split: str, names: list[str] | None) -> None:
    features = {"label": {"_type": "ClassLabel", "names": names}}
    metadata = {} if names is None else {"huggingface": json.dumps({"info": {"features": features}})}
    for name, x, y in (("train", TRAIN, LABELS), ("test", TEST, TEST_LABELS)):
        labels = pl.Series("label", [int(label) % 2 + (2**63 if name == split else 0) for label in y], dtype=pl.UInt64)
        frame(x, y).with_columns(labels).write_parquet(tmp_path / f"{name}.parquet", metadata=metadata)
    says(tmp_path, f"PATH, {split} row 0: expected a label of at most 2^63 - 1, got 9223372036854775808")
