"""What every test shares. Shapes in types are checked: the hook has to be there before the rooms are imported."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest
import torch
from hypothesis.configuration import set_hypothesis_home_dir
from jaxtyping import install_import_hook

from cli_runner import Runner

if TYPE_CHECKING:
    from fault_makers import Server

# not of models, which are traced: what tracing feeds them with would be refused
install_import_hook(["lossbench.losses", "lossbench.train"], "typechecker.check")

from lossbench.native import library  # noqa: E402 - see above
from tuning_makers import MadeEngine, written  # noqa: E402 - see above

os.environ["HF_HUB_OFFLINE"] = "1"  # no test asks the Hub, whose library reads this when it is imported

torch.set_num_threads(1)  # tests run side by side, and threads that wait for each other's cores take most of the time

hypothesis.settings.register_profile("short", derandomize=True, deadline=None, database=None, max_examples=40)
hypothesis.settings.register_profile("long", hypothesis.settings.get_profile("short"), max_examples=400)
set_hypothesis_home_dir(Path(tempfile.gettempdir()) / "lossbench-hypothesis")  # what it keeps of Unicode


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--long", action="store_true", help="the long forms of tests, as make torture runs them, and the notebooks"
    )


def pytest_configure(config: pytest.Config) -> None:
    hypothesis.settings.load_profile("long" if config.getoption("--long") else "short")


@pytest.fixture(scope="session")
def long(request: pytest.FixtureRequest) -> bool:
    """Whether the long forms are asked for."""
    return bool(request.config.getoption("--long"))


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """Runs commands in forks, for the fault tests; starting it costs seconds."""
    from fault_makers import serving  # it lies beside those tests

    with serving() as started:
        yield started


@pytest.fixture(scope="session")
def _kernels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the native kernels were compiled for all tests."""
    cache = tmp_path_factory.mktemp("kernels")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(cache))
        library()
    return cache / "lossbench" / "native"


@pytest.fixture(autouse=True)
def _own_caches(_kernels: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or fills the caches of the person who runs it."""
    cache = tmp_path_factory.mktemp("cache")
    (cache / "lossbench").mkdir()
    if _kernels.exists():
        (cache / "lossbench" / "native").symlink_to(_kernels, target_is_directory=True)
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    library()  # a test before may have made it forget: what is found now holds for the process, and gives its bits
    for name in ("LOSSBENCH_DATA", "LOSSBENCH_CACHE", "NO_COLOR", "FORCE_COLOR", "CI"):
        monkeypatch.delenv(name, raising=False)


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
def made_data(tmp_path: Path) -> Path:
    """A file of sixty training pictures of three classes."""
    return written(tmp_path / "data")


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> MadeEngine:
    """An engine of tuning that answers at once, in the place of the real one."""
    made = MadeEngine()
    monkeypatch.setattr("lossbench.api.tuning.loop.train", made)
    return made


@contextmanager
def _blank() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lossbench.report.write.render_svg", lambda figure: '<svg viewBox="0 0 1 1"></svg>')
        patch.setattr("lossbench.report.write.render_png", lambda svg: b"")
        patch.setattr("lossbench.report.write.render_pdf", lambda svg: b"")
        yield


@pytest.fixture
def blank_figures() -> Iterator[None]:
    """Figures are not drawn: for tests that run studies and ask about something else."""
    with _blank():
        yield


@pytest.fixture(scope="module")
def blank_figures_throughout() -> Iterator[None]:
    """The same for a whole module, and what its fixtures write."""
    with _blank():
        yield
