"""The last place that a name is looked for: the Hugging Face Hub, through the extra `hub`."""

from __future__ import annotations

from pathlib import Path

__all__ = ["HubError", "download"]


class HubError(Exception):
    """Why the Hub gave nothing, completing "the Hub gave nothing: ..."."""


def download(repository: str) -> Path:
    """Fetches a data set's Parquet files into the Hub's own cache, where a second call finds them.

    Args:
        repository: `owner/name`.

    Raises:
        HubError: the extra is not installed, or the download failed.
    """
    try:
        from huggingface_hub import snapshot_download
    except ImportError:
        raise HubError("huggingface_hub is not installed") from None
    try:
        return Path(snapshot_download(repository, repo_type="dataset", allow_patterns="*.parquet"))
    # Its errors come from several libraries (HTTP, sockets, files) and share no base.
    except Exception as error:
        raise HubError(str(error) or type(error).__name__) from None
