"""`lossbench losses`: the list and its filters, cards, and pictures."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest

from cli_runner import Runner
from lossbench.cli.choice import FACTS, NEEDS
from lossbench.cli.draw_losses import CLASS_COUNTS
from lossbench.losses import CATALOGUE, LossCard, Need, bind, curve
from lossbench.spec import LossSpec

CARDS = [loss.card for loss in CATALOGUE.values()]
FAMILIES = list(dict.fromkeys(card.family for card in CARDS))
PROPERTIES = (*FACTS, *NEEDS)

MODULE = "own_losses_to_draw"
SOURCE = """
import torch
from torch.nn import functional as F

print("imported")

def plain(logits, target):
    print("called")
    return F.cross_entropy(logits, target)

def counted(logits, target, class_counts):
    counts = torch.tensor(class_counts, dtype=logits.dtype)
    return F.cross_entropy(logits, target, weight=counts.sum() / counts, reduction="none")

def paired(logits, target):
    if len(logits) < 2:
        raise ValueError("two or more")
    return F.cross_entropy(logits, target)

def raising(logits, target):
    raise ValueError("not today")
"""


@pytest.fixture
def own(here: Path) -> Iterator[str]:
    (here / f"{MODULE}.py").write_text(SOURCE)
    yield MODULE
    sys.modules.pop(MODULE, None)


def listed(out: str) -> list[str]:
    """The losses that a list shows, in its order."""
    return [name for name in re.findall(r"^(\w+)", out, re.MULTILINE) if name in CATALOGUE]


def has(card: LossCard, name: str) -> bool:
    return name in card.needs if name in NEEDS else bool(getattr(card.properties, name))


def refused(lossbench: Runner, *arguments: str) -> str:
    done = lossbench("losses", *arguments)
    assert (done.code, done.out) == (2, "")
    assert done.err.count("\n") == 1
    return done.err


def picture(path: Path) -> dict[str, Any]:
    spec: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return spec


def drawn(path: Path) -> dict[str, list[dict[str, Any]]]:
    """The rows of a Vega-Lite file's table by label."""
    rows: dict[str, list[dict[str, Any]]] = {}
    for row in picture(path)["datasets"]["table"]:
        rows.setdefault(row["loss_function"], []).append(row)
    return rows


class TestTheList:
    def test_it_is_the_catalogue_in_its_order_family_by_family(self, lossbench: Runner) -> None:
        out = lossbench("losses").out
        assert listed(out) == list(CATALOGUE)
        assert [line.strip() for line in out.splitlines() if line.strip() in FAMILIES] == FAMILIES
        assert f"{len(CATALOGUE)} losses." in out

    @pytest.mark.parametrize("width", [80, 200])
    def test_it_fits_the_terminal_with_every_hyperparameter(
        self, lossbench: Runner, monkeypatch: pytest.MonkeyPatch, width: int
    ) -> None:
        monkeypatch.setenv("COLUMNS", str(width))
        out = lossbench("losses").out
        assert max(map(len, out.splitlines())) <= width
        assert listed(out) == list(CATALOGUE)
        for card in CARDS:
            for hyperparameter in card.hyperparameters:
                assert f"{hyperparameter.name}=" in out
        assert "convention=uniform" in out
        assert "beta=0.9999" in out
        assert "m=100000" in out

    def test_a_long_number_is_short_in_the_list_and_whole_on_the_card(self, lossbench: Runner) -> None:
        assert "log_zero=-9.21 " in lossbench("losses").out
        assert "log_zero=-9.210340371976182" in lossbench("losses", "rce").out

    def test_what_is_needed_stands_beside_the_loss(self, lossbench: Runner) -> None:
        lines = {line.split()[0]: line for line in lossbench("losses").out.splitlines() if line.strip()}
        assert "convex, class_counts, progress" in lines["ldam_drw"]
        assert "bounded, symmetric, soft_targets" in lines["mae"]


