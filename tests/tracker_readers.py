"""What trackers were told, read back by their own readers where they have any."""

from __future__ import annotations

import csv
import json
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

Values = dict[tuple[int, str], float]


@dataclass
class Seen:
    """One trial as a tracker shows it; what it does not keep stays empty.

    Args:
        metrics: values by (epoch, name), and how often each was told.
        parameters: by name, as text.
        status: finished, failed or killed.
        name: the run's.
    """

    metrics: Values = field(default_factory=dict)
    told: list[tuple[int, str]] = field(default_factory=list)
    parameters: dict[str, str] = field(default_factory=dict)
    status: str = ""
    name: str = ""

    def note(self, epoch: int, name: str, value: float) -> None:
        self.metrics[epoch, name] = value
        self.told.append((epoch, name))


class Reader(Protocol):
    """Reads back what lies in a folder."""

    def __call__(self, folder: Path) -> dict[str, Seen]:
        """Every trial by its key."""
        ...


def read_csv(folder: Path) -> dict[str, Seen]:
    found: dict[str, Seen] = {}
    with (folder / "metrics.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            seen = found.setdefault(row["key"], Seen())
            for name in list(row)[7:]:
                if row[name] != "":
                    seen.note(int(row["epoch"]), f"{row['split']}/{name}", float(row[name]))
    return found


def read_json_lines(folder: Path) -> dict[str, Seen]:
    found: dict[str, Seen] = {}
    for text in (folder / "metrics.jsonl").read_text(encoding="utf-8").splitlines():
        line = json.loads(text)
        if line["event"] == "begin":
            parameters = {name: str(value) for name, value in line["parameters"].items()}
            found[line["key"]] = Seen(parameters=parameters, name=line["loss_function"])
        if line["event"] == "epoch":
            for name, value in line["metrics"].items():
                found[line["key"]].note(line["epoch"], name, value)
        if line["event"] == "end":
            seen = found[line["key"]]
            seen.status = line["status"]
            last = max((epoch for epoch, _ in seen.metrics), default=0)
            for name, value in line["metrics"].items():
                if (last, name) not in seen.metrics:
                    seen.note(last, name, value)
    return found


def read_tensorboard(folder: Path) -> dict[str, Seen]:
    """Through TensorBoard's own accumulator; a trial's key is the group of its session."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

    found: dict[str, Seen] = {}
    for run in sorted({path.parent for path in (folder / "runs").rglob("events.out.tfevents.*")}):
        events = EventAccumulator(str(run), size_guidance={"scalars": 0}).Reload()
        try:
            contents = events.PluginTagToContent("hparams")
        except KeyError:  # the study's own
            continue
        seen, key = Seen(name=run.relative_to(folder / "runs").as_posix()), ""
        for content in contents.values():
            page = HParamsPluginData.FromString(content)
            key = page.session_start_info.group_name or key
            seen.parameters |= {name: _plain(value) for name, value in page.session_start_info.hparams.items()}
            if page.HasField("session_end_info"):
                seen.status = {1: "finished", 2: "failed"}[page.session_end_info.status]
        for tag in events.Tags()["scalars"]:
            for event in events.Scalars(tag):
                seen.note(event.step, tag, event.value)
        found[key] = seen
    return found


def _plain(value: Any) -> str:
    return (
        str({"number_value": float, "string_value": str, "bool_value": bool}[kind](getattr(value, kind)))
        if (kind := value.WhichOneof("kind"))
        else ""
    )


def tensorboard_texts(folder: Path) -> str:
    """All texts below a folder."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    texts = []
    for run in {path.parent for path in folder.rglob("events.out.tfevents.*")}:
        events = EventAccumulator(str(run)).Reload()
        for tag in events.Tags()["tensors"]:
            texts += [text.decode() for event in events.Tensors(tag) for text in event.tensor_proto.string_val]
    return "\n".join(texts)


def read_mlflow(folder: Path) -> dict[str, Seen]:
    """Through MLflow's own client."""
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=f"sqlite:///{folder / 'runs.db'}")
    found: dict[str, Seen] = {}
    for experiment in client.search_experiments():
        for run in client.search_runs([experiment.experiment_id]):
            key = run.data.tags.get("lossbench.key")
            if key is None:
                continue
            assert key not in found, "a trial has two runs"
            status = run.info.status.lower()
            seen = found[key] = Seen(parameters=run.data.params, status=status, name=run.info.run_name)
            for name in run.data.metrics:
                for metric in client.get_metric_history(run.info.run_id, name):
                    seen.note(metric.step, name, metric.value)
    return found


_STATUS = {0: "finished", 1: "failed", 255: "killed"}


def read_wandb(folder: Path) -> dict[str, Seen]:
    """The files that `wandb sync` would send, record by record; its service writes them a little later."""
    found: dict[str, Seen] = {}
    for path in sorted((folder / "wandb").rglob("*.wandb"), key=lambda path: path.stat().st_mtime_ns):
        seen, key = Seen(), ""
        for record in _ended_wandb_records(path):
            kind = record.WhichOneof("record_type")
            if kind == "run":
                key, seen.name = record.run.run_id.partition("-")[0], record.run.display_name
                seen.parameters |= {item.key: str(json.loads(item.value_json)) for item in record.run.config.update}
            if kind == "history":
                values = {(item.key or ".".join(item.nested_key)): item.value_json for item in record.history.item}
                for name, value in values.items():
                    if not name.startswith("_"):
                        seen.note(record.history.step.num, name, json.loads(value))
            if kind == "exit":
                seen.status = _STATUS[record.exit.exit_code]
        found[key] = seen
    return found


def _ended_wandb_records(path: Path) -> list[Any]:
    records: list[Any] = []
    for _ in range(300):
        records = list(_wandb_records(path.read_bytes()))
        if any(record.WhichOneof("record_type") == "exit" for record in records):
            break
        time.sleep(0.1)
    return records


def _wandb_records(content: bytes) -> Iterator[Any]:
    """The records of a file of wandb's: a head of 7 bytes, then LevelDB's log format in blocks of 32 KiB."""
    record = import_module("wandb.proto.wandb_internal_pb2").Record
    place, parts = 7, b""
    while place + 7 <= len(content):
        left = 32768 - place % 32768
        if left < 7:
            place += left
            continue
        _, length, kind = struct.unpack_from("<IHB", content, place)
        parts += content[place + 7 : place + 7 + length]
        place += 7 + length
        if kind in (1, 4):  # whole, or the last part
            yield record.FromString(parts)
            parts = b""
