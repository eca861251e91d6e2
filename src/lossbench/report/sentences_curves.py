"""What the side-by-side curves show, computed from the table that the figure draws."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import polars as pl

from lossbench.figures import Figure
from lossbench.figures.curves import curve
from lossbench.figures.side_by_side import SIDE_BY_SIDE
from lossbench.metrics import LOWER_IS_BETTER
from lossbench.report.lookup import metric_title
from lossbench.text import counted, fixed, isolate

__all__ = [
    "apart",
    "at_the_end",
    "follows",
    "order_along",
    "rank_correlation",
    "side_by_side",
    "side_by_side_sentences",
]

Curves = Mapping[str, Mapping[int, float]]  # per loss the mean at every evaluated epoch


def side_by_side_sentences(table: pl.DataFrame, column: str, accuracy: pl.DataFrame | None = None) -> tuple[str, ...]:
    """Everything that is said of one metric on the test set.

    Args:
        table: the figure's table.
        column: the metric.
        accuracy: the table of the accuracy figure, where the metric is to be held against it.
    """
    means = _means(table, column)
    sentences = [at_the_end(means, column), order_along(means, column), apart(means)]
    if accuracy is not None:
        sentences.append(follows(means, _means(accuracy, "accuracy"), column))
    return tuple(sentence for sentence in sentences if sentence)


def side_by_side(shared: Mapping[str, Figure]) -> list[tuple[str, Figure, tuple[str, ...]]]:
    """Per metric that is drawn side by side its column, its figure and what is said of it."""
    drawn = {metric.column: shared.get(f"{metric.column}-per-epoch") for metric in SIDE_BY_SIDE}
    accuracy = drawn["accuracy"]
    held = None if accuracy is None else accuracy.table
    return [
        (column, figure, side_by_side_sentences(figure.table, column, None if column == "accuracy" else held))
        for column, figure in drawn.items()
        if figure is not None
    ]


def at_the_end(means: Curves, column: str) -> str:
    """The highest and the lowest loss at the last evaluated epoch."""
    metric = metric_title(f"test.{column}")
    ends = {loss: values[max(values)] for loss, values in means.items()}
    if not ends:
        return f"No loss has a finished trial, so there is no {metric} to compare."
    if len(ends) == 1:
        (loss, value), *_ = ends.items()
        return f"At the end {metric} with {isolate(loss)} is {fixed(value)}."
    high, low = max(ends, key=lambda loss: ends[loss]), min(ends, key=lambda loss: ends[loss])
    if ends[high] == ends[low]:
        return f"At the end {metric} is the same for all losses: {fixed(ends[high])}."
    best = "; lower is better" if column in LOWER_IS_BETTER else ""
    return (
        f"At the end {metric} is highest for {isolate(high)} ({fixed(ends[high])}) and lowest for {isolate(low)} "
        f"({fixed(ends[low])}){best}."
    )


def order_along(means: Curves, column: str) -> str:
    """In how many epochs the best at the end lay before the second, and the last behind all others."""
    if len(means) < 2:
        return ""
    sign = -1 if column in LOWER_IS_BETTER else 1
    order = sorted(means, key=lambda loss: -sign * means[loss][max(means[loss])])
    first, second, last = order[0], order[1], order[-1]
    epochs = sorted(set(means[first]) & set(means[second]))
    ahead = sum(sign * (means[first][epoch] - means[second][epoch]) > 0 for epoch in epochs)
    above = "below" if sign < 0 else "above"
    text = f"{isolate(first)} lies {above} {isolate(second)}, the second at the end, in {_share(ahead, len(epochs))}"
    if len(order) == 2:
        return text + "."
    others = [means[loss] for loss in order[:-1]]
    shared = sorted(set(means[last]).intersection(*others))
    behind = sum(all(sign * (other[epoch] - means[last][epoch]) > 0 for other in others) for epoch in shared)
    beneath = "above" if sign < 0 else "below"
    return f"{text}; {isolate(last)} lies {beneath} every other loss in {_share(behind, len(shared))}."


def apart(means: Curves) -> str:
    """The closest and the farthest pair of curves, by their mean distance over the epochs."""
    distances = {
        pair: sum(abs(means[pair[0]][epoch] - means[pair[1]][epoch]) for epoch in shared) / len(shared)
        for pair in combinations(means, 2)
        if (shared := sorted(set(means[pair[0]]) & set(means[pair[1]])))
    }
    if len(distances) < 2:
        return ""
    near, far = min(distances, key=lambda pair: distances[pair]), max(distances, key=lambda pair: distances[pair])
    return (
        f"Over the epochs {isolate(near[0])} and {isolate(near[1])} are closest, {fixed(distances[near])} apart on "
        f"average, and {isolate(far[0])} and {isolate(far[1])} farthest, {fixed(distances[far])} apart."
    )


def follows(means: Curves, accuracy: Curves, column: str) -> str:
    """Whether the metric tells another story than accuracy: their rank correlation over losses and epochs."""
    points = [
        (value, accuracy[loss][epoch])
        for loss, values in means.items()
        for epoch, value in values.items()
        if epoch in accuracy.get(loss, {})
    ]
    rho = rank_correlation([x for x, _ in points], [y for _, y in points])
    if rho is None:
        return ""
    words = "follows" if rho >= 0.9 else "runs against" if rho <= -0.9 else "does not simply follow"
    name = metric_title(f"test.{column}")
    return f"Over all losses and epochs {name} {words} test accuracy: rank correlation {fixed(rho, 2)}."


def rank_correlation(xs: list[float], ys: list[float]) -> float | None:
    """Spearman's coefficient, ties at their mean rank; None where one of the two does not move."""
    if len(xs) < 3 or len(set(xs)) < 2 or len(set(ys)) < 2:
        return None
    frame = pl.DataFrame({"x": xs, "y": ys}).select(pl.all().rank("average"))
    x, y = (frame[name].to_numpy() - frame[name].to_numpy().mean() for name in ("x", "y"))
    return float((x * y).sum() / ((x * x).sum() * (y * y).sum()) ** 0.5)


def _means(table: pl.DataFrame, column: str) -> dict[str, dict[int, float]]:
    labels = list(dict.fromkeys(table["loss_function"]))
    found = {loss: dict(zip(*curve(table, loss, column, "test"), strict=True)) for loss in labels}
    return {loss: values for loss, values in found.items() if values}


def _share(count: int, total: int) -> str:
    if count == total:
        return "the one evaluated epoch" if total == 1 else f"all {total} evaluated epochs"
    return f"{count or 'none'} of {counted(total, 'evaluated epoch')}"
