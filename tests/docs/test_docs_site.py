"""The site's generated pages say what the code says, and the look through a built site finds what is wrong with it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from docs_blocks import ROOT

import lossbench
from lossbench.cli.app import app
from lossbench.losses import CATALOGUE
from tools.docs import build as building
from tools.docs.catalogue import catalogue_pages
from tools.docs.check import complaints
from tools.docs.commands import commands_page
from tools.docs.docstrings import with_markup
from tools.docs.looks import STYLE
from tools.docs.markdown import linked, table, text
from tools.docs.pages import PUT, prepare
from tools.docs.python_reference import python_pages, rooms_with_names
from tools.docs.rooms import rooms_drawn, rooms_table
from tools.rooms import ROOMS, imported


@pytest.fixture(scope="module")
def catalogue() -> dict[str, str]:
    """The catalogue's pages, without drawing the losses."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tools.docs.catalogue._plot", lambda card: iter(()))
        return catalogue_pages()


class TestTheCatalogue:
    def test_every_loss_has_a_page_and_is_on_its_familys(self, catalogue: dict[str, str]) -> None:
        for name, loss in CATALOGUE.items():
            page = catalogue[f"catalogue/losses/{name}.md"]
            family = catalogue[f"catalogue/{loss.card.family.replace(' ', '-')}.md"]
            assert f"(losses/{name}.md)" in family
            assert f"(losses/{name}.md)" in catalogue["catalogue/index.md"]
            for claim in (*loss.card.strengths, *loss.card.weaknesses):
                assert text(claim.text) in page
            for one in loss.card.hyperparameters:
                assert f"| `{one.name}` |" in page

    def test_every_formula_is_rendered(self, catalogue: dict[str, str]) -> None:
        for name in CATALOGUE:
            page = catalogue[f"catalogue/losses/{name}.md"]
            assert page.count("<math") == 1
            assert "class='tex'" not in page

    def test_a_page_has_its_plot_in_one_line(self) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("tools.docs.catalogue.CATALOGUE", {"focal": CATALOGUE["focal"]})
            page = catalogue_pages()["catalogue/losses/focal.md"]
        (line,) = [line for line in page.splitlines() if "<svg" in line]
        assert line.startswith('<figure class="drawn">')
        assert line.endswith("</figure>")
        assert "var(--loss0)" in line


class TestTheCommandLine:
    def test_every_command_and_option_is_there(self) -> None:
        page = commands_page()
        for command in app.registered_commands:
            name = command.name or getattr(command.callback, "__name__", "")
            assert f"\n## lossbench {name}\n" in page
        for option in ("--losses", "--until-decided", "--no-pictures", "--declare", "--verify", "--budget"):
            assert option in page

    def test_what_is_in_angle_brackets_is_no_markup(self) -> None:
        assert "<preset" not in commands_page()


class TestThePythonReference:
    def test_every_public_name_is_there_once(self) -> None:
        page = python_pages()["reference/python.md"]
        headings = re.findall(r'heading: "lossbench\.(\w+)"', page)
        assert sorted([*headings, *re.findall(r"`lossbench\.(nn|testing)`", page)]) == sorted(lossbench.__all__)

    def test_names_are_where_they_are_said_to_be(self) -> None:
        from importlib import import_module

        for room, names in rooms_with_names().items():
            for name, home in names.items():
                assert getattr(import_module(home), name) is getattr(import_module(f"lossbench.{room}"), name)

    def test_formulas_of_docstrings_are_rendered(self) -> None:
        made = with_markup("One.\n\n.. math:: a + b,\n    c\n\nThe rest.\n\n.. math::\n    d^2\n\nEnd.")
        assert made.count("<math") == 2
        assert "math::" not in made
        assert "The rest." in made


class TestTheRooms:
    def test_nothing_is_drawn_on_the_wrong_side(self) -> None:
        for room, others in imported().items():
            assert all(ROOMS.index(other) < ROOMS.index(room) for other in others)

    def test_a_square_is_an_import(self) -> None:
        drawn = rooms_drawn()
        pairs = set(re.findall(r"<title>(\w+) imports (\w+)</title>", drawn))
        assert pairs == {(room, other) for room, others in imported().items() for other in others}
        assert "\n" not in drawn

    def test_every_room_is_described(self) -> None:
        rows = re.findall(r"^\| `(\w+)` \| \S", rooms_table(), re.MULTILINE)
        assert tuple(rows) == ROOMS


