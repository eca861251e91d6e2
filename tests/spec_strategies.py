"""What users may ask for, drawn by the library hypothesis: every value is one that a study can hold.

Strategies are made once: making them takes longer than drawing from them.
"""

from __future__ import annotations

import keyword
import unicodedata
from functools import cache
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from lossbench.spec import (
    OVERRIDES,
    Arm,
    Augmentation,
    Band,
    Claim,
    Crop,
    Cutout,
    Equivalence,
    Extreme,
    Flip,
    Follows,
    Hypothesis,
    Imbalance,
    LossSpec,
    Measure,
    Noise,
    Optimizer,
    Order,
    Recipe,
    Scenario,
    Schedule,
    Study,
    Trend,
    Trial,
    Value,
)

MODELS = ("mlp", "lenet5", "cnn", "mine:Net", "pkg.mod:Outer.net")
METRICS = ("loss", "accuracy", "precision", "recall", "f1", "nll", "brier", "ece")


@cache
def words(most: int = 12, without: str = "") -> SearchStrategy[str]:
    """Text of any language that can be written to a file, not blank, with no white space at its ends."""
    characters = st.characters(codec="utf-8", exclude_characters="\0" + without)
    hard = st.sampled_from([c for c in "()[]'\"\\#|:>~, \n\x85\u2028+" if c not in without])
    drawn = st.text(st.one_of(characters, hard), min_size=1, max_size=most)
    return drawn.map(str.strip).filter(bool)


@cache
def identifiers() -> SearchStrategy[str]:
    """What Python takes for a name, as Python normalises it."""
    drawn = st.from_regex(r"[^\W\d]\w{0,7}", fullmatch=True).map(lambda name: unicodedata.normalize("NFKC", name))
    known = st.sampled_from(["l1", "focal", "highest", "within", "none", "true", "inf", "_"])
    return st.one_of(drawn, known).filter(lambda name: name.isidentifier() and not keyword.iskeyword(name))


@cache
def paths() -> SearchStrategy[str]:
    """`package.module:Object`."""
    ascii_names = st.from_regex(r"[a-z_][a-z0-9_]{0,5}", fullmatch=True)
    return st.builds("{}.{}:{}".format, ascii_names, ascii_names, ascii_names)


@cache
def numbers() -> SearchStrategy[float]:
    """Any number that JSON can hold; -0.0 is written, and kept, as 0."""
    finite = st.floats(allow_nan=False, allow_infinity=False)
    return st.one_of(finite, st.integers(-(10**18), 10**18).map(float)).map(lambda value: value + 0.0)


@cache
def positive(most: float = 1e6) -> SearchStrategy[float]:
    return st.floats(min_value=1e-9, max_value=most, exclude_max=True)


@cache
def values() -> SearchStrategy[Value]:
    """What a hyperparameter may be."""
    text = st.one_of(
        st.text(max_size=8), st.sampled_from(["none", "True", "if", "1", "a b", "(", "')", '"', " #", "]|"])
    )
    return st.one_of(st.none(), st.booleans(), numbers(), text, st.lists(numbers(), max_size=4).map(tuple))


@cache
def losses() -> SearchStrategy[LossSpec]:
    """Losses of any name, of the user's own too; knows no catalogue."""
    keywords = st.dictionaries(identifiers().filter(lambda name: name != "name"), values(), max_size=3)
    return st.builds(LossSpec.of, st.one_of(identifiers(), paths()), keywords)


@cache
def overrides(sgd: bool = True) -> SearchStrategy[dict[str, Any]]:
    """What an arm may change in a recipe whose optimizer is SGD with momentum, or another."""
    every: dict[str, SearchStrategy[Any]] = {
        "lr": positive(),
        "momentum": st.floats(0.05, 0.99),
        "weight_decay": st.floats(0, 1),
        "nesterov": st.booleans(),
        "batch_size": st.integers(2, 4096),
        "clip": positive(),
    }
    assert set(every) == set(OVERRIDES)
    allowed = {name: each for name, each in every.items() if sgd or name not in ("momentum", "nesterov")}
    return st.fixed_dictionaries({}, optional=allowed)


@cache
def arms(sgd: bool = True) -> SearchStrategy[Arm]:
    return st.builds(lambda loss, changes: Arm.of({"loss": loss, **changes}), losses(), overrides(sgd))


