"""How much a file may make of itself: what it declares is held against its size and the machine before it is read."""

from __future__ import annotations

from pathlib import Path

from lossbench.errors import DataError

__all__ = ["MOST_GROWTH", "UNWATCHED_BYTES", "check_fits", "check_growth"]

UNWATCHED_BYTES = 1 << 30
"""What unpacks to no more than this may be packed as tightly as it likes: any machine that trains has the memory."""

MOST_GROWTH = 500
"""How many times its packed size anything larger may be.

Deflate ends at 1,032, which only one value repeated comes near; dSprites, white shapes on black and the tightest of the
data sets that people train with, is at about 120.
"""


def check_growth(place: str, unpacked: int, packed: int) -> None:
    """Refuses a decompression bomb.

    Args:
        place: what an error names.
        unpacked: bytes that the file declares.
        packed: bytes that it has.

    Raises:
        DataError: it would grow beyond measure.
    """
    if unpacked > UNWATCHED_BYTES and unpacked > packed * MOST_GROWTH:
        allowed = f"files that unpack to at most {MOST_GROWTH} times their size"
        raise DataError(place, allowed, f"{unpacked} bytes out of {packed}")


def check_fits(place: str, size: int) -> None:
    """Refuses what this machine has no memory for: otherwise the system would kill the process halfway.

    Args:
        place: what an error names.
        size: in bytes.

    Raises:
        DataError: it is larger than memory and swap space together.
    """
    memory = _memory()
    if memory is not None and size > memory:
        raise DataError(place, f"pictures that fit into memory ({memory / 1e9:.1f} GB)", f"{size / 1e9:.1f} GB")


def _memory() -> int | None:
    """Bytes of memory and swap space; None where the system does not say."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        kilobytes = {name: int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in lines)}
        return (kilobytes["MemTotal"] + kilobytes.get("SwapTotal", 0)) * 1024
    except (OSError, ValueError, KeyError, IndexError):
        return None
