"""Which jobs share a stack, and how they are dealt out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lossbench.run import Event, visible_gpus
from lossbench.run.course import Course, kept_form
from lossbench.run.drive_stack import drive_stack
from lossbench.run.gpus import workplaces
from lossbench.run.job import Job
from lossbench.run.stacks import Stack, chunks, stack_key, stacks_of
from lossbench.spec import Optimizer, Schedule
from lossbench.store import Record, Store
from lossbench.train import Clock, Epoch
from lossbench.train.stack import FORMS, train_stack
from makers import made_pictures, made_trial


def job(**changes: Any) -> Job:
    return Job(made_trial(**changes), "loss", "log")


@pytest.mark.parametrize(
    "changes",
    [
        {"loss": "l1"},
        {"seed": 7},
        {"lr": 0.5},
        {"epochs": 9},
        {"schedule": Schedule(name="cosine")},
        {"eval_interval": 2},
        {"scenario": "noise(symmetric, 0.4)"},
    ],
    ids=str,
)
def test_lanes_may_differ_in(changes: dict[str, Any]) -> None:
    assert stack_key(made_trial(**changes)) == stack_key(made_trial())


@pytest.mark.parametrize(
    "changes",
    [
        {"model": "mlp"},
        {"batch_size": 8},
        {"optimizer": Optimizer(name="adam")},
        {"optimizer": Optimizer(weight_decay=0.1)},
        {"clip": 1.0},
        {"mixup": 0.2},
        {"precision": "bf16"},
        {"train_metrics": "running"},
        {"scenario": "train_size(0.5)"},
        {"validation": 0.2},
    ],
    ids=str,
)
def test_lanes_have_in_common(changes: dict[str, Any]) -> None:
    assert stack_key(made_trial(**changes)) != stack_key(made_trial())


def test_jobs_are_dealt_out_to_all_workers_in_stacks_of_like_size() -> None:
    jobs = [job(loss=loss, seed=seed) for seed in range(10) for loss in ("l1", "cross_entropy")]
    assert [len(stack.jobs) for stack in stacks_of(jobs, 1)] == [20]
    assert [len(stack.jobs) for stack in stacks_of(jobs, 4)] == [5, 5, 5, 5]
    assert [len(stack.jobs) for stack in stacks_of(jobs, 1, 8)] == [7, 6, 7]
    assert [len(stack.jobs) for stack in stacks_of(jobs, 3, 64)] == [7, 6, 7]
    dealt = [key for stack in stacks_of(jobs, 3, 4) for key in stack.keys]
    assert sorted(dealt) == sorted(one.trial.key for one in jobs)


def test_jobs_of_another_model_have_a_stack_of_their_own() -> None:
    jobs = [job(seed=seed, model=model) for seed in (1, 2) for model in ("cnn", "mlp")]
    assert [{one.trial.recipe.model for one in stack.jobs} for stack in stacks_of(jobs, 1)] == [{"cnn"}, {"mlp"}]


def test_trials_of_like_length_are_put_together() -> None:
    jobs = [job(seed=seed, epochs=epochs) for seed, epochs in enumerate((3, 30, 3, 30))]
    assert [[one.trial.recipe.epochs for one in some] for some in chunks(jobs, 2)] == [[3, 3], [30, 30]]


def test_a_stack_reads_back_from_its_json() -> None:
    stack = Stack((job(), job(seed=2)), 3, 2)
    again = Stack.from_json(stack.to_json())
    assert (again.keys, again.width, again.beside) == (stack.keys, 3, 2)
    assert again.only(stack.keys[1:]).keys == stack.keys[1:]


def test_a_trial_goes_on_in_the_form_that_it_was_begun_in(tmp_path: Path) -> None:
    trial, store = made_trial(), Store(tmp_path)
    store.put_pictures(made_pictures(), "made")
    steps = train_stack([trial], made_pictures(), form="gathered")
    record = Record()
    state = {}
    for _ in range(3):
        _, epoch = next(steps)
        assert isinstance(epoch, Epoch)
        record = record.noted(epoch)
        state = {name: tensor.numpy() for name, tensor in epoch.snapshot().tensors.items()}
    with store.claim(trial):
        store.save_checkpoint(trial.key, record, state, 2, 1.0)
    assert kept_form(store, trial.key) == "gathered"
    one = Job(trial, "loss", str(tmp_path))
    found = {form: Course(store, one, lambda event: None, Clock(), form).begin() for form in (None, *FORMS)}
    assert {form: snapshot and snapshot.epoch for form, snapshot in found.items()} == {
        None: None,
        "grouped": None,
        "gathered": 2,
    }
    told: list[Event] = []
    drive_stack([one], lambda: store.pictures(trial.digests["data"]), told.append, 4)
    assert [event.epoch for event in told if event.kind == "epoch"] == [3]
    assert store.provenance(trial.key)["engine"] == "stack, gathered"


def test_each_worker_sees_one_gpu() -> None:
    assert workplaces(3, ("0", "2")) == (
        {"CUDA_VISIBLE_DEVICES": "0"},
        {"CUDA_VISIBLE_DEVICES": "2"},
        {"CUDA_VISIBLE_DEVICES": "0"},
    )
    assert workplaces(3, ()) == ()


@pytest.mark.parametrize(
    ("given", "count", "visible"),
    [(None, 2, ("0", "1")), ("3, 5", 2, ("3", "5")), ("GPU-a,GPU-b", 1, ("GPU-a",)), (None, 0, ()), ("", 0, ())],
)
def test_the_gpus_that_this_process_may_use(
    monkeypatch: pytest.MonkeyPatch, given: str | None, count: int, visible: tuple[str, ...]
) -> None:
    if given is None:
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    else:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", given)
    monkeypatch.setattr("torch.cuda.device_count", lambda: count)
    assert visible_gpus() == visible
