"""A user's own loss: every usual form of one, adapted; and what cannot be trained with, refused in one sentence."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from threading import Lock

import pytest
import torch
from losses_makers import batch
from torch import Tensor, nn
from torch.nn import functional

from lossbench.errors import RequestError, TrialError
from lossbench.losses import bind, complete, cross_entropy, curve, loss, loss_digest
from lossbench.rng import torch_generator
from lossbench.spec import LossSpec

MODULE = "own_losses_of_the_test"
SOURCE = """
from functools import partial
import torch
from torch import nn
from torch.nn import functional as F

def mean(logits, target):
    return F.cross_entropy(logits, target)

def total(logits, target):
    return F.cross_entropy(logits, target, reduction="sum")

def each(logits, target, smoothing=0.0):
    return F.cross_entropy(logits, target, reduction="none", label_smoothing=smoothing)

each_smoothed = partial(each, smoothing=0.2)

def make(smoothing=0.0, reduction="none", terms: int = 1, whole=3):
    assert type(terms) is type(whole) is int
    return nn.CrossEntropyLoss(label_smoothing=smoothing, reduction=reduction)

def weighted(class_counts, num_classes):
    assert num_classes == len(class_counts)
    return nn.CrossEntropyLoss(weight=1 / torch.tensor(class_counts), reduction="none")

def with_counts(logits, target, class_counts):
    return F.cross_entropy(logits, target, reduction="none") * sum(class_counts)

class Annealed(nn.Module):
    def __init__(self, factor=1.0):
        super().__init__()
        self.factor = factor
    def forward(self, logits, target, progress):
        return F.cross_entropy(logits, target, reduction="none") * self.factor * progress

def noisy(logits, target, *, generator):
    noise = torch.rand(len(target), generator=generator)
    return F.cross_entropy(logits, target, reduction="none") * noise

instance = nn.CrossEntropyLoss(reduction="none")
squared_sum = nn.MSELoss(reduction="sum")

class Holder:
    inner = staticmethod(mean)

number = 3

def raises(logits, target):
    raise ValueError("no\\nlogits")

def leaves(logits, target):
    raise SystemExit(2)

def hits(logits, target):
    return (logits.argmax(1) == target).sum()

def detached(logits, target):
    return F.cross_entropy(logits.detach(), target)

def per_class(logits, target):
    return logits.abs()

def too_many(logits, target):
    return F.cross_entropy(logits, target, reduction="none")[:-1]

def a_number(logits, target):
    return 0.5

def infinite(logits, target):
    return logits.sum() / 0

class WithParameters(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))
    def forward(self, logits, target):
        return self.scale * F.cross_entropy(logits, target)

class Remembers(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.zeros(()))
    def forward(self, logits, target):
        losses = F.cross_entropy(logits, target, reduction="none")
        self.mean = 0.9 * self.mean + 0.1 * losses.detach().mean()
        return losses / self.mean

class Counts:
    steps = 0
    def __init__(self):
        self.steps = 0
    def __call__(self, logits, target):
        self.steps += 1
        return F.cross_entropy(logits, target) * self.steps

def one_argument(logits):
    return logits.sum()

def gives_a_number():
    return 3
