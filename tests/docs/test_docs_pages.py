"""Every command and every code block of README.md, CONTRIBUTING.md and docs/ does what the page says."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from docs_blocks import LANGUAGES, ROOT, Block, blocks, pages
from docs_runner import PageRunner, same_words

from cli_runner import Runner
from lossbench.api import executors
from lossbench.api.tuning import tune
from lossbench.run import Inline

PAGES = {str(path.relative_to(ROOT)): blocks(path.read_text(encoding="utf-8")) for path in pages()}
WITH_BLOCKS = [name for name, found in PAGES.items() if found]


@pytest.fixture
def page(
    lossbench: Runner, capsys: pytest.CaptureFixture[str], here: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[PageRunner]:
    """A runner in an empty folder, which trains in this process: other tests try the processes."""
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    monkeypatch.setattr(executors, "make_executor", lambda name, workers=None, **options: Inline())
    monkeypatch.setattr(tune, "_workers", lambda executor, workers: 0)
    monkeypatch.setattr("webbrowser.open", lambda address: True)
    before, path = set(sys.modules), list(sys.path)
    runner = PageRunner(lossbench, capsys, here)
    yield runner
    runner.patch.undo()
    sys.path[:] = path
    for name in [name for name, module in sys.modules.items() if name not in before and _is_below(module, here)]:
        del sys.modules[name]


def _is_below(module: object, folder: Path) -> bool:
    return str(getattr(module, "__file__", "")).startswith(str(folder))


@pytest.mark.parametrize("name", WITH_BLOCKS)
@pytest.mark.usefixtures("blank_figures")
def test_its_blocks_do_what_the_page_says(name: str, page: PageRunner) -> None:
    for block in PAGES[name]:
        try:
            page.run(block)
        except Exception as error:
            pytest.fail(f"{name}, line {block.line}: {error}\n{block.body}")


@pytest.mark.parametrize("name", WITH_BLOCKS)
def test_its_blocks_have_a_language(name: str) -> None:
    unknown = [block.line for block in PAGES[name] if block.language not in LANGUAGES]
    assert not unknown, f"{name}: blocks without a language, or with one that nothing runs, at lines {unknown}"


def test_what_is_not_run_is_said_and_is_little(record_property: Callable[[str, object], None]) -> None:
    left = [(name, block) for name, found in PAGES.items() for block in found if "not run" in block.markers]
    for name, block in left:
        words = f"{name}, line {block.line}: {block.markers['not run']}"
        record_property("not run", words)
        print(words)  # noqa: T201 - shown with `pytest -rP`
    every = sum(block.language != "text" for found in PAGES.values() for block in found)
    assert len(left) <= every / 5


class TestTheRunner:
    @pytest.mark.parametrize(
        ("expected", "printed", "same"),
        [
            ("a 0.97 b", "a  0.31\nb", True),
            ("curve ▇██", "curve ▁▁▅▅", True),
            ("first ... last", "first, second\nlast", True),
            ("a is better than b", "b is better than a", False),
            ("one line", "one line\nand another", False),
        ],
    )
    def test_words_count_and_numbers_do_not(self, expected: str, printed: str, same: bool) -> None:
        assert same_words(expected, printed) is same

    def test_markers_are_for_the_next_block_alone(self) -> None:
        text = "<!-- not run: why -->\n\n```sh\nmake demo\n```\n\n```sh\nmake test\n```\n"
        assert [block.markers for block in blocks(text)] == [{"not run": "why"}, {}]

    def test_a_marker_needs_a_reason(self) -> None:
        with pytest.raises(ValueError, match="no reason"):
            blocks("<!-- not run: -->\n")

    def test_indented_code_has_no_language(self) -> None:
        assert [block.language for block in blocks("Text.\n\n    lossbench run\n")] == [""]

    @pytest.mark.parametrize(
        "words", ["make nothing", "pip install 'lossbench[nothing]'", "python -m tools.nothing", "rm -r log"]
    )
    def test_it_fails_on_what_is_not_there(self, words: str, page: PageRunner) -> None:
        with pytest.raises((AssertionError, ModuleNotFoundError)):
            page.run(Block(1, "sh", "", words, {}))

    def test_settings_hold_for_a_command_or_from_then_on(self, page: PageRunner) -> None:
        page.run(
            Block(1, "python", "says.py", "import os\nprint(os.environ.get('COLUMNS'), os.environ.get('SAID'))", {})
        )
        page.run(Block(2, "sh", "", "SAID=once COLUMNS=90 python says.py\nexport SAID=always\npython says.py", {}))
        assert page.printed == "90 once\n100 always\n"

    def test_it_fails_on_a_wrong_exit_code(self, page: PageRunner) -> None:
        page.run(Block(1, "sh", "", "lossbench run --losses nonsense", {"exit code": "2"}))
        with pytest.raises(AssertionError, match="nonsense"):
            page.run(Block(1, "sh", "", "lossbench run --losses nonsense", {}))

    def test_it_fails_on_another_output(self, page: PageRunner) -> None:
        page.run(Block(1, "python", "", "print('as it is')", {}))
        page.run(Block(1, "text", "output", "as it is", {}))
        with pytest.raises(AssertionError, match="as it is"):
            page.run(Block(1, "text", "output", "as it was", {}))
