"""The Hugging Face Hub, through the extra `hub`: a data set's Parquet files, and no code of it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

__all__ = ["HubError", "NoHubError", "download", "split_name"]

_CONVERTED = "refs/convert/parquet"  # where the Hub itself keeps a data set of another form in Parquet
_PREFIX = "hub:"
_OFFLINE, _ABSENT = "OfflineModeIsEnabled", "LocalEntryNotFoundError"
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


def split_name(name: str) -> tuple[str, str | None] | None:
    """The repository and the configuration of `hub:owner/name:config`; None where a name is no such thing."""
    if not name.startswith(_PREFIX):
        return None
    repository, _, configuration = name.removeprefix(_PREFIX).partition(":")
    return repository, configuration or None


def download(repository: str, configuration: str | None = None) -> Path:
    """Fetches a data set's Parquet files into the Hub's own cache, where a second call finds them.

    Where a data set is of another form, the files that the Hub converted it to are taken.

    Args:
        repository: `owner/name`.
        configuration: the folder that is wanted; None for all.

    Returns:
        the folder, which holds no Parquet file where the Hub has none.

    Raises:
        HubError: the extra is not installed, or the download failed.
    """
    wanted = "*.parquet" if configuration is None else f"{configuration}/*.parquet"
    folder = _fetched(repository, wanted)
    if not any(folder.rglob(wanted)):
        try:
            folder = _fetched(repository, wanted, revision=_CONVERTED)
        except HubError:
            return folder
    return folder


def _fetched(repository: str, wanted: str, **options: Any) -> Path:
    try:
        from huggingface_hub import snapshot_download
    except ImportError:
        raise NoHubError("huggingface_hub is not installed") from None
    try:
        return Path(snapshot_download(repository, repo_type="dataset", allow_patterns=wanted, **options))
    # Its errors come from several libraries (HTTP, sockets, files) and share no base.
    except Exception as error:
        kinds = [kind.__name__ for kind in type(error).__mro__]
        if _ABSENT in kinds and os.environ.get("HF_HUB_OFFLINE"):
            kinds = [_OFFLINE]
        known = (_WHY[kind] for kind in kinds if kind in _WHY)
        raise HubError(next(known, str(error) or type(error).__name__)) from None
