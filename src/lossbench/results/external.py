"""A table of results that were trained elsewhere -> Results, as far as its columns allow."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from lossbench.errors import RequestError, UnknownNameError
from lossbench.results.scenario_columns import SCENARIO_COLUMNS
from lossbench.results.table_columns import MEASURED, METRICS, Measured, measured
from lossbench.results.table_outcomes import Ended, Table, outcomes
from lossbench.results.table_source import frame_of
from lossbench.results.types import HISTORY_SCHEMA, LOGIT_COLUMNS, TRIALS_SCHEMA, DataView, LossView, Results
from lossbench.spec import LossSpec, parse_hypotheses, parse_hypothesis

__all__ = ["read_table"]

_BY_DEFAULT = ("accuracy", "f1", "precision", "recall", "nll", "brier", "ece", *LOGIT_COLUMNS, "loss")
"""Which metric a table is compared in: the first that it has. Losses come last: each has its own scale."""

_QUESTION = "Which loss function should this classifier be trained with?"


def read_table(
    table: object,
    *,
    metric: str | None = None,
    margin: float = 0.01,
    pictures: int | None = None,
    hypotheses: str | Sequence[str] = (),
    name: str | None = None,
) -> Results:
    """The results that a table holds; the order of its rows changes nothing.

    A trial is a loss and a seed; losses and seeds are sorted, numbers inside names as numbers. The last epoch is the
    largest at which the table has the primary metric; a table without epochs has one. How each trial ended is said at
    `outcomes`, which columns are understood at `measured`, and what a table can be at `frame_of`.

    Args:
        table: the path of a CSV or Parquet file, a data frame, a mapping of columns, or a list of rows.
        metric: the primary metric, `test.f1` or `f1`; None for test accuracy, or the first that there is of F1,
            precision, recall, NLL, Brier score, ECE, top-5 accuracy, AUROC and loss.
        margin: differences below it are of no practical importance.
        pictures: how many test pictures the metrics were taken over; None where nobody knows. From it follows how much
            of a difference is rounding.
        hypotheses: what was expected, one per line or item.
        name: what the results are called; None for the file's name without its ending.

    Raises:
        RequestError: the table cannot be read, or something else is not allowed; one sentence says what.
    """
    _check(margin, pictures)
    content = measured(frame_of(table))
    split, column = _metric(content.values, metric)
    last = int(str(_of(content.values, split, column)["epoch"].max()))
    read = Table(content, split, column, last)
    ended = outcomes(read)
    labels = sorted({loss for loss, _ in ended}, key=_natural)
    seeds = sorted({seed for _, seed in ended})
    expected = _hypotheses(hypotheses, labels)
    history = _history(content, ended, labels)
    running = "train_running" in set(history["split"])
    return Results(
        study={
            "name": name or _name(table),
            "question": _QUESTION,
            "losses": labels,
            "seeds": seeds,
            "recipe": {"epochs": last, "train_metrics": "running" if running else "full"},
            "plan": {
                "metric": f"{split}.{column}",
                "margin": float(margin),
                "hypotheses": expected,
            },
        },
        losses=tuple(_view(label) for label in labels),
        data=DataView("", "", (), 0, pictures or 0, 0, (0, 0, 0)),
        history=history,
        trials=_trials(ended, labels, seeds, _selected(history, last)),
        correct={},
        confusion={},
        provenance={},
    )


def _check(margin: object, pictures: object) -> None:
    if isinstance(margin, bool) or not isinstance(margin, int | float) or not 0 < margin < math.inf:
        raise RequestError("margin", "a number greater than 0", margin)
    if pictures is not None and (isinstance(pictures, bool) or not isinstance(pictures, int) or pictures < 1):
        raise RequestError("pictures", "a whole number of at least 1", pictures)


def _metric(values: pl.DataFrame, wanted: str | None) -> tuple[str, str]:
    """The primary metric's split and column."""
    there = [name for name in _BY_DEFAULT if _of(values, "test", name).height]
    if not there:
        splits = ", ".join(sorted(set(values["split"]))) or "no values"
        hint = "a column without a split in its name, and no column split, is of the test split"
        raise RequestError("table", f"a value of the test split of one of {', '.join(METRICS)}", splits, hint)
    if wanted is None:
        return "test", there[0]
    allowed = [f"test.{name}" for name in METRICS if name in there]
    column = str(wanted).strip().lower().removeprefix("test.")
    if f"test.{column}" not in allowed:
        raise RequestError("metric", f"one of {', '.join(allowed)}, which the table has", wanted)
    return "test", column


