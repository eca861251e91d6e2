"""Every rule holds where its threshold is passed, does not where it is not, and is silent without its quantities."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest
from analysis_makers import view
from scipy import stats

from lossbench.analysis.explain import RULES, explain
from lossbench.analysis.types import Explanation
from lossbench.results import DataView, Results
from synthetic import study

Trial = Mapping[str, Any]

_PLACE = ("loss_function", "seed", "epoch", "split", "status")
_TEXT = ("loss_function", "split", "status")


def made(trials: Mapping[tuple[str, int], Trial], classes: int = 10, train: str = "train") -> Results:
    """Results of trials: `train` and `test` hold curves by column, `counts` the confusion, the rest goes to the table.

    Epochs are 1, 2, ... and the recipe has as many as the longest finished curve.
    """
    history, table = [], []
    confusion: dict[str, dict[int, np.ndarray]] = {}
    for (loss, seed), trial in trials.items():
        status = trial.get("status", "finished")
        for split in ("train", "test"):
            curves: Mapping[str, Sequence[float]] = trial.get(split, {})
            for epoch in range(max(map(len, curves.values()), default=0)):
                place = {"loss_function": loss, "seed": seed, "epoch": epoch + 1, "status": status}
                place["split"] = train if split == "train" else split
                history.append(place | {name: values[epoch] for name, values in curves.items()})
        if "counts" in trial:
            confusion.setdefault(loss, {})[seed] = trial["counts"]
        rest = {name: value for name, value in trial.items() if name not in ("train", "test", "counts", "status")}
        table.append({"loss_function": loss, "seed": seed, "status": status, **rest})
    epochs = max((row["epoch"] for row in history), default=1)
    columns = dict.fromkeys([*_PLACE, *(name for row in history for name in row)])
    schema = {c: pl.String if c in _TEXT else pl.Int64 if c in ("seed", "epoch") else pl.Float64 for c in columns}
    labels = dict.fromkeys(loss for loss, _ in trials)
    return Results(
        study={"recipe": {"epochs": epochs}, "plan": {}},
        losses=tuple(view(label) for label in labels),
        data=DataView("made", "0", tuple(map(str, range(classes))), 5000, 1000, 0, (8, 8, 1)),
        history=pl.DataFrame(history, schema=schema),
        trials=pl.DataFrame(table, infer_schema_length=None),
        correct={},
        confusion=confusion,
        provenance={},
    )


def one(trial: Trial, rule: str, **how: Any) -> Explanation | None:
    """What a rule says of one trial."""
    return of(explain(made({("a", 1): trial}, **how)), rule)


def of(found: Sequence[Explanation], rule: str, loss: str = "a") -> Explanation | None:
    return next((item for item in found if (item.loss, item.rule) == (loss, rule)), None)


def at(trained: Sequence[float], tested: Sequence[float], losses: Sequence[float] | None = None) -> Trial:
    """A trial with these accuracies, and a train loss that falls unless said otherwise."""
    falling = np.linspace(1.0, 0.5, len(trained)).tolist() if losses is None else losses
    return {"train": {"accuracy": trained, "loss": falling}, "test": {"accuracy": tested, "loss": falling}}


CHANCE = "chance_while_loss_falls"


@pytest.mark.parametrize(
    ("accuracy", "classes", "holds"),
    [(0.199, 10, True), (0.201, 10, False), (0.59, 2, True), (0.61, 2, False), (0.019, 100, True), (0.05, 100, False)],
)
def test_near_chance_is_below_twice_one_in_k_and_a_tenth_above(accuracy: float, classes: int, holds: bool) -> None:
    found = one(at([0.1] * 4, [0.1, 0.1, 0.1, accuracy]), CHANCE, classes=classes)
    assert (found is not None) == holds
    if found is not None:
        assert found.values["chance"] == pytest.approx(1 / classes)
        assert (found.values["first_loss"], found.values["last_loss"]) == (1.0, 0.5)


@pytest.mark.parametrize(
    ("losses", "falls"),
    [
        ([1.0, 1.02, 0.99, 0.98, 0.97], True),
        ([1.0, 0.999, 0.998, 0.997, 0.996], False),  # by less than 1 %
        ([1.0, 1.2, 1.1, 1.3, 0.97], False),  # no trend
        ([1.0, 1.1, 1.2, 1.3, 1.4], False),
        ([-1.0, -2.0, -3.0, -4.0, -5.0], True),
        ([0.5] * 5, False),
    ],
)
def test_the_train_loss_must_fall(losses: list[float], falls: bool) -> None:
    assert (one(at([0.1] * 5, [0.1] * 5, losses), CHANCE) is not None) == falls


def test_chance_is_unknown_without_classes_and_too_short_a_course() -> None:
    assert one(at([0.0] * 5, [0.0] * 5), CHANCE, classes=0) is None
    assert one(at([0.1] * 2, [0.1] * 2), CHANCE) is None


def counts(predicted: Sequence[int], classes: int = 10, each: int = 100) -> np.ndarray:
    """Every class has `each` pictures, answered in these proportions."""
    share = np.array(predicted) / sum(predicted)
    return np.round(np.tile(share * each, (classes, 1))).astype(np.int64)


def test_collapse_is_counted_in_effective_classes() -> None:
    confusion = counts([60, 20, 20, 0, 0, 0, 0, 0, 0, 0])
    found = one({"counts": confusion}, "collapsed")
    assert found is not None
    predicted = confusion.sum(axis=0)
    assert found.values["predicted_classes"] == pytest.approx(math.exp(stats.entropy(predicted / predicted.sum())))
    assert found.values["classes_present"] == pytest.approx(10)
    assert found.values["commonest_share"] == pytest.approx(0.6)
    assert one({"counts": counts([10, 10, 10, 10, 10, 10, 0, 0, 0, 0])}, "collapsed") is None
    assert one({"counts": counts([10, 10, 10, 10, 10, 0, 0, 0, 0, 0])}, "collapsed") is not None


@pytest.mark.parametrize(("classes", "pictures"), [(2, [50, 50]), (2, [99, 1]), (3, [80, 10, 10])])
def test_one_answer_to_everything_is_a_collapse_whatever_the_classes(classes: int, pictures: list[int]) -> None:
    confusion = np.zeros((classes, classes), np.int64)
    confusion[:, 0] = pictures
    found = one({"counts": confusion}, "collapsed", classes=classes)
    assert found is not None
    assert found.values["predicted_classes"] == 1.0
    assert one({"counts": np.diag(pictures)}, "collapsed", classes=classes) is None


def test_one_class_alone_cannot_collapse() -> None:
    assert one({"counts": np.array([[9, 1], [0, 0]])}, "collapsed", classes=2) is None


def zero(absolute: float = 0.02, true: float = 0.05, loss: float = 0.101, **more: Any) -> Trial:
    return {
        "train": {"loss": [0.2, 0.15, loss]},
        "median_absolute_logit": absolute,
        "median_true_logit": true,
        "counts": counts([1] * 10),
        **more,
    }


def test_outputs_sit_at_the_median_by_their_numbers_alone() -> None:
    found = one(zero(), "outputs_at_median")
    assert found is not None
    assert found.values == {
        "median_absolute_logit": 0.02,
        "median_true_logit": 0.05,
        "least_share_of_zeros": pytest.approx(0.9),
        "cost_of_zero": pytest.approx(0.1),
        "train_loss": 0.101,
    }


@pytest.mark.parametrize(
    "otherwise",
    [
        {"absolute": 0.06},  # nearer to the mean 1/10, where a squared error is least
        {"true": 0.3},
        {"true": -0.3},
        {"loss": 2.3},  # cross entropy of a network that has not moved
        {"loss": 0.13},
        {"counts": np.diag([510, *[50] * 9])},  # the median of one class's target is 1
        {"median_true_logit": None},
    ],
)
def test_outputs_elsewhere_do_not_sit_at_the_median(otherwise: dict[str, Any]) -> None:
    assert one(zero(**otherwise), "outputs_at_median") is None


def test_the_median_of_a_target_is_that_of_true_classes_not_of_answers() -> None:
    """One answer to everything takes nothing from a class's target being 0 for nine of ten pictures."""
    found = one(zero(counts=counts([1, *[0] * 9])), "outputs_at_median")
    assert found is not None
    assert found.values["least_share_of_zeros"] == pytest.approx(0.9)


