"""The report above those of a study's conditions, as blocks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lossbench.analysis.across import Across
from lossbench.analysis.within import Within
from lossbench.figures import AcrossFigures
from lossbench.report import notes, sentences_run
from lossbench.report.document import Block, Bullets, Code, Heading, Paragraph, Picture, Table, Terms, Title
from lossbench.report.lookup import metric_title
from lossbench.report.overview_definitions import definitions_across
from lossbench.report.overview_tables import (
    carried_table,
    condition_table,
    data_table,
    hypotheses_across,
    tuned_tables,
)
from lossbench.report.published_blocks import published_blocks
from lossbench.report.sentences_across import answer_across
from lossbench.report.sentences_carried import (
    between_models,
    between_scenarios,
    carried_sentences,
    gain_sentences,
    tuned_sentence,
    where,
)
from lossbench.report.sentences_levels import crossing_sentences, series_title
from lossbench.report.sentences_scenario import notes_across
from lossbench.spec import Condition
from lossbench.text import counted, isolate, listed

__all__ = ["overview_blocks"]


def overview_blocks(
    study: Mapping[str, Any],
    within: Sequence[Within],
    across: Across,
    figures: AcrossFigures,
    folders: Mapping[Condition, str],
) -> tuple[Block, ...]:
    """The overview.

    Args:
        study: as plain values.
        within: its conditions.
        across: what is concluded from them together.
        figures: as `draw_across` gives them.
        folders: the path of each condition's folder below the study's.
    """
    return (
        Title(str(study["name"]), str(study["question"]), " ".join(answer_across(across))),
        *_answer(within, across, figures, folders),
        *_levels(across, figures),
        *_carried(across),
        *_tuned(across),
        *published_blocks(study, within),
        *_hypotheses(across),
        *_run(study, within),
        Heading(1, "Definitions"),
        Terms(definitions_across(across)),
    )


def _answer(
    within: Sequence[Within], across: Across, figures: AcrossFigures, folders: Mapping[Condition, str]
) -> Iterator[Block]:
    yield Paragraph(_scope(across), note=True)
    known = (*notes_across([item.results for item in within]), *sentences_run.mixed(_provenance(within)))
    for sentence in known:
        yield Paragraph(sentence, lead="Note.")
    yield condition_table(across, folders)
    yield Picture(figures.conditions)


def _scope(across: Across) -> str:
    """How many conditions of what, and what is not done over them."""
    parts = []
    for name, plural in (("model", "models"), ("scenario", "scenarios"), ("recipe", "recipes")):
        count = len({getattr(condition, name) for condition in across.conditions})
        parts += [counted(count, name, plural)] if count > 1 else []
    return (
        f"{counted(len(across.losses), 'loss', 'losses')} in {counted(len(across.conditions), 'condition')}: "
        f"{' × '.join(parts)}. Losses are compared within each condition, whose own report has the whole analysis; no "
        "p-value is adjusted over conditions."
    )


def _levels(across: Across, figures: AcrossFigures) -> Iterator[Block]:
    if not across.series:
        return
    axes = {"noise": "label noise", "imbalance": "imbalance", "train_size": "training size"}
    yield Heading(1, f"Along {listed(dict.fromkeys(axes[series.axis] for series in across.series))}")
    for series, crossings, drawn in zip(across.series, across.crossings, figures.series, strict=True):
        own, *beside = map(Picture, drawn)
        yield Heading(2, series_title(across, series))
        yield own
        yield Bullets(crossing_sentences(series, crossings))
        yield from beside


def _carried(across: Across) -> Iterator[Block]:
    models, scenarios = between_models(across), between_scenarios(across)
    if not models and not scenarios:
        return
    yield Heading(1, "Does the ranking carry over?")
    for items, what, caption in (
        (models, "model", "The same scenario with two models"),
        (scenarios, "scenario", "The study's first scenario and each other, with the same model"),
    ):
        if items:
            yield Heading(2, f"From {what} to {what}")
            yield Paragraph(" ".join(carried_sentences(across, items, what)))
            yield carried_table(across, items, f"carried-{what}s", caption)


def _tuned(across: Across) -> Iterator[Block]:
    if not across.tuned:
        return
    yield Heading(1, "Fixed and tuned")
    yield Paragraph(tuned_sentence(across.tuned))
    for number, item in enumerate(across.tuned, start=1):
        if len(across.tuned) > 1:
            yield Heading(2, f"With {where(across, item.carried)}")
        yield Paragraph(" ".join(gain_sentences(item, metric_title(across.metric), across.higher_is_better)))
        yield from tuned_tables(across, item, number)


def _hypotheses(across: Across) -> Iterator[Block]:
    table = hypotheses_across(across)
    if table is not None:
        yield Heading(1, "Hypotheses")
        yield table


def _run(study: Mapping[str, Any], within: Sequence[Within]) -> Iterator[Block]:
    yield Heading(1, "What was run")
    several = len({item.condition.scenario for item in within}) > 1
    yield Paragraph(" ".join(sentences_run.data_sentences(within[0].results.data, trained_on=not several)))
    if several:
        yield data_table(within)
    rows = tuple(sentences_run.recipe_rows(study))
    yield Table("recipe", "Every setting of the study", ("Setting", "Value"), rows)
    for label, overrides in _own_recipes(within):
        yield Paragraph(f"{isolate(label)}: {notes.own_recipe(overrides)}", note=True)
    yield Heading(2, "How to reproduce it")
    yield Code(sentences_run.command(study))
    yield Paragraph(" ".join(sentences_run.reproduce(within[0].results)))
    yield Paragraph(
        "The tables of all conditions stand beside this report as CSV and Parquet, with what differs between "
        "conditions in front: history, summary, comparisons, standings; and levels, crossings, carried and gains, as "
        "far as the study has them. Each condition's folder has its own."
    )


def _own_recipes(within: Sequence[Within]) -> list[tuple[str, Mapping[str, Any]]]:
    """The losses that the fixed recipe of the study does not hold for, each with what it has instead."""
    views = {view.label: view.overrides for item in within for view in item.results.losses if view.overrides}
    return sorted(views.items())


def _provenance(within: Sequence[Within]) -> dict[str, tuple[str, ...]]:
    """What the trials of all conditions ran on."""
    found: dict[str, set[str]] = {}
    for item in within:
        for name, values in item.results.provenance.items():
            found.setdefault(name, set()).update(values)
    return {name: tuple(sorted(values)) for name, values in found.items()}
