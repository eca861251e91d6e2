"""What the tests of tuning share."""

from __future__ import annotations

from pathlib import Path

import pytest
from tuning_makers import MadeEngine, written


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Sixty training pictures of three classes."""
    return written(tmp_path / "data")


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> MadeEngine:
    """The engine that answers at once, in the place of the real one."""
    made = MadeEngine()
    monkeypatch.setattr("lossbench.api.tuning.loop.train", made)
    return made
