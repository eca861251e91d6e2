"""The study's figures for a notebook or a script: `results.plot.accuracy()`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import altair as alt
import polars as pl

from lossbench.analysis import Analysis
from lossbench.errors import RequestError
from lossbench.figures import Figure, draw, render_pdf, render_png, render_svg, specification_text
from lossbench.files import write_atomically, writing_file
from lossbench.results import Results
from lossbench.text import listed, plain

__all__ = ["Plot", "Plots"]


@dataclass(frozen=True, eq=False)
class Plot:
    """One figure of a study; a notebook shows it as a picture.

    Args:
        figure: the same that stands in the report.
    """

    figure: Figure

    @property
    def title(self) -> str:
        """What it shows."""
        return plain(self.figure.title)

    @property
    def caption(self) -> str:
        """How to read it, computed from the data."""
        return plain(self.figure.caption)

    @property
    def data(self) -> pl.DataFrame:
        """The table that it draws."""
        return self.figure.table

    @property
    def chart(self) -> alt.TopLevelMixin:
        """The same as a chart of the library that draws it, to go on from."""
        chart: alt.TopLevelMixin = alt.Chart.from_dict(dict(self.figure.chart))
        return chart

    def save(self, path: str | Path) -> Path:
        """Writes it as .svg, .png, .pdf or .json (its Vega-Lite specification); gives the path.

        Raises:
            RequestError: another ending.
            SaveDirError: the file cannot be written.
        """
        path = Path(path)
        render = _ENDINGS.get(path.suffix.lower())
        if render is None:
            raise RequestError("path", f"a file name that ends with {listed(_ENDINGS, 'or')}", str(path))
        with writing_file("path", path):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, render(self.figure))
        return path

    def __repr__(self) -> str:
        return f"<{self.title}>"

    def _repr_svg_(self) -> str:
        return render_svg(self.figure)


_ENDINGS: Mapping[str, Callable[[Figure], str | bytes]] = {
    ".svg": render_svg,
    ".png": render_png,
    ".pdf": render_pdf,
    ".json": specification_text,
}


class Plots:
    """All figures of a study, by name; they are drawn when the first is asked for.

    Args:
        results: the study's table.
        analysis: what was concluded from it.
    """

    def __init__(self, results: Results, analysis: Analysis) -> None:
        self._results, self._analysis = results, analysis

    def accuracy(self) -> Plot:
        """Accuracy per epoch, the losses side by side."""
        return self._of("accuracy-per-epoch")

    def precision(self) -> Plot:
        """Macro precision per epoch."""
        return self._of("precision-per-epoch")

    def recall(self) -> Plot:
        """Macro recall per epoch."""
        return self._of("recall-per-epoch")

    def f1(self) -> Plot:
        """Macro F1 per epoch."""
        return self._of("f1-per-epoch")

    def nll(self) -> Plot:
        """Negative log-likelihood per epoch, one scale for all losses."""
        return self._of("nll-per-epoch")

    def final_accuracy(self) -> Plot:
        """Accuracy at the last epoch, train and test."""
        return self._of("final-accuracy")

    def ranking(self) -> Plot:
        """The losses by the study's own metric, with intervals and seeds."""
        return self._of("ranking-" + self._analysis.metric.partition(".")[2])

    def comparisons(self) -> Plot:
        """Every loss against every other."""
        return self._of("comparisons")

    def classes(self) -> Plot:
        """Recall of every class."""
        return self._of("classes")

    def confusion(self) -> Plot:
        """Confusion matrices at the last epoch."""
        return self._of("confusion")

    def reliability(self) -> Plot:
        """Whether confidence can be believed."""
        return self._of("reliability")

    def cost(self) -> Plot:
        """Seconds of one trial."""
        return self._of("cost")

    def training(self, loss: str) -> Plot:
        """How one loss trained: its loss and accuracy per epoch, train and test.

        Raises:
            RequestError: no loss of that label.
        """
        self._known(loss)
        return self._of("training-", loss)

    def definition(self, loss: str) -> Plot:
        """What a loss is: value and gradient, with the study's other settings of the same name.

        Raises:
            RequestError: no loss of that label.
        """
        self._known(loss)
        name = next(view.name for view in self._results.losses if view.label == loss)
        first = next(view.label for view in self._results.losses if view.name == name)
        return self._of("definition-", first)

    @cached_property
    def all(self) -> tuple[Plot, ...]:
        """Every figure, in the report's numbers."""
        return tuple(Plot(figure) for figure in draw(self._results, self._analysis))

    def _known(self, loss: str) -> None:
        if loss not in self._results.labels:
            raise RequestError("loss", listed(self._results.labels, "or"), loss)

    def _of(self, slug: str, loss: str | None = None) -> Plot:
        for plot in self.all:
            same = plot.figure.slug == slug if loss is None else plot.figure.slug.startswith(slug)
            if same and plot.figure.loss == loss:
                return plot
        raise RequestError("plot", listed((plot.figure.slug for plot in self.all), "or"), slug.rstrip("-"))
