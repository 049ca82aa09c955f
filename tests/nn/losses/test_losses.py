"""Losses: formulas, finite differences, refusals, weights and labels that do not count."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nn
import nn.functional as F
from autograd import AutogradError, Tensor, TrackedArrayError, gradcheck, gradgradcheck, gradients
from nn.losses.classification import _bce, _hard_cross_entropy, bce_with_logits
from nn.losses.regression import _squared_error

RNG = np.random.default_rng(0)
LOGITS = RNG.standard_normal((6, 4))
LABELS = np.array([0, 3, 1, 1, 2, 0])
PAIR = RNG.standard_normal((2, 3, 4))
REDUCTIONS = ["mean", "sum", "none"]


def reduce(terms: np.ndarray, reduction: str, count: float | None = None) -> Any:
    if reduction == "none":
        return terms
    return terms.sum() if reduction == "sum" else terms.sum() / (count or terms.size)


def logp(x: np.ndarray, axis: int = 1) -> np.ndarray:
    return x - np.log(np.exp(x).sum(axis=axis, keepdims=True))


# formulas


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_distances(reduction: str) -> None:
    x, y = PAIR
    np.testing.assert_allclose(F.mse_loss(x, y, reduction), reduce((x - y) ** 2, reduction))
    np.testing.assert_allclose(F.l1_loss(x, y, reduction), reduce(abs(x - y), reduction))
    for f in (F.mse_loss, F.l1_loss):
        gradcheck(lambda x, y, f=f: f(x, y, reduction), x, y)
        gradgradcheck(lambda x, y, f=f: f(x, y, reduction), x, y)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("weight", [None, RNG.random(4), RNG.random((3, 1))])
def test_two_classes(weight: Any, reduction: str) -> None:
    x, p, y = PAIR[0], 1 / (1 + np.exp(-PAIR[0])), RNG.random((3, 4))
    w = 1 if weight is None else weight
    expected = reduce(-(y * np.log(p) + (1 - y) * np.log(1 - p)) * w, reduction)
    checked: list[tuple[Callable[..., Any], np.ndarray]] = [
        (lambda x, y: F.binary_cross_entropy_with_logits(x, y, weight, reduction), x),
        (lambda p, y: F.binary_cross_entropy(p, y, weight, reduction), p),
    ]
    for f, z in checked:
        np.testing.assert_allclose(f(z, y), expected)
        assert not isinstance(f(z, y), Tensor)
        gradcheck(f, z, y)
        gradgradcheck(f, z, y)

    pos = np.array([0.5, 1, 2, 3])

    def positive(x: Any, y: Any, pos: Any) -> Any:
        return F.binary_cross_entropy_with_logits(x, y, weight, reduction, pos)

    np.testing.assert_allclose(
        positive(x, y, pos), reduce(-(pos * y * np.log(p) + (1 - y) * np.log(1 - p)) * w, reduction)
    )
    gradcheck(positive, x, y, pos)
    gradgradcheck(positive, x, y, pos)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("smoothing", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("weight", [None, np.array([0.5, 1, 2, 3])])
def test_labels(weight: Any, smoothing: float, reduction: str) -> None:
    w = np.ones(4) if weight is None else weight
    q = ((1 - smoothing) * np.eye(4)[LABELS] + smoothing / 4) * w
    expected = reduce(-(q * logp(LOGITS)).sum(axis=1), reduction, w[LABELS].sum())

    def f(x: Any) -> Any:
        return F.cross_entropy(
            x, LABELS, weight=weight, reduction=reduction, label_smoothing=smoothing
        )

    np.testing.assert_allclose(f(LOGITS), expected)
    assert not isinstance(f(LOGITS), Tensor)
    gradcheck(f, LOGITS)
    gradgradcheck(f, LOGITS)
    if smoothing == 0:
        of_logs = F.nll_loss(logp(LOGITS), LABELS, weight, reduction=reduction)
        np.testing.assert_allclose(of_logs, expected)


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_probabilities_as_target(reduction: str) -> None:
    q = RNG.random((6, 4))
    expected = reduce(-(q * logp(LOGITS)).sum(axis=1), reduction)

    def f(x: Any, q: Any) -> Any:
        return F.cross_entropy(x, q, reduction=reduction)

    np.testing.assert_allclose(f(LOGITS, q), expected)
    gradcheck(f, LOGITS, q)
    gradgradcheck(f, LOGITS, q)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_more_axes_are_more_rows(smoothing: float) -> None:
    x, y = RNG.standard_normal((2, 4, 3, 5)), RNG.integers(0, 4, (2, 3, 5))
    rows = np.moveaxis(x, 1, -1).reshape(-1, 4)
    for reduction in ("mean", "sum"):
        np.testing.assert_allclose(
            F.cross_entropy(x, y, reduction=reduction, label_smoothing=smoothing),
            F.cross_entropy(rows, y.ravel(), reduction=reduction, label_smoothing=smoothing),
        )
    each = F.cross_entropy(x, y, reduction="none", label_smoothing=smoothing)
    one = F.cross_entropy(x[1, :, 2, 3], y[1, 2, 3], label_smoothing=smoothing)
    assert each.shape == (2, 3, 5)
    np.testing.assert_allclose(each[1, 2, 3], one)
    gradcheck(lambda x: F.cross_entropy(x, y, label_smoothing=smoothing), x)


# labels that do not count


@pytest.mark.parametrize("ignore_index", [-100, -1, 1, 9])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("weight", [None, np.array([0.5, 1, 2, 3])])
def test_ignored_rows_are_as_if_they_were_not_there(
    weight: Any, smoothing: float, ignore_index: int
) -> None:
    counted = np.array([True, False, True, False, True, True])
    labels = np.where(counted, np.where(ignore_index == LABELS, 0, LABELS), ignore_index)

    def f(x: Any, y: Any, reduction: str) -> Any:
        return F.cross_entropy(
            x, y, weight=weight, ignore_index=ignore_index, reduction=reduction,
            label_smoothing=smoothing,
        )  # fmt: skip

    for reduction in ("mean", "sum"):
        kept = f(LOGITS[counted], labels[counted], reduction)
        np.testing.assert_allclose(f(LOGITS, labels, reduction), kept)
    each = f(LOGITS, labels, "none")
    np.testing.assert_array_equal(each[~counted], 0)
    np.testing.assert_allclose(each[counted], f(LOGITS[counted], labels[counted], "none"))
    gradcheck(lambda x: f(x, labels, "none"), LOGITS)
    gradgradcheck(lambda x: f(x, labels, "mean"), LOGITS)
    # Not even NaN comes out of a row that does not count.
    x = Tensor(np.where(counted[:, None], LOGITS, np.nan), requires_grad=True)
    f(x, labels, "mean").backward()
    assert np.isfinite(x.grad).all()
    if smoothing == 0:
        of_logs = F.nll_loss(logp(LOGITS), labels, weight, ignore_index)
        np.testing.assert_allclose(of_logs, f(LOGITS, labels, "mean"))


def test_nothing_counts() -> None:
    ignored = np.full(6, -100)
    for f in (F.cross_entropy, F.nll_loss):
        with pytest.warns(RuntimeWarning, match="no terms"):
            assert np.isnan(f(LOGITS, ignored))
        assert f(LOGITS, ignored, reduction="sum") == 0
        np.testing.assert_array_equal(f(LOGITS, ignored, reduction="none"), np.zeros(6))
    with pytest.warns(RuntimeWarning, match="no terms"):
        assert np.isnan(F.mse_loss(np.zeros((0, 3)), np.zeros((0, 3))))


def test_a_class_of_weight_0_changes_nothing() -> None:
    without = LABELS != 1
    expected = F.cross_entropy(LOGITS[without], LABELS[without])
    weight = np.array([1, 0, 1, 1])
    np.testing.assert_allclose(F.cross_entropy(LOGITS, LABELS, weight=weight), expected)


@pytest.mark.parametrize("f", [F.cross_entropy, F.nll_loss])
def test_label_out_of_range(f: Callable[..., Any]) -> None:
    with pytest.raises(IndexError, match=r"label -1 at position 2: .* 0 to 3, or -100 to ignore"):
        f(LOGITS, [0, 1, -1, -2, 4, 0])
    with pytest.raises(IndexError, match="label 4 at position 5"):
        f(LOGITS, np.array([0, 1, 2, 3, 0, 4], np.uint8))
    with pytest.raises(IndexError, match="label 7 at position 0"):
        f(LOGITS, [7] * 6, ignore_index=-1)
    with pytest.raises(IndexError, match=r"label 9 at position \(1, 2\)"):
        f(np.zeros((2, 4, 3)), [[0, 0, 0], [0, 0, 9]])
    f(LOGITS, [0, 1, -1, -1, 3, 0], ignore_index=-1)


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int32, np.uint64, np.int64])
def test_any_integers_are_labels(dtype: Any) -> None:
    expected = F.cross_entropy(LOGITS, LABELS)
    x = Tensor(LOGITS, requires_grad=True)
    loss = F.cross_entropy(x, LABELS.astype(dtype))
    loss.backward()
    assert loss.item() == expected
    np.testing.assert_allclose(x.grad, (F.softmax(LOGITS) - np.eye(4)[LABELS]) / 6)
    assert F.cross_entropy(LOGITS, Tensor(LABELS.astype(dtype))) == expected


# refusals


def test_shapes_that_would_broadcast() -> None:
    losses = (
        F.mse_loss, F.l1_loss, F.huber_loss, F.smooth_l1_loss, F.poisson_nll_loss, F.kl_div,
        F.binary_cross_entropy, F.binary_cross_entropy_with_logits,
    )  # fmt: skip
    column, row = np.full((32, 1), 0.5), np.full(32, 0.5)
    for f in losses:
        with pytest.raises(nn.LossShapeError) as caught:
            f(column, row)
        for part in (
            f.__name__, "(32, 1)", "(32,)", "(32, 32)", "1024 terms instead of 32",
            "input.squeeze(1)", "target[:, None]",
        ):  # fmt: skip
            assert part in str(caught.value)
        assert f(column.squeeze(1), row).shape == f(column, row[:, None]).shape == ()
        with pytest.raises(nn.LossShapeError, match=r"target.squeeze\(0\) or input\[None\]"):
            f(row, column.T)
        with pytest.raises(nn.LossShapeError, match="must be equal"):
            f(row, row[:5])
        with pytest.raises(nn.LossShapeError):
            f(row, 0.5)
    assert issubclass(nn.LossShapeError, ValueError)
    assert issubclass(nn.LossShapeError, AutogradError)


def test_weights_that_would_broadcast_the_loss() -> None:
    x = np.full((3, 1), 0.5)
    for f in (F.binary_cross_entropy, F.binary_cross_entropy_with_logits):
        with pytest.raises(nn.LossShapeError, match="weight of shape"):
            f(x, x, weight=np.ones(4))
    with pytest.raises(nn.LossShapeError, match="weight of shape"):
        F.binary_cross_entropy_with_logits(x, x, pos_weight=np.ones(4))
    for f in (F.cross_entropy, F.nll_loss):
        with pytest.raises(nn.LossShapeError, match="4 classes"):
            f(LOGITS, LABELS, weight=np.ones(6))
    with pytest.raises(nn.LossShapeError, match="4 classes"):
        F.cross_entropy(LOGITS, LOGITS, weight=np.ones(6))


@pytest.mark.parametrize("f", [F.cross_entropy, F.nll_loss])
def test_labels_of_the_wrong_kind(f: Callable[..., Any]) -> None:
    with pytest.raises(TypeError, match=r"float64.*target.astype\(int\)"):
        f(LOGITS, LABELS.astype(float))
    with pytest.raises(nn.LossShapeError, match=r"target.squeeze\(1\)"):
        f(LOGITS, LABELS[:, None])
    with pytest.raises(nn.LossShapeError, match="argmax"):
        f(LOGITS, np.eye(4, dtype=int)[LABELS])
    with pytest.raises(nn.LossShapeError, match=r"expected labels of shape \(6,\)"):
        f(LOGITS, LABELS[:5])
    with pytest.raises(nn.LossShapeError, match="no axis"):
        f(np.array(1.0), np.array(0))


def test_other_refusals() -> None:
    for f, y in [(F.mse_loss, LOGITS), (F.l1_loss, LOGITS), (F.cross_entropy, LABELS)]:
        with pytest.raises(ValueError, match="reduction must be"):
            f(LOGITS, y, reduction="average")
        with pytest.raises(TypeError, match=r"expected floats; write x.astype\(np.float32\)"):
            f(LOGITS.astype(int), y)
    for p in (-0.1, 1.5):
        with pytest.raises(ValueError, match="with_logits"):
            F.binary_cross_entropy(np.array([0.5, p]), np.array([0.0, 1.0]))
    for e in (-0.1, 1.1):
        with pytest.raises(ValueError, match="label_smoothing"):
            F.cross_entropy(LOGITS, LABELS, label_smoothing=e)
    with pytest.raises(TrackedArrayError):  # its gradient would be lost
        F.cross_entropy(LOGITS, LABELS, weight=Tensor(np.ones(4), requires_grad=True))
    with pytest.raises(ValueError, match="ignore_index"):
        F.cross_entropy(LOGITS, F.softmax(LOGITS), ignore_index=0)
    for layer in (nn.MSELoss, nn.L1Loss, nn.BCELoss, nn.BCEWithLogitsLoss, nn.NLLLoss):
        with pytest.raises(ValueError, match=f"{layer.__name__}: reduction must be"):
            layer(reduction="average")
    with pytest.raises(ValueError, match="reduction must be"):
        nn.CrossEntropyLoss(reduction="average")


# far out


def test_binary_cross_entropy_far_out() -> None:
    def with_logits(x: float, y: float) -> tuple[float, float]:
        t = Tensor(np.array(x), requires_grad=True)
        loss = F.binary_cross_entropy_with_logits(t, np.array(y))
        return loss.item(), gradients(loss, t)[0].item()

    assert with_logits(1e3, 0.0) == (1e3, 1)
    assert with_logits(1e3, 1.0) == (0, 0)
    assert with_logits(-1e3, 1.0) == (1e3, -1)
    assert with_logits(-1e3, 0.0) == (0, 0)
    loss, slope = with_logits(-40.0, 0.0)
    np.testing.assert_allclose([loss, slope], np.exp(-40.0))
    pos = F.binary_cross_entropy_with_logits(
        np.array([-40.0]), np.array([0.0]), pos_weight=np.array([2.0])
    )
    np.testing.assert_allclose(pos, np.exp(-40.0))

    assert F.binary_cross_entropy(0.0, 1.0) == 100  # and no warning
    assert F.binary_cross_entropy(1.0, 0.0) == 100
    assert F.binary_cross_entropy(1.0, 1.0) == 0
    p = Tensor([0.0, 1.0], requires_grad=True)
    F.binary_cross_entropy(p, [1.0, 0.0]).backward()
    assert np.isfinite(p.grad).all()


def test_cross_entropy_far_out() -> None:
    x = Tensor(np.array([[1e4, 0, 0], [0, 1e4, -np.inf]]), requires_grad=True)
    loss = F.cross_entropy(x, [1, 1], reduction="none")
    np.testing.assert_array_equal(loss.detach().numpy(), [1e4, 0])
    loss.sum().backward()
    np.testing.assert_array_equal(x.grad, [[1, -1, 0], [0, 0, 0]])


# dtype


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_targets_and_weights_take_the_dtype_of_the_input(dtype: Any, reduction: str) -> None:
    x = LOGITS.astype(dtype)
    q, whole, w = RNG.random((6, 4)), np.ones((6, 4), int), RNG.random(4)
    losses = [
        lambda x: F.mse_loss(x, q, reduction),
        lambda x: F.mse_loss(x, whole, reduction),
        lambda x: F.mse_loss(x, whole.astype(bool), reduction),
        lambda x: F.l1_loss(x, q, reduction),
        lambda x: F.binary_cross_entropy_with_logits(x, q, w, reduction),
        lambda x: F.binary_cross_entropy_with_logits(x, q, None, reduction),
        lambda x: F.binary_cross_entropy_with_logits(x, q, None, reduction, w),
        lambda x: F.binary_cross_entropy(x * x * dtype(0.01), q, w, reduction),
        lambda x: F.cross_entropy(x, LABELS, weight=w, reduction=reduction),
        lambda x: F.cross_entropy(x, q, weight=w, reduction=reduction, label_smoothing=0.1),
        lambda x: F.cross_entropy(
            x, LABELS, weight=w, reduction=reduction, ignore_index=1, label_smoothing=0.1
        ),
        lambda x: F.nll_loss(x, LABELS, w, 1, reduction),
    ]
    for f in losses:
        assert f(x).dtype == dtype
        assert f(Tensor(x, requires_grad=True)).dtype == dtype


@pytest.mark.parametrize("scale", [None, 0.25])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gradients_have_the_dtype_without_the_engine_s_help(dtype: Any, scale: Any) -> None:
    x, y = LOGITS.astype(dtype), np.full((6, 4), 0.5, dtype)
    weights = np.ones(6, dtype)
    bodies = [
        _squared_error.__wrapped__(x, y, scale=scale),
        bce_with_logits.__wrapped__(x, y, scale=scale),
        _bce.__wrapped__(y, y),
        _hard_cross_entropy.__wrapped__(x, labels=LABELS, weights=weights, scale=scale),
        _hard_cross_entropy.__wrapped__(x, labels=LABELS, scale=scale),
    ]
    for out, *closures in bodies:
        g = np.ones(out.shape, dtype)
        assert out.dtype == dtype
        assert {closure(g).dtype for closure in closures} == {np.dtype(dtype)}


# layers


def test_layers_pass_their_settings_on() -> None:
    w, q = np.array([0.5, 1, 2, 3]), RNG.random((6, 4))
    p = F.softmax(LOGITS)
    for reduction in REDUCTIONS:
        r: Any = {"reduction": reduction}
        for layer, function, args in [
            (nn.MSELoss(**r), F.mse_loss(LOGITS, q, **r), (LOGITS, q)),
            (nn.L1Loss(**r), F.l1_loss(LOGITS, q, **r), (LOGITS, q)),
            (nn.BCELoss(w, **r), F.binary_cross_entropy(p, q, w, **r), (p, q)),
            (
                nn.BCEWithLogitsLoss(w, **r, pos_weight=w + 1),
                F.binary_cross_entropy_with_logits(LOGITS, q, w, **r, pos_weight=w + 1),
                (LOGITS, q),
            ),
            (
                nn.CrossEntropyLoss(w, ignore_index=1, label_smoothing=0.1, **r),
                F.cross_entropy(LOGITS, LABELS, w, ignore_index=1, label_smoothing=0.1, **r),
                (LOGITS, LABELS),
            ),
            (nn.NLLLoss(w, 1, **r), F.nll_loss(LOGITS, LABELS, w, 1, **r), (LOGITS, LABELS)),
        ]:
            np.testing.assert_array_equal(layer(*args), function)
    assert repr(nn.MSELoss()) == "MSELoss()"
    assert repr(nn.NLLLoss(reduction="sum")) == "NLLLoss(reduction='sum')"


@pytest.mark.parametrize("weight", [None, np.array([0.5, 1, 2, 3])])
@pytest.mark.parametrize("e", [0.0, 0.2, 1.0])
def test_probabilities_are_smoothed_towards_even_ones(e: float, weight: Any) -> None:
    q = RNG.dirichlet(np.ones(4), 6)
    w = np.ones(4) if weight is None else weight
    logs = LOGITS - np.log(np.exp(LOGITS).sum(axis=1, keepdims=True))
    each = -(((1 - e) * q + e / 4) * w * logs).sum(axis=1)
    for reduction, expected in {"none": each, "sum": each.sum(), "mean": each.sum() / 6}.items():
        loss = F.cross_entropy(LOGITS, q, weight, reduction=reduction, label_smoothing=e)
        np.testing.assert_allclose(loss, expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("make", "names"),
    [
        (lambda w: nn.CrossEntropyLoss(w), ["weight"]),
        (lambda w: nn.NLLLoss(w), ["weight"]),
        (lambda w: nn.BCELoss(w), ["weight"]),
        (lambda w: nn.BCEWithLogitsLoss(w, pos_weight=w), ["weight", "pos_weight"]),
        (lambda w: nn.MultiMarginLoss(weight=w), ["weight"]),
        (lambda w: nn.MultiLabelSoftMarginLoss(w), ["weight"]),
    ],
)
def test_weights_are_state(make: Callable[..., nn.Module], names: list[str]) -> None:
    loss = make([1.0, 2.0, 3.0])
    assert list(loss.state_dict()) == names
    assert not list(loss.parameters())
    other = make(np.ones(3))
    other.load_state_dict(loss.state_dict())
    np.testing.assert_array_equal(other.get_buffer("weight"), [1, 2, 3])
    with pytest.raises(ValueError, match="weight: missing"):
        other.load_state_dict({})
    assert make(None).state_dict() == {}
    model = nn.Sequential(loss).astype(np.float64)
    assert model.state_dict()["0.weight"].dtype == np.float64


def test_loaded_weights_are_those_that_count() -> None:
    loss = nn.CrossEntropyLoss(np.ones(4))
    w = np.array([0.5, 1, 2, 3])
    loss.load_state_dict({"weight": w})
    expected = F.cross_entropy(LOGITS, LABELS, w)
    np.testing.assert_array_equal(loss(LOGITS, LABELS), expected)
    assert isinstance(loss(LOGITS, LABELS), np.floating)  # arrays in, an array out


@pytest.mark.parametrize("loss", [nn.CrossEntropyLoss, nn.NLLLoss])
def test_data_are_no_weights_of_classes(loss: Any) -> None:
    with pytest.raises(nn.LossShapeError, match=rf"of shape \(6, 4\).*nn.{loss.__name__}\(\)\("):
        loss(weight=LOGITS)


BINARY = [F.binary_cross_entropy, F.binary_cross_entropy_with_logits, F.multilabel_soft_margin_loss]


@pytest.mark.parametrize("f", BINARY)
@pytest.mark.parametrize("wrap", [np.asarray, Tensor])
def test_targets_of_two_classes_are_from_0_to_1(f: Callable[..., Any], wrap: Any) -> None:
    x = np.array([0.2, 0.7], np.float32)
    for target, message in [
        ([-1.0, 1.0], r"target -1 at position 0: expected 0 to 1; for labels of -1 and 1 write"),
        ([0.0, 2.0], r"target 2 at position 1: expected 0 to 1$"),
        ([np.nan, 0.0], r"target nan at position 0"),
        ([0.5, 1.001], r"target 1\.001 at position 1"),
        ([0.5, -0.001], r"target -0\.001 at position 1"),
    ]:
        with pytest.raises(ValueError, match=f"^{f.__name__}: {message}"):
            f(x, wrap(np.array(target, np.float32)))
    for target in ([0.0, 1.0], [True, False], [0, 1], [np.nextafter(np.float32(1), 2), -1e-8]):
        assert np.isfinite(f(x, wrap(np.array(target))))


@pytest.mark.parametrize("f", [F.poisson_nll_loss, F.kl_div])
def test_counts_and_probabilities_are_not_negative(f: Callable[..., Any]) -> None:
    x = np.zeros((1, 3))
    with pytest.raises(ValueError, match=rf"^{f.__name__}: target -1 at .*: expected 0 or more"):
        f(x, np.array([[0.0, 2.0, -1.0]]))
    with pytest.raises(ValueError, match="target nan"):
        f(x, np.array([[0.0, 2.0, np.nan]]))
    assert np.isfinite(f(x, np.array([[0.0, 2.0, 1.0]])))  # more than 1: a weight
    F.kl_div(x, x - 1, log_target=True)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_kl_div_by_a_target_of_0_is_steep() -> None:
    x, y = np.array([-1.0, -np.inf, -2.0]), Tensor([0.0, 0.0, 0.5], requires_grad=True)
    loss = F.kl_div(x, y, reduction="sum")
    assert loss.item() == pytest.approx(0.5 * (math.log(0.5) + 2))  # 0 where y is 0
    loss.backward()
    assert y.grad is not None
    assert y.grad[0] == -np.inf
    assert y.grad[2] == pytest.approx(math.log(0.5) + 3)
    y = np.array([0.3, 0.6, 0.1])
    gradcheck(lambda x, y: F.kl_div(x, y, reduction="sum"), np.log(y[::-1]), y)
    gradgradcheck(lambda x, y: F.kl_div(x, y, reduction="sum"), np.log(y[::-1]), y)
