"""The columns of a table that somebody else made: which are understood, and every value at its place."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from lossbench.errors import RequestError
from lossbench.results.types import HISTORY_COLUMNS, LOGIT_COLUMNS

__all__ = ["MEASURED", "METRICS", "Measured", "measured"]

METRICS = (*HISTORY_COLUMNS[4:-1], *LOGIT_COLUMNS)
"""What a table can be compared in: loss, accuracy, precision, recall, f1, nll, brier, ece, top5, auroc."""

MEASURED = (*METRICS, "mean_confidence", "gradient_norm")
"""Every quantity that is read."""

_LOSS = ("loss_function", "loss_fn", "loss_name", "criterion", "method")
_SEED = ("seed", "random_seed")
_METRIC_NAMES = {
    **{name: name for name in MEASURED},
    "acc": "accuracy",
    "f1_score": "f1",
    "brier_score": "brier",
    "top5_accuracy": "top5",
    "roc_auc": "auroc",
}
_SPLIT_NAMES = {
    "train_running": "train_running",
    "train": "train",
    "training": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "test": "test",
}
_STATUS = ("finished", "diverged", "failed", "missing")
_EMPTY = ("", "na", "n/a", "null", "none", "<na>")

_SHARE = (0.0, 1.0)
_BOUNDS: Mapping[str, tuple[float, float]] = {
    **dict.fromkeys(("accuracy", "precision", "recall", "f1", "ece", *LOGIT_COLUMNS, "mean_confidence"), _SHARE),
    "brier": (0.0, 2.0),
    "nll": (0.0, float("inf")),
    "gradient_norm": (0.0, float("inf")),
}
_ROUNDING = 1e-6  # of float32, beyond the bounds
_PERCENT = 1.5  # a share above it was meant as a percentage

_KEYS = ("loss_function", "seed", "epoch")


@dataclass(frozen=True, eq=False)
class Measured:
    """What a table says.

    Args:
        rows: one row per row of the table: `row` (from 1, the head not counted), `loss_function`, `seed`, `epoch` (1
            where the table has none), `status` (null where the table does not say).
        values: one row per filled cell: `row, loss_function, seed, epoch, split, metric, value`; what is not a number
            is NaN.
        has_epochs: whether the table has epochs.
    """

    rows: pl.DataFrame
    values: pl.DataFrame
    has_epochs: bool


@dataclass(frozen=True)
class _Place:
    """What a column of values holds; `split` is None where its name does not say."""

    split: str | None
    metric: str


def measured(frame: pl.DataFrame) -> Measured:
    """Reads the columns by their names, in which case, spaces, hyphens, dots and slashes are all one.

    Understood are: the loss's name, `loss_function` (or `loss_fn`, `loss_name`, `criterion`, `method`); `seed` (or
    `random_seed`); `epoch`, `split` and `status` (finished, diverged, failed, missing), each optional; and either
    columns `metric` and `value`, or one column per metric: those of MEASURED, and `acc`, `f1_score`, `brier_score`,
    `top5_accuracy`, `roc_auc`, also with the split before them (`test_accuracy`, `val.loss`). Without a split they are
    of the test split, the gradient's norm of the train split. All other columns are left alone.

    Raises:
        RequestError: a column is missing or twice there, or a cell is not what its column holds.
    """
    names = _names(frame)
    rows = _rows(frame, names)
    values = _long(frame, names, rows) if {"metric", "value"} <= names.keys() else _wide(frame, names, rows)
    _check_bounds(values)
    _check_single(values, "epoch" in names)
    order = ("row", *_KEYS, "split", "metric", "value")
    return Measured(rows.drop("split"), values.select(order), "epoch" in names)


def _names(frame: pl.DataFrame) -> dict[str, str]:
    """Columns by their plain names; of two that are alike neither is taken unless it is understood."""
    names: dict[str, str] = {}
    for name in frame.columns:
        plain = _plain(name)
        if plain in names and _understood(plain):
            raise RequestError(f"column {name}", f"one column {plain}", f"{names[plain]} and {name}")
        names.setdefault(plain, name)
    return names


def _plain(text: str) -> str:
    return re.sub(r"[\s./\\-]+", "_", text.strip().lower())


def _understood(plain: str) -> bool:
    return plain in (*_LOSS, *_SEED, "epoch", "split", "status", "metric", "value") or _place(plain) is not None


def _place(plain: str) -> _Place | None:
    if plain in _METRIC_NAMES:
        return _Place(None, _METRIC_NAMES[plain])
    for prefix, split in _SPLIT_NAMES.items():
        metric = _METRIC_NAMES.get(plain.removeprefix(f"{prefix}_"))
        if plain.startswith(f"{prefix}_") and metric:
            return _Place(split, metric)
    return None


def _rows(frame: pl.DataFrame, names: Mapping[str, str]) -> pl.DataFrame:
    """The table's rows without their values."""
    if frame.is_empty():
        raise RequestError("table", "at least one row", "none")
    loss, seed = _chosen(frame, names, _LOSS), _chosen(frame, names, _SEED)
    columns = {"loss_function": _labels(frame[loss]), "seed": _whole(frame[seed], 0)}
    columns["epoch"] = _whole(frame[names["epoch"]], 0) if "epoch" in names else pl.repeat(1, frame.height, eager=True)
    columns["split"] = _words(frame, names, "split", _SPLIT_NAMES)
    columns["status"] = _words(frame, names, "status", {word: word for word in _STATUS})
    made = pl.DataFrame([series.alias(name) for name, series in columns.items()])
    return made.with_row_index("row", offset=1).with_columns(pl.col("row", "epoch").cast(pl.Int64))


