"""The grammar of hypotheses: what reads, how it prints, and how a complaint points at the word."""

from __future__ import annotations

import itertools

import pytest

from lossbench.errors import RequestError
from lossbench.spec import (
    PRESETS,
    Band,
    Claim,
    Equivalence,
    Extreme,
    Follows,
    Hypothesis,
    Measure,
    Order,
    Study,
    Trend,
    load_study,
    parse_hypotheses,
    parse_hypothesis,
)

ACCURACY = Measure("test", "accuracy")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("test.accuracy: a > b", Hypothesis(ACCURACY, Order("a", "b"))),
        ("test.accuracy: a < b", Hypothesis(ACCURACY, Order("a", "b", greater=False))),
        ("test.accuracy:a>b", Hypothesis(ACCURACY, Order("a", "b"))),
        ("test.accuracy: a > b along training", Hypothesis(ACCURACY, Order("a", "b", along_training=True))),
        ("train.loss: a ~ b within 1e-2", Hypothesis(Measure("train", "loss"), Equivalence("a", "b", 0.01))),
        (
            "test.accuracy: a ~ b within 0.01 along training",
            Hypothesis(ACCURACY, Equivalence("a", "b", 0.01, along_training=True)),
        ),
        ("test.f1: highest a", Hypothesis(Measure("test", "f1"), Extreme("a"))),
        ("test.nll: lowest a", Hypothesis(Measure("test", "nll"), Extreme("a", highest=False))),
        ("test.accuracy: a within 0.05 of 0.1", Hypothesis(ACCURACY, Band("a", 0.05, 0.1))),
        ("test.accuracy: a within 0 of -1", Hypothesis(ACCURACY, Band("a", 0.0, -1.0))),
        ("train.loss: a falls", Hypothesis(Measure("train", "loss"), Trend("a", rises=False))),
        ("test.ece: a rises monotonically", Hypothesis(Measure("test", "ece"), Trend("a", True, monotonically=True))),
        ("test.f1 follows test.recall", Hypothesis(Measure("test", "f1"), Follows(Measure("test", "recall")))),
        ("validation.brier: a > b", Hypothesis(Measure("validation", "brier"), Order("a", "b"))),
        ("test.recall[big cat]: a > b", Hypothesis(Measure("test", "recall", "big cat"), Order("a", "b"))),
        (
            "test.accuracy: focal( gamma=.50 ) > gce(q=0.7)",
            Hypothesis(ACCURACY, Order("focal(gamma=0.5)", "gce(q=0.7)")),
        ),
        ("test.accuracy: mylib.own:loss(a=1) > b", Hypothesis(ACCURACY, Order("mylib.own:loss(a=1)", "b"))),
        ('test.accuracy: "A > B, twice" > b', Hypothesis(ACCURACY, Order("A > B, twice", "b"))),
        (
            "noise(symmetric,.4)+imbalance(exponential, 100) | test.accuracy: a > b",
            Hypothesis(ACCURACY, Order("a", "b"), "noise(symmetric, 0.4) + imbalance(exponential, 100)"),
        ),
    ],
)
def test_it_reads(text: str, expected: Hypothesis) -> None:
    assert parse_hypothesis(text) == expected
    assert parse_hypothesis(str(expected)) == expected


