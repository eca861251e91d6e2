"""Adding seeds, look by look, until a study is decided."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path

from lossbench.errors import StoreError
from lossbench.spec import Study, looks_up_to
from lossbench.store import Store, StudyFolder

__all__ = ["passed", "stages"]


def stages(study: Study, save_dir: str | Path) -> list[Study]:
    """The studies to run one after the other, until nothing is open.

    Of a study with fixed seeds that is the study itself. Of one that runs until it is decided it is one study per look,
    each with the seeds of the last and more: the study's own first, in their order, then the smallest that are not
    among them. Looks that the save dir has gone past already are left out.

    Args:
        study: what is asked for.
        save_dir: where its folder is, if it has been run before.
    """
    most = study.plan.max_seeds
    if most is None:
        return [study]
    trained = len(_before(Store(save_dir), study.name))
    looks = looks_up_to(most)
    ahead = [look for look in looks if look >= trained] or [looks[-1]]
    return [study.model_copy(update={"seeds": tuple(islice(_seeds(study), look))}) for look in ahead]


def passed(stage: Study, save_dir: str | Path) -> bool:
    """Whether the save dir has gone past a look: another run of the study adds seeds to it, too."""
    return stage.plan.max_seeds is not None and len(_before(Store(save_dir), stage.name)) > len(stage.seeds)


def _before(store: Store, name: str) -> tuple[int, ...]:
    """The seeds that the save dir's study of a name has; none where there is no such study, or a damaged one."""
    try:
        return StudyFolder.read(store, name).study.seeds
    except StoreError:
        return ()


def _seeds(study: Study) -> Iterator[int]:
    yield from study.seeds
    yield from (seed for seed in count(1) if seed not in study.seeds)
