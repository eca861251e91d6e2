"""`Study`: which losses are compared, on what, with which seeds; read from a file, options or a preset."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainSerializer,
    PrivateAttr,
    ValidationInfo,
    model_validator,
)

from lossbench.errors import RequestError
from lossbench.spec._model import Count, Positive, Spec
from lossbench.spec.arm import Arm
from lossbench.spec.call import check_unicode, split_outside
from lossbench.spec.condition import FIXED, TUNED, Condition, slugs
from lossbench.spec.given_models import Makers, named_models
from lossbench.spec.hypothesis_parser import parse_hypotheses, parse_hypothesis
from lossbench.spec.looks import LOOKS
from lossbench.spec.loss import LossSpec
from lossbench.spec.own_metric import OwnMetric, parse_metrics
from lossbench.spec.picture_size import PictureSize
from lossbench.spec.presets import FOUR_LOSSES
from lossbench.spec.recipe import Recipe
from lossbench.spec.scenario import Scenario
from lossbench.spec.seeds import parse_seeds
from lossbench.spec.yaml_text import write_yaml

__all__ = [
    "Plan",
    "Study",
    "parse_arms",
    "parse_losses",
]


def parse_arms(value: object, field: str = "losses") -> tuple[Arm, ...]:
    """Losses as a study has them: one text with commas outside parentheses, or a list; each may change the recipe.

    Raises:
        RequestError: no loss, or something that `Arm.of` does not read.
    """
    texts = split_outside(value) if isinstance(value, str) else value
    if not isinstance(texts, list | tuple) or not texts:
        raise RequestError(field, 'at least one loss, as in [cross_entropy, "focal(gamma=2)"]', value)
    return tuple(Arm.of(text, field) for text in texts)


def parse_losses(value: object, field: str = "losses") -> tuple[LossSpec, ...]:
    """Losses without a recipe of their own, in the same forms.

    Raises:
        RequestError: as `parse_arms`, or one that changes a recipe.
    """
    arms = parse_arms(value, field)
    for arm in arms:
        if arm.overrides:
            raise RequestError(field, "a loss alone, for here is no recipe to change", str(arm))
    return tuple(arm.loss for arm in arms)


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _text(value: str) -> str:
    """Text that may be a path: NUL may not stand in one."""
    if "\0" in check_unicode(value):
        raise ValueError("text without NUL")
    return value


_UNPRINTED = "\x00-\x1f\x7f-\x9f\u2028\u2029"  # control characters and line breaks


def _folder_name(name: str) -> str:
    fits = len(check_unicode(name).encode()) <= 200  # of the 255 bytes that a file system allows
    if not fits or not name.strip() or name.startswith(".") or re.search(rf"[/\\{_UNPRINTED}]", name):
        allowed = "a folder's name: at most 200 bytes, no slash, no dot in front, no control characters"
        raise RequestError("name", allowed, name)
    return name


def _tuned(value: object) -> object:
    """What tuning chose for a loss, by the loss as the study writes it."""
    if not isinstance(value, Mapping) or not value:
        raise RequestError("tuned", "what tuning chose for each loss, as in {mae: {loss: mae, lr: 0.5}}", value)
    return {str(Arm.of(str(key), "tuned")): Arm.of(chosen, "tuned") for key, chosen in value.items()}


_PRIMARY = ("accuracy", "precision", "recall", "f1", "nll", "brier", "ece", "top5", "auroc")


def _own_names(info: ValidationInfo) -> tuple[str, ...]:
    """The names of the study's own metrics, which stand before what speaks of them."""
    return tuple(OwnMetric.parse(text).name for text in info.data.get("metrics") or ())


def _primary(value: object, info: ValidationInfo) -> object:
    known = [f"test.{name}" for name in (*_PRIMARY, *_own_names(info))]
    if value not in known:
        *first, last = map(repr, known)
        raise RequestError("plan.metric", f"one of {', '.join(first)} or {last}", value)
    return value


def _expected(value: object, info: ValidationInfo) -> tuple[str, ...]:
    return parse_hypotheses(value, own=_own_names(info))


