"""A small picture of a report: its first screen where there is a Chromium, else its first figure."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from PIL import Image

__all__ = ["thumbnail"]

_WINDOW, _WIDTH = (1100, 780), 550
_ALONE = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--hide-scrollbars")


def thumbnail(report: Path, out: Path) -> Path | None:
    """Writes the picture; gives its path, or None where there is neither browser nor figure.

    Args:
        report: a report.html.
        out: the picture's path, without an ending.
    """
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser and _shot(browser, report, out.with_suffix(".png")):
        return out.with_suffix(".png")
    figures = sorted((report.parent / "figures").glob("*.svg"))
    return Path(shutil.copy(figures[0], out.with_suffix(".svg"))) if figures else None


def _shot(browser: str, report: Path, out: Path) -> bool:
    size = f"--window-size={_WINDOW[0]},{_WINDOW[1]}"
    command = [browser, *_ALONE, size, f"--screenshot={out.resolve()}", report.resolve().as_uri()]
    try:
        subprocess.run(command, capture_output=True, timeout=60, check=True)
        with Image.open(out) as picture:
            small = picture.convert("RGB").resize((_WIDTH, _WIDTH * picture.height // picture.width))
    except (OSError, subprocess.SubprocessError):
        return False
    small.save(out)
    return True