class TestMarkdown:
    def test_text_stands_for_itself_and_code_is_code(self) -> None:
        assert text("a_b < c | `d_e` [f]") == r"a\_b &lt; c \| `d_e` \[f\]"
        assert text("one ` alone_") == r"one ` alone\_"

    def test_sources_can_be_clicked(self) -> None:
        assert linked("Lin 2017, arXiv:1708.02002") == "Lin 2017, [arXiv:1708.02002](https://arxiv.org/abs/1708.02002)"
        assert "](https://doi.org/10.1007/s10994-020-05929-w)" in linked("doi:10.1007/s10994-020-05929-w.")

    def test_a_table(self) -> None:
        assert table(["a", "b"], [["1", "2"]]) == "| a | b |\n| --- | --- |\n| 1 | 2 |"


class TestTheSources:
    def test_every_page_of_nav_is_written_and_every_page_is_in_nav(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, catalogue: dict[str, str]
    ) -> None:
        monkeypatch.setattr("tools.docs.pages.catalogue_pages", lambda: catalogue)
        prepare(tmp_path / "out", execute=False)
        written = {str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*.md")}
        config = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
        named = {
            page for part in config["nav"] for pages in part.values() for entry in pages for page in entry.values()
        }
        aside = tuple(line.strip("/ ") for line in config["not_in_nav"].split())
        assert named <= written
        assert {page for page in written - named if not page.startswith(aside)} == set()
        for comment in PUT:
            assert all(comment not in path.read_text(encoding="utf-8") for path in (tmp_path / "out").rglob("*.md"))

    def test_the_style_has_the_figures_colours_in_light_and_dark(self) -> None:
        assert STYLE.count("--loss0:") == 2
        assert STYLE.count("--ink:") == 2


class TestTheCheck:
    @pytest.fixture
    def site(self, tmp_path: Path) -> Path:
        (tmp_path / "a").mkdir()
        (tmp_path / "style.css").write_text("p { color: red }")
        (tmp_path / "index.html").write_text(
            '<link rel="stylesheet" href="style.css"><a href="a/">a</a><a href="a/#here">there</a>'
            '<a href="https://example.org">out</a><a href="mailto:x@example.org">mail</a>'
            '<img src="data:image/png;base64,">'
        )
        (tmp_path / "a/index.html").write_text(
            '<h1 id="here">A</h1><a href="../index.html">up</a><a href="#here">me</a>'
        )
        return tmp_path

    def test_a_good_site_has_nothing_wrong(self, site: Path) -> None:
        assert complaints(site) == []

    @pytest.mark.parametrize(
        ("markup", "words"),
        [
            ('<script src="https://cdn.example.org/x.js"></script>', "asks another host"),
            ('<img src="//example.org/x.png">', "asks another host"),
            ('<link rel="stylesheet" href="https://fonts.example.org/x.css">', "asks another host"),
            ('<link rel="preconnect" href="https://fonts.example.org">', "asks another host"),
            ("<style>@import 'https://example.org/x.css';</style>", "asks another host"),
            ('<p style="background: url(https://example.org/x.png)">', "asks another host"),
            ('<img src="nothing.png">', "which is not there"),
            ('<a href="nothing.html">x</a>', "which is not there"),
            ('<a href="a/index.html#nothing">x</a>', "no such anchor"),
            ('<a href="#nothing">x</a>', "no such anchor"),
        ],
    )
    def test_what_is_wrong_is_found(self, site: Path, markup: str, words: str) -> None:
        with (site / "index.html").open("a") as page:
            page.write(markup)
        (found,) = complaints(site)
        assert words in found

    def test_a_style_sheet_that_asks_another_host_is_found(self, site: Path) -> None:
        (site / "style.css").write_text("@font-face { src: url(https://example.org/x.woff2) }")
        (found,) = complaints(site)
        assert "style.css" in found

    def test_an_empty_site_is_one_complaint(self, tmp_path: Path) -> None:
        assert len(complaints(tmp_path)) == 1

    @pytest.mark.parametrize(
        ("said", "wrong"),
        [("Build finished\nNo issues found", False), ("griffe: x.py:1: No type", True), ("Warning: page", True)],
    )
    def test_a_warning_of_the_builder_is_a_fault(
        self, said: str, wrong: bool, site: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Done:
            stdout, stderr, returncode = said, "", 0

        monkeypatch.setattr("subprocess.run", lambda *arguments, **options: Done)
        monkeypatch.setattr(building, "complaints", lambda folder: [])
        assert bool(building.build(site)) is wrong
