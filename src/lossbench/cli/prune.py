"""`lossbench prune`: what a save dir can do without, listed before it is deleted."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape

from lossbench.cli.console import make_console
from lossbench.cli.tables import empty_table
from lossbench.errors import visible

if TYPE_CHECKING:
    from lossbench.store import Needless

__all__ = ["prune"]

_MOST = 20  # lines of one kind
_OPTIONS = {"unfinished": "--unfinished", "weights": "--weights"}


def prune(
    folder: Annotated[Path, typer.Argument(metavar="SAVE_DIR", help="A save dir, as log.")],
    weights: Annotated[bool, typer.Option("--weights", help="The weights of finished trials, too.")] = False,
    unfinished: Annotated[
        bool, typer.Option("--unfinished", help="Checkpoints and failures of trials that have not finished, too.")
    ] = False,
    delete: Annotated[bool, typer.Option("--delete", help="Delete what is listed; without it nothing is.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """List what a save dir can do without, with sizes, and delete it with --delete.

    That are trials and decoded pictures of no study, what killed processes left, and what was set aside as damaged.
    What a study needs stays, and so does whatever somebody works with just now.
    """
    from lossbench.store import Store, needless, remove

    store = Store(folder)
    found = needless(store)
    asked = {"trials", "pictures", "drafts", "damaged", *(["weights"] * weights), *(["unfinished"] * unfinished)}
    chosen = [item for item in found if item.kind in asked]
    gone = remove(store, chosen) if delete else ()
    if as_json:
        typer.echo(_json(found, chosen, gone))
        return
    console = make_console()
    _list(console, found, chosen, gone, delete=delete)


def _json(found: Sequence[Needless], chosen: Sequence[Needless], gone: Sequence[Needless]) -> str:
    rows = [
        {
            "kind": item.kind,
            "path": visible(item.path),
            "bytes": item.size,
            "chosen": item in chosen,
            "deleted": item in gone,
        }
        for item in found
    ]
    return json.dumps(rows, indent=1, ensure_ascii=False)


def _list(
    console: Console, found: Sequence[Needless], chosen: Sequence[Needless], gone: Sequence[Needless], *, delete: bool
) -> None:
    from lossbench.store import KINDS

    for kind, words in KINDS.items():
        items = [item for item in found if item.kind == kind]
        if not items:
            continue
        option = "" if set(items) <= set(chosen) else f"; kept without {_OPTIONS[kind]}"
        _say(console, f"{words}: {len(items)}, {_size(items)}{option}")
        table = empty_table("path", "size")
        for item in items[:_MOST]:
            table.add_row(escape(item.path), _size([item]))
        console.print(table)
        if len(items) > _MOST:
            _say(console, f"and {len(items) - _MOST} more, which --json lists")
    if not chosen:
        _say(console, "nothing to delete")
    elif not delete:
        _say(console, f"{len(chosen)} to delete, {_size(chosen)}; nothing was deleted: add --delete")
    else:
        left = f"; {len(chosen) - len(gone)} left, for they are in use" if len(gone) < len(chosen) else ""
        _say(console, f"deleted: {len(gone)}, {_size(gone)}{left}")


def _size(items: Sequence[Needless]) -> str:
    count = float(sum(item.size for item in items))
    for unit in ("bytes", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"


def _say(console: Console, words: str) -> None:
    console.print(words, markup=False, highlight=False, soft_wrap=True)