class TestFilters:
    @pytest.mark.parametrize("family", FAMILIES)
    def test_a_family(self, lossbench: Runner, family: str) -> None:
        expected = [card.name for card in CARDS if card.family == family]
        assert listed(lossbench("losses", "--family", family).out) == expected

    @pytest.mark.parametrize(
        ("text", "family"),
        [
            ("Label-Noise", "label noise"),
            ("label_noise", "label noise"),
            ("REGRESSION STYLE", "regression-style"),
            ("cross entropy", "cross-entropy"),
            ("imbalance", "imbalance and margins"),
        ],
    )
    def test_case_hyphens_and_a_part_are_forgiven(self, lossbench: Runner, text: str, family: str) -> None:
        expected = [card.name for card in CARDS if card.family == family]
        assert listed(lossbench("losses", "--family", text).out) == expected

    @pytest.mark.parametrize("text", ["nonsense", "", "-", "s"])  # the last is in all of them
    def test_an_unknown_family_names_them(self, lossbench: Runner, text: str) -> None:
        expected = "--family: expected one of cross-entropy, imbalance and margins, label noise, regression-style, got"
        assert expected in refused(lossbench, "--family", text)

    @pytest.mark.parametrize("name", PROPERTIES)
    def test_a_property_and_its_opposite(self, lossbench: Runner, name: str) -> None:
        with_it, without = (listed(lossbench("losses", "--property", text).out) for text in (name, f"not-{name}"))
        assert with_it == [card.name for card in CARDS if has(card, name)]
        assert without == [card.name for card in CARDS if not has(card, name)]
        assert with_it
        assert without

    def test_all_must_hold(self, lossbench: Runner) -> None:
        out = lossbench(
            "losses", "--property", "Bounded", "--property", "NOT-symmetric", "--property", "soft-targets",
            "--family", "label noise",
        ).out  # fmt: skip
        expected = [
            card.name
            for card in CARDS
            if card.properties.bounded and not card.properties.symmetric and card.properties.soft_targets
            if card.family == "label noise"
        ]
        assert len(expected) > 1
        assert listed(out) == expected
        assert f"{len(expected)} losses." in out

    @pytest.mark.parametrize("text", ["boundd", "not-boundd", "not bounded-not", "notbounded", "not", ""])
    def test_an_unknown_property_names_them(self, lossbench: Runner, text: str) -> None:
        error = refused(lossbench, "--property", text)
        for name in PROPERTIES:
            assert f" {name}," in error
            assert f" not-{name}," in error
        assert "--property: expected one of batch, bounded, " in error

    def test_nothing_left_is_a_sentence(self, lossbench: Runner) -> None:
        done = lossbench("losses", "--family", "label noise", "--property", "convex", "--property", "not-convex")
        assert done.code == 0
        assert done.out == "no loss of the catalogue is all of: label noise, convex, not-convex\n"

    def test_names_and_filters_exclude_each_other(self, lossbench: Runner) -> None:
        expected = "NAME: expected either names, or --family and --property to choose by, got focal gce"
        assert expected in refused(lossbench, "focal", "gce", "--property", "bounded")

    def test_the_help_names_families_and_properties(self, lossbench: Runner) -> None:
        assert get_args(Need) == NEEDS
        text = " ".join(lossbench("losses", "--help").out.split())
        for name in (*FAMILIES, *PROPERTIES):
            assert name in text


