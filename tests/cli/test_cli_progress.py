"""How a run is followed: plain lines without a terminal, bars with one, time left for a trial and for all."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from lossbench.cli.duration import duration
from lossbench.cli.progress import Bars, Lines, follow
from lossbench.run import Event

TRIALS = {"a": "cross_entropy seed 1", "b": "focal(alpha=[1, 2]) seed 1"}


class Clock:
    """A clock that goes on when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("lossbench.cli.progress.time", clock)
    return clock


@pytest.fixture
def console() -> Console:
    return Console(file=io.StringIO(), width=120)


def said(console: Console) -> list[str]:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


class TestLines:
    def test_an_ended_trial_is_a_line_with_the_time_left_for_all(self, clock: Clock, console: Console) -> None:
        with Lines(console, TRIALS, epochs=10) as notify:
            notify(Event("started", "a"))
            clock.now = 4.0
            for number in range(1, 11):
                notify(Event("epoch", "a", number, 0.5))
            notify(Event("finished", "a", 10))
            notify(Event("diverged", "b", 2, reason="a non-finite loss"))
        assert said(console) == [
            "[1/2] cross_entropy seed 1: finished; about 4 s left",
            "[2/2] focal(alpha=[1, 2]) seed 1: diverged (a non-finite loss)",
        ]

    def test_a_long_trial_is_spoken_of_now_and_then(self, clock: Clock, console: Console) -> None:
        with Lines(console, TRIALS, epochs=10) as notify:
            notify(Event("started", "a"))
            for number in (1, 2, 3):
                clock.now += 15.0
                notify(Event("epoch", "a", number, 0.25))
        assert said(console) == [
            "cross_entropy seed 1: epoch 2/10, test accuracy 0.250, about 2 min left; 10 % of all, about 4 min left"
        ]

    def test_what_a_resumed_trial_had_before_does_not_count_as_done_now(self, clock: Clock, console: Console) -> None:
        with Lines(console, {"a": "l1 seed 1"}, epochs=100) as notify:
            notify(Event("started", "a"))
            clock.now = 30.0
            notify(Event("epoch", "a", 91, 0.1))  # the first epoch of this run
        assert "epoch 91/100, test accuracy 0.100, about 4 min left; 91 % of all, about 4 min left" in said(console)[0]


class TestBars:
    def test_they_move_with_the_epochs_and_go_with_the_trial(self, console: Console) -> None:
        with Bars(console, TRIALS, epochs=10) as notify:
            notify(Event("started", "a"))
            notify(Event("epoch", "a", 4, 0.75))
            assert notify.progress.tasks[0].completed == 4
            assert notify.progress.tasks[1].completed == 4
            assert notify.progress.tasks[1].fields["accuracy"] == "test accuracy 0.750"
            notify(Event("finished", "a", 10))
            assert [task.completed for task in notify.progress.tasks] == [10]

    def test_a_failure_is_printed_above_them(self, console: Console) -> None:
        with Bars(console, TRIALS, epochs=10) as notify:
            notify(Event("started", "b"))
            notify(Event("failed", "b", reason="[bold]broken"))
        assert "focal(alpha=[1, 2]) seed 1: failed ([bold]broken)" in "\n".join(said(console))


def test_bars_are_for_terminals() -> None:
    terminal = Console(file=io.StringIO(), force_terminal=True)
    assert isinstance(follow(terminal, TRIALS, 1), Bars)
    assert isinstance(follow(Console(file=io.StringIO(), force_terminal=False), TRIALS, 1), Lines)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "under a second"), (99, "99 s"), (130, "2 min"), (5990, "100 min"), (6100, "1.7 h")],
)
def test_durations_in_words(seconds: float, words: str) -> None:
    assert duration(seconds) == words
