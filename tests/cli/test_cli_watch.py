"""Following a study that somebody else trains."""

from __future__ import annotations

import io
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from rich.console import Console

from cli_runner import Runner
from lossbench.api.running import prepare
from lossbench.api.watching import LossSoFar, View, Watch
from lossbench.cli import show_watch
from lossbench.spec import Recipe, Study
from lossbench.store import Record, Row, Store, progress

BetweenLooks = Callable[..., None]


def rows(epochs: int, accuracy: float = 0.5) -> tuple[Row, ...]:
    return tuple(Row(epoch, "test", 1.0, accuracy=accuracy + epoch / 100) for epoch in range(1, epochs + 1))


class Fake:
    """A study in a store that the test fills as trainers would."""

    def __init__(self, root: Path) -> None:
        asked = Study(
            name="watched", losses=("l1", "cross_entropy"), models=("mlp",), seeds=(1, 2), recipe=Recipe(epochs=4)
        )
        self.prepared = prepare(asked, root)
        self.store: Store = self.prepared.store
        self.prepared.folder.write(self.store)
        (part,) = self.prepared.parts
        self.trials = part.resolved.trials
        self.report = self.store.study_folder("watched") / "report.html"

    def checkpoint(self, pair: tuple[str, int], epochs: int, seconds: float) -> None:
        self.store.save_checkpoint(self.trials[pair].key, Record(rows=rows(epochs), epochs=epochs), {}, epochs, seconds)

    def checkpoint_of_failed(self, pair: tuple[str, int], epochs: int, reason: str) -> None:
        with self.store.claim(self.trials[pair]):
            self.checkpoint(pair, epochs, 1.0)
            self.store.fail(self.trials[pair], reason)

    def finish(self, pair: tuple[str, int], epochs: int = 4, diverged: str = "") -> None:
        trial = self.trials[pair]
        with self.store.claim(trial):
            counts = {(epoch, "test"): np.eye(10, dtype=np.int64) for epoch in range(1, epochs + 1)}
            record = Record(rows=rows(epochs), epochs=epochs, diverged=diverged, counts=counts)
            self.store.finish(trial, record, {}, {"seconds": 8.0})


@pytest.fixture
def fake(tmp_path: Path) -> Fake:
    return Fake(tmp_path / "a log")


@pytest.fixture
def between_looks(monkeypatch: pytest.MonkeyPatch) -> BetweenLooks:
    """Sets what happens between two looks, one thing after the other; nobody sleeps."""

    def happen(*steps: Callable[[], object]) -> None:
        todo = iter(steps)
        clock = SimpleNamespace(monotonic=time.monotonic, sleep=lambda _: next(todo)())
        monkeypatch.setattr("lossbench.cli.watch.time", clock)

    return happen


def test_what_a_trial_has_so_far_is_read_from_its_checkpoints_head(fake: Fake) -> None:
    key = fake.trials["l1", 1].key
    assert progress(fake.store, key).status == "missing"
    with fake.store.claim(fake.trials["l1", 1]):
        fake.checkpoint(("l1", 1), 2, 3.0)
        found = progress(fake.store, key)
    assert (found.status, found.epochs, found.seconds, len(found.rows)) == ("running", 2, 3.0, 2)
    path = fake.store.trial_folder(key) / "checkpoint" / "state.safetensors"
    path.write_bytes(path.read_bytes()[:20])
    assert progress(fake.store, key).epochs == 0


def test_a_look_counts_epochs_trials_and_time(fake: Fake) -> None:
    watch = Watch(fake.store.root)
    assert watch.look().seconds_left is None
    fake.finish(("l1", 1))
    fake.finish(("cross_entropy", 1), epochs=2, diverged="the loss is not finite")
    with fake.store.claim(fake.trials["l1", 2]):
        fake.checkpoint(("l1", 2), 2, 4.0)
        view = watch.look()
    assert dict(view.counts) == {"finished": 1, "diverged": 1, "running": 1, "missing": 1}
    assert (view.epochs, view.total, view.trials, view.over) == (4 + 2 + 2, 4 + 2 + 4 + 4, 4, False)
    assert view.seconds_left == pytest.approx(6 * (8 + 8 + 4) / 8)  # what is left, at the pace so far, one at a time
    assert view.running == (("l1", 2, 2),)
    assert view.lost == (("cross_entropy", 1, "diverged", "the loss is not finite"),)
    assert view.losses[0].curve == pytest.approx([0.51, 0.52, 0.53, 0.54])


