"""Which figures a study has, and their numbers."""

import pytest

from lossbench.figures import draw
from synthetic import DOCUMENT, HOSTILE, analyse, study

TITLES = (
    "definition-l1",
    "training-l1",
    "definition-cross-entropy",
    "training-cross-entropy",
    "definition-focal",
    "training-focal-gamma-2",
    "training-focal-gamma-0.5",
    "final-accuracy",
    "accuracy-per-epoch",
    "precision-per-epoch",
    "recall-per-epoch",
    "f1-per-epoch",
    "nll-per-epoch",
    "ranking-accuracy",
    "confusion",
    "comparisons",
    "classes",
    "reliability",
    "cost",
)


def test_the_documents_losses_get_the_documents_numbers() -> None:
    results = study(seeds=1, epochs=2)
    figures = draw(results, analyse(results))
    assert tuple(figure.slug for figure in figures) == TITLES
    assert [figure.number for figure in figures] == list(range(1, 20))
    assert figures[7].stem == "08-final-accuracy"
    assert [figure.loss for figure in figures[:7]] == [
        "l1", "l1", "cross_entropy", "cross_entropy", "focal(gamma=2)", "focal(gamma=2)", "focal(gamma=0.5)"
    ]  # fmt: skip


def test_losses_of_one_name_stand_together_at_the_first_ones_place() -> None:
    results = study(losses=("focal(gamma=2)", "l1", "focal(gamma=0.5)"), seeds=1, epochs=2)
    slugs = [figure.slug for figure in draw(results, analyse(results))]
    assert slugs[:5] == [
        "definition-focal", "training-focal-gamma-2", "training-focal-gamma-0.5", "definition-l1", "training-l1"
    ]  # fmt: skip


def test_every_stem_is_a_plain_and_different_file_name() -> None:
    results = study(losses=(*HOSTILE[2:], "=", "x" * 199), seeds=1, epochs=2)
    stems = [figure.stem for figure in draw(results, analyse(results))]
    assert len(set(stems)) == len(stems)
    assert all(set(stem) <= set("abcdefghijklmnopqrstuvwxyz0123456789-.") and len(stem) < 90 for stem in stems)


def test_losses_of_long_and_alike_names_have_different_training_figures() -> None:
    path = "my_package.robust_losses:a_loss_with_a_name_of_more_than_sixty_letters"
    labels = (f"{path}(alpha=2)", f"{path}(alpha=3)", "my:loss", "my_loss", "\u05d0:\u05d1", "\u05d2:\u05d3")
    results = study(losses=labels, seeds=1, epochs=2)
    figures = [figure for figure in draw(results, analyse(results)) if figure.slug.startswith("training-")]
    assert [figure.loss for figure in figures] == list(labels)
    assert len({figure.slug for figure in figures}) == len(labels)
    assert figures[1].slug == figures[0].slug + "-2"
    assert [figure.slug for figure in figures[2:]] == [
        "training-my-loss", "training-my-loss-2", "training-loss", "training-loss-2"
    ]  # fmt: skip


def test_a_long_label_loses_its_middle_in_legends_and_at_axes_only_where_there_is_one() -> None:
    long = "my_package.robust_losses:make(alpha=2.5, beta=0.25)"
    for labels, short in ((("l1", long), True), (DOCUMENT, False)):
        results = study(losses=labels, seeds=1, epochs=2)
        figures = {figure.slug: figure for figure in draw(results, analyse(results))}
        for slug in ("ranking-accuracy", "final-accuracy", "accuracy-per-epoch"):
            assert ("slice(datum.label" in str(figures[slug].chart)) == short


@pytest.mark.parametrize("metric", ["nll", "f1"])
def test_the_ranking_is_drawn_in_the_studys_own_metric(metric: str) -> None:
    results = study(losses=DOCUMENT[:2], seeds=2, epochs=2, metric=f"test.{metric}")
    analysis = analyse(results)
    figure = draw(results, analysis)[-6]
    assert figure.slug == f"ranking-{metric}"
    means = figure.table.filter(figure.table["kind"] == "mean")
    assert tuple(means["loss_function"]) == analysis.ranking
    assert list(means["value"]) == sorted(means["value"], reverse=metric == "f1")
    assert ("lower is better" in figure.caption) == (metric == "nll")


def test_the_same_input_gives_the_same_figures() -> None:
    results = study(losses=DOCUMENT[:1], seeds=2, epochs=2)
    first, second = draw(results, analyse(results)), draw(results, analyse(results))
    for one, other in zip(first, second, strict=True):
        assert one.chart == other.chart
        assert one.table.equals(other.table)
        assert (one.title, one.caption, one.alt) == (other.title, other.caption, other.alt)
