"""`lossbench doctor` says what is found, writes nothing, and fails where something that is needed is broken."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch

from cli_runner import Runner
from lossbench.api.doctor import Finding, examine
from lossbench.api.doctor import packages as packages_module
from lossbench.api.doctor.packages import optional
from lossbench.api.kept.targets import TARGETS
from lossbench.resolve import settle_precision
from lossbench.run import usable_cores


def found(lossbench: Runner, *arguments: str) -> dict[tuple[str, str], dict[str, str]]:
    done = lossbench("doctor", "--json", *arguments)
    return {(finding["group"], finding["name"]): finding for finding in json.loads(done.out)}


def test_it_says_what_the_machine_is(lossbench: Runner) -> None:
    values = {key: finding["value"] for key, finding in found(lossbench).items()}
    assert values["versions", "torch"] == metadata.version("torch")
    assert values["machine", "cores"].startswith(f"{usable_cores()} usable")
    assert "GiB" in values["machine", "memory"]
    device = "cuda" if torch.cuda.is_available() else "cpu"
    assert values["training", "--device auto"] == device
    assert values["training", "--precision auto"].startswith(f"{settle_precision(device)}: ")
    assert values["training", "torch"] == "computes"
    assert "GiB free" in values["folders", "save dir"]


def test_it_writes_nothing_and_compiles_nothing(
    lossbench: Runner, here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOSSBENCH_CACHE", str(tmp_path / "cache"))
    done = lossbench("doctor")
    assert done.code == 0, done.out
    assert list(here.iterdir()) == []
    assert not (tmp_path / "cache").exists()
    assert "not compiled yet" in done.out or "torch's own" in done.out


@pytest.mark.parametrize("columns", ["60", "80", "200"])
def test_its_rows_are_aligned_and_fit(lossbench: Runner, columns: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    done = lossbench("doctor")
    assert "\x1b" not in done.out
    lines = done.out.splitlines()
    assert max(map(len, lines)) <= int(columns)
    starts = {line.index(words) for line in lines for words in ("Python ", "cores ", "cache ") if f" {words}" in line}
    assert len(starts) == 1
    assert "all that is needed is here" in lines


def test_a_save_dir_that_cannot_be_written_is_broken(lossbench: Runner, here: Path) -> None:
    (here / "file").touch()
    done = lossbench("doctor", "--save-dir", "file")
    assert done.code == 1
    assert done.out.splitlines()[-1] == "broken: save dir"
    assert found(lossbench, "--save-dir", "file")["folders", "save dir"]["state"] == "broken"


def test_folders_that_were_named_have_to_be_there(
    lossbench: Runner, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOSSBENCH_CACHE", "relative")
    monkeypatch.setenv("LOSSBENCH_DATA", str(here / "nowhere"))
    findings = found(lossbench)
    assert findings["folders", "cache"]["state"] == "broken"
    assert findings["training", "kernels"]["state"] in ("broken", "missing")  # missing where there is no compiler
    assert findings["folders", "data"]["state"] == "missing"
    assert lossbench("doctor").code == 1


def test_without_a_compiler_it_says_what_would_help(lossbench: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CXX", raising=False)
    kernels = found(lossbench)["training", "kernels"]
    assert kernels["value"] == "torch's own: no C++ compiler"
    assert "g++" in kernels["hint"]
    monkeypatch.setenv("LOSSBENCH_NATIVE", "0")
    assert found(lossbench)["training", "kernels"] | {"hint": ""} == found(lossbench)["training", "kernels"]
    assert lossbench("doctor").code == 0


def test_a_torch_that_does_not_compute_is_broken(lossbench: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    def raises(*_: object, **__: object) -> None:
        raise RuntimeError("illegal instruction")

    monkeypatch.setattr("torch.autograd.grad", raises)
    done = lossbench("doctor")
    assert done.code == 1
    assert done.out.splitlines()[-1] == "broken: torch"


def test_a_missing_package_that_is_needed_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    known = packages_module._version
    monkeypatch.setattr(packages_module, "_version", lambda name: "" if name == "polars" else known(name))
    assert Finding("versions", "polars", "not installed", "broken", "pip install polars") in examine()


@pytest.mark.parametrize("name", ["torch", "numpy", "polars", "altair"])
def test_a_package_that_raises_when_it_is_imported_is_broken(name: str, tmp_path: Path) -> None:
    (tmp_path / "fake" / name).mkdir(parents=True)
    raising = f'raise OSError("lib{name}_cpu.so: cannot open shared object file\\nand more")\n'
    (tmp_path / "fake" / name / "__init__.py").write_text(raising, encoding="utf-8")
    first = os.pathsep.join([str(tmp_path / "fake"), *filter(None, [os.environ.get("PYTHONPATH")])])
    command = [sys.executable, "-m", "lossbench", "doctor", "--json"]
    told = {**os.environ, "PYTHONPATH": first}
    done = subprocess.run(command, cwd=tmp_path, env=told, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    assert done.returncode == 1
    findings = {(finding["group"], finding["name"]): finding for finding in json.loads(done.stdout)}
    value = f"{metadata.version(name)} cannot be imported: lib{name}_cpu.so: cannot open shared object file"
    broken = {"group": "versions", "name": name, "value": value, "state": "broken", "hint": f"install {name} anew"}
    assert findings["versions", name] == broken
    assert ("folders", "save dir") in findings
    assert ("optional", "optuna") in findings
    assert (("training", "torch") in findings) == (name == "altair")


def test_a_part_of_lossbench_that_cannot_be_imported_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lossbench.api.doctor.training", None)
    (finding,) = (finding for finding in examine() if finding.group == "training")
    assert finding.state == "broken"
    assert finding.value.startswith("cannot be imported: ")


def test_whatever_an_export_needs_is_an_optional_part() -> None:
    needed = {name for target in TARGETS.values() for name in target.needs}
    assert {"onnx", "onnxscript"} <= needed
    assert needed <= {finding.name for finding in optional()}


def test_each_optional_part_has_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    extras = ["optuna>=4; extra == 'tune'", "huggingface-hub>=0.30 ; extra == 'hub'", 'typst>=0.13; extra == "pdf"']
    monkeypatch.setattr(metadata, "requires", lambda name: ["optuna; extra == 'dev'", "torch>=2", *extras])
    monkeypatch.setattr(packages_module, "find_spec", lambda name: None)
    hints = {finding.name: finding.hint for finding in optional()}
    assert hints["optuna"] == "pip install 'lossbench[tune]'"
    assert hints["huggingface-hub"] == "pip install 'lossbench[hub]'"
    assert hints["typst"] == "pip install 'lossbench[pdf]'"
    assert hints["pandas"] == "pip install pandas"
    assert all(hint.startswith("pip install ") for hint in hints.values())


def test_what_is_installed_has_its_version() -> None:
    states = {finding.name: finding for finding in optional()}
    assert find_spec("optuna") is not None
    assert states["optuna"].state == "ok"
    assert states["optuna"].value[0].isdigit()


def test_it_works_where_the_working_directory_cannot_be_written(
    lossbench: Runner, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write anywhere")
    here.chmod(0o500)
    assert lossbench("doctor").code == 1
