"""`lossbench doctor`: what is found on this machine, and what is missing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lossbench.cli.console import make_console

if TYPE_CHECKING:
    from lossbench.api.doctor import Finding

__all__ = ["doctor"]

_MARKS = {"ok": Text("ok", "green"), "missing": Text("-", "yellow"), "broken": Text("broken", "bold red")}


def doctor(
    save_dir: Annotated[Path, typer.Option(help="Where results would be kept.")] = Path("log"),
    as_json: Annotated[bool, typer.Option("--json", help="Print what is found as JSON and nothing else.")] = False,
) -> None:
    """Say what is found on this machine: versions, what auto means, folders, optional parts; nothing is written.

    The exit code is 1 when something that is needed is broken, and 0 when nothing is.
    """
    from lossbench.api.doctor import examine

    found = examine(save_dir)
    if as_json:
        typer.echo(json.dumps([asdict(finding) for finding in found], indent=2, ensure_ascii=False))
    else:
        _show(make_console(), found)
    raise typer.Exit(1 if any(finding.state == "broken" for finding in found) else 0)


def _show(console: Console, found: Sequence[Finding]) -> None:
    """One table, a group after the other, the same columns throughout; and the verdict."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for number, group in enumerate(dict.fromkeys(finding.group for finding in found)):
        if number:
            table.add_row()
        table.add_row("", Text(group, "bold"), "")
        for finding in found:
            if finding.group == group:
                words = finding.value + (f"; {finding.hint}" if finding.hint else "")
                table.add_row(_MARKS[finding.state], Text(finding.name), Text(words))
    console.print(table)
    broken = [finding.name for finding in found if finding.state == "broken"]
    console.print()
    words = f"broken: {', '.join(broken)}" if broken else "all that is needed is here"
    console.print(Text(words, "bold red" if broken else "bold green"), soft_wrap=True)
