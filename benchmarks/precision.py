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
from dataclasses import asdict
from pathlib import Path
from statistics import fmean

import lossbench
from benchmarks.machine import describe
from benchmarks.share import write_share
from lossbench.analysis import Comparison
from lossbench.analysis.comparisons import compare_all
from lossbench.analysis.family import Arm, Family, Question
from lossbench.data import Pictures, Split, find
from lossbench.files import write_atomically
from lossbench.spec import Study

__all__ = ["compared", "main"]


def compared(float32: Sequence[float], bfloat16: Sequence[float], margin: float, pictures: int) -> Comparison:
    """bfloat16 − float32 as a report would compare two losses.

    Args:
        float32: an accuracy per seed.
        bfloat16: the same seeds'.
        margin: a difference that would not matter.
        pictures: that the accuracies were taken on.
    """
    both = {"bfloat16": bfloat16, "float32": float32}
    arms = [Arm(name, dict(enumerate(values)), {}, diverged=0) for name, values in both.items()]
    (comparison,) = compare_all(
        Family(arms, Question("test.accuracy", margin, higher_is_better=True, pictures=pictures))
    )
    return comparison


def main(arguments: Sequence[str] | None = None) -> int:
    """Trains both ways, prints a table, and writes the accuracies as JSON."""
    given = _parser().parse_args(arguments)
    whole = find(given.data).decode()
    with tempfile.TemporaryDirectory() as folder:
        share = Path(folder) / "share.npz"
        write_share(_with_whole_test_set(whole, given.train_size), None, share)
        accuracies = {precision: _accuracies(share, precision, given) for precision in ("fp32", "bf16")}
    pairs = {loss: (fp32, accuracies["bf16"][loss]) for loss, fp32 in accuracies["fp32"].items()}
    rows = {loss: compared(*pair, given.margin, len(whole.test)) for loss, pair in pairs.items()}
    print(f"| loss | float32 | bfloat16 − float32 | 95 % interval | p of equivalence within {given.margin:g} |")
    print("|---|---|---|---|---|")
    for loss, row in rows.items():
        interval = f"{row.low:+.4f} to {row.high:+.4f}"
        accuracy = fmean(pairs[loss][0])
        print(f"| {loss} | {accuracy:.4f} | {row.difference:+.4f} | {interval} | {row.p_equivalence:.2g} |")
    if given.out:
        raw = {
            "machine": describe(),
            "accuracies": accuracies,
            "compared": {loss: asdict(row) for loss, row in rows.items()},
        }
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
        losses=given.losses,
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
        default="l1, cross_entropy, focal(gamma=2), focal(gamma=0.5)",
        help="as a study has them [%(default)s]",
    )
    parser.add_argument("--seeds", default="20", help="how many, or which, as a study has them [%(default)s]")
    parser.add_argument("--epochs", type=int, default=20, help="[%(default)s]")
    parser.add_argument("--train-size", type=int, default=10000, help="training pictures [%(default)s]")
    parser.add_argument("--margin", type=float, default=0.01, help="[%(default)s]")
    parser.add_argument("--out", type=Path, help="where the accuracies go as JSON")
    return parser


if __name__ == "__main__":
    sys.exit(main())