def test_what_prints_reads_back_as_itself() -> None:
    losses = ("l1", "focal(gamma=0.5)", "pkg.mod:make(scale=2)", "my loss", "a: b", "50 % noise | x", "(", "#1")
    measures = (
        ACCURACY,
        Measure("train", "loss"),
        Measure("test", "recall", "big cat"),
        Measure("test", "f1", "a|b: c"),
    )
    claims: list[Claim] = [Follows(Measure("test", "ece"))]
    for a, b in itertools.permutations(losses, 2):
        claims += [Order(a, b, greater, along) for greater in (True, False) for along in (True, False)]
        claims += [Equivalence(a, b, 1e-7), Equivalence(a, b, 0.3, along_training=True)]
    for a in losses:
        claims += [Extreme(a, highest=False), Band(a, 0.05, -2.5), Trend(a, rises=True), Trend(a, False, True)]
    for measure, claim, scenario in itertools.product(measures, claims, (None, "clean", "noise(symmetric, 0.4)")):
        hypothesis = Hypothesis(measure, claim, scenario)
        assert parse_hypothesis(str(hypothesis)) == hypothesis


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (
            "test.accuracy: l1 grows",
            "expected >, <, ~, within, falls or rises, got grows (here: test.accuracy: l1 »grows«)",
        ),
        ("accuracy: a > b", "got accuracy (here: »accuracy«: a > b)"),
        ("tset.accuracy: a > b", "expected train, validation or test before the dot, got tset.accuracy"),
        (
            "test.acc: a > b",
            "expected loss, accuracy, precision, recall, f1, nll, brier, ece, many, medium, few, top5 or auroc after "
            "the dot, got "
            "test.acc",
        ),
        (
            "test.memorised: a > b",
            "expected loss, accuracy, precision, recall, f1, nll, brier, ece, many, medium, few, top5 or auroc after "
            "the dot, got "
            "test.memorised",
        ),
        (
            "train.few: a > b",
            "expected loss, accuracy, precision, recall, f1, nll, brier, ece, memorised or corrected after the dot, "
            "got train.few",
        ),
        ("validation.few: a > b", "top5 or auroc after the dot, got validation.few"),
        ("test.few[cat]: a > b", "expected test.precision, recall or f1 for a class alone, got test.few[cat]"),
        ("test.accuracy a > b", 'expected ":" or "follows", got a (here: test.accuracy »a« > b)'),
        ("test.accuracy: a >", "expected a loss, got the end of the line (after: test.accuracy: a >)"),
        ("test.accuracy: a ~ b", "expected `within` and the margin, got the end of the line"),
        ("test.accuracy: a ~ b within 0", "expected a number above 0, got 0"),
        ("test.accuracy: a ~ b within nan", "expected a number above 0, got nan"),
        (
            "test.accuracy: a within 0.1 from 0.5",
            "expected `of`, got from (here: test.accuracy: a within 0.1 »from« 0.5)",
        ),
        ("test.accuracy: a within -0.1 of 0.5", "expected a number of at least 0, got -0.1"),
        ("test.accuracy: a > a", "expected two different losses, got a (here: test.accuracy: a > »a«)"),
        ("test.accuracy: a > b > c", "expected the end of the line, got > (here: test.accuracy: a > b »>« c)"),
        ("test.accuracy: a > b along trainin", "expected `training`, got trainin"),
        ("test.accuracy: highest", "expected a loss, got the end of the line"),
        ("test.accuracy: focal(gamma=) > b", "of the form name(key=value, ...) or in quotes, got focal(gamma=)"),
        ('test.accuracy: "a > b', 'expected a loss between two quotes, got "a > b'),
        (
            "test.accuracy[cat]: a > b",
            "expected test.precision, recall or f1 for a class alone, got test.accuracy[cat]",
        ),
        ("train.recall[cat]: a > b", "for a class alone, got train.recall[cat]"),
        ("test.recall[]: a > b", "expected a class in brackets, as in test.recall[cat], got test.recall[]"),
        ("test.f1 follows test.f1", "expected another metric than the first, got test.f1"),
        ("test.f1 follows", "expected another metric, got the end of the line"),
        ("| test.accuracy: a > b", "expected a scenario, got | (here: »|« test.accuracy: a > b)"),
        ("noise( | test.accuracy: a > b", "got noise( | test.accuracy: a > b"),
        ("two words | test.accuracy: a > b", "expected name or name(key=value, ...), got two words"),
    ],
)
def test_a_complaint_points_at_the_word(text: str, complaint: str) -> None:
    with pytest.raises(RequestError) as caught:
        parse_hypothesis(text)
    assert str(caught.value).startswith("plan.hypotheses: expected ")
    assert complaint in str(caught.value)


def test_a_block_has_one_per_line_with_comments() -> None:
    block = """
    # the main question
    test.accuracy:   focal(gamma=2)  >  l1    # as in the paper

    test.recall[#1]: "loss #2" > l1
    """
    assert parse_hypotheses(block) == (
        "test.accuracy: focal(gamma=2) > l1",
        'test.recall[#1]: "loss #2" > l1',
    )
    assert parse_hypotheses(["test.f1: highest l1"]) == ("test.f1: highest l1",)
    assert parse_hypotheses("") == ()


def test_the_complaint_names_the_line() -> None:
    def plan(hypotheses: object) -> Study:
        return Study(plan={"hypotheses": hypotheses})

    with pytest.raises(RequestError, match=r"^plan\.hypotheses, line 3: expected two different losses, got a "):
        plan("test.accuracy: a > b\n\ntest.accuracy: a > a")
    with pytest.raises(RequestError, match=r"line 2: expected every hypothesis once, got test.f1: a > b \(line 1 says"):
        plan(["test.f1: a > b", "test.f1:  a>b"])
    with pytest.raises(RequestError, match=r"^plan\.hypotheses: expected lines of text, .* got 3$"):
        plan(3)


def test_the_losses_and_measures_it_names_and_other_names_for_them() -> None:
    pair = parse_hypothesis("test.accuracy: focal ~ l1 within 0.01")
    assert pair.losses == ("focal", "l1")
    assert str(pair.renamed({"focal": "focal(gamma=2)"})) == "test.accuracy: focal(gamma=2) ~ l1 within 0.01"
    assert parse_hypothesis("test.f1: lowest l1").renamed({"l1": "mae"}).losses == ("mae",)
    both = parse_hypothesis("test.f1 follows test.recall")
    assert (both.losses, both.measures) == ((), (Measure("test", "f1"), Measure("test", "recall")))
    assert both.renamed({"l1": "mae"}) == both


