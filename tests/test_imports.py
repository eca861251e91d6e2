"""What a user's own code may change for the whole process is put back, and other trials keep their bits (law 1)."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from lossbench.imports import settings_kept

SETTINGS: dict[str, tuple[Callable[[], Any], Callable[[Any], Any], Any]] = {
    "threads": (torch.get_num_threads, torch.set_num_threads, 3),
    "type": (torch.get_default_dtype, torch.set_default_dtype, torch.float64),
    "device": (torch.get_default_device, torch.set_default_device, torch.device("meta")),
    "gradients": (torch.is_grad_enabled, torch.set_grad_enabled, False),
    "deterministic": (torch.are_deterministic_algorithms_enabled, torch.use_deterministic_algorithms, True),
    "matmul": (torch.get_float32_matmul_precision, torch.set_float32_matmul_precision, "medium"),
    "anomaly": (torch.is_anomaly_enabled, torch.set_anomaly_enabled, True),
    "mkldnn": (
        lambda: torch.backends.mkldnn.enabled,
        lambda value: setattr(torch.backends.mkldnn, "enabled", value),
        False,
    ),
    "cudnn": (
        lambda: torch.backends.cudnn.deterministic,
        lambda value: setattr(torch.backends.cudnn, "deterministic", value),
        True,
    ),
    "division": (lambda: np.geterr()["divide"], lambda value: np.seterr(divide=value), "ignore"),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_is_put_back_also_after_an_error(name: str) -> None:
    get, put, other = SETTINGS[name]
    before = get()
    assert before != other

    def change() -> None:
        with settings_kept():
            put(other)
            assert get() == other
            raise RuntimeError("and then it broke")

    with pytest.raises(RuntimeError, match="and then it broke"):
        change()
    assert get() == before


def test_the_working_directory_is_put_back(tmp_path: Path) -> None:
    before = Path.cwd()
    with settings_kept():
        os.chdir(tmp_path)
    assert Path.cwd() == before
