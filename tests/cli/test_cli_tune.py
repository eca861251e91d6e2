"""`lossbench tune`: what it says and writes, and what it refuses."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cli_runner import Runner
from lossbench.spec import load_study

pytestmark = pytest.mark.usefixtures("blank_figures")

STUDY = """\
name: mine
models: [mlp]
losses: [cross_entropy, "gce(q=0.7)"]
seeds: 2
recipe: {epochs: 2}
"""
INLINE = ("--executor", "inline")


@pytest.fixture
def study(here: Path) -> Path:
    (here / "study.yaml").write_text(STUDY, encoding="utf-8")
    return here / "study.yaml"


@pytest.mark.usefixtures("study")
def test_it_tunes_writes_the_confirmation_and_that_runs(lossbench: Runner, here: Path) -> None:
    done = lossbench("tune", "study.yaml", "--budget", "4", "--seeds", "3", *INLINE)
    assert done.code == 0, done.err
    assert "mine: 2 of 2 losses to tune, 4 settings each with 1 seed, by validation accuracy" in done.out
    assert "a share of 0.1 of the training pictures is held out while tuning" in done.out
    assert "[2/2] gce(q=0.7): finished" in done.out
    assert re.search(r"^loss +fixed +tuned +chosen +trials", done.out, re.MULTILINE)
    row = re.search(r"^gce\(q=0.7\) +(0\.\d{4}) +(0\.\d{4}) +(.*?) +4", done.out, re.MULTILINE)
    assert row
    assert float(row[1]) <= float(row[2])
    assert "confirmation: mine-tuned.yaml; run it with: lossbench run mine-tuned.yaml" in done.out
    confirmation = load_study(here / "mine-tuned.yaml")
    assert confirmation.seeds == (3, 4, 5)
    ran = lossbench("run", "mine-tuned.yaml", *INLINE)
    assert ran.code == 0, ran.err
    assert "fixed recipe" in ran.out
    assert "tuned recipe" in ran.out


@pytest.mark.usefixtures("study")
def test_again_it_tries_nothing_and_says_the_same(lossbench: Runner, here: Path) -> None:
    first = lossbench("tune", "study.yaml", "--budget", "2", *INLINE)
    written = (here / "mine-tuned.yaml").read_bytes()
    again = lossbench("tune", "study.yaml", "--budget", "2", *INLINE)
    assert again.code == 0, again.err
    assert "mine: nothing to tune" in again.out
    assert again.out.splitlines()[2:] == first.out.splitlines()[-len(again.out.splitlines()) + 2 :]
    assert (here / "mine-tuned.yaml").read_bytes() == written


@pytest.mark.usefixtures("study")
def test_a_file_that_differs_is_left_alone(lossbench: Runner, here: Path) -> None:
    (here / "mine-tuned.yaml").write_text("mine\n", encoding="utf-8")
    done = lossbench("tune", "study.yaml", "--budget", "1", *INLINE)
    assert done.code == 2
    assert "--out: expected a file that does not exist yet, or says the same, got mine-tuned.yaml" in done.err
    assert (here / "mine-tuned.yaml").read_text(encoding="utf-8") == "mine\n"
    other = lossbench("tune", "study.yaml", "--budget", "1", "--out", "other.yaml", "--save-dir", "log", *INLINE)
    assert other.code == 0, other.err
    assert "run it with: lossbench run other.yaml" in other.out
    missing = lossbench("tune", "study.yaml", "--budget", "1", "--out", "no/where.yaml", *INLINE)
    assert (missing.code, "--out: expected a file that can be written" in missing.err) == (2, True)


def test_one_of_several_conditions_is_chosen(lossbench: Runner, here: Path) -> None:
    text = STUDY.replace("[mlp]", "[mlp, cnn]") + 'scenarios: [clean, "validation(0.2) + noise(symmetric, 0.2)"]\n'
    (here / "study.yaml").write_text(text, encoding="utf-8")
    refused = lossbench("tune", "study.yaml")
    assert (refused.code, "--model chooses it, got mlp; cnn" in refused.err) == (2, True)
    chosen = ("--model", "mlp", "--scenario", "validation(0.2)+noise(symmetric, 0.2)")
    done = lossbench("tune", "study.yaml", "--budget", "1", *chosen, "--save-dir", "other log", *INLINE)
    assert done.code == 0, done.err
    assert "held out while tuning" not in done.out
    file = "mine-mlp-validation-0.2-noise-symmetric-0.2-tuned.yaml"
    assert f"run it with: lossbench run {file} --save-dir 'other log'" in done.out
    assert load_study(here / file).scenarios == ("validation(0.2) + noise(symmetric, 0.2)",)


def test_a_users_model_that_raises_fails_and_is_told(
    lossbench: Runner, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "sometimes.py").write_text(
        "import torch\n\nclass Model(torch.nn.Module):\n"
        "    def __init__(self, num_classes, in_channels):\n        super().__init__()\n"
        "        self.head = torch.nn.Linear(64, num_classes)\n\n"
        "    def forward(self, pictures):\n"
        "        if self.training and self.head.weight.abs().max() > 1:\n"
        "            raise RuntimeError('too large')\n"
        "        return self.head(pictures.flatten(1))\n"
    )
    monkeypatch.syspath_prepend(here)
    (here / "study.yaml").write_text(STUDY.replace("mlp", "sometimes:Model"), encoding="utf-8")
    done = lossbench("tune", "study.yaml", "--budget", "6", *INLINE)
    assert done.code == 1, done.out
    assert "failed: RuntimeError: too large" in done.out
    assert (here / "mine-tuned.yaml").exists()


@pytest.mark.usefixtures("study")
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--budget", "0"], "--budget: expected a whole number from 1 to 100000, got 0"),
        (["--budget", "many"], "--budget: expected a whole number from 1 to 100000, got many"),
        (["--seeds", "1,2"], "--seeds: expected a whole number from 1 to 100000, got 1,2"),
        (["--tune-seeds", "0"], "--tune-seeds: expected a whole number"),
        (["--workers", "0"], "--workers: expected auto or a number of at least 1, got 0"),
        (["--model", "cnn"], "--model: expected one of mlp, got cnn"),
        (["--preset", "nonsense"], "--preset: expected one of"),
        (["--executor", "nonsense"], "--executor: expected processes or inline, got nonsense"),
        (["--device", "nonsense"], "--device: expected auto, cpu, cuda or mps"),
    ],
)
def test_what_it_refuses_is_said_in_one_sentence(
    lossbench: Runner, here: Path, arguments: list[str], sentence: str
) -> None:
    done = lossbench("tune", "study.yaml", *arguments)
    assert done.code == 2
    assert sentence in done.err
    assert "Traceback" not in done.err
    assert [path.name for path in here.iterdir()] == ["study.yaml"]