def _chosen(frame: pl.DataFrame, names: Mapping[str, str], accepted: tuple[str, ...]) -> str:
    """The column of the first name, else the one that is there of the others."""
    there = [name for name in accepted if name in names]
    if accepted[0] in there or len(there) == 1:
        return names[there[0]]
    hint = ""
    if not there and accepted is _LOSS and "loss" in names and not frame[names["loss"]].dtype.is_numeric():
        hint = "the column loss is a metric, the loss's value"
    wanted = f"a column {accepted[0]} (or {', '.join(accepted[1:])})"
    received = " and ".join(names[name] for name in there) or ", ".join(frame.columns) or "no column"
    raise RequestError("table", wanted, received, hint)


def _labels(series: pl.Series) -> pl.Series:
    text = _text(series)
    _refuse(series, text.is_null(), "a loss's name in every row")
    return text


def _words(frame: pl.DataFrame, names: Mapping[str, str], column: str, known: Mapping[str, str]) -> pl.Series:
    """A column of few words; null where the table has no such column, or an empty cell."""
    if column not in names:
        return pl.repeat(None, frame.height, dtype=pl.String, eager=True)
    series = frame[names[column]]
    text = _text(series)
    found = text.str.to_lowercase().replace_strict(dict(known), default=None, return_dtype=pl.String)
    _refuse(series, found.is_null() & text.is_not_null(), f"one of {', '.join(dict.fromkeys(known.values()))}")
    return found


def _wide(frame: pl.DataFrame, names: Mapping[str, str], rows: pl.DataFrame) -> pl.DataFrame:
    """One column per metric."""
    places = {name: place for plain, name in names.items() if (place := _place(plain))}
    if not any(place.metric in METRICS for place in places.values()):
        wanted = f"a column of at least one of {', '.join(METRICS)}, or columns metric and value"
        raise RequestError("table", wanted, ", ".join(frame.columns))
    _check_splits(names, places)
    _check_metrics(places)
    parts = [
        rows.with_columns(
            split=_split_of(place),
            metric=pl.lit(place.metric),
            value=_numbers(frame[name]),
            column=pl.lit(name),
        )
        for name, place in places.items()
    ]
    return pl.concat(parts).filter(pl.col("value").is_not_null())


def _long(frame: pl.DataFrame, names: Mapping[str, str], rows: pl.DataFrame) -> pl.DataFrame:
    """One row per metric; those that are not understood are left alone."""
    text = _text(frame[names["metric"]])
    found = {word: place for word in text.unique().drop_nulls() if (place := _place(_plain(word)))}
    if not any(place.metric in METRICS for place in found.values()):
        wanted = f"at least one of {', '.join(METRICS)}"
        raise RequestError(f"column {names['metric']}", wanted, ", ".join(sorted(text.unique().drop_nulls())))
    _check_splits(names, found)
    parts = []
    for word, place in sorted(found.items()):
        chosen = rows.with_columns(_of=text, _given=frame[names["value"]]).filter(pl.col("_of") == word)
        number = _numbers(chosen["_given"].alias(names["value"]), chosen["row"])
        placed = chosen.drop("_of", "_given").with_columns(
            split=_split_of(place),
            metric=pl.lit(place.metric),
            value=number,
            column=pl.lit(f"{names['value']} of {word}"),
        )
        parts.append(placed)
    return pl.concat(parts).filter(pl.col("value").is_not_null())


def _split_of(place: _Place) -> pl.Expr:
    return pl.lit(place.split) if place.split else pl.col("split").fill_null(_usual_split(place))