def test_two_equal_classes_have_no_median_of_their_own() -> None:
    trial = zero(absolute=0.1, loss=0.5, counts=np.diag([50, 50]))
    assert one(trial, "outputs_at_median", classes=2) is None
    assert one({**trial, "counts": None}, "outputs_at_median", classes=2) is None


def norms(along: Sequence[float], first: float = 1.0, accuracy: float = 0.1, **more: Any) -> Trial:
    train = {"gradient_norm": along, "accuracy": [accuracy] * len(along)}
    return {"train": train, "initial_gradient_norm": first, **more}


def test_a_gradient_vanishes_only_where_little_is_learnt() -> None:
    found = one(norms([1.0, 0.5, 0.09]), "vanishing_gradients")
    assert found is not None
    assert found.values["norm_ratio"] == pytest.approx(0.09)
    assert one(norms([1.0, 0.5, 0.11]), "vanishing_gradients") is None
    assert one(norms([1.0, 0.5, 0.001], accuracy=0.56), "vanishing_gradients") is None
    assert one(norms([1.0, 0.5, 0.001], accuracy=0.54), "vanishing_gradients") is not None


def test_a_gigantic_gradient_that_shrinks_has_not_vanished() -> None:
    shrunk = norms([300.0, 60.0, 7.0], first=100.0, cross_entropy_gradient_norm=2.0)
    assert one(shrunk, "vanishing_gradients") is None
    assert one({**shrunk, "cross_entropy_gradient_norm": 80.0}, "vanishing_gradients") is not None


