"""How each number is made: the terms that a study's page uses, and no others."""

from __future__ import annotations

from collections.abc import Iterator

from lossbench.analysis.family import FEWEST_SEEDS
from lossbench.analysis.looks import WEIGHTS, looks_taken
from lossbench.analysis.paired import ALPHA
from lossbench.analysis.power import LIMIT, MOST_SEEDS, POWER
from lossbench.analysis.types import Analysis
from lossbench.figures.curves import train_split
from lossbench.results import Results
from lossbench.text import isolate

__all__ = ["definitions"]

Entries = Iterator[tuple[str, str]]


def definitions(results: Results, analysis: Analysis) -> list[tuple[str, str]]:
    """(term, definition) of everything that is on the page."""
    return [
        *_metrics(results),
        *_comparisons(results, analysis),
        *_beside_comparisons(analysis),
        *_standings(results, analysis),
        *_plan(results, analysis),
        *_beside(analysis),
        *([] if results.external else [_FIRST_GRADIENT]),
        _scope(analysis),
        *([_RUNNING] if train_split(results) == "train_running" else []),
    ]


def _metrics(results: Results) -> Entries:
    """What each metric is; of results trained elsewhere nobody here knows how they were taken."""
    yield "Interval of a mean", "95 %, Student's t over the seeds that finished."
    if results.external:
        return
    classes = len(results.data.class_names)
    guessing = f"; guessing gives 1/{classes}" if classes else ""
    over = f"the {classes} classes" if classes else "the classes"
    yield "Accuracy", f"The share of pictures whose highest logit is their class's{guessing}."
    yield (
        "Precision, recall, F1",
        f"Computed per class from the counts of the whole epoch, then averaged over {over} (macro); "
        "where a class was never predicted, 0 takes the place of a division by zero.",
    )
    yield from _PROBABILITIES
    yield from _of_last_logits(results)


def _of_last_logits(results: Results) -> Entries:
    """What is taken from the last logits alone, the study's own metrics among it."""
    if results.measured("top5"):
        yield (
            "Top-5 accuracy",
            "The share of pictures whose class is among the five highest logits, at the last epoch; of equal logits "
            "the first class counts as higher.",
        )
    if results.measured("auroc"):
        yield (
            "Area under the ROC curve (AUROC)",
            "Each class against the rest, by its probability at the last epoch, then averaged over the classes; "
            "ties count half, and a class that no picture or every picture shows is left out.",
        )
    for name, metric in results.own_metrics.items():
        better = "lower" if metric.lower else "higher"
        yield (
            isolate(name),
            f"A metric of the study's own: {isolate(metric.path)}, a function of the last logits and the labels; "
            f"{better} is better.",
        )


def _comparisons(results: Results, analysis: Analysis) -> Entries:
    alike = (
        "differences within a seed are as good as its runs are alike in everything but the loss"
        if results.external
        else "at one seed they start from the same weights and see the same pictures in the same order"
    )
    margin, level = f"{analysis.margin:g}", f"{ALPHA:g}"
    yield (
        "Comparison",
        f"Paired over the seeds that both losses finished: {alike}. The 95 % interval is the paired t over these "
        "seeds. p of the difference and p of equivalence (two one-sided tests against the margin "
        f"{margin}) are adjusted after Holm over all pairs of a metric; each metric is a family of its own.",
    )
    yield (
        "Verdict",
        f"Equivalent: p of equivalence is at most {level}, the 90 % interval lies inside ±{margin}, and neither loss "
        f"diverged. Else better or worse: the adjusted p is at most {level}, the 95 % interval excludes 0, both "
        f"finished at least {FEWEST_SEEDS} seeds together, and the better one never diverged. Else undecided. Where a "
        "difference is equivalent and shown, it is real, but below the margin.",
    )


def _beside_comparisons(analysis: Analysis) -> Entries:
    """What only some studies' comparisons need."""
    items = (*analysis.comparisons, *analysis.secondary)
    if any(item.low_new is not None for item in items):
        yield (
            "Interval for new pictures",
            "95 %, with seeds crossed with test pictures (Obuchowski & Rockette, 1995; Hillis, 2007), and never "
            "narrower than the paired t: it speaks of retraining and of new test pictures of the same kind. The answer "
            "says that a verdict holds for new test pictures only where this interval agrees with it.",
        )
    if any(item.moderated for item in analysis.comparisons):
        yield (
            "Moderated variance",
            "With many losses and few seeds, p-values use a variance that borrows from all losses (Smyth, 2004), never "
            "below the pair's own; pairs with a loss that varies unlike the others keep their own. The printed 95 % "
            "intervals use the pair's own variance.",
        )
    if any(item.degenerate for item in items):
        yield (
            "Least variance",
            "Where seeds differ by less than rounding to whole pictures would make them, the variance is that of such "
            "rounding.",
        )
    if any(item.p_mcnemar is not None for item in analysis.comparisons):
        yield (
            "With one seed",
            "The interval of a difference is over test pictures, and McNemar's test is exact; both speak of these two "
            "trained networks, not of the losses.",
        )
    if any(item.verdict == "undecided" and item.seeds > 1 for item in items):
        yield (
            "Seeds to decide",
            f"The fewest seeds with which the test, at its level among all pairs, would decide with {_percent(POWER)} "
            "power, if the measured difference and its variance were the true ones; in brackets with the standard "
            f"deviation at its upper {_percent(LIMIT)} limit. More than {MOST_SEEDS:,} are not counted.",
        )


