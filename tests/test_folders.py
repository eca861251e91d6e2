"""LOSSBENCH_CACHE and LOSSBENCH_DATA: what they move, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli_runner import QUICK, Runner
from lossbench.errors import RequestError
from lossbench.folders import cache_folder, check_cache, data_folder


def test_without_them_the_system_says_where(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for value in (None, ""):
        if value is not None:
            monkeypatch.setenv("LOSSBENCH_CACHE", value)
            monkeypatch.setenv("LOSSBENCH_DATA", value)
        assert cache_folder() == tmp_path / "lossbench"
        assert data_folder() is None
        check_cache()


def test_they_outrank_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("LOSSBENCH_CACHE", "~/kept")
    monkeypatch.setenv("LOSSBENCH_DATA", "~/pictures")
    assert cache_folder() == tmp_path / "kept"
    assert data_folder() == tmp_path / "pictures"


def test_a_relative_cache_is_refused_in_one_sentence(lossbench: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOSSBENCH_CACHE", "kept")
    with pytest.raises(RequestError, match=r"^LOSSBENCH_CACHE: expected an absolute path, or nothing for the system's"):
        cache_folder()
    for command in (["data"], ["run", *QUICK]):
        done = lossbench(*command)
        assert (done.code, done.out) == (2, "")
        assert done.err.startswith("lossbench: LOSSBENCH_CACHE: expected an absolute path")
        assert done.err.count("\n") == 1


def test_one_that_cannot_be_written_stops_a_run_before_it_begins(
    lossbench: Runner, monkeypatch: pytest.MonkeyPatch, here: Path, tmp_path: Path
) -> None:
    file = tmp_path / "file"
    file.touch()
    monkeypatch.setenv("LOSSBENCH_CACHE", str(file / "below"))
    done = lossbench("run", *QUICK)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("lossbench: LOSSBENCH_CACHE: expected a folder that can be written, got ")
    assert list(here.iterdir()) == []


def test_kernels_are_compiled_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from lossbench.native.library import compiler, library

    if compiler() is None:
        pytest.skip("no C++ compiler here")
    monkeypatch.setenv("LOSSBENCH_CACHE", str(tmp_path / "kept"))
    assert library.__wrapped__() is not None
    assert [path.suffix for path in (tmp_path / "kept/native").iterdir() if path.suffix == ".so"] == [".so"]