class TestCards:
    def test_hyperparameters_have_ranges_and_what_was_given(self, lossbench: Runner) -> None:
        out = lossbench("losses", "focal(gamma=0.5)").out
        gamma = next(h for h in CATALOGUE["focal"].card.hyperparameters if h.name == "gamma")
        assert f"  gamma=0.5 (default 2)  {gamma.meaning}; a number of at least 0" in out
        assert "  alpha=none  " in out

    @pytest.mark.parametrize("card", CARDS, ids=lambda card: card.name)
    def test_every_property_is_said(self, lossbench: Runner, card: LossCard) -> None:
        out = lossbench("losses", card.name).out
        for name, holds, fails in (
            ("bounded", "  - bounded\n", "  - not bounded\n"),
            ("symmetric", "  - symmetric:", "  - not symmetric:"),
            ("convex", "  - convex in", "  - not convex in"),
            ("nonnegative", "  - never below 0\n", "  - may be below 0\n"),
            ("soft_targets", "class probabilities as target, too", "class indices as target only"),
        ):
            told, untold = (holds, fails) if getattr(card.properties, name) else (fails, holds)
            assert told in out
            assert untold not in out
        bound = card.properties.gradient_bound
        assert ("the derivative by one logit has no bound" in out) == (bound is None)
        assert bound is None or f"at most {bound:.4g} in size" in out
        assert ("may get no gradient at all" in out) == card.properties.dead_region
        assert (f"probabilities: {card.link}, in place of softmax(z)" in out) == bool(card.link)
        assert f"use it: {card.when[0].lower()}{card.when[1:]}\n" in out
        assert ("needs: nothing beyond logits and target" in out) == (not card.needs)
        assert out.count(" is ") >= len(card.properties.equals)

    @pytest.mark.parametrize(
        ("name", "words"),
        [
            ("rce", "  - rce is 4.605 × mae\n"),
            ("focal", "  - focal(gamma=0) is cross_entropy\n"),
            ("l1_probabilities", "  - l1_probabilities is 1/K × mae\n"),
            ("gce", "  - gce(q=1) is 0.5 × mae\n"),
            ("sce", "  - sce is 0.1 × poly1(epsilon=92.10340371976181)\n"),
            ("peer", "needs: random numbers at every step; a batch: the loss of a sample depends on the others"),
            ("ldam_drw", "needs: the training pictures per class; at every step, how much of the training is done\n"),
        ],
    )
    def test_what_it_equals_and_needs(self, lossbench: Runner, name: str, words: str) -> None:
        assert words in lossbench("losses", name).out

    def test_several(self, lossbench: Runner) -> None:
        out = lossbench("losses", "gce", "focal,mae", "gce").out
        headlines = [line.split(":")[0] for line in out.splitlines() if line.split(":")[0] in CATALOGUE]
        assert headlines == ["gce", "focal", "mae"]

    def test_of_an_own_loss_where_it_is_from(self, lossbench: Runner, own: str) -> None:
        done = lossbench("losses", f"{own}:plain")
        assert re.fullmatch(rf"{own}:plain: a loss of your own, imported as {own}:plain; .*\n", done.out)
        assert "imported" in done.err  # what the module printed

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("focl", "did you mean focal?"),
            ("focal(gama=1)", "losses.focal: expected one of alpha, detach, gamma, got gama"),
            ("focal(gamma=-1)", "losses.focal.gamma: expected a number of at least 0, got -1"),
            ("focal(", "NAME: expected name or name(key=value, ...), got focal("),
            ("", "NAME: expected at least one loss"),
            ("no_such_module:loss", "NAME: expected module:callable that can be imported from here"),
        ],
    )
    def test_what_is_no_loss_is_one_sentence(self, lossbench: Runner, text: str, words: str) -> None:
        assert words in refused(lossbench, "l1", text) if text else refused(lossbench, text)


