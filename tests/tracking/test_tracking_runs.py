"""Trackers beside real runs: the store is the same with and without, whatever they do."""

from __future__ import annotations

import hashlib
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import lossbench
from cli_runner import Runner
from lossbench.errors import RequestError, TrackerError
from lossbench.store import Store, StudyFolder
from lossbench.tracking import Point, TrackedTrial
from tracker_readers import read_csv, read_json_lines, read_mlflow, read_tensorboard, tensorboard_texts

STUDY: dict[str, Any] = {"losses": "cross_entropy, l1", "seeds": 2, "models": ["mlp"], "recipe": {"epochs": 2}}
BROKEN = """
class Tracker:
    def begin(self, *told): raise SystemExit("a tracker of mine broke")
    def log(self, *told): raise KeyError("log")
    def end(self, *told): raise MemoryError()
    def conclude(self, *told): raise KeyboardInterrupt()
    def close(self, *told): raise RecursionError()
"""


def files_of(save_dir: Path) -> dict[str, str]:
    """Digests of all that a run writes, provenance aside."""
    return {
        path.relative_to(save_dir).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(save_dir.rglob("*"))
        if path.is_file() and path.suffix not in (".lock", ".pdf") and path.name not in ("provenance.json", "cost.csv")
    }


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study that no tracker was told of."""
    folder = tmp_path_factory.mktemp("plain") / "log"
    lossbench.run(lossbench.Study(**STUDY), folder, executor="inline")
    return folder


def history_of(save_dir: Path) -> dict[str, dict[tuple[int, str], float]]:
    """What trackers should show, from the study's own table."""
    store = Store(save_dir)
    keys = StudyFolder.read(store, store.study_names()[0]).trials
    table = pl.read_csv(next(save_dir.glob("studies/*/history.csv")))
    names = ("loss", "accuracy", "precision", "recall", "f1", "nll", "brier", "ece")
    found: dict[str, dict[tuple[int, str], float]] = {}
    for row in table.iter_rows(named=True):
        seen = found.setdefault(keys[row["loss_function"], row["seed"]], {})
        seen |= {(row["epoch"], f"{row['split']}/{name}"): row[name] for name in names}
    return found


def assert_shows(seen: dict[str, Any], save_dir: Path, relative: float = 1e-9) -> None:
    expected = history_of(save_dir)
    assert seen.keys() == expected.keys()
    for key, values in expected.items():
        there = {place: value for place, value in seen[key].metrics.items() if place in values}
        assert there == pytest.approx(values, rel=relative)


@pytest.mark.parametrize("executor", ["inline", "processes"])
def test_results_are_byte_identical_whatever_trackers_do(
    tmp_path: Path, plain: Path, executor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "broken_tracker.py").write_text(BROKEN, encoding="utf-8")
    trackers = ["broken_tracker:Tracker", "csv:metrics.csv", "jsonl:metrics.jsonl"]
    with pytest.warns(UserWarning, match="broken_tracker:Tracker did not take 4 trials and the conclusion of"):
        lossbench.run(lossbench.Study(**STUDY), "log", executor=executor, workers=2, trackers=trackers)
    del sys.modules["broken_tracker"]
    # the page says how long each loss took, which no two runs have in common
    timed = {"studies/digits-mlp/report.html", "studies/digits-mlp/report.json"}
    found, expected = files_of(tmp_path / "log"), files_of(plain)
    assert found.keys() == expected.keys()
    assert {name for name in found if found[name] != expected[name]} <= timed | {
        name for name in found if "/cost" in name or "/figures/" in name
    }
    for read in (read_csv, read_json_lines):
        assert_shows(read(tmp_path), tmp_path / "log")


