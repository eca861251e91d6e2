"""Who is compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec

from lossbench.errors import RequestError
from lossbench.spec.recipe import Precision

__all__ = ["BOUND", "CONTENDERS", "PRODUCT", "Contender", "chosen"]

PRODUCT, BOUND = "lossbench", "bound"


@dataclass(frozen=True)
class Contender:
    """One way of training the same.

    Args:
        name: its family and what tells it from the others of the family.
        module: of this package, run as a process of its own.
        package: what it needs to be installed.
        precision: asked for.
        loaders: processes of its DataLoader.
        prepared: whether it finds its pictures normalised.
        side_by_side: whether it trains a trial per core, instead of one trial with all cores.
        by_default: whether it takes part when it is not named in full.
    """

    name: str
    module: str
    package: str = "lossbench"
    precision: Precision = "fp32"
    loaders: int = 0
    prepared: bool = False
    side_by_side: bool = False
    by_default: bool = True

    @property
    def family(self) -> str:
        """The first word of its name."""
        return self.name.split()[0]

    @property
    def installed(self) -> bool:
        """Whether what it needs is there."""
        return find_spec(self.package) is not None


CONTENDERS = (
    Contender(f"{PRODUCT} fp32", "product", side_by_side=True),
    Contender(f"{PRODUCT} auto", "product", precision="auto", side_by_side=True),
    Contender(f"{PRODUCT} bf16", "product", precision="bf16", side_by_side=True, by_default=False),
    Contender("plain w0", "plain"),
    Contender("plain w2", "plain", loaders=2),
    Contender("plain prepared w0", "plain", prepared=True),
    Contender("lightning w0", "peer_lightning", "pytorch_lightning"),
    Contender("lightning w2", "peer_lightning", "pytorch_lightning", loaders=2),
    Contender("skorch", "peer_skorch", "skorch"),
    Contender(f"{BOUND} fp32", "bound", side_by_side=True),
    Contender(f"{BOUND} bf16", "bound", precision="bf16", side_by_side=True),
)


def chosen(names: Sequence[str]) -> list[Contender]:
    """The contenders of these names or families; all that take part by default when there are none.

    Raises:
        RequestError: a name that is neither.
    """
    default = [contender for contender in CONTENDERS if contender.by_default]
    if not names:
        return default
    families = {contender.family for contender in default}
    for name in names:
        if name not in families | {contender.name for contender in CONTENDERS}:
            raise RequestError("--contenders", ", ".join(contender.name for contender in CONTENDERS), name)
    return [c for c in CONTENDERS if c.name in names or (c.by_default and c.family in names)]
