"""Disks that fill, folders that cannot be written, and a small study to meet them with."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from fault_makers import Server

__all__ = ["AT_CLAIM", "FULL_AT", "MORTAL", "Disk", "Words", "disk", "small_run"]


def small_run(data: Path, save_dir: Path | str = "log") -> tuple[str, ...]:
    """Four trials on little data, with a checkpoint after every epoch."""
    options = ("--model", "mlp", "--losses", "cross_entropy,l1", "--seeds", "2", "--epochs", "2", "--batch-size", "16")
    where = ("--data", str(data), "--save-dir", str(save_dir))
    return ("run", *options, *where, "--precision", "fp32", "--executor", "inline", "--checkpoint-seconds", "0")


class Words:
    """What commands print in a folder, command by command."""

    def __init__(self, server: Server, folder: Path) -> None:
        self.server, self.folder = server, folder

    def __call__(self, *arguments: str, page: bool = False, prelude: str = "") -> tuple[int, str]:
        """Runs a command; its exit code and what it printed."""
        self.folder.mkdir(parents=True, exist_ok=True)
        out = self.folder / "out.txt"
        before = out.stat().st_size if out.exists() else 0
        code = self.server.run(self.folder, *arguments, page=page, prelude=prelude)
        told = out.read_bytes()[before:].decode()
        assert "Traceback" not in told, told
        return code, told

    def refused(self, *arguments: str, page: bool = False, prelude: str = "") -> str:
        """Runs a command that ends with exit code 2 and one sentence; the sentence."""
        code, told = self(*arguments, page=page, prelude=prelude)
        last = told.strip().splitlines()[-1]
        assert code == 2, told
        assert last.startswith("lossbench: "), told
        assert told.count("lossbench: ") == 1, told
        return last


class Disk:
    """A file system of its own.

    Args:
        path: where it is mounted.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def again(self, options: str) -> None:
        """Mounts it again with other options: `size=1m`, `ro`."""
        subprocess.run(["mount", "-o", f"remount,{options}", str(self.path)], check=True)

    @property
    def used(self) -> int:
        """Bytes."""
        found = os.statvfs(self.path)
        return (found.f_blocks - found.f_bfree) * found.f_frsize


@contextmanager
def disk(path: Path, kilobytes: int) -> Iterator[Disk]:
    """A small disk in memory; skips the test where none can be mounted."""
    path.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "none", str(path)]
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False)
    except OSError as error:
        pytest.skip(f"no disk can be mounted here: {error}")
    if done.returncode:
        pytest.skip(f"no disk can be mounted here: {done.stderr.strip()}")
    try:
        yield Disk(path)
    finally:
        subprocess.run(["umount", str(path)], check=True)


MORTAL = """
import ctypes, os
if os.geteuid() == 0:  # the superuser may write anywhere; without its capabilities it may not
    header, none = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    assert ctypes.CDLL(None).capset(header, none) == 0
"""
"""A prelude that makes permissions count for the superuser, too."""

FULL_AT = """
import os, subprocess, sys
def hook(event, arguments):
    global left
    if event == "open" and left and isinstance(arguments[2], int) and arguments[2] & os.O_CREAT:
        if os.path.basename(str(arguments[0])).lstrip(".").startswith("{name}"):
            left -= 1
            if not left:
                found = os.statvfs("{disk}")
                used = (found.f_blocks - found.f_bfree) * found.f_frsize // 1024
                subprocess.run(["mount", "-o", f"remount,size={{used}}k", "{disk}"], check=True)
left = {number}
sys.addaudithook(hook)
"""
"""A prelude that leaves a disk no space when a file of a name is opened to be written for the so manyeth time."""

AT_CLAIM = """
import os, sys
seen = set()
def hook(event, arguments):
    if event == "open" and str(arguments[0]).endswith("claim.lock") and arguments[0] not in seen:
        seen.add(arguments[0])
        if len(seen) == {number}:
            {action}
sys.addaudithook(hook)
"""
"""A prelude that does something before the trial of a number is claimed, counted from 1."""
