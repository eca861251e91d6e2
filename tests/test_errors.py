"""The tree of errors: one sentence each, copied and pickled whole."""

from __future__ import annotations

import copy
import pickle

import pytest

from lossbench.errors import (
    DataError,
    LossbenchError,
    RequestError,
    SaveDirError,
    StoreError,
    StudyFileError,
    TrialError,
    UnknownNameError,
    shown,
    told,
)


def test_the_tree() -> None:
    for error in (StudyFileError, DataError, SaveDirError, UnknownNameError):
        assert issubclass(error, RequestError)
    for other in (RequestError, StoreError, TrialError):
        assert issubclass(other, LossbenchError)
    for other in (StoreError, TrialError):
        assert not issubclass(other, RequestError)


def test_a_sentence_names_field_allowed_received_and_hint() -> None:
    assert str(RequestError("seeds", "a number", 0)) == "seeds: expected a number, got 0"
    assert str(RequestError("seeds", "a number", "x", "try 5")) == "seeds: expected a number, got x (try 5)"


def test_an_unknown_name_shows_all_names_sorted_and_the_nearest() -> None:
    error = UnknownNameError("losses", "fokal", ["l1", "focal", "cross_entropy"])
    assert str(error) == "losses: expected one of cross_entropy, focal, l1, got fokal (did you mean focal?)"
    assert error.near == ("focal",)
    assert str(UnknownNameError("losses", "zzz", ["l1"])) == "losses: expected one of l1, got zzz"


def test_two_near_names() -> None:
    assert str(UnknownNameError("f", "cnn", ["cnn8", "cnn9", "x"])).endswith("(did you mean cnn9 or cnn8?)")


@pytest.mark.parametrize(
    "error",
    [RequestError("a", "b", 3, "hint"), UnknownNameError("models", "lenet", ["lenet5"]), DataError("d", "x", "y")],
    ids=lambda error: type(error).__name__,
)
class TestEveryRequestError:
    def test_renamed_is_a_copy_under_another_name(self, error: RequestError) -> None:
        before = str(error)
        renamed = error.renamed("--option")
        assert type(renamed) is type(error)
        assert str(renamed) == "--option" + before[before.index(":") :]
        assert str(error) == before

    def test_it_survives_copying_and_pickling(self, error: RequestError) -> None:
        for clone in (copy.copy(error), pickle.loads(pickle.dumps(error))):
            assert type(clone) is type(error)
            assert str(clone) == str(error)
            assert vars(clone) == vars(error)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("abc", "abc"),
        ("", "''"),
        (" \n", "' \\n'"),
        ("two\n  lines", "two lines"),
        (5, "5"),
        (None, "None"),
        ([1, "a"], "[1, 'a']"),
        ("x" * 200, "x" * 200),
        ("x" * 201, "x" * 199 + "…"),
        (["x" * 300], "['" + "x" * 197 + "…"),
    ],
)
def test_what_was_received_is_one_line_of_bearable_length(value: object, text: str) -> None:
    assert shown(value) == text


class Loud:
    """Counts how often it is asked for its repr."""

    asked = 0

    def __repr__(self) -> str:
        Loud.asked += 1
        return "loud"


def test_what_will_be_cut_is_not_unfolded() -> None:
    """A few lines of YAML aliases can stand for billions of items."""
    Loud.asked = 0
    bomb: object = Loud()
    for _ in range(5):
        bomb = [bomb] * 9
    assert len(shown(bomb)) <= 200
    assert Loud.asked < 9**4


def test_a_list_in_itself_is_shown() -> None:
    loop: list[object] = []
    loop.append(loop)
    assert shown(loop).startswith("[[")
    assert len(shown(loop)) < 50


def test_every_part_of_a_sentence_is_on_its_one_line() -> None:
    """Paths, names of classes and what stands in a store come from elsewhere, and a terminal obeys what it is sent."""
    error = RequestError("a\nb", "one of\tc\x1b[2J", "d\x1b]0;e\x07", "f\u202eg")
    assert str(error) == "a b: expected one of c\\x1b[2J, got d\\x1b]0;e\\x07 (f\\u202eg)"


def test_no_part_of_a_sentence_is_endless() -> None:
    assert len(str(RequestError("a" * 10**5, "b" * 10**5, "c" * 10**5, "d" * 10**5))) < 5000


def test_a_number_that_python_refuses_to_write_is_described() -> None:
    assert shown(16**6000) == "a whole number of 24001 bits"
    assert shown({"a": [-(16**6000)]}) == "{'a': [a whole number of 24001 bits]}"


class WordlessError(Exception):
    """One of a user's own making."""

    def __str__(self) -> str:
        raise RuntimeError("no words either")


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError("so not"), "ValueError: so not"),
        (KeyError(), "KeyError"),
        (TrialError("a sentence of ours"), "a sentence of ours"),
        (WordlessError(), "WordlessError"),
    ],
)
def test_an_error_is_told_by_its_kind_and_words(error: Exception, text: str) -> None:
    assert told(error) == text
