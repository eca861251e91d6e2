"""TensorBoard: event files, one folder per trial, with its parameters for the HParams page."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
from tensorboard.plugins.hparams import api_pb2, metadata
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData, SessionEndInfo, SessionStartInfo
from tensorboard.plugins.text.summary_v2 import text_pb
from tensorboard.summary.writer.event_file_writer import EventFileWriter

from lossbench.errors import RequestError
from lossbench.tracking.names import safe_name
from lossbench.tracking.tracker import Concluded, Ended, Parameter, Point, TrackedTrial

__all__ = ["TensorBoard"]

_DEFAULT = "runs"  # where others write to, and `tensorboard --logdir runs` looks
_UNFIT = re.compile(r"[^\w.()\[\]=,+ -]+")
_LONGEST = 120


class TensorBoard:
    """Writes event files below a folder, `STUDY/[CONDITION/]LOSS/seed-N`.

    A trial that begins again says so in its new event file, and readers drop what stood in the older ones.

    Args:
        where: the folder; `runs` when it is empty.
        field: what a complaint is about.

    Raises:
        RequestError: it is a file.
    """

    def __init__(self, where: str, field: str) -> None:
        self._root = Path(where or _DEFAULT).expanduser().absolute()
        if self._root.exists() and not self._root.is_dir():
            raise RequestError(field, "a folder", f"{self._root}, which is a file")
        self._open: dict[str, EventFileWriter] = {}
        self._times: dict[str, float] = {}

    def begin(self, trial: TrackedTrial, started: datetime | None) -> None:
        """Opens an event file that outranks older ones, and writes the parameters into it."""
        self._drop(trial.key)
        writer = self._open[trial.key] = EventFileWriter(str(self._folder(trial)))
        begun = started.timestamp() if started else time.time()
        self._times[trial.key] = begun
        writer.add_event(Event(wall_time=begun, step=0, session_log=SessionLog(status=SessionLog.START)))
        start = SessionStartInfo(start_time_secs=begun, group_name=trial.key)
        for name, value in trial.parameters.items():
            _put(start.hparams[name], value)
        page = HParamsPluginData(session_start_info=start, version=metadata.PLUGIN_DATA_VERSION)
        _add(writer, begun, 0, _hparams(metadata.SESSION_START_INFO_TAG, page))
        writer.flush()

    def log(self, trial: TrackedTrial, points: Sequence[Point]) -> None:
        """Writes a scalar per epoch and metric."""
        writer = self._open[trial.key]
        now = time.time()
        for point in points:
            values = [Summary.Value(tag=name, simple_value=value) for name, value in point.metrics.items()]
            _add(writer, max(now, self._times[trial.key]), point.epoch, Summary(value=values))
        writer.flush()

    def end(self, trial: TrackedTrial, ended: Ended) -> None:
        """Writes how it ended, and closes its event file."""
        writer = self._open[trial.key]
        now = ended.ended.timestamp() if ended.ended else time.time()
        finished = ended.status == "finished"
        if ended.late:
            values = [Summary.Value(tag=name, simple_value=value) for name, value in ended.late.items()]
            _add(writer, now, ended.epoch, Summary(value=values))
        status = api_pb2.STATUS_SUCCESS if finished else api_pb2.STATUS_FAILURE
        end = SessionEndInfo(status=status, end_time_secs=now)
        page = HParamsPluginData(session_end_info=end, version=metadata.PLUGIN_DATA_VERSION)
        _add(writer, now, 0, _hparams(metadata.SESSION_END_INFO_TAG, page))
        if not finished:
            _add(writer, now, 0, text_pb("ended", f"{ended.status}: {ended.reason}"))
        self._drop(trial.key)

    def conclude(self, study: Concluded) -> None:
        """Writes the answer as text."""
        writer = EventFileWriter(str(self._root / safe_name(study.study, _UNFIT, _LONGEST)))
        now = time.time()
        writer.add_event(Event(wall_time=now, step=0, session_log=SessionLog(status=SessionLog.START)))
        _add(writer, now, 0, text_pb("answer", f"{study.question}\n\n{study.answer}"))
        writer.close()

    def close(self) -> None:
        """Closes what is open."""
        for key in list(self._open):
            self._drop(key)

    def _drop(self, key: str) -> None:
        writer = self._open.pop(key, None)
        if writer is not None:
            with suppress(OSError, ValueError):
                writer.close()

    def _folder(self, trial: TrackedTrial) -> Path:
        parts = [trial.study, *([trial.condition] if trial.condition else []), trial.loss_function]
        return self._root.joinpath(*(safe_name(part, _UNFIT, _LONGEST) for part in parts), f"seed-{trial.seed}")


def _put(place: Any, value: Parameter) -> None:
    if isinstance(value, bool):
        place.bool_value = value
    elif isinstance(value, str):
        place.string_value = value
    else:
        place.number_value = value


def _hparams(tag: str, page: HParamsPluginData) -> Summary:
    about = SummaryMetadata.PluginData(plugin_name=metadata.PLUGIN_NAME, content=page.SerializeToString())
    return Summary(value=[Summary.Value(tag=tag, metadata=SummaryMetadata(plugin_data=about))])


def _add(writer: EventFileWriter, when: float, step: int, summary: Summary) -> None:
    writer.add_event(Event(wall_time=when, step=step, summary=summary))
