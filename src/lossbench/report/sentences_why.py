"""Why a loss did what it did: sentences from the explanations that hold, and the rules that were looked at."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lossbench.analysis.explain import RULES
from lossbench.analysis.types import Analysis, Explanation
from lossbench.results import Results
from lossbench.text import fixed, significant

__all__ = ["rules", "why"]


def why(results: Results, analysis: Analysis, label: str) -> list[str]:
    """One or two sentences per rule that holds for a loss, in the order of the rules; empty where none does."""
    status = [row["status"] for row in results.trials.iter_rows(named=True) if row["loss_function"] == label]
    finished, diverged = status.count("finished"), status.count("diverged")
    return [_sentence(item, finished, diverged) for item in analysis.explanations if item.loss == label]


def rules() -> list[tuple[str, str]]:
    """Every rule's name for people and its definition with its thresholds, also of those that did not hold."""
    return [(_TITLES[name], rule.definition) for name, rule in RULES.items()]


def _sentence(item: Explanation, finished: int, diverged: int) -> str:
    what, numbers = _SAY[item.rule](item)
    means = " (means over these seeds)" if item.seeds > 1 else ""
    return f"In {_seeds(item, finished, diverged)} {what}{means}: {numbers}"


def _seeds(item: Explanation, finished: int, diverged: int) -> str:
    """`3 of 5 seeds`, and of which seeds the rule can speak."""
    both = RULES[item.rule].of_diverged
    kind = "seed" if both or not diverged else "finished seed"
    recorded = "" if item.of == finished + diverged * both else " with these records"
    return (f"its one {kind}" if item.of == 1 else f"{item.seeds} of {item.of} {kind}s") + recorded


def _chance(item: Explanation) -> tuple[str, str]:
    of = item.values
    return "test accuracy ends near chance while train loss falls", (
        f"test accuracy is {fixed(of['accuracy'])}, and {fixed(of['highest_accuracy'])} at its best, where guessing "
        f"gives {fixed(of['chance'])}, and train loss goes from {fixed(of['first_loss'])} to {fixed(of['last_loss'])}, "
        "so here a lower loss does not come from more right answers."
    )


def _at_median(item: Explanation) -> tuple[str, str]:
    of = item.values
    zeros = f"{100 * of['least_share_of_zeros']:.0f} %"
    return "the outputs sit at 0, the conditional median of the one-hot target", (
        f"over the last test outputs the median of |logit| is {significant(of['median_absolute_logit'])} and that of "
        f"the true class's logit {significant(of['median_true_logit'])}, where its target is 1. Every class's target "
        f"is 0 for at least {zeros} of the pictures, so its median is 0, and there an absolute error is least wherever "
        f"no class is more than half certain; at outputs of 0 it is {fixed(of['cost_of_zero'])}, and train loss ends "
        f"at {fixed(of['train_loss'])}."
    )


def _collapsed(item: Explanation) -> tuple[str, str]:
    of = item.values
    return "the predictions collapse onto few classes", (
        f"they are spread over {fixed(of['predicted_classes'], 1)} classes (effective number), the test pictures over "
        f"{fixed(of['classes_present'], 1)}, and {100 * of['commonest_share']:.0f} % of the pictures get the "
        "commonest answer."
    )


def _vanishing(item: Explanation) -> tuple[str, str]:
    of = item.values
    return "the gradient has vanished", (
        f"its norm in the last epoch is {_times_the_first(of)}, while train accuracy is only "
        f"{fixed(of['train_accuracy'])}, so that little moves any more."
    )


def _exploding(item: Explanation) -> tuple[str, str]:
    of = item.values
    return "the gradient explodes", f"its norm reaches {_times_the_first(of)}, in epoch {_epoch(of)}."


def _scale(item: Explanation) -> tuple[str, str]:
    of, lost = item.values, round(item.values["diverged"] * item.seeds)
    ends = [f"training diverged{'' if lost == item.seeds else f' in {lost} of them'}"] if lost else []
    if "train_accuracy" in of:
        where = " in the others" if lost else ""
        behind = fixed(of["best_train_accuracy"] - of["train_accuracy"])
        best = f"the best loss at the same seed ({fixed(of['best_train_accuracy'])})"
        ends.append(f"train accuracy{where} ends at {fixed(of['train_accuracy'])}, {behind} below {best}")
    return "the learning rate does not make up for the loss's scale", (
        f"at the first weights its gradient is {significant(of['scale_ratio'])} times as long as cross entropy's, and "
        f"{', and '.join(ends)}. What another learning rate would give was not measured."
    )


def _overfitting(item: Explanation) -> tuple[str, str]:
    of = item.values
    return f"it overfits from epoch {_epoch(of)} on", (
        f"test loss is least there ({fixed(of['least'])}) and ends at {fixed(of['last'])}, while train loss goes on "
        f"falling from {fixed(of['train_then'])} to {fixed(of['train_last'])}."
    )


def _worse_than_earlier(item: Explanation) -> tuple[str, str]:
    of = item.values
    return "it ends worse than it was", (
        f"test accuracy is {fixed(of['last'])} at the end, {fixed(of['drop'])} below its own best, "
        f"{fixed(of['best'])} in epoch {_epoch(of)}."
    )


def _still_learning(item: Explanation) -> tuple[str, str]:
    of = item.values
    return "it is still learning at the end", (
        f"from epoch {_epoch(of)} on test accuracy rises by {fixed(of['slope'])} per epoch, to "
        f"{fixed(of['accuracy'])}, so training stopped before it settled."
    )


def _confident(item: Explanation) -> tuple[str, str]:
    of = item.values
    kind, side = ("over", "above") if of["gap"] > 0 else ("under", "below")
    ece = f"; the calibration error (ECE) is {fixed(of['ece'])}" if "ece" in of else ""
    return f"it is {kind}-confident", (
        f"mean confidence on the test pictures is {fixed(of['confidence'])}, {fixed(abs(of['gap']))} {side} accuracy "
        f"({fixed(of['accuracy'])}){ece}."
    )


def _times_the_first(of: Mapping[str, float]) -> str:
    norms = f"{significant(of['norm'])} against {significant(of['first_norm'])}"
    return f"{significant(of['norm_ratio'])} times the first batch's ({norms})"


def _epoch(of: Mapping[str, float]) -> str:
    """An epoch, or the mean of several to the nearest whole one."""
    return f"{of['epoch']:.0f}"


# what holds, and the numbers that say so
_SAY: Mapping[str, Callable[[Explanation], tuple[str, str]]] = {
    "chance_while_loss_falls": _chance,
    "outputs_at_median": _at_median,
    "collapsed": _collapsed,
    "vanishing_gradients": _vanishing,
    "exploding_gradients": _exploding,
    "scale_not_compensated": _scale,
    "overfitting": _overfitting,
    "worse_than_itself_earlier": _worse_than_earlier,
    "still_learning": _still_learning,
    "over_confident": _confident,
    "under_confident": _confident,
}

_TITLES: Mapping[str, str] = {
    "chance_while_loss_falls": "At chance while the loss falls",
    "outputs_at_median": "Outputs at the conditional median",
    "collapsed": "Predictions collapsed",
    "vanishing_gradients": "Vanishing gradients",
    "exploding_gradients": "Exploding gradients",
    "scale_not_compensated": "Scale not compensated",
    "overfitting": "Overfitting",
    "worse_than_itself_earlier": "Worse than itself earlier",
    "still_learning": "Still learning",
    "over_confident": "Over-confident",
    "under_confident": "Under-confident",
}
