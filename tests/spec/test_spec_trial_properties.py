"""Keys: one trial has one, however it was written, and two trials have two."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import spec_strategies as drawn
from lossbench.errors import RequestError
from lossbench.losses import CATALOGUE, complete
from lossbench.spec import LossSpec, Recipe, Scenario, Trial, canonical_json, print_value

DICE = st.randoms(use_true_random=False)


def shuffled(value: Any, dice: Random) -> Any:
    """The same JSON value with the keys of every mapping in another order."""
    if isinstance(value, dict):
        items = list(value.items())
        dice.shuffle(items)
        return {key: shuffled(item, dice) for key, item in items}
    return [shuffled(item, dice) for item in value] if isinstance(value, list) else value


@given(drawn.trials(), DICE)
def test_the_order_of_fields_is_irrelevant(trial: Trial, dice: Random) -> None:
    text = json.dumps(shuffled(json.loads(canonical_json(trial.canonical())), dice))
    assert Trial.from_canonical(json.loads(text)).key == trial.key


@given(drawn.trials())
def test_the_canonical_form_is_a_fixed_point(trial: Trial) -> None:
    again = Trial.from_canonical(json.loads(canonical_json(trial.canonical())))
    assert canonical_json(again.canonical()) == canonical_json(trial.canonical())
    assert again.recipe == trial.recipe
    assert again.seed == trial.seed
    if trial.loss.own:
        assert again.loss == trial.loss


@given(drawn.trials(), drawn.words())
def test_where_data_lie_is_irrelevant(trial: Trial, elsewhere: str) -> None:
    scenario = trial.scenario.model_copy(update={"data": elsewhere})
    if scenario.label_noise is not None and scenario.label_noise.path is not None:
        moved = scenario.label_noise.model_copy(update={"path": elsewhere})
        scenario = scenario.model_copy(update={"label_noise": moved})
    assert Trial(trial.loss, scenario, trial.recipe, trial.seed, trial.versions, trial.digests).key == trial.key


@given(drawn.trials(), drawn.trials(), st.data())
def test_a_change_of_anything_that_matters_changes_the_key(one: Trial, other: Trial, data: st.DataObject) -> None:
    """Two trials that differ in one field of one part have one key if, and only if, that part is the same."""
    part = data.draw(st.sampled_from(["loss", "scenario", "recipe", "seed", "versions", "digests"]))
    now: Any = getattr(other, part)
    if part in ("scenario", "recipe"):
        before = getattr(one, part)
        name = data.draw(st.sampled_from(sorted(set(type(before).model_fields) - {"data"})))
        try:
            now = type(before)(**{**before.model_dump(exclude_none=True), name: getattr(now, name)})
        except RequestError:
            assume(False)
    changed = Trial(**{**{field: getattr(one, field) for field in Trial.__dataclass_fields__}, part: now})
    assert (changed.key == one.key) == (meaning(changed) == meaning(one))


def meaning(trial: Trial) -> Any:
    """What decides a trial's results, compared by Python and not by its JSON."""
    scenario, loss = trial.scenario.model_copy(update={"data": ""}), trial.loss
    if scenario.label_noise is not None:
        scenario = scenario.model_copy(update={"label_noise": scenario.label_noise.model_copy(update={"path": None})})
    pairs = [(k, v) for k, v in loss.hyperparameters if loss.own or not (v is None or v is False)]
    kinds = [(key, type(value), value) for key, value in pairs]  # 1.0 is True to Python
    return loss.name, kinds, scenario, trial.recipe, trial.seed, trial.versions, trial.digests


@given(drawn.recipes(), st.data())
def test_a_default_may_be_written_or_left_out(recipe: Recipe, data: st.DataObject) -> None:
    """Of fields that are at their defaults, as they are for that optimizer and schedule, any may be missing."""
    values = recipe.canonical()
    for place, default in (
        (values["optimizer"], type(recipe.optimizer)(name=recipe.optimizer.name).canonical()),
        (values["schedule"], {"gamma": 0.1 if recipe.schedule.name == "multistep" else 0.5, "step": 5}),
        (values, Recipe().canonical()),
    ):
        left_out = [name for name, value in default.items() if name != "name" and place.get(name) == value]
        for name in data.draw(st.sets(st.sampled_from(left_out)) if left_out else st.just(set())):
            del place[name]
    assert Recipe(**values) == recipe
    assert canonical_json(Recipe(**values).canonical()) == canonical_json(recipe.canonical())


@given(drawn.recipes())
def test_numbers_are_one_however_they_are_written(recipe: Recipe) -> None:
    """`1e-3`, which YAML reads as text, `0.001`, and a whole number for a float."""

    def written(value: Any, as_text: bool) -> Any:
        if isinstance(value, dict):
            return {key: written(item, as_text) for key, item in value.items()}
        if isinstance(value, float):
            return f"{value:.17e}" if as_text else int(value) if value.is_integer() else value
        return value

    for as_text in (True, False):
        assert Recipe(**written(recipe.canonical(), as_text)) == recipe


@pytest.mark.parametrize("name", CATALOGUE)
@given(data=st.data())
def test_a_losss_defaults_may_be_written_or_left_out(name: str, data: st.DataObject) -> None:
    whole = complete(LossSpec(name))
    some = data.draw(st.lists(st.sampled_from(whole.hyperparameters), unique=True)) if whole.hyperparameters else []
    text = ", ".join(f"{key}={print_value(value)}" for key, value in some)
    again = complete(LossSpec.parse(f"{name}({text})"))
    assert again == whole
    assert canonical_json(again.canonical()) == canonical_json(whole.canonical())


@given(drawn.scenarios())
def test_a_scenario_has_one_key_through_its_text_and_its_json(scenario: Scenario) -> None:
    assert Scenario.parse(str(scenario), "elsewhere").canonical() == Scenario(**scenario.canonical()).canonical() | {
        "data": "elsewhere"
    }


@given(st.text(st.sampled_from("eé\u0301oö\u0308ﬁſ"), min_size=1, max_size=5))
def test_names_are_one_however_unicode_composes_them(name: str) -> None:
    """As Python reads names: an accent may be part of its letter or follow it."""
    assume(name.isidentifier())
    import unicodedata

    composed, apart = (unicodedata.normalize(form, name) for form in ("NFC", "NFD"))
    assert LossSpec.parse(f"{composed}({composed}=1)") == LossSpec.parse(f"{apart}({apart}=1)")
