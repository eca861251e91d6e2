"""`python fault_server.py`: runs commands in forks of a process that has imported everything.

It reads JSON lines, each `{"id", "arguments", "folder", "kill_at", "page", "prelude"}`, and answers each with its
process's number at once and its exit code (negative: the signal) when it has ended. A command with `kill_at` kills
itself before that one of its changes to the save dir: an opening for writing, a rename, a removal, a new folder.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from pathlib import Path
from unittest.mock import patch

import lossbench.report.write  # noqa: F401 - imported with all that it needs, before the first fork
from lossbench.api import running
from lossbench.cli import main

_CHANGES = ("open", "os.rename", "os.remove", "os.mkdir", "os.rmdir")
_WRITE = os.O_WRONLY | os.O_RDWR | os.O_CREAT


def blank(page: bool) -> None:
    """Leaves out what takes most of a small run's time: the figures' drawing, and without a page the whole report."""
    patch("lossbench.report.page.library", lambda: "").start()
    patch("lossbench.report.write.render_svg", lambda figure: '<svg viewBox="0 0 1 1"></svg>').start()
    patch("lossbench.report.write.render_png", lambda svg: b"").start()
    patch("lossbench.report.write.render_pdf", lambda svg: b"").start()
    if not page:
        patch.object(running, "write", lambda prepared, within, **more: Path("no page")).start()
        patch("lossbench.cli.show.show_answers").start()


def kill_at(change: int, save_dir: Path) -> None:
    """Makes this process kill itself before its change of that number, counted from 1; 0 counts alone."""
    inside, count = f"{save_dir.resolve()}{os.sep}", 0
    counted = os.open(save_dir.with_suffix(".changes"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    alone = threading.Lock()

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal count
        if event not in _CHANGES or not isinstance(arguments[0], str | Path):
            return
        if not os.path.abspath(arguments[0]).startswith(inside):  # noqa: PTH100 - no call that is itself an event
            return
        if event == "open" and not (isinstance(arguments[2], int) and arguments[2] & _WRITE):
            return
        with alone:  # several threads change it, and none of their changes may be counted twice or not at all
            count += 1
            os.pwrite(counted, str(count).encode(), 0)
            if count == change:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def run(command: dict[str, object]) -> None:
    """Runs a command in this process, which ends with it."""
    folder = Path(str(command["folder"]))
    os.chdir(folder)
    with Path("out.txt").open("ab") as out:
        os.dup2(out.fileno(), 1)
        os.dup2(out.fileno(), 2)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    blank(bool(command["page"]))
    if command["kill_at"] is not None:
        kill_at(int(str(command["kill_at"])), folder / "log")
    exec(str(command["prelude"]), {})
    try:
        main([str(argument) for argument in command["arguments"]])  # type: ignore[attr-defined]  # a list, by contract
    except SystemExit as left:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(left.code if isinstance(left.code, int) else 1)
    os._exit(1)


def serve() -> None:
    """Serves commands until the input ends."""
    lock = threading.Lock()

    def say(**words: object) -> None:
        with lock:
            print(json.dumps(words), flush=True)  # noqa: T201 - to whoever started it

    def wait(name: object, process: int) -> None:
        _, status = os.waitpid(process, 0)
        say(id=name, code=os.waitstatus_to_exitcode(status))

    for line in sys.stdin:
        command = json.loads(line)
        process = os.fork()
        if not process:
            run(command)
        say(id=command["id"], process=process)
        threading.Thread(target=wait, args=(command["id"], process), daemon=True).start()


if __name__ == "__main__":
    serve()
