"""The data sets that have a name, and the folders in which each is looked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lossbench.data.found import Found, Names
from lossbench.data.layouts import look
from lossbench.errors import DataError
from lossbench.folders import cache_folder, data_folder

__all__ = ["KNOWN", "Known", "locate", "places", "spelled"]


@dataclass(frozen=True)
class Known:
    """A data set that can be named.

    Args:
        name: its one spelling.
        description: what it shows, in a line.
        train: the number of training pictures.
        test: the number of test pictures.
        size: height, width, channels.
        class_names: what its labels mean.
        folders: where systems install it.
        hub: its repository on the Hub, or None.
        commands: what would get it without the Hub.
    """

    name: str
    description: str
    train: int
    test: int
    size: tuple[int, int, int]
    class_names: Names
    folders: tuple[str, ...] = ()
    hub: str | None = None
    commands: tuple[str, ...] = ()


_DIGITS = Known("digits", "handwritten digits that scikit-learn carries", 1437, 360, (8, 8, 1), tuple("0123456789"))

_FASHION = Known(
    name="fashion_mnist",
    description="articles of clothing, in grey",
    train=60_000,
    test=10_000,
    size=(28, 28, 1),
    class_names=(
        *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
        *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
    ),
    folders=("/usr/share/datasets/fashion-mnist", "/usr/local/share/datasets/fashion-mnist"),
    hub="zalando-datasets/fashion_mnist",
    commands=("apt-get install dataset-fashion-mnist",),
)

_CIFAR10 = Known(
    name="cifar10",
    description="small photographs of animals and vehicles",
    train=50_000,
    test=10_000,
    size=(32, 32, 3),
    class_names=(
        *("airplane", "automobile", "bird", "cat", "deer"),
        *("dog", "frog", "horse", "ship", "truck"),
    ),
    folders=("/usr/share/datasets/cifar10", "/usr/local/share/datasets/cifar10"),
    hub="uoft-cs/cifar10",
)

KNOWN: Mapping[str, Known] = {known.name: known for known in (_DIGITS, _FASHION, _CIFAR10)}


def spelled(name: str) -> str:
    """A name in the spelling of `KNOWN`: small letters, `_` for `-`."""
    return name.lower().replace("-", "_")


def places(known: Known, data_dir: Path | None) -> list[Path]:
    """The folders in which a data set is looked for, the first choice first."""
    roots = [] if data_dir is None else [data_dir]
    if set_by_user := data_folder():
        roots.append(set_by_user)
    cache = cache_folder() / "data"
    given = [place for root in roots for place in (*_below(root, known), root)]
    return [*given, *(Path(folder) for folder in known.folders), *_below(cache, known)]


def locate(known: Known, data_dir: Path | None) -> tuple[Path, Found] | None:
    """The first place that holds a data set, with what was found there.

    Raises:
        DataError: a place holds it in a layout that something is wrong with.
    """
    for place in places(known, data_dir):
        if place.exists() and (found := _looked(known, place)):
            return place, found
    return None


def _below(root: Path, known: Known) -> list[Path]:
    return [root / spelling for spelling in dict.fromkeys((known.name, known.name.replace("_", "-")))]


def _looked(known: Known, place: Path) -> Found | None:
    """A folder of the data set's name is taken for it; any other must show its classes, and may be anything."""
    if known.name in (spelled(place.name), spelled(place.resolve().name)):
        return look(place)
    try:
        found = look(place)
    except DataError:
        return None
    return found if found and found.class_names == known.class_names else None
