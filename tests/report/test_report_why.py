"""Sentences that say why follow from the explanations: every rule, every branch, every number."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from lossbench.analysis.explain import RULES, explain
from lossbench.analysis.types import Explanation
from lossbench.report.sentences_why import rules, why
from lossbench.text import plain
from synthetic import Status, analyse, study


def said(
    rule: str, values: Mapping[str, float], seeds: int = 3, of: int = 3, ended: int = 3, status: Status | None = None
) -> str:
    """The sentence for one explanation in a study with so many seeds."""
    results = study(losses=["l1"], seeds=ended, epochs=3, status=status)
    item = Explanation("l1", rule, seeds, of, RULES[rule].threshold, values)
    sentences = why(results, replace(analyse(results), explanations=(item,)), "l1")
    assert len(sentences) == 1
    return plain(sentences[0])


def test_chance() -> None:
    values = {"accuracy": 0.1316, "highest_accuracy": 0.2, "chance": 0.1, "first_loss": 0.1076, "last_loss": 0.1002}
    assert said("chance_while_loss_falls", values) == (
        "In 3 of 3 seeds test accuracy ends near chance while train loss falls (means over these seeds): test accuracy "
        "is 0.132, and 0.200 at its best, where guessing gives 0.100, and train loss goes from 0.108 to 0.100, so here "
        "a lower loss does not come from more right answers."
    )


def test_outputs_at_the_median() -> None:
    values = {
        "median_absolute_logit": 0.000184,
        "median_true_logit": 0.0412,
        "least_share_of_zeros": 0.897,
        "cost_of_zero": 0.1,
        "train_loss": 0.1002,
    }
    assert said("outputs_at_median", values, seeds=1) == (
        "In 1 of 3 seeds the outputs sit at 0, the conditional median of the one-hot target: over the last test "
        "outputs the median of |logit| is 0.000184 and that of the true class's logit 0.0412, where its target is 1. "
        "Every class's target is 0 for at least 90 % of the pictures, so its median is 0, and there an absolute error "
        "is least wherever no class is more than half certain; at outputs of 0 it is 0.100, and train loss ends at "
        "0.100."
    )


def test_collapse() -> None:
    values = {"predicted_classes": 1.348, "classes_present": 9.998, "commonest_share": 0.9237}
    assert said("collapsed", values).endswith(
        "they are spread over 1.3 classes (effective number), the test pictures over 10.0, and 92 % of the pictures "
        "get the commonest answer."
    )


def test_gradients() -> None:
    values = {"first_norm": 11.46, "norm": 0.00116, "norm_ratio": 0.000101, "train_accuracy": 0.2498}
    assert said("vanishing_gradients", values).endswith(
        "its norm in the last epoch is 0.000101 times the first batch's (0.00116 against 11.5), while train accuracy "
        "is only 0.250, so that little moves any more."
    )
    values = {"epoch": 9.5, "first_norm": 4.1, "norm": 820.0, "norm_ratio": 200.0}
    assert said("exploding_gradients", values).endswith(
        "its norm reaches 200 times the first batch's (820 against 4.10), in epoch 10."
    )


def test_scale() -> None:
    trained = {"scale_ratio": 0.0192, "diverged": 0.0, "train_accuracy": 0.8845, "best_train_accuracy": 1.0}
    assert said("scale_not_compensated", trained, seeds=1) == (
        "In 1 of 3 seeds the learning rate does not make up for the loss's scale: at the first weights its gradient is "
        "0.0192 times as long as cross entropy's, and train accuracy ends at 0.884, 0.116 below the best loss at the "
        "same seed (1.000). What another learning rate would give was not measured."
    )
    lost = said("scale_not_compensated", {"scale_ratio": 12.34, "diverged": 1.0})
    assert "12.3 times as long as cross entropy's, and training diverged. What" in lost
    some = said("scale_not_compensated", {**trained, "diverged": 1 / 3})
    assert "and training diverged in 1 of them, and train accuracy in the others ends at 0.884" in some


def test_course() -> None:
    values = {"epoch": 11.333, "least": 1.267, "last": 1.987, "train_then": 0.934, "train_last": 0.384}
    assert said("overfitting", values) == (
        "In 3 of 3 seeds it overfits from epoch 11 on (means over these seeds): test loss is least there (1.267) and "
        "ends at 1.987, while train loss goes on falling from 0.934 to 0.384."
    )
    values = {"epoch": 9.0, "best": 0.8458, "last": 0.7903, "drop": 0.0555}
    assert said("worse_than_itself_earlier", values, seeds=2).endswith(
        "test accuracy is 0.790 at the end, 0.056 below its own best, 0.846 in epoch 9."
    )
    values = {"slope": 0.0097, "epoch": 8.0, "accuracy": 0.875}
    assert said("still_learning", values).endswith(
        "from epoch 8 on test accuracy rises by 0.010 per epoch, to 0.875, so training stopped before it settled."
    )


@pytest.mark.parametrize(
    ("rule", "gap", "side"), [("over_confident", 0.234, "above"), ("under_confident", -0.234, "below")]
)
def test_confidence(rule: str, gap: float, side: str) -> None:
    values = {"confidence": 0.5 + gap, "accuracy": 0.5, "gap": gap, "ece": 0.24}
    assert said(rule, values).endswith(
        f"it is {rule.replace('_', '-')} (means over these seeds): mean confidence on the test pictures is "
        f"{0.5 + gap:.3f}, 0.234 {side} accuracy (0.500); the calibration error (ECE) is 0.240."
    )
    del values["ece"]
    assert said(rule, values).endswith("accuracy (0.500).")


def test_which_seeds_are_spoken_of() -> None:
    values = {"epoch": 9.0, "best": 0.8, "last": 0.7, "drop": 0.1}
    exploded = {"epoch": 2.0, "first_norm": 1.0, "norm": 200.0, "norm_ratio": 200.0}
    lost: Status = {("l1", 3): ("diverged", 2, "")}
    assert said("worse_than_itself_earlier", values, 1, 1, ended=1).startswith("In its one seed it ends worse")
    assert said("worse_than_itself_earlier", values, 2, 2, status=lost).startswith("In 2 of 2 finished seeds it ends")
    assert said("worse_than_itself_earlier", values, 1, 2).startswith("In 1 of 2 seeds with these records it ends")
    assert said("exploding_gradients", exploded, 1, 3, status=lost).startswith("In 1 of 3 seeds the gradient explodes:")


def test_a_change_in_the_data_changes_the_sentence() -> None:
    results = study(seeds=3)
    before = why(results, replace(analyse(results), explanations=explain(results)), "l1")
    assert any("near chance" in sentence for sentence in before)
    changed = study(seeds=3, accuracy={"l1": 0.5})
    after = why(changed, replace(analyse(changed), explanations=explain(changed)), "l1")
    assert not any("near chance" in sentence for sentence in after)


def test_only_the_loss_itself_is_spoken_of_and_every_explanation_is_told() -> None:
    results = study(seeds=3)
    analysis = replace(analyse(results), explanations=explain(results))
    for label in results.labels:
        assert len(why(results, analysis, label)) == sum(item.loss == label for item in analysis.explanations)
    assert why(results, analyse(results), "l1") == []


def test_every_rule_has_a_name_for_people() -> None:
    table = rules()
    assert [definition for _, definition in table] == [rule.definition for rule in RULES.values()]
    assert len({name for name, _ in table}) == len(RULES)
    assert all(definition.endswith(".") for _, definition in table)
