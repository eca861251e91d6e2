"""`Data`: arrays, datasets and loaders of a program's own, held against the same pictures from a file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from data_makers import pixels
from PIL import Image
from torch.utils.data import (
    DataLoader,
    Dataset,
    RandomSampler,
    Subset,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
)

from lossbench.data import Data, Pictures, find
from lossbench.data.asked import LABEL_NAMES
from lossbench.data.checked import checked
from lossbench.data.pictures import digest_of, parts_of
from lossbench.errors import DataError

PIXELS = pixels(6)  # (6, 4, 5, 3)
LABELS = np.array([0, 1, 0, 1, 0, 1])


def made(x: Any, y: Any = LABELS, **options: Any) -> Pictures:
    return Data(train=(x, y), test=(x, y), **options).pictures


def says(text: str, x: Any = PIXELS, y: Any = LABELS, **options: Any) -> None:
    with pytest.raises(DataError) as error:
        made(x, y, **options)
    assert str(error.value) == text


class Pairs(Dataset[Any]):
    """Items as a user's dataset has them: a transform of pictures, and labels."""

    def __init__(self, transform: Any, labels: Any = LABELS, classes: Any = None) -> None:
        self.transform, self.labels = transform, labels
        if classes:
            self.classes = classes

    def __len__(self) -> int:
        return len(PIXELS)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        return self.transform(PIXELS[index]), self.labels[index]


def to_tensor(picture: Any) -> torch.Tensor:
    """What torchvision's ToTensor does."""
    return torch.from_numpy(picture).permute(2, 0, 1).contiguous().to(torch.float32).div(255)


WHOLE = made(PIXELS)


@pytest.mark.parametrize(
    "x",
    [
        PIXELS,
        PIXELS.tolist(),
        PIXELS.astype(np.int64),
        torch.from_numpy(PIXELS),
        torch.from_numpy(PIXELS).permute(0, 3, 1, 2),
        PIXELS.transpose(0, 3, 1, 2),
        PIXELS / 255,
        (PIXELS.astype(np.float32) / np.float32(255)).transpose(0, 3, 1, 2),
        torch.stack([to_tensor(picture) for picture in PIXELS]).requires_grad_(),
    ],
    ids=["nhwc", "lists", "int64", "tensor", "tensor nchw", "nchw", "float64", "float32 nchw", "ToTensor"],
)
def test_every_form_of_the_same_pictures_is_the_same_data(x: Any) -> None:
    assert made(x).digest == WHOLE.digest
    np.testing.assert_array_equal(made(x).train.pictures, PIXELS)


def test_transparency_is_dropped() -> None:
    tall = pixels(6, height=6)
    alpha = np.concatenate([tall, np.full((6, 6, 5, 1), 7, np.uint8)], axis=3)
    assert made(alpha).digest == made(alpha.transpose(0, 3, 1, 2)).digest == made(tall).digest


def test_the_same_arrays_in_a_file_have_the_same_digest(tmp_path: Any) -> None:
    np.savez(tmp_path / "d.npz", x_train=PIXELS, y_train=LABELS, x_test=PIXELS, y_test=LABELS)
    assert find(str(tmp_path / "d.npz")).decode().digest == WHOLE.digest


def test_grey_pictures_have_no_channels_or_one() -> None:
    grey = PIXELS[..., 0]
    assert made(grey).digest == made(grey[..., None]).digest == made(grey[:, None]).digest
    assert made(grey).train.pictures.shape == (6, 4, 5, 1)
    assert made(grey > 99).train.pictures.max() == 255


@pytest.mark.parametrize("kind", ["PIL", "ToTensor", "uint8", "dict"])
def test_a_dataset_is_read_from_its_first_item_to_its_last(kind: str) -> None:
    forms = {"PIL": Image.fromarray, "ToTensor": to_tensor, "uint8": torch.from_numpy, "dict": Image.fromarray}
    dataset: Any = Pairs(forms[kind], torch.from_numpy(LABELS))
    if kind == "dict":
        dataset = [{"image": x, "label": int(y)} for x, y in dataset]
    assert Data(train=dataset, test=dataset).pictures.digest == WHOLE.digest


def test_a_loader_is_its_dataset_whatever_its_order() -> None:
    dataset = TensorDataset(torch.from_numpy(PIXELS), torch.from_numpy(LABELS))
    for loader in (DataLoader(dataset, batch_size=4), DataLoader(dataset, shuffle=True, drop_last=True)):
        assert Data(train=loader, test=loader).pictures.digest == WHOLE.digest


