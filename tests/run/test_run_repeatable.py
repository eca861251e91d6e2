"""The same trial gives the same bits: what is set while one is trained, and put back."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import torch

from lossbench.run import Inline, Job
from lossbench.run.repeatable import WORKSPACE, repeatable
from lossbench.store import Store
from makers import made_pictures, made_trial


def test_a_gpu_computes_in_one_order_and_is_left_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in WORKSPACE:
        monkeypatch.delenv(name, raising=False)
    before = torch.are_deterministic_algorithms_enabled()
    with repeatable("cuda:0"):
        assert torch.are_deterministic_algorithms_enabled()
        assert torch.is_deterministic_algorithms_warn_only_enabled(), "a user's model may have no such form"
        assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":4096:8"
        assert not _fast_attention()
    assert torch.are_deterministic_algorithms_enabled() is before
    assert not torch.is_deterministic_algorithms_warn_only_enabled()
    assert _fast_attention()


def _fast_attention() -> bool:
    """Whether attention may be computed in an order that is another each time."""
    backends: Any = torch.backends.cuda  # whose questions have no types
    return bool(backends.mem_efficient_sdp_enabled() or backends.flash_sdp_enabled())


def test_a_processor_is_left_alone() -> None:
    before = torch.are_deterministic_algorithms_enabled()
    with repeatable("cpu"):
        assert torch.are_deterministic_algorithms_enabled() is before


@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no CUDA device here")
def test_a_trial_on_a_gpu_gives_its_bits_again(tmp_path: Path) -> None:
    found = []
    for name in ("one", "other"):
        store, trial = Store(tmp_path / name), made_trial(epochs=8)
        store.put_pictures(made_pictures(), "made")
        Inline()([Job(trial, "loss", str(store.root), device="cuda")], lambda event: None)
        folder = store.trial_folder(trial.key)
        found.append([(folder / file).read_bytes() for file in ("history.csv", "logits.safetensors", "counts.npz")])
    assert found[0] == found[1]
