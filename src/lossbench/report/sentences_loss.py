"""What was measured with one loss, computed from its curves."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import pairwise

import polars as pl

from lossbench.analysis.standings import at_chance
from lossbench.figures.curves import curve, curves, ended, finished_seeds, split_title, train_split
from lossbench.results import Results
from lossbench.text import MANY_SEEDS, capital, counted, fixed, isolate

__all__ = ["chance_sentence", "course", "gap", "loss_sentences", "turned_seeds"]

_HARDLY = 0.01  # of the whole change: what a curve may give back and still count as standing still


def loss_sentences(results: Results, loss: str, reasons: Collection[str] = ()) -> tuple[str, ...]:
    """Everything that is said of one loss's training.

    Args:
        results: the study's table.
        loss: its label.
        reasons: the rules that hold for it; what they say better is left to them.
    """
    train = train_split(results)
    table = curves(results, [loss], ["loss", "accuracy"], [train, "test"])
    finished = finished_seeds(results, loss)
    lost = lost_sentences(results, loss)
    if not finished or (not results.external and table.filter(pl.col("kind") == "mean").is_empty()):
        return (f"No trial of {isolate(loss)} finished, so nothing is said of it.", *lost)
    sentences = [
        over(finished),
        *(course(f"{split_title(split)} loss", *curve(table, loss, "loss", split), rising=False)
          for split in (train, "test")),
        "" if "overfitting" in reasons else turned_seeds(table),
        *_accuracy(results, table, loss, train),
        *lost,
    ]  # fmt: skip
    return tuple(sentence for sentence in sentences if sentence)


def over(seeds: Sequence[int]) -> str:
    """What the numbers that follow are means over."""
    if len(seeds) == 1:
        return f"Measured with seed {seeds[0]} alone, so this speaks of one trained network."
    return f"Measured as means over {counted(len(seeds), 'seed')}."


def course(name: str, epochs: Sequence[int], values: Sequence[float], rising: bool) -> str:
    """How a curve went: all along, in most steps, or up to an extreme and back.

    Args:
        name: what it is a curve of.
        epochs: ascending.
        values: one per epoch.
        rising: whether up is the direction that training aims at.
    """
    if not values:
        return ""
    name = capital(name)
    first, last = values[0], values[-1]
    if len(values) == 1:
        return f"{name} is {fixed(first)} after epoch {epochs[0]}, the only one evaluated."
    sign = 1 if rising else -1
    gains = [sign * (after - before) for before, after in pairwise(values)]
    if not any(gains):
        return f"{name} does not move: {fixed(first)} in all {len(values)} evaluated epochs."
    best = max(range(len(values)), key=lambda index: sign * values[index])
    verb = "rose" if rising else "fell"
    start = f"{name} {verb} from {fixed(first)} in epoch {epochs[0]} to"
    if best == len(values) - 1:
        steps = sum(gain > 0 for gain in gains)
        how = "at every step" if steps == len(gains) else f"in {steps} of {counted(len(gains), 'step')}"
        return f"{start} {fixed(last)} in epoch {epochs[-1]}, {how}."
    extreme = "highest" if rising else "lowest"
    back = abs(last - values[best])
    if best == 0:
        away = "fell" if rising else "rose"
        end = f"{away} to {fixed(last)} by epoch {epochs[-1]}"
        return f"{name} was {extreme} in epoch {epochs[0]} ({fixed(first)}) and {end}."
    peak = f"{start} its {extreme}, {fixed(values[best])}, in epoch {epochs[best]}"
    if back <= _HARDLY * abs(values[best] - first):
        return f"{peak} and has stood still since ({fixed(last)} at the end)."
    since = "fell" if rising else "rose"
    return f"{peak}, and {since} by {fixed(back)} from there to {fixed(last)} in epoch {epochs[-1]}."


def turned_seeds(table: pl.DataFrame) -> str:
    """In how many seeds test loss ended above its own lowest value; nothing with one seed or where none did."""
    rows = table.filter((pl.col("kind") == "seed") & (pl.col("metric") == "loss") & (pl.col("split") == "test"))
    seeds = rows.sort("epoch").group_by("seed", maintain_order=True).agg(
        first=pl.col("value").first(), least=pl.col("value").min(), last=pl.col("value").last()
    )  # fmt: skip
    back = (pl.col("last") - pl.col("least")) > _HARDLY * (pl.col("first") - pl.col("least")).abs()
    turned = seeds.filter(back & (pl.col("last") > pl.col("least"))).height
    if seeds.height < 2 or not turned:
        return ""
    whole = "every seed" if turned == seeds.height else f"{turned} of {seeds.height} seeds"
    return f"In {whole}, test loss ended above its own lowest value."


def chance_sentence(values: Sequence[float], classes: int, pictures: int) -> str:
    """What the test accuracy has to do with guessing; nothing where it has nothing to do with it."""
    if not values or not classes:
        return ""
    guessed, chance, last = at_chance(values, classes, pictures), 1 / classes, values[-1]
    if all(guessed):
        when = f"in all {len(values)} evaluated epochs" if len(values) > 1 else "in the one evaluated epoch"
        span = f"between {fixed(min(values))} and {fixed(max(values))}"
        return f"Test accuracy stays at chance (1/{classes}) {when}, {span}."
    if guessed[-1]:
        return (
            f"Test accuracy ends at chance (1/{classes}) with {fixed(last)}, after a highest of {fixed(max(values))}."
        )
    if last < chance:
        return f"Test accuracy ends below chance (1/{classes}): {fixed(last)}."
    if last < 2 * chance and last - chance < 0.1:
        above = f"{fixed(last - chance)} above chance (1/{classes})"
        return f"At the end test accuracy is {above}, more than guessing explains."
    return ""


def gap(train: str, trained: float, tested: float) -> str:
    """The distance between training and test accuracy at the end."""
    name = split_title(train)
    if abs(trained - tested) < 0.0005:
        return f"At the end {name} and test accuracy are the same to three decimals ({fixed(tested)})."
    side = "above" if trained > tested else "below"
    return (
        f"At the end {name} accuracy lies {fixed(abs(trained - tested))} {side} test accuracy "
        f"({fixed(trained)} against {fixed(tested)})."
    )


def lost_sentences(results: Results, loss: str) -> tuple[str, ...]:
    """One sentence per trial that did not finish; of many, how many they are."""
    sentences = []
    for status, words, many in (
        ("diverged", "diverged after {epochs}", "diverged"),
        ("failed", "failed", "failed"),
        ("missing", "is missing", "are missing"),
    ):
        lost = ended(results, loss, status)
        if len(lost) > MANY_SEEDS:
            sentences.append(f"{counted(len(lost), 'seed')} {many}.")
            continue
        for seed, epochs, reason in lost:
            sentences.append(f"Seed {seed} {words.format(epochs=counted(epochs, 'epoch'))}{_because(reason)}.")
    return tuple(sentences)


def _accuracy(results: Results, table: pl.DataFrame, loss: str, train: str) -> list[str]:
    epochs, tested = curve(table, loss, "accuracy", "test")
    train_epochs, trained = curve(table, loss, "accuracy", train)
    classes, pictures = len(results.data.class_names), results.data.test
    stays = bool(tested) and all(at_chance(tested, classes, pictures))
    courses = [
        course(f"{split_title(train)} accuracy", train_epochs, trained, rising=True),
        course("test accuracy", epochs, tested, rising=True),
    ]
    return [
        *([] if stays else courses),
        chance_sentence(tested, classes, pictures),
        gap(train, trained[-1], tested[-1]) if trained and tested else "",
    ]


def _because(reason: str) -> str:
    return f" ({isolate(reason)})" if reason else ""
