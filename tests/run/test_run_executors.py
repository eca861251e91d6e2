"""One contract for every executor: trains all, the same bits, contains failures, tells what happens."""

from __future__ import annotations

import hashlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from lossbench.errors import RequestError
from lossbench.losses import loss_digest
from lossbench.models import model_digest
from lossbench.run import Event, Executor, Inline, Job, Processes, Ray, Stacked, pool
from lossbench.run.job import Job as JobType
from lossbench.run.process import Process
from lossbench.run.ray.own_code import own_code
from lossbench.spec import LossSpec, Trial
from lossbench.store import Store
from makers import MADE_DIGEST, made_pictures, made_trial
from ray_makers import started, training

RESULTS = ("trial.json", "history.csv", "counts.npz", "logits.safetensors", "outcome.json")
BROKEN = """
import os, signal, time
import torch
from torch import nn

class Raises(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(64, 3)
    def forward(self, x):
        if self.training:
            raise RuntimeError("a layer of mine broke")
        return self.layer(x.flatten(1))

class Dies(Raises):
    def forward(self, x):
        if self.training:
            os.kill(os.getpid(), signal.SIGKILL)
        return self.layer(x.flatten(1))

class Talks(Raises):
    def forward(self, x):
        print("{\\"kind\\": \\"finished\\"}")
        return self.layer(x.flatten(1))

class Forks(Raises):
    def forward(self, x):
        if self.training and os.fork() == 0:
            time.sleep(60)
            os._exit(0)
        if self.training:
            os.kill(os.getpid(), signal.SIGKILL)
        return self.layer(x.flatten(1))

class EndsOddly(Raises):
    def forward(self, x):
        if self.training:
            os.kill(os.getpid(), 40)
        return self.layer(x.flatten(1))

class Exits(Raises):
    def forward(self, x):
        if self.training:
            raise SystemExit(0)
        return self.layer(x.flatten(1))

class Drops(Raises):
    def __init__(self):
        super().__init__()
        self.drop = nn.Dropout(0.5)
    def forward(self, x):
        return self.layer(self.drop(x.flatten(1)))

class Threads(Raises):
    def __init__(self):
        super().__init__()
        torch.set_num_threads(4)
        torch.set_default_dtype(torch.float64)
    def forward(self, x):
        torch.set_num_threads(3)
        return self.layer(x.flatten(1))

def drops(num_classes, in_channels):
    return Drops()

def forks(num_classes, in_channels):
    return Forks()

def ends_oddly(num_classes, in_channels):
    return EndsOddly()

def exits(num_classes, in_channels):
    return Exits()

def threads(num_classes, in_channels):
    return Threads()

def raises(num_classes, in_channels):
    return Raises()

def dies(num_classes, in_channels):
    return Dies()

def talks(num_classes, in_channels):
    return Talks()
"""

LOSS_THAT_BREAKS = """
import os, signal
import torch

calls = []

def breaks(logits, target):
    calls.append(1)
    if len(calls) > 9:
        raise ValueError("a loss of mine broke")
    return torch.nn.functional.cross_entropy(logits, target)

def dies(logits, target):
    calls.append(1)
    if len(calls) > 9:
        os.kill(os.getpid(), signal.SIGKILL)
    return torch.nn.functional.cross_entropy(logits, target)
"""


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A store with the made pictures, in a working directory that has a module of the user's."""
    (tmp_path / "mine_for_executors.py").write_text(BROKEN)
    monkeypatch.chdir(tmp_path)
    store = Store(tmp_path / "log")
    store.put_pictures(made_pictures(), "made")
    return store


def job(store: Store, trial: Trial) -> Job:
    """A job of a trial, with the digest of a user's own model as it is on disk."""
    digest = model_digest(trial.recipe.model)
    trial = replace(trial, digests={**trial.digests, "model": digest}) if digest else trial
    return Job(trial, str(trial.loss), str(store.root))


def own(store: Store, name: str) -> Job:
    return job(store, made_trial(model=f"mine_for_executors:{name}"))


def broken_among(store: Store, name: str) -> list[Trial]:
    """Three trials that make one stack, the second with a loss of the user's that breaks."""
    (store.root.parent / "losses_for_stacks.py").write_text(LOSS_THAT_BREAKS)
    spec = LossSpec.parse(f"losses_for_stacks:{name}")
    bad = made_trial(seed=2)
    bad = replace(bad, loss=spec, digests={**bad.digests, "loss": loss_digest(spec) or ""})
    return [made_trial("l1", 1), bad, made_trial("focal(gamma=2)", 3)]