def test_a_study_file_keeps_them(tmp_path_factory: pytest.TempPathFactory) -> None:
    block = "test.accuracy: l1 < focal(gamma=0.50)\ntest.f1 follows test.recall"
    study = Study(plan={"hypotheses": block, "max_seeds": 8})
    path = tmp_path_factory.mktemp("study") / "study.yaml"
    path.write_text(study.to_yaml(), encoding="utf-8")
    assert load_study(path) == study
    assert study.plan.hypotheses == ("test.accuracy: l1 < focal(gamma=0.5)", "test.f1 follows test.recall")


@pytest.mark.parametrize("most", [2, 31, 4.5, True])
def test_a_study_that_runs_until_it_is_decided_has_3_to_30_seeds(most: object) -> None:
    with pytest.raises(RequestError, match=r"^plan\.max_seeds: expected a (whole )?number"):
        Study(plan={"max_seeds": most})


def test_max_seeds_is_left_out_of_a_study_with_fixed_seeds() -> None:
    assert "max_seeds" not in Study().to_yaml()
    assert "max_seeds: 12" in Study(plan={"max_seeds": 12}).to_yaml()


@pytest.mark.parametrize("preset", ["course-report", "course-report-imbalance"])
def test_the_presets_hypotheses_are_written_as_they_print(preset: str) -> None:
    written = PRESETS[preset]["plan"]["hypotheses"]
    assert list(Study(**PRESETS[preset]).plan.hypotheses) == written
    named = {loss for text in written for loss in parse_hypothesis(text).losses}
    assert named <= {str(loss) for loss in Study(**PRESETS[preset]).losses}


def test_the_documents_claims_of_the_last_epoch() -> None:
    texts = PRESETS["course-report"]["plan"]["hypotheses"]
    assert {"train.loss: l1 falls", "test.accuracy: l1 within 0.05 of 0.1"} <= set(texts)  # claim 1
    falls = [text for text in texts if text.endswith(("falls", "rises")) and " l1 " not in text]
    assert len(falls) == 3 * 4  # claims 2 to 4: three losses, loss and accuracy, train and test
    assert {f"test.{metric}: lowest l1" for metric in ("accuracy", "precision", "recall", "f1")} <= set(texts)  # 5
    assert "test.accuracy: highest cross_entropy" in texts  # 6
    assert sum(text.endswith("along training") for text in texts) == 6  # 7
    assert "test.recall: highest cross_entropy" in texts  # 8
    assert {"test.f1 follows test.precision", "test.f1 follows test.accuracy"} <= set(texts)  # 9
    imbalanced = PRESETS["course-report-imbalance"]["plan"]["hypotheses"]
    assert all(text.startswith("imbalance(exponential, 100) | ") for text in imbalanced)  # 10


def test_the_imbalanced_preset_trains_what_the_documents_study_trains_on_fewer_pictures_of_some_classes() -> None:
    plain, imbalanced = (Study(**PRESETS[name]).canonical() for name in ("course-report", "course-report-imbalance"))
    differ = {name for name in plain if plain[name] != imbalanced[name]}
    assert differ == {"question", "plan", "scenarios", "seeds"}
    study = Study(**PRESETS["course-report-imbalance"])
    about = {parse_hypothesis(text).scenario for text in study.plan.hypotheses}
    assert about == set(study.scenarios)


@pytest.mark.parametrize(
    "text",
    [
        "test.f1: f(a=' #') > f(b=' | ')",
        "test.f1: f(a='(') > f(a='\"')  # they differ",
        "noise(file, 'a) | b # c.csv') | test.f1: f(a=')') ~ g within 0.1",
        'test.f1: highest "lowest"',
        "test.recall[dog's]: f(a=1) > f(a=2)",
    ],
)
def test_what_stands_in_quotes_is_no_word_of_the_grammar(text: str) -> None:
    (printed,) = parse_hypotheses([text])
    assert parse_hypotheses([printed]) == (printed,)
    assert len(str(parse_hypothesis(printed).claim)) > 10


def test_a_loss_called_highest_stands_in_quotes() -> None:
    hypothesis = Hypothesis(ACCURACY, Order("highest", "lowest"))
    assert str(hypothesis) == 'test.accuracy: "highest" > "lowest"'
    assert parse_hypothesis(str(hypothesis)) == hypothesis


def test_minus_nothing_is_nothing() -> None:
    assert str(parse_hypothesis("test.f1: a within -0.0 of -0")) == "test.f1: a within 0 of 0"


def test_a_complaint_of_a_long_line_shows_the_word_and_what_is_beside_it() -> None:
    with pytest.raises(RequestError) as error:
        parse_hypothesis(f"test.f1: {'a' * 900} > {'b' * 900} > {'c' * 900}")
    assert f"(here: …{'b' * 99} »>« {'c' * 99}…)" in str(error.value)
    with pytest.raises(RequestError, match=r"expected a hypothesis of at most 10,000 characters, got test.f1: aaa"):
        parse_hypothesis(f"test.f1: {'a' * 10_000} > b")


def test_half_a_surrogate_pair_is_no_text() -> None:
    with pytest.raises(RequestError, match=r"expected text that is valid Unicode, got test.recall\[\\ud800\]: a > b"):
        parse_hypothesis("test.recall[\ud800]: a > b")
