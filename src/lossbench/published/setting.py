"""In what a study's setting differs from a published one: what its comparison with the numbers has to say first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lossbench.published.types import Setting
from lossbench.spec import Scenario, print_value
from lossbench.text import listed

__all__ = ["Differs", "differences"]

# how training is watched, which decides nothing, and a precision that no source names
_LEFT_OUT = frozenset({"model", "eval_interval", "train_metrics", "precision"})

_WORDS: Mapping[str, str] = {
    "batch_size": "batch size",
    "optimizer.name": "optimizer",
    "optimizer.lr": "learning rate",
    "optimizer.momentum": "momentum",
    "optimizer.weight_decay": "weight decay",
    "optimizer.nesterov": "Nesterov momentum",
    "clip": "greatest gradient norm",
}


@dataclass(frozen=True)
class Differs:
    """One thing that differs: `epochs`, `12`, `120`."""

    what: str
    ours: str
    theirs: str

    def __str__(self) -> str:
        return f"{self.what} {self.ours} instead of {self.theirs}"


def differences(
    setting: Setting, study: Mapping[str, Any], scenario: str, *, data: str, test: int
) -> tuple[Differs, ...]:
    """What a study of one condition does otherwise.

    Args:
        setting: the published one.
        study: as plain values, of one model and one scenario.
        scenario: of the published numbers, whose share of the training data counts.
        data: the name of the study's data.
        test: how many pictures its test split has.
    """
    return (
        *_data(setting, data, test),
        *_share(Scenario.parse(scenario, data), Scenario.parse(study["scenarios"][0], data)),
        *_compared("model", study["models"][0], setting.model),
        *_recipe(study["recipe"], setting.whole().canonical()),
    )


def _data(setting: Setting, data: str, test: int) -> Iterator[Differs]:
    if data != setting.data:
        yield Differs("data", data, setting.data)
    elif test != setting.test:
        yield Differs("test pictures", f"{test:,}", f"{setting.test:,}")


def _share(theirs: Scenario, ours: Scenario) -> Iterator[Differs]:
    sizes = [_size(scenario.train_size) for scenario in (ours, theirs)]
    yield from _compared("training data", *sizes)
    held_out = [_shown(scenario.validation) for scenario in (ours, theirs)]
    yield from _compared("share held out for validation", *held_out)


def _size(size: float | None) -> str:
    if size is None:
        return "all of it"
    return f"a share of {print_value(size)}" if size < 1 else f"{size:,.0f} pictures"


def _recipe(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> Iterator[Differs]:
    mine, published = dict(_flat(ours)), dict(_flat(theirs))
    for name in dict.fromkeys([*published, *mine]):
        if name.partition(".")[0] not in _LEFT_OUT:
            yield from _compared(_WORDS.get(name, name), _shown(mine.get(name)), _shown(published.get(name)))


def _flat(recipe: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """A recipe's settings; a schedule is one of them, for its numbers mean nothing apart."""
    for name, value in recipe.items():
        if name == "optimizer":
            yield from ((f"{name}.{part}", setting) for part, setting in value.items())
        else:
            yield name, _schedule(**value) if name == "schedule" else value


def _schedule(name: str, **settings: Any) -> str:
    """`cosine`, `step (step 5, gamma 0.5)`."""
    inside = ", ".join(f"{part} {_shown(value)}" for part, value in settings.items())
    return f"{name} ({inside})" if inside else name


def _compared(what: str, ours: str, theirs: str) -> Iterator[Differs]:
    if ours != theirs:
        yield Differs(what, ours, theirs)


def _shown(value: Any) -> str:
    """A value in words; what is off, or not there, is none."""
    if isinstance(value, list | tuple):
        return listed(map(_shown, value)) or "none"
    if value is None or value is False:
        return "none"
    if value is True:
        return "yes"
    return f"{value:g}" if isinstance(value, int | float) else str(value)