class ExecutorContract:
    """What every executor has to do."""

    def make(self) -> Executor:
        raise AssertionError("each executor's class says how it is made")

    def test_it_trains_every_job_and_tells(self, store: Store) -> None:
        trials = [made_trial(loss, seed) for seed in (1, 2) for loss in ("l1", "cross_entropy")]
        events: list[Event] = []
        self.make()([job(store, trial) for trial in trials], events.append)
        assert {trial.key: store.status(trial.key) for trial in trials} == dict.fromkeys(
            [trial.key for trial in trials], "finished"
        )
        for trial in trials:
            told = [(event.kind, event.epoch) for event in events if event.key == trial.key]
            epochs = [("epoch", number) for number in (0, 1, 2, 3)]
            assert told == [("started", 0), *epochs, ("finished", 3)]

    def alone(self) -> Executor:
        """What gives the bits that a trial has by itself."""
        return Inline()

    def test_it_gives_the_bits_that_the_trial_gives_alone(self, store: Store, tmp_path: Path) -> None:
        trials = [made_trial("focal(gamma=0.5)", seed) for seed in (1, 2)]
        self.make()([job(store, trial) for trial in trials], lambda event: None)
        alone = Store(tmp_path / "alone")
        alone.put_pictures(made_pictures(), "made")
        self.alone()([job(alone, trials[1])], lambda event: None)
        for name in RESULTS:
            one, other = (s.trial_folder(trials[1].key) / name for s in (store, alone))
            assert one.read_bytes() == other.read_bytes(), name

    def test_a_trial_goes_on_from_the_checkpoint_that_the_store_has(self, store: Store, tmp_path: Path) -> None:
        one = replace(job(store, made_trial("focal(gamma=2)", epochs=80)), checkpoint_seconds=0.0)

        def stop(event: Event) -> None:
            if event.kind == "epoch" and event.epoch == 3:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            self.alone()([one], stop)
        events: list[Event] = []
        self.make()([one], events.append)
        first = next(event.epoch for event in events if event.kind == "epoch")
        assert 4 <= first <= 80, "it was trained from the beginning"
        assert store.status(one.trial.key) == "finished", store.reason(one.trial.key)
        whole = Store(tmp_path / "whole")
        whole.put_pictures(made_pictures(), "made")
        self.alone()([job(whole, one.trial)], lambda event: None)
        for name in RESULTS:
            one_file, other = (s.trial_folder(one.trial.key) / name for s in (store, whole))
            assert one_file.read_bytes() == other.read_bytes(), name

    def test_a_trial_that_raises_fails_and_the_others_go_on(self, store: Store) -> None:
        bad, good = own(store, "raises"), job(store, made_trial())
        events: list[Event] = []
        self.make()([bad, good], events.append)
        assert store.status(bad.trial.key) == "failed"
        assert store.reason(bad.trial.key) == "RuntimeError: a layer of mine broke"
        assert store.status(good.trial.key) == "finished"
        assert [event.kind for event in events if event.key == bad.trial.key and event.ends] == ["failed"]

    def test_a_model_that_exits_fails_alone(self, store: Store) -> None:
        bad, good = own(store, "exits"), job(store, made_trial())
        self.make()([bad, good], lambda event: None)
        assert store.reason(bad.trial.key) == "SystemExit: 0"
        assert store.status(good.trial.key) == "finished"

    def test_a_trial_whose_folder_cannot_be_made_fails_alone(self, store: Store) -> None:
        bad, good = job(store, made_trial("l1")), job(store, made_trial())
        (store.root / "trials").mkdir()
        (store.root / "trials" / bad.trial.key).write_text("in the way")
        events: list[Event] = []
        self.make()([bad, good], events.append)
        assert {event.key: event.kind for event in events if event.ends} == {
            bad.trial.key: "failed",
            good.trial.key: "finished",
        }

    def test_a_model_that_asks_for_threads_and_types_changes_neither(self, store: Store) -> None:
        import torch

        one = own(store, "threads")
        self.make()([one], lambda event: None)
        assert store.status(one.trial.key) == "finished", store.reason(one.trial.key)
        assert store.provenance(one.trial.key)["threads"] == 1
        assert torch.get_default_dtype() == torch.float32

    def test_a_model_that_was_edited_after_the_study_was_begun_fails(self, store: Store) -> None:
        stale = made_trial(model="mine_for_executors:talks")
        stale = replace(stale, digests={**stale.digests, "model": "0" * 32})
        self.make()([Job(stale, "loss", str(store.root))], lambda event: None)
        assert "the source of mine_for_executors:talks changed" in store.reason(stale.key)

    def test_what_a_model_prints_disturbs_nothing(self, store: Store) -> None:
        one = own(store, "talks")
        events: list[Event] = []
        self.make()([one], events.append)
        assert [event.kind for event in events].count("finished") == 1
        assert store.status(one.trial.key) == "finished"

    def test_what_who_listens_raises_ends_the_run_and_marks_no_trial(self, store: Store) -> None:
        """A pipe that nobody reads any more is no fault of the trial that was to be told of."""
        one = job(store, made_trial(epochs=80))

        def listen(event: Event) -> None:
            if event.kind == "epoch" and event.epoch == 2:
                raise SystemExit(1)

        with pytest.raises(SystemExit):
            self.make()([one], listen)
        assert store.status(one.trial.key) == "missing", store.reason(one.trial.key)

    def test_no_jobs_are_no_work(self, store: Store) -> None:
        self.make()([], lambda event: None)


