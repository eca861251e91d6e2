"""One worker process: started, handed jobs, ended with all that it forked, and how it died said in words."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from lossbench.run.job import Event
from lossbench.run.repeatable import WORKSPACE

__all__ = ["ENVIRONMENT", "Process"]

ENVIRONMENT = {
    **WORKSPACE,
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "MALLOC_MMAP_MAX_": "0",  # glibc: memory that a step gives back stays with the process, so that
    "MALLOC_TRIM_THRESHOLD_": "4294967296",  # the next one does not have each of its pages zeroed by the system anew
}
"""What worker processes have in their environment beside the parent's."""

_LAST_WORDS = 4096  # bytes of a dead worker's standard error that are looked at


class Process:
    """A worker process that leads its own session: Ctrl-C is for the parent, and what a model forks ends with it.

    Args:
        module: what it runs: it reads jobs from standard input, a JSON line each, and answers each with events, a JSON
            line each, of which the last one ends it. It leaves when its input ends, be it that its parent died.
        folder: its working directory; None for the parent's.
        place: what it has in its environment beside what all have.
    """

    def __init__(self, module: str, folder: Path | None = None, place: Mapping[str, str] | None = None) -> None:
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
        try:
            self._process = _start(module, self._errors, folder, place or {})
        except BaseException:
            self._errors.close()
            raise

    def serve(self, job: Mapping[str, Any], heard: Callable[[Event], None], trials: int = 1) -> Event | str:
        """Has a job done; gives its last event, or how the process died over it.

        Args:
            job: as plain JSON values.
            heard: is told of every event, the last among them.
            trials: how many end in it, each with a last event of its own.
        """
        process = self._process
        assert process.stdin is not None  # noqa: S101 - piped, for the type checker
        assert process.stdout is not None  # noqa: S101 - piped, for the type checker
        with suppress(OSError, ValueError):  # a process that dies while it is written to or read from: said below
            process.stdin.write(json.dumps(job) + "\n")
            process.stdin.flush()
            for line in process.stdout:
                event = Event(**json.loads(line))
                heard(event)
                trials -= event.is_last
                if event.kind == "halted" or trials <= 0:
                    return event
        return f"the worker process ended with {_how(process.wait())}{self._last_words()}"

    def kill(self) -> None:
        """Ends the process and its session; one that has ended was buried, and its number may be another's by now."""
        if self._process.returncode is None:
            _kill_session(self._process)

    def close(self) -> None:
        """Ends the process, whatever it is doing, and closes what is left of it."""
        self.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout, self._errors):
            if pipe is not None:
                with suppress(OSError):  # what was not flushed has nobody to go to
                    pipe.close()

    def _last_words(self) -> str:
        size = self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(0, size - _LAST_WORDS))
        said = self._errors.read().decode(errors="replace").strip().splitlines()
        return f": {said[-1]}" if said else ""


def _start(module: str, errors: IO[bytes], folder: Path | None, place: Mapping[str, str]) -> subprocess.Popen[str]:
    process = subprocess.Popen(  # noqa: S603 - a module of ours
        [sys.executable, "-P", "-m", module],  # -P: what lies in the working directory is not imported
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        env={**os.environ, **ENVIRONMENT, **place},
        cwd=folder,
        start_new_session=True,
        text=True,
        encoding="utf-8",
    )
    threading.Thread(target=_bury, args=(process,), daemon=True, name="lossbench waiter").start()
    return process


def _bury(process: subprocess.Popen[str]) -> None:
    """Waits for a process's end and ends what it forked, which would hold the pipe that its parent reads from."""
    process.wait()
    _kill_session(process)


def _kill_session(process: subprocess.Popen[str]) -> None:
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()


def _how(code: int) -> str:
    """A process's end in words."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"signal {signal.Signals(-code).name}"
    except ValueError:  # a real-time signal has no name
        return f"signal {-code}"
