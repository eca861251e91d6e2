"""Results -> Analysis: a pure function of the table."""

from __future__ import annotations

from collections.abc import Sequence

from lossbench.analysis.beside_published import beside_published
from lossbench.analysis.comparisons import compare_all
from lossbench.analysis.estimates import METRICS, estimate_all
from lossbench.analysis.explain import explain
from lossbench.analysis.family import Arm, Family, Question
from lossbench.analysis.hypotheses import findings
from lossbench.analysis.looks import looks_taken
from lossbench.analysis.standings import standings
from lossbench.analysis.types import Analysis, Comparison, Estimate
from lossbench.results import Results

__all__ = ["analyse"]


def analyse(results: Results) -> Analysis:
    """Estimates of every loss, split and metric, and the comparison of every pair in every test metric.

    The primary metric and the margin are those of the study's plan, written before the run. The other metrics are
    compared with the same margin, each in a family of its own.
    """
    metric = str(results.study["plan"]["metric"])
    split, _, column = metric.partition(".")
    estimates = estimate_all(results)
    names = [name for name in (*METRICS, *results.logit_metrics) if name != "loss" or name == column]
    families = {name: _family(results, estimates, split, name) for name in names}
    primary = _overall(estimates, split, column)
    accuracy = _overall(estimates, split, "accuracy")
    comparisons = compare_all(families[column])
    by_loss = {e.loss: e for e in primary}
    ranking = sorted(results.labels, key=lambda label: _rank_key(by_loss[label], not results.lower_is_better(column)))
    others = [family for name, family in families.items() if name != column and family.seeds]
    return Analysis(
        metric=metric,
        margin=float(results.study["plan"]["margin"]),
        higher_is_better=not results.lower_is_better(column),
        estimates=estimates,
        comparisons=comparisons,
        ranking=tuple(ranking),
        leaders=_leaders(ranking, by_loss, comparisons),
        standings=standings(families[column], comparisons, primary, accuracy),
        secondary=tuple(item for family in others for item in compare_all(family)),
        findings=findings(results),
        explanations=explain(results),
        published=beside_published(results, estimates),
    )


def _family(results: Results, estimates: Sequence[Estimate], split: str, column: str) -> Family:
    """Every loss's values of one metric, and what is asked of them."""
    per_picture = {"accuracy": results.correct, **results.per_picture}.get(column, {})
    arms = [
        Arm(e.loss, dict(zip(e.seeds, e.values, strict=True)), per_picture.get(e.loss, {}), e.diverged)
        for e in _overall(estimates, split, column)
    ]
    question = Question(
        metric=f"{split}.{column}",
        margin=float(results.study["plan"]["margin"]),
        higher_is_better=not results.lower_is_better(column),
        pictures=results.data.test,
        classes=len(results.data.class_names),
        looks=looks_taken(results),
        seeds=tuple(results.study.get("seeds", ())),
    )
    return Family(arms, question)


def _overall(estimates: Sequence[Estimate], split: str, metric: str) -> list[Estimate]:
    return [e for e in estimates if e.overall and e.split == split and e.metric == metric]


def _rank_key(estimate: Estimate, higher_is_better: bool) -> tuple[bool, float]:
    if estimate.mean is None:
        return True, 0.0
    return False, -estimate.mean if higher_is_better else estimate.mean


def _leaders(
    ranking: Sequence[str], primary: dict[str, Estimate], comparisons: Sequence[Comparison]
) -> tuple[str, ...]:
    """The losses that no other is shown to be better than, best mean first; those without a value are none."""
    beaten = {c.b for c in comparisons if c.verdict == "better"} | {c.a for c in comparisons if c.verdict == "worse"}
    return tuple(label for label in ranking if label not in beaten and primary[label].mean is not None)
