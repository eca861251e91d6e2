"""What runs on a node: a Ray task that has a piece of work done by a worker process of lossbench's own.

The worker process is the one that trains on a single machine, too: what a user's model does to its process, it does to
that one, and how it died is told in the same words; a task that dies says that the node was lost, or Ray's own worker.
It lives as long as Ray's worker does, from task to task, and leaves with it.
"""

from __future__ import annotations

import json
import os
import platform
import queue
import shutil
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from filelock import FileLock

import lossbench
from lossbench.errors import StoreError, told
from lossbench.run.job import Event, Job
from lossbench.run.process import Process
from lossbench.run.ray import scratch
from lossbench.run.ray.own_code import write_code
from lossbench.run.ray.scratch import Scratch
from lossbench.run.ray.travel import Message, Piece, pictures_of, source
from lossbench.store import Store

__all__ = ["leave", "train_piece"]

_GRACE = 2.0
"""Seconds until a worker process's death is told: where the whole node is being stopped, nobody is left to tell it."""

_HELD_SECONDS = 30.0
"""How long a trial is waited for that an earlier task on this node has not quite let go of."""


class _Here:
    """What this process keeps from task to task."""

    scratch: Scratch | None = None
    worker: Process | None = None
    made_for: tuple[str, ...] = ()


def train_piece(
    text: str, checkpoints: Sequence[bytes | None], held: Mapping[str, Sequence[Any]]
) -> Iterator[list[Message]]:
    """Trains the jobs of a piece of work, and tells as it goes; a Ray task.

    Args:
        text: the piece.
        checkpoints: what each of its jobs goes on from.
        held: `data`: references to the data sets; `code`: to the user's own code. Each is fetched where it is needed.
    """
    piece = Piece.from_json(text)
    if piece.source != source():
        yield [("other", 0, f"another, in {Path(lossbench.__file__).parent} on {platform.node()}")]
        return
    news: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
    arguments = (piece, checkpoints, held, news)
    threading.Thread(target=_served, args=arguments, daemon=True, name="lossbench piece").start()
    yield from _gathered(news, piece.pause)


def leave(session: str) -> None:
    """Removes a run's folder from this node; a Ray task."""
    scratch.remove(session)


def _gathered(news: queue.SimpleQueue[Message | None], pause: float) -> Iterator[list[Message]]:
    """What was told, as lists: of all news within the pause, of the last at once."""
    message = news.get()
    while message is not None:
        gathered, until = [message], time.monotonic() + pause
        while (left := until - time.monotonic()) > 0:
            try:
                message = news.get(timeout=left)
            except queue.Empty:
                break
            if message is None:
                break
            gathered.append(message)
        yield gathered
        if message is not None:
            message = news.get()


def _served(
    piece: Piece,
    checkpoints: Sequence[bytes | None],
    held: Mapping[str, Sequence[Any]],
    news: queue.SimpleQueue[Message | None],
) -> None:
    """Does the jobs one after another; None in the news ends them."""
    for number, job in enumerate(piece.jobs):
        try:
            code, here = _placed(piece, job, held)
            _Served(piece, number, here, code, news).run(checkpoints[number])
        except Exception as error:  # no disk, no process, no data: the node's fault, not the trial's
            _dismiss()
            news.put(("lost", number, told(error)))
    news.put(None)


