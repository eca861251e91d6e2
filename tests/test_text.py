"""Numbers, lists and labels in running text."""

import pytest

from lossbench.text import (
    capital,
    counted,
    fixed,
    isolate,
    listed,
    oxford,
    plain,
    shortened,
    signed,
    significant,
    slug,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.5714, "0.571"),
        (-0.01, "\u22120.010"),
        (0.0, "0.000"),
        (0.0004, "0.0004"),
        (0.00002, "2.0e\u221205"),
        (12345.6, "12,346"),
        (3.2e9, "3.20e+09"),
        (float("nan"), "not finite"),
    ],
)
def test_numbers(value: float, text: str) -> None:
    assert fixed(value) == text


def test_signs() -> None:
    assert signed(0.01) == "+0.010"
    assert signed(-0.01) == "\u22120.010"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.23, "0.230"),
        (0.99961, "1.00"),
        (999.7, "1,000"),
        (123.4, "123"),
        (-55.57, "\u221255.6"),
        (1.234e-4, "0.000123"),
        (9.9e-6, "9.9e\u221206"),
        (float("inf"), "not finite"),
    ],
)
def test_three_digits_that_say_something(value: float, text: str) -> None:
    assert significant(value) == text


def test_a_shortened_label_keeps_its_ends() -> None:
    assert shortened("focal(gamma=2)", 14) == "focal(gamma=2)"
    short = shortened("my_package.my_module:make(alpha=2)", 20)
    assert short == "my_pac…make(alpha=2)"
    assert len(short) == 20


def test_lists() -> None:
    assert listed([]) == ""
    assert listed(["a"]) == "a"
    assert listed(["a", "b"]) == "a and b"
    assert listed(["a", "b", "c"], "or") == "a, b or c"
    assert plain(oxford(["a", "b"])) == "a and b"


def test_counts() -> None:
    assert counted(1, "seed") == "1 seed"
    assert counted(2, "class", "classes") == "2 classes"
    assert counted(50_000, "picture") == "50,000 pictures"


def test_a_label_cannot_end_its_own_isolation() -> None:
    assert isolate("a\u2069b\u202e") == "\u2068a\\u2069b\\u202e\u2069"


def test_capital() -> None:
    assert capital("test loss") == "Test loss"
    assert capital("\u2068l1\u2069 is") == "\u2068l1\u2069 is"


def test_slugs() -> None:
    assert slug("focal(gamma=0.5)") == "focal-gamma-0.5"
    assert slug("../etc/passwd") == "etc-passwd"
    assert slug("\u05d0") == "loss"
    assert slug("my_module:make(alpha=2)") == "my-module-make-alpha-2"
    assert slug("python:mine") == "python-mine"
    assert slug('python:a*b?c|d<e>"f/g\\\\h.') == "python-a-b-c-d-e-f-g-h"
    assert slug("L1", ["l1", "l1-2"]) == "l1-3"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.5, "+0.500"),
        (-0.02, "\u22120.020"),
        (0.0, "+0.000"),
        (-3.5e-19, "+0.000"),
        (-2e-9, "\u22122.0e\u221209"),
        (3e-5, "+3.0e\u221205"),
    ],
)
def test_a_difference_has_its_sign_and_rounding_is_none(value: float, text: str) -> None:
    assert signed(value) == text
