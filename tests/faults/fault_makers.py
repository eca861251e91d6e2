"""Commands that can be killed, and what is compared afterwards."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Queue
from typing import Any

from lossbench.store.sealed import unsealed

__all__ = ["SMALL", "Command", "Server", "children", "results", "serving", "wait_for"]

SMALL = (
    *("run", "--model", "mlp", "--losses", "cross_entropy,l1", "--seeds", "2", "--epochs", "2"),
    *("--executor", "inline", "--checkpoint-seconds", "0", "--keep-weights"),
)
"""Four trials on digits, a matter of a second."""

_TIMES = ("started", "ended", "seconds")
_OF_TIMES = ("provenance.json", "report.html", "report.json", "profile.csv")
_NO_RESULTS = (".lock", ".changes")


class Command:
    """A command under way.

    Args:
        process: its number.
        code: gives its exit code; negative where a signal ended it.
    """

    def __init__(self, process: int, code: Queue[int]) -> None:
        self.process, self._code = process, code

    def wait(self, seconds: float = 120) -> int:
        """Its exit code."""
        return self._code.get(timeout=seconds)


class Server:
    """Runs commands in forks of one process that has imported everything."""

    def __init__(self) -> None:
        self._server = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("fault_server.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1", "COLUMNS": "200"},
        )
        self._started: defaultdict[int, Queue[int]] = defaultdict(Queue)
        self._ended: defaultdict[int, Queue[int]] = defaultdict(Queue)
        self._count = 0
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def start(
        self, folder: Path, *arguments: str, kill_at: int | None = None, page: bool = False, prelude: str = ""
    ) -> Command:
        """Starts a command in a folder; what it prints is added to `out.txt` there.

        Args:
            folder: where.
            arguments: what was typed after `lossbench`.
            kill_at: before which of its changes to `log` it kills itself, 0 for none; how many there were is in
                `log.changes` then.
            page: whether the report is written, though without figures.
            prelude: Python that is executed first in the command's process.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self._count += 1
        started, ended = self._started[self._count], self._ended[self._count]  # before its first word can come
        words = {
            "id": self._count,
            "arguments": arguments,
            "folder": str(folder),
            "kill_at": kill_at,
            "page": page,
            "prelude": prelude,
        }
        assert self._server.stdin is not None
        self._server.stdin.write(json.dumps(words) + "\n")
        self._server.stdin.flush()
        return Command(started.get(timeout=60), ended)

    def run(
        self, folder: Path, *arguments: str, kill_at: int | None = None, page: bool = False, prelude: str = ""
    ) -> int:
        """Runs a command to its end; gives its exit code."""
        return self.start(folder, *arguments, kill_at=kill_at, page=page, prelude=prelude).wait()

    def stop(self) -> None:
        """Ends the server."""
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.close()
        self._server.wait(timeout=60)
        self._listener.join(timeout=60)
        assert self._server.stdout is not None
        self._server.stdout.close()

    def _listen(self) -> None:
        assert self._server.stdout is not None
        for line in self._server.stdout:
            said = json.loads(line)
            if "process" in said:
                self._started[said["id"]].put(said["process"])
            else:
                self._ended[said["id"]].put(said["code"])


@contextmanager
def serving() -> Iterator[Server]:
    """A server, ended with the context."""
    server = Server()
    try:
        yield server
    finally:
        server.stop()


def results(save_dir: Path) -> dict[str, Any]:
    """What a save dir holds, by path: bytes, and of provenance all but times.

    Locks, what was set aside and pages with times are left out.
    """
    found: dict[str, Any] = {}
    for path in sorted(save_dir.rglob("*")):
        name = path.relative_to(save_dir).as_posix()
        if path.is_dir() or path.suffix in _NO_RESULTS or name.startswith("damaged/"):
            continue
        if path.name == "provenance.json":
            values = unsealed(path.read_bytes())
            found[name] = {key: value for key, value in values.items() if key not in _TIMES}
        elif path.name in _OF_TIMES or "figures" in path.parts:
            found[name] = "there"
        else:
            found[name] = path.read_bytes()
    return found


def wait_for(condition: Callable[[], object], seconds: float = 60) -> None:
    """Waits until something is so."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


def children(process: int) -> list[int]:
    """The processes that a process has started."""
    listed = Path(f"/proc/{process}/task/{process}/children")
    tasks = Path(f"/proc/{process}/task").glob("*/children")
    try:
        return sorted({int(word) for path in (listed, *tasks) for word in path.read_text().split()})
    except OSError:
        return []