class TestInline(ExecutorContract):
    def make(self) -> Executor:
        return Inline()

    def test_it_puts_the_number_of_threads_back(self, store: Store) -> None:
        import torch

        before = torch.get_num_threads()
        Inline()([job(store, made_trial())], lambda event: None)
        assert torch.get_num_threads() == before

    @pytest.mark.skipif(torch.cuda.is_available(), reason="torch sees a CUDA device here")
    def test_a_machine_without_the_device_is_no_fault_of_the_trial(self, store: Store) -> None:
        one = replace(job(store, made_trial()), device="cuda")
        Inline()([one], lambda event: None)
        assert store.reason(one.trial.key).startswith("torch sees no CUDA device on ")
        assert not store.failed_for_good(one.trial.key)


class TestProcesses(ExecutorContract):
    def make(self) -> Executor:
        return Processes(2)

    @pytest.mark.parametrize(
        ("model", "how"), [("dies", "signal SIGKILL"), ("ends_oddly", "signal 40"), ("forks", "signal SIGKILL")]
    )
    def test_a_worker_that_dies_fails_its_trial_alone(self, store: Store, model: str, how: str) -> None:
        bad, good = own(store, model), job(store, made_trial())
        events: list[Event] = []
        began = time.monotonic()
        Processes(1)([bad, good], events.append)
        assert store.reason(bad.trial.key) == f"the worker process ended with {how}"
        assert [event.kind for event in events if event.ends] == ["failed", "finished"]
        assert store.status(good.trial.key) == "finished"
        assert time.monotonic() - began < 50, "a process that a model forked was waited for"

    def test_what_lies_in_the_working_directory_is_not_imported(self, store: Store) -> None:
        (store.root.parent / "queue.py").write_text("raise RuntimeError('nobody typed my name')")
        one = job(store, made_trial())
        Processes(1)([one], lambda event: None)
        assert store.status(one.trial.key) == "finished", store.reason(one.trial.key)

    def test_a_model_is_found_where_the_parent_found_it(self, store: Store, tmp_path: Path) -> None:
        (tmp_path / "aside").mkdir()
        (tmp_path / "aside/mine_aside.py").write_text(BROKEN)
        digest = hashlib.sha256(hashlib.sha256(BROKEN.encode()).hexdigest().encode()).hexdigest()[:32]
        trial = made_trial(model="mine_aside:talks")
        trial = replace(trial, digests={**trial.digests, "model": digest})
        one = Job(trial, "loss", str(store.root), import_path=(str(tmp_path / "aside"),))
        Processes(1)([one], lambda event: None)
        assert store.status(trial.key) == "finished", store.reason(trial.key)

    def test_an_interrupt_stops_the_workers(self, store: Store) -> None:
        trials = [made_trial(epochs=10_000, seed=seed) for seed in (1, 2)]

        def interrupt(event: Event) -> None:
            if event.kind == "epoch" and event.epoch == 2:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            Processes(2)([job(store, trial) for trial in trials], interrupt)
        assert {store.status(trial.key) for trial in trials} == {"missing"}, "a worker still holds its claim"
        assert not list(store.root.glob("trials/*/failure.json")), "an interrupt is no failure of a trial"
        for thread in threading.enumerate():
            if thread.name.startswith("lossbench"):
                thread.join(timeout=10)
                assert not thread.is_alive()

    def test_an_interrupt_while_it_stops_leaves_no_worker(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        started: list[Process] = []

        class Noted(Process):
            def __init__(self, *words: Any, **more: Any) -> None:
                super().__init__(*words, **more)
                started.append(self)

        def interrupt(event: Event) -> None:
            if event.kind == "epoch":
                trained.add(event.key)
            if len(trained) == 2:
                raise KeyboardInterrupt

        def again(worker: object) -> None:
            raise KeyboardInterrupt

        trained: set[str] = set()
        monkeypatch.setattr(pool, "Process", Noted)
        monkeypatch.setattr(pool._Worker, "stop", again)
        with pytest.raises(KeyboardInterrupt):
            Processes(2)([job(store, made_trial(epochs=10_000, seed=seed)) for seed in (1, 2)], interrupt)
        assert len(started) == 2
        ended = [process._process.wait(timeout=30) for process in started]
        for process in started:
            process.close()
        assert ended == [-signal.SIGKILL] * 2

    def test_fewer_than_one_worker_is_refused(self) -> None:
        with pytest.raises(RequestError, match="--workers: expected auto or a number of at least 1, got 0"):
            Processes(0)


class TestStacked(ExecutorContract):
    """Each lane's bits are its own, whatever the stack; they are not those of the other engine."""

    def make(self) -> Executor:
        return Stacked(width=3, workers=1)

    def alone(self) -> Executor:
        return Stacked(width=1, workers=1)

    def test_its_numbers_are_those_of_the_other_engine_up_to_rounding(self, store: Store, tmp_path: Path) -> None:
        trials = [made_trial(loss, seed, epochs=1) for seed in (1, 2) for loss in ("l1", "cross_entropy")]
        self.make()([job(store, trial) for trial in trials], lambda event: None)
        other = Store(tmp_path / "other")
        other.put_pictures(made_pictures(), "made")
        Inline()([job(other, trial) for trial in trials], lambda event: None)
        for trial in trials:
            for name, values in store.logits(trial.key).items():
                np.testing.assert_allclose(values, other.logits(trial.key)[name], rtol=1e-3, atol=1e-4)

    def test_the_engine_stands_in_the_provenance(self, store: Store) -> None:
        trials = [made_trial("l1", seed) for seed in (1, 2, 3, 4, 5)]
        self.make()([job(store, trial) for trial in trials], lambda event: None)
        found = [store.provenance(trial.key) for trial in trials]
        assert {each["engine"] for each in found} == {"stack"}
        assert sorted(each["lanes"] for each in found) == [2, 2, 3, 3, 3]

    def test_trials_of_a_model_that_no_stack_has_are_trained_alone_and_it_is_said(
        self, store: Store, tmp_path: Path
    ) -> None:
        trials = [replace(one.trial, seed=seed) for seed in (1, 2) for one in [own(store, "drops")]]
        events: list[Event] = []
        self.make()([Job(trial, "loss", str(store.root)) for trial in trials], events.append)
        for trial in trials:
            assert "engine" not in store.provenance(trial.key)
        said = {event.reason for event in events if event.kind == "noted"}
        assert said == {"trained alone: no stack has a layer of type Dropout"}
        other = Store(tmp_path / "other")
        other.put_pictures(made_pictures(), "made")
        Inline()([job(other, trials[1])], lambda event: None)
        for name in RESULTS:
            one, two = (s.trial_folder(trials[1].key) / name for s in (store, other))
            assert one.read_bytes() == two.read_bytes(), name

    def test_a_trial_that_another_run_holds_leaves_the_others_to_the_stack(self, store: Store) -> None:
        trials = [made_trial("l1", seed) for seed in (1, 2, 3)]
        events: list[Event] = []
        held = threading.Event()

        def listen(event: Event) -> None:
            events.append(event)
            if event.kind == "finished":
                held.set()

        def hold() -> None:
            with store.claim(trials[1]):
                ready.set()
                held.wait(60)

        ready = threading.Event()
        holder = threading.Thread(target=hold)
        holder.start()
        ready.wait(60)
        self.make()([job(store, trial) for trial in trials], listen)
        holder.join()
        assert next(event.kind for event in events if event.key == trials[1].key) == "held"
        assert {store.provenance(trial.key)["lanes"] for trial in (trials[0], trials[2])} == {2}
        assert store.status(trials[1].key) == "finished"

    def test_a_lane_whose_loss_raises_fails_alone(self, store: Store) -> None:
        trials = broken_among(store, "breaks")
        bad = trials[1]
        self.make()([job(store, trial) for trial in trials], lambda event: None)
        assert [store.status(trial.key) for trial in trials] == ["finished", "failed", "finished"]
        assert store.reason(bad.key) == "ValueError: a loss of mine broke"
        assert store.failed_for_good(bad.key)
        assert store.provenance(trials[0].key)["lanes"] == 3, "the others went on in the same stack"

    def test_trials_in_whose_stack_the_process_dies_are_trained_each_by_itself(self, store: Store) -> None:
        trials = broken_among(store, "dies")
        bad = trials[1]
        self.make()([job(store, trial) for trial in trials], lambda event: None)
        assert [store.status(trial.key) for trial in trials] == ["finished", "failed", "finished"]
        assert store.reason(bad.key) == "the worker process ended with signal SIGKILL"

    def test_a_stack_that_is_stopped_goes_on_with_the_same_bits(self, store: Store, tmp_path: Path) -> None:
        trials = [made_trial(loss, 1, epochs=80) for loss in ("l1", "cross_entropy", "focal(gamma=2)")]

        def stop(event: Event) -> None:
            if event.kind == "epoch" and event.epoch == 3:
                raise KeyboardInterrupt

        jobs = [replace(job(store, trial), checkpoint_seconds=0.0) for trial in trials]
        with pytest.raises(KeyboardInterrupt):
            self.make()(jobs, stop)
        assert {store.status(trial.key) for trial in trials} == {"missing"}
        began: dict[str, int] = {}

        def note(event: Event) -> None:
            if event.kind == "epoch":
                began.setdefault(event.key, event.epoch)

        self.make()(jobs, note)
        assert min(began.values()) >= 3
        whole = Store(tmp_path / "whole")
        whole.put_pictures(made_pictures(), "made")
        self.make()([job(whole, trial) for trial in trials], lambda event: None)
        for trial in trials:
            for name in RESULTS:
                one, two = (s.trial_folder(trial.key) / name for s in (store, whole))
                assert one.read_bytes() == two.read_bytes(), name

    def test_no_trial_begins_in_one_engine_and_goes_on_in_the_other(self, store: Store, tmp_path: Path) -> None:
        trial = made_trial(epochs=80)

        def stop(event: Event) -> None:
            if event.kind == "epoch" and event.epoch == 3:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            self.make()([replace(job(store, trial), checkpoint_seconds=0.0)], stop)
        began: list[int] = []
        Inline()([job(store, trial)], lambda event: began.append(event.epoch))
        assert began[:2] == [0, 0]
        assert "engine" not in store.provenance(trial.key)

    def test_without_a_width_it_is_measured(self, store: Store) -> None:
        trials = [made_trial("l1", seed, epochs=1) for seed in (1, 2, 3, 4)]
        Stacked(workers=1)([job(store, trial) for trial in trials], lambda event: None)
        assert {store.status(trial.key) for trial in trials} == {"finished"}

    @pytest.mark.parametrize("width", [0, -1])
    def test_fewer_than_one_lane_is_refused(self, width: int) -> None:
        with pytest.raises(RequestError, match="--stack: expected auto or a number of at least 1"):
            Stacked(width)


@pytest.fixture(scope="module")
def cluster(_kernels: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Ray on this machine with two cores, for all tests of the module."""
    with started(2, tmp_path_factory.mktemp("aside"), _kernels):
        yield


@pytest.mark.usefixtures("cluster")
class TestRay(ExecutorContract):
    def make(self) -> Executor:
        return Ray()

    @pytest.mark.parametrize(("model", "how"), [("dies", "signal SIGKILL"), ("forks", "signal SIGKILL")])
    def test_a_worker_that_dies_fails_its_trial_alone(self, store: Store, model: str, how: str) -> None:
        bad, good = own(store, model), job(store, made_trial())
        events: list[Event] = []
        Ray()([bad, good], events.append)
        assert store.reason(bad.trial.key) == f"the worker process ended with {how}"
        assert not store.failed_for_good(bad.trial.key)
        assert sorted(event.kind for event in events if event.ends) == ["failed", "finished"]

    def test_a_model_is_sent_with_what_it_imports_from_beside_it(self, store: Store, tmp_path: Path) -> None:
        import sys

        (tmp_path / "mine_beside.py").write_text("WIDTH = 3\n")
        (tmp_path / "mine_sent.py").write_text(BROKEN.replace("import torch\n", "import torch, mine_beside\n", 1))
        sys.path.insert(0, str(tmp_path))
        try:
            sent = job(store, made_trial(model="mine_sent:talks"))
        finally:
            sys.path.remove(str(tmp_path))
        assert sorted(own_code([sent])) == ["mine_beside.py", "mine_sent.py"]
        Ray()([sent], lambda event: None)
        assert store.status(sent.trial.key) == "finished", store.reason(sent.trial.key)

    def test_an_interrupt_ends_what_runs(self, store: Store) -> None:
        trials = [made_trial(epochs=10_000, seed=seed) for seed in (1, 2)]

        def interrupt(event: Event) -> None:
            if event.kind == "epoch" and event.epoch == 2:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            Ray()([job(store, trial) for trial in trials], interrupt)
        assert {store.status(trial.key) for trial in trials} == {"missing"}, "a claim is still held"
        assert not list(store.root.glob("trials/*/failure.json")), "an interrupt is no failure of a trial"
        assert not training(), "a worker process goes on"

    def test_a_stack_on_a_node_gives_the_bits_of_a_stack_here(self, store: Store, tmp_path: Path) -> None:
        trials = [made_trial(loss, seed) for seed in (1, 2) for loss in ("l1", "cross_entropy", "focal(gamma=2)")]
        events: list[Event] = []
        Ray(stack=3)([job(store, trial) for trial in trials], events.append)
        here = Store(tmp_path / "here")
        here.put_pictures(made_pictures(), "made")
        Stacked(6, workers=1)([job(here, trial) for trial in trials], lambda event: None)
        assert {store.provenance(trial.key)["engine"] for trial in trials} == {"stack"}
        assert {store.provenance(trial.key)["lanes"] for trial in trials} == {3}
        for trial in trials:
            told = [(event.kind, event.epoch) for event in events if event.key == trial.key]
            assert told == [("started", 0), *(("epoch", number) for number in range(4)), ("finished", 3)]
            for name in RESULTS:
                one, other = (s.trial_folder(trial.key) / name for s in (store, here))
                assert one.read_bytes() == other.read_bytes(), name

    def test_of_a_stack_whose_process_dies_each_trial_is_trained_by_itself(self, store: Store) -> None:
        trials = broken_among(store, "dies")
        Ray(stack=3)([job(store, trial) for trial in trials], lambda event: None)
        assert [store.status(trial.key) for trial in trials] == ["finished", "failed", "finished"]
        assert store.reason(trials[1].key) == "the worker process ended with signal SIGKILL"


class TestJobs:
    def test_a_job_reads_back_from_its_json(self) -> None:
        trial = made_trial("focal(gamma=0.5, alpha=[1, 2, 3])", validation=0.2)
        one = JobType(trial, "focal", "log", keep_weights=True, data_path="somewhere")
        again = JobType.from_json(one.to_json())
        assert again.trial.key == trial.key
        assert (again.label, again.keep_weights, again.data_path) == ("focal", True, "somewhere")
        assert again.trial.digests["data"] == MADE_DIGEST


def test_a_worker_leaves_when_its_parent_is_gone(store: Store) -> None:
    import json
    import subprocess
    import sys

    long = job(store, made_trial(epochs=100_000))
    command = [sys.executable, "-m", "lossbench.run.worker"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdin is not None
        assert worker.stdout is not None
        worker.stdin.write(json.dumps(long.to_json()) + "\n")
        worker.stdin.flush()
        while json.loads(worker.stdout.readline())["epoch"] < 2:
            pass
        os.kill(worker.pid, signal.SIGINT)  # Ctrl-C reaches workers, too, and is left to the parent
        worker.stdin.close()
        assert worker.wait(timeout=30) == 0
    assert store.status(long.trial.key) == "missing"