@pytest.mark.parametrize("name", ["tensorboard", "mlflow"])
def test_their_own_readers_find_what_a_run_logged_and_what_a_store_sends(
    tmp_path: Path, plain: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip(name, reason=f"the extra {name} is not installed")
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    spec = {"tensorboard": "tensorboard:{}/runs", "mlflow": "mlflow:sqlite:///{}/runs.db"}[name]
    read = {"tensorboard": read_tensorboard, "mlflow": read_mlflow}[name]
    (tmp_path / "live").mkdir()
    monkeypatch.chdir(tmp_path / "live")
    lossbench.run(lossbench.Study(**STUDY), "log", executor="inline", trackers=[spec.format(tmp_path / "live")])
    live = read(tmp_path / "live")
    assert_shows(live, tmp_path / "live" / "log", 1e-6)
    (tmp_path / "sent").mkdir()
    monkeypatch.chdir(tmp_path / "sent")
    sent = lossbench.send(plain, spec.format(tmp_path / "sent"))
    assert (sent.trials, sent.missing, sent.damaged) == (4, 0, ())
    after = read(tmp_path / "sent")
    assert {key: (seen.metrics, seen.parameters, seen.status, seen.name) for key, seen in live.items()} == {
        key: (seen.metrics, seen.parameters, seen.status, seen.name) for key, seen in after.items()
    }
    one = next(seen for seen in after.values() if "l1" in seen.name)
    assert (one.parameters["loss"], one.parameters["data"], one.status) == ("l1", "digits", "finished")


def test_the_study_itself_is_shown_with_its_answer_and_report(
    tmp_path: Path, plain: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mlflow = pytest.importorskip("mlflow", reason="the extra mlflow is not installed")
    pytest.importorskip("tensorboard", reason="the extra tensorboard is not installed")
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    monkeypatch.chdir(tmp_path)
    answer = str(lossbench.load(plain).answer)
    database = f"sqlite:///{tmp_path / 'runs.db'}"
    for spec in (f"mlflow:{database}", "tensorboard:runs"):
        lossbench.send(plain, spec)
    assert answer in tensorboard_texts(tmp_path / "runs")
    client = mlflow.MlflowClient(tracking_uri=database)
    (experiment,) = [item for item in client.search_experiments() if item.name == "digits-mlp"]
    (parent,) = client.search_runs([experiment.experiment_id], "tags.`lossbench.study` = 'digits-mlp'")
    children = client.search_runs([experiment.experiment_id], f"tags.mlflow.parentRunId = '{parent.info.run_id}'")
    assert len(children) == 4
    assert answer in parent.data.tags["mlflow.note.content"]
    artifacts = {item.path for item in client.list_artifacts(parent.info.run_id)}
    assert {"report.html", "history.csv", "comparisons.csv"} <= artifacts


def test_compare_reads_the_csv_that_a_run_wrote(tmp_path: Path, plain: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    lossbench.send(plain, "csv:metrics.csv")
    columns = ["metric", "a", "b", "difference", "verdict"]
    there = lossbench.compare("metrics.csv").comparisons
    own = lossbench.load(plain)
    assert isinstance(own, lossbench.Results)
    told = {row[:3]: row[3:] for row in own.comparisons.select(columns).iter_rows()}
    for row in pl.DataFrame(there).select(columns).iter_rows():
        assert row[3] == pytest.approx(told[row[:3]][0], abs=1e-9)
    assert (tmp_path / "metrics.csv").exists()


def test_failed_diverged_missing_and_damaged_trials_are_sent_as_what_they_are(
    tmp_path: Path, plain: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(plain, tmp_path / "log")
    store = Store(tmp_path / "log")
    failed, missing, damaged, _ = StudyFolder.read(store, "digits-mlp").trials.values()
    for key in (failed, missing):
        (store.trial_folder(key) / "provenance.json").unlink()
    (store.trial_folder(failed) / "failure.json").write_text("{}", encoding="utf-8")
    (store.trial_folder(damaged) / "history.csv").write_text("x", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    sent = lossbench.send("log", "jsonl:metrics.jsonl")
    assert (sent.trials, sent.missing, len(sent.damaged)) == (2, 1, 1)
    assert damaged in sent.damaged[0]
    seen = read_json_lines(tmp_path)
    assert sorted(trial.status for trial in seen.values()) == ["failed", "finished"]


def test_export_sends_a_study_and_refuses_what_is_about_a_network(
    tmp_path: Path, plain: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    run = Runner(capsys)
    for _ in range(2):
        done = run("export", str(plain), "--to", "csv:metrics.csv")
        assert (done.code, done.out, done.err) == (0, "sent 4 trials to csv:metrics.csv\n", "")
    assert_shows(read_csv(tmp_path), plain)
    done = run("export", str(plain), "--to", "csv:metrics.csv", "--loss", "l1")
    assert (done.code, done.out) == (2, "")
    assert "--loss: expected nothing beside --to csv:metrics.csv, which is sent the whole study, got l1" in done.err
    done = run("export", str(plain), "--to", "mlfow")
    assert (done.code, done.out) == (2, "")
    assert "did you mean mlflow?" in done.err


def test_a_tracker_that_fails_while_a_study_is_sent_is_an_error_in_one_sentence(plain: Path) -> None:
    class Fails:
        sent = 0

        def begin(self, *told: object) -> None: ...

        def log(self, trial: TrackedTrial, points: Sequence[Point]) -> None:
            self.sent += 1
            if self.sent > 2:
                raise ConnectionError("no route to host")

        def end(self, *told: object) -> None: ...

        def conclude(self, *told: object) -> None: ...

        def close(self) -> None: ...

    with pytest.raises(
        TrackerError, match=r"^Fails took 2 trials and then failed \(ConnectionError: no route to host\)"
    ):
        lossbench.send(plain, Fails())


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("tensorbord", "--track: expected one of csv, jsonl, mlflow, tensorboard, wandb, got tensorbord (did you mean"),
        ("csv", "--track: expected csv:FILE, got csv"),
        ("csv:there", "--track: expected a file that can be written, got there (it is no file)"),
        (
            "csv:other.csv",
            "--track: expected a new file, or one that a tracker wrote before, got other.csv, which has other",
        ),
        ("jsonl:other.csv", "--track: expected a new file, or one that a tracker wrote before, got other.csv, which"),
        ("no_such_module:Tracker", "--track: expected module:callable that can be imported from here, got no_such"),
        (
            "collections:OrderedDict",
            "--track: expected a tracker with begin, log, end, conclude, close, got collections",
        ),
    ],
)
def test_a_tracker_that_cannot_be_opened_is_refused_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], spec: str, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there").mkdir()
    (tmp_path / "other.csv").write_text("a,b\n1,2\n3,", encoding="utf-8")
    (tmp_path / "broken_tracker.py").write_text(
        "def raises(): raise ValueError('no')\ndef leaves(): raise SystemExit(4)\ndef asks(where): pass\n"
    )
    before = files_in(tmp_path)
    result = Runner(capsys)("run", "--track", spec, "--epochs", "1", "--seeds", "2", "--model", "mlp")
    sys.modules.pop("broken_tracker", None)
    shutil.rmtree(tmp_path / "__pycache__", ignore_errors=True)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(f"lossbench: {said}")
    assert files_in(tmp_path) == before


def files_in(folder: Path) -> dict[str, str]:
    return {str(path): path.read_text() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_a_study_that_is_refused_leaves_no_trackers_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("mlflow", reason="the extra mlflow is not installed")
    monkeypatch.chdir(tmp_path)
    run = Runner(capsys)
    result = run("run", "--data", "nowhere", "--track", "mlflow:sqlite:///fresh.db", "--track", "csv:there/a.csv")
    assert result.code == 2
    result = run("run", "--track", "csv:a.csv", "--track", "csv:a.csv")
    assert result.err == "lossbench: --track: expected every tracker once, got csv:a.csv twice\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["tensorboard", "mlflow", "wandb"])
def test_an_extra_that_is_missing_is_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lossbench.tracking.named.find_spec", lambda package: None)
    with pytest.raises(
        RequestError, match=rf"expected the extra `{name}`: pip install 'lossbench\[{name}\]', got {name}"
    ):
        lossbench.run(lossbench.Study(**STUDY), trackers=[name])


def test_wandb_without_a_login_is_refused_instead_of_asking(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("wandb", reason="the extra wandb is not installed")
    for name in ("WANDB_MODE", "WANDB_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with pytest.raises(RequestError, match=r"a login \(`wandb login`, or WANDB_API_KEY\), or WANDB_MODE=offline"):
        lossbench.run(lossbench.Study(**STUDY), trackers=["wandb"])


def test_mlflow_says_which_uri_it_does_not_take() -> None:
    pytest.importorskip("mlflow", reason="the extra mlflow is not installed")
    with pytest.raises(
        RequestError, match=r"^trackers: expected a tracking URI that MLflow can open, got nonsense://x"
    ):
        lossbench.run(lossbench.Study(**STUDY), trackers=["mlflow:nonsense://x"])


def test_a_second_run_says_that_trackers_are_not_told_of_what_was_finished(
    tmp_path: Path, plain: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(plain, tmp_path / "log")
    monkeypatch.chdir(tmp_path)
    result = Runner(capsys)(
        "run", "--model", "mlp", "--epochs", "2", "--seeds", "2", "--losses", "cross_entropy, l1",
        "--executor", "inline", "--track", "csv:metrics.csv",
    )  # fmt: skip
    assert result.code == 0
    assert "4 trials were finished before this run, and the trackers are not told of that" in result.out
    assert "`lossbench export log/studies/digits-mlp --to TRACKER` sends the whole study" in result.out
    assert not (tmp_path / "metrics.csv").exists()


def test_metrics_of_the_last_epoch_alone_are_told_of_a_run_and_of_a_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The user's own are computed after the trials; what is sent from the store imports them no more."""
    pytest.importorskip("mlflow", reason="the extra mlflow is not installed")
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    monkeypatch.chdir(tmp_path)
    source = "def cost(logits, target):\n    return (logits.argmax(dim=1) - target).abs().double().mean()\n"
    (tmp_path / "tracked_costs.py").write_text(source, encoding="utf-8")
    study = lossbench.Study(**STUDY, plan={"metrics": ["tracked_costs:cost, lower is better"]})
    (tmp_path / "live").mkdir()
    live = [f"mlflow:sqlite:///{tmp_path}/live/runs.db", "jsonl:live/metrics.jsonl"]
    results = lossbench.run(study, "log", executor="inline", trackers=live)
    assert isinstance(results, lossbench.Results)
    del sys.modules["tracked_costs"]
    (tmp_path / "tracked_costs.py").unlink()
    (tmp_path / "sent").mkdir()
    for spec in (f"mlflow:sqlite:///{tmp_path}/sent/runs.db", "jsonl:sent/metrics.jsonl"):
        lossbench.send("log", spec)
    keys = {(loss, seed): key for loss, seed, key in results.trials.select("loss_function", "seed", "key").iter_rows()}
    for folder in (tmp_path / "live", tmp_path / "sent"):
        for read in (read_mlflow, read_json_lines):
            seen = read(folder)
            for row in results.history.filter(epoch=2, split="test").iter_rows(named=True):
                told = seen[keys[row["loss_function"], row["seed"]]].metrics
                for name in ("top5", "auroc", "cost"):
                    assert told[2, f"test/{name}"] == row[name], (folder, read, name)
