"""The report of a table that was trained elsewhere says what the table tells, and nothing that it does not."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from lossbench.analysis import analyse
from lossbench.report import summary_text, write_report
from lossbench.results import Results, read_table

pytestmark = pytest.mark.usefixtures("blank_figures")

ACCURACY: dict[str, list[float | None]] = {
    "a": [0.80, 0.81, 0.82],
    "b": [0.70, 0.712, 0.719],
    "my loss <b>": [0.5, 0.9, None],
}
ONE_EPOCH = [
    {"loss_function": loss, "seed": seed, "accuracy": value}
    for loss, values in ACCURACY.items()
    for seed, value in enumerate(values, start=1)
]
CURVES = [
    {
        "loss_function": loss,
        "seed": seed,
        "epoch": epoch,
        "split": split,
        "loss": 1 / epoch + seed / 100,
        "f1": epoch / 9,
    }
    for loss in "ab"
    for seed in (1, 2)
    for epoch in (1, 2, 3)
    for split in ("train", "test", "validation")
]
UNKNOWN = (
    "chance", "guessing", "0 classes", "No trial", "Hyperparameters", "lossbench run", "study.yaml", "same weights",
    "digest", "gradient_scale", "Confusion", "× 0 pixels", "not finite", "train_metrics",
)  # fmt: skip


def written(results: Results, folder: Path) -> str:
    html = write_report(results, analyse(results), folder).read_text(encoding="utf-8")
    bare = re.sub(r"<svg.*?</svg>|<style>.*?</style>|<script.*?</script>|<wbr>", "", html, flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", bare)))


def test_of_last_values_alone_there_are_tables_and_three_figures(tmp_path: Path) -> None:
    results = read_table(ONE_EPOCH, hypotheses='test.accuracy: a > b\ntest.accuracy: lowest "my loss <b>"')
    text = written(results, tmp_path)
    assert sorted(path.stem for path in (tmp_path / "figures").glob("*.svg")) == [
        "01-final-accuracy",
        "02-ranking-accuracy",
        "03-comparisons",
    ]
    assert "a is shown to be better than b (by 0.100)" in text
    assert "Of 2 hypotheses: 1 supported and 1 undecided." in text
    assert "1 of 9 trials did not finish" in text
    assert "holds 3 losses and 3 seeds, trained elsewhere" in text
    assert "epoch 1" not in text
    assert "Measured as" not in text
    for words in UNKNOWN:
        assert words not in text, words


def test_of_curves_there_are_figures_of_what_the_table_has(tmp_path: Path) -> None:
    results = read_table(CURVES)
    text = written(results, tmp_path)
    stems = sorted(path.stem.partition("-")[2] for path in (tmp_path / "figures").glob("*.svg"))
    assert stems == ["comparisons", "f1-per-epoch", "ranking-f1", "training-a", "training-b"]
    assert "At the epoch selected on validation" not in text  # accuracy selects, and the table has none
    assert "Train loss fell from 1.015 in epoch 1 to 0.348 in epoch 3, at every step." in text
    for words in (word for word in UNKNOWN if word not in ("chance", "guessing", "digest", "not finite")):
        assert words not in text, words


@pytest.mark.parametrize("rows", [ONE_EPOCH, CURVES], ids=["last values", "curves"])
def test_the_terminal_gets_its_answer(rows: list[dict[str, Any]]) -> None:
    results = read_table(rows)
    said = " ".join(summary_text(results, analyse(results)).sentences)
    assert said.startswith(
        "Test accuracy is highest with a" if rows is ONE_EPOCH else "Test F1 is highest, and the same"
    )
    assert "chance" not in said
    assert "gradient" not in said