def test_the_screen_and_the_line_say_it(fake: Fake) -> None:
    fake.finish(("l1", 1))
    fake.finish(("cross_entropy", 1), epochs=2, diverged="[red]markup[/red]")
    view = Watch(fake.store.root).look()
    assert show_watch.line(view) == "watched: 2 of 4 trials ended (1 diverged); 6 of 14 epochs"
    console = Console(width=120, record=True, force_terminal=True)
    with console.capture() as said:
        console.print(show_watch.screen(console, view))
    assert "▁" in said.get()
    assert "diverged: cross_entropy seed 1: [red]markup[/red]" in said.get()


def test_watching_ends_with_the_study_and_says_where_the_report_is(fake: Fake, lossbench: Runner) -> None:
    for pair in fake.trials:
        fake.finish(pair)
    done = lossbench("watch", str(fake.store.root), "--interval", "0.1")
    assert done.code == 0
    assert done.out.splitlines()[0] == "watched: 4 of 4 trials ended; 16 of 16 epochs"
    assert "the run writes the report at its end; to write it now: lossbench report" in done.out


def test_it_follows_what_somebody_else_finishes_up_to_the_report(
    fake: Fake, lossbench: Runner, between_looks: BetweenLooks
) -> None:
    steps = [partial(fake.finish, pair) for pair in fake.trials]
    between_looks(*steps, lambda: None, partial(fake.report.write_text, "written", encoding="utf-8"))
    done = lossbench("watch", str(fake.store.root))
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == [
        "watched: 0 of 4 trials ended; 0 of 16 epochs",
        "watched: 1 of 4 trials ended; 4 of 16 epochs",
        "watched: 2 of 4 trials ended; 8 of 16 epochs",
        "watched: 3 of 4 trials ended; 12 of 16 epochs",
        "watched: 4 of 4 trials ended; 16 of 16 epochs; waiting for the report",
        "watched: 4 of 4 trials ended; 16 of 16 epochs",
        f"report: {fake.report}",
        f"to open it: lossbench report '{fake.report.parent}' --open",
    ]


