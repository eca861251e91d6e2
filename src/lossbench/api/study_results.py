"""`Results` as Python users have it: frames, figures, and what a notebook shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import polars as pl
from markupsafe import Markup

from lossbench import results as table
from lossbench.analysis import Analysis, analyse
from lossbench.api.plots import Plots
from lossbench.errors import RequestError
from lossbench.report import Summary, frames, summary_text
from lossbench.text import fixed

__all__ = ["Results", "as_pandas"]


@dataclass(frozen=True, eq=False)
class Results(table.Results):
    """A study's results with everything that is concluded from them.

    `history` and `trials` are polars frames; so are `summary`, `comparisons`, `standings`, `hypotheses` and
    `gradient_scale`, the tables that stand beside the report. `plot` draws the report's figures.
    """

    @classmethod
    def of(cls, results: table.Results) -> Results:
        """The same results with frames and figures."""
        return cls(**{field.name: getattr(results, field.name) for field in fields(results)})

    @cached_property
    def analysis(self) -> Analysis:
        """Estimates, comparisons, verdicts and reasons."""
        return analyse(self)

    @cached_property
    def plot(self) -> Plots:
        """The figures of the report: `results.plot.accuracy()`."""
        return Plots(self, self.analysis)

    @cached_property
    def frames(self) -> dict[str, pl.DataFrame]:
        """Every table that stands beside the report, by name."""
        return frames(self, self.analysis)

    @property
    def summary(self) -> pl.DataFrame:
        """Per loss, split and metric: mean, standard deviation, 95 % interval."""
        return self.frames["summary"]

    @property
    def comparisons(self) -> pl.DataFrame:
        """Per metric and pair of losses: difference, intervals, p-values, verdict."""
        return self.frames["comparisons"]

    @property
    def standings(self) -> pl.DataFrame:
        """Per loss: possible ranks, whether it is in the best set, how often it diverged."""
        return self.frames["standings"]

    @property
    def hypotheses(self) -> pl.DataFrame:
        """Per hypothesis: outcome and evidence."""
        return self.frames["verdicts"]

    @property
    def answer(self) -> Summary:
        """The answer in sentences and rows, as it stands at the end of a run."""
        return summary_text(self, self.analysis)

    def to_pandas(self) -> dict[str, Any]:
        """`frames` and `trials` as pandas frames, by name.

        Raises:
            RequestError: pandas is not installed.
        """
        return as_pandas({**self.frames, "trials": self.trials})

    def __str__(self) -> str:
        return str(self.answer)

    def __repr__(self) -> str:
        return f"<Results of {self.study['name']}: {len(self.labels)} losses, {self.trials.height} trials>"

    def _repr_html_(self) -> str:
        answer = self.answer
        rows = [
            (row.loss, _number(row.mean), _interval(row.low, row.high), row.ranks or "–", row.n) for row in answer.rows
        ]
        heads = ("loss", answer.metric, "95 % interval", "ranks", "seeds")
        head = Markup("").join(Markup("<th>{}</th>").format(name) for name in heads)
        body = Markup("").join(
            Markup("<tr>{}</tr>").format(Markup("").join(Markup("<td>{}</td>").format(cell) for cell in row))
            for row in rows
        )
        said = Markup("<p><strong>{}</strong></p><p>{}</p>").format(self.study["question"], " ".join(answer.sentences))
        shown = Markup("<table><thead><tr>{}</tr></thead><tbody>{}</tbody></table>").format(head, body)
        return str(said + shown) + self.plot.ranking()._repr_svg_()


def as_pandas(tables: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """Frames as pandas frames, by name.

    Raises:
        RequestError: pandas is not installed.
    """
    try:
        import pandas
    except ImportError:
        raise RequestError("pandas", "installed: pip install pandas", "a Python without it") from None
    return {name: pandas.DataFrame(frame.to_dict(as_series=False)) for name, frame in tables.items()}


def _number(value: float | None) -> str:
    return "–" if value is None else fixed(value)


def _interval(low: float | None, high: float | None) -> str:
    return "–" if low is None or high is None else f"{fixed(low)} to {fixed(high)}"
