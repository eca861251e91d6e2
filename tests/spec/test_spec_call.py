"""`name(value, key=value)` as text: what cannot be read is shown as it was written."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lossbench.errors import RequestError
from lossbench.spec import Arm
from lossbench.spec.call import parse_call


def loss(text: str, field: str) -> object:
    return Arm.parse(text, field)


@pytest.mark.parametrize("parse", [parse_call, loss])
@pytest.mark.parametrize("text", ["timm:resnet18(", "a:b(x=1))", "a:b(1 +)", f"a:b({'x' * 990}"])
def test_a_call_by_import_path_that_cannot_be_read(parse: Callable[[str, str], object], text: str) -> None:
    with pytest.raises(RequestError) as error:
        parse(text, "--model")
    assert error.value.received == text
    assert str(error.value).startswith("--model: expected name or name(key=value, ...), got ")


@pytest.mark.parametrize("text", ["mae[lr=]", "mae[lr=0.1", "a:b(x=1)[lr==2]", "mae[0.1]"])
def test_changes_of_the_recipe_that_cannot_be_read(text: str) -> None:
    with pytest.raises(RequestError) as error:
        Arm.parse(text)
    assert error.value.received == text


def test_arguments_by_import_path() -> None:
    for text in ("a.b:c", "a.b:c()"):
        assert (parse_call(text, "x").name, parse_call(text, "x").keywords) == ("a.b:c", {})
    assert parse_call("a.b:c(2, alpha=[1, 2])", "x").keywords == {"alpha": (1.0, 2.0)}
