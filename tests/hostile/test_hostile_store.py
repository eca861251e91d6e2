"""A store received from somebody else: it is read and reported, and nothing in it is run."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

import lossbench
from lossbench.spec import Study
from lossbench.store.sealed import sealed
from tuning_makers import small, written

AUDIT = Path(__file__).parent / "audit"
SCRIPT = "from lossbench.cli import main\nmain()\n"  # what an installer makes of the entry point
LOADED = "import lossbench, sys\nfound = lossbench.load(sys.argv[1])\nprint(found.summary.height, found.answer)\n"

ESCAPE = "\x1b]0;owned\x07\x1b[2J"
SCRIPTED = "<script>alert(1)</script>"
MARKUP = "[bold red on white]"
CLASSES = (SCRIPTED + ESCAPE, "=HYPERLINK(1)", '"><img src=x onerror=alert(1)>')
REASON = f"{MARKUP}{ESCAPE}{SCRIPTED}"

MODULES = (
    "evil",
    "numpy",
    "torch",
    "polars",
    "json",
    "pathlib",
    "rich",
    "yaml",
    "jinja2",
    "usercustomize",
    "lossbench_evil",
)
"""Planted; the standard library's json and pathlib among them. What Python itself imports before it looks at `-m` is
out of reach (importlib, types, typing), and why a received folder is better read by `lossbench` than by `python -m`."""


@dataclass(frozen=True)
class Heard:
    """What a watched process did."""

    code: int
    out: str
    err: str
    events: tuple[tuple[str, str], ...]

    def of(self, *kinds: str) -> list[str]:
        return [f"{event} {said}" for event, said in self.events if event.startswith(kinds)]


class Planted:
    """The store, its marker, and processes that read it from inside."""

    def __init__(self, root: Path, study: Path) -> None:
        self.root, self.study = root, study
        self.marker = root.parent / "marker"

    def plant(self) -> None:
        code = (
            f"open({str(self.marker)!r}, 'a').write(__name__)\ndef loss(*_, **__): raise SystemExit(3)\nmodel = loss\n"
        )
        for folder in (self.root, self.study):
            for name in MODULES:
                (folder / f"{name}.py").write_text(code)
            (folder / "results.pkl").write_bytes(pickle.dumps(_Opens(str(self.marker))))
            (folder / "lossbench.pth").write_text(f"import os; {code.splitlines()[0]}\n")
        for path in (self.study / "study.yaml", self.study / "study.json"):
            text = path.read_text(encoding="utf-8").replace("gce", "evil:loss")
            path.write_text(text.replace("- mlp", "- evil:model").replace('"mlp"', '"evil:model"'))
        document = json.loads((self.study / "study.json").read_text(encoding="utf-8"))
        del document["sha256"]  # a seal is no signature: whoever plants makes a new one
        document["data"]["class_names"] = CLASSES
        (self.study / "study.json").write_text(sealed(document))
        for key in sorted(path.name for path in (self.root / "trials").iterdir())[:1]:
            shutil.copy(self.study / "results.pkl", self.root / "trials" / key / "state.pkl")
            (self.root / "trials" / key / "provenance.json").unlink()
            (self.root / "trials" / key / "failure.json").write_text(json.dumps({"reason": REASON}))

    def watched(self, *words: str) -> Heard:
        """Runs Python with these words from inside the study's folder."""
        log = self.root.parent / "audit.log"
        log.unlink(missing_ok=True)
        path = os.pathsep.join([str(AUDIT), str(Path(lossbench.__file__).parents[1])])
        environment = {**os.environ, "PYTHONPATH": path, "AUDIT_LOG": str(log), "COLUMNS": "200"}
        done = subprocess.run(
            [sys.executable, *words], cwd=self.study, env=environment, capture_output=True, text=True, check=False
        )
        events = tuple((event, said) for event, said in map(json.loads, log.read_text().splitlines()))
        return Heard(done.returncode, done.stdout, done.stderr, events)

    def command(self, *words: str) -> Heard:
        """Runs the installed command."""
        script = self.root.parent / "bin" / "lossbench"
        script.parent.mkdir(exist_ok=True)
        script.write_text(SCRIPT)
        return self.watched(str(script), *words)


class _Opens:
    """Pickled, it opens the marker where it is loaded."""

    def __init__(self, marker: str) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return open, (self.marker, "a")


