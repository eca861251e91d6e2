"""How long a loss's first gradient is beside cross entropy's, in numbers and in words: every branch."""

import dataclasses
import math

import pytest

from lossbench.analysis.explain.observed import observed
from lossbench.report.gradient_scale import GradientScale, first_step, gradient_scales, span, spread
from lossbench.text import plain
from synthetic import study

INF = math.inf


def scale(*ratios: float, loss: str = "l1", rate: float | None = 0.1) -> GradientScale:
    return GradientScale(loss, ratios, rate)


def said(made: GradientScale) -> str:
    (view,) = study(losses=(made.loss,), seeds=1, epochs=1).losses
    return first_step(made, view)


def test_the_mean_over_seeds_is_geometric() -> None:
    assert scale(0.5, 2.0).ratio == pytest.approx(1)
    assert scale(1.0, 10.0, 100.0).ratio == pytest.approx(10)
    assert scale(0.5, 2.0, 4.0).equalising_rate == pytest.approx(0.1 / 4 ** (1 / 3))
    assert scale(10.0).ratio == 10
    assert scale().ratio is None
    assert scale().equalising_rate is None


@pytest.mark.parametrize(("ratios", "ratio"), [((0.0, 2.0), 0.0), ((INF, 2.0), INF), ((INF, 0.0), INF)])
def test_a_gradient_of_nothing_or_beyond_all_has_no_equal_rate(ratios: tuple[float, ...], ratio: float) -> None:
    assert scale(*ratios).ratio == ratio
    assert scale(*ratios).equalising_rate is None


def test_ratios_are_paired_within_trials_and_trials_without_both_norms_left_out() -> None:
    norms = {
        ("a", 1): (1.0, 2.0),
        ("a", 2): (1.0, 4.0),
        ("a", 3): (1.0, None),  # an older store
        ("a", 4): (1.0, 0.0),
        ("b", 1): (None, 2.0),  # its own was not a number
        ("b", 2): (INF, 2.0),
        ("b", 3): (0.0, 2.0),
        ("b", 4): (None, None),
    }
    found = gradient_scales(study(losses=("b", "a"), seeds=4, epochs=1, norms=norms))
    assert list(found) == ["b", "a"]
    assert found["a"] == GradientScale("a", (0.5, 0.25), 0.1)
    assert found["b"].ratios == (INF, INF, 0.0)


def test_a_diverged_trial_has_its_first_gradient_and_a_failed_one_has_none() -> None:
    status = {("l1", 1): ("diverged", 0, "nan"), ("l1", 2): ("failed", 0, "x")}
    found = gradient_scales(study(losses=("l1",), seeds=3, epochs=1, status=status))
    assert len(found["l1"].ratios) == 2


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (
            scale(0.21, 0.23, 0.25),
            "At the first weights its gradient is 0.229 times as long as cross entropy's (0.210 to 0.250 over 3 "
            "seeds), so at one learning rate for all its first steps are shorter by that factor; a learning rate of "
            "0.436 would make them equal.",
        ),
        (
            scale(50.0, rate=0.2),
            "At the first weights its gradient is 50.0 times as long as cross entropy's (one seed), so at one learning "
            "rate for all its first steps are longer by that factor; a learning rate of 0.00400 would make them equal.",
        ),
        (
            scale(2.0, 2.0),
            "At the first weights its gradient is 2.00 times as long as cross entropy's (the same in 2 seeds), so at "
            "one learning rate for all its first steps are longer by that factor; a learning rate of 0.0500 would make "
            "them equal.",
        ),
        (
            scale(0.998, 1.002),
            "At the first weights its gradient is as long as cross entropy's (0.998 to 1.00 over 2 seeds), and so are "
            "its first steps.",
        ),
        (
            scale(1.0, 1.0, loss="cross_entropy"),
            "At the first weights its gradient is the measure that every other loss's is held against.",
        ),
        (
            scale(0.0, 0.0),
            "At the first weights its gradient is 0, so its first step moves nothing, whatever the learning rate.",
        ),
        (
            scale(0.0, 1.0),
            "At the first weights its gradient is 0 in 1 of 2 seeds, so its first step moves nothing, whatever the "
            "learning rate.",
        ),
        (
            scale(1.0, INF, INF),
            "At the first weights its gradient is not finite in 2 of 3 seeds, so no learning rate gives its first "
            "steps the length of cross entropy's.",
        ),
        (scale(), ""),
        (
            scale(0.21, 0.25, rate=None),
            "At the first weights its gradient is 0.229 times as long as cross entropy's (0.210 to 0.250 over 2 "
            "seeds); Adam's steps are as long whatever the gradient's scale.",
        ),
        (
            scale(1.0, rate=None),
            "At the first weights its gradient is as long as cross entropy's (one seed), and so are its first steps.",
        ),
    ],
)
def test_what_a_losss_section_says(made: GradientScale, words: str) -> None:
    assert said(made) == words


@pytest.mark.parametrize(
    ("ratios", "between"),
    [
        ((1.0, 10.0), ""),
        ((1.0, 0.1), ""),
        ((1.0, 10.1), "between 1.00 (l0) and 10.1 (l1) times"),
        ((3.0, 0.02, 1.0), "between 0.0200 (l1) and 3.00 (l0) times"),
        ((1.0, 0.0), "between 0 (l1) and 1.00 (l0) times"),
        ((1.0, INF), ""),
        ((0.0, 0.0), ""),
        ((), ""),
    ],
)
def test_the_answer_is_qualified_where_ratios_span_more_than_ten(ratios: tuple[float, ...], between: str) -> None:
    made = {f"l{k}": scale(ratio, loss=f"l{k}") for k, ratio in enumerate(ratios)}
    text = plain(spread(made | {"unknown": scale(loss="unknown")}))
    assert between in text
    assert bool(text) == bool(between)


@pytest.mark.parametrize("name", ["adam", "adamw"])
def test_under_adam_scale_is_no_part_of_what_is_compared(name: str) -> None:
    results = study(losses=("l1", "cross_entropy"), seeds=2, epochs=1, norms={("l1", 1): (0.01, 1.0)})
    assert spread(gradient_scales(results))
    results.study["recipe"]["optimizer"] = {"name": name, "lr": 0.001, "weight_decay": 0.0}
    scales = gradient_scales(results)
    assert scales["l1"].ratios[0] == 0.01
    assert {item.equalising_rate for item in scales.values()} == {None}
    assert spread(scales) == ""


def test_a_span_of_one_number_is_that_number() -> None:
    assert span((2.0, 1.0, 3.0)) == "1.00 to 3.00"
    assert span((0.99996, 1.00004)) == "1.00"


def test_a_loss_with_a_learning_rate_of_its_own_is_not_held_to_one_for_all() -> None:
    results = study(losses=("l1", "cross_entropy"), seeds=2, epochs=1, norms={("l1", s): (0.01, 1.0) for s in (1, 2)})
    view, other = results.losses
    own = dataclasses.replace(results, losses=(dataclasses.replace(view, overrides={"lr": 5.0}), other))
    scales = gradient_scales(own)
    assert spread(gradient_scales(results))
    assert spread(scales) == ""
    assert first_step(scales["l1"], own.losses[0]) == (
        "At the first weights its gradient is 0.0100 times as long as cross entropy's (the same in 2 seeds); at its "
        "own learning rate of 5 its first steps are 0.500 times as long."
    )
    assert {trial.scale_free for trial in observed(own)["l1"]} == {True}
    assert {trial.scale_free for trial in observed(own)["cross_entropy"]} == {False}
