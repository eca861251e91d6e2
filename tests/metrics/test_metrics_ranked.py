"""Top-k accuracy and the area under the ROC curve against scikit-learn's, ties and missing classes among them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score, top_k_accuracy_score

from lossbench.metrics import auroc, in_top, log_softmax


def drawn(seed: int, n: int, classes: int, levels: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Logits, of a few levels where ties are wanted, and targets in which every class occurs."""
    generator = np.random.default_rng(seed)
    logits = generator.normal(size=(n, classes)).astype(np.float32)
    if levels is not None:
        logits = (np.round(logits * levels) / levels).astype(np.float32)
    target = np.concatenate([np.arange(classes), generator.integers(0, classes, n - classes)])
    return logits, target.astype(np.int64)


class TestAuroc:
    @given(st.integers(0, 10**6), st.integers(12, 60), st.integers(3, 12), st.sampled_from([None, 1, 2]))
    def test_it_is_scikit_learns(self, seed: int, n: int, classes: int, levels: int | None) -> None:
        logits, target = drawn(seed, n, classes, levels)
        probabilities = np.exp(log_softmax(logits))
        expected = roc_auc_score(target, probabilities, multi_class="ovr", average="macro")
        assert auroc(logits, target) == pytest.approx(expected, abs=1e-12)

    @given(st.integers(0, 10**6))
    def test_of_two_classes_both_have_the_same(self, seed: int) -> None:
        logits, target = drawn(seed, 30, 2, 2)
        probabilities = np.exp(log_softmax(logits))
        assert auroc(logits, target) == pytest.approx(roc_auc_score(target, probabilities[:, 1]), abs=1e-12)

    def test_a_class_without_pictures_is_left_out(self) -> None:
        logits, target = drawn(0, 40, 4)
        probabilities = np.exp(log_softmax(logits))
        kept = target != 2
        each = [roc_auc_score(target[kept] == label, probabilities[kept, label]) for label in (0, 1, 3)]
        assert auroc(logits[kept], target[kept]) == pytest.approx(np.mean(each), abs=1e-12)

    def test_of_one_class_alone_there_is_none(self) -> None:
        assert np.isnan(auroc(np.zeros((3, 2)), np.ones(3, np.int64)))

    def test_guessing_is_a_half_and_certainty_is_one(self) -> None:
        target = np.arange(12) % 3
        assert auroc(np.zeros((12, 3)), target) == 0.5
        assert auroc(50 * np.eye(3)[target], target) == 1.0
        assert auroc(50 * np.eye(3)[(target + 1) % 3], target) < 0.5

    def test_logarithms_of_probabilities_are_taken_as_they_are(self) -> None:
        logits, target = drawn(3, 300, 130)  # more classes than are held at once
        assert auroc(log_softmax(logits), target) == pytest.approx(auroc(logits, target), abs=1e-12)


class TestTop:
    @given(st.integers(0, 10**6), st.integers(7, 12), st.integers(1, 6))
    def test_it_is_scikit_learns_without_ties(self, seed: int, classes: int, k: int) -> None:
        logits, target = drawn(seed, 40, classes)
        expected = top_k_accuracy_score(target, logits, k=k, labels=np.arange(classes))
        assert in_top(logits, target, k).mean() == pytest.approx(expected, abs=1e-12)

    @given(st.integers(0, 10**6), st.sampled_from([None, 1, 2]))
    def test_the_first_alone_is_accuracy(self, seed: int, levels: int | None) -> None:
        logits, target = drawn(seed, 40, 7, levels)
        assert np.array_equal(in_top(logits, target, 1), logits.argmax(axis=1) == target)

    def test_of_equal_logits_the_first_classes_count(self) -> None:
        assert in_top(np.zeros((7, 7), np.float32), np.arange(7), 5).tolist() == [True] * 5 + [False] * 2
