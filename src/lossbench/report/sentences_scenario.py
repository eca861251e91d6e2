"""What of a scenario must be known before any number: a part of the data alone, a validation split without noise."""

from __future__ import annotations

from collections.abc import Sequence

from lossbench.results import DataView, Results
from lossbench.spec import Scenario
from lossbench.text import counted, isolate, listed, oxford

__all__ = ["notes_across", "scenario_notes", "scenario_of", "share_used"]


def scenario_of(results: Results) -> Scenario | None:
    """What was done to the data of a study with one condition; None of results trained elsewhere."""
    if results.external:
        return None
    return Scenario.parse(str(results.study["scenarios"][0]), str(results.study["data"]))


def scenario_notes(results: Results) -> tuple[str, ...]:
    """What must be known of one condition's scenario."""
    scenario = scenario_of(results)
    if scenario is None:
        return ()
    said = []
    if scenario.train_size is not None:
        part = share_used(scenario, results.data)
        said.append(f"Every loss was trained on {part}: nothing here speaks of all of it.")
    return (*said, *([_clean("The validation split")] if scenario.validation_clean else []))


def notes_across(several: Sequence[Results]) -> tuple[str, ...]:
    """The same of several conditions, each scenario told once."""
    found = {str(scenario): (scenario, x.data) for x in several if (scenario := scenario_of(x)) is not None}
    small = {name: share_used(*both) for name, both in found.items() if both[0].train_size is not None}
    clean = [name for name, (scenario, _) in found.items() if scenario.validation_clean]
    said = []
    if small:
        every = "Every condition" if len(small) == len(found) else "Not every condition"
        told = listed(f"{isolate(name)} trains on {words}" for name, words in small.items())
        said.append(f"{every} uses {'a part' if len(small) == len(found) else 'all'} of the training data: {told}.")
    return (*said, *([_clean(f"The validation split of {oxford(clean)}")] if clean else []))


def share_used(scenario: Scenario, data: DataView) -> str:
    """`10 % of the training data (144 pictures)`."""
    size = scenario.train_size or 1
    thinned = "made imbalanced after that" if scenario.imbalance is not None else ""
    if size < 1:
        pictures = counted(data.train + data.validation, "picture")
        return f"{100 * size:.3g} % of the training data ({', '.join(filter(None, (pictures, thinned)))})"
    return f"{counted(int(size), 'picture')} of the training data{f' ({thinned})' if thinned else ''}"


def _clean(which: str) -> str:
    return (
        f"{which} has no label noise, which real noisy data would not offer: whoever chooses epochs, temperatures or "
        "hyperparameters on it knows more than one would know there."
    )
