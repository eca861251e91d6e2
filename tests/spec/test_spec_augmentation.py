"""`crop(4), flip, cutout(8)`: read, printed and read back; what is not of that form is refused in one sentence."""

from __future__ import annotations

import dataclasses
from itertools import permutations

import pytest

from lossbench.errors import RequestError, UnknownNameError
from lossbench.spec import Augmentation, Crop, Cutout, Flip, Recipe, Study, check_augmentation, parse_augmentation

FORMS = "crop(PADDING), flip and cutout(SIDE), each at most once, in whole pixels of at least 1"


@pytest.mark.parametrize(
    ("value", "steps"),
    [
        ("", ()),
        ([], ()),
        ("flip", (Flip(),)),
        ("flip()", (Flip(),)),
        ("crop(4),flip", (Crop(4), Flip())),
        (" cutout( 8 ) , crop(2.0)", (Cutout(8), Crop(2))),
        (["crop(4)", "flip", "cutout(16)"], (Crop(4), Flip(), Cutout(16))),
        ((Flip(), "crop(1)"), (Flip(), Crop(1))),
    ],
)
def test_what_users_write(value: object, steps: tuple[Augmentation, ...]) -> None:
    assert parse_augmentation(value) == steps
    assert Study(recipe={"augmentation": value}).recipe.augmentation == steps


@pytest.mark.parametrize("steps", list(permutations((Crop(4), Flip(), Cutout(8)))))
def test_what_is_printed_is_read_back_in_its_order(steps: tuple[Augmentation, ...]) -> None:
    assert parse_augmentation(", ".join(map(str, steps))) == steps
    assert Recipe(augmentation=steps).canonical()["augmentation"] == [str(step) for step in steps]


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (None, f"a list of {FORMS}, got None"),
        (3, f"a list of {FORMS}, got 3"),
        ({"crop": 4}, f"a list of {FORMS}, got {{'crop': 4}}"),
        ([4], f"{FORMS}, got 4"),
        ([None], f"{FORMS}, got None"),
        ([["flip"]], f"{FORMS}, got ['flip']"),
        ("crop", f"{FORMS}, got crop"),
        ("crop()", f"{FORMS}, got crop()"),
        ("crop(0)", f"{FORMS}, got crop(0)"),
        ("crop(-4)", f"{FORMS}, got crop(-4)"),
        ("crop(1.5)", f"{FORMS}, got crop(1.5)"),
        ("crop(1e999)", f"{FORMS}, got crop(1e999)"),
        ("crop(true)", f"{FORMS}, got crop(true)"),
        ("crop(x)", f"{FORMS}, got crop(x)"),
        ("crop([4])", f"{FORMS}, got crop([4])"),
        ("crop(4, 4)", f"{FORMS}, got crop(4, 4)"),
        ("crop(padding=4)", f"{FORMS}, got crop(padding=4)"),
        ("flip(0.5)", f"{FORMS}, got flip(0.5)"),
        ("flip(p=1)", f"{FORMS}, got flip(p=1)"),
        ("cutout(0)", f"{FORMS}, got cutout(0)"),
        ([Crop(0)], f"{FORMS}, got crop(0)"),
        ("crop(4), crop(2)", f"{FORMS}, got crop(4), crop(2)"),
        (["flip", "cutout(2)", "flip()"], f"{FORMS}, got flip, cutout(2), flip"),
        ("crop(4", "name or name(key=value, ...), got crop(4"),
        ("crop(4) flip", "name or name(key=value, ...), got crop(4) flip"),
    ],
    ids=str,
)
def test_what_is_none(value: object, sentence: str) -> None:
    for make in (parse_augmentation, lambda value: Study(recipe={"augmentation": value})):
        with pytest.raises(RequestError) as error:
            make(value)
        assert str(error.value) == f"recipe.augmentation: expected {sentence}"


def test_an_unknown_name_has_its_nearest() -> None:
    with pytest.raises(UnknownNameError) as error:
        parse_augmentation("cutuot(8)")
    sentence = "recipe.augmentation: expected one of crop, cutout, flip, got cutuot (did you mean cutout?)"
    assert str(error.value) == sentence


@pytest.mark.parametrize("size", [(8, 8), (8, 12), (12, 8)])
def test_the_shorter_side_is_the_limit(size: tuple[int, int]) -> None:
    check_augmentation(parse_augmentation("crop(7), flip, cutout(8)"), size)
    with pytest.raises(RequestError) as error:
        check_augmentation(parse_augmentation("flip, crop(8)"), size)
    sentence = "recipe.augmentation: expected a crop's padding of less than the picture's side (8), got crop(8)"
    assert str(error.value) == sentence
    with pytest.raises(RequestError) as error:
        check_augmentation(parse_augmentation("cutout(9)"), size)
    sentence = "recipe.augmentation: expected a cutout's side of at most the picture's (8), got cutout(9)"
    assert str(error.value) == sentence


def test_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Crop(4).padding = 5  # type: ignore[misc]  # that it cannot be done is what is tested
