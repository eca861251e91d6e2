"""Reads hypotheses; every complaint points at a word."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass

from lossbench.errors import RequestError
from lossbench.spec.arm import Arm
from lossbench.spec.call import Quotes, check_unicode, parse_call, print_value, split_outside
from lossbench.spec.hypothesis import Band, Claim, Equivalence, Extreme, Follows, Hypothesis, Measure, Order, Trend
from lossbench.text import shortened

__all__ = ["parse_hypotheses", "parse_hypothesis"]

SPLITS = ("train", "validation", "test")
METRICS = ("loss", "accuracy", "precision", "recall", "f1", "nll", "brier", "ece")
OF_LAST_LOGITS = ("top5", "auroc")
OF_CLASSES = ("precision", "recall", "f1")
OF_WRONG_LABELS = ("memorised", "corrected")
OF_UNEQUAL_CLASSES = ("many", "medium", "few")

_METRIC = "a metric, as in test.accuracy: or test.recall[cat]:"
_LOSS = "a loss"
_NUMBER = "a number"

_LONGEST = 10_000  # two losses and four parts of a scenario at their longest
_CONTEXT = 100  # how much of the line a complaint shows on either side of the word


def parse_hypotheses(value: object, field: str = "plan.hypotheses", own: Collection[str] = ()) -> tuple[str, ...]:
    """Hypotheses as a study file has them: a block with one per line, or a list; `#` begins a comment.

    Args:
        value: the block or the list.
        field: what a complaint is about.
        own: the names of the study's own metrics.

    Returns:
        each in the form that it prints in.

    Raises:
        RequestError: one cannot be read, or stands there twice.
    """
    lines = value.splitlines() if isinstance(value, str) else value
    if not isinstance(lines, list | tuple) or not all(isinstance(line, str) for line in lines):
        raise RequestError(field, "lines of text, as in test.accuracy: cross_entropy > l1", value)
    found: dict[str, int] = {}
    for number, line in enumerate(lines, start=1):
        bare = _without_comment(line)
        if not bare.strip():
            continue
        text = str(parse_hypothesis(bare, f"{field}, line {number}", own))
        if text in found:
            raise RequestError(
                f"{field}, line {number}", "every hypothesis once", text, f"line {found[text]} says it too"
            )
        found[text] = number
    return tuple(found)


def parse_hypothesis(text: str, field: str = "plan.hypotheses", own: Collection[str] | None = ()) -> Hypothesis:
    """Reads one hypothesis.

    Args:
        text: the line. A loss that is not of the form name(key=value, ...) stands in double quotes.
        field: what a complaint is about.
        own: the names of the study's own metrics; None where the line was read before, and any may stand there.

    Raises:
        RequestError: it is no sentence of the grammar; points at the word that does not fit.
    """
    if len(text) > _LONGEST:
        raise RequestError(field, f"a hypothesis of at most {_LONGEST:,} characters", text)
    try:
        check_unicode(text)
    except ValueError as error:
        raise RequestError(field, str(error), text) from None
    return _Words(text, field, own).hypothesis()


@dataclass(frozen=True)
class _Word:
    """A word and where it stands."""

    text: str
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)


class _Words:
    """The words of a line, taken one by one."""

    def __init__(self, text: str, field: str, own: Collection[str] | None) -> None:
        self.text, self.field, self.own = text, field, own
        self.words = _split(text)
        self.place = 0

    def hypothesis(self) -> Hypothesis:
        scenario = self._scenario()
        measure = self._measure(_METRIC)
        if self._try("follows"):
            claim: Claim = self._follows(measure)
        elif self._try(":"):
            claim = self._claim()
        else:
            raise self._wrong('":" or "follows"')
        if self.place < len(self.words):
            raise self._wrong("the end of the line")
        return Hypothesis(measure, claim, scenario)

    def _scenario(self) -> str | None:
        places = [word for word in self.words if word.text == "|"]
        if not places:
            return None
        written = self.text[: places[0].start].strip()
        self.place = self.words.index(places[0]) + 1
        parts = []
        for part in split_outside(written, "+"):
            call = parse_call(part, self.field)
            inside = [print_value(value) for value in call.arguments]
            inside += [f"{key}={print_value(value)}" for key, value in sorted(call.keywords.items())]
            parts.append(f"{call.name}({', '.join(inside)})" if inside else call.name)
        if not parts:
            raise self._wrong("a scenario", places[0])
        return " + ".join(parts)

    def _measure(self, wanted: str) -> Measure:
        word = self._next(wanted)
        split, dot, rest = word.text.partition(".")
        metric, bracket, name = rest.partition("[")
        if not dot:
            raise self._wrong(wanted, word)
        if split not in SPLITS:
            raise self._wrong(f"{_listed(SPLITS)} before the dot", word)
        known = (*METRICS, *self._of_split(split))
        if metric not in known and not self._may_be_own(split, metric):
            raise self._wrong(f"{_listed(known)} after the dot", word)
        if not bracket:
            return Measure(split, metric)
        if not name.endswith("]") or not name[:-1].strip():
            raise self._wrong("a class in brackets, as in test.recall[cat]", word)
        if split != "test" or metric not in OF_CLASSES:
            raise self._wrong(f"test.{_listed(OF_CLASSES)} for a class alone", word)
        return Measure(split, metric, name[:-1].strip())

    def _of_split(self, split: str) -> tuple[str, ...]:
        """What only some splits have."""
        if split == "train":
            return OF_WRONG_LABELS
        of_logits = (*OF_LAST_LOGITS, *(self.own or ()))
        return (*OF_UNEQUAL_CLASSES, *of_logits) if split == "test" else of_logits

    def _may_be_own(self, split: str, metric: str) -> bool:
        return self.own is None and split != "train" and metric.isidentifier()

    def _follows(self, measure: Measure) -> Follows:
        other = self._measure("another metric")
        if other == measure:
            raise self._wrong("another metric than the first", self.words[self.place - 1])
        return Follows(other)

    def _claim(self) -> Claim:
        for word, highest in (("highest", True), ("lowest", False)):
            if self._try(word):
                return Extreme(self._loss(), highest)
        loss = self._loss("a loss, highest or lowest")
        for word, greater in ((">", True), ("<", False)):
            if self._try(word):
                return Order(loss, self._loss(unlike=loss), greater, self._along_training())
        if self._try("~"):
            other = self._loss(unlike=loss)
            self._need("within", "`within` and the margin")
            return Equivalence(loss, other, self._number(least=0.0, strictly=True), self._along_training())
        if self._try("within"):
            width = self._number(least=0.0)
            self._need("of")
            return Band(loss, width, self._number())
        for word, rises in (("rises", True), ("falls", False)):
            if self._try(word):
                return Trend(loss, rises, self._try("monotonically"))
        raise self._wrong(">, <, ~, within, falls or rises")

    def _along_training(self) -> bool:
        if not self._try("along"):
            return False
        self._need("training")
        return True

    def _loss(self, wanted: str = _LOSS, unlike: str = "") -> str:
        word = self._next(wanted)
        if word.text.startswith('"'):
            label = word.text.strip('"').strip()
            if not label or not word.text.endswith('"') or len(word.text) < 2:
                raise self._wrong("a loss between two quotes", word)
        else:
            try:
                label = str(Arm.parse(word.text, self.field))
            except RequestError:
                raise self._wrong(f"{wanted}, of the form name(key=value, ...) or in quotes", word) from None
        if label == unlike:
            raise self._wrong("two different losses", word)
        return label

    def _number(self, least: float = -math.inf, *, strictly: bool = False) -> float:
        wanted = _NUMBER if least == -math.inf else f"{_NUMBER} {'above' if strictly else 'of at least'} {least:g}"
        word = self._next(wanted)
        try:
            value = float(word.text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value) or value < least or (strictly and value == least):
            raise self._wrong(wanted, word)
        return value + 0.0

    def _next(self, wanted: str) -> _Word:
        if self.place >= len(self.words):
            raise self._wrong(wanted)
        self.place += 1
        return self.words[self.place - 1]

    def _try(self, text: str) -> bool:
        found = self.place < len(self.words) and self.words[self.place].text == text
        self.place += found
        return found

    def _need(self, text: str, wanted: str = "") -> None:
        if not self._try(text):
            raise self._wrong(wanted or f"`{text}`")

    def _wrong(self, wanted: str, word: _Word | None = None) -> RequestError:
        """The complaint of a word, of the next one if none is given; the hint shows where in the line it stands."""
        if word is None and self.place < len(self.words):
            word = self.words[self.place]
        if word is None:
            return RequestError(self.field, wanted, "the end of the line", f"after: {_last(self.text.strip())}")
        before, after = self.text[: word.start].lstrip(), self.text[word.end :].rstrip()
        marked = f"{_last(before)}»{shortened(word.text, _CONTEXT)}«{_first(after)}"
        return RequestError(self.field, wanted, word.text, f"here: {marked}")


def _last(text: str) -> str:
    return text if len(text) <= _CONTEXT else f"…{text[-_CONTEXT:]}"


def _first(text: str) -> str:
    return text if len(text) <= _CONTEXT else f"{text[:_CONTEXT]}…"


def _split(text: str) -> list[_Word]:
    """Words between spaces; what is inside parentheses, brackets or quotes belongs to its word.

    `>`, `<`, `~`, `|` and the first colon, which ends the metric, stand for themselves.
    """
    words: list[_Word] = []
    quotes = Quotes(text)
    begun, depth, rounds, colons, place = -1, 0, 0, 0, 0
    while place < len(text):
        character = text[place]
        depth = max(depth + (character in "([") - (character in ")]"), 0)
        rounds = max(rounds + (character == "(") - (character == ")"), 0) if depth else 0
        alone = depth == 0 and (character in "<>~|" or (character == ":" and not colons))
        if depth == 0 and (character.isspace() or alone) and begun >= 0:
            words.append(_Word(text[begun:place], begun))
            begun = -1
        if alone:
            words.append(_Word(character, place))
            colons += character == ":"
        elif begun < 0 and not character.isspace():
            begun = place
            if character == '"':
                closed = text.find('"', place + 1)
                place = closed if closed >= 0 else len(text)
        elif rounds:  # of a loss; a class's name in brackets may have an apostrophe
            place = quotes.end(place)
        place += 1
    if begun >= 0:
        words.append(_Word(text[begun:], begun))
    return words


def _without_comment(line: str) -> str:
    """The line up to a word that begins with `#` and has a space before it."""
    for word in _split(line):
        if word.text.startswith("#") and (word.start == 0 or line[word.start - 1].isspace()):
            return line[: word.start]
    return line


def _listed(names: tuple[str, ...]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}"
