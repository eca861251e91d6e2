"""The native kernels, compiled on the machine that they run on and kept in the user's cache."""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from filelock import FileLock

from lossbench.folders import cache_folder

__all__ = ["SWITCH", "compiler", "kept", "library"]

SWITCH = "LOSSBENCH_NATIVE"
"""The environment variable that, set to 0, leaves everything to torch's own kernels."""

_SOURCE = Path(__file__).with_name("kernels.cpp")
_FLAGS = (
    "-std=c++17",
    "-O3",
    "-march=native",
    "-mprefer-vector-width=512",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-shared",
    "-fPIC",
    "-w",
)
_COMPILERS = ("c++", "g++", "clang++")
_COMPILE_SECONDS = 120.0
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH

_POINTER, _LONG, _INT, _DOUBLE = ctypes.c_void_p, ctypes.c_long, ctypes.c_int, ctypes.c_double
_SIGNATURES: dict[str, Sequence[Any]] = {
    "batch_norm": (*[_POINTER] * 2, *[_LONG] * 2, *[_POINTER] * 2, _DOUBLE, _INT, *[_POINTER] * 4),
    "batch_norm_backward": (*[_POINTER] * 3, *[_LONG] * 2, *[_POINTER] * 4, _DOUBLE, _INT, *[_POINTER] * 2),
    "affine": (*[_POINTER] * 2, *[_LONG] * 2, *[_POINTER] * 2, _INT),
    "add_relu": (*[_POINTER] * 3, _LONG),
    "add_relu_backward": (*[_POINTER] * 3, _LONG),
    "max_pool": (*[_POINTER] * 3, *[_LONG] * 4, *[_INT] * 2),
    "max_pool_backward": (*[_POINTER] * 3, *[_LONG] * 4, _INT),
    "convolution_pool_backward": (*[_POINTER] * 7, *[_LONG] * 7, _INT),
}


@cache
def library() -> ctypes.CDLL | None:
    """The compiled kernels; None where there is no compiler for them, or the switch is off.

    The first call on a machine compiles, which takes seconds; later ones, of any process, find the result.
    """
    if os.environ.get(SWITCH) == "0":
        return None
    found = compiler()
    if found is None:
        return None
    try:
        return _load(_compiled(found))
    except (OSError, subprocess.SubprocessError):  # no folder to write to, a compiler that cannot: torch's own do
        return None


def kept() -> Path | str:
    """Where the compiled kernels are kept, whether they are there yet or not; why there are to be none, in words.

    Compiles nothing.

    Raises:
        RequestError: LOSSBENCH_CACHE is a relative path.
        OSError: the compiler cannot be run, or the folder is not this user's.
    """
    if os.environ.get(SWITCH) == "0":
        return f"{SWITCH} is 0"
    found = compiler()
    if found is None:
        return "no C++ compiler"
    folder = cache_folder() / "native"
    if folder.exists():
        _check_own(folder)
    return folder / f"{_name(found)}.so"


def compiler() -> str | None:
    """The path of a C++ compiler: the one that CXX names, or the system's; None when there is none."""
    names = [os.environ["CXX"]] if os.environ.get("CXX") else _COMPILERS
    return next((path for name in names if (path := shutil.which(name))), None)


def _compiled(command: str) -> Path:
    folder = cache_folder() / "native"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _check_own(folder)
    path = folder / f"{_name(command)}.so"
    with FileLock(path.with_suffix(".lock")):  # workers that start together: one compiles, the others wait
        if not path.exists():
            with tempfile.TemporaryDirectory(dir=folder) as scratch:
                made = Path(scratch) / "kernels.so"
                words = [command, *_FLAGS, str(_SOURCE), "-o", str(made)]
                subprocess.run(words, check=True, capture_output=True, timeout=_COMPILE_SECONDS)  # noqa: S603 - no shell
                made.replace(path)
        _check_own(path)
    return path


def _check_own(path: Path) -> None:
    """Raises a PermissionError where somebody else could have put kernels there, which would run as this user.

    Whoever made a folder may do as they like in it, so it has to be this user's, and the file too; the right to write
    that an odd umask left to others is taken away.
    """
    if not hasattr(os, "getuid"):
        return
    found = path.stat()
    if found.st_uid != os.getuid():
        raise PermissionError(f"{path} belongs to somebody else")
    if found.st_mode & _OTHERS_WRITE:
        path.chmod(stat.S_IMODE(found.st_mode) & ~_OTHERS_WRITE)


def _name(command: str) -> str:
    """A name for this source, compiled so, on this kind of processor."""
    version = subprocess.run([command, "--version"], check=True, capture_output=True, timeout=_COMPILE_SECONDS)  # noqa: S603 - no shell
    kind = [platform.system(), platform.machine(), _instructions(), " ".join(_FLAGS)]
    parts = [_SOURCE.read_bytes(), version.stdout, *[text.encode() for text in kind]]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:24]


def _instructions() -> str:
    """What the processor can do, for folders that machines of several kinds share."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line for line in lines if line.startswith(("flags", "Features"))), "")


def _load(path: Path) -> ctypes.CDLL:
    loaded = ctypes.CDLL(str(path))
    for kind in ("float32", "bfloat16"):
        normalise = getattr(loaded, f"lb_normalise_{kind}")
        normalise.argtypes, normalise.restype = [_POINTER, _POINTER, _LONG, _LONG, *[_POINTER] * 3], None
    for name, signature in _SIGNATURES.items():
        for kind in ("float32", "float64", "bfloat16"):
            function = getattr(loaded, f"lb_{name}_{kind}")
            function.argtypes, function.restype = signature, None
    return loaded
