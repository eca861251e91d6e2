"""The Hugging Face Hub, through the extra `hub`: a data set's Parquet files, and no code of it."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lossbench.data.parquet import configurations

__all__ = ["HubError", "NoHubError", "SeveralError", "download", "split_name"]

_CONVERTED = "refs/convert/parquet"  # where the Hub itself keeps a data set of another form in Parquet
_PREFIX = "hub:"
_OFFLINE, _ABSENT = "OfflineModeIsEnabled", "LocalEntryNotFoundError"
_UNREACHED = ("Connect", "Timeout")  # in the names of what HTTP libraries raise
_NO_FOLDER = frozenset('<>:"/\\|?*[]')  # what the name of a configuration has none of
_WHY = {  # what the Hub's library raises, in the user's words
    "GatedRepoError": "its makers grant access one by one: ask on its page, then log in with `hf auth login`",
    "RepositoryNotFoundError": "there is no data set of that name, or it is private: log in with `hf auth login`",
    _OFFLINE: "it is not in the Hub's cache, and HF_HUB_OFFLINE keeps it from being fetched",
    _ABSENT: "it is not in the Hub's cache, and the Hub cannot be reached",
    "HFValidationError": "that is no name on the Hub, as in hub:owner/name",
}


class HubError(Exception):
    """Why the Hub gave nothing, completing "the Hub gave nothing: ..."."""


class NoHubError(HubError):
    """The extra is not installed."""


class SeveralError(HubError):
    """The data set has several configurations, of which none was asked for."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(f"several configurations: {', '.join(names)}")
        self.names = names


def split_name(name: str) -> tuple[str, str | None] | None:
    """The repository and the configuration of `hub:owner/name:config`; None where a name is no such thing."""
    if not name.startswith(_PREFIX):
        return None
    repository, _, configuration = name.removeprefix(_PREFIX).partition(":")
    return repository, configuration or None


def download(repository: str, configuration: str | None = None) -> Path:
    """Fetches a data set's Parquet files into the Hub's own cache, where a second call finds them.

    Their names are asked for first, so that nothing is fetched where there is none, or a choice to be made. Where a
    data set is of another form, the files that the Hub converted it to are taken. Where the Hub cannot be asked, the
    cache is.

    Args:
        repository: `owner/name`.
        configuration: the folder that is wanted; None for the only one.

    Returns:
        the folder, which holds no Parquet file where the Hub has none.

    Raises:
        HubError: the extra is not installed, there is no such data set, or the download failed.
    """
    if configuration is not None and (_NO_FOLDER & set(configuration) or configuration.startswith(".")):
        raise HubError(f"{configuration!r}, which is no name of a configuration")
    wanted = "*.parquet" if configuration is None else f"{configuration}/*.parquet"
    try:
        own = _names(repository, configuration)
    except HubError as error:
        if type(error) is not _UnreachableError:
            raise
        return _cached(repository, wanted, configuration, error)
    if own:
        return _fetched(repository, wanted)
    try:
        converted = _names(repository, configuration, revision=_CONVERTED)
    except SeveralError:
        raise
    except HubError:
        converted = []
    return _fetched(repository, wanted, **({"revision": _CONVERTED} if converted else {}))


class _UnreachableError(HubError):
    """The Hub cannot be asked, though the cache may have what is wanted."""


def _names(repository: str, configuration: str | None, **options: Any) -> list[str]:
    """The Parquet files on the Hub, of a configuration or of the only one."""
    try:
        from huggingface_hub import list_repo_files
    except ImportError:
        raise NoHubError("huggingface_hub is not installed") from None
    try:
        with _quiet():
            listed = list_repo_files(repository, repo_type="dataset", **options)
    except Exception as error:
        kinds = _kinds(error)
        known = any(kind in _WHY for kind in kinds if kind not in (_OFFLINE, _ABSENT))
        raise (HubError if known else _UnreachableError)(_why(error)) from None
    start = "" if configuration is None else f"{configuration}/"
    names = [name for name in listed if name.endswith(".parquet") and name.startswith(start)]
    if configuration is None:
        _check_one(names)
    return names


def _cached(repository: str, wanted: str, configuration: str | None, why: HubError) -> Path:
    """What was fetched before."""
    for options in ({}, {"revision": _CONVERTED}):
        try:
            folder = _fetched(repository, wanted, local_files_only=True, **options)
        except HubError:
            continue
        if names := [file.relative_to(folder).as_posix() for file in folder.rglob(wanted)]:
            if configuration is None:
                _check_one(names)
            return folder
    raise why


def _check_one(names: Iterable[str]) -> None:
    several = configurations(names)
    if len(several) > 1:
        raise SeveralError(several)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keeps what the Hub's library tells of its tries out of the way: what came of them is said in one sentence."""
    logger = logging.getLogger("huggingface_hub")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)


def _fetched(repository: str, wanted: str, **options: Any) -> Path:
    from huggingface_hub import snapshot_download

    try:
        with _quiet():
            return Path(snapshot_download(repository, repo_type="dataset", allow_patterns=wanted, **options))
    # Its errors come from several libraries (HTTP, sockets, files) and share no base.
    except Exception as error:
        raise HubError(_why(error)) from None


def _kinds(error: Exception) -> list[str]:
    return [kind.__name__ for kind in type(error).__mro__]


def _why(error: Exception) -> str:
    kinds = _kinds(error)
    if os.environ.get("HF_HUB_OFFLINE") and _ABSENT in kinds:
        kinds = [_OFFLINE]
    elif any(word in kind for kind in kinds for word in _UNREACHED) and _OFFLINE not in kinds:
        kinds = [_ABSENT]
    return next((_WHY[kind] for kind in kinds if kind in _WHY), str(error) or type(error).__name__)
