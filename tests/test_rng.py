"""Streams: the same arguments give the same numbers, any other argument gives others, nothing global is touched."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch

from lossbench.rng import stream, torch_stream


def test_the_numbers_are_pinned() -> None:
    """Every result in every store depends on them."""
    assert stream(1, "order").permutation(8).tolist() == [2, 5, 6, 4, 0, 3, 7, 1]
    with torch_stream(1, "weights"):
        assert torch.randint(1000, (4,)).tolist() == [236, 311, 419, 739]


def test_the_same_arguments_give_the_same_numbers() -> None:
    np.testing.assert_array_equal(stream(3, "order", 7).random(50), stream(3, "order", 7).random(50))


def test_every_argument_matters() -> None:
    arguments = [(1, "order", 0), (2, "order", 0), (1, "split", 0), (1, "order", 1), (11, "order", 0), (1, "order", 10)]
    firsts = {tuple(stream(*each).random(4)) for each in arguments}
    assert len(firsts) == len(arguments)


@pytest.mark.parametrize("seed", [0, -1, 2**63 - 1, 2**80])
def test_any_whole_number_is_a_seed(seed: int) -> None:
    assert 0 <= stream(seed, "order").random() < 1
    with torch_stream(seed, "weights"):
        torch.rand(1)


def test_a_stream_touches_no_global_generator() -> None:
    numpy, python, torchs = np.random.get_state(), random.getstate(), torch.get_rng_state()
    stream(1, "order").random(10)
    assert str(np.random.get_state()) == str(numpy)
    assert random.getstate() == python
    assert torch.equal(torch.get_rng_state(), torchs)


def test_torch_draws_from_the_stream_inside_and_as_before_outside() -> None:
    before = torch.get_rng_state()
    with torch_stream(1, "weights"):
        first = torch.rand(5)
    assert torch.equal(torch.get_rng_state(), before)
    torch.rand(3)
    with torch_stream(1, "weights"):
        again = torch.rand(5)
    with torch_stream(1, "weights", 1):
        other = torch.rand(5)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_the_state_comes_back_after_an_error() -> None:
    before = torch.get_rng_state()
    with pytest.raises(RuntimeError, match="size"), torch_stream(1, "weights"):
        torch.rand(5) @ torch.rand(6)
    assert torch.equal(torch.get_rng_state(), before)
