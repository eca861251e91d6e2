"""What became of wrong labels, and how rare classes fared beside frequent ones, in sentences."""

from __future__ import annotations

from lossbench.analysis.types import Analysis, Estimate
from lossbench.report.lookup import estimate
from lossbench.results import Results
from lossbench.text import capital, counted, fixed, isolate

__all__ = ["shot_sentences", "wrong_label_sentences"]


def wrong_label_sentences(results: Results, analysis: Analysis) -> tuple[str, ...]:
    """How many labels are wrong; which loss memorised the most of them and which the least; the same of corrected."""
    said = []
    wrong = results.data.mislabelled
    if wrong:
        share = 100 * wrong / max(results.data.train, 1)
        pictures = counted(results.data.train, "training picture")
        said.append(f"Of {pictures}, {wrong:,} ({share:.3g} %) have a wrong label at the first seed.")
    for metric, verb in (("memorised", "memorised"), ("corrected", "corrected")):
        sentence = _most_and_least(analysis, metric, "train", f"{verb} {{value}} of the wrong labels")
        said += [sentence] if sentence else []
    return tuple(said)


def shot_sentences(analysis: Analysis) -> tuple[str, ...]:
    """Which loss finds the rarest classes best and worst, and what the leader gives up for frequent ones."""
    said = [_most_and_least(analysis, "few", "test", "finds {value} of the pictures of few-shot classes")]
    for loss in analysis.ranking:
        many, few = (estimate(analysis, loss, name) for name in ("many", "few"))
        if many is not None and few is not None and many.mean is not None and few.mean is not None:
            said.append(
                f"With {isolate(loss)}, the leader, mean recall is {fixed(many.mean)} on many-shot classes and "
                f"{fixed(few.mean)} on few-shot classes."
            )
            break
    return tuple(sentence for sentence in said if sentence)


def _most_and_least(analysis: Analysis, metric: str, split: str, does: str) -> str:
    """As in: at the last epoch a memorised 0.62 of the wrong labels, most of all, and b 0.08, the least."""
    known = [item for loss in analysis.ranking if (item := estimate(analysis, loss, metric, split)) is not None]
    ordered = sorted(known, key=lambda item: -(item.mean or 0))
    if not ordered:
        return ""
    first, last = ordered[0], ordered[-1]
    lead = f"at the last epoch {isolate(first.loss)} {does.format(value=_told(first))}"
    if len(ordered) == 1:
        return capital(f"{lead}.")
    if first.mean == last.mean:
        return capital(f"{lead}, as does every other loss.")
    return capital(f"{lead}, most of all, and {isolate(last.loss)} {_told(last)}, the least.")


def _told(item: Estimate) -> str:
    return fixed(item.mean or 0)