def _ended(trial: Path) -> bool:
    return (trial / "provenance.json").exists()


def harmless(planted: Planted, heard: Heard, writes: Path | None = None) -> None:
    """Nothing of the store was run, nothing started, nothing connected to; written only below a folder.

    Whether a trial is being trained is told by trying its lock, which opens that file to write.
    """
    assert "Traceback" not in heard.err
    assert not planted.marker.exists()
    assert [line for line in heard.of("exec") if str(planted.root) in line] == []
    assert heard.of("exec") != []  # the hook hears
    assert heard.of("subprocess", "os.") == []
    assert heard.of("socket", "urllib", "webbrowser") == []
    assert heard.of("pickle") == []
    written = [
        line.removeprefix("open ") for line in heard.of("open") if not line.endswith(("/claim.lock", "/dev/null"))
    ]
    assert [path for path in written if not (writes and (planted.study / path).is_relative_to(writes))] == []


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory, blank_figures_throughout: None) -> Planted:
    folder = tmp_path_factory.mktemp("received")
    study: Study = small(written(folder / "data"))
    lossbench.run(study, save_dir=folder / "log", executor="inline")
    store = Planted(folder / "log", folder / "log" / "studies" / study.name)
    store.plant()
    return store


def test_the_hook_hears_what_it_is_there_for(planted: Planted, tmp_path: Path) -> None:
    code = (
        "import socket, subprocess, sys, pickle, evil\n"
        "socket.socket().close(); subprocess.run([sys.executable, '-c', '']); open('w.txt', 'w').close()\n"
    )
    (tmp_path / "evil.py").write_text("")
    (tmp_path / "run.py").write_text(code)
    heard = planted.watched(str(tmp_path / "run.py"))
    (planted.study / "w.txt").unlink()
    assert heard.code == 0
    assert any(line.endswith("evil.py") for line in heard.of("exec"))
    for kind in ("socket", "subprocess", "open"):
        assert heard.of(kind)


def test_a_report_runs_nothing_of_the_store(planted: Planted) -> None:
    heard = planted.command("report", ".", "--no-pictures")
    harmless(planted, heard, planted.study)
    assert heard.code == 0, heard.err
    page = (planted.study / "report.html").read_text(encoding="utf-8")
    assert "evil:loss" in page
    assert SCRIPTED not in page
    assert "<img src=x" not in page
    assert "\x1b" not in heard.out
    assert "\x1b" not in heard.err


def test_status_and_watch_run_nothing_of_the_store(planted: Planted, long: bool) -> None:
    def module(*words: str) -> Heard:
        return planted.watched("-m", "lossbench", *words)

    ways = [(planted.command, "watch"), (module, "status")]
    for run, command in [*ways, *([(module, "watch"), (planted.command, "status")] if long else [])]:
        heard = run(command, ".")
        harmless(planted, heard)
        assert heard.code == 0, heard.err
        assert "\x1b" not in heard.out
        if command == "status":
            assert "evil:loss" in heard.out
            assert f"{MARKUP}\\x1b]0;owned" in heard.out


def test_loading_runs_nothing_of_the_store(planted: Planted, tmp_path: Path) -> None:
    (tmp_path / "loads.py").write_text(LOADED)
    heard = planted.watched(str(tmp_path / "loads.py"), ".")
    harmless(planted, heard)
    assert heard.code == 0, heard.err
    assert "evil:loss" in heard.out


def test_workers_look_for_nothing_in_the_working_directory(planted: Planted) -> None:
    """`-P -m`: the place of a user's own code is appended, and only for trials that name such code."""
    heard = planted.watched("-P", "-m", "lossbench.run.worker")
    harmless(planted, heard)
    assert heard.code == 0, heard.err


def test_a_lock_that_leads_elsewhere_empties_nothing(planted: Planted, tmp_path: Path) -> None:
    """A lock is opened to write and cut to nothing: planted as a link, it would cut what it leads to."""
    victim = tmp_path / "victim"
    victim.write_text("precious")
    lock = next(path for path in (planted.root / "trials").glob("*/claim.lock") if not _ended(path.parent))
    lock.unlink()
    lock.symlink_to(victim)
    heard = planted.command("status", ".")
    assert victim.read_text() == "precious"
    assert heard.code == 0, heard.err
