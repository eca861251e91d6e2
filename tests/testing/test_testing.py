"""`check_loss` fails a test where the audit finds a fault, and says which, in words."""

from __future__ import annotations

import subprocess
import sys
import unittest
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

import lossbench
from lossbench.errors import RequestError, UnknownNameError
from lossbench.nn import CLASSES, FocalLoss
from lossbench.testing import check_loss


def log_of_softmax(logits: Tensor, target: Tensor) -> Tensor:
    """Infinite where p underflows."""
    return -logits.softmax(1).gather(1, target.unsqueeze(1)).squeeze(1).log()


def half(logits: Tensor, target: Tensor) -> Tensor:
    return 0.5 * functional.cross_entropy(logits, target, reduction="none")


def test_a_sound_loss_passes_and_gives_its_audit() -> None:
    found = check_loss(nn.CrossEntropyLoss(label_smoothing=0.1))
    assert found.identical == "label_smoothing"
    assert found.to_json() == lossbench.audit(nn.CrossEntropyLoss(label_smoothing=0.1)).to_json()


def test_a_broken_one_fails_with_every_reason_and_only_those() -> None:
    with pytest.raises(AssertionError) as failed:
        check_loss(log_of_softmax)
    head, *lines = str(failed.value).splitlines()
    wrong = lossbench.audit(log_of_softmax).failed()
    assert head.startswith("test_testing:log_of_softmax: ")
    assert head.endswith("did not pass")
    assert lines == [f"  fail  {check.name}: {check.reason}" for check in wrong]
    assert any("extreme logits" in line and "infinite" in line for line in lines)


def test_what_is_allowed_does_not_fail() -> None:
    names = [check.name for check in lossbench.audit(log_of_softmax).failed()]
    assert check_loss(log_of_softmax, allow=names).outcome == "fail"
    with pytest.raises(AssertionError, match=names[0]):
        check_loss(log_of_softmax, allow=names[1:])


def test_a_warning_fails_where_it_is_asked_to() -> None:
    assert check_loss(half).outcome == "warn"
    with pytest.raises(AssertionError, match=r"\n  warn  catalogue: it is 0.5 times cross_entropy"):
        check_loss(half, warnings=True)
    check_loss(half, warnings=True, allow="catalogue")


def test_the_name_of_no_check_is_refused() -> None:
    with pytest.raises(UnknownNameError, match=r"^allow: expected one of .*gradcheck.*did you mean gradcheck"):
        check_loss(half, allow=["gradchek"])


def test_what_is_declared_is_no_fault() -> None:
    def detached(logits: Tensor, target: Tensor) -> Tensor:
        each = functional.cross_entropy(logits, target, reduction="none")
        return (1 - (-each.detach()).exp()) * each

    with pytest.raises(AssertionError, match="a factor is detached"):
        check_loss(detached)
    check_loss(detached, declared=["detached"])


class TestNumberOfClasses:
    def test_a_loss_of_five_classes_is_examined_for_five(self) -> None:
        weighted = nn.CrossEntropyLoss(torch.arange(1.0, 6.0), reduction="none")
        with pytest.raises(AssertionError, match="call: cannot be trained with"):
            check_loss(weighted)
        found = check_loss(weighted, num_classes=5, allow=["permutation of classes"])
        reasons = {check.name: check.reason for check in found.checks}
        assert reasons["1000 classes"] == "not asked: it is examined as a loss of 5 classes"

    @pytest.mark.parametrize("number", [2, 3, 4, 7, 30])
    def test_any_number_finds_the_same_of_cross_entropy(self, number: int) -> None:
        found = check_loss(functional.cross_entropy, num_classes=number)
        assert found.identical == "cross_entropy"
        assert found.outcome == "pass"

    @pytest.mark.parametrize("number", [2, 5])
    def test_faults_are_found_there_too(self, number: int) -> None:
        with pytest.raises(AssertionError, match="extreme logits"):
            check_loss(log_of_softmax, num_classes=number)

    @pytest.mark.parametrize("number", [1, 0, -2, True, 1001])
    def test_others_are_refused(self, number: int) -> None:
        with pytest.raises(RequestError, match=r"^num_classes: expected a whole number from 2 to 1000, got"):
            check_loss(half, num_classes=number)


@pytest.mark.parametrize("name", CLASSES)
def test_the_modules_of_the_catalogue_pass(name: str) -> None:
    """As classes: what they need is handed to them, as to a loss of one's own."""
    cls = CLASSES[name]
    facts = {"dead": cls.card.properties.dead_region, "batch": "batch" in cls.card.needs}
    # some hyperparameters have their effect elsewhere than where an audit of unknown losses looks, and of one sample
    # alone, which a mean is asked for, the peer is that sample
    allow = ["hyperparameters", *(["direction"] if name == "PeerLoss" else [])]
    check_loss(cls, declared=[fact for fact, holds in facts.items() if holds], allow=allow)


def test_modules_with_options_of_torch_pass() -> None:
    check_loss(FocalLoss(torch.full((10,), 2.0), reduction="none"), num_classes=10)
    check_loss(lossbench.nn.Poly1Loss(label_smoothing=0.1))
    check_loss(lossbench.nn.LDAMLoss(class_counts=[9, 5, 3], reduction="none"), num_classes=3, allow=PERMUTED)


PERMUTED = ("permutation of classes",)
"""Counts that a module holds do not move with the classes."""


def test_it_serves_unittest() -> None:
    class Case(unittest.TestCase):
        def runTest(self) -> None:  # noqa: N802 - unittest calls it so
            check_loss(log_of_softmax)

    result = Case().run()
    assert result is not None
    assert len(result.failures) == 1
    assert result.errors == []
    assert "extreme logits" in result.failures[0][1]


def test_a_test_file_of_a_user(tmp_path: Path) -> None:
    source = "from lossbench.testing import check_loss\n\n\ndef test_mine():\n    check_loss('focal')\n"
    (tmp_path / "test_mine.py").write_text(source, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path / "test_mine.py")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout
