"""From a text to a function: defaults, ranges, and one sentence for what is wrong."""

from __future__ import annotations

from functools import partial

import pytest
import torch
from losses_makers import batch

from lossbench.errors import RequestError, UnknownNameError
from lossbench.losses import CATALOGUE, Hyperparameter, bind, complete, focal, loss
from lossbench.spec import LossSpec, Value


def test_the_names() -> None:
    assert {"l1", "cross_entropy", "focal"} <= set(CATALOGUE)
    with pytest.raises(TypeError):
        CATALOGUE["new"] = CATALOGUE["l1"]  # type: ignore[index]  # that it cannot be done is what is tested


def test_complete_fills_in_every_default() -> None:
    assert str(complete(LossSpec.parse("focal"))) == "focal(alpha=none, detach=false, gamma=2)"
    assert complete(LossSpec.parse("focal(gamma=2)")) == complete(LossSpec.parse("focal(alpha=none)"))
    assert (
        str(complete(LossSpec.parse("focal(gamma=0.5, alpha=[1, 2])")))
        == "focal(alpha=[1, 2], detach=false, gamma=0.5)"
    )
    assert str(complete(LossSpec.parse("l1"))) == "l1"


def test_a_text_a_spec_and_the_function_are_one() -> None:
    logits, target = batch()
    expected = focal(logits, target, gamma=0.5, alpha=[1.0, 2.0, 3.0])
    spec = LossSpec.parse("focal(gamma=0.5, alpha=[1, 2, 3])")
    for function in (loss(str(spec)), loss(spec), loss(spec, class_counts=[5, 6, 7]), bind(spec, [5, 6, 7])):
        assert torch.equal(function(logits, target), expected)
    assert torch.equal(loss(LossSpec.of("focal", {"gamma": 1}))(logits, target), focal(logits, target, gamma=1.0))


FINITE = "a finite number, a list of them, text, true, false or none"
NUMBER = "a number of at least 0"
KNOWN = ", ".join(sorted(CATALOGUE))
LIST = "a list of such numbers, one per class"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("fokal", f"losses: expected one of {KNOWN}, got fokal (did you mean focal?)"),
        ("crossentropy", f"losses: expected one of {KNOWN}, got crossentropy (did you mean "),
        ("zzz", f"losses: expected one of {KNOWN}, got zzz"),
        ("focal(gama=1)", "losses.focal: expected one of alpha, detach, gamma, got gama (did you mean gamma?)"),
        ("l1(gamma=1)", "losses.l1: expected no hyperparameters, got gamma"),
        ("focal(gamma=-1)", f"losses.focal.gamma: expected {NUMBER}, got -1"),
        ("focal(gamma=-1e-9)", f"losses.focal.gamma: expected {NUMBER}, got -1e-09"),
        ("focal(gamma=two)", f"losses.focal.gamma: expected {NUMBER}, got two"),
        ("focal(gamma=nan)", f"losses.focal.gamma: expected {NUMBER}, got nan"),
        ("focal(gamma=inf)", f"losses.focal.gamma: expected {NUMBER}, got inf"),
        ("focal(gamma=1e999)", f"losses.focal.gamma: expected {FINITE}, got inf"),
        ("focal(gamma=true)", f"losses.focal.gamma: expected {NUMBER}, got true"),
        ("focal(gamma=none)", f"losses.focal.gamma: expected {NUMBER}, got none"),
        ("focal(gamma=[1, 2])", f"losses.focal.gamma: expected {NUMBER}, got [1, 2]"),
        ("focal(alpha=-1)", f"losses.focal.alpha: expected {NUMBER} or {LIST} or none, got -1"),
        ("focal(alpha=[1, -1])", f"losses.focal.alpha: expected {NUMBER} or {LIST} or none, got [1, -1]"),
        ("focal(alpha=[1, 1e999])", f"losses.focal.alpha: expected {FINITE}, got (1.0, inf)"),
        ("focal(alpha=[])", f"losses.focal.alpha: expected {NUMBER} or {LIST} or none, got []"),
        ("focal(alpha=x)", f"losses.focal.alpha: expected {NUMBER} or {LIST} or none, got x"),
    ],
)
def test_a_wrong_request_is_one_sentence(text: str, sentence: str) -> None:
    for ask in (complete, lambda spec: bind(spec, [5, 6, 7]), loss):
        with pytest.raises(RequestError) as error:
            ask(LossSpec.parse(text))
        assert str(error.value).startswith(sentence)
        assert sentence.endswith("did you mean ") or str(error.value) == sentence


def test_an_unknown_loss_carries_the_nearest_names() -> None:
    with pytest.raises(UnknownNameError) as error:
        loss("cross_entropi")
    assert error.value.near == ("cross_entropy",)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_numbers_that_are_none_are_refused_from_python_too(value: float) -> None:
    with pytest.raises(RequestError, match=f"^losses\\.focal\\.gamma: expected {FINITE}, got "):
        complete(LossSpec.of("focal", {"gamma": value}))


@pytest.mark.parametrize("classes", [2, 4])
def test_one_weight_per_class(classes: int) -> None:
    spec = LossSpec.parse("focal(alpha=[1, 2, 3])")
    for ask in (partial(bind, spec, [9] * classes), partial(loss, spec, class_counts=[9] * classes)):
        with pytest.raises(RequestError) as error:
            ask()
        assert str(error.value) == (f"losses.focal.alpha: expected one value per class ({classes}), got [1, 2, 3]")


@pytest.mark.parametrize(
    ("hyperparameter", "allowed", "good", "bad"),
    [
        (Hyperparameter("q", 1.0, "q"), "a number", [-5.0, 0.0, 1e300], ["x", None, True, (1.0,)]),
        (Hyperparameter("q", 1.0, "q", minimum=-1), "a number of at least -1", [-1.0], [-1.01]),
        (Hyperparameter("q", 1.0, "q", maximum=0.5), "a number of at most 0.5", [-9.0, 0.5], [0.6]),
        (
            Hyperparameter("q", 1.0, "q", minimum=0, maximum=1, optional=True),
            "a number of at least 0 and at most 1 or none",
            [0.0, 1.0, None],
            [1.1, -0.1, (0.5,)],
        ),
        (
            Hyperparameter("q", 1.0, "q", maximum=1, per_class=True),
            "a number of at most 1 or a list of such numbers, one per class",
            [0.0, (0.0, 1.0)],
            [(0.0, 1.1), (), None],
        ),
    ],
)
def test_ranges(hyperparameter: Hyperparameter, allowed: str, good: list[Value], bad: list[Value]) -> None:
    assert hyperparameter.allowed == allowed
    for value in good:
        hyperparameter.check("f", value)
    for value in bad:
        with pytest.raises(RequestError) as error:
            hyperparameter.check("f", value)
        assert str(error.value).startswith(f"losses.f.q: expected {allowed}, got ")
