"""`lossbench run --shard`: a part of a study's trials, and what is said of it."""

from __future__ import annotations

import shlex
from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from lossbench.cli.show_faults import show_unmeasured
from lossbench.errors import RequestError
from lossbench.spec import Shard, Study

if TYPE_CHECKING:
    from lossbench.api.running import Prepared

__all__ = ["Shards", "shard_of", "show_part", "show_shard"]

_OPTION = "--shard"

Shards = Annotated[
    str | None,
    typer.Option(
        _OPTION, metavar="K/N", help="Train the Kth of N equal parts of the trials; `lossbench merge` joins them."
    ),
]


def shard_of(given: str | None, study: Study) -> Shard | None:
    """The part that was typed; None for the whole.

    Raises:
        RequestError: there is no such part, or the study has no parts.
    """
    if given is None:
        return None
    shard = Shard.parse(given, _OPTION)
    if study.plan.max_seeds is not None:
        hint = "name its seeds with --seeds: whether it needs more is seen from all of its parts"
        raise RequestError(_OPTION, "a study whose seeds are settled", "one that runs until it is decided", hint)
    return shard


def show_part(console: Console, prepared: Prepared) -> None:
    """How many of a study's trials are in the part that was asked for; nothing where it is the whole."""
    if prepared.shard is not None:
        _say(console, f"{_share(prepared)}: the list above")


def show_shard(console: Console, prepared: Prepared) -> bool:
    """What a part came to, and what to do with it; whether all of its trials have ended."""
    from lossbench.api.measuring import unmeasured  # torch, which `--help` need not wait for

    store, root = prepared.store, prepared.store.root
    statuses = [store.status(key) for key in prepared.trials]
    counted = ", ".join(f"{count} {status}" for status, count in sorted(Counter(statuses).items()))
    _say(console, f"{_share(prepared)}{f': {counted}' if counted else ''}")
    show_unmeasured(console, unmeasured(store, (part.folder for part in prepared.parts), of=prepared.trials))
    folder = shlex.quote(str(store.study_folder(prepared.study.name)))
    if all(store.finished(key) for key in prepared.whole):
        _say(console, f"all trials of the study are here; `lossbench report {folder}` writes its report")
    else:
        merge = f"`lossbench merge INTO {shlex.quote(str(root))} ...` with the folders of all parts"
        _say(console, f"{merge} puts them together and writes the report")
    return all(status in ("finished", "diverged") for status in statuses)


def _share(prepared: Prepared) -> str:
    return f"{prepared.told} has {len(prepared.trials)} of the study's {len(prepared.whole)} trials"


def _say(console: Console, words: str) -> None:
    console.print(words, markup=False, highlight=False, soft_wrap=True)
