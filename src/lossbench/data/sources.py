"""`find`: from what a user wrote (a name or a path) to a source that can be decoded."""

from __future__ import annotations

import difflib
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from lossbench.data.asked import NOTHING, Asked
from lossbench.data.digits import decode_digits, sklearn_version
from lossbench.data.found import Found, Names
from lossbench.data.hub import HubError, NoHubError, SeveralError, download, split_name
from lossbench.data.layouts import look, unknown_layout
from lossbench.data.named import KNOWN, Known, locate, places, spelled
from lossbench.data.pictures import VERSION, Pictures, is_given
from lossbench.data.resize import resized_pictures
from lossbench.errors import DataError, shown
from lossbench.folders import home

__all__ = ["Described", "Source", "described", "find", "fitted"]


@dataclass(frozen=True)
class Source:
    """Pictures that were found and not yet decoded.

    Args:
        name: a known name, or the last part of the path.
        location: the absolute path, or `scikit-learn`.
        fingerprint: changes when a file that decoding would read does, without reading any.
        reader: makes the pictures.
    """

    name: str
    location: str
    fingerprint: str
    reader: Callable[[], Pictures]

    def decode(self) -> Pictures:
        """Reads and decodes all pictures.

        Raises:
            DataError: a file that cannot be read, a broken picture, labels that cannot be used.
        """
        with _readable(self.location):
            return self.reader()


@dataclass(frozen=True)
class Described:
    """A data set that can be named, as `lossbench data` lists it.

    Args:
        name: what to write.
        description: what it shows.
        train: the number of training pictures.
        test: the number of test pictures.
        classes: the number of classes.
        size: height, width, channels.
        location: where it lies on this machine, or None.
        get: the commands that would get it, any of which will do; empty where none is needed.
    """

    name: str
    description: str
    train: int
    test: int
    classes: int
    size: tuple[int, int, int]
    location: str | None
    get: tuple[str, ...]


def find(name: str, data_dir: Path | None = None, asked: Asked = NOTHING) -> Source:
    """Finds pictures by name or path; nothing is decoded.

    Args:
        name: `digits`, `fashion_mnist`, `mnist`, `cifar10`, `cifar100`, a path, or `hub:owner/name:configuration`. A
            known name outranks a folder of that name in the working directory; `./name` is that folder.
        data_dir: where names are looked for first.
        asked: columns and size, where they are not left to the data.

    Raises:
        DataError: an unknown name, pictures that are nowhere, or a path without any of the layouts.
    """
    found = _found(name, data_dir, asked)
    return found if asked.size is None else _at_size(found, asked.size)


def fitted(source: Source, asked: Asked) -> Source:
    """A source of arrays as it is asked for.

    Args:
        source: without columns.
        asked: what is asked of it.

    Raises:
        DataError: a column is asked for.
    """
    for field in ("image_column", "label_column"):
        if getattr(asked, field) is not None:
            raise DataError(field, f"none, for {source.name} has no columns to choose from", getattr(asked, field))
    return source if asked.size is None else _at_size(source, asked.size)


