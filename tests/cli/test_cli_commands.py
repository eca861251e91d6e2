"""The other commands, and that the documents say what the program does."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml

from cli_runner import QUICK, Runner
from lossbench.losses import CATALOGUE
from lossbench.models import MODELS
from lossbench.spec import (
    PRESETS,
    Band,
    Equivalence,
    Extreme,
    Follows,
    Order,
    Plan,
    Recipe,
    Study,
    Trend,
    load_study,
    parse_hypotheses,
    parse_hypothesis,
)

pytestmark = pytest.mark.usefixtures("blank_figures")

ROOT = Path(__file__).parents[2]
COMMANDS = (
    "run",
    "report",
    "compare",
    "status",
    "watch",
    "predict",
    "export",
    "prune",
    "merge",
    "losses",
    "audit",
    "models",
    "data",
    "presets",
    "init",
    "doctor",
    "tune",
)


class TestHelp:
    @pytest.mark.parametrize("command", COMMANDS)
    def test_every_command_says_what_it_does(self, lossbench: Runner, command: str) -> None:
        done = lossbench(command, "--help")
        assert done.code == 0
        assert f"lossbench {command}" in done.out

    def test_the_version_is_that_of_the_distribution(self, lossbench: Runner) -> None:
        done = lossbench("--version")
        assert (done.code, done.out) == (0, f"lossbench {version('lossbench')}\n")

    @pytest.mark.parametrize("arguments", [(), ("--help",)])
    def test_without_a_command_it_lists_them(self, lossbench: Runner, arguments: tuple[str, ...]) -> None:
        done = lossbench(*arguments)
        assert done.code == 0
        for command in COMMANDS:
            assert command in done.out

    @pytest.mark.parametrize(
        "command", ["run", "losses", "audit", "watch", "tune", "predict", "export", "prune", "merge"]
    )
    def test_help_does_not_wait_for_heavy_modules(self, command: str) -> None:
        code = (
            "import sys\nfrom lossbench.cli import main\n"
            f"try:\n    main(['{command}', '--help'])\nexcept SystemExit:\n"
            "    sys.exit(bool({'torch', 'polars', 'altair', 'scipy'} & set(sys.modules)))"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
        assert done.returncode == 0

    def test_the_documented_defaults_are_the_studys(self, lossbench: Runner) -> None:
        text = " ".join(lossbench("run", "--help").out.split())
        recipe = Study().recipe
        for option, value in (
            ("--epochs", recipe.epochs),
            ("--batch-size", recipe.batch_size),
            ("--lr", recipe.optimizer.lr),
            ("--momentum", recipe.optimizer.momentum),
            ("--lr-step", recipe.schedule.step),
            ("--lr-gamma", recipe.schedule.gamma),
            ("--eval-interval", recipe.eval_interval),
            ("--data", Study().data),
            ("--model", Study().model),
        ):
            assert re.search(rf"{option} [^-][^\[]*\[default: {re.escape(str(value))}\]", text), option


class TestCatalogues:
    def test_losses_lists_the_catalogue(self, lossbench: Runner) -> None:
        out = lossbench("losses").out
        for name in CATALOGUE:
            assert re.search(rf"^{name} ", out, re.MULTILINE)

    @pytest.mark.parametrize("name", CATALOGUE)
    def test_a_card_has_formula_claims_sources_and_reference(self, lossbench: Runner, name: str) -> None:
        out, card = lossbench("losses", name).out, CATALOGUE[name].card
        for text in (
            card.formula,
            card.purpose,
            str(card.reference),
            *(c.text for c in card.strengths + card.weaknesses),
        ):
            assert text in out
        for hyperparameter in card.hyperparameters:
            assert f"{hyperparameter.name}=" in out

    def test_models_lists_the_models(self, lossbench: Runner) -> None:
        out = lossbench("models").out
        for name in (*MODELS, "module:callable"):
            assert name in out

    def test_data_lists_the_sets_and_how_to_get_them(self, lossbench: Runner) -> None:
        out = lossbench("data").out
        for name in ("digits", "fashion_mnist", "cifar10", "lossbench[hub]"):
            assert name in out


class TestReportAndStatus:
    def test_report_writes_the_same_bytes_anew(self, lossbench: Runner, here: Path) -> None:
        lossbench("run", *QUICK)
        folder = here / "log/studies/digits-mlp"
        before = {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        for path in [*folder.glob("figures/*"), folder / "report.html", folder / "history.csv"]:
            path.unlink()
        done = lossbench("report", "log/studies/digits-mlp")
        assert done.code == 0, done.err
        assert {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before

    def test_status_counts_the_trials(self, lossbench: Runner) -> None:
        lossbench("run", *QUICK)
        assert "digits-mlp: 8 trials, 8 finished" in lossbench("status", "log").out

    def test_a_missing_trial_is_a_row(self, lossbench: Runner, here: Path) -> None:
        lossbench("run", *QUICK, "--losses", "cross_entropy")
        next(here.glob("log/trials/*/provenance.json")).unlink()
        assert "1 finished, 1 missing" in lossbench("status", "log").out
        done = lossbench("report", "log")
        assert done.code == 0, done.err
        assert "missing" in (here / "log/studies/digits-mlp/report.html").read_text(encoding="utf-8")


class TestInit:
    def test_the_template_is_the_default_study(self, lossbench: Runner, here: Path) -> None:
        assert lossbench("init").code == 0
        assert load_study(here / "study.yaml") == Study(name="my-study")

    def test_the_template_names_every_field(self, lossbench: Runner, here: Path) -> None:
        lossbench("init", "mine.yaml")
        values = yaml.safe_load((here / "mine.yaml").read_text(encoding="utf-8"))
        assert set(values) == set(Study.model_fields)
        assert set(values["recipe"]) == set(Recipe.model_fields) - {"model"}
        assert set(values["plan"]) == set(Plan.model_fields)

    def test_the_templates_hypotheses_read_and_have_every_form(self, lossbench: Runner, here: Path) -> None:
        lossbench("init")
        text = (here / "study.yaml").read_text(encoding="utf-8")
        lines = text[text.index("# hypotheses: |") :].splitlines()[1:-1]
        written = parse_hypotheses([line.strip().removeprefix("#") for line in lines])
        claims = {type(parse_hypothesis(text).claim) for text in written}
        assert claims == {Order, Equivalence, Extreme, Band, Trend, Follows}

    def test_the_template_runs(self, lossbench: Runner) -> None:
        lossbench("init")
        done = lossbench("run", "study.yaml", *QUICK, "--losses", "cross_entropy")
        assert done.code == 0, done.err


class TestTheReadme:
    def test_a_script_without_a_guard_runs(self, here: Path) -> None:
        study = "lossbench.Study(losses=['cross_entropy'], models=['mlp'], seeds=2, recipe={'epochs': 1})"
        (here / "example.py").write_text(f"import lossbench\nprint(lossbench.run({study}))")  # workers do not import it
        done = subprocess.run([sys.executable, "example.py"], cwd=here, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert "cross_entropy" in done.stdout

    def test_continuous_integration_calls_its_test_command(self) -> None:
        steps = (ROOT / ".ci/run").read_text(encoding="utf-8")
        assert "\nmake test\n" in steps
        assert "\nmake docs\n" in steps


class TestThePreset:
    def test_it_is_cifar10_and_lenet5_unless_told_otherwise(self) -> None:
        study = Study(**PRESETS["course-report"])
        assert (study.data, study.model, study.seeds) == ("cifar10", "lenet5", (1,))
