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
from lossbench.run.stacks import Stack
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
    """Does the jobs, one after another or as a stack; None in the news ends them."""
    numbers = range(len(piece.jobs))
    for some in [tuple(numbers)] if piece.stacked else [(number,) for number in numbers]:
        served = None
        try:
            placed = {number: _placed(piece, piece.jobs[number], held) for number in some}
            served = _Served(piece, placed, news)
            served.run({number: checkpoints[number] for number in some})
        except Exception as error:  # no disk, no process, no data: the node's fault, not the trial's
            _dismiss()
            for number in served.left if served else some:
                news.put(("lost", number, told(error)))
    news.put(None)


class _Served:
    """Jobs that the worker process is given together: passes on what it tells, and the checkpoints that it writes."""

    def __init__(
        self, piece: Piece, placed: Mapping[int, tuple[Path | None, Job]], news: queue.SimpleQueue[Message | None]
    ) -> None:
        self._piece, self._news = piece, news
        self._jobs = {number: job for number, (_, job) in placed.items()}
        self._code = next(code for code, _ in placed.values())
        self._numbers = {job.trial.key: number for number, job in self._jobs.items()}
        self._store = Store(next(iter(self._jobs.values())).save_dir)
        self._sent: dict[int, tuple[int, int] | None] = {}
        self._next = dict.fromkeys(self._jobs, 0.0)
        self.left = dict(self._jobs)

    def run(self, checkpoints: Mapping[int, bytes | None]) -> None:
        """Has the jobs done, and tells how each ended."""
        try:
            for number, content in checkpoints.items():
                if content is not None:
                    self._store.trial_folder(self._key(number)).mkdir(parents=True, exist_ok=True)
                    self._store.put_checkpoint(self._key(number), content)
                    self._sent[number] = self._stamp(number)
            if self._trained(self._jobs) and len(self.left) > 1:  # each by itself: one of them may be to blame
                for number, job in dict(self.left).items():
                    self._died(number, self._trained({number: job}))
            else:
                for number in dict(self.left):
                    self._died(number, self._words)
        finally:
            for number in self._jobs:
                shutil.rmtree(self._store.trial_folder(self._key(number)), ignore_errors=True)

    def _trained(self, jobs: Mapping[int, Job]) -> str:
        """Has jobs done; gives how the process died over them, if it did. Trials still held are asked for again."""
        until = time.monotonic() + _HELD_SECONDS
        while True:
            ended = _worker(self._code, stacked=self._piece.stacked).serve(self._text(jobs), self._heard, len(jobs))
            if isinstance(ended, str) or ended.kind in ("failed", "halted"):
                _dismiss()  # whatever it left behind in its process, the next has another
            self._words = ended if isinstance(ended, str) else ""
            if isinstance(ended, Event) and ended.kind == "halted":
                self._lose(jobs, ended.reason)
            jobs = {number: job for number, job in jobs.items() if number in self.left}
            if self._words or not jobs:
                return self._words
            if time.monotonic() > until:
                self._lose(jobs, "another process of the node holds the trial")
                return ""
            time.sleep(0.5)

    def _text(self, jobs: Mapping[int, Job]) -> dict[str, Any]:
        """What the worker process is handed."""
        given = tuple(jobs.values())
        return (
            Stack(given, self._piece.width, self._piece.beside).to_json() if self._piece.stacked else given[0].to_json()
        )

    def _died(self, number: int, words: str) -> None:
        """Tells that the process died over a trial; nothing where it did not."""
        if words and number in self.left:
            time.sleep(_GRACE)
            self._end(number, "died", words)

    def _lose(self, jobs: Mapping[int, Job], words: str) -> None:
        for number in jobs:
            if number in self.left:
                self._end(number, "lost", words)

    def _heard(self, event: Event) -> None:
        if event.kind == "halted":
            return
        number = self._numbers[event.key]
        if event.kind == "epoch":
            self._send_checkpoint(number)
        if not event.is_last:
            self._news.put(("event", number, asdict(event)))
        elif event.kind == "failed":
            for_good = self._store.failed_for_good(event.key)
            self._end(number, "failed", (event.reason, for_good, dict(event.seconds)))
        elif event.ends:
            self._end(number, "ended", (*self._store.ended_files(event.key), asdict(event)))

    def _end(self, number: int, kind: Any, what: Any) -> None:
        """Tells how a trial ended here."""
        del self.left[number]
        self._news.put((kind, number, what))

    def _send_checkpoint(self, number: int) -> None:
        """Sends a trial's last checkpoint, if it is a new one and the last was not sent just now."""
        stamp = self._stamp(number)
        if time.monotonic() < self._next[number] or stamp in (None, self._sent.get(number)):
            return
        self._sent[number] = stamp  # before it is read: one that is written meanwhile is a new one
        content = self._store.checkpoint(self._key(number))
        if content is not None:
            pause = max(self._piece.checkpoint_pause, len(content) / self._piece.checkpoint_rate) * len(self._jobs)
            self._next[number] = time.monotonic() + pause
            self._news.put(("checkpoint", number, content))

    def _stamp(self, number: int) -> tuple[int, int] | None:
        path = self._store.trial_folder(self._key(number)) / "checkpoint" / "state.safetensors"
        with suppress(OSError):
            found = path.stat()
            return found.st_ino, found.st_mtime_ns
        return None

    def _key(self, number: int) -> str:
        return self._jobs[number].trial.key


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


def _worker(code: Path | None, *, stacked: bool) -> Process:
    """The worker process of this one: another where it has other work, other code of the user's, or other GPUs."""
    module = "lossbench.run.stack_worker" if stacked else "lossbench.run.worker"
    made_for = (module, str(code or ""), os.environ.get("CUDA_VISIBLE_DEVICES", ""))
    if _Here.worker is None or _Here.made_for != made_for:
        _dismiss()
        _Here.worker, _Here.made_for = Process(module, code), made_for
    return _Here.worker


def _dismiss() -> None:
    """Ends the worker process; the next job gets another."""
    worker, _Here.worker = _Here.worker, None
    if worker is not None:
        worker.close()
