"""What the things are called that a classifier was trained on: pictures, or of feature vectors examples."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

from lossbench.results import Results

__all__ = ["words_of"]

_WORD = re.compile(r"\b([Aa] )?([Pp])icture(s?)\b")


def words_of(results: Results) -> Callable[[str], str]:
    """What puts a written text of any form into the words of the data: examples in the place of pictures, of vectors.

    Where a user's own words have it, the name of a class or the question, say, nothing is replaced: these must stay.

    Args:
        results: what the text is about.
    """
    own = (results.data.name, *results.data.class_names, str(dict(results.study)))
    if results.data.called == "pictures" or any(_WORD.search(text) for text in own):
        return str
    return partial(_WORD.sub, _example)


def _example(found: re.Match[str]) -> str:
    article = found[1].replace(" ", "n ") if found[1] else ""
    return f"{article}{'E' if found[2] == 'P' else 'e'}xample{found[3]}"
