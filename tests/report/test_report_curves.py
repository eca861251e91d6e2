"""What is said of curves follows from them: every branch."""

import polars as pl
import pytest

from lossbench.figures.curves import curves
from lossbench.report.sentences_curves import (
    apart,
    at_the_end,
    follows,
    order_along,
    rank_correlation,
    side_by_side_sentences,
)
from lossbench.report.sentences_loss import chance_sentence, course, gap, loss_sentences, over, turned_seeds
from lossbench.text import plain
from synthetic import DOCUMENT, study

UP = {1: 0.1, 2: 0.3, 3: 0.5}


def test_highest_and_lowest_at_the_end() -> None:
    means = {"a": UP, "b": {1: 0.9, 2: 0.4, 3: 0.2}}
    assert plain(at_the_end(means, "f1")) == "At the end test F1 is highest for a (0.500) and lowest for b (0.200)."
    assert "lower is better" in at_the_end(means, "nll")
    assert "the same for all losses: 0.500" in at_the_end({"a": UP, "b": UP}, "f1")
    assert plain(at_the_end({"a": UP}, "f1")) == "At the end test F1 with a is 0.500."
    assert "No loss has a finished trial" in at_the_end({}, "f1")


def test_order_along_training_counts_epochs() -> None:
    means = {"a": UP, "b": {1: 0.2, 2: 0.2, 3: 0.2}, "c": {1: 0.0, 2: 0.0, 3: 0.0}}
    assert plain(order_along(means, "accuracy")) == (
        "a lies above b, the second at the end, in 2 of 3 evaluated epochs; "
        "c lies below every other loss in all 3 evaluated epochs."
    )
    assert plain(order_along({"a": UP, "b": {3: 0.1}}, "accuracy")).endswith("in the one evaluated epoch.")
    assert "lies below" in order_along({"a": UP, "b": {1: 0.0, 2: 0.0, 3: 0.9}}, "nll")
    assert "in none of 3 evaluated epochs" in order_along({"a": UP, "b": dict(UP)}, "accuracy")
    assert order_along({"a": UP}, "accuracy") == ""


def test_closest_and_farthest_pair() -> None:
    means = {"a": {1: 0.1}, "b": {1: 0.2}, "c": {1: 0.9}}
    text = plain(apart(means))
    assert "a and b are closest, 0.100 apart" in text
    assert "a and c farthest, 0.800 apart" in text
    assert apart({"a": UP, "b": UP}) == ""


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({1: 1.0, 2: 2.0, 3: 3.0}, "follows test accuracy: rank correlation 1.00"),
        ({1: 3.0, 2: 2.0, 3: 1.0}, "runs against test accuracy: rank correlation \u22121.00"),
        ({1: 1.0, 2: 3.0, 3: 2.0}, "does not simply follow test accuracy: rank correlation 0.50"),
    ],
)
def test_following_accuracy(other: dict[int, float], words: str) -> None:
    assert words in follows({"a": other}, {"a": UP}, "f1")


def test_rank_correlation_has_nothing_to_say_of_what_does_not_move() -> None:
    assert rank_correlation([1, 1, 1], [1, 2, 3]) is None
    assert rank_correlation([1, 2], [1, 2]) is None
    assert follows({"a": UP}, {}, "f1") == ""


def test_side_by_side_sentences_read_the_figures_table() -> None:
    results = study(seeds=2, epochs=6)
    table, accuracy = (curves(results, DOCUMENT, [name], ["test", "train"]) for name in ("f1", "accuracy"))
    text = plain(" ".join(side_by_side_sentences(table, "f1", accuracy)))
    assert "highest for cross_entropy" in text
    assert "l1 lies below every other loss in all 6 evaluated epochs" in text
    assert "rank correlation" in text


