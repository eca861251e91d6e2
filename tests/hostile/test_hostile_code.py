"""What the source may not say: nothing that runs what a file holds."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

import lossbench

PACKAGE = Path(lossbench.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))

RUNNING_MODULES = {"pickle", "cPickle", "marshal", "shelve", "dill", "cloudpickle", "joblib", "jsonpickle", "code"}
RUNNING_BUILTINS = {"eval", "exec", "compile", "__import__"}
RUNNING_CALLS = {
    "yaml.load", "yaml.load_all", "yaml.unsafe_load", "yaml.unsafe_load_all", "yaml.full_load", "yaml.full_load_all",
    "torch.load", "torch.hub.load", "torch.jit.load", "pd.read_pickle", "pandas.read_pickle",
    "os.system", "os.popen", "runpy.run_path", "runpy.run_module", "shutil.unpack_archive",
}  # fmt: skip
EXTRACTING = {"extract", "extractall"}
STARTING = {
    "native/library.py": "the compiler",
    "run/process.py": "worker processes",
    "run/provenance.py": "git, for the commit of lossbench's own checkout",
}
IMPORTING = {"imports.py", "__init__.py", "api/doctor/packages.py"}
"""A user's own code by the path that they typed, our own modules lazily, and the packages that are needed by name."""


@cache
def trees() -> list[tuple[str, ast.Module]]:
    return [(str(path.relative_to(PACKAGE)), ast.parse(path.read_text(encoding="utf-8"))) for path in FILES]


def dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def calls(tree: ast.Module) -> list[ast.Call]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call)]


def modules(tree: ast.Module) -> set[str]:
    found = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    return found | {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}


def wrong(name: str, tree: ast.Module) -> list[str]:
    """What a file says that it may not."""
    said = [f"imports {module}" for module in modules(tree) if module.partition(".")[0] in RUNNING_MODULES]
    for call in calls(tree):
        called, given = dotted(call.func), {word.arg: word.value for word in call.keywords}
        last = called.rpartition(".")[2]
        if called in RUNNING_BUILTINS | RUNNING_CALLS or (last in EXTRACTING and "." in called):
            said.append(called)
        if called in ("np.load", "numpy.load", "np.lib.format.read_array") and not _is(
            given.get("allow_pickle"), False
        ):
            said.append(f"{called} without allow_pickle=False")
        if "shell" in given and not _is(given["shell"], False):
            said.append(f"{called} with a shell")
        if called.startswith("subprocess.") and name not in STARTING:
            said.append(called)
        if last == "import_module" and name not in IMPORTING:
            said.append(called)
    return said


def _is(node: ast.expr | None, value: object) -> bool:
    return isinstance(node, ast.Constant) and node.value is value


def test_there_is_something_to_look_at() -> None:
    assert len(FILES) > 200
    assert set(STARTING) <= {name for name, _ in trees()}


@pytest.mark.parametrize(
    "text",
    [
        "import pickle", "from marshal import loads", "import joblib.numpy_pickle", "eval('1')", "yaml.load(x)",
        "yaml.unsafe_load(x)", "np.load(path)", "np.load(path, allow_pickle=True)", "np.load(p, allow_pickle=flag)",
        "torch.load(path)", "archive.extractall()", "tarfile.open(p).extract('x')", "run('x', shell=True)",
        "subprocess.run(['x'])", "importlib.import_module(name)", "os.system('x')",
    ],
)  # fmt: skip
def test_what_is_forbidden_is_found(text: str) -> None:
    assert wrong("x.py", ast.parse(text))


@pytest.mark.parametrize(
    "text", ["yaml.safe_load(x)", "np.load(p, allow_pickle=False)", "re.compile('x')", "import json"]
)
def test_what_is_allowed_is_not(text: str) -> None:
    assert not wrong("x.py", ast.parse(text))


def test_nothing_runs_what_a_file_holds() -> None:
    found = {name: said for name, tree in trees() if (said := wrong(name, tree))}
    assert found == {}