def test_a_report_that_never_comes_is_not_waited_for_for_ever(
    fake: Fake, lossbench: Runner, between_looks: BetweenLooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lossbench.cli.watch._REPORT_PATIENCE", 0.0)
    fake.report.write_text("of an earlier run", encoding="utf-8")
    os.utime(fake.report, (1, 1))
    between_looks(*[partial(fake.finish, pair) for pair in fake.trials])
    done = lossbench("watch", str(fake.store.root))
    assert f"to write it now: lossbench report '{fake.report.parent}'" in done.out
    assert "--open" not in done.out


def test_between_two_looks_of_a_run_until_decided_more_seeds_are_waited_for(fake: Fake) -> None:
    watch, folder = Watch(fake.store.root), fake.prepared.folder
    for pair in fake.trials:
        fake.finish(pair)
    assert (watch.look().over, watch.look().grows) == (True, False)
    plan = folder.study.plan.model_copy(update={"max_seeds": 5})
    study = folder.study.model_copy(update={"seeds": (1, 2, 3), "plan": plan})
    replace(folder, study=study, trials={**folder.trials, ("l1", 3): "0" * 16}).write(fake.store)
    view = watch.look()
    assert (view.over, view.grows, view.trials, view.counts["missing"]) == (False, True, 5, 1)


def test_when_nobody_trains_that_is_said(fake: Fake, lossbench: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lossbench.cli.watch._PATIENCE", 0.2)
    fake.finish(("l1", 1))
    done = lossbench("watch", str(fake.store.root), "--interval", "0.1")
    assert done.code == 0
    words, _, command = done.out.splitlines()[-1].partition("; to go on: ")
    assert words == "nobody trains it, and 3 of 4 trials are missing"
    study = fake.report.with_name("study.yaml")
    assert shlex.split(command) == ["lossbench", "run", str(study), "--save-dir", str(fake.store.root)]


def test_it_keeps_waiting_when_asked_to(
    fake: Fake, lossbench: Runner, between_looks: BetweenLooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lossbench.cli.watch._PATIENCE", 0.0)
    monkeypatch.setattr("lossbench.cli.watch._REPORT_PATIENCE", 0.0)
    between_looks(lambda: None, *[partial(fake.finish, pair) for pair in fake.trials])
    done = lossbench("watch", str(fake.store.root), "--wait")
    assert "; nobody trains it, and 4 of 4 trials are missing; to go on: lossbench run" in done.out
    assert "watched: 4 of 4 trials ended" in done.out


def test_leaving_is_no_failure(fake: Fake, lossbench: Runner, between_looks: BetweenLooks) -> None:
    def leave() -> None:
        raise KeyboardInterrupt

    between_looks(leave)
    done = lossbench("watch", str(fake.store.root))
    assert (done.code, done.err) == (0, "")


def test_in_a_terminal_it_shows_the_screen(fake: Fake, lossbench: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    for pair in fake.trials:
        fake.finish(pair)
    terminal = partial(Console, force_terminal=True, width=80, height=24, color_system=None, _environ={})
    monkeypatch.setattr("lossbench.cli.watch.make_console", terminal)
    done = lossbench("watch", str(fake.store.root))
    assert "watched: 4 trials, 4 finished" in done.out
    assert "cross_entropy  0.5400    ▁▃▆█    8       2 of 2" in done.out


def test_all_conditions_of_a_study_are_watched_and_a_shared_trial_counts_once(
    lossbench: Runner, tmp_path: Path
) -> None:
    tuned = {"l1": "l1", "cross_entropy": {"loss": "cross_entropy", "lr": 0.5}}
    asked = Study(
        name="several", losses="l1, cross_entropy", models=("mlp", "cnn"), seeds=1, recipe=Recipe(epochs=4), tuned=tuned
    )
    prepared = prepare(asked, tmp_path)
    prepared.folder.write(prepared.store)
    for part in prepared.parts:
        part.folder.write(prepared.store)
    trial = prepared.parts[0].resolved.trials["l1", 1]
    with prepared.store.claim(trial):
        counts = {(epoch, "test"): np.eye(10, dtype=np.int64) for epoch in range(1, 5)}
        prepared.store.finish(trial, Record(rows=rows(4), epochs=4, counts=counts), {}, {"seconds": 8.0})
    view = Watch(tmp_path).look()
    assert (dict(view.counts), view.epochs, view.total) == ({"finished": 1, "missing": 5}, 4, 24)
    assert [item.loss for item in view.losses if item.counts.get("finished")] == [
        "l1 in mlp, fixed recipe",
        "l1 in mlp, tuned recipe",
    ]
    assert len(view.losses) == 8
    assert not view.reported
    said = lossbench("status", str(tmp_path)).out
    assert "several: 4 conditions, 6 trials, 1 finished, 5 missing" in said
    assert "several, mlp, tuned recipe: 2 trials, 1 finished, 1 missing" in said


def test_nothing_is_written(fake: Fake) -> None:
    fake.finish(("l1", 1))
    with fake.store.claim(fake.trials["l1", 2]):
        fake.checkpoint(("l1", 2), 2, 4.0)  # and then its process died
    before = {path: path.stat().st_mtime_ns for path in fake.store.root.rglob("*")}
    Watch(fake.store.root).look()
    assert {path: path.stat().st_mtime_ns for path in fake.store.root.rglob("*")} == before


def test_a_damaged_file_is_told_and_the_others_are_shown(fake: Fake, lossbench: Runner) -> None:
    for pair in fake.trials:
        fake.finish(pair)
    (fake.store.trial_folder(fake.trials["l1", 1].key) / "outcome.json").write_text("{", encoding="utf-8")
    (fake.store.trial_folder(fake.trials["l1", 2].key) / "provenance.json").write_text("[]", encoding="utf-8")
    view = Watch(fake.store.root).look()
    assert dict(view.counts) == {"failed": 2, "finished": 2}
    assert all("damaged" in reason for *_, reason in view.lost)
    done = lossbench("watch", str(fake.store.root))
    assert done.code == 0
    assert "2 failed; to try again: lossbench run" in done.out
    assert "--retry-failed" in done.out
    (fake.report.parent / "study.json").write_text("{", encoding="utf-8")
    assert "study.json is missing or damaged" in lossbench("watch", str(fake.store.root)).err


def test_a_study_that_is_just_being_written_stays_as_it_was(fake: Fake) -> None:
    watch = Watch(fake.store.root)
    (fake.report.parent / "study.json").unlink()
    assert watch.look().trials == 4


def test_a_trial_that_ends_while_it_is_read_has_ended(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    fake.finish(("l1", 1))
    monkeypatch.setattr(fake.store, "status", lambda _: "running")
    found = progress(fake.store, fake.trials["l1", 1].key)
    assert (found.status, found.epochs) == ("finished", 4)


def test_what_failed_is_neither_left_to_train_nor_in_a_curve(fake: Fake) -> None:
    fake.checkpoint_of_failed(("l1", 1), 2, "out of memory")
    fake.finish(("l1", 2), epochs=1, diverged="not finite")
    view = Watch(fake.store.root).look()
    assert view.losses[0].curve == ()
    assert view.total == 2 + 1 + 4 + 4
    assert view.lost[0] == ("l1", 1, "failed", "out of memory")


def test_a_low_terminal_shows_what_runs_and_counts_the_others() -> None:
    names = [f"loss_{number}" for number in range(40)]
    losses = tuple(LossSoFar(name, (0.1, 0.2), 2, {"running" if name == "loss_33" else "missing": 1}) for name in names)
    counts = {"running": 1, "missing": 39}
    running = (("loss_33", 1, 2),)
    view = View("many", "test.accuracy", losses, running, (), counts, 2, 400, None, reported=False, grows=False)
    console = Console(width=80, height=20, file=io.StringIO())
    lines = ["".join(part.text for part in parts) for parts in console.render_lines(show_watch.screen(console, view))]
    assert len(lines) < 20
    assert any(line.startswith("loss_33 ") for line in lines)
    assert any("more losses" in line for line in lines)
    assert "2 of 400 epochs, time left not known yet" in lines[1]


def test_long_names_and_plain_encodings_fit(fake: Fake) -> None:
    item = LossSoFar("=" + "x" * 199, (0.1, 0.2), 2, {"missing": 1})
    view = View("long", "test.accuracy", (item,), (), (), {"missing": 1}, 2, 4, None, reported=False, grows=False)
    for encoding in ("utf-8", "latin-1"):
        console = Console(width=80, file=io.TextIOWrapper(io.BytesIO(), encoding=encoding))
        console.print(show_watch.screen(console, view))
        lines = console.render_lines(show_watch.screen(console, view))
        row = next(text for parts in lines if (text := "".join(part.text for part in parts)).startswith("=x"))
        assert "0.2000" in row
        assert ("▁" in row) == (encoding == "utf-8")


def test_wrong_requests_are_refused(fake: Fake, lossbench: Runner, tmp_path: Path) -> None:
    assert lossbench("watch", str(tmp_path / "nothing")).code == 2
    done = lossbench("watch", str(fake.store.root), "--interval", "0")
    assert (done.code, done.err) == (2, "lossbench: --interval: expected 0.1 to 3600 seconds, got 0\n")


def test_torch_is_not_imported(fake: Fake) -> None:
    for pair in fake.trials:
        fake.finish(pair)
    script = (
        "import sys\nfrom lossbench.cli import main\n"
        f"sys.argv = ['lossbench', 'watch', {str(fake.store.root)!r}]\n"
        "try:\n    main()\nfinally:\n    sys.exit(bool({'torch', 'lossbench.losses'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, check=False).returncode == 0
