"""Names for places that do not take every character, no two alike."""

from __future__ import annotations

import hashlib
import re

__all__ = ["safe_name"]


def safe_name(text: str, unfit: re.Pattern[str], longest: int) -> str:
    """The text itself where it will do; else what is left of it, and a digest that tells it from what looks alike.

    Args:
        text: a study's, a loss's or a condition's name.
        unfit: what may not stand in it.
        longest: in bytes.
    """
    name = unfit.sub("_", text).strip(". ")
    if name == text and len(text.encode()) <= longest:
        return text
    digest = hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:8]
    return f"{name.encode(errors='ignore')[: longest - 9].decode(errors='ignore')}-{digest}"