def test_a_gradient_explodes_beyond_a_hundred_times_the_first() -> None:
    found = one(norms([1.0, 101.0, 2.0]), "exploding_gradients")
    assert found is not None
    assert (found.values["epoch"], found.values["norm"]) == (2.0, 101.0)
    assert one(norms([1.0, 99.0, 2.0]), "exploding_gradients") is None
    assert one(norms([1.0, 101.0, 2.0], cross_entropy_gradient_norm=2.0), "exploding_gradients") is None
    assert one(norms([1.0, 101.0, 2.0], status="diverged"), "exploding_gradients") is not None
    assert one(norms([1.0, 101.0, 2.0], first=0.0), "exploding_gradients") is None
    assert one({**norms([1.0, 101.0]), "initial_gradient_norm": None}, "exploding_gradients") is None


def scaled(own: float, accuracy: float = 0.5, **more: Any) -> Trial:
    train = {"accuracy": [accuracy]}
    return {"train": train, "initial_gradient_norm": own, "cross_entropy_gradient_norm": 1.0, **more}


@pytest.mark.parametrize(
    ("own", "accuracy", "holds"),
    [(0.19, 0.5, True), (0.21, 0.5, False), (5.1, 0.5, True), (4.9, 0.5, False), (0.0, 0.5, True), (0.1, 0.85, False)],
)
def test_a_scale_matters_where_it_trains_worse(own: float, accuracy: float, holds: bool) -> None:
    results = made({("a", 1): scaled(own, accuracy), ("b", 1): scaled(1.0, 0.9), ("b", 2): scaled(1.0, 1.0)})
    found = of(explain(results), "scale_not_compensated")
    assert (found is not None) == holds
    if found is not None:
        assert found.values["best_train_accuracy"] == 0.9  # of the same seed
        assert found.values["scale_ratio"] == pytest.approx(own)


