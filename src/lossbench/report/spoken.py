"""What the things are called that a classifier was trained on: pictures, or of feature vectors examples."""

from __future__ import annotations

import re

from lossbench.results import DataView

__all__ = ["in_words_of"]

_WORD = re.compile(r"\b([Pp])icture(s?)\b")


def in_words_of(data: DataView, text: str) -> str:
    """A written text with examples in the place of pictures, where the data are vectors.

    Where the data or a class are themselves called so, nothing is replaced, for a name must stay as it is.

    Args:
        data: what the text is about.
        text: of any form.
    """
    if data.called == "pictures" or any(_WORD.search(name) for name in (data.name, *data.class_names)):
        return text
    return _WORD.sub(lambda found: f"{'E' if found[1] == 'P' else 'e'}xample{found[2]}", text)
