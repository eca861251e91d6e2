"""Every loss of the catalogue as a module: what it computes, and what can be done with it."""

from __future__ import annotations

import copy
import inspect
import pickle
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import torch
from nn_makers import CLASSES_MADE, COUNTS, COUPLED, NAMES, batch, in_catalogue, made, probabilities
from torch import Tensor, nn

import lossbench
from lossbench.errors import RequestError
from lossbench.losses import CATALOGUE, loss_digest
from lossbench.nn import (
    CLASSES,
    DrawingLossModule,
    EvidentialLoss,
    FocalLoss,
    LDAMDRWLoss,
    LDAMLoss,
    LossModule,
    MbLSLoss,
    MSELoss,
    PeerLoss,
    Poly1Loss,
    module_of,
)
from lossbench.nn.names import class_name, keyword_name
from lossbench.rng import torch_generator

WEIGHT = torch.tensor([0.5, 1.0, 2.0, 0.25, 3.0], dtype=torch.float64)
SOFT = [name for name in NAMES if CATALOGUE[name].card.properties.soft_targets]


def asked(module: LossModule, logits: Tensor, target: Tensor, seed: int = 0) -> Tensor:
    """The module's answer, from a fresh stream where it draws."""
    if isinstance(module, DrawingLossModule):
        module.generator = torch_generator(seed, "draw")
    value: Tensor = module(logits, target)
    return value


