"""`lossbench merge`: what it says and with which code it ends."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from cli_runner import Runner

pytestmark = pytest.mark.usefixtures("blank_figures")

SMALL = ("--model", "mlp", "--losses", "cross_entropy,l1", "--seeds", "2", "--epochs", "1", "--executor", "inline")


@pytest.fixture
def parts(lossbench: Runner, here: Path) -> Path:
    """Two parts of a study in `job1` and `job2`."""
    for part in ("1", "2"):
        assert lossbench("run", *SMALL, "--shard", f"{part}/2", "--save-dir", f"job{part}").code == 0
    return here


def test_two_parts_have_the_answer_of_the_whole(lossbench: Runner, parts: Path) -> None:
    whole = lossbench("run", *SMALL, "--save-dir", "whole")
    done = lossbench("merge", "both", "job1", "job2")
    assert done.code == 0, done.err
    lines = done.out.splitlines()
    assert lines[:2] == ["both: 4 trials copied", "digits-mlp: all 4 trials are there"]
    assert lines[-1] == "report: both/studies/digits-mlp/report.html"
    told = whole.out.splitlines()
    assert lines[2:-1] == told[-len(lines[2:]) : -1]
    assert "4 trials, 4 finished" in lossbench("status", "both", "--verify").out
    assert lossbench("prune", "both").out == "nothing to delete\n"


def test_what_is_missing_is_said(lossbench: Runner, parts: Path) -> None:
    done = lossbench("merge", "both", "job1")
    assert done.code == 0, done.err
    go_on = "`lossbench run both/studies/digits-mlp/study.yaml --save-dir both` trains them"
    said = ["both: 2 trials copied", f"digits-mlp: 2 of 4 trials missing or failed; {go_on}"]
    assert done.out.splitlines()[:2] == said
    again = lossbench("merge", "both", "job1", "job2")
    assert again.out.splitlines()[0] == "both: 2 trials copied; 2 were there"


def test_what_is_missing_can_be_trained_there(lossbench: Runner, parts: Path) -> None:
    lossbench("merge", "both", "job1")
    done = lossbench("run", "both/studies/digits-mlp/study.yaml", "--save-dir", "both", "--executor", "inline")
    assert done.code == 0, done.err
    assert "digits-mlp: 2 of 4 trials to train" in done.out


def test_what_failed_for_good_is_trained_by_another_command(lossbench: Runner, here: Path) -> None:
    raises = (
        "def bad(logits, target):\n    assert len(target) <= 30  # no more are tried before\n    return logits.sum(1)\n"
    )
    (here / "merge_loss.py").write_text(raises, encoding="utf-8")
    options = ("--model", "mlp", "--losses", "merge_loss:bad,l1", "--seeds", "1", "--epochs", "1")
    lossbench("run", *options, "--executor", "inline", "--save-dir", "job1")
    done = lossbench("merge", "both", "job1")
    go_on = "`lossbench run both/studies/digits-mlp/study.yaml --save-dir both --retry-failed` trains them"
    assert f"digits-mlp: 1 of 2 trials missing or failed; {go_on}" in done.out


def test_a_damaged_trial_is_named_and_exit_code_1(lossbench: Runner, parts: Path) -> None:
    file = sorted(parts.glob("job2/trials/*/history.csv"))[0]
    file.write_text("no")
    done = lossbench("merge", "both", "job1", "job2")
    assert done.code == 1
    place = f"job2/trials/{file.parent.name}"
    assert f"damaged, and not copied: {place}: {place}/history.csv is missing or damaged" in done.out
    assert "digits-mlp: 1 of 4 trials missing or failed" in done.out


def test_other_results_are_said_and_no_error(lossbench: Runner, parts: Path) -> None:
    shutil.copytree(parts / "job1", parts / "other")
    for file in (parts / "other").glob("trials/*/outcome.json"):
        rewrite(file)
    done = lossbench("merge", "job1", "other")
    assert done.code == 0, done.err
    words = (
        "2 trials with other results in another save dir, as machines of another kind give them; what was there first"
    )
    assert f"{words} stays: cross_entropy seed 1, l1 seed 1" in done.out


def rewrite(file: Path) -> None:
    """Writes a file of a trial otherwise, with the digest of that in provenance."""
    import hashlib

    from lossbench.store.sealed import sealed, unsealed

    file.write_bytes(file.read_bytes() + b"\n")
    kept = unsealed((file.parent / "provenance.json").read_bytes())
    del kept["format"]
    digests = {**kept["digests"], file.name: hashlib.sha256(file.read_bytes()).hexdigest()}
    (file.parent / "provenance.json").write_text(sealed({**kept, "digests": digests}), encoding="utf-8")


def test_json(lossbench: Runner, parts: Path) -> None:
    done = lossbench("merge", "both", "job1", "job2", "--json")
    told = json.loads(done.out)
    assert (done.code, told["into"], len(told["trials"]), len(told["pictures"])) == (0, "both", 4, 1)
    page = "both/studies/digits-mlp/report.html"
    assert told["studies"] == [{"name": "digits-mlp", "trials": 4, "ended": 4, "report": page}]
    for kind in ("replaced", "had", "differing", "begun", "failed", "held", "lost", "damaged"):
        assert told[kind] == [], kind


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("both",), "Missing argument 'FROM'"),
        (("both", "job3"), "lossbench: FROM: expected a save dir, as log, got job3\n"),
        (("job1", "job2", "job1"), "lossbench: FROM: expected save dirs other than INTO, got job1\n"),
        (
            ("job1/sub", "job1"),
            "lossbench: FROM: expected save dirs outside of INTO, which does not lie in them, got job1\n",
        ),
    ],
)
def test_what_is_refused(lossbench: Runner, parts: Path, arguments: tuple[str, ...], words: str) -> None:
    before = sorted(parts.rglob("*"))
    done = lossbench("merge", *arguments)
    assert (done.code, done.out) == (2, "")
    assert words in done.err
    assert sorted(parts.rglob("*")) == before
