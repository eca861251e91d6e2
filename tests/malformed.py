"""Study files as accidents, other programs and ill-wishers write them: number N is the same file always."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any, TypeVar

import numpy as np
import yaml

from lossbench.cli.template import STUDY_TEMPLATE
from lossbench.rng import stream
from lossbench.spec import PRESETS, Study

__all__ = ["bases", "malformed"]

T = TypeVar("T")

# fmt: off
BYTES: tuple[bytes, ...] = (
    b"\0", b"\xff", b"\xef\xbb\xbf", b"\xff\xfe", b"\xc3\x28", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc2\x85",
    b"\x1b", b"\t", b"\r", b"\n", b"\r\n", b" ", b"  ", b"-", b"- ", b": ", b":", b"#", b" #", b"&a ", b"*a", b"<<: *a",
    b"!", b"!!", b"'", b'"', b"[", b"]", b"{", b"}", b",", b"|", b">", b"%", b"@", b"`", b"?", b"---\n", b"...\n",
    b"\xe2\x80\xa8",
)
SNIPPETS: tuple[str, ...] = (
    "null", "~", "true", "no", "[]", "{}", "''", '"\\0"', '"\\ud800"', '"\\x85"', '"a\\nb"', "[null]", "[[]]", "[{}]",
    "{a: b}", "0", "-1", "-0.0", "1e3", "1e-3", ".nan", ".inf", "-.inf", "1e999", "0x" + "f" * 5000, "9" * 400, "2.5",
    "1:30:00", "010", "9" * 5000, "1" + ":59" * 400 + ".5", "1_000", "1e400", "0b" + "1" * 9000, "9" * 20, "true: 1",
    "=", "<<", "2020-02-30", "2020-01-01", "9999-12-31T23:59:59-23:00", "2001-12-14t21:59:43.10-05:00", "!!int x",
    "!!python/object/apply:os.system ['touch written']", "!!python/name:os.system", "!!python/object:os._exit {}",
    "!!binary aGVsbG8=", "!!binary x", "!!set {a, b}", "!!set {cnn}", "!!omap [a: 1]", "!!pairs [a: 1]", "!!str 5",
    "!!timestamp x", "!!float ''", "!!null x", "!!bool maybe", "!!seq {}", "!!map []", "!unknown x", "!!merge x",
    "!<tag:yaml.org,2002:int> 5", "!!value x", "&a [*a]", "&a {x: *a}", "&a {<<: *a}", "*nowhere", "&a x", "{<<: [1]}",
    "{<<: {epochs: 3}, <<: {epochs: 4}}", "{<<: x}", "[" * 200 + "]" * 200, "[" * 2000, "{a: " * 200 + "1" + "}" * 200,
    "x" * 5000, "'" + " " * 5000 + "'", "[x, x]", "? x", "focal(gamma=1e999)", "f(a=nan)", '"noise(symmetric, 1e999)"',
    "[l1, l1]", "all", "[all, l1]", "[{loss: l1, lr: 0x" + "f" * 400 + "}]", "[{loss: {loss: l1}}]", "[{loss: [l1]}]",
    "{loss: l1, lr: .nan}", "[no_such_module:f]", "no_such_module:Net", "[mlp, mlp]", "mlp",
)
NAMES: tuple[str, ...] = (
    "", " ", ".", "..", "...", "/", "a/b", "../../x", "/etc/passwd", "a\\b", "~", "~root", "con", "NUL", "-x", "--help",
    "x ", " x", "x" * 200, "x" * 201, "x" * 300, "é" * 100, "é" * 101, "\U0001f600" * 60, "a\0b", "a\nb", "a\x1b[2Jb",
    "a\x7f", "a\x85b", "a\u2028", "\u202eabc", "a\u200bb", "ｄｉｇｉｔｓ", "d\u0456gits", "%s", "{0}", "$HOME", "`x`",
    "a;b", "a|b", "*", "?", "a:b", "<b>", "&amp;", "\ufeffx",
)
VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 3, 2.5, -0.0, 1e-300, 1e300, float("nan"), float("inf"), 10**30, 10**400, "", " ", "x",
    "5", "1e-3", [], [None], [[]], [1, 2], ["x"], ["x", "x"], {}, {"x": 1}, {"name": "x"}, {"name": "adam"}, {1: 2},
    {"name": "cosine"}, {None: 3}, b"bytes", "clean", "noise(symmetric, 0.2)", "train_size(2)", "imbalance(step, 1e9)",
    "validation(0.999)", "l1", "focal(gamma=-1)", "test.accuracy: l1 > focal", "test.recall[no such class]: l1 > focal",
    ["test.f1: highest x"], "a" * 2000, "\ud800", "\0",
)
# fmt: on
SHORT: tuple[str, ...] = (
    "name: mine\nlosses: [l1, focal(gamma=0.5)]\nseeds: 2\n",
    """\
models: [mlp, cnn]
scenarios: [clean, 'noise(symmetric, 0.4)', "train_size(0.5) + validation(0.1, clean) + noise(pair, 0.2)"]
""",
    """\
recipe:
  epochs: 3
  optimizer: {name: adam, lr: 1e-3, betas: [0.9, 0.99]}
  schedule: {name: multistep, milestones: [1, 2]}
""",
    """\
losses:
  - {loss: mae, lr: 0.5, momentum: 0}
  - gce(q=0.7)
  - weighted_ce
seeds: [1, 2, 7]
question: >
  Which one
  wins?
""",
    """\
