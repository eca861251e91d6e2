"""One contract for every tracker: what it is told can be read back, by its own reader where it has one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lossbench.tracking import Concluded, Ended, Opened, Point, TrackedTrial, open_tracker, parse_tracker
from tracker_readers import Reader, read_csv, read_json_lines, read_mlflow, read_tensorboard, read_wandb

TRIAL = TrackedTrial(
    study='a study\'s "name", ü',
    condition="",
    loss_function="focal(gamma=2)",
    seed=1,
    key="0123456789abcdef01234567",
    parameters={"loss": "focal", "loss.gamma": 2.0, "data": "digits", "recipe.optimizer.nesterov": False, "seed": 1},
)
OTHER = replace(TRIAL, loss_function="own:make/it ('x')\n日本", seed=2**40, key="f" * 24, condition="mlp, clean")
STARTED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@dataclass(frozen=True)
class Kind:
    """A tracker under contract.

    Args:
        spec: as a user writes it, with {} for the folder.
        read: its reader.
        keeps: which it keeps of parameters, status, and values that are known at the last epoch alone.
        digits: how exactly it keeps numbers, relatively.
    """

    spec: str
    read: Reader
    keeps: tuple[str, ...] = ("parameters", "status", "late")
    digits: float = 1e-12


KINDS = {
    "csv": Kind("csv:{}/metrics.csv", read_csv, keeps=()),
    "jsonl": Kind("jsonl:{}/metrics.jsonl", read_json_lines),
    "tensorboard": Kind("tensorboard:{}/runs", read_tensorboard, digits=1e-6),  # which keeps float32
    "mlflow": Kind("mlflow:sqlite:///{}/runs.db", read_mlflow),
    "wandb": Kind("wandb:project", read_wandb),
}


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An MLflow database without runs: making one takes seconds."""
    path = tmp_path_factory.mktemp("mlflow") / "runs.db"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
        open_tracker(parse_tracker(f"mlflow:sqlite:///{path}")).tracker.close()
    return path


