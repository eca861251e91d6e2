"""`Study`: which losses are compared, on what, with which seeds; read from a file, options or a preset."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

import yaml
from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, model_validator

from lossbench.errors import RequestError, StudyFileError
from lossbench.spec._model import Count, Positive, Spec
from lossbench.spec.call import split_outside
from lossbench.spec.hypothesis_parser import parse_hypotheses
from lossbench.spec.looks import LOOKS
from lossbench.spec.loss import LossSpec
from lossbench.spec.presets import FOUR_LOSSES
from lossbench.spec.recipe import Recipe
from lossbench.spec.scenario import Scenario

__all__ = [
    "Plan",
    "Study",
    "load_study",
    "parse_losses",
    "parse_seeds",
    "read_study_file",
]

_LARGEST_SEED = 2**63 - 1


def parse_seeds(value: object, field: str = "seeds") -> tuple[int, ...]:
    """Seeds as users write them: `5` means 1 to 5, `1,2,3` and `[1, 2, 3]` are lists, `7,` is seed 7 alone.

    Raises:
        RequestError: no seeds, a seed twice, or something that is no whole number.
    """
    allowed = "a number of seeds (5) or a list of different whole numbers (1,2,3 or 7,)"
    given = value
    if isinstance(value, str):
        parts = [part.strip() for part in value.split(",") if part.strip()]
        numbers = [int(part) if part.isdecimal() and len(part) < 20 else part for part in parts]
        value = numbers if "," in value or not numbers else numbers[0]
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 100_000:
        return tuple(range(1, value + 1))
    listed = tuple(value) if isinstance(value, list | tuple) else ()
    if listed and all(_is_seed(item) for item in listed) and len(set(listed)) == len(listed):
        return listed
    raise RequestError(field, allowed, given)


def parse_losses(value: object, field: str = "losses") -> tuple[LossSpec, ...]:
    """Losses as users write them: one text with commas outside parentheses, or a list of texts, specs and callables.

    Raises:
        RequestError: no loss, or a text that is not of the form name(key=value, ...).
    """
    texts = split_outside(value) if isinstance(value, str) else value
    if not isinstance(texts, list | tuple) or not texts:
        raise RequestError(field, 'at least one loss, as in [cross_entropy, "focal(gamma=2)"]', value)
    losses: list[LossSpec] = []
    for text in texts:
        losses.append(_loss(text, field))
    return tuple(losses)


def _loss(value: object, field: str) -> LossSpec:
    """One loss: a text, a spec, what was bound from a spec, or a user's own function, class or module."""
    spec = getattr(value, "spec", value)
    if isinstance(spec, LossSpec):
        return spec
    if isinstance(value, str):
        return LossSpec.parse(value, field)
    if callable(value):
        return LossSpec.of_callable(value, field=field)
    raise RequestError(field, "losses of the form name(key=value, ...)", value)