@pytest.mark.parametrize("name", NAMES)
class TestEveryLoss:
    def test_each_sample_has_the_catalogues_value_and_gradient(self, name: str) -> None:
        logits, target = batch()
        module = made(name, reduction="none")
        expected = in_catalogue(module, logits, target)
        found = asked(module, logits, target)
        assert torch.equal(found, expected)
        gradients = [torch.autograd.grad(value.sum(), logits)[0] for value in (found, expected)]
        assert torch.equal(*gradients)

    def test_weights_make_a_weighted_mean(self, name: str) -> None:
        logits, target = batch()
        each = in_catalogue(made(name), logits, target) * WEIGHT[target]
        torch.testing.assert_close(asked(made(name, weight=WEIGHT, reduction="none"), logits, target), each)
        torch.testing.assert_close(asked(made(name, weight=WEIGHT, reduction="sum"), logits, target), each.sum())
        mean = each.sum() / WEIGHT[target].sum()
        torch.testing.assert_close(asked(made(name, weight=WEIGHT), logits, target), mean)

    def test_ignored_targets_are_as_if_they_were_not_there(self, name: str) -> None:
        logits, target = batch(n=9)
        kept = torch.arange(9) % 3 != 0
        holes = torch.where(kept, target, -100)
        options: dict[str, Any] = {"weight": WEIGHT}
        without = made(name, reduction="none", **options)
        shorter, longer = batch(n=9)[0][kept], logits
        if name == "softmax_equalization":  # draws for each row
            options["rate"], without = 1.0, made(name, reduction="none", rate=1.0, **options)
        each = asked(without, shorter, target[kept])
        found = asked(made(name, reduction="none", **options), longer, holes)
        assert (found[~kept] == 0).all()
        torch.testing.assert_close(found[kept], each)
        mean = asked(made(name, **options), longer, holes)
        torch.testing.assert_close(mean, each.sum() / WEIGHT[target[kept]].sum())
        (gradient,) = torch.autograd.grad(mean, longer)
        assert (gradient[~kept] == 0).all()
        assert (gradient[kept] != 0).any()

    def test_pictures_are_rows_of_pixels(self, name: str) -> None:
        logits, target = batch(2, 3, n=4)
        rows = logits.permute(0, 2, 3, 1).reshape(-1, CLASSES_MADE)
        expected = asked(made(name, reduction="none"), rows, target.flatten()).reshape(4, 2, 3)
        assert torch.equal(asked(made(name, reduction="none"), logits, target), expected)
        torch.testing.assert_close(asked(made(name), logits, target), expected.mean())

    def test_one_sample_without_a_batch(self, name: str) -> None:
        logits, target = batch(n=1)
        found = asked(made(name, reduction="none"), logits[0], target[0])
        assert found.shape == ()
        assert torch.equal(found, asked(made(name), logits, target))

    def test_whole_numbers_of_any_type_are_class_indices(self, name: str) -> None:
        logits, target = batch()
        assert torch.equal(asked(made(name), logits, target.int()), asked(made(name), logits, target))

    def test_narrow_logits_are_computed_in_float32_under_autocast_too(self, name: str) -> None:
        logits, target = batch(dtype=torch.float32)
        narrow = logits.detach().bfloat16()
        expected = asked(made(name), narrow.float(), target)
        for enabled in (False, True):
            with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
                assert torch.equal(asked(made(name, weight=WEIGHT * 0 + 1), narrow, target), expected)

    def test_it_can_be_differentiated_twice(self, name: str) -> None:
        logits, target = batch()
        (gradient,) = torch.autograd.grad(asked(made(name), logits, target), logits, create_graph=True)
        if gradient.requires_grad:  # not of what is linear in pieces
            gradient.square().sum().backward()  # type: ignore[no-untyped-call]  # torch has no types for it
            assert logits.grad is not None
            assert torch.isfinite(logits.grad).all()
        else:
            assert name in ("l1", "hinge", "hinge_ww")

    def test_a_copy_and_one_that_was_sent_say_the_same(self, name: str) -> None:
        logits, target = batch()
        module = made(name, weight=WEIGHT)
        for other in (copy.deepcopy(module), pickle.loads(pickle.dumps(module))):
            assert repr(other) == repr(module)
            assert torch.equal(asked(other, logits, target), asked(module, logits, target))

    def test_its_state_is_read_back(self, name: str) -> None:
        state = made(name, weight=WEIGHT).state_dict()
        assert set(state) == {"weight"} | ({"class_counts"} & CATALOGUE[name].card.needs)
        other = made(name, weight=torch.ones_like(WEIGHT))
        other.load_state_dict(state)
        assert other.weight is not None
        assert torch.equal(other.weight, WEIGHT)

    def test_it_moves_to_another_device(self, name: str) -> None:
        module = made(name, weight=WEIGHT).to("meta")
        assert all(buffer.is_meta for buffer in module.buffers())

    def test_it_is_found_by_its_name_and_says_what_it_takes(self, name: str) -> None:
        cls = getattr(lossbench.nn, class_name(name))
        assert cls is CLASSES[class_name(name)]
        assert cls.card is CATALOGUE[name].card
        parameters = inspect.signature(cls).parameters
        for item in cls.card.hyperparameters:
            assert parameters[keyword_name(item.name)].default == item.default
            assert not hasattr(nn.Module, keyword_name(item.name)), "a module has an attribute of that name"
            assert f"{keyword_name(item.name)}: " in (cls.__doc__ or "")
        assert repr(made(name)).startswith(f"{class_name(name)}(")

    def test_its_text_makes_it_again(self, name: str) -> None:
        needed: dict[str, Any] = {"class_counts": COUNTS} if "class_counts" in CATALOGUE[name].card.needs else {}
        module = made(name)
        assert repr(module_of(module.text, **needed)) == repr(module)
        assert module.text == name

    @pytest.mark.filterwarnings("ignore::DeprecationWarning:torch")  # of torch.export's own making
    def test_torch_exports_it(self, name: str) -> None:
        torch._dynamo.reset()
        logits, target = batch()
        module = made(name, ignore_index=None if name in COUPLED else -100)
        exported = torch.export.export(module, (logits.detach(), target)).module()
        if "generator" not in CATALOGUE[name].card.needs:
            torch.testing.assert_close(exported(logits, target), module(logits, target))


@pytest.mark.parametrize("name", SOFT)
class TestClassProbabilities:
    def test_they_are_handed_to_the_catalogues_function(self, name: str) -> None:
        logits, _ = batch()
        target = probabilities(logits)
        module = made(name, reduction="none")
        assert torch.equal(module(logits, target), in_catalogue(module, logits, target))

    def test_smoothed_indices_are_the_probabilities_that_they_stand_for(self, name: str) -> None:
        logits, target = batch()
        rows = 0.9 * nn.functional.one_hot(target, CLASSES_MADE).double() + 0.1 / CLASSES_MADE
        smooth = made(name, label_smoothing=0.1, reduction="none")
        torch.testing.assert_close(smooth(logits, target), made(name, reduction="none")(logits, rows))

    def test_weighted_one_hot_rows_are_weighted_indices(self, name: str) -> None:
        logits, target = batch()
        rows = nn.functional.one_hot(target, CLASSES_MADE).double()
        module = made(name, weight=WEIGHT, reduction="none")
        torch.testing.assert_close(module(logits, rows), module(logits, target))

    def test_equal_weights_change_nothing_but_the_scale(self, name: str) -> None:
        logits, _ = batch()
        target = probabilities(logits)
        thrice = made(name, weight=torch.full((CLASSES_MADE,), 3.0), reduction="none")
        torch.testing.assert_close(thrice(logits, target), 3 * made(name, reduction="none")(logits, target))