"""
COUNTS = (50, 20, 10)


@pytest.fixture(autouse=True)
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.syspath_prepend(tmp_path)
    path = tmp_path / f"{MODULE}.py"
    path.write_text(SOURCE)
    yield path
    sys.modules.pop(MODULE, None)


def own(text: str) -> LossSpec:
    return LossSpec.parse(f"{MODULE}:{text}")


LOGITS, TARGET = batch(12)
EXPECTED = functional.cross_entropy(LOGITS, TARGET, reduction="none")
MEAN = EXPECTED.mean().expand(12)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mean", MEAN),
        ("total", MEAN),
        ("each", EXPECTED),
        ("each(smoothing=0.2)", functional.cross_entropy(LOGITS, TARGET, reduction="none", label_smoothing=0.2)),
        ("each_smoothed", functional.cross_entropy(LOGITS, TARGET, reduction="none", label_smoothing=0.2)),
        ("make", EXPECTED),
        ("make(reduction=mean, terms=2, whole=4)", MEAN),
        ("make(reduction=sum)", MEAN),
        ("with_counts", EXPECTED * 80),
        ("Annealed(factor=3)", EXPECTED * 0.75),
        ("instance", EXPECTED),
        ("squared_sum", ((LOGITS - functional.one_hot(TARGET, 3)) ** 2).sum().expand(12) / 12),
        ("Holder.inner", MEAN),
    ],
)
def test_every_usual_form_is_one_value_per_sample(text: str, expected: Tensor) -> None:
    function = bind(own(text), COUNTS)
    value = function(LOGITS, TARGET, progress=0.25)
    torch.testing.assert_close(value, expected)
    assert ("batch" in function.needs) == bool((value == value[0]).all())
    logits = LOGITS.clone().requires_grad_()
    function(logits, TARGET, progress=0.25).mean().backward()  # type: ignore[no-untyped-call]  # torch does not annotate it
    other = LOGITS.clone().requires_grad_()
    if torch.equal(value, EXPECTED) or torch.equal(value, MEAN):
        cross_entropy(other, TARGET).mean().backward()  # type: ignore[no-untyped-call]  # as above
        torch.testing.assert_close(logits.grad, other.grad)


def test_weights_by_class_counts() -> None:
    logits, target = LOGITS.float(), TARGET
    expected = functional.cross_entropy(logits, target, weight=1 / torch.tensor(COUNTS), reduction="none")
    torch.testing.assert_close(bind(own("weighted"), COUNTS)(logits, target), expected)


def test_it_draws_from_the_stream_it_is_given() -> None:
    function = bind(own("noisy"), COUNTS)
    assert function.needs == {"generator"}
    first, again = (function(LOGITS, TARGET, generator=torch_generator(1, "test")) for _ in range(2))
    assert torch.equal(first, again)
    with pytest.raises(RequestError, match=r"^generator: expected a torch\.Generator for own_losses"):
        function(LOGITS, TARGET)


@pytest.mark.parametrize(
    ("text", "received"),
    [
        ("raises", "ValueError: no logits"),
        ("leaves", "SystemExit: 2"),
        ("hits", "torch.int64, which has no gradient"),
        ("detached", "a value that does not depend on the logits (detached, or computed outside torch)"),
        ("per_class", "shape (4, 3), which wants a sum or mean over classes"),
        ("too_many", "shape (3,), neither one value nor one per sample"),
        ("a_number", "something of type float instead of a tensor"),
        ("infinite", "a value that is not finite"),
        ("WithParameters", "one with parameters of its own, which nobody would train"),
        ("Remembers", "one that remembers earlier batches, which a resumed trial could not"),
        ("Counts", "one that remembers earlier batches, which a resumed trial could not"),
        ("gives_a_number", "something of type int"),
        ("instance(reduction=mean)", "an object, which takes no hyperparameters any more"),
    ],
)
def test_what_cannot_be_trained_with_is_refused(text: str, received: str) -> None:
    with pytest.raises(RequestError) as error:
        bind(own(text), COUNTS)
    allowed = "to give the loss of logits (batch, classes) and target (batch,), per sample or as mean or sum"
    assert str(error.value) == f"losses: expected {own(text)} {allowed}, got {received}"


def test_what_is_not_there_is_refused_before_any_data_are_read() -> None:
    for text, received in (
        ("nothing", "AttributeError: module 'own_losses_of_the_test' has no attribute 'nothing'"),
        ("number", "which is of type int"),
    ):
        with pytest.raises(RequestError, match=r"^losses: expected module:callable that can be") as error:
            complete(own(text))
        assert received in str(error.value)
    with pytest.raises(RequestError, match="a Python object of the program that ran it, got python:mine"):
        complete(LossSpec.parse("python:mine"))


def test_an_unknown_hyperparameter_is_named_with_its_neighbours() -> None:
    with pytest.raises(RequestError, match=r"did you mean smoothing\?"):
        bind(own("each(smoothin=0.1)"), COUNTS)


def test_a_wrong_shape_in_the_middle_of_training_is_told() -> None:
    def shrinks(logits: Tensor, target: Tensor) -> Tensor:
        losses = functional.cross_entropy(logits, target, reduction="none")
        return losses[:-1] if len(target) == 12 else losses

    function = bind(LossSpec.of_callable(shrinks), COUNTS)
    with pytest.raises(TrialError, match=r"^python:shrinks, asked for the loss of 12 samples, gave shape \(11,\)"):
        function(LOGITS, TARGET)


def test_it_can_be_drawn() -> None:
    drawn = curve(bind(own("mean"), COUNTS), 3)
    expected = curve(loss("cross_entropy"), 3)
    assert drawn.value == pytest.approx(expected.value, rel=1e-4, abs=1e-6)
    assert drawn.gradient == pytest.approx(expected.gradient, rel=1e-4, abs=1e-6)


def test_an_edited_source_has_another_digest(module: Path) -> None:
    before = loss_digest(own("mean"))
    assert loss_digest(own("mean(x=1)")) == before
    module.write_text(SOURCE + "# edited\n")
    assert loss_digest(own("mean")) != before
    assert loss_digest(LossSpec("focal")) is None


def smoothed(epsilon: float, weights: Tensor | None = None) -> Callable[[Tensor, Tensor], Tensor]:
    def mine(logits: Tensor, target: Tensor) -> Tensor:
        return functional.cross_entropy(logits, target, weight=weights, label_smoothing=epsilon)

    return mine


class Scaled(nn.Module):
    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor
        self.weights = nn.Buffer(torch.ones(3))

    def forward(self, logits: Tensor, target: Tensor) -> Tensor:
        return self.factor * functional.cross_entropy(logits, target)


def digest(function: Callable[..., object]) -> str | None:
    return loss_digest(LossSpec.of_callable(function, name="mine"))


def test_python_objects_are_told_apart_by_source_and_settings() -> None:
    edited = Scaled(2.0)
    edited.weights[0] = 5
    objects: list[Callable[..., object]] = [
        smoothed(0.1),
        smoothed(0.2),
        smoothed(0.1, torch.ones(3)),
        smoothed(0.1, torch.zeros(3)),
        Scaled(1.0),
        Scaled(2.0),
        edited,
        Scaled,
        Scaled(1.0).forward,
        partial(smoothed(0.1)),
        nn.CrossEntropyLoss(),
        nn.CrossEntropyLoss(label_smoothing=0.1),
    ]
    digests = [digest(item) for item in objects]
    assert len(set(digests)) == len(objects)
    assert digest(smoothed(0.1)) == digests[0]
    assert digest(Scaled(2.0)) == digests[5]


def test_settings_that_cannot_be_told_apart_are_refused() -> None:
    strange = Scaled(1.0)
    vars(strange)["lock"] = Lock()
    with pytest.raises(RequestError, match=r"settings are numbers, text, tensors, .* got one of type lock"):
        digest(strange)


def test_what_can_be_imported_is_known_by_its_path() -> None:
    assert str(LossSpec.of_callable(functional.cross_entropy)) == "torch.nn.functional:cross_entropy"
    assert LossSpec.of_callable(nn.CrossEntropyLoss).function is None
    assert str(LossSpec.of_callable(nn.CrossEntropyLoss())) == "python:CrossEntropyLoss"
    assert str(LossSpec.of_callable(smoothed(0.1))) == "python:mine"
    with pytest.raises(RequestError, match="a loss with a name"):
        LossSpec.of_callable(lambda logits, target: 0)
