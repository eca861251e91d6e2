"""The whole report as blocks, in the page's order and from the page's own parts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from lossbench.analysis.types import Analysis
from lossbench.figures import Figure
from lossbench.figures.colours import Colours
from lossbench.figures.side_by_side import SIDE_BY_SIDE
from lossbench.report import beside, notes, sentences_answer, sentences_limits, sentences_run, trials_lost
from lossbench.report.blocks_losses import blocks_of_losses
from lossbench.report.blocks_tables import (
    class_tables,
    comparison_table,
    cost_block,
    hypotheses_table,
    key_table,
    two_columns,
)
from lossbench.report.compared import compared, in_other_metrics
from lossbench.report.definitions import definitions
from lossbench.report.document import Block, Code, Heading, Paragraph, Picture, Table, Terms, Title
from lossbench.report.families import families
from lossbench.report.key_figures import key_figures
from lossbench.report.lookup import metric_title
from lossbench.report.published_blocks import published_section
from lossbench.report.sentences_calibration import calibration_sentences
from lossbench.report.sentences_cost import cost_sentences
from lossbench.report.sentences_curves import side_by_side
from lossbench.report.sentences_scenario import scenario_notes
from lossbench.report.sentences_why import rules
from lossbench.report.sentences_wrong_labels import shot_sentences, wrong_label_sentences
from lossbench.results import Results
from lossbench.text import capital, isolate

__all__ = ["blocks"]

Shared = Mapping[str, Figure]


def blocks(results: Results, analysis: Analysis, figures: Sequence[Figure]) -> tuple[Block, ...]:
    """The report.

    Args:
        results: the study's table.
        analysis: what was concluded from it.
        figures: as `draw` gives them.
    """
    shared = {figure.slug: figure for figure in figures if figure.loss is None}
    colours = Colours.of(results.labels, analysis)
    return (
        *_answer(results, analysis, shared, colours),
        *_hypotheses(results, analysis),
        *blocks_of_losses(results, analysis, figures),
        *_curves(shared),
        *_final(results, analysis, shared),
        *_comparisons(analysis, shared, colours),
        *published_section(analysis),
        *_classes(analysis, shared),
        *_scenarios(results, analysis, shared),
        *_calibration(results, analysis, shared),
        *_cost(results, shared),
        *_run(results),
        *_definitions(results, analysis),
    )


def _answer(results: Results, analysis: Analysis, shared: Shared, colours: Colours) -> Iterator[Block]:
    study, keys = results.study, key_figures(results, analysis)
    yield Title(str(study["name"]), str(study["question"]), " ".join(sentences_answer.answer(analysis)))
    qualifications = " ".join(sentences_limits.qualifications(results, analysis))
    if qualifications:
        yield Paragraph(qualifications, note=True)
    for sentence in (*scenario_notes(results), *sentences_run.mixed(results.provenance)):
        yield Paragraph(sentence, lead="Note.")
    yield from (Picture(figure) for slug, figure in shared.items() if slug.startswith("ranking-"))
    yield key_table(keys)
    yield Paragraph(notes.key_note(keys, colours), note=True)


def _hypotheses(results: Results, analysis: Analysis) -> Iterator[Block]:
    if analysis.findings:
        yield Heading(1, "Hypotheses")
        yield Paragraph(sentences_limits.outcomes(results, analysis))
        yield hypotheses_table(analysis)


def _curves(shared: Shared) -> Iterator[Block]:
    drawn = side_by_side(shared)
    if not drawn:
        return
    yield Heading(1, "Curves side by side")
    yield Paragraph(notes.CURVES)
    titles = {metric.column: metric.title for metric in SIDE_BY_SIDE}
    for column, figure, sentences in drawn:
        yield Heading(2, titles[column])
        yield Picture(figure)
        yield Paragraph(" ".join(sentences))


def _final(results: Results, analysis: Analysis, shared: Shared) -> Iterator[Block]:
    selected = beside.selected(results, analysis)
    if "final-accuracy" not in shared and not selected:
        return
    yield Heading(1, "Where the losses ended")
    if "final-accuracy" in shared:
        yield Picture(shared["final-accuracy"])
    if selected:
        own = capital(metric_title(analysis.metric))
        caption = f"{own} at the last epoch, and at the epoch that each seed selected on validation pictures"
        yield two_columns("selected-epoch", caption, ("Last epoch", "Selected epoch", "Which epochs"), selected)


def _comparisons(analysis: Analysis, shared: Shared, colours: Colours) -> Iterator[Block]:
    yield Heading(1, "Comparisons")
    table = compared(analysis, colours)
    if not table.rows:
        yield Paragraph(notes.ALONE)
        return
    yield Paragraph(notes.comparisons_note(analysis, colours))
    if "comparisons" in shared:
        yield Picture(shared["comparisons"])
    yield comparison_table("comparisons", table)
    others = in_other_metrics(analysis, colours)
    if others:
        yield Heading(2, "In other metrics")
        yield Paragraph(notes.OTHER_METRICS)
        for other in others:
            yield Paragraph(f"{capital(other.metric)}: {other.summary}.")
            yield comparison_table(f"comparisons-{other.metric.replace(' ', '-').lower()}", other)


def _classes(analysis: Analysis, shared: Shared) -> Iterator[Block]:
    drawn = [shared[slug] for slug in ("classes", "confusion") if slug in shared]
    if not drawn:
        return
    yield Heading(1, "Classes")
    sentence = beside.class_sentence(analysis)
    if sentence:
        yield Paragraph(sentence)
    yield from map(Picture, drawn)
    yield from class_tables(beside.per_class(analysis))


def _scenarios(results: Results, analysis: Analysis, shared: Shared) -> Iterator[Block]:
    """What only label noise and unequal classes have."""
    for title, sentences, slugs in (
        (notes.WRONG_LABELS, wrong_label_sentences(results, analysis), ("memorised",)),
        (notes.UNEQUAL_CLASSES, shot_sentences(analysis), ("shots", "shots-per-epoch")),
    ):
        drawn = [Picture(shared[slug]) for slug in slugs if slug in shared]
        if drawn:
            yield Heading(1, title)
            yield Paragraph(" ".join(sentences))
            yield from drawn


def _calibration(results: Results, analysis: Analysis, shared: Shared) -> Iterator[Block]:
    calibrated = beside.calibrated(results, analysis)
    if "reliability" not in shared and not calibrated:
        return
    yield Heading(1, "Calibration")
    if "reliability" in shared:
        for sentence in calibration_sentences(shared["reliability"].table):
            yield Paragraph(sentence)
        yield Picture(shared["reliability"])
    if calibrated:
        heads = ("As trained", "After scaling", "Temperature")
        yield two_columns("calibration", notes.CALIBRATED, heads, calibrated)


def _cost(results: Results, shared: Shared) -> Iterator[Block]:
    if "cost" in shared and not shared["cost"].table.is_empty():
        yield Heading(1, "Cost")
        yield Paragraph(" ".join(cost_sentences(results)))
        yield Picture(shared["cost"])
        yield cost_block(shared["cost"].table)


def _run(results: Results) -> Iterator[Block]:
    yield Heading(1, "What was compared" if results.external else "What was run")
    about = sentences_run.table_sentences(results) if results.external else sentences_run.data_sentences(results.data)
    yield Paragraph(" ".join(about))
    yield Table(
        "recipe", "Every setting of the study", ("Setting", "Value"), tuple(sentences_run.recipe_rows(results.study))
    )
    if not results.external:
        found = tuple((name, ", ".join(values) or "–") for name, values in sorted(results.provenance.items()))
        rows = (("data digest", results.data.digest), *found)
        yield Table("circumstances", "What the trials ran on", ("What", "Found"), rows)
    yield Heading(2, "Missing, failed and diverged trials")
    yield from _unfinished(results)
    yield from _unmeasured(results)
    yield Heading(2, "Where the numbers are" if results.external else "How to reproduce it")
    if not results.external:
        yield Code(sentences_run.command(results.study))
        yield Paragraph(" ".join(sentences_run.reproduce(results)))
    yield Paragraph(notes.numbers(results))


def _unmeasured(results: Results) -> Iterator[Block]:
    """Values of the study's own metrics that are not there; nothing where all are."""
    rows = tuple(
        (isolate(loss), str(seed), isolate(metric), isolate(reason))
        for loss, seed, metric, reason in trials_lost.unmeasured(results)
    )
    if rows:
        listed = trials_lost.unmeasured_listed(results)
        caption = f"Values of the study's own metrics that are missing; they enter no mean{listed}"
        yield Table(
            "unmeasured",
            caption,
            ("Loss", "Seed", "Metric", "Reason"),
            rows,
            numbers=frozenset({1}),
        )


def _unfinished(results: Results) -> Iterator[Block]:
    rows = trials_lost.unfinished(results)
    if not rows:
        yield Paragraph(sentences_run.all_finished(results))
        return
    caption = trials_lost.unfinished_caption(results)
    yield Table(
        "unfinished",
        caption,
        ("Loss", "Seed", "Status", "Epochs done", "Reason"),
        tuple(
            (
                isolate(row["loss_function"]),
                str(row["seed"]),
                row["status"],
                str(row["epochs"] or 0),
                row["reason"] or "–",
            )
            for row in rows
        ),
        numbers=frozenset({1, 3}),
    )


def _definitions(results: Results, analysis: Analysis) -> Iterator[Block]:
    yield Heading(1, "Definitions")
    yield Terms(tuple(definitions(results, analysis)))
    if families(results, analysis):
        yield Heading(2, "How reasons are found")
        yield Paragraph(notes.REASONS)
        yield Terms(tuple(rules()))