Text = Annotated[str, AfterValidator(_text)]
Losses = Annotated[
    tuple[Arm, ...],
    BeforeValidator(parse_arms),
    PlainSerializer(lambda losses: [arm.written() for arm in losses], return_type=list[Any]),
]
Tuned = Annotated[
    Mapping[str, Arm],
    BeforeValidator(_tuned),
    PlainSerializer(lambda tuned: {label: arm.written() for label, arm in tuned.items()}, return_type=dict[str, Any]),
]
Seeds = Annotated[tuple[int, ...], BeforeValidator(parse_seeds)]


class Plan(Spec):
    """What will be concluded from, written before the run.

    Args:
        metrics: the user's own, beside those that every study has, each as `OwnMetric` reads it; None for none.
        metric: the split and metric that the verdict is about.
        margin: differences smaller than this are of no practical importance.
        hypotheses: what is expected, one `Hypothesis` per text.
        max_seeds: how many seeds a study that runs until it is decided may come to, 3 to 30; None for a study whose
            seeds are fixed.
    """

    place: ClassVar[str] = "plan"

    metrics: Annotated[tuple[str, ...] | None, BeforeValidator(parse_metrics)] = None
    metric: Annotated[str, BeforeValidator(_primary)] = "test.accuracy"
    margin: Positive = 0.01
    hypotheses: Annotated[tuple[str, ...], BeforeValidator(_expected)] = ()
    max_seeds: Annotated[Count, Field(ge=LOOKS[0], le=LOOKS[-1])] | None = None


