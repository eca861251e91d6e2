"""Compiled code that somebody else put into the cache is not loaded."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest

from lossbench.native.library import _name, compiler, library

pytestmark = pytest.mark.skipif(compiler() is None, reason="no C++ compiler: nothing is compiled or loaded")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own, with a compiler that makes nothing."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = tmp_path / "lossbench" / "native"
    folder.mkdir(parents=True)
    return folder


def loaded(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """What `library` would load."""
    found: list[Path] = []

    def load(path: Path) -> None:
        found.append(path)

    monkeypatch.setattr(sys.modules[library.__module__], "_load", load)  # the room has a function of the module's name
    library.cache_clear()
    try:
        library()
    finally:
        library.cache_clear()
    return found


def planted(cache: Path) -> Path:
    command = compiler()
    assert command is not None
    path = cache / f"{_name(command)}.so"
    path.write_bytes(b"code of somebody else")
    return path


def test_ones_own_is_loaded(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = planted(cache)
    assert loaded(monkeypatch) == [path]


def test_a_file_of_somebody_else_is_not(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    planted(cache)
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    assert loaded(monkeypatch) == []


def test_a_file_of_another_user_in_ones_own_folder_is_not(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = planted(cache)
    try:
        os.chown(path, 12345, -1)
    except PermissionError:
        pytest.skip("only root can give files away")
    assert loaded(monkeypatch) == []


def test_the_right_of_others_to_write_is_taken_away(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = planted(cache)
    for place in (cache, path):
        place.chmod(0o777)
    assert loaded(monkeypatch) == [path]
    for place in (cache, path):
        assert not stat.S_IMODE(place.stat().st_mode) & (stat.S_IWGRP | stat.S_IWOTH)


def test_a_folder_of_somebody_else_gets_nothing(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    assert loaded(monkeypatch) == []
    assert list(cache.iterdir()) == []
