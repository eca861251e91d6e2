"""The study of the course report that lossbench grew from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["COURSE_REPORT", "COURSE_REPORT_IMBALANCE", "FOUR_LOSSES"]

FOUR_LOSSES = ("l1", "cross_entropy", "focal(gamma=2)", "focal(gamma=0.5)")

_OTHERS = FOUR_LOSSES[1:]

# The document's claims, in its order. "Fall all along" and "rise all along" are read as a trend over the epochs: not
# one noisy curve in a thousand falls at every step, so that the word for that would test nothing.
_CLAIMS = (
    # 1: L1's loss keeps falling while its accuracy stays around 0.1
    "train.loss: l1 falls",
    "test.accuracy: l1 within 0.05 of 0.1",
    # 2 to 4: of the others both losses fall and both accuracies rise; gamma 0.5 is a little above gamma 2
    *(
        f"{split}.{metric}: {loss} {moves}"
        for loss in _OTHERS
        for metric, moves in (("loss", "falls"), ("accuracy", "rises"))
        for split in ("train", "test")
    ),
    "test.accuracy: focal(gamma=0.5) > focal(gamma=2)",
    # 5: L1 is the worst
    *(f"test.{metric}: lowest l1" for metric in ("accuracy", "precision", "recall", "f1")),
    # 6: cross entropy and focal are almost identical in last accuracy; cross entropy may be the best
    "test.accuracy: cross_entropy ~ focal(gamma=2) within 0.01",
    "test.accuracy: cross_entropy ~ focal(gamma=0.5) within 0.01",
    "test.accuracy: focal(gamma=2) ~ focal(gamma=0.5) within 0.01",
    "test.accuracy: highest cross_entropy",
    # 7: along training gamma 2 lies below gamma 0.5 and cross entropy, which lie close together
    *(
        f"test.{metric}: {claim} along training"
        for metric in ("accuracy", "precision")
        for claim in (
            "focal(gamma=2) < focal(gamma=0.5)",
            "focal(gamma=2) < cross_entropy",
            "focal(gamma=0.5) ~ cross_entropy within 0.01",
        )
    ),
    # 8: recall is highest for cross entropy and lowest for L1 (see 5); the focals differ little
    "test.recall: highest cross_entropy",
    "test.recall: focal(gamma=2) ~ focal(gamma=0.5) within 0.01",
    # 9: F1 follows the trend of precision and accuracy
    "test.f1 follows test.precision",
    "test.f1 follows test.accuracy",
)

# 10: with imbalanced classes cross entropy leans to the majority, and focal loss helps; the imbalance is exponential
# with factor 100, so that the last class of CIFAR-10, truck, is the rarest and the first, airplane, the most frequent.
_IMBALANCED = (
    "imbalance(exponential, 100) | test.recall[truck]: focal(gamma=2) > cross_entropy",
    "imbalance(exponential, 100) | test.recall[truck]: focal(gamma=0.5) > cross_entropy",
    "imbalance(exponential, 100) | test.recall[airplane]: cross_entropy > focal(gamma=2)",
    "imbalance(exponential, 100) | test.recall[airplane]: cross_entropy > focal(gamma=0.5)",
    "imbalance(exponential, 100) | test.recall: focal(gamma=2) > cross_entropy",
    "imbalance(exponential, 100) | test.recall: focal(gamma=0.5) > cross_entropy",
)

# The document's study, value for value; what is not said here is the default of Recipe, which is the document's too.
_STUDY: Mapping[str, Any] = {
    "question": "Which of L1, cross entropy and focal loss should a classifier of pictures be trained with?",
    "data": "cifar10",
    "models": ["lenet5"],
    "losses": list(FOUR_LOSSES),
    "seeds": [1],
    "recipe": {
        "epochs": 30,
        "batch_size": 128,
        "optimizer": {"name": "sgd", "lr": 0.1, "momentum": 0.9},
        "schedule": {"name": "step", "step": 5, "gamma": 0.5},
        "eval_interval": 1,
    },
}

COURSE_REPORT: Mapping[str, Any] = {**_STUDY, "plan": {"hypotheses": list(_CLAIMS)}, "published": "course-report"}

COURSE_REPORT_IMBALANCE: Mapping[str, Any] = {
    **_STUDY,
    "question": "Does focal loss help where classes are imbalanced and cross entropy leans to the majority?",
    "scenarios": ["imbalance(exponential, 100)"],
    "seeds": 5,  # a claim about few pictures of rare classes, which one seed decides by chance
    "plan": {"hypotheses": list(_IMBALANCED)},
    "published": "course-report",
}
