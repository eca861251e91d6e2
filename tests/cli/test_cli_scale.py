"""Presets, scenarios and models from the command line, and a study at a share of its training data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cli_runner import Runner
from lossbench.cli.overrides import build_study
from lossbench.spec import PRESETS, load_study

QUICK = ("--model", "mlp", "--losses", "cross_entropy", "--seeds", "2", "--epochs", "1", "--executor", "inline")


pytestmark = pytest.mark.usefixtures("blank_figures")


@pytest.fixture
def pictures(tmp_path: Path) -> str:
    """Two hundred small pictures of ten classes."""
    path = tmp_path / "small.npz"
    drawn = np.random.Generator(np.random.PCG64(1)).integers(0, 256, (200, 8, 8, 3)).astype(np.uint8)
    labels = np.arange(200) % 10
    np.savez(path, x_train=drawn, y_train=labels, x_test=drawn[:20], y_test=labels[:20])
    return str(path)


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_can_be_asked_for_at_a_tenth(preset: str) -> None:
    whole, tenth = build_study(None, preset, {}), build_study(None, preset, {"--scale": 0.1})
    assert tenth.name == f"{whole.name}-scale-0.1" == f"{preset}-{whole.model}-scale-0.1"
    assert tenth.recipe == whole.recipe
    assert all(text.startswith("train_size(0.1)") for text in tenth.scenarios)
    assert len(tenth.scenarios) == len(whole.scenarios)


def test_a_name_that_was_typed_stays() -> None:
    assert build_study(None, "active-passive", {"--scale": 0.1, "--name": "mine"}).name == "mine"


def test_scenarios_of_the_command_line_replace_the_presets() -> None:
    options = {"--scenario": ["clean", "noise(symmetric,.4)"]}
    study = build_study(None, "active-passive", options)
    assert study.scenarios == ("clean", "noise(symmetric, 0.4)")
    assert study.published == "active-passive"  # its table stays beside what is left


def test_models_may_be_repeated(lossbench: Runner, pictures: str) -> None:
    done = lossbench("run", "--data", pictures, *QUICK, "--model", "cnn", "--dry-run")
    assert done.code == 0, done.err
    assert "4 trials to train" in done.out


def test_what_is_trained_on_a_share_says_so(lossbench: Runner, pictures: str, here: Path) -> None:
    options = ("--scenario", "clean", "--scale", "0.5")
    done = lossbench("run", "--preset", "active-passive", "--data", pictures, *QUICK, *options)
    assert done.code == 0, done.err
    sentence = "Every loss was trained on 50 % of the training data"
    assert sentence in " ".join(done.out.split())
    folder = here / "log/studies/active-passive-mlp-scale-0.5"
    assert sentence in (folder / "report.html").read_text(encoding="utf-8")
    assert load_study(folder / "study.yaml").scenarios == ("train_size(0.5)",)
    assert (
        "active-passive-mlp: "
        in lossbench("run", "--preset", "active-passive", "--data", pictures, *QUICK, "--scenario", "clean").out
    )  # the whole has a name of its own


def test_presets_are_listed_with_what_they_cost(lossbench: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    done = lossbench("presets")
    assert done.code == 0, done.err
    rows = {line.split()[0]: line for line in done.out.splitlines() if line.split() and line.split()[0] in PRESETS}
    assert set(rows) == set(PRESETS)
    cost = {name: row.split()[1:4] for name, row in rows.items()}
    assert cost["active-passive"] == [str(7 * 5 * 3), "120", "35"]  # losses, scenarios, seeds; epochs; numbers
    assert cost["course-report"] == ["4", "30", "none"]
    assert "Losses against symmetric" in rows["active-passive"]


def test_a_table_that_there_is_not_is_refused(lossbench: Runner, here: Path) -> None:
    (here / "study.yaml").write_text("published: active-pasive\n")
    done = lossbench("run", "study.yaml", *QUICK)
    assert done.code == 2
    assert "published: expected one of active-passive, calibration, course-report, long-tail, got" in done.err
    assert "did you mean active-passive?" in done.err
    assert not (here / "log").exists()


def test_published_numbers_stand_beside_a_run_and_a_report_of_it(lossbench: Runner, pictures: str, here: Path) -> None:
    options = ("--scenario", "noise(symmetric, 0.4)", "--scenario", "clean")
    done = lossbench("run", "--preset", "active-passive", "--data", pictures, *QUICK, *options)
    assert done.code == 0, done.err
    assert "This is not the published setting: data small.npz instead of cifar10" in " ".join(done.out.split())
    folder = here / "log/studies/active-passive-mlp"
    for slug in ("mlp-clean", "mlp-noise-symmetric-0.4"):
        assert (folder / "conditions" / slug / "published.csv").exists()
    page = folder / "report.html"
    page.unlink()
    assert lossbench("report", "log").code == 0
    assert "Of 2 published numbers" in page.read_text(encoding="utf-8")
