"""What every test shares. Shapes in types are checked: the hook has to be there before the rooms are imported."""

from __future__ import annotations

from pathlib import Path

import pytest
from jaxtyping import install_import_hook

from cli_runner import Runner

install_import_hook(["lossbench.losses", "lossbench.models", "lossbench.train"], "typechecker.check")


@pytest.fixture(autouse=True)
def _own_caches(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or fills the caches of the person who runs it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
    monkeypatch.delenv("LOSSBENCH_DATA", raising=False)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def lossbench(here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Runner:
    """`lossbench("run", "--dry-run")` in that directory, 200 columns wide."""
    monkeypatch.setenv("COLUMNS", "200")
    return Runner(capsys)


@pytest.fixture
def blank_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures are not drawn: for tests that run studies and ask about something else."""
    monkeypatch.setattr("lossbench.report.write.render_svg", lambda figure: '<svg viewBox="0 0 1 1"></svg>')
    monkeypatch.setattr("lossbench.report.write.render_png", lambda svg: b"")
