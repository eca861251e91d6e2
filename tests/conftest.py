"""What every test shares. Shapes in types are checked: the hook has to be there before the rooms are imported."""

from __future__ import annotations

from pathlib import Path

import pytest
from jaxtyping import install_import_hook

install_import_hook(["lossbench.losses", "lossbench.models", "lossbench.train"], "typechecker.check")

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def _own_caches(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or fills the caches of the person who runs it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
    monkeypatch.delenv("LOSSBENCH_DATA", raising=False)
