"""What the cards say beyond the contract: references that agree, formulas that can be read, numbers that are so."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress

import pytest
import torch
from latex2mathml.converter import convert
from losses_makers import asked, batch, extreme, soft_targets, value_and_gradient
from torch import Tensor

from lossbench.errors import RequestError
from lossbench.losses import CATALOGUE, Hyperparameter
from lossbench.spec import LossSpec, Value

NAMES = sorted(CATALOGUE)
FAMILIES = ("regression-style", "cross-entropy", "label noise", "imbalance and margins")
IDENTIFIER = r"arXiv:\d{4}\.\d{5}|doi:10\.\d{4,}/[^\s;,]+|openreview:\w+"
COMMANDS = (
    "alpha|beta|delta|Delta|eta|gamma|iota|lambda|pi|sigma|tau|varepsilon|exp|log|max|min|sum|frac|operatorname|text|"
    "tilde|odot|propto|sim|ldots|le|ge|ne|neq|left|right|begin|end|quad|qquad"
)
"""The commands that were seen to be drawn as they are meant; `arg` and `mathrm` are drawn letter by letter."""


def test_the_cards_are_told_apart_by_their_titles() -> None:
    assert Counter(entry.card.title for entry in CATALOGUE.values()).most_common(1)[0][1] == 1


@pytest.mark.parametrize("name", NAMES)
def test_it_is_one_of_four_families_and_repeats_nothing(name: str) -> None:
    card = CATALOGUE[name].card
    assert card.family in FAMILIES
    texts = [claim.text for claim in card.strengths + card.weaknesses]
    assert len(set(texts)) == len(texts)
    assert not any(text.endswith("..") or "  " in text for text in [card.purpose, *texts])


@pytest.mark.parametrize("name", NAMES)
def test_its_formula_is_written_as_the_others_are(name: str) -> None:
    formula = CATALOGUE[name].card.formula
    assert formula.startswith(("L(z, y) = ", "L(z_i, y_i) = "))
    assert all(re.fullmatch(COMMANDS, command) for command in re.findall(r"\\([A-Za-z]+)", formula))
    if re.search(r"(?<![A-Za-z\\])p(_|\(|\b)", formula):
        assert re.search(r"p(_[ik])? ?(\(z\))? = (\\operatorname\{softmax\}|\\frac|\\left\( 1)", formula), "what is p?"
    assert re.sub(r"<[^>]*>", "", convert(formula)).count("operatorname") == 0


def cited() -> Iterator[tuple[str, str, int]]:
    """Every (identifier, first author, year) on the cards."""
    for entry in CATALOGUE.values():
        reference = entry.card.reference
        yield reference.identifier, reference.authors.split(",")[0], reference.year
        for claim in entry.card.strengths + entry.card.weaknesses:
            for part in claim.source.split("; "):
                if found := re.search(rf"(?:code of )?(\w+)(?: et al\.|[\w, ]*?) (\d{{4}}), ({IDENTIFIER})", part):
                    yield found[3], found[1], int(found[2])


def test_a_paper_is_cited_alike_everywhere() -> None:
    said: dict[str, set[tuple[str, int]]] = {}
    for identifier, author, year in cited():
        said.setdefault(identifier, set()).add((author, year))
    assert len(said) > 50
    assert {identifier: found for identifier, found in said.items() if len(found) > 1} == {}


def test_the_year_is_near_that_of_the_arxiv_number() -> None:
    for identifier, author, year in cited():
        if found := re.fullmatch(r"arXiv:(\d\d)\d\d\.\d{5}", identifier):
            assert abs(2000 + int(found[1]) - year) <= 2, author


def limits(hyperparameter: Hyperparameter) -> list[Value]:
    """The ends of its range; where there is none, what is far beyond any use."""
    if isinstance(hyperparameter.default, bool) or hyperparameter.choices:
        return []
    low, high = hyperparameter.minimum, hyperparameter.maximum
    numbers = [low, high, hyperparameter.above + 1e-6, hyperparameter.below - 1e-6, 1e6, -1e6]
    allowed: list[Value] = []
    for number in numbers:
        with suppress(RequestError):
            hyperparameter.check("", number)
            allowed.append(number)
    return allowed


ENDS = [
    str(LossSpec.of(name, {hyperparameter.name: value}))
    for name in NAMES
    for hyperparameter in CATALOGUE[name].card.hyperparameters
    for value in limits(hyperparameter)
]


@pytest.mark.parametrize("text", ENDS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_value_and_gradient_are_finite_at_the_ends_of_every_range(text: str, dtype: torch.dtype) -> None:
    card = CATALOGUE[LossSpec.parse(text).name].card
    logits, classes = extreme(dtype)
    wide = (logits.repeat(1, 4), classes)  # twelve classes, of which four are the greatest
    pairs = [(logits, classes), wide, (logits[:, :2], classes % 2)]
    if card.properties.soft_targets:
        pairs.append((logits, soft_targets(len(logits)).to(dtype)))
    for z, target in pairs:
        value, gradient = value_and_gradient(text, z, target)
        assert torch.isfinite(value).all()
        assert torch.isfinite(gradient).all()


@pytest.mark.parametrize("name", NAMES)
def test_where_a_wrong_prediction_gets_no_gradient(name: str) -> None:
    """Among wrong predictions that are not so sure that a gradient would only be small."""
    logits = torch.cat([batch(2000, 3, 1.0)[0], -batch(500, 3, 1.0)[0].abs()])
    wrong = logits.argmin(dim=1)
    _, gradient = value_and_gradient(name, logits, wrong, (400, 1, 1))  # every rival of the first class is rare
    assert bool((gradient.abs().amax(dim=1) == 0).any()) is CATALOGUE[name].card.properties.dead_region


def at_probability(text: str, p: float, classes: int = 10) -> float:
    """The loss of a sample whose true class has the probability p, the others sharing the rest."""
    logits = torch.zeros(1, classes, dtype=torch.float64)
    logits[0, 0] = math.log(p / (1 - p) * (classes - 1))
    return float(asked(text, logits, torch.zeros(1, dtype=torch.int64)))


@pytest.mark.parametrize(
    ("text", "scale"),
    [("l1_probabilities", 0.2), ("gce(q=1)", 1), ("taylor_ce(terms=1)", 1), ("mae", 2), ("rce", 9.21)],
)
def test_one_loss_at_four_scales(text: str, scale: float) -> None:
    assert at_probability(text, 0.3) == pytest.approx(scale * 0.7, rel=1e-3)


def test_the_step_of_flsd() -> None:
    assert at_probability("flsd", 0.2 - 1e-9) == pytest.approx(0.53, abs=0.005)
    assert at_probability("flsd", 0.2 + 1e-9) == pytest.approx(0.82, abs=0.005)


def test_the_least_values_that_are_not_0() -> None:
    assert at_probability("amse", 1 - 1e-12) == pytest.approx(84.1)
    assert at_probability("ael", 1 - 1e-12) == pytest.approx(0.67, abs=0.005)


@pytest.mark.parametrize(("text", "lead"), [("agce", 1.48), ("aul", 1.494), ("ael", 1.492)])
def test_how_much_more_frequent_the_right_label_must_be(text: str, lead: float) -> None:
    """Two labels at odds: beyond the lead the minimiser is sure of the right one, short of it it is not."""
    p = torch.linspace(1e-6, 1 - 1e-6, 4001, dtype=torch.float64)
    logits = torch.stack([p.log(), (1 - p).log()], dim=1)
    right, wrong = (asked(text, logits, torch.full((len(p),), y)) for y in (0, 1))
    assert int((1.02 * lead * right + wrong).argmin()) == len(p) - 1
    assert int((0.98 * lead * right + wrong).argmin()) < len(p) - 1


def test_the_conventions_of_label_smoothing_are_one_at_other_epsilons() -> None:
    logits, target = batch(20, 5)
    uniform = asked("label_smoothing(epsilon=0.25)", logits, target)
    torch.testing.assert_close(asked("label_smoothing(epsilon=0.2, convention=others)", logits, target), uniform)
    third = asked(f"label_smoothing(epsilon={1 / 3}, convention=normalised)", logits, target)
    torch.testing.assert_close(third, uniform)


def test_maxsup_is_label_smoothing_where_the_prediction_is_right() -> None:
    logits, _ = batch(20, 5)
    right, wrong = logits.argmax(dim=1), logits.argmin(dim=1)
    torch.testing.assert_close(asked("maxsup", logits, right), asked("label_smoothing", logits, right))
    assert (asked("maxsup", logits, wrong) > asked("label_smoothing", logits, wrong) + 0.01).all()


def test_a_detached_focal_factor_makes_the_gradient_smaller() -> None:
    logits, target = batch(50, 5)
    for gamma in (0.5, 2):
        whole = value_and_gradient(f"focal(gamma={gamma})", logits, target)[1]
        held = value_and_gradient(f"focal(gamma={gamma}, detach=true)", logits, target)[1]
        assert (held.abs() < whole.abs()).all()


def test_one_prediction_for_all_has_a_mean_peer_loss_of_0() -> None:
    logits, target = torch.randn(3, generator=torch.Generator().manual_seed(0)).double().repeat(40, 1), batch()[1]
    assert float(asked("peer", logits, target).mean()) == pytest.approx(0, abs=1e-12)


def test_at_alpha_1_peer_loss_is_linear_in_the_logits() -> None:
    gradients = [value_and_gradient("peer", batch(seed=seed)[0], batch()[1])[1] for seed in (1, 2)]
    torch.testing.assert_close(*gradients, rtol=0, atol=1e-12)
    assert set(gradients[0].round().flatten().tolist()) == {-1.0, 0.0, 1.0}


def test_epsilon_softmax_jumps_where_the_label_takes_the_lead() -> None:
    def loss(lead: float) -> Tensor:
        return asked("epsilon_softmax(m=10)", torch.tensor([[lead, 0.0]]).double(), torch.tensor([0]))

    assert float(loss(-1e-9) - loss(1e-9)) == pytest.approx(math.log(1 + 10 / 0.5))


def test_bi_tempered_goes_over_into_softmax_in_float32() -> None:
    logits, target = batch(50, 10)
    near = asked("bi_tempered(t2=1.0000001)", logits.float(), target)
    torch.testing.assert_close(near, asked("bi_tempered(t2=1)", logits.float(), target), rtol=1e-2, atol=1e-3)


@pytest.mark.parametrize("pi", [0.001, 0.05, 0.5, 0.95, 0.999])
def test_jensen_shannon_of_soft_targets_keeps_its_digits_in_float32(pi: float) -> None:
    logits, target = batch(50)[0].float(), soft_targets(50).float()
    text = f"jensen_shannon(pi={pi})"
    exact = asked(text, logits.double(), target.double())
    torch.testing.assert_close(asked(text, logits, target).double(), exact, rtol=1e-5, atol=2e-6)
