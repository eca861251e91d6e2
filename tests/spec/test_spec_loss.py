"""`name(key=value, ...)`: read, printed and read back; what is not of that form is refused in one sentence."""

from __future__ import annotations

import time
import warnings

import numpy as np
import pytest

from lossbench.errors import RequestError
from lossbench.spec import LossSpec, Value, canonical_json, parse_losses, print_value, split_outside

FORM = "name or name(key=value, ...)"


def says(text: str, sentence: str) -> None:
    with pytest.raises(RequestError) as error:
        LossSpec.parse(text)
    assert str(error.value) == sentence


def random_values(seed: int) -> dict[str, Value]:
    """Hyperparameters of every kind and size."""
    generator = np.random.default_rng(seed)
    number = float(generator.normal() * 10.0 ** int(generator.integers(-300, 300)))
    kinds: list[Value] = [
        number,
        float(generator.integers(-(10**6), 10**6)),
        float(generator.integers(0, 2**53)) * 2.0 ** int(generator.integers(0, 900)),
        tuple(float(x) for x in generator.normal(size=int(generator.integers(0, 4)))),
        None,
        True,
        False,
        str(generator.choice(["word", "none", "True", "if", "two words", "it's", 'a "b"', "ﬁ", "", "1", "a,b", "x)"])),
    ]
    names = generator.permutation(["gamma", "alpha", "q", "B", "_x", "π"])[: int(generator.integers(0, 6))]
    return {str(name): kinds[int(generator.integers(len(kinds)))] for name in names}


def test_what_is_printed_is_read_back() -> None:
    for seed in range(300):
        spec = LossSpec.of("focal", random_values(seed))
        again = LossSpec.parse(str(spec))
        assert again == spec
        assert hash(again) == hash(spec)
        assert str(again) == str(spec)
        assert canonical_json(again.canonical()) == canonical_json(spec.canonical())


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("l1", "l1"),
        ("l1()", "l1"),
        (" focal( gamma = 0.5 ) ", "focal(gamma=0.5)"),
        ("focal(gamma=2.0)", "focal(gamma=2)"),
        ("focal(gamma=2)", "focal(gamma=2)"),
        ("focal(gamma=1e-3)", "focal(gamma=0.001)"),
        ("focal(gamma=-0.0)", "focal(gamma=0)"),
        ("f(b=1, a=2)", "f(a=2, b=1)"),
        ("f(a=NONE, b=True, c=false, d=null)", "f(a=none, b=true, c=false, d=none)"),
        ("f(a=[1, 2.5, -3])", "f(a=[1, 2.5, -3])"),
        ("f(a=(1, 2))", "f(a=[1, 2])"),
        ("f(a=[])", "f(a=[])"),
        ("f(a=word)", "f(a=word)"),
        ("f(a='none')", "f(a='none')"),
        ("f(a='if')", "f(a='if')"),
        ("f(a='two words')", "f(a='two words')"),
        ("f(a=1e22)", "f(a=1e+22)"),
    ],
)
def test_the_one_written_form(text: str, printed: str) -> None:
    assert str(LossSpec.parse(text)) == printed
    assert str(LossSpec.parse(printed)) == printed


def test_two_and_two_point_zero_are_one() -> None:
    specs = [LossSpec.parse("focal(gamma=2)"), LossSpec.parse("focal(gamma=2.0)"), LossSpec.of("focal", {"gamma": 2})]
    assert len(set(specs)) == 1
    assert {canonical_json(spec.canonical()) for spec in specs} == {'{"gamma":2.0,"name":"focal"}'}
    assert {str(spec) for spec in specs} == {"focal(gamma=2)"}


def test_whole_numbers_in_a_list_are_floats_too() -> None:
    assert LossSpec.of("focal", {"alpha": (1, 2)}) == LossSpec.parse("focal(alpha=[1, 2])")
    assert str(LossSpec.of("focal", {"alpha": (1, 2)})) == "focal(alpha=[1, 2])"
    assert print_value(3) == "3"
    assert print_value(True) == "true"


def test_minus_zero_is_zero() -> None:
    assert canonical_json(LossSpec.parse("f(a=-0.0, b=[-0.0])").canonical()) == '{"a":0.0,"b":[0.0],"name":"f"}'


def test_true_is_no_number() -> None:
    assert LossSpec.parse("f(a=true)").keywords == {"a": True}
    assert LossSpec.of("f", {"a": True}).canonical() == {"name": "f", "a": True}
    assert LossSpec.of("f", {"a": True}).canonical()["a"] is True


