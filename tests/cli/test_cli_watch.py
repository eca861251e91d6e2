"""Following a study that somebody else trains."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from cli_runner import Runner
from lossbench.api.running import prepare
from lossbench.api.watching import Watch
from lossbench.cli import show_watch
from lossbench.spec import Recipe, Study
from lossbench.store import Record, Row, Store, progress


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
        self.trials = self.prepared.resolved.trials

    def checkpoint(self, pair: tuple[str, int], epochs: int, seconds: float) -> None:
        self.store.save_checkpoint(self.trials[pair].key, Record(rows=rows(epochs), epochs=epochs), {}, epochs, seconds)

    def finish(self, pair: tuple[str, int], epochs: int = 4, diverged: str = "") -> None:
        trial = self.trials[pair]
        with self.store.claim(trial):
            counts = {(epoch, "test"): np.eye(10, dtype=np.int64) for epoch in range(1, epochs + 1)}
            record = Record(rows=rows(epochs), epochs=epochs, diverged=diverged, counts=counts)
            self.store.finish(trial, record, {}, {"seconds": 8.0})


@pytest.fixture
def fake(tmp_path: Path) -> Fake:
    return Fake(tmp_path / "log")


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


def test_it_follows_what_another_thread_finishes(fake: Fake, lossbench: Runner) -> None:
    def train() -> None:
        for pair in fake.trials:
            time.sleep(0.3)
            fake.finish(pair)

    trainer = threading.Thread(target=train)
    trainer.start()
    done = lossbench("watch", str(fake.store.root), "--interval", "0.1", "--wait")
    trainer.join()
    counts = [line for line in done.out.splitlines() if line.startswith("watched: ")]
    assert len(counts) > 2
    assert counts[-1].startswith("watched: 4 of 4 trials ended")


def test_when_nobody_trains_that_is_said(fake: Fake, lossbench: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lossbench.cli.watch._PATIENCE", 0.2)
    fake.finish(("l1", 1))
    done = lossbench("watch", str(fake.store.root), "--interval", "0.1")
    assert done.code == 0
    assert "nobody trains it, and 3 of 4 trials are missing; to go on: lossbench run" in done.out


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