@pytest.mark.parametrize(
    "sampler",
    [
        SubsetRandomSampler([0, 1, 2]),
        WeightedRandomSampler([1.0] * 6, 6),
        RandomSampler(LABELS, replacement=True),
        RandomSampler(LABELS, num_samples=3),
    ],
)
def test_a_loader_that_leaves_items_out_is_refused(sampler: Any) -> None:
    loader = DataLoader(Pairs(to_tensor), sampler=sampler)
    with pytest.raises(DataError) as error:
        _ = Data(train=loader, test=loader).pictures
    assert str(error.value) == (
        "data.train: expected a DataLoader that visits every item of its dataset once, got one with a "
        f"{type(sampler).__name__} (give the dataset, or a torch.utils.data.Subset of it)"
    )


def test_a_subset_is_a_dataset_and_keeps_its_names() -> None:
    subset = Subset(Pairs(Image.fromarray, classes=["cat", "dog"]), [3, 0, 1])
    found = Data(train=subset, test=subset).pictures
    np.testing.assert_array_equal(found.train.pictures, PIXELS[[3, 0, 1]])
    assert found.class_names == ("cat", "dog")


def test_names_of_classes() -> None:
    dataset = Pairs(Image.fromarray, classes=["cat", "dog"])
    assert Data(train=dataset, test=dataset).pictures.class_names == ("cat", "dog")
    assert Data(train=dataset, test=dataset, class_names=["a", "b"]).pictures.class_names == ("a", "b")
    words = made(PIXELS, ["dog", "cat"] * 3)
    assert words.class_names == ("cat", "dog")
    assert words.train.labels.tolist() == [1, 0, 1, 0, 1, 0]
    ordered = made(PIXELS, ["dog", "cat"] * 3, class_names=["dog", "cat"])
    assert (ordered.class_names, ordered.train.labels.tolist()) == (("dog", "cat"), [0, 1, 0, 1, 0, 1])
    says("data, train row 0: expected one of the class names, cat, eel, got dog", y=["dog", "cat"] * 3,
         class_names=["cat", "eel"])  # fmt: skip
    assert made(PIXELS, LABELS[:, None]).class_names == ("0", "1")


class Named(list[dict[str, Any]]):
    """Items with a description of the columns, as Hugging Face's datasets have."""

    features: ClassVar[Any] = {"label": type("ClassLabel", (), {"names": ["cat", "dog"]})}


def test_names_of_classes_of_hugging_faces_datasets() -> None:
    dataset = Named({"image": Image.fromarray(x), "label": int(y)} for x, y in zip(PIXELS, LABELS, strict=True))
    found = Data(train=dataset, test=dataset).pictures
    assert found.class_names == ("cat", "dog")
    np.testing.assert_array_equal(found.train.pictures, PIXELS)


def test_vectors_become_float32() -> None:
    x = np.arange(24.0).reshape(6, 4)
    found = made(x)
    assert (found.vectors, found.size, found.channels, str(found.train.pictures.dtype)) == (True, (), 4, "float32")
    assert found.digest == made(torch.from_numpy(x)).digest == made(x.tolist()).digest
    assert digest_of(parts_of(found.train, found.test), found.class_names) == found.digest


def test_random_transforms_are_told_by_reading_twice() -> None:
    rng = np.random.default_rng(0)
    dataset = Pairs(lambda picture: to_tensor(picture[:, ::-1].copy() if rng.random() < 0.5 else picture))
    with pytest.raises(DataError) as error:
        _ = Data(train=dataset, test=dataset).pictures
    assert "expected the same values whenever it is read, got other ones (leave random transforms out: " in str(
        error.value
    )


@pytest.mark.parametrize(
    ("shape", "received"),
    [
        ((6, 3, 3, 3), "shape (6, 3, 3, 3), which may be either"),
        ((6, 3, 28, 1), "shape (6, 3, 28, 1), which may be either"),
        ((6, 5, 4, 2), "shape (6, 5, 4, 2), which is neither"),
    ],
)
def test_channels_that_cannot_be_told(shape: tuple[int, ...], received: str) -> None:
    says(
        "data.train[0]: expected 1, 3 or 4 channels, in the last place or in the second, and something else in the "
        f"other, got {received}",
        np.zeros(shape, np.uint8),
    )