@pytest.mark.parametrize(
    ("values", "rising", "text"),
    [
        ([3, 2, 1], False, "Test loss fell from 3.000 in epoch 1 to 1.000 in epoch 3, at every step."),
        ([3, 4, 1], False, "Test loss fell from 3.000 in epoch 1 to 1.000 in epoch 3, in 1 of 2 steps."),
        ([3, 1, 2], False, "its lowest, 1.000, in epoch 2, and rose by 1.000 from there to 2.000 in epoch 3."),
        ([3, 1, 1.001], False, "its lowest, 1.000, in epoch 2 and has stood still since (1.001 at the end)."),
        ([1, 2, 3], False, "Test loss was lowest in epoch 1 (1.000) and rose to 3.000 by epoch 3."),
        ([2, 2, 2], False, "Test loss does not move: 2.000 in all 3 evaluated epochs."),
        ([1, 2, 3], True, "Test loss rose from 1.000 in epoch 1 to 3.000 in epoch 3, at every step."),
        ([1, 3, 2], True, "its highest, 3.000, in epoch 2, and fell by 1.000 from there to 2.000 in epoch 3."),
        ([3, 2, 1], True, "Test loss was highest in epoch 1 (3.000) and fell to 1.000 by epoch 3."),
        ([2], False, "Test loss is 2.000 after epoch 1, the only one evaluated."),
        ([], False, ""),
    ],
)
def test_the_course_of_a_curve(values: list[float], rising: bool, text: str) -> None:
    said = course("test loss", range(1, len(values) + 1), values, rising)
    assert said.endswith(text) if text else said == ""


def test_chance_is_said_only_of_what_guessing_explains() -> None:
    assert "stays at chance (1/10) in all 2 evaluated epochs" in chance_sentence([0.1, 0.101], 10, 10_000)
    assert "in the one evaluated epoch" in chance_sentence([0.1], 10, 10_000)
    assert "ends at chance (1/10) with 0.100, after a highest of 0.300" in chance_sentence([0.3, 0.1], 10, 10_000)
    assert "0.039 above chance (1/10), more than guessing" in chance_sentence([0.1, 0.139], 10, 10_000)
    assert "ends below chance" in chance_sentence([0.05], 10, 10_000)
    assert chance_sentence([0.1, 0.58], 10, 10_000) == ""
    assert chance_sentence([], 10, 10_000) == ""


def test_the_gap_between_train_and_test() -> None:
    assert gap("train", 0.84, 0.57) == "At the end train accuracy lies 0.270 above test accuracy (0.840 against 0.570)."
    assert "train (running) accuracy lies 0.100 below" in gap("train_running", 0.5, 0.6)
    assert "the same to three decimals (0.600)" in gap("train", 0.6001, 0.6)


def test_what_is_said_of_a_loss() -> None:
    status = {("cross_entropy", 2): ("diverged", 1, "loss is not finite"), ("cross_entropy", 4): ("missing", 0, "")}
    results = study(seeds=4, epochs=30, status=status)
    text = plain(" ".join(loss_sentences(results, "cross_entropy")))
    assert text.startswith("Measured as means over 2 seeds. Train loss fell from")
    turned = "In every seed, test loss ended above its own lowest value."
    assert turned in text
    assert turned not in plain(" ".join(loss_sentences(results, "cross_entropy", ["overfitting"])))
    assert "Seed 2 diverged after 1 epoch (loss is not finite). Seed 4 is missing." in text
    flat = plain(" ".join(loss_sentences(results, "l1")))
    assert "Test accuracy stays at chance (1/10) in all 30 evaluated epochs" in flat
    assert "accuracy rose" not in flat


def test_a_rise_of_test_loss_is_said_only_where_it_rose() -> None:
    results = study(losses=("cross_entropy",), seeds=2, epochs=30, rise=False)
    text = " ".join(loss_sentences(results, "cross_entropy"))
    assert "lowest" not in text
    assert "Test loss fell from" in text


def test_one_seed_and_none() -> None:
    assert over([7]) == "Measured with seed 7 alone, so this speaks of one trained network."
    lost = study(losses=("l1",), seeds=1, epochs=2, status={("l1", 1): ("failed", 0, "out of memory")})
    assert [plain(text) for text in loss_sentences(lost, "l1")] == [
        "No trial of l1 finished, so nothing is said of it.",
        "Seed 1 failed (out of memory).",
    ]


def test_some_seeds_turn() -> None:
    rows = [(1, 1, 3.0), (1, 2, 1.0), (1, 3, 2.0), (2, 1, 3.0), (2, 2, 2.0), (2, 3, 1.0)]
    table = pl.DataFrame(rows, schema=["seed", "epoch", "value"], orient="row").with_columns(
        kind=pl.lit("seed"), metric=pl.lit("loss"), split=pl.lit("test")
    )
    assert turned_seeds(table) == "In 1 of 2 seeds, test loss ended above its own lowest value."
    assert turned_seeds(table.filter(pl.col("seed") == 2)) == ""
