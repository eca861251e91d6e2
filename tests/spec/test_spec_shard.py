"""Parts of a study's trials: disjoint, together the whole, alike in what they cost, and the same on every machine."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Callable, Hashable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lossbench.errors import RequestError
from lossbench.spec import Shard, Trial, deal
from makers import made_trial

MODELS = ("cnn", "cnn8", "lenet5", "mlp")
SCENARIOS = ("clean", "noise(symmetric, 0.2)", "noise(symmetric, 0.4)")
LOSSES = ("cross_entropy", "focal", "gce", "l1", "mae")


def trials(models: int, scenarios: int, losses: int, seeds: int) -> list[Trial]:
    product = itertools.product(MODELS[:models], SCENARIOS[:scenarios], LOSSES[:losses], range(1, seeds + 1))
    return [made_trial(loss, seed, model=model, scenario=scenario) for model, scenario, loss, seed in product]


def spread(some: list[Trial], parts: int, kind: Callable[[Trial], Hashable]) -> int:
    """By how many trials of one kind two parts differ at most."""
    dealt, counts = deal(some, parts), Counter[tuple[Hashable, int]]()
    for trial in some:
        counts[kind(trial), dealt[trial.key]] += 1
    numbers = range(1, parts + 1)
    kinds = {kind(trial) for trial in some}
    return max(max(counts[one, n] for n in numbers) - min(counts[one, n] for n in numbers) for one in kinds)


numbers = st.integers(1, 4)


@given(models=numbers, scenarios=st.integers(1, 3), losses=st.integers(1, 5), seeds=numbers, parts=st.integers(1, 9))
@settings(max_examples=60, deadline=None)
def test_parts_are_disjoint_whole_and_have_their_share_of_everything(
    models: int, scenarios: int, losses: int, seeds: int, parts: int
) -> None:
    some = trials(models, scenarios, losses, seeds)
    keys = [Shard(part, parts).keys(some) for part in range(1, parts + 1)]
    assert sorted(key for part in keys for key in part) == sorted(trial.key for trial in some)
    assert spread(some, parts, lambda trial: "any") <= 1
    assert spread(some, parts, lambda trial: trial.recipe.model) <= 1
    assert spread(some, parts, lambda trial: (trial.recipe.model, str(trial.scenario))) <= 1
    assert spread(some, parts, lambda trial: (trial.recipe.model, str(trial.scenario), str(trial.loss))) <= 1


def test_a_loss_goes_round_where_it_has_fewer_seeds_than_there_are_parts() -> None:
    """Dealt in the same order each time, with four losses and four parts, each part would have one loss alone."""
    some = [trial for trial in trials(4, 3, 4, 1) if str(trial.loss) != "mae"]
    assert spread(some, 4, lambda trial: str(trial.loss)) <= 1
    assert spread(trials(2, 3, 4, 2), 4, lambda trial: str(trial.loss)) <= 1


def test_the_order_of_the_trials_does_not_matter() -> None:
    some = trials(2, 2, 4, 3)
    shuffled = random.Random(1).sample(some, len(some))
    assert deal(shuffled, 5) == deal(some, 5)


def test_what_is_dealt_stays_as_it_is() -> None:
    """Jobs of two versions of lossbench shall not disagree without anybody noticing."""
    some = trials(1, 2, 2, 2)
    dealt = deal(some, 3)
    told = [f"{trial.scenario} {trial.loss.name} {trial.seed}: {dealt[trial.key]}" for trial in some]
    assert told == [
        "clean cross_entropy 1: 1",
        "clean cross_entropy 2: 2",
        "clean focal 1: 3",
        "clean focal 2: 1",
        "noise(symmetric, 0.2) cross_entropy 1: 2",
        "noise(symmetric, 0.2) cross_entropy 2: 3",
        "noise(symmetric, 0.2) focal 1: 1",
        "noise(symmetric, 0.2) focal 2: 2",
    ]


def test_arms_of_one_loss_are_dealt_one_by_one() -> None:
    some = [made_trial("mae", seed, lr=lr) for seed in (1, 2, 3) for lr in (0.1, 0.5)]
    assert spread(some, 3, lambda trial: trial.recipe.optimizer.lr) == 0


@pytest.mark.parametrize("given", ["3/16", " 3/16 ", (3, 16), [3, 16]])
def test_as_users_write_it(given: object) -> None:
    shard = Shard.parse(given)
    assert (shard, str(shard)) == (Shard(3, 16), "3/16")


@pytest.mark.parametrize(
    "given",
    ["0/4", "5/4", "a/b", "3", "", "/", "1/0", "-1/4", "1/2/3", "1.5/4", "1/1000000", (0, 4), (1,), (True, 2), 3, None],
)
def test_what_is_no_part(given: object) -> None:
    with pytest.raises(RequestError, match=r"^shard: expected a part and the number of parts, as 3/16, .*, got "):
        Shard.parse(given)
