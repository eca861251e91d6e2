"""What a case came to: rounds of answers, and the figures taken from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

from benchmarks.cases import Case
from benchmarks.contenders import BOUND, PRODUCT
from benchmarks.summary import Pace, Spread, pace, ratio, spread
from benchmarks.task import Answer

__all__ = ["CaseResult", "Row"]


@dataclass(frozen=True)
class Row:
    """One contender's figures.

    Args:
        name: the contender's.
        trouble: why it has no figures, or not in every round; empty where it has.
        precision: that it trained in; empty where it has no figures.
        seconds: per trial-epoch, over the rounds.
        pictures: trained on per second, at the median.
        times: by name of each row of lossbench, how many times as fast lossbench is, within rounds.
        share: of the bound of the same precision; of lossbench alone.
        all_busy: whether every process was busy in all epochs counted.
    """

    name: str
    trouble: str
    precision: str
    seconds: Spread | None
    pictures: float | None
    times: Mapping[str, Spread | None]
    share: Spread | None
    all_busy: bool


@dataclass(frozen=True)
class CaseResult:
    """One case, measured.

    Args:
        case: what was trained, with the numbers that were.
        test: test pictures.
        answers: by contender, one answer per round; None where it gave none.
        troubles: by contender, why it gave none.
    """

    case: Case
    test: int
    answers: Mapping[str, list[Answer | None]]
    troubles: Mapping[str, str]

    @property
    def products(self) -> list[str]:
        """The rows of lossbench."""
        return [name for name in self.answers if name.split()[0] == PRODUCT]

    @property
    def failed(self) -> bool:
        """Whether a contender that is installed gave no answer."""
        return any(trouble.startswith("failed") for trouble in self.troubles.values())

    def rows(self) -> list[Row]:
        """Every contender's figures, in the order they were asked for."""
        return [self._row(name) for name in self.answers]

    def to_json(self) -> dict[str, Any]:
        """Raw epoch seconds of every round, and the figures of the table."""
        return {
            **asdict(self.case),
            "test": self.test,
            "contenders": {
                row.name: {**asdict(row), "rounds": [_round(answer) for answer in self.answers[row.name]]}
                for row in self.rows()
            },
        }

    def _row(self, name: str) -> Row:
        precision = self._precision(name)
        seconds = spread(second for second in self._seconds(name) if second is not None)
        times = {product: ratio(self._seconds(name), self._seconds(product)) for product in self.products}
        bound = f"{BOUND} {precision}"
        has_share = name in self.products and bound in self.answers
        return Row(
            name,
            self.troubles.get(name, ""),
            precision,
            seconds,
            self.case.train / seconds.median if seconds else None,
            {product: spread for product, spread in times.items() if product != name},
            ratio(self._seconds(bound), self._seconds(name)) if has_share else None,
            all(measured.all_busy for measured in self._paces(name) if measured),
        )

    def _paces(self, name: str) -> list[Pace | None]:
        return [pace(answer.trials) if answer else None for answer in self.answers[name]]

    def _seconds(self, name: str) -> list[float | None]:
        return [measured.seconds if measured else None for measured in self._paces(name)]

    def _precision(self, name: str) -> str:
        return next((answer.precision for answer in self.answers[name] if answer), "")


def _round(answer: Answer | None) -> dict[str, Any] | None:
    if answer is None:
        return None
    return {
        "epoch_seconds": [[end - begin for begin, end in pairwise(stamps)] for stamps in answer.trials],
        "seconds_after_last_epoch": answer.finishing,
        **asdict(pace(answer.trials)),
    }
