"""Which files of a folder an earlier report wrote: only these are renewed unasked, or removed.

A report may be written into any folder, beside a paper with figures and tables of its own, so a file's name alone does
not tell whose it is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path

from lossbench.files import write_atomically

__all__ = ["RECORD", "record", "written_before"]

RECORD = "report.json"
"""The file that names them, sorted, as paths below the folder."""

_OURS = re.compile(
    r"report\.(?:html|md|pdf)"
    r"|figures/[0-9]{2,}-[a-z0-9.-]+\.(?:svg|png|pdf|vl\.json)"
    r"|tables/[a-z0-9-]+\.tex"
    r"|(?:carried|crossings|gains|gradient_scale|levels|published|unfinished|unmeasured)\.(?:csv|parquet)"
)  # of tables those that not every report has; a record that came with somebody's folder can name no file but such


def written_before(folder: Path) -> frozenset[str]:
    """What the folder's record names; nothing where there is none or it cannot be read."""
    try:
        names = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):  # the last of lists in lists without end
        return frozenset()
    listed = names if isinstance(names, list) else []
    return frozenset(name for name in listed if isinstance(name, str) and _OURS.fullmatch(name))


def record(folder: Path, names: Iterable[str]) -> None:
    """Writes the record."""
    ours = sorted(name for name in set(names) if _OURS.fullmatch(name))
    write_atomically(folder / RECORD, json.dumps(ours, indent=0) + "\n")
