"""What type checkers and editors are told of the classes is what the classes are."""

from __future__ import annotations

import nn_stub


def test_the_stub_is_that_of_the_catalogue() -> None:
    assert nn_stub.PATH.read_text(encoding="utf-8") == nn_stub.stub(), "python tests/nn/nn_stub.py writes it"
