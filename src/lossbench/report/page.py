"""The page: what each part of the template is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from lossbench.analysis.types import Analysis, Comparison, Estimate
from lossbench.figures import Figure
from lossbench.figures.colours import Colours
from lossbench.figures.curves import ended, split_title, train_split
from lossbench.figures.side_by_side import SIDE_BY_SIDE
from lossbench.figures.style import PALETTE
from lossbench.figures.text import FSI, PDI, capital, fixed, isolate, signed, significant
from lossbench.report import sentences_answer, sentences_run
from lossbench.report.formula import formula
from lossbench.report.gradient_scale import GradientScale, first_step, gradient_scales, span
from lossbench.report.inline import css_colors, inline_svg
from lossbench.report.lookup import column_title, estimate, finished, metric_title, pair
from lossbench.report.pictures import samples
from lossbench.report.sentences_curves import side_by_side_sentences
from lossbench.report.sentences_loss import loss_sentences
from lossbench.results import LossView, Results

__all__ = ["page"]

_ALONGSIDE = ("accuracy", "f1", "nll", "ece")  # of every loss in the key figures, on the test set


@dataclass(frozen=True)
class Drawn:
    """A figure on the page: itself and its inlined SVG."""

    figure: Figure
    svg: Markup


@dataclass(frozen=True)
class Member:
    """A loss, how it trained, what is said of that, and what of its first step."""

    view: LossView
    training: Drawn
    sentences: tuple[str, ...]
    first_step: str


@dataclass(frozen=True)
class Family:
    """The losses of one name: what they share, and each with what was measured."""

    view: LossView
    formula: Markup
    definition: Drawn
    members: tuple[Member, ...]


def page(results: Results, analysis: Analysis, figures: Sequence[Figure], svgs: Mapping[int, str]) -> str:
    """The whole page.

    Args:
        results: the study's table.
        analysis: what was concluded from it.
        figures: as `draw` gives them.
        svgs: their stand-alone SVGs by number.
    """
    drawn = [Drawn(figure, inline_svg(figure, svgs[figure.number])) for figure in figures]
    shared = {item.figure.slug: item for item in drawn if item.figure.loss is None}
    colours = Colours.of(results.labels, analysis)
    scales = gradient_scales(results)
    light, dark = css_colors()
    return _environment().get_template("page.html").render(
        results=results,
        study=results.study,
        analysis=analysis,
        light=light,
        dark=dark,
        places={label: place % len(PALETTE) for label, place in colours.places.items()},
        colours=colours,
        answer=sentences_answer.answer(analysis),
        qualifications=sentences_answer.qualifications(results, analysis),
        key_figures=_key_figures(results, analysis),
        final=[item for slug, item in shared.items() if slug.startswith("ranking-") or slug == "final-accuracy"],
        comparisons=_comparisons(analysis, colours),
        compared=metric_title(analysis.metric),
        curves=_curves(shared),
        scales=[scales[loss] for loss in analysis.ranking if scales[loss].ratios],
        families=_families(results, drawn, scales),
        headings={metric.column: metric.title for metric in SIDE_BY_SIDE},
        confusion=shared["confusion"],
        run=_run(results, analysis),
        samples=samples(results.data),
    )  # fmt: skip


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("lossbench.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        prose=_prose,
        fixed=_fixed,
        half=_half,
        signed=_signed,
        significant=_significant,
        span=span,
        p=_p,
        capital=capital,
        isolate=isolate,
        setting=sentences_run.shown,
    )
    return environment


def _prose(text: str) -> Markup:
    """A computed sentence: what stands between isolates becomes an isolated name."""
    return Markup(str(escape(text)).replace(FSI, '<bdi class="name">').replace(PDI, "</bdi>"))  # noqa: S704 # escaped first


def _fixed(value: float | None) -> str:
    return "–" if value is None else fixed(value)


def _signed(value: float | None) -> str:
    """A difference; one that is float64's rounding alone is none."""
    return "–" if value is None else signed(value if abs(value) > 1e-12 else 0.0)


def _significant(value: float | None) -> str:
    return "–" if value is None else significant(value)


