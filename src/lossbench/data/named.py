"""The data sets that have a name, and the folders in which each is looked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lossbench.data.asked import NOTHING, Asked
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
        inside: what it is called inside the folder that torchvision, or its makers' archive, leaves.
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
    inside: tuple[str, ...] = ()
    hub: str | None = None
    commands: tuple[str, ...] = ()

    @property
    def meanings(self) -> Names | None:
        """The class names, where they are more than numbers."""
        return None if all(name.isdecimal() for name in self.class_names) else self.class_names


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
    inside=("FashionMNIST/raw",),
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
    inside=("cifar-10-batches-py", "cifar-10-python.tar.gz"),
    hub="uoft-cs/cifar10",
)

_MNIST = Known(
    name="mnist",
    description="handwritten digits of 28×28 pixels",
    train=60_000,
    test=10_000,
    size=(28, 28, 1),
    class_names=tuple("0123456789"),
    folders=("/usr/share/datasets/mnist", "/usr/local/share/datasets/mnist"),
    inside=("MNIST/raw",),
    hub="ylecun/mnist",
)

_CIFAR100 = Known(
    name="cifar100",
    description="small photographs of a hundred kinds of things",
    train=50_000,
    test=10_000,
    size=(32, 32, 3),
    class_names=(
        *("apple", "aquarium_fish", "baby", "bear", "beaver", "bed", "bee"),
        *("beetle", "bicycle", "bottle", "bowl", "boy", "bridge", "bus"),
        *("butterfly", "camel", "can", "castle", "caterpillar", "cattle", "chair"),
        *("chimpanzee", "clock", "cloud", "cockroach", "couch", "crab", "crocodile"),
        *("cup", "dinosaur", "dolphin", "elephant", "flatfish", "forest", "fox"),
        *("girl", "hamster", "house", "kangaroo", "keyboard", "lamp", "lawn_mower"),
        *("leopard", "lion", "lizard", "lobster", "man", "maple_tree", "motorcycle"),
        *("mountain", "mouse", "mushroom", "oak_tree", "orange", "orchid", "otter"),
        *("palm_tree", "pear", "pickup_truck", "pine_tree", "plain", "plate", "poppy"),
        *("porcupine", "possum", "rabbit", "raccoon", "ray", "road", "rocket"),
        *("rose", "sea", "seal", "shark", "shrew", "skunk", "skyscraper"),
        *("snail", "snake", "spider", "squirrel", "streetcar", "sunflower", "sweet_pepper"),
        *("table", "tank", "telephone", "television", "tiger", "tractor", "train"),
        *("trout", "tulip", "turtle", "wardrobe", "whale", "willow_tree", "wolf"),
        *("woman", "worm"),
    ),
    folders=("/usr/share/datasets/cifar100", "/usr/local/share/datasets/cifar100"),
    inside=("cifar-100-python", "cifar-100-python.tar.gz"),
    hub="uoft-cs/cifar100",
)

KNOWN: Mapping[str, Known] = {known.name: known for known in (_DIGITS, _FASHION, _CIFAR10, _CIFAR100, _MNIST)}


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


def locate(known: Known, data_dir: Path | None, asked: Asked = NOTHING) -> tuple[Path, Found] | None:
    """The first place that holds a data set, with what was found there.

    Args:
        known: which.
        data_dir: where it is looked for first.
        asked: what is asked of the data.

    Raises:
        DataError: a place holds it in a layout that something is wrong with.
    """
    for place in places(known, data_dir):
        if not place.exists():
            continue
        if found := _looked(known, place, asked):
            return place, found
        for inner in (place / inside for inside in known.inside):
            if inner.exists() and (found := look(inner, asked)):
                return inner, found
    return None


def _below(root: Path, known: Known) -> list[Path]:
    return [root / spelling for spelling in dict.fromkeys((known.name, known.name.replace("_", "-")))]


def _looked(known: Known, place: Path, asked: Asked) -> Found | None:
    """A folder of the data set's name is taken for it; any other must show its classes, and may be anything."""
    if known.name in (spelled(place.name), spelled(place.resolve().name)):
        return look(place, asked)
    try:
        found = look(place, asked)
    except DataError:
        return None
    return found if found and found.class_names == known.class_names else None
