"""`lossbench merge`: save dirs put together by copying."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from lossbench.cli import show
from lossbench.cli.console import make_console
from lossbench.cli.show_faults import show_unmeasured
from lossbench.errors import visible

if TYPE_CHECKING:
    from lossbench.api.merging import Merged

__all__ = ["merge"]

_MOST = 5  # trials that are named


def merge(
    into: Annotated[Path, typer.Argument(metavar="INTO", help="The save dir that shall have it all; new or not.")],
    sources: Annotated[list[Path], typer.Argument(metavar="FROM", help="Save dirs, which are only read.")],
    pictures: Annotated[
        bool, typer.Option("--pictures/--no-pictures", help="Whether reports show sample pictures of the data.")
    ] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of sentences.")] = False,
) -> None:
    """Copy into a save dir what it lacks of others, and write the reports of their studies anew.

    For the parts of a study that `lossbench run --shard` trained. A trial that both have stays as it is; after a kill
    the same command goes on.
    """
    from lossbench.api.merging import merge as put_together

    merged = put_together(into, *sources, pictures=pictures)
    if as_json:
        typer.echo(_json(merged))
    else:
        _show(make_console(), merged)
    raise typer.Exit(1 if merged.lost else 0)


def _json(merged: Merged) -> str:
    copied = merged.copied
    kinds = ("trials", "replaced", "had", "differing", "begun", "failed", "held", "lost")
    told = {
        "into": visible(str(merged.into)),
        **{kind: list(getattr(copied, kind)) for kind in kinds},
        "pictures": list(merged.pictures),
        "damaged": [{"path": visible(path), "why": visible(why)} for path, why in merged.damaged],
        "studies": [
            {"name": study.name, "trials": study.trials, "ended": study.ended, "report": visible(str(study.report))}
            for study in merged.studies
        ],
    }
    return json.dumps(told, indent=1, ensure_ascii=False)


def _show(console: Console, merged: Merged) -> None:
    copied = merged.copied
    before = f"; {len(copied.had)} were there" if copied.had else ""
    _say(console, f"{merged.into}: {_trials(copied.trials)} copied{before}")
    for keys, words in (
        (copied.replaced, "there and damaged: set aside, and replaced"),
        (copied.begun, "not finished: the furthest checkpoint copied"),
        (copied.failed, "failed: the reason copied"),
        (copied.held, "being trained just now, and left: merge again when that is over"),
        (copied.differing, f"with other results in another save dir, as machines of another kind give them; {_STAYS}"),
    ):
        if keys:
            _say(console, f"{_trials(keys)} {words}: {_named(merged, keys)}")
    for path, why in merged.damaged:
        _say(console, f"damaged, and not copied: {path}: {why}")
    for study in merged.studies:
        missing, whole = study.trials - study.ended, _count(study.trials)
        if missing:
            command = ["lossbench", "run", str(study.report.parent / "study.yaml"), "--save-dir", str(merged.into)]
            command += ["--retry-failed"] if study.for_good else []
            words = f"{missing} of {whole} missing or failed; `{shlex.join(command)}` trains them"
        else:
            words = f"all {whole} are there"
        _say(console, f"{study.name}: {words}")
        show_unmeasured(console, [lost for item in study.within for lost in item.results.unmeasured])
        show.show_answers(console, study.within, study.report)


_STAYS = "what was there first stays"


def _named(merged: Merged, keys: Sequence[str]) -> str:
    """The first of some trials in words, in their studies' order."""
    some = set(keys)
    told = [words for key, words in merged.words.items() if key in some]
    told += sorted(some - merged.words.keys())
    more = f", and {len(told) - _MOST} more" if len(told) > _MOST else ""
    return ", ".join(told[:_MOST]) + more


def _trials(keys: Sequence[str]) -> str:
    return _count(len(keys))


def _count(number: int) -> str:
    return "1 trial" if number == 1 else f"{number} trials"


def _say(console: Console, words: str) -> None:
    console.print(words, markup=False, highlight=False, soft_wrap=True)
