"""`lossbench predict` and `lossbench export`, as their users run them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image

from cli_runner import QUICK, Runner

pytestmark = pytest.mark.usefixtures("blank_figures")


@pytest.fixture
def kept(lossbench: Runner, here: Path) -> Path:
    lossbench("run", *QUICK, "--losses", "cross_entropy, focal", "--keep-weights")
    generator = np.random.default_rng(0)
    (here / "mine").mkdir()
    for number in range(3):
        picture = generator.integers(0, 255, (8, 8), dtype=np.uint8)
        Image.fromarray(picture).save(here / "mine" / f"{number}.png")
    return here


class TestPredict:
    def test_a_folder(self, lossbench: Runner, kept: Path) -> None:
        done = lossbench("predict", "log", "mine")
        assert done.code == 0, done.err
        first, head, *rows = done.out.splitlines()
        assert first.endswith("; seed 1, the first that finished with weights")
        assert head.split() == ["picture", "prediction", "probability", *map(str, range(10))]
        assert [row.split()[0] for row in rows] == ["mine/0.png", "mine/1.png", "mine/2.png"]
        for row in rows:
            cells = [float(cell) for cell in row.split()[1:]]
            assert cells[1] == max(cells[2:])
            assert cells[2 + int(cells[0])] == cells[1]

    def test_a_narrow_terminal_leaves_the_classes_out(
        self, lossbench: Runner, kept: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("COLUMNS", "60")
        done = lossbench("predict", "log", "mine")
        assert done.out.splitlines()[-4].split() == ["picture", "prediction", "probability"]

    def test_a_file_may_be_called_anything(self, lossbench: Runner, kept: Path) -> None:
        odd = os.fsdecode(b"mine/odd\xff\x1b[31m.png")
        (kept / "mine" / "0.png").rename(kept / odd)
        for options in ([], ["--json"], ["--csv", "out.csv"]):
            done = lossbench("predict", "log", odd, *options)
            assert done.code == 0, done.err
            assert "\x1b" not in done.out
            assert "odd" in done.out
        assert pl.read_csv(kept / "out.csv")["picture"].item().startswith("mine/odd\\udcff")

    def test_csv_and_json_say_the_same(self, lossbench: Runner, kept: Path) -> None:
        done = lossbench("predict", "log", "mine", "--csv", "out.csv", "--json", "--loss", "focal", "--seeds", "all")
        assert done.code == 0, done.err
        told = json.loads(done.out)
        assert told["loss"] == "focal"
        assert told["seeds"] == [1, 2]
        table = pl.read_csv(kept / "out.csv", infer_schema_length=None)
        assert table["probability"].to_list() == [row["probability"] for row in told["predictions"]]
        assert table["7"].to_list() == [row["probabilities"]["7"] for row in told["predictions"]]

    @pytest.mark.parametrize(
        ("options", "said"),
        [
            (["mine", "--seed", "9"], "--seed: expected a seed whose weights were kept, 1 or 2, got 9"),
            (["mine", "--seeds", "1,9"], "--seeds: expected a seed whose weights were kept, 1 or 2, got 9"),
            (["mine", "--seed", "1.5"], "--seed: expected a whole number of at least 0, got 1.5"),
            (["mine", "--seed", "1", "--seeds", "all"], "--seeds: expected nothing beside --seed, got all"),
            (["mine", "--seeds", "some"], "--seeds: expected"),
            (["nowhere.png"], "PICTURES: expected pictures"),
            (["mine", "--study", "other"], "FOLDER: expected a study's folder"),
            (["mine", "--csv", "mine"], "--csv: expected a file that can be written, got mine (it is a folder)\n"),
            (["mine", "--csv", "."], "--csv: expected a file that can be written, got . (it is a folder)\n"),
            (
                ["mine", "--csv", "no/x.csv"],
                "--csv: expected a file that can be written, got no/x.csv (no is no folder)\n",
            ),
            (["mine", "--seed", "inf"], "--seed: expected a whole number of at least 0, got inf"),
            (["mine", "--seed", "nan"], "--seed: expected a whole number of at least 0, got nan"),
            (["mine", "--seed", "one"], "--seed: expected a whole number of at least 0, got one"),
        ],
    )
    def test_complaints(self, lossbench: Runner, kept: Path, options: list[str], said: str) -> None:
        done = lossbench("predict", "log", *options)
        assert done.code == 2
        assert done.err.startswith(f"lossbench: {said}")
        assert done.out == ""

    def test_without_weights(self, lossbench: Runner, here: Path) -> None:
        lossbench("run", *QUICK, "--losses", "cross_entropy")
        Image.fromarray(np.zeros((8, 8), np.uint8)).save(here / "it.png")
        done = lossbench("predict", "log", "it.png")
        assert done.code == 2
        assert "got 2 finished, none with weights (run the study with --keep-weights into another save dir" in done.err


class TestExport:
    def test_the_default_name(self, lossbench: Runner, kept: Path) -> None:
        done = lossbench("export", "log", "--to", "safetensors", "--loss", "focal")
        assert done.code == 0, done.err
        assert done.out.splitlines()[-2:] == [
            "exported: digits-mlp-focal-seed1.safetensors",
            "described: digits-mlp-focal-seed1.safetensors.json",
        ]
        assert json.loads((kept / "digits-mlp-focal-seed1.safetensors.json").read_text())["model"] == "mlp"

    def test_its_forms_are_known_without_torch(self) -> None:
        code = "import sys; from lossbench.cli import export; print(export._FORMS); sys.exit('torch' in sys.modules)"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        assert done.returncode == 0
        assert done.stdout.startswith(
            "torch (a program for torch.export.load), onnx (for ONNX runtimes, with the extra"
        )

    def test_one_of_several_studies(self, lossbench: Runner, kept: Path) -> None:
        lossbench("run", *QUICK, "--losses", "cross_entropy", "--keep-weights", "--name", "other")
        assert lossbench("export", "log").code == 2
        done = lossbench("export", "log", "sub/it.pt2", "--study", "other", "--seed", "2")
        assert done.code == 0, done.err
        assert json.loads((kept / "sub" / "it.pt2.json").read_text())["study"] == "other"

    @pytest.mark.parametrize(
        ("options", "said"),
        [
            (["."], "OUT: expected a file that does not exist yet, got . (move it away, or name another)"),
            (["mine/0.png/it.pt2"], "OUT: expected a file that can be written, got mine/0.png"),
            (["--seed", "inf"], "--seed: expected a whole number of at least 0, got inf"),
        ],
    )
    def test_complaints(self, lossbench: Runner, kept: Path, options: list[str], said: str) -> None:
        before = sorted(kept.rglob("*"))
        done = lossbench("export", "log", *options)
        assert done.code == 2
        assert done.err.startswith(f"lossbench: {said}")
        assert "goes on" not in done.err
        assert sorted(kept.rglob("*")) == before

    def test_a_disk_that_fails_while_it_writes(
        self, lossbench: Runner, kept: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(path: Path, content: bytes) -> None:
            raise OSError(28, "No space left on device", str(path))

        monkeypatch.setattr("lossbench.cli.predict.write_atomically", full)
        done = lossbench("predict", "log", "mine", "--csv", "out.csv")
        assert done.code == 2
        assert done.err == (
            "lossbench: --csv: expected a file that can be written, got out.csv: No space left on device\n"
        )


class TestMetric:
    def test_it_joins_a_study_and_what_it_raises_is_said(self, lossbench: Runner, here: Path) -> None:
        (here / "cli_metrics_of_mine.py").write_text(
            "def cost(logits, target):\n    return (logits.argmax(1) != target).float().mean()\n\n\n"
            "def broken(logits, target):\n    raise ValueError('no')\n"
        )
        command = ["run", *QUICK, "--losses", "cross_entropy, l1"]
        lossbench(*command)
        done = lossbench(*command, "--metric", "cli_metrics_of_mine:cost, lower is better", "--metric",
                         "cli_metrics_of_mine:broken")  # fmt: skip
        assert done.code == 0, done.err
        assert "nothing to train, all 4 trials are in log" in done.out
        assert "4 values of the study's own metrics could not be computed: broken of cross_entropy seed 1" in done.out
        summary = pl.read_csv(here / "log" / "studies" / "digits-mlp" / "summary.csv")
        means = {row["loss_function"]: row["mean"] for row in summary.filter(metric="cost").iter_rows(named=True)}
        accuracy = summary.filter(metric="accuracy", split="test")
        for row in accuracy.iter_rows(named=True):
            assert means[row["loss_function"]] == pytest.approx(1 - row["mean"], abs=1e-6)
        again = lossbench("report", "log")
        assert again.code == 0
        assert "metrics:\n  - cli_metrics_of_mine:cost, lower is better" in (
            here / "log" / "studies" / "digits-mlp" / "study.yaml"
        ).read_text().replace("    - ", "  - ").replace("  metrics", "metrics")

    def test_a_complaint_names_the_option(self, lossbench: Runner, here: Path) -> None:
        done = lossbench("run", "--metric", "cost")
        assert done.code == 2
        assert done.err.startswith(
            "lossbench: --metric: expected module:function, or 'module:function, lower is better'"
        )

    def test_also_where_it_is_not_found_before_it_is_imported(self, lossbench: Runner, here: Path) -> None:
        (here / "cli_metrics_without.py").write_text("cost = 1\n")
        (here / "study.yaml").write_text("plan: {metrics: ['cli_metrics_without:nope']}\n")
        words = "expected module:callable that can be imported from here, got cli_metrics_without:nope"
        for more in ((), ("--dry-run",)):
            done = lossbench("run", *more, "--metric", "cli_metrics_without:nope")
            assert (done.code, done.err.startswith(f"lossbench: --metric: {words}")) == (2, True), done.err
        done = lossbench("run", "study.yaml", "--dry-run")
        assert (done.code, done.err.startswith(f"lossbench: plan.metrics: {words}")) == (2, True), done.err


class TestPrune:
    def test_it_lists_before_it_deletes(self, lossbench: Runner, kept: Path) -> None:
        lossbench("run", *QUICK, "--losses", "l1", "--name", "other")
        shutil.rmtree(kept / "log" / "studies" / "other")
        before = sorted(kept.rglob("*"))
        done = lossbench("prune", "log")
        assert done.code == 0, done.err
        assert "trials of no study: 2, " in done.out
        assert "weights of finished trials: 4, " in done.out
        assert "; kept without --weights" in done.out
        assert done.out.splitlines()[-1].endswith("; nothing was deleted: add --delete")
        assert sorted(kept.rglob("*")) == before
        listed = json.loads(lossbench("prune", "log", "--json").out)
        assert [row["kind"] for row in listed if row["chosen"]] == ["trials"] * 2
        assert not any(row["deleted"] for row in listed)
        done = lossbench("prune", "log", "--delete")
        assert done.out.splitlines()[-1].startswith("deleted: 2, ")
        assert lossbench("prune", "log").out.splitlines()[-1] == "nothing to delete"
        assert json.loads(lossbench("prune", "log", "--weights", "--delete", "--json").out)[0]["deleted"]
        assert lossbench("status", "log", "--verify").code == 0
        assert "nothing to train, all 4 trials" in lossbench("run", *QUICK, "--losses", "cross_entropy, focal").out

    def test_a_folder_that_is_no_save_dir(self, lossbench: Runner, here: Path) -> None:
        done = lossbench("prune", ".", "--delete")
        assert done.code == 2
        assert done.err == "lossbench: FOLDER: expected a save dir, as log, got .\n"
