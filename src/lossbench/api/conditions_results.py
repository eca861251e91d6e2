"""`Conditions`: the results of a study that compares its losses on several models, scenarios or recipes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import polars as pl
from markupsafe import Markup

from lossbench.analysis import Within
from lossbench.analysis.across import Across, across
from lossbench.api.plots_across import AcrossPlots
from lossbench.api.study_results import Results, as_pandas
from lossbench.report import across_text, frames_across
from lossbench.spec import Study

__all__ = ["Conditions"]


@dataclass(frozen=True, eq=False)
class Conditions(Mapping[str, Results]):
    """The results of each condition, by what tells it apart: `results["lenet5, noise(symmetric, 0.4)"]`.

    `history`, `summary`, `comparisons`, `standings` and `hypotheses` are the frames of all of them, with a column for
    each of `model`, `scenario` and `recipe` that differs; `answer` and `across` are what is concluded from all of them
    together, and `plot` draws it.
    """

    study: Study
    within: tuple[Within, ...]

    @classmethod
    def of(cls, study: Study, within: Sequence[Within]) -> Conditions:
        """Of a study's conditions, each analysed."""
        return cls(study, tuple(within))

    def __getitem__(self, told: str) -> Results:
        return self._parts[told]

    def __iter__(self) -> Iterator[str]:
        return iter(self._parts)

    def __len__(self) -> int:
        return len(self._parts)

    @cached_property
    def _parts(self) -> dict[str, Results]:
        conditions = [item.condition for item in self.within]
        return {item.condition.told(conditions): Results.of(item.results) for item in self.within}

    @cached_property
    def across(self) -> Across:
        """Series of conditions with their crossings, rankings and verdicts carried over, what tuning brought."""
        return across(self.within)

    @cached_property
    def plot(self) -> AcrossPlots:
        """The figures of the overview: `results.plot.levels()`."""
        return AcrossPlots(self.across)

    @property
    def answer(self) -> tuple[str, ...]:
        """The answer across the conditions, in sentences."""
        return across_text(self.within)

    @cached_property
    def frames(self) -> dict[str, pl.DataFrame]:
        """Every table that stands beside the report, by name."""
        return frames_across(self.within)

    @property
    def history(self) -> pl.DataFrame:
        """One row per condition, loss, seed, epoch and split."""
        return self.frames["history"]

    @property
    def summary(self) -> pl.DataFrame:
        """Per condition, loss, split and metric: mean, standard deviation, 95 % interval."""
        return self.frames["summary"]

    @property
    def comparisons(self) -> pl.DataFrame:
        """Per condition, metric and pair of losses: difference, intervals, p-values, verdict."""
        return self.frames["comparisons"]

    @property
    def standings(self) -> pl.DataFrame:
        """Per condition and loss: possible ranks, whether it is in the best set, how often it diverged."""
        return self.frames["standings"]

    @property
    def hypotheses(self) -> pl.DataFrame:
        """Per condition and hypothesis: outcome and evidence."""
        return self.frames["verdicts"]

    def to_pandas(self) -> dict[str, Any]:
        """`frames` as pandas frames, by name.

        Raises:
            RequestError: pandas is not installed.
        """
        return as_pandas(self.frames)

    def __repr__(self) -> str:
        return f"<Results of {self.study.name}: {len(self)} conditions, {len(self.study.losses)} losses>"

    def __str__(self) -> str:
        return "\n".join([" ".join(self.answer), *(f"{told}: {results}" for told, results in self.items())])

    def _repr_html_(self) -> str:
        said = Markup("<p><strong>{}</strong></p><p>{}</p>").format(self.study.question, " ".join(self.answer))
        parts = [
            Markup("<details><summary>{}</summary>{}</details>").format(
                told,
                Markup(results._repr_html_()),  # noqa: S704 # escaped by its own maker
            )
            for told, results in self.items()
        ]
        drawn = Markup(self.plot.conditions()._repr_svg_())  # noqa: S704 # the renderer's own output
        return str(said + drawn + Markup("").join(parts))
