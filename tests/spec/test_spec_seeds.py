"""Seeds as users write them."""

from __future__ import annotations

import pytest

from lossbench.errors import RequestError
from lossbench.spec import parse_seeds


@pytest.mark.parametrize(
    ("value", "seeds"),
    [
        (5, (1, 2, 3, 4, 5)),
        ("5", (1, 2, 3, 4, 5)),
        (" 5 ", (1, 2, 3, 4, 5)),
        (1, (1,)),
        ("1,2,3", (1, 2, 3)),
        (" 3 , 1 ", (3, 1)),
        ("7,", (7,)),
        ("0,", (0,)),
        ([7], (7,)),
        ((2, 1), (2, 1)),
        ([0, 2**63 - 1], (0, 2**63 - 1)),
    ],
)
def test_seeds(value: object, seeds: tuple[int, ...]) -> None:
    assert parse_seeds(value) == seeds


def test_the_most_seeds() -> None:
    assert len(parse_seeds(100_000)) == 100_000
    with pytest.raises(RequestError):
        parse_seeds(100_001)


@pytest.mark.parametrize(
    ("value", "received"),
    [
        (0, "0"),
        ("0", "0"),
        (-1, "-1"),
        ("-1", "-1"),
        ("1,-2", "1,-2"),
        ([1, -2], "[1, -2]"),
        (True, "True"),
        ([True], "[True]"),
        ([1, True], "[1, True]"),
        ("abc", "abc"),
        ("1,abc", "1,abc"),
        ("1;2", "1;2"),
        ("5.0", "5.0"),
        (5.0, "5.0"),
        ([1.0], "[1.0]"),
        (["1"], "['1']"),
        ("", "''"),
        (",", ","),
        ([], "[]"),
        (None, "None"),
        ({1, 2}, "{1, 2}"),
        ("1,1", "1,1"),
        ([3, 3], "[3, 3]"),
        ([2**63], "[9223372036854775808]"),
        ("²", "²"),
        ("9" * 5000, "9" * 199 + "…"),
        ("1," + "9" * 5000, "1," + "9" * 197 + "…"),
    ],
)
def test_what_is_refused_is_shown_as_it_came(value: object, received: str) -> None:
    with pytest.raises(RequestError) as error:
        parse_seeds(value, "--seeds")
    assert str(error.value) == (
        "--seeds: expected a number of seeds (5) or a list of different whole numbers (1,2,3 or 7,), got " + received
    )