def _of(values: pl.DataFrame, split: str, metric: str) -> pl.DataFrame:
    """The cells of a metric that hold a number."""
    return values.filter((pl.col("split") == split) & (pl.col("metric") == metric) & pl.col("value").is_not_nan())


def _natural(label: str) -> tuple[list[tuple[int, float, str]], str]:
    """Sorts focal(gamma=2) before focal(gamma=10)."""
    parts = re.findall(r"\d+(?:\.\d+)?|\D+", label.casefold())
    return [(0, float(part), "") if part[0].isdecimal() else (1, 0.0, part) for part in parts], label


def _hypotheses(given: str | Sequence[str], labels: Sequence[str]) -> list[str]:
    """Each as it prints, with every loss by its name in the table."""
    lines = given if isinstance(given, str) else "\n".join(given) if all(isinstance(x, str) for x in given) else given
    known = {_normal(label): label for label in labels}
    found = []
    for text in parse_hypotheses(lines, "hypotheses"):
        hypothesis = parse_hypothesis(text)
        unknown = next((loss for loss in hypothesis.losses if loss not in {*known, *labels}), None)
        if unknown is not None:
            raise UnknownNameError("hypotheses", unknown, labels)
        found.append(str(hypothesis.renamed(known)))
    return found


def _normal(label: str) -> str:
    """A loss as a hypothesis has it: `focal(gamma=2)` for `focal( gamma=2.0 )`; any other name as it is."""
    try:
        return str(LossSpec.parse(label))
    except RequestError:
        return label


def _name(table: object) -> str:
    return Path(os.fspath(table)).stem or "table" if isinstance(table, str | os.PathLike) else "table"


def _history(content: Measured, ended: Mapping[tuple[str, int], Ended], labels: Sequence[str]) -> pl.DataFrame:
    """The history of all trials but those that are missing, with what was not measured left empty."""
    values = content.values.filter(pl.col("value").is_not_nan())
    by = ["loss_function", "seed", "epoch", "split"]
    table = values.pivot(on="metric", index=by, values="value")
    status = pl.DataFrame(
        [(loss, seed, end.status) for (loss, seed), end in ended.items() if end.status != "missing"],
        schema={"loss_function": pl.String, "seed": pl.Int64, "status": pl.String},
        orient="row",
    )
    absent = [pl.lit(None).alias(name) for name in (*MEASURED, *SCENARIO_COLUMNS) if name not in table.columns]
    full = table.with_columns(absent).join(status, on=["loss_function", "seed"])
    place = pl.col("loss_function").replace_strict(list(labels), list(range(len(labels))), return_dtype=pl.Int64)
    return full.sort(place, *by[1:]).select(pl.col(name).cast(kind) for name, kind in HISTORY_SCHEMA.items())


def _selected(history: pl.DataFrame, last: int) -> dict[tuple[str, int], int]:
    """Per trial the first epoch of greatest validation accuracy."""
    rows = history.filter(
        (pl.col("split") == "validation") & pl.col("accuracy").is_not_null() & (pl.col("epoch") <= last)
    ).sort("accuracy", "epoch", descending=[True, False])
    found: dict[tuple[str, int], int] = {}
    for loss, seed, epoch in rows.select("loss_function", "seed", "epoch").iter_rows():
        found.setdefault((loss, seed), epoch)
    return found


def _trials(
    ended: Mapping[tuple[str, int], Ended],
    labels: Sequence[str],
    seeds: Sequence[int],
    selected: Mapping[tuple[str, int], int],
) -> pl.DataFrame:
    rows: list[dict[str, Any]] = []
    for label in labels:
        for seed in seeds:
            end = ended[label, seed]
            row = dict.fromkeys(TRIALS_SCHEMA) | {"loss_function": label, "seed": seed, "key": ""}
            row |= {"status": end.status, "epochs": end.epochs, "reason": end.reason}
            rows.append(row | {"selected_epoch": selected.get((label, seed))})
    return pl.DataFrame(rows, schema=TRIALS_SCHEMA, orient="row")


def _view(label: str) -> LossView:
    """A loss of which no more than its name is known."""
    return LossView(label, label, label, "", "", {}, (), (), "", (), (), (), (), 0)
