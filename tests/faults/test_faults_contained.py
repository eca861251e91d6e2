"""Losses and models that go wrong while they train: their trials fail with a reason, the others notice nothing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from broken_code import LOSS_MODULE, LOSSES, LOST, MODEL_MODULE, MODELS
from fault_makers import Server, results

from cli_runner import Runner
from lossbench.store import Store, StudyFolder
from tuning_makers import written

MODULE = "mine_for_faults"
MACHINE = {"wants_memory", "takes_all_memory", *LOST}
"""What is the machine's fault, and tried again by the next run."""

RUN = ("run", "study.yaml", "--executor", "inline")


@dataclass(frozen=True)
class Made:
    """A folder in which a study was run.

    Args:
        folder: with `log` in it.
        code: the run's exit code.
        broken: which losses or models of the module are in it.
    """

    folder: Path
    code: int
    broken: tuple[str, ...] = ()

    @property
    def said(self) -> str:
        """All that commands printed here."""
        return (self.folder / "out.txt").read_text(encoding="utf-8")

    @property
    def store(self) -> Store:
        return Store(self.folder / "log")

    @property
    def trials(self) -> dict[str, str]:
        """Keys of the trials by model and loss, of one model by loss."""
        whole = StudyFolder.read(self.store, "broken")
        if len(whole.study.models) == 1:
            return {label: key for (label, _), key in whole.trials.items()}
        return {
            condition.model: key
            for condition, place in whole.places.items()
            for key in StudyFolder.read(self.store, place).trials.values()
        }

    def files(self, name: str) -> dict[str, object]:
        """The files of a trial, as `results` has them."""
        return results(self.store.trial_folder(self.trials[name]))


def study(folder: Path, module: str, models: list[str], losses: list[str]) -> None:
    """Writes the user's module, data and a study of both."""
    data = written(folder.parent)  # the same for all, for provenance tells where it lay
    (folder / f"{MODULE}.py").write_text(module, encoding="utf-8")
    (folder / "study.yaml").write_text(
        f"name: broken\ndata: {data}\nmodels: {models}\nlosses: {losses}\nseeds: [1]\n"
        "recipe: {epochs: 2, batch_size: 16, precision: fp32, optimizer: {name: sgd, lr: 0.1}}\n",
        encoding="utf-8",
    )


def of_losses(server: Server, folder: Path, names: tuple[str, ...], *options: str) -> Made:
    """A run of two good losses with broken ones between them."""
    study(folder, LOSS_MODULE, ["mlp"], ["cross_entropy", *(f"{MODULE}:{name}" for name in names), "l1"])
    return Made(folder, server.run(folder, *(options or RUN)), names)


