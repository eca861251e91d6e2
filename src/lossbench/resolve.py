"""Study -> Trials: names looked up, defaults filled, versions and digests taken, precision settled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import torch

import lossbench.data
import lossbench.train
from lossbench.data import Part, Pictures, with_labels
from lossbench.errors import RequestError, UnknownNameError
from lossbench.imports import settings_kept
from lossbench.losses import CATALOGUE, BoundLoss, Curve, LossCard, bind, complete, curve, loss_digest
from lossbench.metrics import shots
from lossbench.models import MODELS, build, check_model, model_digest
from lossbench.spec import (
    Arm,
    Hypothesis,
    LossSpec,
    Measure,
    Precision,
    Scenario,
    Study,
    Trend,
    Trial,
    check_augmentation,
    own_metrics,
    parse_hypothesis,
)

__all__ = [
    "Resolved",
    "card_values",
    "resolve",
    "settle",
    "settle_device",
    "settle_names",
    "settle_precision",
    "untestable",
]


_ALL = Arm(LossSpec("all"))

_LOGIT_METRICS = ("top5", "auroc")
_TOP = 5


@dataclass(frozen=True, eq=False)
class Resolved:
    """A study with its trials.

    Args:
        study: with the precision settled.
        pictures: what is trained on, with the labels of a file beside their own where a scenario has it.
        trials: by (label, seed), seed by seed, so that an interrupted study has whole pairs.
        splits: what the scenario makes of the pictures at the first seed.
        untestable: hypotheses that the study will not tell of, each with the reason.
    """

    study: Study
    pictures: Pictures
    trials: dict[tuple[str, int], Trial]
    splits: Mapping[str, Part]
    untestable: Mapping[str, str] = field(default_factory=dict)


def settle_names(study: Study) -> Study:
    """Looks up every loss, hyperparameter and model of a study, before any data are read; `all` becomes every loss.

    Raises:
        RequestError: one is unknown or out of its range, or two losses are one.
    """
    for model in study.models:
        check_model(model, study.given_models.get(model))
    seen = _each_once("losses", _unfolded(study.losses))
    hypotheses = tuple(str(_hypothesis(text, seen, study.data)) for text in study.plan.hypotheses)
    if len(set(hypotheses)) < len(hypotheses):
        raise RequestError("plan.hypotheses", "every hypothesis once", _twice(hypotheses))
    plan = study.plan.model_copy(update={"hypotheses": hypotheses})
    _each_once("tuned", tuple((study.tuned or {}).values()))
    return study.model_copy(update={"losses": tuple(seen.values()), "plan": plan})


def settle(study: Study, device: str) -> Study:
    """The study with its names looked up and `precision: auto` settled.

    Raises:
        RequestError: as `settle_names`.
    """
    study = settle_names(study)
    if study.recipe.precision != "auto":
        return study
    precision = settle_precision(device)
    return study.model_copy(update={"recipe": study.recipe.model_copy(update={"precision": precision})})


def _unfolded(losses: Sequence[Arm]) -> tuple[Arm, ...]:
    """The losses with `all` replaced by every loss of the catalogue that is not named beside it."""
    written = {complete(arm.loss) for arm in losses if arm != _ALL}
    rest = [Arm(loss) for name in CATALOGUE if complete(loss := LossSpec(name)) not in written]
    return tuple(other for arm in losses for other in (rest if arm == _ALL else [arm]))


def _each_once(field: str, arms: Sequence[Arm]) -> dict[Arm, Arm]:
    """Arms by what they are once every hyperparameter is filled in.

    Raises:
        RequestError: one is unknown or out of its range, or two are one.
    """
    seen: dict[Arm, Arm] = {}
    for arm in arms:
        completed = replace(arm, loss=complete(arm.loss))
        if completed in seen:
            raise RequestError(field, "every loss once", f"{seen[completed]} and {arm}, which are the same")
        seen[completed] = arm
    return seen


def untestable(study: Study, class_names: Sequence[str], class_counts: Sequence[int] = ()) -> dict[str, str]:
    """Hypotheses of which a study will not tell, each with the reason.

    Args:
        study: with its names settled.
        class_names: the data's.
        class_counts: how many training pictures each class has, by what they show.

    Raises:
        RequestError: one is about a class that the data do not have.
    """
    labels, found = {str(arm) for arm in study.losses}, {}
    for text in study.plan.hypotheses:
        hypothesis = parse_hypothesis(text, own=None)
        absent = [label for label in hypothesis.losses if label not in labels]
        if hypothesis.scenario not in (None, str(study.scenario)):
            found[text] = f"the study has no scenario {hypothesis.scenario}"
        elif absent:
            found[text] = f"{' and '.join(absent)} {'are' if absent[1:] else 'is'} not in the study"
        elif lacking := [
            reason for m in hypothesis.measures if (reason := _unmeasured(study.scenario, m, class_counts))
        ]:
            found[text] = lacking[0]
        elif unlike := _of_no_course(hypothesis, study, len(class_names)):
            found[text] = unlike
        else:
            for measure in hypothesis.measures:
                if measure.class_name is not None and measure.class_name not in class_names:
                    raise UnknownNameError("plan.hypotheses", measure.class_name, class_names)
    return found


def _unmeasured(scenario: Scenario, measure: Measure, class_counts: Sequence[int]) -> str:
    """Why a scenario has no such number; empty where it has."""
    if measure.split == "validation" and scenario.validation is None:
        return "the study has no validation split"
    if measure.metric in ("memorised", "corrected") and scenario.label_noise is None:
        return "the study has no label noise"
    if measure.metric in ("many", "medium", "few"):
        groups = shots(class_counts)
        if not groups:
            return "the study has no imbalance: its classes have about as many training pictures"
        if not groups[measure.metric]:
            return f"the study has no {measure.metric}-shot classes"
    return ""


def _of_no_course(hypothesis: Hypothesis, study: Study, classes: int) -> str:
    """Why what only the last logits say has no such number: before the last epoch, or of so few classes."""
    names = {*_LOGIT_METRICS, *own_metrics(study.plan.canonical())}
    asked = [measure.metric for measure in hypothesis.measures if measure.metric in names]
    claim = hypothesis.claim
    if asked and (isinstance(claim, Trend) or getattr(claim, "along_training", False)):
        return f"{asked[0]} is known at the last epoch alone"
    return f"{classes} classes have no top five" if "top5" in asked and classes <= _TOP else ""


def _hypothesis(text: str, known: Mapping[Arm, Arm], data: str) -> Hypothesis:
    """A hypothesis with every loss by the name that it has in the study, and its scenario as it is printed.

    A loss that the study does not have must at least be one of the catalogue, so that a slip of the pen is found.
    """
    hypothesis, names = parse_hypothesis(text, own=None), {}
    labels = {str(arm): str(arm) for arm in known.values()}
    try:
        if hypothesis.scenario is not None:
            hypothesis = replace(hypothesis, scenario=str(Scenario.parse(hypothesis.scenario, data)))
        for label in hypothesis.losses:
            if label in labels:
                continue
            arm = Arm.parse(label)
            if arm.loss.own:
                raise UnknownNameError("losses", label, labels)
            names[label] = str(known.get(replace(arm, loss=complete(arm.loss)), arm))
    except RequestError as error:
        raise error.renamed(f"plan.hypotheses ({text})") from None
    return hypothesis.renamed(names)


def _twice(texts: Sequence[str]) -> str:
    return next(text for place, text in enumerate(texts) if text in texts[:place])


def resolve(study: Study, pictures: Pictures, device: str = "cpu") -> Resolved:
    """The trials of a study with one condition.

    Args:
        study: what is asked for.
        pictures: the data.
        device: where they will be trained, which decides what `precision: auto` means.

    Raises:
        RequestError: a name, a value or a combination that cannot be trained.
    """
    study = settle(study, device)
    check_augmentation(study.recipe.augmentation, pictures.size)
    if study.plan.metric == "test.top5" and pictures.num_classes <= _TOP:
        raise RequestError("plan.metric", f"a metric that {pictures.num_classes} classes have", study.plan.metric)
    pictures, labels_digest = with_labels(pictures, study.scenario.label_noise)
    parts = lossbench.data.prepare(pictures, study.scenario, study.seeds[0], labels_digest)
    counts, true_counts = (
        np.bincount(labels, minlength=pictures.num_classes).tolist()
        for labels in (parts["train"].labels, parts["train"].clean)
    )
    for arm in study.losses:
        _check_mixed(study, arm, bind(arm.loss, counts))
    for name, part in parts.items():
        if len(part) < 2:
            called = "vectors" if pictures.vectors else "pictures"
            raise RequestError("data", f"at least 2 {called} in the {name} split", len(part))
    given = study.given_models.get(study.model)
    build(study.model, pictures.num_classes, pictures.channels, pictures.size, study.seeds[0], given)
    digests = {"data": pictures.digest} | ({"label_noise": labels_digest} if labels_digest else {})
    own_model = model_digest(study.model, given)
    if own_model:
        digests["model"] = own_model
    trials = {(str(arm), seed): _trial(study, arm, seed, digests) for seed in study.seeds for arm in study.losses}
    return Resolved(study, pictures, trials, parts, untestable(study, pictures.class_names, true_counts))


def _check_mixed(study: Study, arm: Arm, bound: BoundLoss) -> None:
    """Checks that a loss can be trained with mixup where the study has it."""
    if study.recipe.mixup is not None and not bound.soft_targets:
        fitting = ", ".join(name for name, entry in CATALOGUE.items() if entry.card.properties.soft_targets)
        raise RequestError("recipe.mixup", f"losses whose target may be class probabilities ({fitting})", str(arm))


def card_values(arm: Arm, class_counts: Sequence[int]) -> dict[str, Any]:
    """A loss's card and drawn definition as plain values, for those who know neither torch nor the catalogue."""
    loss, bound = arm.loss, bind(arm.loss, class_counts)
    told = _own_card(loss) if loss.own else _card(CATALOGUE[loss.name].card)
    return {
        "label": str(arm),
        "name": loss.name,
        "hyperparameters": bound.spec.keywords,
        **({"overrides": dict(arm.overrides)} if arm.overrides else {}),
        **told,
        "num_classes": len(class_counts),
        **asdict(_drawn(bound, len(class_counts))),
    }


