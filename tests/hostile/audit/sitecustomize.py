"""Put in front of a process that is watched: what it starts, runs, opens and connects to is logged, as JSON lines."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

_LOG = os.open(os.environ["AUDIT_LOG"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
_PROCESSES = (
    "subprocess.Popen",
    "os.system",
    "os.exec",
    "os.fork",
    "os.forkpty",
    "os.posix_spawn",
    "os.spawn",
    "pty.spawn",
)
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def _heard(event: str, arguments: tuple[Any, ...]) -> None:
    said = ""
    if event == "exec":
        said = getattr(arguments[0], "co_filename", "")
    elif event == "open":
        path, _, flags = arguments
        if isinstance(path, int) or not flags & _WRITES:
            return
        said = os.fsdecode(path)
    elif event in _PROCESSES or event.startswith(("socket.", "pickle.", "ctypes.dlopen", "urllib.", "webbrowser.")):
        said = repr(arguments)
    else:
        return
    os.write(_LOG, (json.dumps([event, said]) + "\n").encode())


sys.addaudithook(_heard)