@pytest.fixture(params=KINDS, autouse=True)
def kind(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kind]:
    if request.param in ("tensorboard", "mlflow", "wandb"):
        pytest.importorskip(request.param, reason=f"the extra {request.param} is not installed")
    if request.param == "mlflow":
        shutil.copy(request.getfixturevalue("database"), tmp_path / "runs.db")
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_DIR", str(tmp_path))
    monkeypatch.setenv("WANDB_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("WANDB_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    yield KINDS[request.param]
    if request.param == "wandb":
        import wandb

        wandb.teardown()


@pytest.fixture
def make(kind: Kind, tmp_path: Path) -> Callable[[], Opened]:
    return lambda: open_tracker(parse_tracker(kind.spec.format(tmp_path)))


def points(*epochs: int) -> list[Point]:
    return [Point(epoch, {"train/loss": 1 / epoch, "test/accuracy": 1 - 0.5**epoch}) for epoch in epochs]


def values(*epochs: int) -> dict[tuple[int, str], float]:
    return {(point.epoch, name): value for point in points(*epochs) for name, value in point.metrics.items()}


def test_what_is_told_is_there(make: Callable[[], Opened], kind: Kind, tmp_path: Path) -> None:
    tracker = make().tracker
    tracker.begin(TRIAL, None)
    for epoch in (1, 2, 5):
        tracker.log(TRIAL, points(epoch))
    tracker.end(TRIAL, Ended("finished", metrics=points(5)[0].metrics))
    tracker.close()
    seen = kind.read(tmp_path)
    assert list(seen) == [TRIAL.key]
    trial = seen[TRIAL.key]
    assert trial.metrics == pytest.approx(values(1, 2, 5), rel=kind.digits)
    assert len(trial.told) == len(set(trial.told))
    if "parameters" in kind.keeps:
        assert {name: str(value) for name, value in TRIAL.parameters.items()}.items() <= {
            name: "1" if name == "seed" else value for name, value in trial.parameters.items()
        }.items()
        assert trial.status == "finished"


def test_trials_side_by_side_do_not_mix(make: Callable[[], Opened], kind: Kind, tmp_path: Path) -> None:
    tracker = make().tracker
    tracker.begin(TRIAL, None)
    tracker.begin(OTHER, None)
    tracker.log(TRIAL, points(1))
    tracker.log(OTHER, points(2))
    tracker.log(TRIAL, points(3))
    tracker.end(OTHER, Ended("diverged", "a loss that is not finite"))
    tracker.end(TRIAL, Ended("finished"))
    tracker.close()
    seen = kind.read(tmp_path)
    assert seen[TRIAL.key].metrics == pytest.approx(values(1, 3), rel=kind.digits)
    assert seen[OTHER.key].metrics == pytest.approx(values(2), rel=kind.digits)
    if "status" in kind.keeps:
        assert seen[TRIAL.key].status == "finished"
        assert seen[OTHER.key].status in ("diverged", "failed")


def test_a_trial_that_goes_on_has_each_epoch_once(make: Callable[[], Opened], kind: Kind, tmp_path: Path) -> None:
    killed = make().tracker
    killed.begin(TRIAL, None)
    killed.log(TRIAL, points(1, 2, 3))
    killed.close()  # an interrupt: no end
    later = make().tracker
    later.begin(TRIAL, None)
    later.log(TRIAL, points(1, 2))  # its checkpoint was of the second epoch
    for epoch in (3, 4):
        later.log(TRIAL, points(epoch))
    later.end(TRIAL, Ended("finished"))
    later.close()
    seen = kind.read(tmp_path)
    assert list(seen) == [TRIAL.key]
    assert seen[TRIAL.key].metrics == pytest.approx(values(1, 2, 3, 4), rel=kind.digits)
    assert len(seen[TRIAL.key].told) == len(set(seen[TRIAL.key].told))
    if "status" in kind.keeps:
        assert seen[TRIAL.key].status == "finished"


def test_a_study_sent_twice_is_there_once(make: Callable[[], Opened], kind: Kind, tmp_path: Path) -> None:
    for _ in range(2):
        tracker = make().tracker
        tracker.begin(TRIAL, STARTED)
        tracker.log(TRIAL, points(*range(1, 400)))  # more than MLflow takes in one batch
        tracker.end(TRIAL, Ended("finished", started=STARTED, ended=STARTED))
        tracker.close()
    seen = kind.read(tmp_path)
    assert list(seen) == [TRIAL.key]
    assert seen[TRIAL.key].metrics == pytest.approx(values(*range(1, 400)), rel=kind.digits)
    assert len(seen[TRIAL.key].told) == len(set(seen[TRIAL.key].told))


def test_names_that_look_alike_do_not_meet(make: Callable[[], Opened], kind: Kind, tmp_path: Path) -> None:
    long = "x" * 300
    trials = [
        replace(TRIAL, study=study, condition=condition, key=f"{place:024x}")
        for place, (study, condition) in enumerate(
            [("größe", ""), ("grüße", ""), ("研究", ""), ("a/b", ""), ("a:b", ""), ("s", f"{long}1"), ("s", f"{long}2")]
        )
    ]
    tracker = make().tracker
    for epoch, trial in enumerate(trials, 1):
        tracker.begin(trial, None)
        tracker.log(trial, points(epoch))
        tracker.end(trial, Ended("finished"))
        tracker.conclude(Concluded(trial.study, "which?", "none", ()))
    tracker.close()
    seen = kind.read(tmp_path)
    for epoch, trial in enumerate(trials, 1):
        assert seen[trial.key].metrics == pytest.approx(values(epoch), rel=kind.digits)


def test_what_is_known_at_the_last_epoch_alone_is_there_once_and_may_come_later(
    make: Callable[[], Opened], kind: Kind, tmp_path: Path
) -> None:
    """A metric of the user's own is computed after the trial has ended; then all of the trial is told anew."""
    late = {"test/auroc": 0.75}
    for known in (late, {**late, "test/cost": 2.5}, {**late, "test/cost": 2.5}):
        tracker = make().tracker
        tracker.begin(TRIAL, STARTED)
        tracker.log(TRIAL, points(1, 2))
        metrics = {**points(2)[0].metrics, **known}
        tracker.end(TRIAL, Ended("finished", "", metrics, STARTED, STARTED, epoch=2, late=known))
        tracker.close()
    seen = kind.read(tmp_path)[TRIAL.key]
    expected = {(2, "test/auroc"): 0.75, (2, "test/cost"): 2.5} if "late" in kind.keeps else {}
    assert seen.metrics == pytest.approx(values(1, 2) | expected, rel=kind.digits)
    assert len(seen.told) == len(set(seen.told))


def test_a_conclusion_with_files_and_a_trial_without_epochs(
    make: Callable[[], Opened], kind: Kind, tmp_path: Path
) -> None:
    page = tmp_path / "report.html"
    page.write_text("<p>", encoding="utf-8")
    tracker = make().tracker
    tracker.begin(TRIAL, None)
    tracker.end(TRIAL, Ended("failed", "RuntimeError: " + "x" * 20_000))
    tracker.conclude(Concluded(TRIAL.study, "which?", "Nobody knows: " + "y" * 20_000, (page,)))
    tracker.close()
    tracker.close()
    if "status" in kind.keeps:
        assert kind.read(tmp_path)[TRIAL.key].status == "failed"


def test_nothing_global_changes(make: Callable[[], Opened], tmp_path: Path) -> None:
    before = dict(os.environ), Path.cwd()
    tracker = make().tracker
    tracker.begin(TRIAL, None)
    tracker.log(TRIAL, points(1))
    tracker.end(TRIAL, Ended("finished"))
    tracker.close()
    changed = {name for name in {*os.environ, *before[0]} if os.environ.get(name) != before[0].get(name)}
    assert {name for name in changed if not name.startswith("WANDB")} <= {"PYTEST_CURRENT_TEST"}
    assert Path.cwd() == before[1]
