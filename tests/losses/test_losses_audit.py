"""The audit finds what is broken, lets pass what is sound, and says what a loss is."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional
from zoo import SOUND, ZOO, detached_factor, normalised_over_the_batch

from lossbench.errors import RequestError
from lossbench.losses import CATALOGUE
from lossbench.losses.audit import Audit, Check, audit
from lossbench.spec import LossSpec

ALSO = ("focal(detach=true)", "focal(gamma=0.5)")


def named(found: Audit, name: str) -> Check:
    return next(check for check in found.checks if check.name == name)


@pytest.mark.parametrize("loss", ZOO, ids=lambda loss: loss.__name__)
def test_every_loss_of_the_zoo_is_found(loss: Callable[..., object]) -> None:
    name, outcome, words = ZOO[loss]
    found = audit(loss)
    check = named(found, name)
    assert check.outcome == outcome
    assert words in check.reason
    assert found.outcome in (outcome, "fail")


@pytest.mark.parametrize("loss", SOUND, ids=lambda loss: getattr(loss, "__name__", str(loss)))
def test_sound_losses_do_not_fail(loss: object) -> None:
    found = audit(loss)
    assert not found.failed(), str(found)


@pytest.mark.parametrize("name", [*sorted(CATALOGUE), *ALSO])
def test_every_loss_of_the_catalogue_passes_its_own_audit(name: str) -> None:
    found = audit(name)
    assert not found.failed(), str(found)
    assert found.gradient_scale


def test_what_is_declared_is_no_fault() -> None:
    for loss, declaration, check in (
        (detached_factor, "detached", "whole expression"),
        (normalised_over_the_batch, "batch", "samples"),
    ):
        assert named(audit(loss), check).outcome == "fail"
        declared = named(audit(loss, declared=[declaration]), check)
        assert declared.outcome == "pass"
        assert declared.reason.startswith("as declared: ")
    with pytest.raises(RequestError, match=r"^--declare: expected some of batch, detached, dead, got everything$"):
        audit(detached_factor, declared=["everything"])


@pytest.mark.parametrize(
    ("loss", "identical"),
    [
        (functional.cross_entropy, "cross_entropy"),
        (nn.CrossEntropyLoss(label_smoothing=0.1), "label_smoothing"),
        (nn.BCEWithLogitsLoss(reduction="sum"), "bce"),
        (nn.MSELoss, "mse(mean=true)"),
    ],
)
def test_it_says_which_loss_it_is(loss: object, identical: str) -> None:
    found = audit(loss)
    assert found.identical == identical
    assert named(found, "catalogue").reason == f"it is {identical}"


def test_a_factor_is_said_and_how_to_make_up_for_it() -> None:
    def small(logits: Tensor, target: Tensor) -> Tensor:
        return 0.05 * functional.cross_entropy(logits, target)

    found = audit(small)
    assert found.identical == "0.05 times cross_entropy"
    assert found.gradient_scale == pytest.approx(0.05)
    assert found.learning_rate_factor == pytest.approx(20)
    assert named(found, "gradient scale").outcome == "warn"


def test_an_own_invention_is_no_loss_of_the_catalogue() -> None:
    def invention(logits: Tensor, target: Tensor) -> Tensor:
        losses = functional.cross_entropy(logits, target, reduction="none")
        return losses + 0.3 * losses.square()

    found = audit(invention)
    assert found.identical == ""
    assert not found.failed(), str(found)


def test_what_it_is_told_from() -> None:
    assert audit(nn.MSELoss).target == "one-hot"
    assert (audit(functional.cross_entropy).target, audit(functional.cross_entropy).reduction) == ("indices", "mean")
    assert audit("focal").reduction == "none"


def test_it_is_plain_json() -> None:
    values = json.loads(json.dumps(audit(functional.cross_entropy).to_json()))
    assert values["outcome"] in ("pass", "warn")
    assert values["checks"][0] == {"name": "reduction", "outcome": "pass", "reason": "the mean over the batch"}


def test_it_leaves_torch_as_it_was() -> None:
    before = torch.get_rng_state(), torch.is_grad_enabled(), torch.get_default_dtype()
    audit("focal")
    assert torch.equal(torch.get_rng_state(), before[0])
    assert (torch.is_grad_enabled(), torch.get_default_dtype()) == before[1:]


def test_an_unknown_loss_is_refused() -> None:
    with pytest.raises(RequestError, match="losses: expected one of"):
        audit("fokal")
    with pytest.raises(RequestError, match="module:callable that can be imported"):
        audit(LossSpec.parse("no_such_module:loss"))