@cache
def class_names() -> SearchStrategy[str]:
    """Names of classes joined by commas, in the form that scenarios keep them in."""
    one = words(without=",()[]").map(lambda text: " ".join(text.split()))
    return st.lists(one, min_size=1, max_size=3).map(", ".join)


@cache
def noises() -> SearchStrategy[Noise]:
    rate = positive(1)
    plain = st.builds(Noise, kind=st.sampled_from(["symmetric", "pair", "instance"]), rate=rate)
    mapped = st.builds(Noise, kind=st.just("asymmetric"), rate=rate, map=st.none() | class_names())
    read = st.builds(Noise, kind=st.just("file"), path=words(), column=st.none() | words())
    return st.one_of(plain, mapped, read)


@cache
def imbalances() -> SearchStrategy[Imbalance]:
    factor = st.floats(min_value=1, max_value=1e4, exclude_min=True)
    return st.builds(
        Imbalance, kind=st.sampled_from(["exponential", "step"]), factor=factor, minority=st.none() | class_names()
    )


@cache
@st.composite
def scenarios(draw: st.DrawFn, data: str = "digits") -> Scenario:
    """Every combination of parts; a split seed needs one to stand in."""
    made: dict[str, Any] = {
        "train_size": draw(st.none() | positive(1) | st.integers(2, 10**9)),
        "imbalance": draw(st.none() | imbalances()),
        "validation": draw(st.none() | positive(1)),
        "label_noise": draw(st.none() | noises()),
    }
    if made["validation"] and made["label_noise"]:
        made["validation_clean"] = draw(st.sampled_from([None, True]))
    if any(value is not None for value in made.values()):
        made["split_seed"] = draw(st.none() | st.integers(0, 2**53 - 1))
    return Scenario(data=data, **made)


@cache
@st.composite
def optimizers(draw: st.DrawFn) -> Optimizer:
    name = draw(st.sampled_from(["sgd", "adam", "adamw"]))
    optional: dict[str, SearchStrategy[Any]] = {"lr": positive(), "weight_decay": st.floats(0, 1)}
    if name == "sgd":
        optional |= {"momentum": st.floats(0.05, 0.99), "nesterov": st.booleans()}
    else:
        share = st.floats(0, 1, exclude_max=True)
        optional["betas"] = st.none() | st.tuples(share, share)
    return Optimizer.model_validate({"name": name, **draw(st.fixed_dictionaries({}, optional=optional))})


@cache
@st.composite
def schedules(draw: st.DrawFn, warmup: int = 0) -> Schedule:
    """Schedules with a warm-up of so many epochs at most."""
    name = draw(st.sampled_from(["step", "constant", "multistep", "cosine"]))
    optional: dict[str, SearchStrategy[Any]] = {"warmup": st.none() | st.integers(0, warmup)}
    required: dict[str, SearchStrategy[Any]] = {}
    if name == "step":
        optional["step"] = st.integers(1, 10**6)
    if name in ("step", "multistep"):
        optional["gamma"] = positive(10)
    if name == "multistep":
        required["milestones"] = st.sets(st.integers(1, 10**6), min_size=1, max_size=4).map(sorted)
    return Schedule.model_validate({"name": name, **draw(st.fixed_dictionaries(required, optional=optional))})


@cache
def augmentations() -> SearchStrategy[tuple[Augmentation, ...]]:
    pixels = st.integers(1, 10**6)
    one: SearchStrategy[Augmentation] = st.one_of(pixels.map(Crop), st.just(Flip()), pixels.map(Cutout))
    return st.lists(one, max_size=3, unique_by=type).map(tuple)


@cache
@st.composite
def recipes(draw: st.DrawFn, models: tuple[str, ...] = MODELS) -> Recipe:
    epochs = draw(st.integers(1, 10**6))
    mixup = draw(st.none() | positive(10))
    return Recipe(
        model=draw(st.sampled_from(models)),
        epochs=epochs,
        batch_size=draw(st.integers(2, 10**6)),
        optimizer=draw(optimizers()),
        schedule=draw(schedules(min(epochs - 1, 10**6))),
        augmentation=draw(augmentations()),
        eval_interval=draw(st.integers(1, 10**6)),
        train_metrics="full" if mixup else draw(st.sampled_from(["full", "running"])),
        precision=draw(st.sampled_from(["auto", "fp32", "bf16"])),
        clip=draw(st.none() | positive()),
        mixup=mixup,
    )


