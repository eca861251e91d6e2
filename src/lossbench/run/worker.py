"""A worker process: `python -m lossbench.run.worker` reads jobs from standard input, a JSON line each.

It answers with a JSON line per event. When its input ends, be it that the work is done or that its parent died,
it leaves at once: whatever it was training goes on from the last checkpoint.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import sys
import threading
from collections.abc import Iterator
from dataclasses import asdict

from lossbench.run.inline import Inline
from lossbench.run.job import Event, Job

__all__ = ["main"]


def main() -> None:
    """Serves jobs until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group: the parent decides what it means
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a user's model prints must not end up between the answers

    def notify(event: Event) -> None:
        answers.write(json.dumps(asdict(event)) + "\n")
        answers.flush()

    Inline()(_jobs(), notify)


def _jobs() -> Iterator[Job]:
    lines: queue.Queue[str] = queue.Queue()
    threading.Thread(target=_read, args=(lines,), daemon=True).start()
    while True:
        job = Job.from_json(json.loads(lines.get()))
        sys.path.extend(folder for folder in job.import_path if folder not in sys.path)
        yield job


def _read(lines: queue.Queue[str]) -> None:
    for line in sys.stdin:
        lines.put(line)
    os._exit(0)


if __name__ == "__main__":
    main()