class TestPictures:
    def test_the_file_is_losses_svg_unless_told_otherwise(self, lossbench: Runner, here: Path) -> None:
        done = lossbench("losses", "focal", "focal(gamma=0.5)", "gce", "--plot")
        assert done.code == 0, done.err
        svg = (here / "losses.svg").read_text(encoding="utf-8")
        assert svg.startswith("<svg")
        for label in ("focal", "focal(gamma=0.5)", "gce"):
            assert f">{label}</text>" in svg
        assert "focal, focal(gamma=0.5) and gce for 10 classes" in done.out
        assert done.out.endswith("picture: losses.svg\n")
        assert "formula" not in done.out

    def test_an_output_is_a_picture_and_its_suffix_the_format(self, lossbench: Runner, here: Path) -> None:
        assert lossbench("losses", "mae", "--output", "one.PNG").code == 0
        assert (here / "one.PNG").read_bytes().startswith(b"\x89PNG\r\n")
        assert lossbench("losses", "mae", "--output", "one.json").code == 0
        assert picture(here / "one.json")["$schema"].startswith("https://vega.github.io/schema/vega-lite/")
        assert sorted(path.name for path in here.iterdir()) == ["one.PNG", "one.json"]

    def test_it_draws_the_curves_for_ten_classes(self, lossbench: Runner, here: Path) -> None:
        lossbench("losses", "cross_entropy", "gce(q=0.5)", "--output", "two.json")
        rows = drawn(here / "two.json")
        assert list(rows) == ["cross_entropy", "gce(q=0.5)"]
        for label, points in rows.items():
            expected = curve(bind(LossSpec.parse(label), [1] * 10), 10)
            for name in ("margin", "probability", "value", "gradient"):
                assert tuple(point[name] for point in points) == getattr(expected, name)

    def test_what_needs_class_counts_is_drawn_for_a_frequent_and_a_rare_class(
        self, lossbench: Runner, here: Path
    ) -> None:
        done = lossbench("losses", "weighted_ce", "mae", "ldam", "--output", "three.json")
        rows = drawn(here / "three.json")
        often, rarely = "weighted_ce (most frequent class true)", "weighted_ce (rarest class true)"
        assert list(rows) == [
            often, rarely, "mae", "ldam (most frequent class true)", "ldam (rarest class true)"
        ]  # fmt: skip
        for one, other in zip(rows[often], rows[rarely], strict=True):
            assert other["value"] == pytest.approx(100 * one["value"])
        assert (len(CLASS_COUNTS), CLASS_COUNTS[0], CLASS_COUNTS[-1]) == (10, 5000, 50)
        assert "from 5,000 in the most frequent class to 50 in the rarest" in done.out
        scales = picture(here / "three.json")["concat"][0]["encoding"]
        color, dash = (dict(zip(*scales[key]["scale"].values(), strict=True)) for key in ("color", "strokeDash"))
        assert color[often] == color[rarely] != color["mae"]
        assert dash[often] != dash[rarely]

    def test_a_loss_far_larger_than_the_others_does_not_flatten_them(self, lossbench: Runner, here: Path) -> None:
        done = lossbench("losses", "cross_entropy", "mae", "ldam", "--output", "cut.json")
        value, _, gradient, _ = picture(here / "cut.json")["concat"]
        assert value["encoding"]["y"]["scale"]["domain"][1] < 10
        assert gradient["encoding"]["y"]["scale"]["domain"][0] > -1.2
        assert value["mark"]["clip"] is True
        assert "cut for the sake of the others: ldam (most frequent class true) and ldam (rarest" in done.out
        assert "ldam (rarest class true) 30.000" in done.out
        assert "cut" not in lossbench("losses", "cross_entropy", "mae", "gce", "--output", "all.json").out

    def test_labels_are_whole_however_long(self, lossbench: Runner, here: Path) -> None:
        loss = "ldam_drw(beta=0.99, max_margin=0.3, scale=10)"
        lossbench("losses", loss, "mae", "--plot")
        assert f">{loss} (most frequent class true)</text>" in (here / "losses.svg").read_text(encoding="utf-8")

    def test_an_own_loss_beside_the_catalogues(self, lossbench: Runner, here: Path, own: str) -> None:
        done = lossbench("losses", f"{own}:plain", "cross_entropy", f"{own}:counted", "--output", "own.json")
        assert done.code == 0, done.err
        rows = drawn(here / "own.json")
        plain, counted = f"{own}:plain", f"{own}:counted"
        assert list(rows) == [
            plain, "cross_entropy", f"{counted} (most frequent class true)", f"{counted} (rarest class true)"
        ]  # fmt: skip
        for mine, theirs in zip(rows[plain], rows["cross_entropy"], strict=True):
            assert mine["value"] == pytest.approx(theirs["value"], rel=1e-4, abs=1e-5)
        assert done.out.startswith(f"{plain}: a loss of your own, imported as {plain}; ")
        assert "called" not in done.out

    def test_an_own_loss_that_raises(self, lossbench: Runner, here: Path, own: str) -> None:
        error = lossbench("losses", f"{own}:raising", "--plot").err
        assert f"lossbench: NAME: expected {own}:raising to give the loss" in error
        assert "got ValueError: not today" in error
        assert not (here / "losses.svg").exists()

    def test_an_own_loss_that_takes_no_single_samples(self, lossbench: Runner, here: Path, own: str) -> None:
        error = lossbench("losses", "mae", f"{own}:paired", "--plot").err
        assert f"NAME: expected losses to draw that can be asked for one sample at a time, got {own}:paired" in error
        assert not (here / "losses.svg").exists()

    def test_a_short_list_is_drawn(self, lossbench: Runner, here: Path) -> None:
        assert lossbench("losses", "--family", "regression-style", "--output", "list.json").code == 0
        assert list(drawn(here / "list.json")) == [card.name for card in CARDS if card.family == "regression-style"]

    def test_a_long_list_is_refused(self, lossbench: Runner, here: Path) -> None:
        expected = "--plot: expected at most 12 losses in one picture: name some, or choose by --family and --property"
        assert f"{expected}, got {len(CATALOGUE)} losses" in refused(lossbench, "--plot")
        assert list(here.iterdir()) == []

    def test_an_empty_list_is_no_picture(self, lossbench: Runner, here: Path) -> None:
        done = lossbench("losses", "--property", "convex", "--property", "not-convex", "--plot")
        assert (done.code, list(here.iterdir())) == (0, [])

    @pytest.mark.parametrize("name", ["x.pdf", "x", "x.svg.gz", ".svg"])
    def test_another_suffix_is_refused(self, lossbench: Runner, here: Path, name: str) -> None:
        expected = f"--output: expected a file that ends in .svg, .png or .json, got {name}"
        assert expected in refused(lossbench, "focal", "--output", name)
        assert list(here.iterdir()) == []

    def test_a_place_that_cannot_be_written_to(self, lossbench: Runner) -> None:
        expected = "--output: expected a file that can be written, got no/x.json (No such file or directory)"
        assert expected in refused(lossbench, "mae", "--output", "no/x.json")