def test_none_is_left_out_of_the_canonical_form_only() -> None:
    spec = LossSpec.parse("focal(alpha=none)")
    assert spec.keywords == {"alpha": None}
    assert spec.canonical() == {"name": "focal"}


def test_keys_are_sorted_however_they_were_given() -> None:
    assert LossSpec.of("f", {"b": 1.0, "a": 2.0}) == LossSpec.of("f", {"a": 2.0, "b": 1.0})


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("l1, cross_entropy", ["l1", "cross_entropy"]),
        ("f(a=1, b=2), g([1, 2], c=(3, 4)),h", ["f(a=1, b=2)", "g([1, 2], c=(3, 4))", "h"]),
        ("l1,", ["l1"]),
        (",,l1 , ,", ["l1"]),
        ("", []),
        ("a),b", ["a)", "b"]),
    ],
)
def test_splitting_outside_parentheses(text: str, parts: list[str]) -> None:
    assert split_outside(text) == parts


def test_splitting_at_another_separator() -> None:
    assert split_outside("a + f(b + c)+d", "+") == ["a", "f(b + c)", "d"]


BAD = [
    "focal(",
    "focal(gamma)x",
    "focal(gamma=)",
    "focal(gamma=1, gamma=2)",
    "focal(**{})",
    "focal(*a)",
    "a.b",
    "a.b(c=1)",
    "focal(gamma=1)(alpha=2)",
    "l1, l1",
    "1",
    "'l1'",
    "lambda",
    "lambda: 0",
    "if",
    "True",
    "f(a=1+1)",
    "f(a=2j)",
    "f(a=b'x')",
    "f(a=f'{x}')",
    "f(a=...)",
    "f(a=g(1))",
    "f(a=[b])",
    "f(a=[none])",
    "f(a=[true])",
    "f(a=[1, [2]])",
    "f(a={1: 2})",
    "f(a={1})",
    "f(a={[1]})",
    "f(a={[]: 1})",
    "f(a=(b := 1))",
    "f(a=__import__('os').system('ls'))",
    "focal;l1",
    "fo cal",
    "9focal",
    "f-g",
    "f(a=1" + "0" * 400 + ")",
    "f(a=[1" + "0" * 400 + "])",
]


@pytest.mark.parametrize("text", BAD)
def test_what_is_not_of_the_form_is_refused(text: str) -> None:
    with pytest.raises(RequestError) as error:
        LossSpec.parse(text)
    assert str(error.value).startswith(f"losses: expected {FORM}, got {text[:150]}")
    assert (error.value.field, error.value.allowed, error.value.received) == ("losses", FORM, text)


@pytest.mark.parametrize(
    "text",
    [
        "f(a=" + "(" * 450 + ")" * 450 + ")",
        "f(a=" + "[" * 450 + "]" * 450 + ")",
        "f(a=" + "-" * 900 + "1)",
        "f(a=" + "not " * 200 + "1)",
        "f(a=1" + "+1j" * 300 + ")",
        "f" + "(a)" * 300,
        "f" + ".a" * 480,
        "f(a=" + "9" * 900 + ")",
        "\0",
        "f(a='\0')",
        "\n",
        "f\x0c\x0c(",
    ],
    ids=range(12),
)
def test_hostile_text_is_refused_in_one_sentence(text: str) -> None:
    with pytest.raises(RequestError) as error:
        LossSpec.parse(text)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 300


def test_empty_text() -> None:
    says("", f"losses: expected {FORM}, got ''")
    says("  ", f"losses: expected {FORM}, got '  '")


def test_long_text_is_refused_and_cut() -> None:
    says("x" * 2000, f"losses: expected {FORM} of at most 1000 characters, got {'x' * 199}…")
    assert LossSpec.parse("x" * 1000).name == "x" * 1000


def test_hyperparameters_need_names() -> None:
    says("focal(2)", "losses: expected hyperparameters by name, as in focal(gamma=0.5), got focal(2)")
    says("focal(2, alpha=1)", "losses: expected hyperparameters by name, as in focal(gamma=0.5), got focal(2, alpha=1)")


def test_the_field_is_the_callers() -> None:
    with pytest.raises(RequestError, match=r"^--losses: expected "):
        LossSpec.parse("f(", "--losses")


def test_odd_text_warns_nobody() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with pytest.raises(RequestError):
            LossSpec.parse("f(a=1if 2 else 3)")
        LossSpec.parse(r"f(a='\d')")
    assert not caught