@cache
@st.composite
def measures(draw: st.DrawFn) -> Measure:
    split = draw(st.sampled_from(["train", "validation", "test"]))
    last = ("top5", "auroc")
    own = {"train": ("memorised", "corrected"), "test": ("many", "medium", "few", *last), "validation": last}[split]
    metric = draw(st.sampled_from((*METRICS, *own)))
    of_class = split == "test" and metric in ("precision", "recall", "f1")
    return Measure(split, metric, draw(st.none() | words(without="()[]")) if of_class else None)


@cache
def labels() -> SearchStrategy[str]:
    """Losses as hypotheses name them: in the printed form, or what somebody else called them."""
    return st.one_of(arms().map(str), words(without='"'))


def claims(measure: Measure) -> SearchStrategy[Claim]:
    """Every claim of the grammar about a measure."""
    pairs = st.lists(labels(), min_size=2, max_size=2, unique=True)
    flag = st.booleans()
    number = numbers()
    return st.one_of(
        st.builds(lambda ab, greater, along: Order(ab[0], ab[1], greater, along), pairs, flag, flag),
        st.builds(lambda ab, margin, along: Equivalence(ab[0], ab[1], margin, along), pairs, positive(), flag),
        st.builds(Extreme, labels(), flag),
        st.builds(Band, labels(), st.floats(0, 1e9), number),
        st.builds(Trend, labels(), flag, flag),
        measures().filter(lambda other: other != measure).map(Follows),
    )


@cache
@st.composite
def hypotheses(draw: st.DrawFn) -> Hypothesis:
    measure = draw(measures())
    scenario = draw(st.none() | st.just("clean") | scenarios().map(str))
    return Hypothesis(measure, draw(claims(measure)), scenario)


@cache
def plans() -> SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {},
        optional={
            "metric": st.sampled_from([f"test.{name}" for name in (*METRICS, "top5", "auroc") if name != "loss"]),
            "metrics": st.none() | st.just(["mine:cost, lower is better", "mine:A.gain"]),
            "margin": positive(),
            "hypotheses": st.lists(hypotheses().map(str), max_size=2, unique=True),
            "max_seeds": st.none() | st.integers(3, 30),
        },
    )


@cache
def folder_names() -> SearchStrategy[str]:
    return words(60, without="/\\" + "".join(map(chr, (*range(32), *range(0x7F, 0xA0), 0x2028, 0x2029)))).filter(
        lambda name: not name.startswith(".") and len(name.encode()) <= 200
    )


@cache
@st.composite
def studies(draw: st.DrawFn) -> Study:
    """Studies of one or several models and scenarios, tuned or not."""
    models = draw(st.lists(st.sampled_from(MODELS), min_size=1, max_size=3, unique=True))
    recipe = draw(recipes((models[0],)))
    arm = arms(recipe.optimizer.name == "sgd")
    compared = draw(st.lists(arm, min_size=1, max_size=3, unique_by=str))
    data = draw(words())
    asked: dict[str, Any] = {
        "name": draw(folder_names()),
        "question": draw(st.just("") | words(200)) + draw(st.sampled_from(["", "\x85", "\u2028?", "\r\n", " \n x"])),
        "data": data,
        "models": models,
        "losses": compared,
        "scenarios": draw(st.lists(scenarios().map(str), min_size=1, max_size=3, unique=True)),
        "seeds": draw(st.integers(1, 30) | st.lists(st.integers(0, 2**63 - 1), min_size=1, max_size=5, unique=True)),
        "recipe": recipe,
        "plan": draw(plans()),
        "published": draw(st.none() | words()),
    }
    if draw(st.booleans()):
        asked["tuned"] = {str(each): draw(arm) for each in compared}
    return Study(**asked)


@cache
def trials() -> SearchStrategy[Trial]:
    versions = st.fixed_dictionaries({name: st.integers(0, 99) for name in ("loss", "model", "data", "loop")})
    digest = st.text("0123456789abcdef", min_size=32, max_size=32)
    return st.builds(
        Trial,
        losses(),
        scenarios(),
        recipes(),
        st.integers(0, 2**63 - 1),
        versions,
        st.fixed_dictionaries({"data": digest}, optional={"loss": digest, "model": digest, "label_noise": digest}),
    )