plan:
  margin: 0.02
  max_seeds: 8
  hypotheses: |
    test.accuracy: l1 < cross_entropy  # of course
    test.recall[3]: highest l1
""",
    """\
losses: l1, mae
tuned:
  l1: l1[lr=0.5]
  mae: {loss: mae, lr: 0.1}
scenarios: imbalance(exponential, 10, minority='1, 2', split_seed=4)
""",
    """\
recipe: {<<: {epochs: 2}, batch_size: 64, augmentation: [crop(1), flip], mixup: 0.2, clip: 5}
losses: [cross_entropy, soft_bootstrap]
""",
)


@cache
def bases() -> tuple[str, ...]:
    """Study files that can be read: every preset, what `lossbench init` writes, and short ones as people write them."""
    return (STUDY_TEMPLATE, *(Study(**values).to_yaml() for values in PRESETS.values()), *SHORT, *SHORT)


def malformed(number: int) -> bytes:
    """A study file that was damaged one to three times; some damage does no harm."""
    dice = stream(number, "malformed study")
    content: bytes = _one(dice, bases()).encode()
    for _ in range(_one(dice, (1, 1, 2, 3))):
        damage: Callable[[bytes, np.random.Generator], bytes] = _one(dice, DAMAGES)
        content = damage(content, dice)
    return content


def _one(dice: np.random.Generator, items: Sequence[T]) -> T:
    return items[int(dice.integers(len(items)))]


def _place(content: bytes, dice: np.random.Generator) -> int:
    return int(dice.integers(len(content) + 1))


def flipped(content: bytes, dice: np.random.Generator) -> bytes:
    damaged = bytearray(content)
    for _ in range(int(dice.integers(1, 4))):
        if damaged:
            damaged[_place(content, dice) % len(damaged)] ^= 1 << int(dice.integers(8))
    return bytes(damaged)


def cut(content: bytes, dice: np.random.Generator) -> bytes:
    return content[: _place(content, dice)]


def torn(content: bytes, dice: np.random.Generator) -> bytes:
    begin, end = sorted((_place(content, dice), _place(content, dice)))
    return content[:begin] + content[end:] if dice.random() < 0.2 else content[:begin] + content[begin + 5 :]


def put_in(content: bytes, dice: np.random.Generator) -> bytes:
    place = _place(content, dice) if dice.random() < 0.8 else 0
    return content[:place] + _one(dice, BYTES) + content[place:]


def encoded(content: bytes, dice: np.random.Generator) -> bytes:
    text = content.decode(errors="replace")
    ways = ("utf-16", "utf-16-le", "utf-32", "latin-1", "utf-8-sig", "utf-7", "cp037")
    ends = ("\n", "\n", "\r\n", "\r", "\x85", "\u2028")
    return text.replace("\n", _one(dice, ends)).encode(_one(dice, ("utf-8", *ways)), errors="replace")


def line_again(content: bytes, dice: np.random.Generator) -> bytes:
    """A line twice, in another place, or in other places' indentation."""
    lines = content.split(b"\n")
    line = _one(dice, lines)
    lines.insert(
        int(dice.integers(len(lines) + 1)), b"  " * int(dice.integers(3)) + line if dice.random() < 0.3 else line
    )
    return b"\n".join(lines)


def said_otherwise(content: bytes, dice: np.random.Generator) -> bytes:
    """Something else after a key, written as YAML."""
    keys = list(re.finditer(rb"(\w+: ?)([^\n]*)", content))
    if not keys:
        return content
    found = _one(dice, keys)
    return content[: found.start()] + found[1] + _one(dice, SNIPPETS).encode() + content[found.end() :]


def named_otherwise(content: bytes, dice: np.random.Generator) -> bytes:
    """A name, or another text that becomes part of a path or a page, of the kinds that break these."""
    field = _one(dice, ("name", "name", "data", "published", "question"))
    line = yaml.dump({field: _one(dice, NAMES)}, allow_unicode=False)
    return re.sub(rb"^name:[^\n]*\n", b"", content, flags=re.MULTILINE) + line.encode()


def other_value(content: bytes, dice: np.random.Generator) -> bytes:
    """A value of another kind, a field that nobody knows, or one that is missing."""
    try:
        values = yaml.safe_load(content)
    except (yaml.YAMLError, ValueError, LookupError, ArithmeticError, AttributeError, TypeError, RecursionError):
        return content
    places = list(_places(values, 0))
    if not places:
        return content
    holder, key = _one(dice, places)
    value = copy.deepcopy(_one(dice, VALUES))
    match int(dice.integers(5)):
        case 0 if isinstance(holder, dict):
            holder["unknown" if dice.random() < 0.5 else f"{key}s"] = value
        case 1:
            del holder[key]
        case 2:
            holder[key] = [holder[key]]
        case _:
            holder[key] = value
    try:
        return yaml.dump(values, sort_keys=False, allow_unicode=bool(dice.random() < 0.5)).encode()
    except (UnicodeEncodeError, ValueError, TypeError, RecursionError):
        return content


def _places(values: Any, depth: int) -> Iterator[tuple[Any, Any]]:
    """Every (mapping or list, key) of a tree, down to a depth."""
    if isinstance(values, dict | list) and depth < 5:
        for key, value in list(values.items() if isinstance(values, dict) else enumerate(values)):
            yield values, key
            yield from _places(value, depth + 1)


DAMAGES: tuple[Callable[[bytes, np.random.Generator], bytes], ...] = (
    *(flipped, cut, torn, put_in, encoded, line_again),
    *(said_otherwise, said_otherwise, said_otherwise, named_otherwise, other_value, other_value, other_value),
)