def _half(item: Estimate) -> str:
    """Half of an interval, to the decimals of the mean beside it."""
    half = ((item.high or 0) - (item.low or 0)) / 2
    if half >= 1000:
        return fixed(half)
    return f"{half:.3f}" if half >= 0.0005 or half == 0 else "<0.001"


def _p(value: float | None) -> str:
    return "–" if value is None else "< 0.001" if value < 0.001 else f"{value:.3f}"


def _key_figures(results: Results, analysis: Analysis) -> dict[str, object]:
    """The table under the answer: the study's own metric first, then the others on the test set."""
    split, _, own = analysis.metric.partition(".")
    wanted = [(split, own), *(("test", name) for name in _ALONGSIDE if ("test", name) != (split, own))]
    wanted.append((train_split(results), "accuracy"))
    heads = [f"{split_title(at)} {column_title(name)}" for at, name in wanted]
    rows = [
        {
            "rank": rank,
            "loss": loss,
            "cells": [estimate(analysis, loss, name, at) for at, name in wanted],
            "trials": _trials(results, loss),
        }
        for rank, loss in enumerate(analysis.ranking, start=1)
    ]
    ranked = {item.loss for item in finished(analysis)}
    leaders = set(analysis.leaders)
    return {"heads": heads, "rows": rows, "leaders": leaders if leaders < ranked else set()}


def _trials(results: Results, loss: str) -> str:
    """`4 of 5; 1 diverged`."""
    counts = {status: len(ended(results, loss, status)) for status in ("finished", "diverged", "failed", "missing")}
    lost = [f"{count} {status}" for status, count in counts.items() if count and status != "finished"]
    return "; ".join([f"{counts['finished']} of {sum(counts.values())}", *lost])


def _comparisons(analysis: Analysis, colours: Colours) -> list[tuple[Comparison, str]]:
    """Every pair of losses, each with its verdict in words; of many losses the leader against every other."""
    shown: Sequence[Comparison] = analysis.comparisons
    if colours.others:
        leader, *others = analysis.ranking
        shown = [item for other in others if (item := pair(analysis, leader, other)) is not None]
    return [(item, sentences_answer.verdict_words(item, analysis.margin)) for item in shown]


def _curves(shared: Mapping[str, Drawn]) -> list[tuple[str, Drawn, tuple[str, ...]]]:
    accuracy = shared["accuracy-per-epoch"].figure.table
    found = [(metric.column, shared[f"{metric.column}-per-epoch"]) for metric in SIDE_BY_SIDE]
    return [
        (
            column,
            item,
            side_by_side_sentences(item.figure.table, column, None if column == "accuracy" else accuracy),
        )
        for column, item in found
    ]


def _families(results: Results, drawn: Sequence[Drawn], scales: Mapping[str, GradientScale]) -> list[Family]:
    views: dict[str, list[LossView]] = {}
    for view in results.losses:
        views.setdefault(view.name, []).append(view)
    definitions = _by_loss(drawn, "definition-")
    trainings = _by_loss(drawn, "training-")
    return [
        Family(
            view=group[0],
            formula=formula(group[0].formula),
            definition=definitions[group[0].label],
            members=tuple(
                Member(
                    view,
                    trainings[view.label],
                    loss_sentences(results, view.label),
                    first_step(scales[view.label], view),
                )
                for view in group
            ),
        )
        for group in views.values()
    ]


def _by_loss(drawn: Sequence[Drawn], prefix: str) -> dict[str, Drawn]:
    return {str(item.figure.loss): item for item in drawn if item.figure.loss and item.figure.slug.startswith(prefix)}


def _run(results: Results, analysis: Analysis) -> dict[str, object]:
    return {
        "recipe": sentences_run.recipe_rows(results.study),
        "data": sentences_run.data_sentences(results.data),
        "provenance": sorted(results.provenance.items()),
        "mixed": sentences_run.mixed(results.provenance),
        "unfinished": sentences_run.unfinished(results),
        "reproduce": sentences_run.reproduce(results),
        "definitions": sentences_run.definitions(results, analysis.margin),
        "trials": results.trials.height,
    }