def _standings(results: Results, analysis: Analysis) -> Entries:
    if any(item.best is not None for item in analysis.standings):
        yield (
            "Best set",
            "The losses not shown to be below the best. A loss leaves where another is better, one-sided, at a p-value "
            "that is multiplied by the number of other losses (comparisons with the best, after Hsu, 1984). With "
            f"{_percent(1 - ALPHA)} confidence it holds the best loss. It asks less than the comparisons of all pairs, "
            "so that it may drop a loss that they leave undecided.",
        )
        yield (
            "Ranks",
            "From 1 plus the number of losses shown to be better, to the number of losses minus those shown to be "
            "worse, over all pairs at once.",
        )
    if any(item.diverged for item in analysis.standings):
        guessing = " A loss that diverged in every seed counts as guessing against one that never did, in accuracy."
        yield (
            "Diverged",
            "The loss or a logit was no longer finite, which ended the trial; it enters no mean. The share of seeds "
            "that diverge has its exact 95 % interval (Clopper & Pearson, 1934)."
            + (guessing if results.data.class_names else ""),
        )
    if any(item.collapsed for item in analysis.standings):
        yield "At chance", "Test accuracy within three standard deviations of what guessing gives on so many pictures."


def _plan(results: Results, analysis: Analysis) -> Entries:
    if analysis.findings:
        yield (
            "Hypothesis",
            ("" if results.external else "Written into the study before the run. ")
            + "Supported and contradicted are findings; undecided is none. Their p-values are adjusted as families of "
            "their own.",
        )
    if looks_taken(results):
        shares = ", ".join(f"{share:g}" for share in WEIGHTS)
        yield (
            "Looks",
            "The study was looked at while it ran. Every look may spend a share of the error, fixed before the run "
            f"({shares}); p-values are the smallest over the looks of p divided by its share, and the intervals of "
            "differences are as much wider, so that stopping at any look is allowed.",
        )


def _beside(analysis: Analysis) -> Entries:
    if any(item.epoch is None for item in analysis.estimates):
        yield (
            "Selected epoch",
            "The epoch with the best value on validation pictures, each seed's own; the test set chooses nothing.",
        )
    if any(item.metric == "ece_calibrated" for item in analysis.estimates):
        yield (
            "Temperature scaling",
            "The last logits are divided by the one temperature that gives the least NLL on validation pictures "
            "(Guo et al., 2017); the calibration error is then that of the test set.",
        )


def _scope(analysis: Analysis) -> tuple[str, str]:
    crossed = any(item.low_new is not None for item in analysis.comparisons)
    pictures = (
        "Only the interval for new pictures speaks of other test pictures, too"
        if crossed
        else "They do not speak of new test pictures"
    )
    return (
        "What the intervals speak of",
        f"Retraining, judged on this test set. {pictures}, and nothing here speaks of new training data.",
    )


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


_PROBABILITIES = (
    ("NLL", "The mean negative logarithm of the softmax probability of the true class, in nats; lower is better."),
    (
        "Brier score",
        "The squared distance of the probabilities from the truth, summed over classes: 0 to 2, lower is better.",
    ),
    (
        "Calibration error (ECE)",
        "The mean distance between confidence and accuracy in 15 equally wide bins of the highest probability; "
        "lower is better.",
    ),
)
_FIRST_GRADIENT = (
    "First gradient",
    "The L2 norm of the gradient of all weights, of the first batch at the first weights, divided by that of cross "
    "entropy's gradient there; the geometric mean over seeds. gradient_scale.csv has for each loss the learning rate "
    "that would give its first steps the length of cross entropy's; Adam needs none.",
)
_RUNNING = (
    "Train (running)",
    "Training metrics were summed up during each epoch, while the weights moved and in training mode: they lag behind "
    "what an evaluation at the epoch's end would give.",
)