@pytest.mark.parametrize(("name", "asked"), [("sgd", True), ("adam", False), ("adamw", False)])
def test_a_scale_matters_under_sgd_alone(name: str, asked: bool) -> None:
    results = made({("a", 1): scaled(0.01, 0.5), ("b", 1): scaled(1.0, 0.9)})
    study = {**results.study, "recipe": {**results.study["recipe"], "optimizer": {"name": name}}}
    found = explain(replace(results, study=study))
    assert (of(found, "scale_not_compensated") is not None) == asked


@pytest.mark.parametrize("others", [(0.9, 0.45), (0.45, 0.9)])
def test_the_best_loss_is_the_best_whatever_its_place(others: tuple[float, float]) -> None:
    first, last = (scaled(1.0, accuracy) for accuracy in others)
    found = of(explain(made({("b", 1): first, ("a", 1): scaled(0.1, 0.5), ("c", 1): last})), "scale_not_compensated")
    assert found is not None
    assert found.values["best_train_accuracy"] == 0.9


def test_a_scale_matters_where_training_diverges() -> None:
    lost = {("a", 1): scaled(12.0, status="diverged"), ("a", 2): scaled(12.0, 0.5), ("b", 2): scaled(1.0, 0.9)}
    found = of(explain(made(lost)), "scale_not_compensated")
    assert found is not None
    assert (found.seeds, found.of, found.values["diverged"], found.values["train_accuracy"]) == (2, 2, 0.5, 0.5)
    near = {("a", 1): scaled(2.0, status="diverged")}
    assert of(explain(made(near)), "scale_not_compensated") is None
    assert one(scaled(0.01, 0.1), "scale_not_compensated") is None  # nothing to be worse than


@pytest.mark.parametrize(("gap", "rule"), [(0.11, "over_confident"), (-0.11, "under_confident"), (0.09, None)])
def test_confidence_is_held_against_accuracy(gap: float, rule: str | None) -> None:
    test = {"accuracy": [0.1, 0.6], "mean_confidence": [0.9, 0.6 + gap], "ece": [0.8, 0.12]}
    found = [item for item in explain(made({("a", 1): {"test": test}})) if "confident" in item.rule]
    assert [item.rule for item in found] == ([rule] if rule else [])
    if found:
        assert found[0].values["gap"] == pytest.approx(gap)
        assert found[0].values["ece"] == 0.12
    without = {"test": {"accuracy": [0.1, 0.6]}}
    assert not explain(made({("a", 1): without}))


FALLING = [1.0, 0.8, 0.6, 0.5, 0.4, 0.3, 0.25, 0.2, 0.15, 0.1]


@pytest.mark.parametrize(
    ("tested", "epoch"),
    [
        ([1.2, 1.0, 0.9, 0.95, 1.0, 1.1, 1.2, 1.3, 1.4, 1.5], 3),
        ([1.2, 1.0, 0.9, 0.95, 1.0, 1.1, 1.2, 1.3, 0.92, 1.5], None),  # back at the least within the last fifth
        ([1.2, 1.0, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.94, 0.94], None),  # by less than 5 %
        ([2.0, 0.5, 0.1, 0.05, 0.04, 0.05, 0.05, 0.05, 0.06, 0.06], None),  # by less than 5 % of the fall
        ([1.2, 1.1, 1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3], None),
        ([1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7, 1.8, 1.9], 1),
    ],
)
def test_overfitting_starts_where_test_loss_is_least(tested: list[float], epoch: int | None) -> None:
    found = one({"train": {"loss": FALLING}, "test": {"loss": tested}}, "overfitting")
    assert (found is None) == (epoch is None)
    if found is not None and epoch is not None:
        assert found.values["epoch"] == epoch
        assert (found.values["least"], found.values["last"]) == (min(tested), tested[-1])
        assert (found.values["train_then"], found.values["train_last"]) == (FALLING[epoch - 1], 0.1)


