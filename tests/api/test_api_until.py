"""A study that runs until it is decided: which seeds each look has, and what is refused once it has begun."""

from __future__ import annotations

from pathlib import Path

import pytest

import lossbench
from lossbench.api.running import prepare
from lossbench.api.until import passed, stages
from lossbench.errors import SaveDirError
from lossbench.spec import Study, Trial

PLAN = {"max_seeds": 8, "hypotheses": ["test.accuracy: cross_entropy > l1"]}


def until(**changes: object) -> Study:
    values = {"losses": "l1, cross_entropy", "models": "mlp", "recipe": {"epochs": 1}, "plan": PLAN, **changes}
    return Study(**values)


def seeds(study: Study, save_dir: Path) -> list[tuple[int, ...]]:
    return [stage.seeds for stage in stages(study, save_dir)]


def test_a_study_with_fixed_seeds_is_run_once(tmp_path: Path) -> None:
    study = Study(seeds=4)
    assert stages(study, tmp_path) == [study]


def test_every_look_has_the_seeds_of_the_last_and_more(tmp_path: Path) -> None:
    assert seeds(until(), tmp_path) == [(1, 2, 3), (1, 2, 3, 4, 5), tuple(range(1, 9))]


def test_the_studys_own_seeds_come_first_in_their_order(tmp_path: Path) -> None:
    assert seeds(until(seeds=[7, 2]), tmp_path) == [(7, 2, 1), (7, 2, 1, 3, 4), (7, 2, 1, 3, 4, 5, 6, 8)]


@pytest.mark.parametrize(("most", "looks"), [(3, [3]), (4, [3]), (7, [3, 5]), (30, [3, 5, 8, 12, 18, 30])])
def test_a_smaller_most_cuts_the_list_of_looks(tmp_path: Path, most: int, looks: list[int]) -> None:
    assert [len(of) for of in seeds(until(plan={"max_seeds": most}), tmp_path)] == looks


def test_looks_that_were_taken_are_left_out_when_a_run_goes_on(tmp_path: Path) -> None:
    prepared = prepare(until(seeds=[1, 2, 3, 4, 5]), tmp_path)
    prepared.folder.write(prepared.store)
    assert seeds(until(), tmp_path) == [tuple(range(1, 6)), tuple(range(1, 9))]
    prepared = prepare(until(seeds=8), tmp_path)
    prepared.folder.write(prepared.store)
    assert seeds(until(), tmp_path) == [tuple(range(1, 9))]


def test_a_look_that_another_run_has_gone_past_is_passed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The looks are listed once; another run of the study may add seeds at any time after that."""
    looks = stages(until(), tmp_path)
    assert not passed(looks[0], tmp_path)
    ahead = prepare(looks[1], tmp_path)
    ahead.folder.write(ahead.store)
    assert [passed(look, tmp_path) for look in looks] == [True, False, False]
    assert not passed(Study(name=looks[0].name), tmp_path), "a study with fixed seeds has no looks"
    monkeypatch.setattr("lossbench.api.running.stages", lambda study, save_dir: looks)
    monkeypatch.setattr("lossbench.api.running.write", lambda *parts, **more: tmp_path)
    results = lossbench.run(until(), tmp_path, executor="inline")
    assert isinstance(results, lossbench.Results)
    assert len(results.trials) >= 2 * 5


def test_what_failed_at_one_look_is_not_tried_again_at_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lossbench.api.running.write", lambda *parts, **more: tmp_path)
    tried: list[str] = []

    def broken(trial: Trial, *parts: object, **more: object) -> object:
        tried.append(trial.key)
        raise RuntimeError("no luck")

    monkeypatch.setattr("lossbench.run.drive.train", broken)
    for retry in (False, True):
        tried.clear()
        lossbench.run(until(), tmp_path, executor="inline", retry_failed=retry)
        assert len(tried) == len(set(tried))
        assert bool(tried)
    tried.clear()
    lossbench.run(until(), tmp_path, executor="inline")
    assert not tried, "all of them failed, and would again"


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"plan": {**PLAN, "max_seeds": 12}}, "plan.max_seeds (when a study is looked at is settled before"),
        ({"plan": {**PLAN, "max_seeds": None}}, "plan.max_seeds"),
        ({"plan": {**PLAN, "hypotheses": []}}, "plan.hypotheses (they are written before the run, and stand)"),
        ({"plan": {**PLAN, "margin": 0.02}}, "plan"),
        ({"losses": "l1, cross_entropy, focal"}, "losses (after a look no loss may join)"),
    ],
)
def test_what_was_settled_before_the_first_trial_stands(tmp_path: Path, changes: dict[str, object], named: str) -> None:
    prepared = prepare(until(seeds=3), tmp_path)
    prepared.folder.write(prepared.store)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(SaveDirError) as caught:
        prepare(until(**{"seeds": 3, **changes}), tmp_path)
    assert f"differs in {named}" in str(caught.value)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_hypotheses_cannot_join_a_study_with_fixed_seeds_either(tmp_path: Path) -> None:
    plain = until(plan={}, seeds=1)
    prepared = prepare(plain, tmp_path)
    prepared.folder.write(prepared.store)
    with pytest.raises(SaveDirError, match=r"plan\.hypotheses"):
        prepare(until(plan={"hypotheses": PLAN["hypotheses"]}, seeds=1), tmp_path)
    assert prepare(until(plan={}, seeds=2, losses="l1, cross_entropy, focal"), tmp_path).missing


@pytest.mark.usefixtures("blank_figures")
def test_it_ends_at_the_look_that_decides_everything(tmp_path: Path) -> None:
    study = until(recipe={"epochs": 2}, plan={"max_seeds": 8, "hypotheses": ["train.loss: cross_entropy falls"]})
    results = lossbench.run(study, tmp_path, executor="inline")
    assert isinstance(results, lossbench.Results)
    used = len(results.study["seeds"])
    assert used in (3, 5, 8)
    assert results.study["plan"]["max_seeds"] == 8
    again = lossbench.run(study, tmp_path, executor="inline")
    assert isinstance(again, lossbench.Results)
    assert again.trials.equals(results.trials)
