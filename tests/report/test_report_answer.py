"""The answer's sentences follow the data: every branch."""

from dataclasses import replace
from typing import Any

import pytest

from lossbench.analysis.types import Analysis, Comparison, Estimate, Verdict
from lossbench.report import summary_text
from lossbench.report.lookup import between, pair
from lossbench.report.sentences_answer import answer
from lossbench.report.sentences_comparison import verdict_words
from lossbench.report.sentences_limits import failures, qualifications
from lossbench.text import plain
from synthetic import DOCUMENT, analyse, study


def estimate(loss: str, mean: float | None, seeds: int = 5, spread: float = 0.01) -> Estimate:
    several = seeds > 1 and mean is not None
    return Estimate(
        loss=loss,
        split="test",
        metric="accuracy",
        epoch=30,
        seeds=tuple(range(1, seeds + 1)) if mean is not None else (),
        values=(mean,) * seeds if mean is not None else (),
        mean=mean,
        sd=0.01 if several else None,
        low=mean - spread if several and mean is not None else None,
        high=mean + spread if several and mean is not None else None,
        diverged=0,
        failed=0,
    )


def compared(a: str, b: str, verdict: Verdict, difference: float = 0.1, **changes: Any) -> Comparison:
    made = Comparison(
        metric="test.accuracy",
        a=a,
        b=b,
        seeds=5,
        difference=difference,
        low=difference - 0.02,
        high=difference + 0.02,
        p_difference=0.01,
        p_adjusted=0.5 if verdict in ("undecided", "equivalent") else 0.02,
        p_equivalence=0.9,
        probability_of_superiority=1.0,
        verdict=verdict,
        reason="",
    )
    return replace(made, **changes)


def analysis(estimates: list[Estimate], pairs: list[Comparison], leaders: tuple[str, ...]) -> Analysis:
    ranked = sorted(estimates, key=lambda item: -1 if item.mean is None else item.mean, reverse=True)
    return Analysis(
        "test.accuracy", 0.01, True, tuple(estimates), tuple(pairs), tuple(item.loss for item in ranked), leaders
    )


def said(value: Analysis) -> str:
    return plain(" ".join(answer(value)))


def test_the_leader_with_its_interval_comes_first() -> None:
    text = said(analysis([estimate("a", 0.5), estimate("b", 0.6)], [compared("a", "b", "worse", -0.1)], ("b",)))
    assert text == (
        "Test accuracy is highest with b: 0.600 (95 % interval 0.590 to 0.610, 5 seeds). "
        "b is shown to be better than a (by 0.100). "
        "Every other loss is shown to be worse than some loss, so this study's choice is b."
    )


def test_undecided_is_said_plainly() -> None:
    pair = compared("a", "b", "undecided", 0.01, seeds_to_decide=12, seeds_to_decide_high=40)
    text = said(analysis([estimate("a", 0.6), estimate("b", 0.5)], [pair], ("a", "b")))
    shown = "a is undecided against b, no difference shown (+0.010, 95 % interval \u22120.010 to 0.030)"
    assert f"{shown}: about 12 seeds (up to 40) would decide it, with 80 % power." in text
    assert "No loss is shown to be worse than any other, nor are all shown to be equivalent" in text
    assert "better" not in text


def test_what_no_number_of_seeds_decides_is_said_so() -> None:
    far = compared("a", "b", "undecided", 0.01)
    text = said(analysis([estimate("a", 0.6), estimate("b", 0.5)], [far], ("a", "b")))
    assert "more than 1,000 seeds would be needed to decide it, with 80 % power." in text
    near = replace(far, seeds_to_decide=900)
    text = said(analysis([estimate("a", 0.6), estimate("b", 0.5)], [near], ("a", "b")))
    assert "about 900 seeds (possibly more than 1,000) would decide it" in text


def test_equivalent_is_another_thing_than_undecided() -> None:
    text = said(
        analysis([estimate("a", 0.6), estimate("b", 0.599)], [compared("a", "b", "equivalent", 0.001)], ("a", "b"))
    )
    assert "a is equivalent to b within 0.01." in text
    assert "a and b are equivalent within 0.01: choose among them for other reasons." in text
    assert "undecided" not in text


def test_two_leaders_and_a_loser() -> None:
    pairs = [compared("a", "b", "undecided"), compared("a", "c", "better", 0.5), compared("b", "c", "better", 0.4)]
    text = said(analysis([estimate("a", 0.6), estimate("b", 0.5), estimate("c", 0.1)], pairs, ("a", "b")))
    assert "a is shown to be better than c (by 0.500); it is undecided against b" in text
    assert "The choice between a and b is undecided; every other loss is shown to be worse" in text


def test_many_losses_are_counted() -> None:
    names = [f"l{k}" for k in range(7)]
    pairs = [compared(names[0], name, "better") for name in names[1:]]
    text = said(analysis([estimate(n, 0.6 - 0.01 * k) for k, n in enumerate(names)], pairs, ("l0",)))
    assert "better than 6 others" in text


