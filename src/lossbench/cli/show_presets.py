"""What `lossbench presets` prints."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape

from lossbench.cli.tables import empty_table
from lossbench.published import published
from lossbench.spec import PRESETS, Study

__all__ = ["show_presets"]


def show_presets(console: Console) -> None:
    """Every preset: what it repeats, on what, and how much is trained for it."""
    table = empty_table("name", "trials", "epochs\neach", "published\nnumbers", "what it repeats, on what")
    table.columns[0].no_wrap = True
    for name, values in PRESETS.items():
        study = Study(**values)
        repeated = published(str(study.published))
        trials = len(study.conditions) * len(study.losses) * len(study.seeds)
        cost = (f"{trials:,}", str(study.recipe.epochs), str(len(repeated.rows) or "none"))
        scenarios = study.scenarios[0] if len(study.scenarios) == 1 else f"{len(study.scenarios)} scenarios"
        told = f"{repeated.title}: {', '.join(study.models)}, {study.data}, {scenarios}"
        table.add_row(name, *cost, escape(told))
    console.print(table)
    words = (
        "Start one with: lossbench run --preset NAME; --scale 0.1 trains it on a tenth of the training data, --dry-run "
        "says how long it would take."
    )
    console.print(words, markup=False, highlight=False, soft_wrap=not console.is_terminal)
