"""From what a user wrote, `mlflow:sqlite:///runs.db`, to a tracker."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from lossbench.errors import RequestError, UnknownNameError, told
from lossbench.imports import import_own
from lossbench.tracking.csv_file import CSVFile
from lossbench.tracking.json_lines import JSONLines
from lossbench.tracking.tracker import Tracker

__all__ = ["KINDS", "Kind", "Opened", "TrackerSpec", "check_installed", "open_tracker", "parse_tracker"]

_METHODS = ("begin", "log", "end", "conclude", "close")


def _tensorboard(where: str, field: str) -> Tracker:
    from lossbench.tracking.tensorboard_events import TensorBoard

    return TensorBoard(where, field)


def _mlflow(where: str, field: str) -> Tracker:
    from lossbench.tracking.mlflow_runs import MLflow

    return MLflow(where, field)


def _wandb(where: str, field: str) -> Tracker:
    from lossbench.tracking.weights_and_biases import WeightsAndBiases

    return WeightsAndBiases(where, field)


@dataclass(frozen=True)
class Kind:
    """A tracker that has a name.

    Args:
        make: makes it, given where to and what a complaint is about; imports what it needs.
        needs_file: whether a file's name has to stand behind the colon.
        package: what has to be installed; the extra bears the tracker's name.
    """

    make: Callable[[str, str], Tracker]
    needs_file: bool = False
    package: str = ""


KINDS: Mapping[str, Kind] = {
    "tensorboard": Kind(_tensorboard, package="tensorboard"),
    "mlflow": Kind(_mlflow, package="mlflow"),
    "wandb": Kind(_wandb, package="wandb"),
    "csv": Kind(CSVFile, needs_file=True),
    "jsonl": Kind(JSONLines, needs_file=True),
}


@dataclass(frozen=True)
class TrackerSpec:
    """A tracker as it was written.

    Args:
        name: of a tracker, or a module that has one.
        where: what stood behind the colon; empty for none.
    """

    name: str
    where: str = ""

    def __str__(self) -> str:
        return f"{self.name}:{self.where}" if self.where else self.name


@dataclass(frozen=True, eq=False)
class Opened:
    """A tracker that is ready to be told of trials."""

    spec: TrackerSpec
    tracker: Tracker

    def again(self, folder: Path) -> str:
        """What sends a study there once more."""
        written = self.spec.where or self.spec.name in KINDS
        return f"lossbench export {shlex.quote(str(folder))} --to {self.spec}" if written else "lossbench.send"


def parse_tracker(text: str, field: str = "--track") -> TrackerSpec:
    """Reads `tensorboard`, `csv:FILE`, `mlflow:sqlite:///runs.db`, or `module:callable` for one of the user's own.

    Raises:
        RequestError: it is none of them, or lacks the file.
    """
    name, colon, where = text.strip().partition(":")
    kind = KINDS.get(name)
    if kind is None:
        if colon and where and name.replace(".", "").isidentifier():
            return TrackerSpec(name, where)
        raise UnknownNameError(field, text, KINDS)
    if kind.needs_file and not where:
        raise RequestError(field, f"{name}:FILE", text)
    return TrackerSpec(name, where)


def open_tracker(given: TrackerSpec | Tracker, field: str = "--track") -> Opened:
    """Opens a tracker.

    Args:
        given: as `parse_tracker` gives it, or a tracker of the user's own.
        field: what a complaint is about.

    Raises:
        RequestError: what it needs is not installed, or cannot be used; nothing was sent.
    """
    if not isinstance(given, TrackerSpec):
        return Opened(TrackerSpec(type(given).__name__), _checked(given, type(given).__name__, field))
    kind = KINDS.get(given.name)
    if kind is None:
        make = import_own(str(given), field)
        with _made(given, field, "module:callable that makes a tracker without arguments"):
            tracker = make()
        return Opened(given, _checked(tracker, str(given), field))
    check_installed(given, field)
    with _made(given, field, f"a {kind.package or given.name} that can be used"):
        return Opened(given, kind.make(given.where, field))


def check_installed(given: TrackerSpec, field: str) -> None:
    """Raises a RequestError where the extra of a tracker is missing."""
    kind = KINDS.get(given.name)
    if kind and kind.package and find_spec(kind.package) is None:
        install = f"the extra `{given.name}`: pip install 'lossbench[{given.name}]'"
        raise RequestError(field, install, f"{given}, and no {kind.package} is installed")


@contextmanager
def _made(given: TrackerSpec, field: str, allowed: str) -> Iterator[None]:
    """Whatever making a tracker raises is an answer to the request."""
    try:
        yield
    except RequestError:
        raise
    except (Exception, SystemExit) as error:
        raise RequestError(field, allowed, f"{given} ({told(error)})") from error


def _checked(tracker: Any, name: str, field: str) -> Tracker:
    lacking = [method for method in _METHODS if not callable(getattr(tracker, method, None))]
    if lacking:
        raise RequestError(field, f"a tracker with {', '.join(_METHODS)}", f"{name}, which has no {', '.join(lacking)}")
    return tracker  # type: ignore[no-any-return]  # it has the methods, by the line above
