"""The part of the report that is about single losses, as blocks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lossbench.analysis.types import Analysis
from lossbench.figures import Figure
from lossbench.report import cells, notes
from lossbench.report.document import Block, Bullets, Formula, Heading, Paragraph, Picture, Table
from lossbench.report.families import Family, Member, families
from lossbench.report.gradient_scale import gradient_scales, span
from lossbench.report.sentences_run import shown
from lossbench.results import LossView, Results
from lossbench.text import isolate

__all__ = ["blocks_of_losses"]


def blocks_of_losses(results: Results, analysis: Analysis, figures: Sequence[Figure]) -> Iterator[Block]:
    """First gradients, then every loss by name; nothing where no more is known of them than tables say."""
    named = families(results, analysis)
    if not named:
        return
    yield Heading(1, "The losses")
    yield from _first_gradients(results, analysis)
    for family in named:
        yield from _family(family, figures, trained_here=not results.external)


def _first_gradients(results: Results, analysis: Analysis) -> Iterator[Block]:
    scales = gradient_scales(results)
    known = [scales[loss] for loss in analysis.ranking if scales[loss].ratios]
    if not known:
        return
    yield Heading(2, "How long their first gradients are")
    yield Paragraph(notes.FIRST_GRADIENTS)
    rows = tuple(
        (isolate(x.loss), cells.size(x.ratio), span(x.ratios), str(len(x.ratios)), cells.size(x.equalising_rate))
        for x in known
    )
    heads = ("Loss", "× cross entropy’s", "Over seeds", "Seeds", "Learning rate that would make them equal")
    yield Table("first-gradients", notes.GRADIENT_CAPTION, heads, rows, numbers=frozenset({1, 2, 3, 4}))


def _family(family: Family, figures: Sequence[Figure], *, trained_here: bool) -> Iterator[Block]:
    view = family.view
    yield Heading(2, view.title)
    if view.purpose:
        when = f" Use it {view.when[0].lower()}{view.when[1:]}" if view.when else ""
        yield Paragraph(view.purpose + when)
    if view.formula:
        yield Formula(view.formula)
        yield Paragraph(f"{notes.SYMBOLS} Source: {view.reference}", note=True)
    for title, claims in (("Strengths", view.strengths), ("Weaknesses", view.weaknesses)):
        if claims:
            yield Heading(3, title)
            yield Bullets(tuple(f"{text} ({source})" for text, source in claims))
    yield from _drawn(figures, "definition-", view.label)
    for member in family.members:
        yield from _member(member, figures, trained_here=trained_here)


def _member(member: Member, figures: Sequence[Figure], *, trained_here: bool) -> Iterator[Block]:
    view = member.view
    if trained_here:
        yield Heading(3, f"Measured with {isolate(view.label)}")
    if view.hyperparameters:
        yield Paragraph(_hyperparameters(view), note=True)
    if view.overrides:
        yield Paragraph(notes.own_recipe(view.overrides), note=True)
    yield from _drawn(figures, "training-", view.label)
    yield Paragraph(" ".join(member.sentences))
    if member.why:
        yield Paragraph(" ".join(member.why), lead="Why.")
    if member.first_step:
        yield Paragraph(member.first_step)


def _hyperparameters(view: LossView) -> str:
    values = (isolate(f"{name} = {shown(value)}") for name, value in sorted(view.hyperparameters.items()))
    return f"Hyperparameters: {', '.join(values)}."


def _drawn(figures: Sequence[Figure], prefix: str, loss: str) -> Iterator[Block]:
    return (Picture(figure) for figure in figures if figure.slug.startswith(prefix) and figure.loss == loss)