def test_normalised_pictures_are_refused_with_what_to_do() -> None:
    with pytest.raises(DataError) as error:
        made((PIXELS / 255 - 0.5) / 0.25)
    assert "expected pictures of whole multiples of 1/255, as ToTensor gives them" in str(error.value)
    assert "leave out whatever comes after ToTensor" in str(error.value)
    nearly = PIXELS / 255
    nearly[5, 3, 4, 2] = np.nextafter(nearly[5, 3, 4, 2], 1)
    with pytest.raises(DataError, match="whole multiples of 1/255"):
        made(nearly)
    with pytest.raises(DataError, match="whole multiples of 1/255"):
        made(np.full((6, 4, 5, 3), np.nan))


def test_values_that_are_no_data() -> None:
    says("data.train[0]: expected whole numbers from 0 to 255, got 0 to 256", np.array([0, 256] * 6).reshape(6, 2, 1))
    says("data, train row 2, column 1: expected finite numbers, of at most 3.4e38, got nan",
         np.array([[0.0, 1.0]] * 2 + [[0.0, np.nan]] * 4))  # fmt: skip
    says("data, train row 0, column 0: expected finite numbers, of at most 3.4e38, got inf", np.full((6, 1), 1e39))
    says("data.train[1]: expected class numbers or words of shape (n,), got float64 of shape (6,)", y=LABELS / 2)
    says("data, train: expected one label for each of 6 pictures, got 5 labels", y=LABELS[:5])
    says("data, train: expected pictures of every class, got none of class '0' (label 0)", y=LABELS + 1)
    says("data, train row 0: expected a label from 0 to 1, got 7", y=LABELS + 7, class_names=["a", "b"])


@pytest.mark.parametrize("names", [None, ["a", "b"]])
@pytest.mark.parametrize("split", ["train", "test"])
@pytest.mark.parametrize("missing", [[0, 1, None, 1, 0, 1], ["a", "b", None, "b", "a", "b"]])
def test_a_missing_label_is_named(split: str, names: Any, missing: Any) -> None:
    good = [label if label is not None else missing[0] for label in missing]
    labels = {"train": good, "test": good} | {split: missing}
    data = Data((PIXELS, labels["train"]), (PIXELS, labels["test"]), class_names=names)
    with pytest.raises(DataError) as error:
        _ = data.pictures
    assert str(error.value) == f"data, {split} row 2: expected a label, got nothing"


@pytest.mark.parametrize("labels", [np.array([0.0, np.nan] * 3), np.array([None, 1] * 3), np.array(["0", "1"] * 3)])
def test_no_source_gives_labels_that_are_no_whole_numbers(labels: Any) -> None:
    for pairs in (((PIXELS, LABELS), (PIXELS, labels)), ((PIXELS, labels), (PIXELS, LABELS))):
        with pytest.raises(DataError, match=rf"x, t\w+: expected labels that are whole numbers, got {labels.dtype}"):
            checked("x", "x", *pairs)


class Endless(torch.utils.data.IterableDataset[Any]):
    def __iter__(self) -> Iterator[Any]:
        return iter([])


def test_splits_of_other_types() -> None:
    for split in (Endless(), 5, "digits", None, {"x": PIXELS}):
        with pytest.raises(
            DataError, match=r"data\.train: expected \(x, y\), a map-style Dataset or a DataLoader, got"
        ):
            _ = Data(train=split, test=split).pictures


def test_items_that_do_not_fit() -> None:
    def refused(dataset: Any, text: str) -> None:
        with pytest.raises(DataError) as error:
            _ = Data(train=dataset, test=dataset).pictures
        assert str(error.value) == text

    refused(
        [(PIXELS[0], 0, 1)] * 3, "data.train item 0: expected a pair of a picture or vector and its label, got tuple"
    )
    mixed = [(PIXELS[0], 0), (PIXELS[0], 1), (PIXELS[0, :2], 1)]
    refused(mixed, "data.train item 2: expected uint8 of shape (4, 5, 3) as the first, got uint8 of shape (2, 5, 3)")
    refused(
        Pairs(lambda _: 1 / 0),
        "data.train item 0: expected an item that can be read, got ZeroDivisionError: division by zero",
    )
    refused([], "data.train: expected at least one item, got none")


