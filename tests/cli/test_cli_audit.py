"""`lossbench audit`: what it prints, and how it ends."""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from cli_runner import Runner
from lossbench.cli.show_audit import audit_json, show_audit
from lossbench.losses.audit import DECLARATIONS, Audit, Check

MODULE = "own_losses_to_audit"
SOURCE = """
from torch import nn
from torch.nn import functional as F

print("imported")

def small(logits, target):
    print("called")
    return 0.05 * F.cross_entropy(logits, target)

def detached(logits, target):
    p = logits.softmax(1).gather(1, target.unsqueeze(1)).squeeze(1)
    return (1 - p.detach()) ** 2 * F.cross_entropy(logits, target, reduction="none")

def over_classes(logits, target):
    return -(F.one_hot(target, logits.shape[1]) * logits.log_softmax(1)).mean()

def raising(logits, target):
    raise ValueError("not today [/red]")

class Smoothed(nn.Module):
    def __init__(self, epsilon=0.1):
        super().__init__()
        self.epsilon = epsilon
    def forward(self, logits, target):
        return F.cross_entropy(logits, target, label_smoothing=self.epsilon)
"""


@pytest.fixture(autouse=True)
def module(here: Path) -> Iterator[None]:
    (here / f"{MODULE}.py").write_text(SOURCE)
    yield
    sys.modules.pop(MODULE, None)


def outcomes(out: str) -> list[str]:
    """The first word of every check's line."""
    return re.findall(r"^(pass|warn|fail)  ", out, re.MULTILINE)


def test_a_loss_of_the_catalogue_passes(lossbench: Runner) -> None:
    done = lossbench("audit", "focal(gamma=0.5)")
    assert (done.code, done.err) == (0, "")
    head, *_, last = done.out.splitlines()
    assert head.startswith(
        "focal(alpha=none, detach=false, gamma=0.5): gives one value per sample, takes class indices"
    )
    found = outcomes(done.out)
    assert len(found) > 15
    warned = found.count("warn")  # none but torch.compile, whose graph the tests' checks of shapes break
    assert (warned, "fail" in found) == (len(re.findall(r"^warn  torch.compile ", done.out, re.MULTILINE)), False)
    counts = f"({len(found) - warned} pass, {warned} warn, 0 fail)"
    assert last.startswith(f"verdict: {'warn' if warned else 'pass'} {counts}; gradient scale 1.0")
    assert re.search(r"^pass  extreme logits +value and gradient are finite", done.out, re.MULTILINE)


def test_a_warning_is_no_failure_and_the_loss_it_is_is_named(lossbench: Runner) -> None:
    done = lossbench("audit", f"{MODULE}:small")
    assert done.code == 0
    assert done.out.startswith(f"{MODULE}:small: gives the mean over the batch")
    found = outcomes(done.out)
    warned = found.count("warn")
    assert warned >= 2
    assert f"verdict: warn ({len(found) - warned} pass, {warned} warn, 0 fail)" in done.out
    assert "gradient scale 0.05 (cross entropy has 1), learning-rate factor 20; it is 0.05 times" in done.out


def test_a_failure_is_exit_code_1_unless_it_was_declared(lossbench: Runner) -> None:
    done = lossbench("audit", f"{MODULE}:detached")
    assert done.code == 1
    assert re.search(r"^fail  whole expression .*a factor is detached *$", done.out, re.MULTILINE)
    assert re.search(r"^verdict: fail \(\d+ pass, \d+ warn, [12] fail\)", done.out, re.MULTILINE)
    declared = lossbench("audit", f"{MODULE}:detached", "--declare", "dead, detached")
    assert declared.code == 0
    assert re.search(r"^pass  whole expression +as declared: ", declared.out, re.MULTILINE)


def test_a_factor_that_goes_with_the_classes_is_said_in_the_verdict(lossbench: Runner) -> None:
    last = lossbench("audit", f"{MODULE}:over_classes").out.splitlines()[-1]
    assert "; it is cross_entropy / K" in last


def test_hyperparameters_of_an_own_loss(lossbench: Runner) -> None:
    done = lossbench("audit", f"{MODULE}:Smoothed(epsilon=0.1)")
    assert done.code == 0
    assert done.out.startswith(f"{MODULE}:Smoothed(epsilon=0.1): ")
    assert done.out.endswith("; it is label_smoothing\n")


