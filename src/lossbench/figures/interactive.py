"""A figure for a page with JavaScript: losses can be hidden and set off, epochs zoomed, values told.

The page sets four parameters in every figure alike, so that figures stay linked: `hidden`, the labels that are left
out; `focus`, the one label that is set off, or null; `first` and `last`, the epochs that are shown.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lossbench.figures.charts import TOLD, Spec
from lossbench.figures.types import Figure

__all__ = ["interactive"]

_FAINT = 0.1  # how much is left of a loss when another is set off
_FOCUS = "focus !== null && focus !== datum.loss_function"
_DECIMALS = ".4~f"

# What is told of a row, in this order: column, word, type, format.
_TOLD: tuple[tuple[str, str, str, str], ...] = (
    ("loss_function", "loss", "nominal", ""),
    ("a", "loss", "nominal", ""),
    ("b", "against", "nominal", ""),
    ("verdict", "verdict", "nominal", ""),
    ("difference", "difference", "quantitative", "+.4~f"),
    ("true_class", "true", "nominal", ""),
    ("predicted_class", "predicted", "nominal", ""),
    ("class_name", "class", "nominal", ""),
    ("condition", "condition", "nominal", ""),
    ("group", "classes", "nominal", ""),
    ("split", "split", "nominal", ""),
    ("seed", "seed", "nominal", ""),
    ("epoch", "epoch", "quantitative", "d"),
    ("level", "at", "quantitative", ".4~g"),
    ("probability", "probability", "quantitative", _DECIMALS),
    ("margin", "logit", "quantitative", _DECIMALS),
    ("gradient", "gradient", "quantitative", _DECIMALS),
    ("confidence", "confidence", "quantitative", _DECIMALS),
    ("accuracy", "accuracy", "quantitative", _DECIMALS),
    ("share", "share", "quantitative", ".1~%"),
    ("value", "value", "quantitative", _DECIMALS),
    ("low", "95 % from", "quantitative", _DECIMALS),
    ("high", "95 % to", "quantitative", _DECIMALS),
    ("seconds", "seconds", "quantitative", ".4~g"),
    ("least", "least", "quantitative", ".4~g"),
    ("greatest", "greatest", "quantitative", ".4~g"),
    ("pictures_per_second", "pictures per second", "quantitative", ",.0f"),
    ("p_adjusted", "p, adjusted", "quantitative", ".2~g"),
    ("p_equivalence", "p, equivalence", "quantitative", ".2~g"),
    ("seeds", "seeds", "quantitative", "d"),
)


def interactive(figure: Figure, last_epoch: int) -> Spec:
    """The specification with the page's parameters, its tables inside.

    Args:
        figure: any.
        last_epoch: the study's; figures over epochs show the first to this one until the page says otherwise.
    """
    spec: Spec = copy.deepcopy(dict(figure.explorer or figure.chart))
    tables: Mapping[str, Sequence[Mapping[str, Any]]] = spec.get("datasets", {})
    linked = figure.loss is None or figure.slug.startswith("definition-")
    for panel in list(_panels(spec, "", tables)):
        if linked and len({row.get("loss_function") for row in panel.rows}) > 1:
            panel.link()
        if last_epoch > 2:
            panel.zoom(last_epoch)
        panel.tell()
    for mark in _marks(spec):
        mark["aria"] = False  # the picture as a whole has a text alternative
    values: Spec = {"hidden": [], "focus": None, "first": 1, "last": last_epoch}
    spec["params"] = [*spec.get("params", []), *({"name": name, "value": value} for name, value in values.items())]
    return spec


@dataclass(frozen=True)
class _Panel:
    """One layered view: its specification, the views in it that draw its table, and the table."""

    spec: Spec
    units: tuple[Spec, ...]
    rows: Sequence[Mapping[str, Any]]

    def link(self) -> None:
        """Lets the losses follow `hidden` and `focus`."""
        for unit in self.units:
            _first_filter(unit, "indexof(hidden, datum.loss_function) < 0")
            for channel in ("fillOpacity", "strokeOpacity"):
                faint: Spec = {"condition": {"test": _FOCUS, "value": _FAINT}, "value": 1}
                unit["encoding"].setdefault(channel, faint)

    def zoom(self, last_epoch: int) -> None:
        """Shows epochs `first` to `last`; the vertical axis follows, but for a whole view, which is as drawn."""
        over = [unit for unit in self.units if _field(unit, "x") == "epoch"]
        if not over or min(_domain(unit, "x")[0] for unit in over) >= last_epoch:
            return
        drawn = next((domain for unit in over if (domain := _domain(unit, "y"))), None)
        for unit in over:
            _first_filter(unit, "datum.epoch >= first && datum.epoch <= last")
            unit["encoding"]["x"]["scale"]["domain"] = [{"expr": "first"}, {"expr": "last"}]
            unit["mark"] = {**unit["mark"], "clip": True}
            if _domain(unit, "y"):
                unit["encoding"]["y"]["scale"] = {"zero": False}
        if drawn:
            self.spec["layer"].append(_anchors(drawn, over[0]["encoding"]["x"], last_epoch))

    def tell(self) -> None:
        """Tells the rows under the pointer; beside lines that are `TOLD` stand points that nobody sees."""
        for unit in self.units:
            encoding = unit["encoding"]
            words = _words(self.rows[0], encoding)
            if unit["mark"]["type"] in ("bar", "rect", "point"):
                encoding["tooltip"] = words
            elif unit["mark"].get("tooltip") == TOLD:
                point: Spec = {"type": "point", "filled": True, "size": 140, "opacity": 0, "clip": True}
                place: Spec = {name: encoding[name] for name in ("x", "y")}
                kept: Spec = {name: copy.deepcopy(unit[name]) for name in ("data", "transform") if name in unit}
                self.spec["layer"].append({**kept, "mark": point, "encoding": {**place, "tooltip": words}})


def _panels(spec: Spec, name: str, tables: Mapping[str, Any]) -> Iterator[_Panel]:
    """Every view that draws a table, lone ones made layered."""
    name = spec.get("data", {}).get("name", name)
    if "mark" in spec:
        inner = {key: spec.pop(key) for key in ("mark", "encoding", "transform") if key in spec}
        spec["layer"] = [inner]
    if "layer" in spec:
        named = [(unit, unit.get("data", {"name": name}).get("name")) for unit in spec["layer"] if "mark" in unit]
        units = tuple(unit for unit, of in named if tables.get(of))
        if units:
            yield _Panel(spec, units, next(tables[of] for _, of in named if tables.get(of)))
        return
    for key in ("hconcat", "vconcat", "concat"):
        for part in spec.get(key, []):
            yield from _panels(part, name, tables)


def _marks(spec: Spec) -> Iterator[Spec]:
    if "mark" in spec:
        yield spec["mark"]
    for key in ("layer", "hconcat", "vconcat", "concat"):
        for part in spec.get(key, []):
            yield from _marks(part)


def _first_filter(unit: Spec, test: str) -> None:
    unit["transform"] = [{"filter": test}, *unit.get("transform", [])]


def _field(unit: Spec, channel: str) -> str | None:
    field: str | None = unit["encoding"].get(channel, {}).get("field")
    return field


def _domain(unit: Spec, channel: str) -> list[float]:
    domain: list[float] = (unit["encoding"].get(channel, {}).get("scale") or {}).get("domain") or []
    return domain


def _anchors(domain: Sequence[float], x: Mapping[str, Any], last_epoch: int) -> Spec:
    """Two points that nobody sees: while all epochs are shown they hold the vertical axis to its drawn length."""
    return {
        "data": {"values": [{"epoch": last_epoch, "value": value} for value in domain]},
        "transform": [{"filter": f"first <= 1 && last >= {last_epoch}"}],
        "mark": {"type": "point", "opacity": 0},
        "encoding": {"x": dict(x), "y": {"field": "value", "type": "quantitative"}},
    }


def _words(row: Mapping[str, Any], encoding: Mapping[str, Any]) -> list[dict[str, str]]:
    """What is told of a row: the columns that it has; the value under the name of its axis."""
    drawn = [encoding[name] for name in ("y", "x") if encoding.get(name, {}).get("field") == "value"]
    axis = next((channel["title"] for channel in drawn if channel.get("title")), "value")
    bands = {"low": "minus one sd", "high": "plus one sd"} if "epoch" in row else {}  # of curves, as they are drawn
    told = []
    for column, word, kind, form in _TOLD:
        if column in row:
            title = axis if column == "value" else bands.get(column, word)
            told.append({"field": column, "title": title, "type": kind, **({"format": form} if form else {})})
    return told