@pytest.mark.parametrize("name", ["", "a/b", "..", "x" * 200, "a:b"])
def test_a_name_that_no_folder_could_have(name: str) -> None:
    with pytest.raises(DataError, match=r"data\.name: expected a name of"):
        Data(train=(PIXELS, LABELS), test=(PIXELS, LABELS), name=name)


def test_the_source_is_known_by_what_it_holds() -> None:
    first, again = (Data(train=(PIXELS, LABELS), test=(PIXELS, LABELS)).source for _ in range(2))
    assert first.fingerprint == again.fingerprint
    other = Data(train=(PIXELS[::-1], LABELS), test=(PIXELS, LABELS)).source
    assert other.fingerprint != first.fingerprint


SCALED = torch.arange(256, dtype=torch.uint8).reshape(1, 16, 16).repeat(2, 1, 1)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16])
def test_both_ways_to_divide_by_255_are_pictures_and_nothing_between(dtype: torch.dtype) -> None:
    """torchvision's v2.ToDtype(scale=True) multiplies by 1/255 in place, which is not always x / 255."""
    labels = [0, 1]
    whole = made(SCALED, labels).digest
    scaled = SCALED.to(dtype).mul_(1.0 / 255)
    assert made(scaled, labels).digest == made(SCALED.to(dtype).div(255), labels).digest == whole
    assert dtype == torch.float16 or not torch.equal(scaled, SCALED.to(dtype).div(255))
    for level in (1, 77, 254):
        pair = {(level / np.float64(255)), scaled[0].flatten()[level].item()}
        nearly = scaled.numpy().copy()
        nearly.reshape(-1)[level] = np.nextafter(nearly.dtype.type(max(pair)), nearly.dtype.type(1))
        nearly.reshape(-1)[level] = np.nextafter(nearly.reshape(-1)[level], nearly.dtype.type(1))
        with pytest.raises(DataError, match="whole multiples of 1/255"):
            made(nearly, labels)


def test_a_sparse_tensor() -> None:
    sparse = torch.eye(6).to_sparse()
    for split in ((sparse, LABELS), (PIXELS, sparse)):
        with pytest.raises(
            DataError, match=r"data\.train\[[01]\]: expected an array, a tensor, or lists of one length, got"
        ):
            _ = Data(train=split, test=split).pictures


@pytest.mark.parametrize("names", [5, "ab", {"a": 0, "b": 1}, object()])
def test_class_names_that_are_no_list(names: Any) -> None:
    with pytest.raises(DataError, match=r"^data\.class_names: expected a list of names, got "):
        Data(train=(PIXELS, LABELS), test=(PIXELS, LABELS), class_names=names)


@pytest.mark.parametrize(
    ("label", "received"),
    [
        (np.eye(2)[0], "float64 of shape (2,)"),
        (torch.eye(3)[0], "float32 of shape (3,)"),
        ([torch.tensor(0), torch.tensor(1)], "list"),
        (object(), "object"),
        (b"cat", "bytes"),
    ],
)
def test_items_whose_labels_are_no_numbers_or_words(label: Any, received: str) -> None:
    dataset = Pairs(torch.from_numpy, labels=[label] * 6)
    with pytest.raises(DataError) as error:
        _ = Data(train=dataset, test=dataset).pictures
    assert str(error.value) == f"data.train item 0, label: expected a class number or a word, got {received}"


class Leaves(Pairs):
    """A dataset of a program that ends itself, when it is read or when it is asked for its length."""

    def __init__(self, where: str) -> None:
        super().__init__(torch.from_numpy)
        self.where = where

    def __len__(self) -> int:
        if self.where == "length":
            raise SystemExit(3)
        return super().__len__()

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        raise SystemExit("enough")


@pytest.mark.parametrize(
    ("where", "text"),
    [
        ("item", "data.train item 0: expected an item that can be read, got SystemExit: enough"),
        ("length", "data.train: expected a dataset that says how many items it has, got SystemExit: 3"),
    ],
)
def test_a_dataset_does_not_end_the_program(where: str, text: str) -> None:
    with pytest.raises(DataError) as error:
        _ = Data(train=Leaves(where), test=Leaves(where)).pictures
    assert str(error.value) == text


@pytest.mark.parametrize("key", LABEL_NAMES)
def test_items_may_call_their_label_as_tables_do(key: str) -> None:
    dataset = [{"image": x, key: int(y)} for x, y in zip(PIXELS, LABELS, strict=True)]
    assert Data(train=dataset, test=dataset).pictures.digest == WHOLE.digest
