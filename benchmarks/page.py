"""`python -m benchmarks.page REPORT...`: how large reports are, and how soon a browser shows them.

Needs the development extra and Chromium. A page is opened anew in every round, from the disk, in a browser that was
started before; seconds are from the request to the first thing seen (First Contentful Paint), to the end of loading,
and to the first figure that answers to the pointer.
"""

from __future__ import annotations

import argparse
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from playwright.sync_api import Browser, sync_playwright

from benchmarks.table import markdown

__all__ = ["main", "opened"]

_PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"


def opened(browser: Browser, page: Path) -> tuple[float, float, float]:
    """Seconds to the first thing seen, to the end of loading, to the first figure that answers."""
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        shown = context.new_page()
        began = time.perf_counter()
        shown.goto(page.resolve().as_uri())
        loaded = time.perf_counter() - began
        shown.wait_for_selector("figure[data-drawn]")
        answers = time.perf_counter() - began
        shown.wait_for_function(f"() => {_PAINT} !== undefined")
        return float(shown.evaluate(_PAINT)) / 1000, loaded, answers


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints a row per page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.page", description=__doc__.partition("\n")[0])
    parser.add_argument("pages", nargs="+", type=Path, help="report.html of some studies")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args(arguments)
    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    rows = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=flags)
        for page in options.pages:
            rounds = [opened(browser, page) for _ in range(options.rounds)]
            seconds = [f"{median(values):.2f}" for values in zip(*rounds, strict=True)]
            rows.append([str(page), f"{page.stat().st_size / 1e6:.2f}", *seconds])
        browser.close()
    print(markdown(["page", "MB", "first view, s", "loaded, s", "answers, s"], rows))


if __name__ == "__main__":
    main()
