"""The page: what each part of the template is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from lossbench.analysis.types import Analysis, Estimate
from lossbench.figures import Figure
from lossbench.figures.charts import drawable
from lossbench.figures.colours import Colours
from lossbench.figures.side_by_side import SIDE_BY_SIDE
from lossbench.figures.style import PALETTE
from lossbench.report import beside, sentences_answer, sentences_limits, sentences_run
from lossbench.report.compared import compared, in_other_metrics
from lossbench.report.definitions import definitions
from lossbench.report.embedded import embedded, library
from lossbench.report.formula import formula
from lossbench.report.gradient_scale import GradientScale, first_step, gradient_scales, span
from lossbench.report.inline import css_colors, inline_svg
from lossbench.report.key_figures import key_figures
from lossbench.report.lookup import metric_title
from lossbench.report.pictures import samples
from lossbench.report.sentences_calibration import calibration_sentences
from lossbench.report.sentences_cost import cost_sentences
from lossbench.report.sentences_curves import side_by_side_sentences
from lossbench.report.sentences_loss import loss_sentences
from lossbench.report.sentences_why import rules, why
from lossbench.results import LossView, Results
from lossbench.text import FSI, PDI, capital, fixed, isolate, p_value, shortened, signed, significant

__all__ = ["page"]

_FEW_HYPOTHESES = 12  # more are first told by outcome, without their evidence
_CHIP = 34  # letters that a button has room for
_MARKS = {"supported": "✓", "contradicted": "✗", "undecided": "?", "not tested": "–"}


@dataclass(frozen=True)
class Drawn:
    """A figure on the page: itself, its inlined SVG, and its chart for JavaScript."""

    figure: Figure
    svg: Markup
    chart: Markup


@dataclass(frozen=True)
class Member:
    """A loss, how it trained, what is said of that, and what of its first step."""

    view: LossView
    training: Drawn | None
    sentences: tuple[str, ...]
    why: tuple[str, ...]
    first_step: str


@dataclass(frozen=True)
class Family:
    """The losses of one name: what they share, and each with what was measured."""

    view: LossView
    formula: Markup
    definition: Drawn | None
    members: tuple[Member, ...]


def page(
    results: Results, analysis: Analysis, figures: Sequence[Figure], svgs: Mapping[int, str], *, pictures: bool = True
) -> str:
    """The whole page.

    Args:
        results: the study's table.
        analysis: what was concluded from it.
        figures: as `draw` gives them.
        svgs: their stand-alone SVGs by number.
        pictures: whether sample pictures of the data are shown.
    """
    drawn = [
        Drawn(figure, inline_svg(figure, svgs[figure.number]), embedded(figure, results.last_epoch))
        for figure in figures
    ]
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
        qualifications=sentences_limits.qualifications(results, analysis),
        key_figures=key_figures(results, analysis),
        hypotheses=_hypotheses(results, analysis),
        ranking=next((item for slug, item in shared.items() if slug.startswith("ranking-")), None),
        final=shared.get("final-accuracy"),
        matrix=shared.get("comparisons"),
        compared=compared(analysis, colours),
        in_other_metrics=in_other_metrics(analysis, colours),
        own=metric_title(analysis.metric),
        beside=_beside(results, analysis),
        curves=_curves(shared),
        scales=[scales[loss] for loss in analysis.ranking if scales[loss].ratios],
        families=_families(results, analysis, drawn, scales),
        headings={metric.column: metric.title for metric in SIDE_BY_SIDE},
        class_map=shared.get("classes"),
        confusion=shared.get("confusion"),
        reliability=shared.get("reliability"),
        calibration=calibration_sentences(shared["reliability"].figure.table) if "reliability" in shared else (),
        cost=_cost(results, shared.get("cost")),
        run=_run(results, analysis),
        samples=samples(results.data) if pictures else [],
        library=library(),
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
        reach=_reach,
        capital=capital,
        isolate=isolate,
        setting=sentences_run.shown,
        drawable=drawable,
        shortened=lambda label: shortened(label, _CHIP),
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


def _reach(ends: tuple[float | None, float | None]) -> str:
    low, high = ends
    return "–" if low is None or high is None else f"{fixed(low)} to {fixed(high)}"


def _significant(value: float | None) -> str:
    return "–" if value is None else significant(value)


def _half(item: Estimate) -> str:
    """Half of an interval, to the decimals of the mean beside it."""
    half = ((item.high or 0) - (item.low or 0)) / 2
    if half >= 1000:
        return fixed(half)
    return f"{half:.3f}" if half >= 0.0005 or half == 0 else "<0.001"


def _p(value: float | None) -> str:
    return "–" if value is None else p_value(value).removeprefix("= ")


def _hypotheses(results: Results, analysis: Analysis) -> dict[str, object]:
    """What became of each, with a mark that needs no colour."""
    rows = [(item, _MARKS[item.outcome]) for item in analysis.findings]
    groups = [
        (outcome, mark, [item for item, _ in rows if item.outcome == outcome]) for outcome, mark in _MARKS.items()
    ]
    grouped = [group for group in groups if group[2]] if len(rows) > _FEW_HYPOTHESES else []
    return {"rows": rows, "grouped": grouped, "summary": sentences_limits.outcomes(results, analysis)}


def _beside(results: Results, analysis: Analysis) -> dict[str, object]:
    """What stands beside the last epoch's numbers; every part may be empty."""
    return {
        "selected": beside.selected(results, analysis),
        "calibrated": beside.calibrated(results, analysis),
        "classes": beside.per_class(analysis),
        "class_sentence": beside.class_sentence(analysis),
    }


