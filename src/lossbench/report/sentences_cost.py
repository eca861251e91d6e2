"""What the study cost in time."""

from __future__ import annotations

import polars as pl

from lossbench.figures.cost import cost_table
from lossbench.results import Results
from lossbench.text import counted, fixed, isolate, significant

__all__ = ["cost_sentences", "lasting"]


def cost_sentences(results: Results) -> tuple[str, ...]:
    """The sum over all trials, and the dearest loss against the cheapest; nothing where no time is known."""
    known = results.trials.filter(pl.col("seconds").is_not_null())
    table = cost_table(results).sort("seconds", maintain_order=True)
    if table.is_empty():
        return ()
    total = float(known["seconds"].sum())
    said = [f"{counted(known.height, 'trial')} took {lasting(total)} of computing in all, one after the other."]
    if table.height > 1:
        least, most = table.row(0, named=True), table.row(-1, named=True)
        ratio = most["seconds"] / least["seconds"]
        said.append(
            f"A trial of {isolate(most['loss_function'])} took the longest, {significant(most['seconds'])} s, "
            f"{fixed(ratio, 2)} times as long as one of {isolate(least['loss_function'])}; trials that ran side by "
            "side share a machine, so small differences mean little."
        )
    return tuple(said)


def lasting(seconds: float) -> str:
    """A time in words: `45 s`, `6 min 22 s`, `3 h 5 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{significant(seconds)} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