def _is_seed(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _LARGEST_SEED


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _text(value: str) -> str:
    """Text that can be written to a file: half of a surrogate pair cannot."""
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise ValueError("text that is valid Unicode")
    return value


def _folder_name(name: str) -> str:
    fits = 0 < len(_text(name).encode()) <= 200  # of the 255 bytes that a file system allows
    if not fits or name.startswith(".") or any(c in "/\\" or ord(c) < 32 for c in name):
        raise RequestError("name", "a folder's name: at most 200 bytes, no slash, no dot in front", name)
    return name


Losses = Annotated[
    tuple[LossSpec, ...],
    BeforeValidator(parse_losses),
    PlainSerializer(lambda losses: [str(loss) for loss in losses], return_type=list[str]),
]
Seeds = Annotated[tuple[int, ...], BeforeValidator(parse_seeds)]


class Plan(Spec):
    """What will be concluded from, written before the run.

    Args:
        metric: the split and metric that the verdict is about.
        margin: differences smaller than this are of no practical importance.
        hypotheses: what is expected, one `Hypothesis` per text.
        max_seeds: how many seeds a study that runs until it is decided may come to, 3 to 30; None for a study whose
            seeds are fixed.
    """

    place: ClassVar[str] = "plan"

    metric: Literal[
        "test.accuracy", "test.precision", "test.recall", "test.f1", "test.nll", "test.brier", "test.ece"
    ] = "test.accuracy"
    margin: Positive = 0.01
    hypotheses: Annotated[tuple[str, ...], BeforeValidator(parse_hypotheses)] = ()
    max_seeds: Annotated[Count, Field(ge=LOOKS[0], le=LOOKS[-1])] | None = None


class Study(Spec):
    """A comparison of losses, checked once when it is made.

    Args:
        name: the folder of its results; `<data>-<model>` when it is not given.
        question: what the report answers.
        data: a data set's name or path.
        models: the model's name, or `module:callable`.
        losses: what is compared.
        scenarios: what is done to the data: `clean` or `validation(0.1)`.
        seeds: one classifier is trained per loss and seed.
        recipe: how.
        plan: what will be concluded from.
    """

    name: Annotated[str, AfterValidator(_folder_name)] = ""
    question: Annotated[str, AfterValidator(_text)] = "Which loss function should this classifier be trained with?"
    data: Annotated[str, Field(min_length=1), AfterValidator(_text)] = "digits"
    models: Annotated[tuple[str, ...], BeforeValidator(_listed), Field(min_length=1, max_length=1)] = ("cnn",)
    losses: Losses = parse_losses(list(FOUR_LOSSES))
    scenarios: Annotated[tuple[str, ...], BeforeValidator(_listed), Field(min_length=1, max_length=1)] = ("clean",)
    seeds: Seeds = (1, 2, 3, 4, 5)
    recipe: Recipe = Recipe()
    plan: Plan = Plan()

    def __init__(self, **values: Any) -> None:
        """Takes what a study file may say, in the same forms: `losses="l1, focal"`, `seeds=3`, `recipe={"epochs": 5}`.

        Raises:
            RequestError: something that is not allowed; one sentence says what.
        """
        super().__init__(**values)

    @model_validator(mode="before")
    @classmethod
    def _fill(cls, values: Any) -> Any:
        """The default name, and the model into the recipe: a study says `models`, a trial's recipe one `model`."""
        if not isinstance(values, Mapping):
            return values
        filled = dict(values)
        model = _first(filled.get("models"), "cnn")
        recipe = filled.get("recipe", {})
        recipe = recipe.model_dump(exclude_unset=True) if isinstance(recipe, Recipe) else recipe
        if isinstance(recipe, Mapping) and isinstance(model, str):
            if "model" in recipe and recipe["model"] != model:
                raise RequestError("recipe.model", "the study's models to name it", recipe["model"])
            filled["recipe"] = {**recipe, "model": model}
        data = filled.get("data", "digits")
        if not filled.get("name") and isinstance(data, str) and isinstance(model, str):
            filled["name"] = default_name(data, model)
        return filled

    @model_validator(mode="after")
    def _readable(self) -> Self:
        Scenario.parse(self.scenarios[0], self.data)
        return self

    @property
    def model(self) -> str:
        """The model's name."""
        return self.models[0]

    @property
    def scenario(self) -> Scenario:
        """What is done to the data."""
        return Scenario.parse(self.scenarios[0], self.data)

    def to_yaml(self) -> str:
        """The study as a file that `load_study` reads back, every default written out."""
        values = self.canonical()
        values["recipe"].pop("model")
        return yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=110)


def default_name(data: str, model: str) -> str:
    """`<data>-<model>`, of a path its last part, of `module:callable` the callable."""
    stem = Path(data).name.strip(".") or Path(data).resolve().name or "data"
    name = f"{stem}-{model.rpartition(':')[2]}".encode(errors="ignore")[:200].decode(errors="ignore")
    return re.sub(r"[/\\\x00-\x1f]", "-", name).lstrip(".")


def load_study(path: str | Path) -> Study:
    """Reads a study file.

    Raises:
        RequestError: the file cannot be read, or says something that is not allowed; one sentence says what.
    """
    return Study(**read_study_file(path))


def read_study_file(path: str | Path) -> dict[str, Any]:
    """The mapping in a YAML file, unchecked.

    Raises:
        StudyFileError: the file cannot be read, is no YAML, is empty, or holds no mapping.
    """
    allowed = "a readable YAML file with a mapping (`lossbench init` writes one to start from)"
    try:
        values = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise StudyFileError(str(path), allowed, f"nothing readable ({error.strerror})") from None
    except (yaml.YAMLError, ValueError, LookupError, AttributeError, RecursionError) as error:  # 2020-13-45, !!bool x
        raise StudyFileError(str(path), allowed, str(error)) from None
    if not isinstance(values, dict) or not all(isinstance(key, str) for key in values):
        raise StudyFileError(str(path), allowed, "an empty file" if values is None else values)
    odd = _odd_key(values)
    if odd is not None:
        raise StudyFileError(str(path), "keys that are text (YAML reads a bare on, off, yes, no as true or false)", odd)
    return values


def _odd_key(values: Mapping[Any, Any]) -> str | None:
    """The first key that is not text, in mappings inside mappings; lists hold no keys that a study knows."""
    for key, value in values.items():
        if not isinstance(key, str):
            return repr(key)
        if isinstance(value, Mapping) and (odd := _odd_key(value)) is not None:
            return odd
    return None


def _first(value: object, default: str) -> object:
    if isinstance(value, list | tuple):
        return value[0] if value else default
    return default if value is None else value