def _curves(shared: Mapping[str, Drawn]) -> list[tuple[str, Drawn, tuple[str, ...]]]:
    drawn = {metric.column: shared.get(f"{metric.column}-per-epoch") for metric in SIDE_BY_SIDE}
    found = [(column, item) for column, item in drawn.items() if item is not None]
    accuracy = None if drawn["accuracy"] is None else drawn["accuracy"].figure.table
    return [
        (
            column,
            item,
            side_by_side_sentences(item.figure.table, column, None if column == "accuracy" else accuracy),
        )
        for column, item in found
    ]


def _families(
    results: Results, analysis: Analysis, drawn: Sequence[Drawn], scales: Mapping[str, GradientScale]
) -> list[Family]:
    if results.external and results.history["epoch"].n_unique() < 2:
        return []  # nothing is known of the losses but what the tables above say
    views: dict[str, list[LossView]] = {}
    for view in results.losses:
        views.setdefault(view.name, []).append(view)
    reasons = {x: [item.rule for item in analysis.explanations if item.loss == x] for x in results.labels}
    definitions = _by_loss(drawn, "definition-")
    trainings = _by_loss(drawn, "training-")
    return [
        Family(
            view=group[0],
            formula=formula(group[0].formula),
            definition=definitions.get(group[0].label),
            members=tuple(
                Member(
                    view,
                    trainings.get(view.label),
                    loss_sentences(results, view.label, reasons[view.label]),
                    tuple(why(results, analysis, view.label)),
                    first_step(scales[view.label], view),
                )
                for view in group
            ),
        )
        for group in views.values()
    ]


def _cost(results: Results, drawn: Drawn | None) -> dict[str, object] | None:
    """The sentences, the figure and its rows; nothing where no time is known."""
    if drawn is None or drawn.figure.table.is_empty():
        return None
    return {"sentences": cost_sentences(results), "figure": drawn, "rows": drawn.figure.table.to_dicts()}


def _by_loss(drawn: Sequence[Drawn], prefix: str) -> dict[str, Drawn]:
    return {str(item.figure.loss): item for item in drawn if item.figure.loss and item.figure.slug.startswith(prefix)}


def _run(results: Results, analysis: Analysis) -> dict[str, object]:
    return {
        "recipe": sentences_run.recipe_rows(results.study),
        "data": sentences_run.data_sentences(results.data) if not results.external else (),
        "table": sentences_run.table_sentences(results),
        "provenance": sorted(results.provenance.items()),
        "mixed": sentences_run.mixed(results.provenance),
        "unfinished": sentences_run.unfinished(results),
        "reproduce": () if results.external else sentences_run.reproduce(results),
        "definitions": definitions(results, analysis),
        "rules": rules(),
        "trials": results.trials.height,
    }
