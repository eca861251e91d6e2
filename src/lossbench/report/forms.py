"""The forms that a report has, and what each takes to be written."""

from __future__ import annotations

from importlib.util import find_spec

from lossbench.errors import RequestError

__all__ = ["FILES", "FORMS", "check_forms", "parse_forms"]

FORMS = ("html", "md", "pdf", "tex")

FILES = {"html": "report.html", "md": "report.md", "pdf": "report.pdf", "tex": "tables"}
"""What each form is called in a study's folder; `tables` is a folder of LaTeX tables."""


def parse_forms(text: str) -> tuple[str, ...]:
    """`html,md` as a tuple, in the order of `FORMS`.

    Raises:
        RequestError: an unknown form, or one whose extra is not installed.
    """
    named = [part.strip().lower() for part in text.split(",")]
    if not named or any(name not in FORMS for name in named):
        raise RequestError("--format", "html, md, pdf and tex, separated by commas", text)
    asked = tuple(form for form in FORMS if form in named)
    check_forms(asked)
    return asked


def check_forms(forms: tuple[str, ...]) -> None:
    """Raises a RequestError where a form is unknown or cannot be written here."""
    if not forms or not set(forms) <= set(FORMS):
        raise RequestError("forms", "some of html, md, pdf and tex", forms)
    if "pdf" in forms and not can_write_pdf():
        raise RequestError("--format", "pdf only with the extra pdf: pip install 'lossbench[pdf]'", "pdf")


def can_write_pdf() -> bool:
    """Whether the extra `pdf` is installed."""
    return all(find_spec(name) is not None for name in ("typst", "ziamath"))
