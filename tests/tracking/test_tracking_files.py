"""Files that grow by lines: nobody else's is touched, and two writers do not get into each other's way."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from lossbench.errors import RequestError
from lossbench.tracking import Point, TrackedTrial, open_tracker, parse_tracker
from tracker_readers import read_csv

TRIAL = TrackedTrial("study", "", "l1", 1, "k" * 24)


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
@pytest.mark.parametrize("content", ["loss,seed\na,1\nb,2", '{"a": 1}', "one line", "\n", '{"events": 1}\n'])
def test_a_file_of_somebody_elses_is_refused_and_stays(tmp_path: Path, kind: str, content: str) -> None:
    path = tmp_path / "mine"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(RequestError, match="expected a new file, or one that a tracker wrote before"):
        open_tracker(parse_tracker(f"{kind}:{path}"))
    assert path.read_text(encoding="utf-8") == content


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
@pytest.mark.parametrize("left", [0.0, 0.02, 0.5, 0.97])
def test_a_write_that_was_cut_off_is_mended_when_more_is_written(tmp_path: Path, kind: str, left: float) -> None:
    path = tmp_path / "metrics.csv"
    points = [Point(epoch, {"test/loss": 1 / epoch}) for epoch in (1, 2, 3)]
    whole = open_tracker(parse_tracker(f"{kind}:{path}")).tracker
    whole.begin(TRIAL, None)
    whole.log(TRIAL, points)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * left)])
    cut = path.read_bytes()
    again = open_tracker(parse_tracker(f"{kind}:{path}")).tracker
    assert path.read_bytes() == cut, "it is opened, and nothing is written yet"
    again.begin(TRIAL, None)
    again.log(TRIAL, points)
    lines = path.read_bytes().splitlines()
    assert lines[-3:] == content.splitlines()[-3:]
    assert kind == "jsonl" or path.read_bytes() == content


def test_two_writers_that_begin_together_write_one_head_and_every_row(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    writers = [open_tracker(parse_tracker(f"csv:{path}")).tracker for _ in range(4)]
    start = threading.Barrier(4)

    def write(place: int) -> None:
        start.wait()
        trial = TrackedTrial("study", "", "l1", place, f"{place}" * 24)
        for epoch in range(1, 20):
            writers[place].log(trial, [Point(epoch, {"test/loss": float(epoch)})])

    threads = [threading.Thread(target=write, args=(place,)) for place in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert path.read_text().count("loss_function") == 1
    seen = read_csv(tmp_path)
    assert {key: len(trial.told) for key, trial in seen.items()} == {f"{place}" * 24: 19 for place in range(4)}