@pytest.mark.parametrize("name", [name for name in NAMES if name not in SOFT])
def test_class_probabilities_are_refused_where_they_mean_nothing(name: str) -> None:
    logits, _ = batch()
    with pytest.raises(RequestError, match=f"^target: expected class indices, for {name} is not defined for class pr"):
        made(name)(logits, probabilities(logits))
    with pytest.raises(RequestError, match=f"^label_smoothing: expected 0, for {name} is not defined for class prob"):
        made(name, label_smoothing=0.1)


def test_all_losses_have_a_class_of_their_own() -> None:
    assert len(CLASSES) == len(CATALOGUE) == 56


def test_a_checker_of_types_sees_the_keywords() -> None:
    with pytest.raises(TypeError, match="FocalLoss: got an unexpected keyword argument 'gama'"):
        FocalLoss(gama=2.0)  # type: ignore[call-arg]  # mypy says so; were it not to, this comment would be an error
    with pytest.raises(TypeError, match="LDAMLoss: missing a required"):
        LDAMLoss()  # type: ignore[call-arg]  # as above
    with pytest.raises(RequestError, match=r"focal.gamma: expected a number of at least 0, got high"):
        FocalLoss(gamma="high")  # type: ignore[arg-type]  # as above
    assert FocalLoss(gamma=3).gamma == 3.0


def test_one_that_was_sent_is_read_in_a_process_that_imported_nothing() -> None:
    sent = pickle.dumps(FocalLoss(gamma=1.5)).hex()
    script = f"import pickle; print(pickle.loads(bytes.fromhex('{sent}')))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "FocalLoss(gamma=1.5, alpha=None, detach=False, reduction='mean')"


def test_it_says_what_was_asked_for() -> None:
    options: Any = {"ignore_index": 3, "reduction": "sum", "label_smoothing": 0.1}
    module = Poly1Loss(torch.ones(2), **options)
    words = "epsilon=2.0, weight=[1.0, 1.0], ignore_index=3, reduction='sum', label_smoothing=0.1"
    assert repr(module) == f"Poly1Loss({words})"
    assert "class_counts=<12 values>" in repr(LDAMLoss(class_counts=[5] * 12))


def test_a_hyperparameter_called_weight_makes_room_for_torchs() -> None:
    logits, target = batch()
    found = MbLSLoss(term_weight=0.5, margin=1.0)(logits, target)
    torch.testing.assert_close(found, lossbench.loss("mbls(weight=0.5, margin=1)")(logits, target).mean())
    assert MbLSLoss(term_weight=0.5).text == "mbls(weight=0.5)"


def test_alpha_may_be_a_tensor_or_a_list() -> None:
    logits, target = batch()
    expected = lossbench.loss("focal(alpha=[1, 2, 3, 4, 5])")(logits, target).mean()
    for alpha in ([1.0, 2.0, 3.0, 4.0, 5.0], torch.arange(1.0, 6.0)):
        torch.testing.assert_close(FocalLoss(alpha=alpha)(logits, target), expected)  # type: ignore[arg-type]  # both


LABELS = np.array([0, 1, 1, 2, 2, 2, 3, 4])


class TestNumbersOfNumPy:
    @pytest.mark.parametrize("gamma", [np.float32(2), np.int64(2), np.array(2), torch.tensor(2), torch.tensor(2.0)])
    def test_a_hyperparameter(self, gamma: Any) -> None:
        assert repr(FocalLoss(gamma=gamma)) == repr(FocalLoss(gamma=2.0))
        assert type(FocalLoss(gamma=gamma).gamma) is float

    @pytest.mark.parametrize("alpha", [np.arange(1, 6, dtype=np.float32), list(np.arange(1, 6)), tuple(torch.ones(5))])
    def test_one_for_each_class(self, alpha: Any) -> None:
        found: Any = FocalLoss(alpha=alpha).alpha
        assert found == tuple(alpha)
        assert {type(value) for value in found} <= {int, float}

    def test_a_flag(self) -> None:
        assert MSELoss(mean=np.True_).mean is True  # type: ignore[arg-type]  # NumPy's are no bool

    def test_class_counts(self) -> None:
        counted: Any = np.bincount(LABELS)
        logits, target = batch()
        expected = lossbench.loss("ldam", class_counts=counted.tolist())(logits, target).mean()
        for counts in (counted, list(counted), counted.astype(np.float32), torch.from_numpy(counted)):
            module = LDAMLoss(class_counts=counts)
            assert module.class_counts.tolist() == [1, 2, 3, 1, 1]
            torch.testing.assert_close(module(logits, target), expected)

    def test_options_and_progress(self) -> None:
        options: Any = {"label_smoothing": np.float32(0.25), "ignore_index": np.int64(3)}
        assert repr(Poly1Loss(**options)) == repr(Poly1Loss(label_smoothing=0.25, ignore_index=3))
        module = EvidentialLoss()
        module.progress = np.float32(0.5)  # type: ignore[assignment]  # as above
        assert type(module.progress) is float


