"""`python -m benchmarks.precision`: does bfloat16 change what a study concludes?

Each loss is trained with the same seeds in float32 and in bfloat16 on a share of a data set, and the last test
accuracies are compared as two losses would be: paired over seeds, two one-sided tests against the margin.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from scipy import stats

import lossbench
from benchmarks.machine import describe
from benchmarks.share import write_share
from lossbench.data import Pictures, Split, find
from lossbench.files import write_atomically
from lossbench.spec import Study

__all__ = ["Compared", "compared", "main"]


@dataclass(frozen=True)
class Compared:
    """What bfloat16 changes for one loss.

    Args:
        loss: as a study writes it.
        float32: mean test accuracy.
        difference: mean of bfloat16 − float32 over seeds.
        low: of its 95 % paired t interval.
        high: the same.
        p_equivalence: the larger p of two one-sided paired t-tests against the margin.
    """

    loss: str
    float32: float
    difference: float
    low: float
    high: float
    p_equivalence: float


def compared(loss: str, float32: Sequence[float], bfloat16: Sequence[float], margin: float) -> Compared:
    """Compares accuracies paired over seeds.

    Args:
        loss: what was trained with.
        float32: an accuracy per seed.
        bfloat16: the same seeds'.
        margin: a difference that would not matter.
    """
    differences = np.subtract(bfloat16, float32)
    test = stats.ttest_1samp(differences, 0.0)
    interval = test.confidence_interval()
    above = stats.ttest_1samp(differences, -margin, alternative="greater").pvalue
    below = stats.ttest_1samp(differences, margin, alternative="less").pvalue
    mean = float(differences.mean())
    return Compared(
        loss, float(np.mean(float32)), mean, float(interval.low), float(interval.high), float(max(above, below))
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Trains both ways, prints a table, and writes the accuracies as JSON."""
    given = _parser().parse_args(arguments)
    whole = find(given.data).decode()
    with tempfile.TemporaryDirectory() as folder:
        share = Path(folder) / "share.npz"
        write_share(_with_whole_test_set(whole, given.train_size), None, share)
        accuracies = {precision: _accuracies(share, precision, given) for precision in ("fp32", "bf16")}
    rows = [compared(loss, fp32, accuracies["bf16"][loss], given.margin) for loss, fp32 in accuracies["fp32"].items()]
    print(f"| loss | float32 | bfloat16 − float32 | 95 % interval | p of equivalence within {given.margin:g} |")
    print("|---|---|---|---|---|")
    for row in rows:
        interval = f"{row.low:+.4f} to {row.high:+.4f}"
        print(f"| {row.loss} | {row.float32:.4f} | {row.difference:+.4f} | {interval} | {row.p_equivalence:.2g} |")
    if given.out:
        raw = {"machine": describe(), "accuracies": accuracies, "compared": [asdict(row) for row in rows]}
        write_atomically(given.out, json.dumps(raw, indent=1) + "\n")
    return 0


def _with_whole_test_set(pictures: Pictures, train: int) -> Pictures:
    """A share of the training pictures, the first of them, and all test pictures: the less noise the better."""
    first = Split(pictures.train.pictures[:train], pictures.train.labels[:train])
    return Pictures(pictures.name, first, pictures.test, pictures.class_names, pictures.digest)


def _accuracies(share: Path, precision: str, given: argparse.Namespace) -> dict[str, list[float]]:
    """Last test accuracy per loss and seed."""
    study = Study(
        data=str(share),
        models=[given.model],
        losses=given.losses.split(";"),
        seeds=given.seeds,
        recipe={
            "epochs": given.epochs,
            "precision": precision,
            "eval_interval": given.epochs,
            "train_metrics": "running",
        },
    )
    results = lossbench.run(study, share.with_name(precision), device="cpu")
    last = results.history.filter((results.history["split"] == "test") & (results.history["epoch"] == given.epochs))
    table = last.sort("seed").group_by("loss_function", maintain_order=True).agg("accuracy")
    found = {row["loss_function"]: row["accuracy"] for row in table.iter_rows(named=True)}
    return {str(loss): found[str(loss)] for loss in study.losses}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.precision", description=__doc__)
    parser.add_argument("--data", default="cifar10", help="a data set's name or path [%(default)s]")
    parser.add_argument("--model", default="lenet5", help="[%(default)s]")
    parser.add_argument(
        "--losses",
        default="l1;cross_entropy;focal(gamma=2);focal(gamma=0.5)",
        help="separated by semicolons [%(default)s]",
    )
    parser.add_argument("--seeds", default="20", help="how many, or which, as a study has them [%(default)s]")
    parser.add_argument("--epochs", type=int, default=20, help="[%(default)s]")
    parser.add_argument("--train-size", type=int, default=10000, help="training pictures [%(default)s]")
    parser.add_argument("--margin", type=float, default=0.01, help="[%(default)s]")
    parser.add_argument("--out", type=Path, help="where the accuracies go as JSON")
    return parser


if __name__ == "__main__":
    sys.exit(main())
