"""Who trains, by name."""

from __future__ import annotations

import pytest

from lossbench.api.executors import make_executor, words_of
from lossbench.errors import RequestError
from lossbench.run import Inline, Processes, Stacked, usable_cores


def test_by_name() -> None:
    assert isinstance(make_executor("processes", 3), Processes)
    assert isinstance(make_executor("inline"), Inline)
    assert isinstance(make_executor("stack", stack=4), Stacked)


@pytest.mark.parametrize("name", ["processes", "stack"])
def test_on_gpus_there_is_one_worker_each_unless_another_number_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 3)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert make_executor(name).workers == 3
    assert make_executor(name, 7).workers == 7
    assert make_executor(name, device="cpu").workers == usable_cores()


def test_in_words() -> None:
    assert words_of(Processes(3)) == "3 at a time"
    assert words_of(Stacked(workers=1)) == "in stacks"
    assert words_of(Stacked(workers=2)) == "in stacks, 2 of them at a time"


def test_what_does_not_go_together_is_refused() -> None:
    with pytest.raises(
        RequestError, match="--stack: expected nothing, for it goes with --executor stack or ray alone, got 3"
    ):
        make_executor("processes", stack=3)
    with pytest.raises(RequestError, match="--executor: expected processes, stack, inline or ray, got threads"):
        make_executor("threads")
