"""`module:callable`: a model of the user's, found in the working directory, tried, and known by its source."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from lossbench.errors import RequestError
from lossbench.models import build, check_model, model_digest

MODULE = "mymodels_of_the_test"
SOURCE = """
from functools import partial
from torch import nn

class Net(nn.Module):
    def __init__(self, num_classes, in_channels, width=4):
        super().__init__()
        self.norm = nn.BatchNorm2d(in_channels)
        self.head = nn.LazyLinear(num_classes) if width < 0 else nn.Linear(in_channels, num_classes)
    def forward(self, x):
        return self.head(self.norm(x).mean((2, 3)))

def function(num_classes, in_channels):
    return Net(num_classes, in_channels).eval()

part = partial(Net, width=5)
number = 5

def one_short(num_classes, in_channels):
    return Net(num_classes - 1, in_channels)

def raises(num_classes, in_channels):
    raise RuntimeError("two\\nlines")

def fails_forward(num_classes, in_channels):
    return nn.Linear(99, num_classes)

def no_module(num_classes, in_channels):
    return [1]

def other_arguments(classes):
    return Net(classes, 1)

def all_frozen(num_classes, in_channels):
    return Net(num_classes, in_channels).requires_grad_(False)

def in_float64(num_classes, in_channels):
    return Net(num_classes, in_channels).double()

class WithExtraState(Net):
    def get_extra_state(self):
        return 1

def exits(num_classes, in_channels):
    raise SystemExit(0)

def gives_a_pair(num_classes, in_channels):
    class Pair(Net):
        def forward(self, x):
            return x, x
    return Pair(num_classes, in_channels)
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The module in the working directory, forgotten afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry])
    path = tmp_path / f"{MODULE}.py"
    path.write_text(SOURCE, encoding="utf-8")
    yield path
    sys.modules.pop(MODULE, None)
    sys.path_importer_cache.pop(str(tmp_path), None)


def make(name: str) -> torch.nn.Module:
    return build(f"{MODULE}:{name}", 3, 2, (6, 5), seed=1)


def refused(name: str) -> str:
    with pytest.raises(RequestError) as error:
        build(name, 3, 2, (6, 5), seed=1)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize("name", ["Net", "function", "part"])
def test_it_is_built(module: Path, name: str) -> None:
    path = list(sys.path)
    check_model(f"{MODULE}:{name}")
    model = make(name)
    assert model(torch.rand(4, 2, 6, 5)).shape == (4, 3)
    assert sys.path == path


def test_it_stays_in_the_mode_it_was_given_in(module: Path) -> None:
    assert make("Net").training
    assert not make("function").training


def test_the_trial_run_leaves_no_trace(module: Path) -> None:
    state = make("Net").state_dict()
    assert state["norm.num_batches_tracked"].item() == 0
    before = torch.get_rng_state()
    again = make("Net").state_dict()
    assert all(torch.equal(state[key], again[key]) for key in state)
    assert torch.equal(torch.get_rng_state(), before)


def test_weights_are_of_the_seed(module: Path) -> None:
    one, two = (build(f"{MODULE}:Net", 3, 2, (6, 5), seed).state_dict()["head.weight"] for seed in (1, 2))
    assert not torch.equal(one, two)


ALLOWED = "models: expected {} to give a torch.nn.Module with 3 logits for 2×6×5 pictures, got "


@pytest.mark.parametrize(
    ("name", "received"),
    [
        ("one_short", "outputs of shape (2, 2) for two pictures"),
        ("raises", "RuntimeError: two lines"),
        ("fails_forward", "RuntimeError: mat1 and mat2 shapes cannot be multiplied"),
        ("no_module", "list"),
        ("other_arguments", "TypeError: other_arguments() got an unexpected keyword argument 'num_classes'"),
        ("gives_a_pair", "AttributeError: 'tuple' object has no attribute 'shape'"),
    ],
)
def test_a_callable_that_gives_no_such_model(module: Path, name: str, received: str) -> None:
    assert refused(f"{MODULE}:{name}").startswith(ALLOWED.format(f"{MODULE}:{name}") + received)


def test_the_generator_comes_back_after_an_error(module: Path) -> None:
    before = torch.get_rng_state()
    refused(f"{MODULE}:raises")
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        (f"{MODULE}:nothing", "AttributeError: module"),
        ("no_such_module_at_all:Net", "ModuleNotFoundError: No module named 'no_such_module_at_all'"),
        (":Net", "ValueError: Empty module name"),
        (f"{MODULE}:", "AttributeError: module"),
        (f"./{MODULE}.py:Net", "TypeError: "),
        (":", "ValueError: Empty module name"),
    ],
)
def test_what_cannot_be_imported(module: Path, name: str, why: str) -> None:
    text = refused(name)
    assert text.startswith(f"models: expected module:callable that can be imported from here, got {name} ({why}")
    with pytest.raises(RequestError):
        check_model(name)


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("def (", "SyntaxError: "),
        ("raise ValueError('at import')", "ValueError: at import"),
        ("import nothing_here", ""),
    ],
)
def test_a_module_that_fails_while_it_is_imported(module: Path, source: str, why: str) -> None:
    module.write_text(source, encoding="utf-8")
    text = refused(f"{MODULE}:Net")
    assert text.startswith(f"models: expected module:callable that can be imported from here, got {MODULE}:Net ({why}")


def test_a_module_that_exits_while_it_is_imported(module: Path) -> None:
    module.write_text("raise SystemExit(3)", encoding="utf-8")
    assert "(SystemExit: 3)" in refused(f"{MODULE}:Net")


def test_what_is_not_callable(module: Path) -> None:
    expected = (
        f"models: expected module:callable that can be imported from here, got {MODULE}:number, which is of type int"
    )
    assert refused(f"{MODULE}:number") == expected


def reread(module: Path, source: str) -> None:
    """What a later start of the program would see."""
    module.write_text(source, encoding="utf-8")
    sys.modules.pop(MODULE, None)


@pytest.mark.parametrize("name", ["Net", "function", "part"])
def test_the_digest_is_that_of_the_source(module: Path, name: str) -> None:
    first = model_digest(f"{MODULE}:{name}")
    assert first == model_digest(f"{MODULE}:{name}")
    assert first is not None
    assert len(first) == 32
    reread(module, SOURCE.replace("mean((2, 3))", "amax((2, 3))"))
    edited = model_digest(f"{MODULE}:{name}")
    assert edited != first
    reread(module, SOURCE)
    assert model_digest(f"{MODULE}:{name}") == first


@pytest.mark.parametrize(
    ("name", "received"),
    [
        ("all_frozen", "a model without a parameter that can be trained"),
        ("in_float64", "a model with parameters that are not float32"),
        ("WithExtraState", "a model with an extra state, which a checkpoint cannot hold"),
        ("exits", "SystemExit: 0"),
    ],
)
def test_a_model_that_could_not_be_trained_or_resumed(module: Path, name: str, received: str) -> None:
    assert refused(f"{MODULE}:{name}").endswith(f"got {received}")


def test_a_model_of_the_script_itself_is_refused() -> None:
    with pytest.raises(RequestError, match="also by a worker process, got __main__:Net"):
        check_model("__main__:Net")