@pytest.fixture(scope="module")
def losses(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A run of every broken loss between two good ones."""
    return of_losses(server, tmp_path_factory.mktemp("losses"), tuple(LOSSES))


@pytest.fixture(scope="module")
def models(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A run of every broken model beside a good one."""
    folder = tmp_path_factory.mktemp("models")
    study(folder, MODEL_MODULE, ["mlp", *(f"{MODULE}:{name}" for name in MODELS)], ["cross_entropy"])
    return Made(folder, server.run(folder, *RUN), tuple(MODELS))


@pytest.fixture(scope="module")
def undisturbed(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A run of the good losses alone."""
    return of_losses(server, tmp_path_factory.mktemp("good"), ())


@pytest.mark.parametrize("name", LOSSES)
def test_a_broken_loss_ends_its_trial_with_a_reason(losses: Made, name: str) -> None:
    status, words = LOSSES[name]
    key = losses.trials[f"{MODULE}:{name}"]
    assert losses.store.status(key) == status, losses.store.reason(key)
    reason = losses.store.reason(key)
    assert words in reason
    assert "\n" not in reason
    assert losses.store.failed_for_good(key) is (status == "failed" and name not in MACHINE)


@pytest.mark.parametrize("name", MODELS)
def test_a_broken_model_ends_its_trial_with_a_reason(models: Made, name: str) -> None:
    status, words = MODELS[name]
    key = models.trials[f"{MODULE}:{name}"]
    assert models.store.status(key) == status, models.store.reason(key)
    assert words in models.store.reason(key)
    assert models.store.failed_for_good(key) is (status == "failed" and name not in MACHINE)


def test_the_exit_code_is_1_and_nothing_is_a_traceback(losses: Made, models: Made) -> None:
    assert (losses.code, models.code) == (1, 1)
    assert "Traceback" not in losses.said + models.said


@pytest.mark.parametrize("loss", ["cross_entropy", "l1"])
def test_the_other_losses_trials_are_those_of_a_study_without_it(losses: Made, undisturbed: Made, loss: str) -> None:
    assert undisturbed.code == 0, undisturbed.said
    assert undisturbed.files(loss)
    assert losses.files(loss) == undisturbed.files(loss)


def test_the_other_models_trials_are_those_of_a_study_without_them(models: Made, undisturbed: Made) -> None:
    assert models.files("mlp") == undisturbed.files("cross_entropy")


@pytest.mark.parametrize("name", ["changes_logits", "changes_targets"])
def test_what_a_loss_changes_in_place_is_a_copy(losses: Made, undisturbed: Made, name: str) -> None:
    def outcomes(made: Made, loss: str) -> list[float]:
        rows = made.store.history(made.trials[loss])[2:]
        return [value for row in rows for value in (row.loss, row.accuracy, row.nll)]

    assert outcomes(losses, f"{MODULE}:{name}") == pytest.approx(outcomes(undisturbed, "cross_entropy"), rel=1e-4)


def test_status_says_every_reason(losses: Made, server: Server) -> None:
    before = len(losses.said)
    assert server.run(losses.folder, "status", "log") == 0
    told = losses.said[before:]
    for name, (ending, words) in LOSSES.items():
        if ending != "finished":
            assert f"{MODULE}:{name}, seed 1: {ending}: " in told
            assert words in told, name


def test_the_next_run_tries_again_what_was_the_machines_fault_and_the_others_on_request(
    server: Server, tmp_path: Path
) -> None:
    made = of_losses(server, tmp_path, ("raises_later", "wants_memory"))
    failures = {name: made.store.trial_folder(made.trials[f"{MODULE}:{name}"]) for name in made.broken}

    def times() -> dict[str, int]:
        return {name: (folder / "failure.json").stat().st_mtime_ns for name, folder in failures.items()}

    before, said = times(), len(made.said)
    assert server.run(made.folder, *RUN) == 1
    after = times()
    assert after["raises_later"] == before["raises_later"]
    assert after["wants_memory"] > before["wants_memory"]
    told = made.said[said:]
    assert "1 trial is left out after failing in an earlier run; to try again, add --retry-failed" in told
    assert "ValueError: not in epoch 2" in told
    assert "1 of 4 trials to train" in told
    assert server.run(made.folder, *RUN, "--retry-failed") == 1
    assert all(times()[name] > after[name] for name in after)


def test_mended_code_makes_other_trials_and_finishes(server: Server, tmp_path: Path) -> None:
    made = of_losses(server, tmp_path, ("raises_later",))
    loss = f"{MODULE}:raises_later"
    before = made.trials[loss]
    mended = LOSS_MODULE.replace('raise ValueError("not in epoch 2")', "pass")
    (made.folder / f"{MODULE}.py").write_text(mended, encoding="utf-8")
    assert server.run(made.folder, *RUN) == 2
    assert f"losses (the source of {loss} is not the same)" in made.said
    assert server.run(made.folder, *RUN, "--name", "mended") == 0, made.said
    folder = StudyFolder.read(made.store, "mended")
    assert folder.trials[loss, 1] != before
    assert made.store.status(folder.trials[loss, 1]) == "finished"
    assert made.store.status(before) == "failed"


def test_a_lost_worker_process_is_a_reason_and_another_takes_its_place(
    server: Server, tmp_path: Path, undisturbed: Made, long: bool
) -> None:
    if not long:
        pytest.skip("starting worker processes takes seconds; --long runs it, and test_run_executors.py has one killed")
    names = tuple(LOST)
    made = of_losses(server, tmp_path, names, "run", "study.yaml", "--workers", "1")
    assert made.code == 1
    for name in names:
        key = made.trials[f"{MODULE}:{name}"]
        assert f"the worker process ended with {LOST[name]}" in made.store.reason(key)
        assert not made.store.failed_for_good(key)
        assert made.store.reason(key) in made.said
    for loss in ("cross_entropy", "l1"):
        assert made.files(loss) == undisturbed.files(loss)


REFUSED = {
    "none": "something of type NoneType instead of a tensor",
    "pair": "something of type tuple instead of a tensor",
    "array": "a value that does not depend on the logits",
    "whole": "torch.int64, which has no gradient",
    "matrix": "which wants a sum or mean over classes",
    "short": "neither one value nor one per sample",
    "detached": "a value that does not depend on the logits",
    "constant": "a value that does not depend on the logits",
    "in_place": "a leaf Variable that requires grad is being used in an in-place operation",
    "nan": "a value that is not finite",
    "meta": "a tensor on the device meta, which holds no values",
    "exits": "SystemExit: 0",
    "wordless": "Wordless",
}
AT_ONCE = """
import torch
from torch.nn import functional as F
class Wordless(Exception):
    def __str__(self):
        raise RuntimeError("no words either")
def plain(logits, target):
    return F.cross_entropy(logits, target, reduction="none")
def none(logits, target): pass
def pair(logits, target): return plain(logits, target), 1
def array(logits, target): return torch.from_numpy(plain(logits, target).detach().numpy())
def whole(logits, target): return logits.argmax(dim=1)
def matrix(logits, target): return logits.softmax(dim=1)
def short(logits, target): return plain(logits, target)[1:]
def detached(logits, target): return plain(logits, target).detach()
def constant(logits, target): return torch.ones(len(target))
def in_place(logits, target): return plain(logits.mul_(2), target)
def nan(logits, target): return plain(logits, target) * float("nan")
def meta(logits, target): return plain(logits, target).to("meta")
def exits(logits, target): raise SystemExit(0)
def wordless(logits, target): raise Wordless
"""


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_wrong_from_the_start_is_refused_before_anything_is_written(
    lossbench: Runner, here: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (here / "mine_at_once.py").write_text(AT_ONCE)
    monkeypatch.syspath_prepend(here)
    done = lossbench("run", "--model", "mlp", "--losses", f"cross_entropy,mine_at_once:{name}", "--executor", "inline")
    assert done.code == 2, done.out
    assert f"losses: expected mine_at_once:{name} to give the loss of logits (batch, classes)" in done.err
    assert REFUSED[name] in done.err
    assert done.err.count("\n") == 1
    assert not (here / "log").exists()
