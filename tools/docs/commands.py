"""The command line's reference, made from the program itself: every command with its arguments and options."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer

from lossbench.cli.app import app
from tools.docs.markdown import table, text

__all__ = ["commands_page"]

_EXIT_CODES = (
    "Exit codes: 0 done; 1 some trial failed, or a check did; 2 the request was wrong or the save dir cannot be "
    "written; 130 interrupted, and the same command goes on."
)


def commands_page() -> str:
    """The page, one section per command in the order of `lossbench --help`."""
    group: Any = typer.main.get_command(app)  # a click group; typer gives it no type of its own
    parts = ["# Command line", _words(group.help), _EXIT_CODES]
    for name, command in group.commands.items():
        parts += [f"## lossbench {name}", *_section(group, name, command)]
    return "\n\n".join(parts) + "\n"


def _section(group: Any, name: str, command: Any) -> Iterator[str]:
    above = group.make_context("lossbench", [], resilient_parsing=True)
    context = command.make_context(name, [], parent=above, resilient_parsing=True)
    yield f'```text title="usage"\n{context.command_path} {" ".join(command.collect_usage_pieces(context))}\n```'
    yield _words(command.help)
    records = [record for one in command.get_params(context) if (record := one.get_help_record(context))]
    yield table(["argument or option", "what it is"], [[f"`{names}`", text(said)] for names, said in records])


def _words(help_text: str | None) -> str:
    paragraphs = (help_text or "").replace("\f", "").split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)