class _Served:
    """A job that the worker process is given: passes on what it tells, and the checkpoints that it writes."""

    def __init__(
        self, piece: Piece, number: int, job: Job, code: Path | None, news: queue.SimpleQueue[Message | None]
    ) -> None:
        self._piece, self._number, self._job, self._code, self._news = piece, number, job, code, news
        self._store, self._key = Store(job.save_dir), job.trial.key
        self._path = self._store.trial_folder(self._key) / "checkpoint" / "state.safetensors"
        self._sent: tuple[int, int] | None = None
        self._next = 0.0

    def run(self, checkpoint: bytes | None) -> None:
        """Has the job done, and tells how it ended."""
        try:
            if checkpoint is not None:
                self._store.trial_folder(self._key).mkdir(parents=True, exist_ok=True)
                self._store.put_checkpoint(self._key, checkpoint)
                self._sent = self._stamp()
            ended = self._trained()
            if isinstance(ended, str):
                time.sleep(_GRACE)
                self._tell("died", ended)
            elif ended.kind == "failed":
                for_good = self._store.failed_for_good(self._key)
                self._tell("failed", (ended.reason, for_good, dict(ended.seconds)))
            elif ended.kind in ("finished", "diverged"):
                self._tell("ended", (*self._store.ended_files(self._key), asdict(ended)))
            else:
                self._tell("lost", ended.reason or "another process of the node holds the trial")
        finally:
            shutil.rmtree(self._store.trial_folder(self._key), ignore_errors=True)

    def _trained(self) -> Event | str:
        """The job's last event, or how its process died; a trial that is still held is asked for again."""
        until = time.monotonic() + _HELD_SECONDS
        while True:
            ended = _worker(self._code).serve(self._job.to_json(), self._heard)
            if isinstance(ended, str) or ended.kind in ("failed", "halted"):
                _dismiss()  # whatever it left behind in its process, the next has another
            if isinstance(ended, str) or ended.kind != "held" or time.monotonic() > until:
                return ended
            time.sleep(0.5)

    def _heard(self, event: Event) -> None:
        if event.kind == "epoch":
            self._send_checkpoint()
        if not event.is_last:
            self._tell("event", asdict(event))

    def _send_checkpoint(self) -> None:
        """Sends the last checkpoint, if it is a new one and the last was not sent just now."""
        if time.monotonic() < self._next or self._stamp() in (None, self._sent):
            return
        self._sent = self._stamp()  # before it is read: one that is written meanwhile is a new one
        content = self._store.checkpoint(self._key)
        if content is not None:
            pause = max(self._piece.checkpoint_pause, len(content) / self._piece.checkpoint_rate)
            self._next = time.monotonic() + pause
            self._tell("checkpoint", content)

    def _stamp(self) -> tuple[int, int] | None:
        with suppress(OSError):
            found = self._path.stat()
            return found.st_ino, found.st_mtime_ns
        return None

    def _tell(self, kind: Any, what: Any) -> None:
        self._news.put((kind, self._number, what))


def _placed(piece: Piece, job: Job, held: Mapping[str, Sequence[Any]]) -> tuple[Path | None, Job]:
    """Where the user's code lies, and the job as it is done here; its data are in this node's scratch then, too."""
    if _Here.scratch is None or _Here.scratch.session != piece.session:
        if _Here.scratch is not None:
            _Here.scratch.leave()
        _Here.scratch = Scratch(piece.session)
    folder = _Here.scratch.folder
    code = folder / "code" / piece.code if piece.code else None
    with FileLock(folder / "placing.lock"):
        _place_data(Store(folder), job, held)
        if code is not None and not code.exists():
            draft = code.with_name(f"{code.name}.draft")
            draft.mkdir(parents=True, exist_ok=True)
            for reference in held["code"]:
                write_code(_fetched(reference), draft)
            draft.rename(code)
    looked_in = (*([str(code)] if code else []), *job.import_path)
    return code, replace(job, save_dir=str(folder), import_path=looked_in)


def _place_data(store: Store, job: Job, held: Mapping[str, Sequence[Any]]) -> None:
    """Writes a job's data where every worker of the node maps them, unless they are there."""
    digests = job.trial.digests
    try:
        found = store.pictures(digests["data"])
        if "label_noise" not in digests or digests["label_noise"] in found.other_labels:
            return
    except StoreError:
        pass
    for reference in held["data"]:
        about, arrays = _fetched(reference)
        if json.loads(about)["digest"] == digests["data"]:
            store.put_pictures(pictures_of(about, arrays), "sent")


def _fetched(reference: Any) -> Any:
    """What a reference stands for: read from this node's memory, where Ray puts it once for all workers."""
    import ray

    return ray.get(reference)


def _worker(code: Path | None) -> Process:
    """The worker process of this one: another where the user's code is another, or the GPUs that it was given are."""
    made_for = (str(code or ""), os.environ.get("CUDA_VISIBLE_DEVICES", ""))
    if _Here.worker is None or _Here.made_for != made_for:
        _dismiss()
        _Here.worker, _Here.made_for = Process("lossbench.run.worker", code), made_for
    return _Here.worker


def _dismiss() -> None:
    """Ends the worker process; the next job gets another."""
    worker, _Here.worker = _Here.worker, None
    if worker is not None:
        worker.close()
