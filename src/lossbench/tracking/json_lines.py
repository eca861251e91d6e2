"""JSON lines: what a tracker is told, one object per line, as it comes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from lossbench.tracking.appended import Appended
from lossbench.tracking.tracker import Concluded, Ended, Point, TrackedTrial

__all__ = ["JSONLines"]

_START = b'{"event": "'


class JSONLines:
    """Appends to a file of JSON lines.

    `event` is `begin`, `epoch`, `end` or `conclude`. A trial that begins again (after an interruption, or sent anew)
    replaces what stood of it above.

    Args:
        where: the file.
        field: what a complaint is about.

    Raises:
        RequestError: the file is something else.
    """

    def __init__(self, where: str, field: str) -> None:
        self._file = Appended(where, field, _is_ours)

    def begin(self, trial: TrackedTrial, started: datetime | None) -> None:
        """A line with all parameters."""
        values = {"condition": trial.condition, "loss_function": trial.loss_function, "seed": trial.seed}
        self._add("begin", trial, {**values, "started": _text(started), "parameters": dict(trial.parameters)})

    def log(self, trial: TrackedTrial, points: Sequence[Point]) -> None:
        """A line per epoch."""
        for point in points:
            self._add("epoch", trial, {"epoch": point.epoch, "metrics": dict(point.metrics)})

    def end(self, trial: TrackedTrial, ended: Ended) -> None:
        """A line with status and last metrics."""
        values = {"status": ended.status, "reason": ended.reason, "metrics": dict(ended.metrics)}
        self._add("end", trial, {**values, "ended": _text(ended.ended)})

    def conclude(self, study: Concluded) -> None:
        """A line with the answer."""
        files = [str(path) for path in study.files]
        self._write("conclude", {"study": study.study, "answer": study.answer, "files": files})

    def close(self) -> None:
        """Nothing is buffered."""

    def _add(self, event: str, trial: TrackedTrial, values: Mapping[str, Any]) -> None:
        self._write(event, {"study": trial.study, "key": trial.key, **values})

    def _write(self, event: str, values: Mapping[str, Any]) -> None:
        line = json.dumps({"event": event, **values}, ensure_ascii=False, allow_nan=False)
        with self._file.held() as file:
            file.add(f"{line}\n".encode(errors="backslashreplace"))


def _is_ours(content: bytes) -> bool:
    """Whether the first line is one of ours, be it that its write was cut off."""
    return content.startswith(_START) or _START.startswith(content)


def _text(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat()