def _usual_split(place: _Place) -> str:
    return "train" if place.metric == "gradient_norm" else "test"


def _check_splits(names: Mapping[str, str], places: Mapping[str, _Place]) -> None:
    """The split stands in one place: in a column of its own, or in the metrics' names."""
    beside = next((name for name, place in places.items() if place.split), None)
    if "split" in names and beside is not None:
        raise RequestError(f"column {names['split']}", "no split in the names of metrics beside it", beside)


def _check_metrics(places: Mapping[str, _Place]) -> None:
    """No metric has two columns."""
    taken: dict[tuple[str, str], str] = {}
    for name, place in places.items():
        at = (place.split or _usual_split(place), place.metric)
        if at in taken:
            raise RequestError(f"column {name}", f"one column of {at[0]} {at[1]}", f"{taken[at]} and {name}")
        taken[at] = name


def _text(series: pl.Series) -> pl.Series:
    """Trimmed text; empty cells and what stands for them are null."""
    try:
        text = series.cast(pl.String).str.strip_chars()
    except pl.exceptions.PolarsError:
        raise RequestError(f"column {series.name}", "text or numbers", str(series.dtype)) from None
    return text.set(text.str.to_lowercase().is_in(_EMPTY), None)


def _numbers(series: pl.Series, rows: pl.Series | None = None) -> pl.Series:
    """Float64; null where a cell is empty. A comma may take the place of the decimal point."""
    if series.dtype.is_numeric():
        return series.cast(pl.Float64)
    text = _text(series)
    number = text.str.replace(r"^([+-]?\d*),(\d+)$", "$1.$2").cast(pl.Float64, strict=False)
    hint = "shares of 1 are wanted, without a percent sign" if text.str.ends_with("%").any() else ""
    _refuse(series, number.is_null() & text.is_not_null(), "numbers", hint, rows)
    return number


def _whole(series: pl.Series, least: int) -> pl.Series:
    """Int64; 3.0 is a whole number too."""
    text = _text(series)
    exact = text.cast(pl.Int64, strict=False)
    near = text.cast(pl.Float64, strict=False)
    near = near.set(~(near.is_finite() & (near == near.floor()) & (near.abs() < 2.0**53)).fill_null(False), None)
    number = exact.fill_null(near.cast(pl.Int64)) if exact.null_count() else exact
    _refuse(series, number.is_null() | (number < least), f"a whole number of at least {least} in every row")
    return number


def _refuse(series: pl.Series, wrong: pl.Series, allowed: str, hint: str = "", rows: pl.Series | None = None) -> None:
    """Complains of the first cell that is wrong."""
    at = next(iter(wrong.fill_null(True).arg_true()), None)
    if at is None:
        return
    number = at + 1 if rows is None else rows[at]
    cell = _text(series)[at]
    shown = "an empty cell" if cell is None else cell
    raise RequestError(f"column {series.name}", allowed, f"{shown} in row {number}", hint)


def _check_bounds(values: pl.DataFrame) -> None:
    for metric, (low, high) in _BOUNDS.items():
        beyond = (pl.col("value") < low - _ROUNDING) | (pl.col("value") > high + _ROUNDING)
        wrong = values.filter((pl.col("metric") == metric) & pl.col("value").is_finite() & beyond).sort("row")
        for row in wrong.head(1).iter_rows(named=True):
            allowed = "shares of 1, from 0 to 1" if high == 1 else f"numbers from {low:g}"
            allowed += f" to {high:g}" if 1 < high < float("inf") else ""
            percent = "divide percentages by 100" if high == 1 and row["value"] > _PERCENT else ""
            raise RequestError(f"column {row['column']}", allowed, f"{row['value']:g} in row {row['row']}", percent)


def _check_single(values: pl.DataFrame, has_epochs: bool) -> None:
    """Every value once."""
    by = [*_KEYS, "split", "metric"]
    for row in values.sort("row").filter(pl.struct(by).is_duplicated()).head(1).iter_rows(named=True):
        both = values.filter(*(pl.col(name) == row[name] for name in by)).sort("row")["row"]
        epoch = f", epoch {row['epoch']}" if has_epochs else ""
        raise RequestError(
            f"row {both[1]}",
            f"every value once per loss, seed{', epoch' if has_epochs else ''} and split",
            f"{row['split']} {row['metric']} of {row['loss_function']}, seed {row['seed']}{epoch}, as in row {both[0]}",
            "" if has_epochs else "a column epoch tells epochs apart; compare one model and one data set at a time",
        )