def test_a_tie_is_a_tie() -> None:
    text = said(analysis([estimate("a", 0.6), estimate("b", 0.6)], [compared("a", "b", "undecided", 0.0)], ("a", "b")))
    assert text.startswith("Test accuracy is highest, and the same, with a and b: 0.600.")


def test_one_loss_has_nothing_to_be_held_against() -> None:
    text = said(analysis([estimate("a", 0.6), estimate("b", None)], [], ("a",)))
    assert text.startswith("Test accuracy with a is 0.600 (95 % interval")
    assert "nothing to hold it against" in text


def test_one_seed_speaks_of_these_networks_only() -> None:
    pairs = [compared("a", "b", "undecided", -0.02, low=-0.03, high=-0.01, seeds=1)]
    value = analysis([estimate("a", 0.58, 1), estimate("b", 0.6, 1)], pairs, ("a", "b"))
    text = said(value)
    assert "0.600 (seed 1 alone, so no interval)" in text
    assert "a comes next, 0.020 behind (95 % interval over test pictures 0.010 to 0.030)" in text
    assert "no difference is shown by a single seed" in text
    assert "these trained networks only" in " ".join(qualifications(study(seeds=1, epochs=1), value))


def test_the_scale_of_gradients_qualifies_the_answer_where_it_spans_more_than_ten() -> None:
    near = study(losses=DOCUMENT[:2], seeds=1, epochs=2)
    far = study(losses=DOCUMENT[:2], seeds=1, epochs=2, norms={("l1", 1): (0.02, 2.0)})
    assert "scale" not in " ".join(qualifications(near, analyse(near)))
    assert (
        "At the first weights the losses' gradients are between 0.0100 (l1) and 1.00 (cross_entropy) times as long as "
        "cross entropy's: at one learning rate for all, part of what is compared is scale."
    ) in [plain(text) for text in qualifications(far, analyse(far))]


def test_lower_can_be_better() -> None:
    results = study(losses=DOCUMENT[:2], seeds=3, epochs=5, metric="test.nll")
    text = said(analyse(results))
    assert text.startswith("Test negative log-likelihood is lowest with cross_entropy")
    assert "better than l1" in text


def test_the_sentence_changes_with_the_data() -> None:
    high = {"l1": 0.9, "cross_entropy": 0.5}
    before, after = (said(analyse(study(losses=DOCUMENT[:2], epochs=9, accuracy=a))) for a in (None, high))
    assert before.startswith("Test accuracy is highest with cross_entropy")
    assert after.startswith("Test accuracy is highest with l1")


def test_nothing_finished() -> None:
    results = study(losses=("l1",), seeds=2, epochs=2, status={("l1", s): ("diverged", 0, "nan") for s in (1, 2)})
    assert said(analyse(results)) == "No trial finished, so nothing can be said yet."
    assert qualifications(results, analyse(results)) == ("Of 2 trials, 2 diverged.",)


def test_failures_are_counted_in_singular_and_plural() -> None:
    status = {("l1", 1): ("missing", 0, ""), ("l1", 2): ("failed", 0, "x"), ("l1", 3): ("diverged", 1, "y")}
    assert failures(study(losses=("l1",), seeds=4, epochs=2, status=status)) == (
        "Of 4 trials, 1 diverged, 1 failed and 1 is missing.",
    )
    assert failures(study(losses=("l1",), seeds=1, epochs=2)) == ()


@pytest.mark.parametrize(
    ("verdict", "changes", "words"),
    [
        ("better", {}, "better"),
        ("undecided", {}, "undecided: no difference shown"),
        ("equivalent", {"p_adjusted": 0.5}, "equivalent within 0.01"),
        (
            "equivalent",
            {"reason": "real, but below the margin"},
            "equivalent within 0.01: a real difference, but below the margin",
        ),
    ],
)
def test_verdicts_in_words(verdict: Verdict, changes: dict[str, Any], words: str) -> None:
    assert verdict_words(compared("a", "b", verdict, **changes), 0.01) == words


def test_a_comparison_can_be_seen_from_the_other_side() -> None:
    value = analysis([], [compared("a", "b", "better", 0.1, probability_of_superiority=0.8)], ())
    turned = pair(value, "b", "a")
    assert turned is not None
    assert (turned.a, turned.b, turned.verdict, turned.difference) == ("b", "a", "worse", -0.1)
    assert (turned.low, turned.high) == (-0.12000000000000001, -0.08)
    assert turned.probability_of_superiority == pytest.approx(0.2)
    assert pair(value, "a", "c") is None
    assert between(value, ["a", "c"]) == []


def test_the_terminal_gets_the_same_answer_without_marks() -> None:
    results = study(losses=DOCUMENT[:2], seeds=2, epochs=3)
    made = summary_text(results, analyse(results))
    assert str(made).startswith("Test accuracy is highest with cross_entropy: ")
    assert "\u2068" not in str(made)
    assert made.metric == "test accuracy"
    assert [row.loss for row in made.rows] == ["cross_entropy", "l1"]
    best = analyse(results).estimate("cross_entropy")
    assert (made.rows[0].mean, made.rows[0].low, made.rows[0].high, made.rows[0].n) == (
        best.mean,
        best.low,
        best.high,
        2,
    )
