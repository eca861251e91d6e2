"""Damaged or hostile text is soon read as something that prints and reads back, or refused in one sentence."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import spec_strategies as drawn
from lossbench.errors import RequestError
from lossbench.spec import (
    Arm,
    Hypothesis,
    LossSpec,
    Recipe,
    Scenario,
    Study,
    parse_arms,
    parse_augmentation,
    parse_hypotheses,
    parse_hypothesis,
    parse_seeds,
)

DICE = st.randoms(use_true_random=False)
CHARACTERS = "()[]{}'\"\\,:;|<>~=+-*#.@ \t\n\r\0\x1b\x85\u2028\ufeff\ud800é𝒳0aN_"


def damaged(text: str, dice: Random) -> str:
    """The text with a character or a word dropped, written twice, moved, or put in."""
    for _ in range(dice.randint(1, 3)):
        pieces = list(text) if dice.random() < 0.5 else text.split(" ")
        place, other = dice.randrange(len(pieces) + 1), dice.randrange(len(pieces) + 1)
        taken = pieces[place : place + 1]
        match dice.randrange(4):
            case 0:
                del pieces[place : place + 1]
            case 1:
                pieces[other:other] = taken
            case 2:
                pieces[place : place + 1] = pieces[other : other + 1]
                pieces[other : other + 1] = taken
            case 3:
                pieces.insert(place, dice.choice(CHARACTERS))
        text = ("" if len(pieces) and max(map(len, pieces)) == 1 else " ").join(pieces)
    return text


def read(parse: Callable[[str], Any], text: str) -> Any:
    """What a parser makes of a text; None where it refuses it as it should."""
    try:
        return parse(text)
    except RequestError as error:
        sentence = str(error)
    assert sentence.isprintable()
    assert len(sentence) < 1200
    return None


def scenario_of(text: str) -> Scenario:
    return Scenario.parse(text, "digits")


@given(drawn.hypotheses(), DICE)
def test_a_damaged_hypothesis(hypothesis: Hypothesis, dice: Random) -> None:
    found = read(parse_hypothesis, damaged(str(hypothesis), dice))
    if found is not None:
        assert parse_hypothesis(str(found)) == found
        assert str(parse_hypothesis(str(found))) == str(found)


@given(st.lists(drawn.hypotheses().map(str), min_size=1, max_size=3), DICE)
def test_a_damaged_block_of_hypotheses(lines: list[str], dice: Random) -> None:
    found = read(parse_hypotheses, damaged("\n".join(lines), dice))
    if found is not None:
        assert parse_hypotheses(found) == found


@given(drawn.scenarios(), DICE)
def test_a_damaged_scenario(scenario: Scenario, dice: Random) -> None:
    found = read(scenario_of, damaged(str(scenario), dice))
    if found is not None:
        assert scenario_of(str(found)) == found


@given(drawn.arms(), DICE)
def test_a_damaged_loss(arm: Arm, dice: Random) -> None:
    found = read(Arm.parse, damaged(str(arm), dice))
    if found is not None:
        assert Arm.parse(str(found)) == found
        assert str(Arm.parse(str(found))) == str(found)


@given(st.text(CHARACTERS + "flip crop(4), cutout 1e", max_size=30))
def test_made_up_augmentations(text: str) -> None:
    found = read(parse_augmentation, text)
    if found is not None:
        assert parse_augmentation(", ".join(map(str, found))) == found


@given(st.text(st.one_of(st.sampled_from("0123456789,, +-_.e²٣"), st.characters()), max_size=30))
def test_made_up_seeds(text: str) -> None:
    found = read(parse_seeds, text)
    if found is not None:
        assert parse_seeds(list(found)) == found
        assert found


PARSERS: dict[str, Callable[[str], Any]] = {
    "loss": LossSpec.parse,
    "arm": Arm.parse,
    "arms": parse_arms,
    "scenario": scenario_of,
    "augmentation": parse_augmentation,
    "seeds": parse_seeds,
    "hypothesis": parse_hypothesis,
    "hypotheses": parse_hypotheses,
    "name": lambda text: Study(name=text),
    "question": lambda text: Study(question=text),
    "data": lambda text: Study(data=text),
    "models": lambda text: Study(models=text),
    "tuned": lambda text: Study(losses="l1", tuned={text: "l1"}),
    "milestones": lambda text: Recipe.model_validate({"schedule": {"name": "multistep", "milestones": text}}),
    "lr": lambda text: Recipe.model_validate({"optimizer": {"lr": text}}),
    "epochs": lambda text: Recipe.model_validate({"epochs": text}),
}
DIGITS = "9" * 10**5
NUMBERS = ("1e999", "-1e999", "nan", "inf", "-inf", "1e-999", "0x" + "f" * 400, DIGITS, f"1e{DIGITS}", f"0.{DIGITS}")
LONG: Sequence[str] = (
    *("a" * 10**5, " " * 10**5, "\n" * 10**5, "," * 10**5, "+" * 10**5, ":" * 10**5, "|" * 10**5, "#" * 10**5),
    *("'" * 10**5, '"' * 10**5, "('" * 50_000, "('\\\"" * 25_000, '\\"' * 50_000, "a," * 50_000, "a + " * 25_000),
    *(opened * 10_000 + "1" + closed * 10_000 for opened, closed in ("()", "[]", "{}", "<>")),
    *("(" * 10_000, ")" * 10_000, "[" * 10_000, "]" * 10_000, "a(" * 10_000, "a[" * 10_000, "a|" * 10_000),
    *("-" * 10_000 + "1", "not " * 10_000, "a.b:" * 10_000, "a>" * 10_000, "\ud800" * 10_000, "\0" * 10_000),
)


@pytest.mark.parametrize("parser", PARSERS)
def test_hostile_text_is_answered_within_seconds(parser: str) -> None:
    forms = ("{}", "f(a={})", "l1[lr={}]", "noise(symmetric, {})", "crop({})", "test.f1: a within {} of 1", "{},1")
    texts = [*LONG, *(form.format(number) for form in forms for number in NUMBERS)]
    if parser == "hypothesis":
        texts += [f"test.accuracy: {text} > b" for text in LONG] + [f"{text} | test.f1: a > b" for text in LONG]
    for text in texts:
        began = time.process_time()
        read(PARSERS[parser], text)
        assert time.process_time() - began < 5, text[:50]
