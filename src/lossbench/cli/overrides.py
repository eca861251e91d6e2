"""Options outrank the study file, which outranks the preset, which outranks the defaults."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lossbench.errors import RequestError, UnknownNameError
from lossbench.spec import (
    LOOKS,
    PRESETS,
    Optimizer,
    Schedule,
    Study,
    default_name,
    parse_arms,
    parse_seeds,
    read_study_file,
    scaled,
    split_outside,
)

__all__ = ["OPTIONS", "SCALE", "UNTIL_DECIDED", "build_study", "naming"]

UNTIL_DECIDED = "--until-decided"

SCALE = "--scale"

# where in a study each option's value goes
OPTIONS: Mapping[str, tuple[str, ...]] = {
    "--name": ("name",),
    "--data": ("data",),
    "--image-column": ("image_column",),
    "--label-column": ("label_column",),
    "--size": ("size",),
    "--model": ("models",),
    "--losses": ("losses",),
    "--scenario": ("scenarios",),
    "--seeds": ("seeds",),
    "--epochs": ("recipe", "epochs"),
    "--batch-size": ("recipe", "batch_size"),
    "--optimizer": ("recipe", "optimizer", "name"),
    "--lr": ("recipe", "optimizer", "lr"),
    "--momentum": ("recipe", "optimizer", "momentum"),
    "--nesterov": ("recipe", "optimizer", "nesterov"),
    "--weight-decay": ("recipe", "optimizer", "weight_decay"),
    "--schedule": ("recipe", "schedule", "name"),
    "--lr-step": ("recipe", "schedule", "step"),
    "--lr-gamma": ("recipe", "schedule", "gamma"),
    "--milestones": ("recipe", "schedule", "milestones"),
    "--warmup": ("recipe", "schedule", "warmup"),
    "--clip": ("recipe", "clip"),
    "--augmentation": ("recipe", "augmentation"),
    "--mixup": ("recipe", "mixup"),
    "--eval-interval": ("recipe", "eval_interval"),
    "--train-metrics": ("recipe", "train_metrics"),
    "--precision": ("recipe", "precision"),
    "--metric": ("plan", "metrics"),
    "--max-seeds": ("plan", "max_seeds"),
}


# what has a name and settings of its own, with the name that holds where none is given
_NAMED: Mapping[str, str] = {spec.place: spec.model_fields["name"].default for spec in (Optimizer, Schedule)}


def build_study(file: Path | None, preset: str | None, options: Mapping[str, Any]) -> Study:
    """The study that a command line asks for.

    Args:
        file: a study file.
        preset: a preset's name.
        options: values by option; None where it was not given.

    Raises:
        RequestError: something is not allowed; where an option brought it, the sentence names the option.
    """
    given = {name: value for name, value in options.items() if value is not None and value != []}
    until_decided = given.pop(UNTIL_DECIDED, False)
    share = given.pop(SCALE, None)
    if until_decided and "--seeds" in given:
        raise RequestError("--seeds", f"nothing beside {UNTIL_DECIDED}, which adds seeds itself", given["--seeds"])
    values: dict[str, Any] = {}
    if preset is not None:
        if preset not in PRESETS:
            raise UnknownNameError("--preset", preset, PRESETS)
        values = _copied(PRESETS[preset])
    if file is not None:
        values = _merged(values, read_study_file(file))
    values = _merged(values, _nested(given))
    if until_decided:
        values = _merged({"plan": {"max_seeds": LOOKS[-1]}}, values)
    if preset is not None and not values.get("name"):
        models = values["models"] if isinstance(values["models"], list) else [values["models"]]
        if models and isinstance(models[0], str):
            values["name"] = default_name(preset, models[0])
    try:
        study = Study(**values)
    except RequestError as error:
        raise _in_options_words(error, given) from None
    if share is not None:
        study = _at_scale(study, share, named="--name" in given)
    if "--max-seeds" in given and not until_decided:
        raise RequestError("--max-seeds", f"{UNTIL_DECIDED} beside it", f"{study.plan.max_seeds} alone")
    return study


@contextmanager
def naming(option: str, value: object) -> Iterator[None]:
    """Lets a complaint about what an option brought name the option, where it is found after the study was built.

    Args:
        option: one of `OPTIONS`.
        value: of that option; None or empty where it was not given.
    """
    try:
        yield
    except RequestError as error:
        raise _in_options_words(error, {option: value} if value else {}) from error.__cause__


def _at_scale(study: Study, share: object, *, named: bool) -> Study:
    """The study at a share of its training data, with that in its name: the whole will want to have the bare one."""
    smaller = scaled(study, share, SCALE)
    if named:
        return smaller
    ending = f"-scale-{share:g}"
    base = study.name.encode()[: 200 - len(ending)].decode(errors="ignore")
    return smaller.model_copy(update={"name": f"{base}{ending}"})


def _nested(given: Mapping[str, Any]) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for option, value in given.items():
        if option == "--losses":
            value = [text for part in value for text in split_outside(part)]
            parse_arms(value, option)
        if option == "--seeds":
            value = parse_seeds(value, option)
        place = nested
        *path, last = OPTIONS[option]
        for step in path:
            place = place.setdefault(step, {})
        place[last] = value
    return nested


def _merged(below: Mapping[str, Any], above: Mapping[str, Any], place: str = "") -> dict[str, Any]:
    """Mappings merge key by key; anything else is replaced, and an optimizer or schedule by another one."""
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        if old is None or not isinstance(value, Mapping):
            merged[key] = value
        elif isinstance(old, Mapping):
            kept = {} if _is_another(f"{place}{key}", old, value) else old
            merged[key] = _merged(kept, value, f"{place}{key}.")
        else:
            raise RequestError(f"{place}{key}", "a mapping", old)
    return merged


def _is_another(place: str, below: Mapping[str, Any], above: Mapping[str, Any]) -> bool:
    """Whether an optimizer or schedule is another one, for which the settings of the one below were not meant."""
    return place in _NAMED and "name" in above and above["name"] != below.get("name", _NAMED[place])


def _copied(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _copied(value) if isinstance(value, Mapping) else value for key, value in values.items()}


def _in_options_words(error: RequestError, given: Mapping[str, Any]) -> RequestError:
    for option, path in OPTIONS.items():
        field = ".".join(path)
        inside = option == "--scenario" and error.field.startswith(f"{field}.")  # of what stands in its parentheses
        if option in given and (error.field == field or inside):
            return error.renamed(option)
    return error
