"""The page: what each part of the template is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from lossbench.analysis.types import Analysis
from lossbench.figures import Figure
from lossbench.figures.charts import drawable
from lossbench.figures.colours import Colours
from lossbench.figures.side_by_side import SIDE_BY_SIDE
from lossbench.figures.style import PALETTE
from lossbench.report import beside, cells, notes, sentences_answer, sentences_limits, sentences_run, trials_lost
from lossbench.report.compared import compared, in_other_metrics
from lossbench.report.definitions import definitions
from lossbench.report.document import Bullets, Paragraph, Table
from lossbench.report.embedded import embedded, library
from lossbench.report.families import families
from lossbench.report.formula import formula
from lossbench.report.gradient_scale import gradient_scales, span
from lossbench.report.inline import css_colors, inline_svg
from lossbench.report.key_figures import key_figures
from lossbench.report.lookup import metric_title
from lossbench.report.pictures import samples
from lossbench.report.published_blocks import TITLE, published_section
from lossbench.report.sentences_calibration import calibration_sentences
from lossbench.report.sentences_cost import cost_sentences
from lossbench.report.sentences_curves import side_by_side
from lossbench.report.sentences_scenario import scenario_notes
from lossbench.report.sentences_why import rules
from lossbench.report.sentences_wrong_labels import shot_sentences, wrong_label_sentences
from lossbench.results import Results
from lossbench.text import FSI, PDI, capital, isolate, shortened

__all__ = ["Drawn", "environment", "page"]

_FEW_HYPOTHESES = 12  # more are first told by outcome, without their evidence
_CHIP = 34  # letters that a button has room for
_MARKS = {"supported": "✓", "contradicted": "✗", "undecided": "?", "not tested": "–"}


@dataclass(frozen=True)
class Drawn:
    """A figure on the page: itself, its inlined SVG, and its chart for JavaScript."""

    figure: Figure
    svg: Markup
    chart: Markup

    @classmethod
    def of(cls, figure: Figure, svg: str, last_epoch: int) -> Drawn:
        """A figure with its stand-alone SVG, in a study of so many epochs."""
        return cls(figure, inline_svg(figure, svg), embedded(figure, last_epoch))


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
    drawn = [Drawn.of(figure, svgs[figure.number], results.last_epoch) for figure in figures]
    shared = {item.figure.slug: item for item in drawn if item.figure.loss is None}
    colours = Colours.of(results.labels, analysis)
    scales, keys = gradient_scales(results), key_figures(results, analysis)
    light, dark = css_colors()
    return environment().get_template("page.html").render(
        results=results,
        study=results.study,
        analysis=analysis,
        light=light,
        dark=dark,
        places={label: place % len(PALETTE) for label, place in colours.places.items()},
        colours=colours,
        answer=sentences_answer.answer(analysis),
        qualifications=sentences_limits.qualifications(results, analysis),
        key_figures=keys,
        hypotheses=_hypotheses(results, analysis),
        ranking=next((item for slug, item in shared.items() if slug.startswith("ranking-")), None),
        final=shared.get("final-accuracy"),
        matrix=shared.get("comparisons"),
        compared=compared(analysis, colours),
        in_other_metrics=in_other_metrics(analysis, colours),
        published=_published(analysis),
        own=metric_title(analysis.metric),
        beside=_beside(results, analysis),
        curves=_curves(drawn),
        scales=[scales[loss] for loss in analysis.ranking if scales[loss].ratios],
        families=families(results, analysis),
        definition_of=_by_loss(drawn, "definition-"),
        training_of=_by_loss(drawn, "training-"),
        headings={metric.column: metric.title for metric in SIDE_BY_SIDE},
        class_map=shared.get("classes"),
        confusion=shared.get("confusion"),
        reliability=shared.get("reliability"),
        calibration=calibration_sentences(shared["reliability"].figure.table) if "reliability" in shared else (),
        cost=_cost(results, shared.get("cost")),
        wrong_labels=shared.get("memorised"),
        wrong_label_sentences=wrong_label_sentences(results, analysis),
        shots=[shared[slug] for slug in ("shots", "shots-per-epoch") if slug in shared],
        shot_sentences=shot_sentences(analysis),
        run=_run(results, analysis),
        samples=samples(results.data) if pictures else [],
        library=library(),
        notes=notes,
        key_note=notes.key_note(keys, colours),
        comparisons_note=notes.comparisons_note(analysis, colours),
        numbers=notes.numbers(results),
    )  # fmt: skip


@cache
def environment() -> Environment:
    """The templates with what they call."""
    environment = Environment(
        loader=PackageLoader("lossbench.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        prose=_prose,
        fixed=cells.mean,
        half=cells.half,
        signed=cells.difference,
        significant=cells.size,
        span=span,
        p=cells.p,
        reach=cells.reach,
        capital=capital,
        isolate=isolate,
        setting=sentences_run.shown,
        drawable=drawable,
        formula=formula,
        shortened=lambda label: shortened(label, _CHIP),
    )
    return environment


def _prose(text: str) -> Markup:
    """A computed sentence: what stands between isolates becomes an isolated name."""
    return Markup(str(escape(text)).replace(FSI, '<bdi class="name">').replace(PDI, "</bdi>"))  # noqa: S704 # escaped first


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


def _published(analysis: Analysis) -> dict[str, object] | None:
    """Its paragraphs, its table and its notes; nothing where the study names no published table."""
    blocks = list(published_section(analysis))
    if not blocks:
        return None
    return {
        "title": TITLE,
        "paragraphs": [block.text for block in blocks if isinstance(block, Paragraph)],
        "tables": [block for block in blocks if isinstance(block, Table)],
        "notes": [text for block in blocks if isinstance(block, Bullets) for text in block.items],
    }


def _curves(drawn: Sequence[Drawn]) -> list[tuple[str, Drawn, tuple[str, ...]]]:
    shared = {item.figure.slug: item for item in drawn if item.figure.loss is None}
    found = side_by_side({slug: item.figure for slug, item in shared.items()})
    return [(column, shared[figure.slug], sentences) for column, figure, sentences in found]


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
        "mixed": (*scenario_notes(results), *sentences_run.mixed(results.provenance)),
        "unfinished": trials_lost.unfinished(results),
        "unfinished_caption": trials_lost.unfinished_caption(results),
        "unmeasured": trials_lost.unmeasured(results),
        "unmeasured_listed": trials_lost.unmeasured_listed(results),
        "reproduce": () if results.external else sentences_run.reproduce(results),
        "definitions": definitions(results, analysis),
        "rules": rules(),
        "all_finished": sentences_run.all_finished(results),
        "command": sentences_run.command(results.study),
    }