class TestSetLater:
    @pytest.mark.parametrize("wrong", [-5, np.float32(-5), "high", None, True, float("nan"), [1.0], object(), [[1.0]]])
    def test_a_hyperparameter_is_checked_as_when_it_is_made(self, wrong: Any) -> None:
        module = FocalLoss(gamma=3.0)
        for setting in (lambda: setattr(module, "gamma", wrong), lambda: FocalLoss(gamma=wrong)):
            with pytest.raises(RequestError, match=r"^losses.focal.gamma: expected a number of at least 0, got"):
                setting()
        assert module.gamma == 3.0

    def test_a_schedule_is_followed(self) -> None:
        logits, target = batch()
        module = copy.deepcopy(FocalLoss())
        for gamma in (5, np.float32(0.5), torch.tensor(1.5)):
            module.gamma = gamma  # type: ignore[assignment]  # as above
            assert torch.equal(module(logits, target), FocalLoss(gamma=float(gamma))(logits, target))

    def test_by_its_keyword(self) -> None:
        module = MbLSLoss()
        module.term_weight = 0.5
        assert module.text == "mbls(weight=0.5)"
        with pytest.raises(RequestError, match=r"^losses.mbls.weight: expected a number of at least 0"):
            module.term_weight = -1

    def test_a_parameter_stays_one(self) -> None:
        module = FocalLoss()
        gamma = nn.Parameter(torch.tensor(2.0))
        module.gamma = gamma  # type: ignore[assignment]  # as above
        assert [*module.parameters()] == [gamma]


class TestProgress:
    def test_it_has_to_be_told(self) -> None:
        logits, target = batch()
        with pytest.raises(RequestError, match=r"^progress: expected the share of training done, 0 to 1, which evid"):
            EvidentialLoss()(logits, target)

    def test_the_attribute_and_the_argument_are_one(self) -> None:
        logits, target = batch()
        module = LDAMDRWLoss(class_counts=COUNTS)
        module.progress = 0.1
        early = module(logits, target)
        module.progress = 0.9
        late = module(logits, target)
        assert not torch.equal(early, late)
        assert torch.equal(module(logits, target, progress=0.1), early)

    @pytest.mark.parametrize("wrong", [-0.1, 1.1, float("nan"), "half", True])
    def test_it_is_a_share(self, wrong: Any) -> None:
        module = EvidentialLoss()
        with pytest.raises(RequestError, match=r"^progress: expected the share of training done, from 0 to 1, got"):
            module.progress = wrong


class TestDrawing:
    def test_it_draws_from_what_it_is_given(self) -> None:
        logits, target = batch()
        module = PeerLoss(generator=torch_generator(1, "draw"))
        first, second = module(logits, target), module(logits, target)
        assert not torch.equal(first, second)
        assert torch.equal(module(logits, target, generator=torch_generator(1, "draw")), first)

    def test_or_from_torchs_own_as_dropout_does(self) -> None:
        logits, target = batch()
        with torch.random.fork_rng():
            found = []
            for _ in range(2):
                torch.set_rng_state(torch_generator(5, "draw").get_state())
                found.append(PeerLoss()(logits, target))
        assert torch.equal(*found)