def test_one_high_epoch_at_the_end_of_a_short_course_is_no_overfitting() -> None:
    train = {"loss": FALLING[:5]}
    assert one({"train": train, "test": {"loss": [1.2, 0.9, 1.0, 0.91, 1.5]}}, "overfitting") is None
    assert one({"train": train, "test": {"loss": [1.2, 0.9, 1.0, 1.3, 1.5]}}, "overfitting") is not None


def test_a_loss_that_rises_on_both_splits_does_not_overfit() -> None:
    rising = [1.0, 0.5, 0.6, 0.8, 1.0]
    assert one({"train": {"loss": rising}, "test": {"loss": rising}}, "overfitting") is None


def test_overfitting_does_not_depend_on_the_unit_of_a_loss() -> None:
    tested = [1.2, 1.0, 0.9, 0.95, 1.0, 1.1, 1.2, 1.3, 1.4, 1.5]
    for factor in (1e-6, 1e6):
        trial = {"train": {"loss": [factor * x for x in FALLING]}, "test": {"loss": [factor * x for x in tested]}}
        assert one(trial, "overfitting") is not None


def test_running_metrics_stand_in_for_the_train_split() -> None:
    tested = [1.2, 1.0, 0.9, 0.95, 1.0, 1.1, 1.2, 1.3, 1.4, 1.5]
    trial = {"train": {"loss": FALLING}, "test": {"loss": tested}}
    assert one(trial, "overfitting", train="train_running") is not None


def test_running_metrics_stand_in_also_beside_a_column_of_the_train_split() -> None:
    """As in a table with columns train_running.loss, test.loss and gradient_norm."""
    tested = [1.2, 1.0, 0.9, 0.95, 1.0, 1.1, 1.2, 1.3, 1.4, 1.5]
    running = made({("a", 1): {"train": {"loss": FALLING}, "test": {"loss": tested}}}, train="train_running")
    norm = made({("a", 1): {"train": {"gradient_norm": FALLING}}})
    both = replace(running, history=pl.concat([running.history, norm.history], how="diagonal"))
    assert explain(both) == explain(running)
    assert of(explain(both), "overfitting") is not None


def test_what_was_measured_after_the_epoch_outranks_what_was_measured_during_it() -> None:
    tested = [1.2, 1.0, 0.9, 0.95, 1.0, 1.1, 1.2, 1.3, 1.4, 1.5]
    after = made({("a", 1): {"train": {"loss": FALLING}, "test": {"loss": tested}}})
    during = made({("a", 1): {"train": {"loss": FALLING[::-1]}}}, train="train_running")
    both = replace(after, history=pl.concat([during.history, after.history], how="diagonal"))
    assert explain(both) == explain(after)


def test_still_learning_is_a_slope_over_the_last_fifth() -> None:
    rising = [0.1] * 16 + [0.50, 0.51, 0.505, 0.52]
    found = one(at(rising, rising), "still_learning")
    assert found is not None
    assert found.values["slope"] == pytest.approx(stats.linregress([17, 18, 19, 20], rising[-4:]).slope)
    assert (found.values["epoch"], found.values["accuracy"]) == (17, 0.52)


@pytest.mark.parametrize(
    ("trained", "tested"),
    [
        ([0.5, 0.6, 0.7], [0.5, 0.501, 0.502]),  # too slow
        ([0.5, 0.6, 0.7], [0.5, 0.4, 0.6]),  # no trend
        ([0.5, 0.6, 0.7], [0.6, 0.5, 0.4]),
        ([1.0, 1.0, 1.0], [0.5, 0.6, 0.7]),  # a few pictures more, with nothing left to learn
        ([0.5, 0.6], [0.5, 0.6]),
    ],
)
def test_what_stands_still_is_not_learning(trained: list[float], tested: list[float]) -> None:
    assert one(at(trained, tested), "still_learning") is None