def test_losses_as_text_or_list() -> None:
    expected = (LossSpec.parse("l1"), LossSpec.parse("f(a=1, b=[1, 2])"))
    assert parse_losses("l1, f(a=1,b=[1,2])") == expected
    assert parse_losses(["l1", "f(a=1,b=[1,2])"]) == expected
    assert parse_losses(["l1", expected[1]]) == expected
    assert parse_losses(expected) == expected


@pytest.mark.parametrize(
    ("value", "tail"),
    [
        ("", "at least one loss, as in [cross_entropy, \"focal(gamma=2)\"], got ''"),
        (",", 'at least one loss, as in [cross_entropy, "focal(gamma=2)"], got ,'),
        ([], 'at least one loss, as in [cross_entropy, "focal(gamma=2)"], got []'),
        (None, 'at least one loss, as in [cross_entropy, "focal(gamma=2)"], got None'),
        ({"l1": 1}, "at least one loss, as in [cross_entropy, \"focal(gamma=2)\"], got {'l1': 1}"),
        ([5], "losses of the form name(key=value, ...), got 5"),
        ([["l1"]], "losses of the form name(key=value, ...), got ['l1']"),
        (["l1, l2"], f"{FORM}, got l1, l2"),
    ],
)
def test_no_losses(value: object, tail: str) -> None:
    with pytest.raises(RequestError) as error:
        parse_losses(value)
    assert str(error.value) == f"losses: expected {tail}"


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("my_module:MyLoss", "my_module:MyLoss"),
        (" pkg.mod:Outer.make( alpha = 2.0, b=[1] ) ", "pkg.mod:Outer.make(alpha=2, b=[1])"),
        ("m:f()", "m:f"),
    ],
)
def test_a_loss_of_ones_own_has_an_import_path_for_a_name(text: str, printed: str) -> None:
    spec = LossSpec.parse(text)
    assert str(spec) == printed
    assert spec.own
    assert LossSpec.parse(printed) == spec
    assert not LossSpec.parse("focal").own


@pytest.mark.parametrize("text", ["m:", ":f", "m:f:g", "m:1f", "m:f(2", "m f:g", "m:f(1)(2)", "m:f()()", "m.:"])
def test_what_is_no_import_path(text: str) -> None:
    with pytest.raises(RequestError):
        LossSpec.parse(text)


def test_flags_that_are_off_are_left_out_of_the_catalogues_keys_only() -> None:
    """So that a later flag renames no trial; a user's own loss may have other defaults, so all that was said counts."""
    assert LossSpec.parse("focal(detach=false, gamma=0)").canonical() == {"name": "focal", "gamma": 0.0}
    assert LossSpec.parse("m:f(a=false, b=none)").canonical() == {"name": "m:f", "a": False, "b": None}


def test_a_hyperparameter_may_not_take_the_place_of_the_name() -> None:
    says("m:f(name=1)", "losses.m:f: expected hyperparameters that are not called name, got name")


def mine(logits: object, target: object) -> None:
    """Stands for a loss."""


def test_callables_are_losses_from_python() -> None:
    (spec,) = parse_losses([mine])
    assert (spec.own, str(spec)) == (True, f"{__name__}:mine")
    (kept,) = parse_losses([LossSpec.of_callable(mine, name="other")])
    assert (str(kept), kept.function) == ("python:other", mine)
    with pytest.raises(RequestError, match="losses of the form"):
        parse_losses([3])


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), 10**400, (1.0, float("inf"))], ids=str)
def test_a_number_that_no_trials_file_can_hold_is_refused(value: Value) -> None:
    with pytest.raises(RequestError, match=r"^losses\.m:f\.a: expected a finite number, a list of them, text, true"):
        LossSpec.of("m:f", {"a": value})
    says("m:f(a=1e999)", "losses.m:f.a: expected a finite number, a list of them, text, true, false or none, got inf")


def test_parentheses_in_a_quoted_value_belong_to_it() -> None:
    assert split_outside("""f(a='('), g(b=")'", c='\\'(') , h""") == ["""f(a='(')""", """g(b=")'", c='\\'(')""", "h"]
    assert split_outside("the cat's, the dog's") == ["the cat's", "the dog's"]
    assert split_outside("f(cat's), g") == ["f(cat's)", "g"]


def test_splitting_long_text_takes_no_time() -> None:
    for text in ("a" * 10**5, "," * 10**5, "(" * 10**5, "(" + "'\\" * 10**5, "('" * 10**5, "('\\\"" * 10**5):
        began = time.process_time()
        split_outside(text)
        assert time.process_time() - began < 5