class TestWrongRequests:
    @pytest.mark.parametrize(
        ("options", "words"),
        [
            ({"reduction": "average"}, "^reduction: expected mean, sum or none, got average"),
            ({"reduction": None}, "^reduction: expected mean, sum or none, got None"),
            ({"ignore_index": 1.5}, "^ignore_index: expected a whole number, or None where no target is to be ignored"),
            ({"label_smoothing": 2}, "^label_smoothing: expected a number of at least 0 and at most 1, got 2"),
            ({"weight": 2.0}, r"^weight: expected a tensor .* got 2.0 \(hyperparameters are given by keyword\)"),
            ({"weight": torch.tensor([1, 2])}, "^weight: .* got torch.int64 of shape"),
            ({"epsilon": -3}, "poly1.epsilon: expected a number of at least -1, got -3"),
        ],
    )
    def test_of_an_option(self, options: dict[str, Any], words: str) -> None:
        with pytest.raises(RequestError, match=words):
            Poly1Loss(**options)

    @pytest.mark.parametrize(
        "counts", [[], [1, 0], [1.5, 2], "12", 3, [[1, 2], [3, 4]], torch.ones(2, 2), torch.tensor(3), [-1, 2]]
    )
    def test_of_class_counts(self, counts: Any) -> None:
        with pytest.raises(RequestError, match=r"^class_counts: expected training samples per class, at least 1 of e"):
            LDAMLoss(class_counts=counts)

    def test_of_a_shape(self) -> None:
        logits, target = batch()
        with pytest.raises(RequestError, match=r"^target: expected class indices of shape \(8,\) or class probabiliti"):
            Poly1Loss()(logits, target[:3])
        with pytest.raises(RequestError, match=r"^input: expected logits of shape"):
            Poly1Loss()(logits[0, 0], target[0])
        with pytest.raises(RequestError, match=r"^class_counts: expected one value per class \(5\), got 2 values"):
            LDAMLoss(class_counts=[3, 4])(logits, target)
        with pytest.raises(RequestError, match=r"^weight: expected one value per class \(5\), got 3 values"):
            Poly1Loss(torch.ones(3))(logits, target)

    def test_of_a_text(self) -> None:
        with pytest.raises(RequestError, match=r"^loss: expected one of .*did you mean focal"):
            module_of("focl")
        with pytest.raises(RequestError, match=r"^losses.focal: .*gama"):
            module_of("focal(gama=2)")


def test_a_class_of_no_loss_makes_nothing() -> None:
    with pytest.raises(TypeError, match="LossModule is the class of no loss"):
        LossModule()


class Sharper(FocalLoss):
    """One of a user's, with a default of their own."""

    def __init__(self, gamma: float = 4.0) -> None:
        super().__init__(gamma=gamma)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:  # noqa: A002 - as torch's losses call it
        return 2 * super().forward(input, target)


def test_one_may_be_built_upon() -> None:
    logits, target = batch()
    assert torch.equal(Sharper()(logits, target), 2 * FocalLoss(gamma=4.0)(logits, target))


def test_class_counts_stay_whole_where_a_model_is_made_narrow() -> None:
    module = LDAMLoss(class_counts=[100_001, 7])
    nn.ModuleList([module]).half()
    assert module.class_counts.tolist() == [100_001, 7]


class TestInAStudy:
    def test_it_is_the_loss_of_the_catalogue(self) -> None:
        (arm,) = lossbench.Study(losses=[FocalLoss(gamma=1.5, reduction="sum")], seeds=1).losses
        assert str(arm.loss) == "focal(gamma=1.5)"

    @pytest.mark.parametrize(
        "module",
        [FocalLoss(torch.ones(10)), Poly1Loss(label_smoothing=0.1), LDAMLoss(class_counts=[10] * 10), Sharper()],
        ids=["weight", "label_smoothing", "class_counts", "built upon"],
    )
    def test_with_options_it_is_one_of_the_users(self, module: LossModule) -> None:
        (arm,) = lossbench.Study(losses=[module], seeds=1).losses
        assert str(arm.loss) == f"python:{type(module).__name__}"
        assert len(str(loss_digest(arm.loss))) == 32


@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no CUDA device here")
@pytest.mark.parametrize("name", NAMES)
def test_a_gpu_gives_what_the_processor_gives(name: str) -> None:
    logits, target = batch()
    module = made(name, weight=WEIGHT)
    if isinstance(module, DrawingLossModule):  # streams differ between devices: only that it draws and learns
        value = copy.deepcopy(module).to("cuda")(logits.cuda(), target.cuda())
        assert torch.isfinite(value)
        return
    expected = module(logits, target)
    torch.testing.assert_close(copy.deepcopy(module).to("cuda")(logits.cuda(), target.cuda()).cpu(), expected)