def test_still_learning_without_a_train_split() -> None:
    assert one({"test": {"accuracy": [0.5, 0.6, 0.7]}}, "still_learning") is not None


def test_worse_than_its_own_best() -> None:
    found = one({"test": {"accuracy": [0.5, 0.7, 0.7, 0.6]}}, "worse_than_itself_earlier")
    assert found is not None
    assert found.values == {"epoch": 2.0, "best": 0.7, "last": 0.6, "drop": pytest.approx(0.1)}
    assert one({"test": {"accuracy": [0.5, 0.7, 0.685]}}, "worse_than_itself_earlier") is None


def test_seeds_are_counted_and_means_are_of_those_that_hold() -> None:
    drops = {1: [0.7, 0.6], 2: [0.6, 0.7], 3: [0.9, 0.6], 4: [math.nan, math.nan]}
    trials: dict[tuple[str, int], Trial] = {("a", s): {"test": {"accuracy": values}} for s, values in drops.items()}
    trials["a", 5] = {"test": {"accuracy": [0.9, 0.1]}, "status": "diverged"}
    trials["a", 6] = {"status": "missing"}
    found = of(explain(made(trials)), "worse_than_itself_earlier")
    assert found is not None
    assert (found.seeds, found.of) == (2, 3)
    assert found.values["drop"] == pytest.approx(0.2)
    assert found.values["best"] == pytest.approx(0.8)


def test_norms_and_ratios_are_averaged_as_factors() -> None:
    results = made({("a", 1): norms([200.0]), ("a", 2): norms([80000.0], first=2.0)})
    found = of(explain(results), "exploding_gradients")
    assert found is not None
    assert found.values["norm_ratio"] == pytest.approx(math.sqrt(200 * 40000))
    assert found.values["norm"] / found.values["first_norm"] == pytest.approx(found.values["norm_ratio"])


def test_a_value_at_an_earlier_epoch_is_not_the_last() -> None:
    assert one({"test": {"accuracy": [0.7, 0.6, math.nan]}}, "worse_than_itself_earlier") is None


def test_order_is_that_of_the_losses_then_of_the_rules() -> None:
    results = study(seeds=2)
    found = explain(results)
    order = [(results.labels.index(item.loss), list(RULES).index(item.rule)) for item in found]
    assert order == sorted(order)
    assert len(order) == len(set(order))


def test_the_order_of_rows_changes_nothing() -> None:
    results = study(seeds=3)
    shuffled = replace(
        results,
        history=results.history.sample(fraction=1.0, shuffle=True, seed=1),
        trials=results.trials.sample(fraction=1.0, shuffle=True, seed=2),
    )
    assert explain(shuffled) == explain(results)


def test_a_study_like_the_document_is_explained() -> None:
    """L1 at chance with its outputs at 0 while its loss falls, cross entropy not."""
    found = explain(study())
    l1 = {item.rule: item for item in found if item.loss == "l1"}
    assert {CHANCE, "outputs_at_median"} <= set(l1)
    assert (l1[CHANCE].seeds, l1[CHANCE].of) == (5, 5)
    assert not {CHANCE, "outputs_at_median"} & {item.rule for item in found if item.loss == "cross_entropy"}


def test_rules_state_their_thresholds() -> None:
    for name, rule in RULES.items():
        assert rule.name == name
        assert f"{rule.threshold:g}" in rule.definition or f"{100 * rule.threshold:g} %" in rule.definition
    assert all(item.threshold == RULES[item.rule].threshold for item in explain(study()))


def test_a_table_without_the_columns_is_silent() -> None:
    results = study(seeds=2)
    bare = replace(
        results,
        history=results.history.select("loss_function", "seed", "epoch", "split", "f1", "status"),
        trials=results.trials.select("loss_function", "seed", "status"),
        confusion={},
    )
    assert explain(bare) == ()
    empty = replace(bare, history=bare.history.clear(), trials=bare.trials.clear())
    assert explain(empty) == ()
