"""Every error that lossbench raises on purpose.

LossbenchError
├── RequestError              what was asked for cannot be done; the command line exits with 2
│   ├── UnknownNameError      a name that is in no catalogue; carries the nearest names
│   ├── StudyFileError        a study file that cannot be read, or is no mapping
│   ├── DataError             data that are nowhere, unreadable, or without usable labels
│   └── SaveDirError          a save dir that cannot be written, or holds something else
├── StoreError                a study's or trial's files that are damaged or missing
├── HeldError                 a trial that another process is training just now
├── TrackerError              a tracker that did not take what a study was to send it
└── TrialError                a trial that could not be trained to its end; the others go on

A message is one sentence that names the field, what is allowed and what came.
"""

from __future__ import annotations

import copy
import difflib
import re
import reprlib
from collections.abc import Iterable

__all__ = [
    "DataError",
    "HeldError",
    "LossbenchError",
    "RequestError",
    "SaveDirError",
    "StoreError",
    "StudyFileError",
    "TrackerError",
    "TrialError",
    "UnknownNameError",
    "one_line",
    "shown",
    "told",
    "visible",
]

_STEERING = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff\ufffe\uffff]")
_LONGEST_FIELD = 300  # a file's path may stand there
_LONGEST_ALLOWED = 2000  # every loss of the catalogue by name, but not every class of a large data set


class LossbenchError(Exception):
    """The root of the tree: catch it to catch everything lossbench raises on purpose."""


class RequestError(LossbenchError):
    """What was asked for cannot be done, and nothing was written.

    Args:
        field: what the complaint is about, in the user's words (`recipe.epochs`, `--seeds`).
        allowed: what would have been accepted, completing "expected ...".
        received: what came; anything but a string is shown as Python writes it.
        hint: what may help, appended in parentheses.
    """

    def __init__(self, field: str, allowed: str, received: object, hint: str = "") -> None:
        self.field, self.allowed, self.received, self.hint = field, allowed, received, hint
        super().__init__(field, allowed, received, hint)

    def __str__(self) -> str:
        field, allowed = shown(self.field, _LONGEST_FIELD), shown(self.allowed, _LONGEST_ALLOWED)
        tail = f" ({shown(self.hint, _LONGEST_ALLOWED)})" if self.hint else ""
        return f"{field}: expected {allowed}, got {shown(self.received)}{tail}"

    def renamed(self, field: str) -> RequestError:
        """The same complaint about a field by another name (the option that the user typed)."""
        clone = copy.copy(self)
        clone.field = field
        return clone


class UnknownNameError(RequestError):
    """A name that is in no catalogue.

    Args:
        field: what was being named (`losses`, `models`).
        received: the unknown name.
        known: every name that would have been accepted.
    """

    def __init__(self, field: str, received: str, known: Iterable[str]) -> None:
        names = sorted(known)
        self.near = tuple(difflib.get_close_matches(received, names, n=3, cutoff=0.65))
        hint = f"did you mean {' or '.join(self.near)}?" if self.near else ""
        super().__init__(field, f"one of {', '.join(names)}", received, hint)
        self.args = (field, received, names)  # what copying and pickling call this with


class StudyFileError(RequestError):
    """A study file that cannot be read, or does not hold a mapping."""


class DataError(RequestError):
    """Data that are nowhere, unreadable, or without usable labels."""


class SaveDirError(RequestError):
    """A save dir that cannot be written, or a study's name that is taken by another study."""


class StoreError(LossbenchError):
    """Files of a study or a trial that are damaged or missing.

    Args:
        sentence: what and what to do.
        why: what is wrong with the file alone, where the error is about one.
    """

    def __init__(self, sentence: str, why: str = "") -> None:
        super().__init__(sentence)
        self.why = why or sentence


class HeldError(LossbenchError):
    """A trial that another process is training just now; its key is the argument."""


class TrackerError(LossbenchError):
    """A tracker that did not take what a study was to send it; the study is as it was."""


class TrialError(LossbenchError):
    """A trial that could not be trained to its end: its loss or model raised."""


def shown(value: object, limit: int = 200) -> str:
    """A received value as an error shows it: on one line, cut where it is too long to read."""
    text = value if isinstance(value, str) else _short(limit).repr(value)
    text = one_line(text) if text.strip() else repr(text)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def one_line(text: str) -> str:
    """The text with single spaces for any white space, and what would change a terminal shown by its number."""
    words = " ".join(text.split())
    if words.isprintable():
        return words
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in words)


def visible(text: str, keep: str = "") -> str:
    """The text with control characters and overrides of direction by number: they would steer the reader's terminal.

    So are halves of surrogate pairs and what is no character, which no file can hold. Unlike `one_line` it leaves
    every letter, joiner and space of any language as it is.

    Args:
        text: from anywhere.
        keep: which of them mean something where the text stands.
    """
    return _STEERING.sub(lambda match: match[0] if match[0] in keep else _by_number(match[0]), text)


def _by_number(character: str) -> str:
    return character.encode("unicode_escape").decode()


def told(error: BaseException) -> str:
    """An error's kind and words, whatever a user's own code raised; of ours the words alone, which are a sentence."""
    try:
        words = str(error)
    except (Exception, SystemExit):  # an error may be of the user's making, too, and have none
        words = ""
    if isinstance(error, LossbenchError):
        return words
    return f"{type(error).__name__}: {words}" if words else type(error).__name__


class _Repr(reprlib.Repr):
    """A `repr` that says how long a number is that Python refuses to write, or that takes long to write."""

    def repr_int(self, x: int, level: int) -> str:
        bits = x.bit_length()
        return super().repr_int(x, level) if bits <= 4096 else f"a whole number of {bits} bits"


def _short(limit: int) -> reprlib.Repr:
    """A `repr` that does not unfold what will be cut: a few lines of YAML aliases can stand for billions of items."""
    short = _Repr()
    short.maxlist = short.maxtuple = short.maxset = short.maxfrozenset = short.maxdict = 20
    short.maxstring = short.maxlong = short.maxother = 2 * limit
    short.maxlevel = 3
    return short