def _drawn(bound: BoundLoss, num_classes: int) -> Curve:
    """The drawn definition; of a user's loss that cannot be asked for single points, nothing."""
    try:
        with settings_kept():
            return curve(bound, num_classes)
    except (Exception, SystemExit):  # whatever a user's own code raises; one of the catalogue raises nothing
        if not bound.spec.own:
            raise
        return Curve((), (), (), ())


def _card(card: LossCard) -> dict[str, Any]:
    return {
        "title": card.title,
        "formula": card.formula,
        "purpose": card.purpose,
        "when": card.when,
        "strengths": [(claim.text, claim.source) for claim in card.strengths],
        "weaknesses": [(claim.text, claim.source) for claim in card.weaknesses],
        "reference": str(card.reference),
    }


def _own_card(loss: LossSpec) -> dict[str, Any]:
    """What there is to say of a loss that no card knows: where its code is from, and which code it was."""
    where = "Given as a Python object" if loss.given else f"Imported as {loss.name}"
    return {
        "title": f"{loss.name.rpartition(':')[2]}, a loss of your own",
        "formula": "",
        "purpose": f"{where}; its source has the digest {loss_digest(loss)}.",
        "when": "",
        "strengths": [],
        "weaknesses": [],
        "reference": "",
    }


def settle_device(device: str) -> str:
    """The device that `auto` means here: a CUDA device where there is one, and the processor elsewhere.

    Apple's mps is taken by request only: nobody has measured lossbench there, nor whether its bits are always the same.

    Raises:
        RequestError: a device that is not here.
    """
    if device not in ("auto", "cpu", "cuda", "mps"):
        raise RequestError("--device", "auto, cpu, cuda or mps", device)
    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not available.get(device, True):
        kind = {"cuda": "CUDA", "mps": "Metal (mps)"}[device]
        raise RequestError("--device", f"cpu, for torch sees no {kind} device here", device)
    if device == "auto":
        return "cuda" if available["cuda"] else "cpu"
    return device


def _trial(study: Study, arm: Arm, seed: int, digests: dict[str, str]) -> Trial:
    loss = arm.loss
    entry = MODELS.get(study.model)
    versions = {
        "loss": 0 if loss.own else CATALOGUE[loss.name].card.version,
        "model": entry.version if entry else 0,
        "data": lossbench.data.VERSION,
        "loop": lossbench.train.VERSION,
    }
    own_loss = loss_digest(loss)
    if own_loss:
        digests = {**digests, "loss": own_loss}
    given = study.given_models.get(study.model)
    return Trial(complete(loss), study.scenario, arm.recipe(study.recipe), seed, versions, digests, given)


def settle_precision(device: str) -> Precision:
    """What `auto` means on a device: bfloat16 on a processor with instructions for it, float32 elsewhere."""
    capabilities: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()  # older torch does not tell
    native = capabilities.get("avx512_bf16") or capabilities.get("amx_bf16")
    return "bf16" if device == "cpu" and native else "fp32"