class Study(Spec):
    """A comparison of losses, checked once when it is made.

    Args:
        name: the folder of its results; `<data>-<model>` when it is not given.
        question: what the report answers.
        data: a data set's name or path, or `hub:owner/name:configuration`; `python:NAME` where they were given as
            `lossbench.run(study, data=...)`.
        image_column: which column of the data holds the pictures; None to tell it by its type or usual names.
        label_column: the same of the labels.
        size: height and width that pictures are resized to; None for as they are.
        models: names, `timm:NAME`, `torchvision:NAME`, `module:callable`, or callables, in a mapping with names of
            their own; the losses are compared within each.
        losses: what is compared.
        scenarios: what is done to the data, as `Scenario` reads it; the losses are compared within each.
        seeds: one classifier is trained per loss, seed, model and scenario.
        recipe: how.
        plan: what will be concluded from.
        tuned: what an equal tuning budget chose for each loss; then the losses are compared twice, in the fixed recipe
            and as tuned.
        published: the published table that results are held against; None for none.
    """

    name: Annotated[str, AfterValidator(_folder_name)] = ""
    question: Text = "Which loss function should this classifier be trained with?"
    data: Annotated[str, Field(min_length=1), AfterValidator(_text)] = "digits"
    image_column: Text | None = None
    label_column: Text | None = None
    size: PictureSize = None
    models: Annotated[tuple[Text, ...], BeforeValidator(_listed), Field(min_length=1)] = ("cnn",)
    losses: Losses = parse_arms(list(FOUR_LOSSES))
    scenarios: Annotated[tuple[str, ...], BeforeValidator(_listed), Field(min_length=1)] = ("clean",)
    seeds: Seeds = (1, 2, 3, 4, 5)
    recipe: Recipe = Recipe()
    plan: Plan = Plan()
    tuned: Tuned | None = None
    published: Text | None = None
    _given_models: Makers = PrivateAttr(default_factory=dict)

    def __init__(self, **values: Any) -> None:
        """Takes what a study file may say, in the same forms: `losses="l1, focal"`, `seeds=3`, `recipe={"epochs": 5}`.

        Raises:
            RequestError: something that is not allowed; one sentence says what.
        """
        given: Makers = {}
        if "models" in values:
            values["models"], given = named_models(values["models"])
        super().__init__(**values)
        self._given_models = given

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
        if filled.get("name") in (None, "") and isinstance(data, str) and isinstance(model, str):
            filled["name"] = default_name(data, model)
        if isinstance(data, str):
            filled["scenarios"] = _printed(filled.get("scenarios", "clean"), data)
        return filled

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for name in ("models", "scenarios"):
            values = getattr(self, name)
            if len(set(values)) < len(values):
                raise RequestError(name, "each once", ", ".join(values))
        for arm in self.losses:
            arm.recipe(self.recipe)
        if self.tuned is not None:
            labels = [str(arm) for arm in self.losses]
            if sorted(self.tuned) != sorted(labels):
                raise RequestError("tuned", f"one entry for each loss, {', '.join(labels)}", ", ".join(self.tuned))
        return self

    @property
    def model(self) -> str:
        """The model's name, of a study with one; the first of several."""
        return self.models[0]

    @property
    def given_models(self) -> Makers:
        """What makes the models that are Python objects, by what they are called here."""
        return self._given_models

    @property
    def scenario(self) -> Scenario:
        """What is done to the data, in a study with one scenario; the first of several."""
        return Scenario.parse(self.scenarios[0], self.data)

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """Every model on every scenario, and where losses were tuned each in both recipes."""
        recipes = (FIXED,) if self.tuned is None else (FIXED, TUNED)
        return tuple(
            Condition(model, scenario, recipe)
            for recipe in recipes
            for model in self.models
            for scenario in self.scenarios
        )

    def within(self, condition: Condition) -> Study:
        """The part of the study that belongs to one of its conditions, as a study of its own."""
        conditions = self.conditions
        if len(conditions) == 1:
            return self
        tuned = self.tuned if condition.recipe == TUNED else None
        losses = self.losses if tuned is None else tuple(tuned[str(arm)] for arm in self.losses)
        name = f"{self.name}-{slugs(conditions)[condition]}".encode()[:200].decode(errors="ignore")
        return self.model_copy(
            update={
                "name": name,
                "models": (condition.model,),
                "scenarios": (condition.scenario,),
                "losses": losses,
                "recipe": self.recipe.model_copy(update={"model": condition.model}),
                "plan": self._plan_within(condition),
                "tuned": None,
            }
        )

    def _plan_within(self, condition: Condition) -> Plan:
        """The plan with the hypotheses that a condition can tell of.

        Those about a scenario that the study does not have go to the first condition, which says so.
        """
        first = condition == self.conditions[0]
        names = {label: str(arm) for label, arm in (self.tuned or {}).items()} if condition.recipe == TUNED else {}
        kept = []
        for hypothesis in (parse_hypothesis(text, own=None) for text in self.plan.hypotheses):
            scenario = hypothesis.scenario
            if scenario in (None, condition.scenario) or (first and scenario not in self.scenarios):
                kept.append(str(hypothesis.renamed(names)))
        return self.plan.model_copy(update={"hypotheses": tuple(kept)})

    def to_yaml(self) -> str:
        """The study as a file that `load_study` reads back, every default written out."""
        values = self.canonical()
        values["recipe"].pop("model")
        return write_yaml(values)


def _printed(scenarios: object, data: str) -> object:
    """Scenarios in the one form that they are printed in; what is no list of texts is left to the check of types."""
    listed = _listed(scenarios)
    if not isinstance(listed, list | tuple) or not all(isinstance(text, str) for text in listed):
        return scenarios
    return [str(Scenario.parse(text, data)) for text in listed]


def default_name(data: str, model: str) -> str:
    """`<data>-<model>`, of a path its last part, of `hub:owner/name` the name, of `module:callable` the callable."""
    prefix, _, rest = data.partition(":")
    if prefix in ("hub", "python"):
        data = rest.rpartition("/")[2].replace(":", "-")
    path = Path(data.replace("\0", ""))
    stem = path.name.strip(".") or path.resolve().name or "data"
    name = f"{stem}-{model.rpartition(':')[2]}".encode(errors="ignore")[:200].decode(errors="ignore")
    return re.sub(rf"[/\\{_UNPRINTED}]", "-", name).lstrip(".")


def _first(value: object, default: str) -> object:
    if isinstance(value, list | tuple):
        return value[0] if value else default
    return default if value is None else value
