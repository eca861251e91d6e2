"""`lossbench run --until-decided`: what it says at each look, when it ends, and what it refuses."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from cli_runner import Runner

pytestmark = pytest.mark.usefixtures("blank_figures")

UNTIL = ("--model", "mlp", "--executor", "inline", "--losses", "l1,cross_entropy", "--until-decided")


def planned(here: Path) -> dict[str, object]:
    study = yaml.safe_load((here / "log/studies/digits-mlp/study.yaml").read_text(encoding="utf-8"))
    return {"seeds": study["seeds"], "max_seeds": study["plan"]["max_seeds"]}


def test_it_looks_until_everything_is_decided(lossbench: Runner, here: Path) -> None:
    """L1 on logits is at chance on digits and cross entropy far above it: no look but the first can miss that."""
    done = lossbench("run", *UNTIL, "--epochs", "4")
    assert done.code == 0, done.err
    looks = re.findall(r"^look at (\d+) seeds: (.*)$", done.out, re.MULTILINE)
    assert looks[-1][1] == "everything is decided"
    assert [int(seeds) for seeds, _ in looks] == [3, 5, 8, 12, 18, 30][: len(looks)]
    assert all("not decided: which loss is best; the next look is at" in words for _, words in looks[:-1])
    assert planned(here) == {"seeds": list(range(1, int(looks[-1][0]) + 1)), "max_seeds": 30}
    assert len(list((here / "log/trials").iterdir())) == 2 * int(looks[-1][0])
    again = lossbench("run", *UNTIL, "--epochs", "4")
    assert f"look at {looks[-1][0]} seeds: everything is decided" in again.out
    assert "nothing to train" in again.out


def test_it_ends_at_the_most_seeds_and_says_what_is_open(lossbench: Runner, here: Path) -> None:
    (here / "study.yaml").write_text(
        "plan: {hypotheses: ['test.accuracy: cross_entropy ~ focal within 0.0001']}\n", encoding="utf-8"
    )
    arguments = ("--model", "mlp", "--executor", "inline", "--losses", "cross_entropy,focal", "--epochs", "1")
    done = lossbench("run", "study.yaml", *arguments, "--until-decided", "--max-seeds", "4")
    assert done.code == 0, done.err
    open_ = "test.accuracy: cross_entropy ~ focal within 0.0001 and which loss is best"
    assert f"look at 3 seeds: not decided: {open_}; no further look is allowed" in done.out
    assert planned(here) == {"seeds": [1, 2, 3], "max_seeds": 4}


def test_a_dry_run_names_the_looks_and_lists_the_most(lossbench: Runner, here: Path) -> None:
    done = lossbench("run", *UNTIL, "--max-seeds", "5", "--dry-run")
    assert done.code == 0, done.err
    assert "until decided: looks at 3 and 5 seeds; what is listed is the most that may be trained" in done.out
    assert "10 trials to train" in done.out
    assert list(here.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--seeds", "5"], "--seeds: expected nothing beside --until-decided, which adds seeds itself, got 5"),
        (["--max-seeds", "2"], "--max-seeds: expected a number of at least 3, got 2"),
        (["--max-seeds", "31"], "--max-seeds: expected a number of at most 30, got 31"),
        (["--max-seeds", "many"], "--max-seeds: expected a whole number, got many"),
    ],
)
def test_it_refuses(lossbench: Runner, here: Path, arguments: list[str], complaint: str) -> None:
    done = lossbench("run", *UNTIL, *arguments)
    assert (done.code, complaint in done.err) == (2, True), done.err
    assert list(here.iterdir()) == []


def test_the_most_seeds_alone_mean_nothing(lossbench: Runner) -> None:
    done = lossbench("run", "--max-seeds", "5")
    assert done.code == 2
    assert "--max-seeds: expected --until-decided beside it, got 5 alone" in done.err


def test_hypotheses_that_will_not_be_tested_are_named_before_anything_is_trained(lossbench: Runner) -> None:
    quick = ("--data", "digits", "--model", "mlp", "--epochs", "1", "--executor", "inline")
    done = lossbench("run", "--preset", "course-report", *quick, "--losses", "cross_entropy", "--dry-run")
    assert "not tested: 6 hypotheses (l1 is not in the study)" in done.out
    assert "(focal(gamma=2) and focal(gamma=0.5) are not in the study)" in done.out
    assert "not tested: test.accuracy: focal(gamma=0.5) > focal(gamma=2) (" in done.out
    assert "train.loss: cross_entropy falls" not in done.out
