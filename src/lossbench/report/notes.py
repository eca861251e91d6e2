"""How to read what stands beside them: the sentences that every form of the report shares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lossbench.analysis.types import Analysis
from lossbench.figures.colours import Colours
from lossbench.report.key_figures import KeyFigures
from lossbench.report.lookup import metric_title
from lossbench.report.sentences_run import shown
from lossbench.results import Results
from lossbench.text import MANY_SEEDS, isolate, listed

__all__ = [
    "ALONE",
    "CALIBRATED",
    "CURVES",
    "FIRST_GRADIENTS",
    "GRADIENT_CAPTION",
    "KEY_CAPTION",
    "OTHER_METRICS",
    "REASONS",
    "SYMBOLS",
    "UNEQUAL_CLASSES",
    "WRONG_LABELS",
    "comparisons_note",
    "key_note",
    "numbers",
    "own_recipe",
]

ALONE = "There is one loss only, so there is nothing to compare."
CALIBRATED = "Test ECE as trained, and after temperature scaling fitted on validation pictures; lower is better"
GRADIENT_CAPTION = (
    "Length of the first gradient over that of cross entropy’s, as ranked above: geometric mean, least and greatest "
    "seed"
)
KEY_CAPTION = "Key figures at the last epoch: means over seeds, ± half of the 95 % interval"
CURVES = "What follows describes the curves that were measured. Whether a difference is real is said under comparisons."
FIRST_GRADIENTS = (
    "At one learning rate for all losses, part of what is compared is scale, unless the optimizer is adam or adamw, "
    "whose steps do not grow with the gradient. The gradient is that of the first batch at the first weights, which at "
    "one seed are the same for every loss."
)
OTHER_METRICS = (
    "The same pairs in each of the other metrics on the test set, with the same margin; each metric is a family of its "
    "own."
)
REASONS = (
    "A reason is given where a rule over what was recorded holds, seed by seed. These are all rules, with their "
    "thresholds."
)
SYMBOLS = "z: logits; p: their softmax; y: the true class; e: its one-hot vector; K: the number of classes."

UNEQUAL_CLASSES = "Frequent and rare classes"
WRONG_LABELS = "Wrong labels"


def key_note(table: KeyFigures, colours: Colours) -> str:
    """What the marks of the key figures mean."""
    said = []
    if table.has_best:
        said.append("✓ and bold: in the best set, the losses not shown to be below the best.")
    elif table.bold:
        said.append("In bold: no other loss is shown to be better.")
    if table.has_ranks:
        said.append("Beside the rank by mean stand the ranks that the comparisons leave possible.")
    said.append("± is half of the 95 % t interval over seeds; it stands where two or more seeds finished.")
    if colours.others and colours.coloured:
        said.append(f"In colour in the figures of all losses: {colours.words}.")
    return " ".join(said)


def comparisons_note(analysis: Analysis, colours: Colours) -> str:
    """Which pairs are shown, and how a row is read."""
    which, rest = "Every pair of losses", ""
    if colours.others:
        which = "The leader against every other loss"
        pairs = f"{len(analysis.comparisons):,}"
        rest = f"; all {pairs} pairs stand in comparisons.csv, and p-values are adjusted for all of them"
    return (
        f"{which} in {metric_title(analysis.metric)}, paired over the seeds that both finished{rest}. The difference "
        "is the first minus the second; the verdict is said of the first. “Equivalent” is a finding: the difference is "
        f"shown to be smaller than {shown(analysis.margin)}. “Undecided” is none."
    )


def numbers(results: Results) -> str:
    """Where the numbers and the figures are."""
    tables = ["history", "summary", "comparisons", "standings", *([] if results.external else ["gradient_scale"])]
    return (
        f"The numbers stand in {listed(f'{name}.csv' for name in tables)}, what became of hypotheses in verdicts.json, "
        "each of them as Parquet, too; the figures as SVG, PNG, PDF and Vega-Lite specification in the folder figures."
        + _aggregates(results)
    )


def _aggregates(results: Results) -> str:
    """What is said where losses have so many seeds that they are not shown one by one."""
    most = results.trials.group_by("loss_function").len()["len"].max()
    if not isinstance(most, int) or most <= MANY_SEEDS:
        return ""
    return f" Of a loss with more than {MANY_SEEDS} seeds the page shows where they lie; history.csv has every one."


def own_recipe(overrides: Mapping[str, Any]) -> str:
    """What a loss was trained with instead of the study's recipe."""
    changes = listed(isolate(f"{name} = {shown(value)}") for name, value in sorted(overrides.items()))
    return f"Trained with {changes} instead of the study's recipe: it is not compared under identical conditions."