def _found(name: str, data_dir: Path | None, asked: Asked) -> Source:
    if is_given(name):
        hint = "lossbench.run(lossbench.load_study(...), data=lossbench.Data(...)) gives them"
        raise DataError(f"data {name}", "its pictures, which were given from Python", "the name alone", hint)
    with _readable(name):
        if split := split_name(name):
            return _from_hub(name, *split, asked)
        known = None if _is_path(name) else KNOWN.get(spelled(name))
        if known is not None:
            return _named(known, data_dir, asked)
        path = home(name)
        if _is_path(name) or (name and path.exists()):
            return _at(path, name, asked)
    near = difflib.get_close_matches(spelled(name), KNOWN, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else ""
    raise DataError("data", f"one of {', '.join(sorted(KNOWN))}, a path, or hub:owner/name", name, hint)


def described(data_dir: Path | None = None) -> list[Described]:
    """The data sets that can be named, and where they lie on this machine; nothing is fetched.

    Args:
        data_dir: where they are looked for first.
    """
    return [
        Described(
            known.name,
            known.description,
            known.train,
            known.test,
            len(known.class_names),
            known.size,
            _location(known, data_dir),
            _commands(known),
        )
        for known in KNOWN.values()
    ]


def _is_path(name: str) -> bool:
    separators = [os.sep, os.altsep or os.sep]
    return name in (".", "..") or name.startswith("~") or any(separator in name for separator in separators)


def _at_size(source: Source, size: tuple[int, int]) -> Source:
    """The same pictures resized, unless decoding has done so already."""

    def read() -> Pictures:
        pictures = source.reader()
        if pictures.vectors:
            raise DataError("size", "none, for the data are feature vectors", f"{size[0]}×{size[1]}")
        return pictures if pictures.size == size else resized_pictures(pictures, size)

    return replace(source, fingerprint=_hash(source.fingerprint, size), reader=read)


def _named(known: Known, data_dir: Path | None, asked: Asked) -> Source:
    if known.hub is None:
        source = Source(known.name, "scikit-learn", _hash(known.name, sklearn_version()), decode_digits)
        return fitted(source, replace(asked, size=None))
    located = locate(known, data_dir, asked)
    if located is None:
        folder = _downloaded(known, data_dir, known.hub)
        found = look(folder, asked)
        if found is None:
            raise unknown_layout(folder)
        located = folder, found
    return _source(known.name, *located, known.class_names, asked)


def _from_hub(name: str, repository: str, configuration: str | None, asked: Asked) -> Source:
    """Pictures of a repository of the Hub; where it has several configurations, one has to be named."""
    try:
        root = download(repository, configuration)
    except SeveralError as error:
        hint = f"write hub:{repository}:{error.names[0]}, for instance"
        raise DataError(f"data {name}", "one configuration", f"several: {', '.join(error.names)}", hint) from None
    except HubError as error:
        hint = 'pip install "lossbench[hub]"' if isinstance(error, NoHubError) else ""
        raise DataError(f"data {name}", "a data set on the Hugging Face Hub", shown(str(error), 200), hint) from None
    folder = root if configuration is None else root / configuration
    found = look(folder, asked) if folder.is_dir() else None
    if found is None:
        raise DataError(f"data {name}", "train-*.parquet and test-*.parquet on the Hub", "a repository without them")
    called = repository.rpartition("/")[2]
    return _source(f"{called}-{configuration}" if configuration else called, folder, found, None, asked)


def _downloaded(known: Known, data_dir: Path | None, repository: str) -> Path:
    try:
        return download(repository)
    except HubError as error:
        looked = ", ".join(str(place) for place in places(known, data_dir))
        missing = isinstance(error, NoHubError)
        commands = ", or ".join(f"`{command}`" for command in (_commands(known) if missing else known.commands))
        get = f"get them with {commands} and run again, or pass" if commands else "pass"
        raise DataError(
            f"data {known.name}",
            f"its files in one of {looked}, or on the Hub",
            f"nothing in the folders and nothing from the Hub: {shown(str(error), 120)}",
            f"{get} the folder of a copy as `--data PATH`",
        ) from None


def _at(path: Path, written: str, asked: Asked) -> Source:
    if not path.exists():
        raise DataError(f"data {written}", "an existing file or folder", "nothing there")
    found = look(path, asked)
    if found is None:
        raise unknown_layout(path)
    name = path.name if path.name not in ("", "..") else path.resolve().name
    known = KNOWN.get(spelled(name))
    return _source(name, path, found, known.meanings if known else None, asked)


def _source(name: str, path: Path, found: Found, class_names: Names | None, asked: Asked) -> Source:
    root = path.resolve()
    stats = ((os.path.relpath(file, path), file.stat()) for file in found.files)
    entries = [[file, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns] for file, stat in stats]
    # Name and classes are in it: the same files, found in another way, may go by others.
    columns = [asked.image_column, asked.label_column]
    fingerprint = _hash(name, str(root), found.class_names or class_names, entries, *(columns if any(columns) else []))
    return Source(name, str(root), fingerprint, partial(found.decode, name, class_names))


def _hash(*values: object) -> str:
    return hashlib.sha256(json.dumps([VERSION, *values]).encode()).hexdigest()[:32]


def _location(known: Known, data_dir: Path | None) -> str | None:
    """Where a data set lies; a copy that something is wrong with is no copy here, and `find` says what."""
    if known.hub is None:
        return "scikit-learn"
    try:
        located = locate(known, data_dir)
    except (DataError, OSError):
        return None
    return str(located[0].resolve()) if located else None


def _commands(known: Known) -> tuple[str, ...]:
    return (*known.commands, 'pip install "lossbench[hub]"') if known.hub else ()


@contextmanager
def _readable(place: str) -> Iterator[None]:
    """What the system says of files becomes one sentence that names the file."""
    try:
        yield
    except OSError as error:
        raise DataError(str(error.filename or place), "readable data", error.strerror or str(error)) from None
    except MemoryError:
        raise DataError(place, "pictures that fit into memory", "more") from None