def test_what_cannot_be_called_is_a_failure_with_its_words(lossbench: Runner) -> None:
    done = lossbench("audit", f"{MODULE}:raising")
    assert done.code == 1
    assert outcomes(done.out) == ["fail"]
    assert "ValueError: not today [/red]" in done.out
    assert done.out.endswith("verdict: fail (0 pass, 0 warn, 1 fail)\n")


def test_json_is_all_that_goes_to_standard_output(lossbench: Runner) -> None:
    done = lossbench("audit", f"{MODULE}:small", "--json")
    assert done.code == 0
    values = json.loads(done.out)
    assert (values["loss"], values["outcome"], values["identical"]) == (
        f"{MODULE}:small", "warn", "0.05 times cross_entropy"
    )  # fmt: skip
    assert values["learning_rate_factor"] == pytest.approx(20)
    assert {check["outcome"] for check in values["checks"]} == {"pass", "warn"}
    assert {"imported", "called"} <= set(done.err.split())
    assert lossbench("audit", f"{MODULE}:raising", "--json").code == 1


def test_what_is_not_finite_is_null_and_not_said() -> None:
    found = Audit("x", "none", "indices", math.nan, "", (Check("gradient scale", "warn", "nan times"),))
    values = json.loads(audit_json(found), parse_constant=pytest.fail)
    assert (values["gradient_scale"], values["learning_rate_factor"]) == (None, None)
    file = StringIO()
    show_audit(Console(file=file, width=100), found)
    assert file.getvalue().endswith("verdict: warn (0 pass, 1 warn, 0 fail)\n")


def test_a_terminal_has_colours_beside_the_words() -> None:
    checks = (Check("one", "pass", "fine"), Check("two", "warn", "odd"), Check("three", "fail", "broken"))
    file = StringIO()
    console = Console(file=file, width=80, force_terminal=True, color_system="standard", no_color=False)
    show_audit(console, Audit("x", "sum", "one-hot", 2.0, "", checks))
    for code, word in (("32", "pass"), ("33", "warn"), ("1;31", "fail")):
        assert f"\x1b[{code}m{word}" in file.getvalue()
    plain = StringIO()
    show_audit(Console(file=plain, width=80), Audit("x", "sum", "one-hot", 2.0, "", checks))
    assert "\x1b" not in plain.getvalue()
    assert outcomes(plain.getvalue()) == ["pass", "warn", "fail"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("focl",), ("LOSS: expected one of ", "did you mean focal?")),
        (("focal(gama=1)",), ("losses.focal: expected one of alpha, detach, gamma, got gama",)),
        (("focal,gce",), ("LOSS: expected one loss, got focal,gce",)),
        (("",), ("LOSS: expected at least one loss",)),
        ((f"{MODULE}:nothing",), ("LOSS: expected module:callable that can be imported from here", "nothing")),
        (("focal", "--declare", "all"), (f"--declare: expected some of {', '.join(DECLARATIONS)}, got all",)),
        (("focal", "--num-classes", "1"), ("--num-classes: expected a whole number from 2 to 1000, got 1",)),
        (("focal", "--num-classes", "ten"), ("--num-classes", "a valid integer")),
        ((), ("Missing argument",)),
    ],
)
def test_a_wrong_request_is_one_sentence(lossbench: Runner, arguments: tuple[str, ...], words: tuple[str, ...]) -> None:
    done = lossbench("audit", *arguments)
    assert (done.code, done.out) == (2, "")
    for word in words:
        assert word in done.err


def test_the_help_names_every_declaration(lossbench: Runner) -> None:
    text = lossbench("audit", "--help").out
    for name in DECLARATIONS:
        assert f"{name} (" in " ".join(text.split())


def test_a_loss_of_one_number_of_classes_is_examined_for_that_number(lossbench: Runner) -> None:
    done = lossbench("audit", "focal(alpha=[1, 2, 3])", "--num-classes", "3")
    assert done.code == 0, done.out + done.err
    assert "not asked: it is examined as a loss of 3 classes" in done.out
    assert lossbench("audit", "focal(alpha=[1, 2, 3])").code == 1
