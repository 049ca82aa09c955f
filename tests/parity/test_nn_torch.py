"""nn against PyTorch in float64: values, two orders of derivatives, names and shapes of state."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import nn  # noqa: E402
import nn.functional as F  # noqa: E402
from autograd import Tensor, gradients  # noqa: E402

TF = torch.nn.functional
Shape = tuple[int, ...]
REDUCTIONS = ["mean", "sum", "none"]
RNG = np.random.default_rng(0)


def unit(x: np.ndarray) -> np.ndarray:
    """Into (0, 1)."""
    return 1 / (1 + np.exp(-x))


@dataclass
class Row:
    """Our function and theirs: on tensors of `shapes`, then `constants`, with `config`."""

    ours: Callable[..., Any]
    theirs: Callable[..., Any]
    shapes: tuple[Shape, ...]
    config: dict[str, Any] = field(default_factory=dict)
    constants: tuple[np.ndarray, ...] = ()
    warp: Callable[[np.ndarray], np.ndarray] = lambda x: 3 * x

    def __str__(self) -> str:
        config = ", ".join(
            f"{key}={value if np.ndim(value) == 0 else 'array'}"
            for key, value in self.config.items()
            if value is not None
        )
        ignored = ", ignored" if any((c == -100).any() for c in self.constants) else ""
        return f"{self.ours.__name__}{list(self.shapes)}({config}{ignored})"


def torch_config(config: dict[str, Any]) -> dict[str, Any]:
    """axis for dim, tensors for arrays."""
    return {
        key.replace("keepdims", "keepdim").replace("axis", "dim"): (
            torch.tensor(value) if isinstance(value, np.ndarray) else value
        )
        for key, value in config.items()
    }


def elementwise() -> Iterator[Row]:
    for shape in [(), (5,), (2, 3, 4), (0, 3)]:
        yield Row(F.relu, TF.relu, (shape,))
        yield Row(F.sigmoid, torch.sigmoid, (shape,))
        yield Row(F.tanh, torch.tanh, (shape,))
        yield Row(F.log_sigmoid, TF.logsigmoid, (shape,))
        yield Row(F.softplus, TF.softplus, (shape,))
        yield Row(F.softplus, TF.softplus, (shape,), {"beta": 2.5})


def along_an_axis() -> Iterator[Row]:
    for shape, axis in [((5,), 0), ((3, 4), -1), ((3, 4), 0), ((2, 3, 4), 1), ((0, 3), 1)]:
        yield Row(F.softmax, TF.softmax, (shape,), {"axis": axis})
        yield Row(F.log_softmax, TF.log_softmax, (shape,), {"axis": axis})
        yield Row(F.logsumexp, torch.logsumexp, (shape,), {"axis": axis})
    two = {"axis": (0, 2), "keepdims": True}
    yield Row(F.logsumexp, torch.logsumexp, ((2, 3, 4),), two)


def shaped() -> Iterator[Row]:
    for x in [(3,), (5, 3), (2, 5, 3), (2, 1, 5, 3), (0, 3), (2, 0, 3)]:
        yield Row(F.linear, TF.linear, (x, (4, 3), (4,)))
        yield Row(F.linear, TF.linear, (x, (4, 3)))
    yield Row(F.flatten, torch.flatten, ((2, 3, 4, 5),), {"start_axis": 1, "end_axis": 2})


def distances() -> Iterator[Row]:
    for r in REDUCTIONS:
        for shape in [(), (6,), (2, 3, 4)]:
            yield Row(F.mse_loss, TF.mse_loss, (shape, shape), {"reduction": r})
            yield Row(F.l1_loss, TF.l1_loss, (shape, shape), {"reduction": r})


def two_classes() -> Iterator[Row]:
    ours, theirs = F.binary_cross_entropy_with_logits, TF.binary_cross_entropy_with_logits
    shape, y, pos = (4, 3), RNG.random((4, 3)), np.array([0.5, 1.0, 3.0])
    for r in REDUCTIONS:
        for w in [None, RNG.random((4, 3)), RNG.random(3)]:
            config = {"weight": w, "reduction": r}
            yield Row(ours, theirs, (shape,), config, (y,))
            yield Row(ours, theirs, (shape,), {**config, "pos_weight": pos}, (y,))
            yield Row(F.binary_cross_entropy, TF.binary_cross_entropy, (shape,), config, (y,), unit)
    yield Row(ours, theirs, (shape, shape), warp=unit)  # by the target too


def many_classes() -> Iterator[Row]:
    for shape in [(6, 5), (5,), (2, 5, 3), (2, 5, 3, 2)]:
        y = np.random.default_rng(1).integers(0, 5, shape[:1] + shape[2:] if shape[1:] else ())
        some = np.where(np.arange(y.size).reshape(y.shape) % 3 == 1, -100, y)
        for w in [None, np.array([0.5, 1.0, 2.0, 0.25, 3.0])]:
            for r in REDUCTIONS:
                config = {"weight": w, "reduction": r}
                for labels in [y, some]:
                    yield Row(F.nll_loss, TF.nll_loss, (shape,), config, (labels,))
                for e in [0.0, 0.2]:
                    config = {**config, "label_smoothing": e}
                    for labels in [y, some]:
                        yield Row(F.cross_entropy, TF.cross_entropy, (shape,), config, (labels,))
                    # with probabilities, by which it is differentiated too
                    yield Row(F.cross_entropy, TF.cross_entropy, (shape, shape), config)


ROWS = [
    *elementwise(),
    *along_an_axis(),
    *shaped(),
    *distances(),
    *two_classes(),
    *many_classes(),
]


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_value_first_and_second_derivative(row: Row) -> None:
    rng = np.random.default_rng(2)
    arrays = [row.warp(rng.standard_normal(shape)) for shape in row.shapes]
    starts = [rng.standard_normal(shape) for shape in row.shapes]

    def ours(*xs: Any) -> Any:
        return row.ours(*xs, *row.constants, **row.config)

    # The square makes every second derivative depend on the first, also that of a linear function.
    xs = [Tensor(a, requires_grad=True) for a in arrays]
    out = ours(*xs)
    v = rng.standard_normal(out.shape)
    first = gradients((out * out * v).sum(), xs, create_graph=True)
    plain = gradients((ours(*xs) ** 2 * v).sum(), xs)
    second = gradients(sum((g * s).sum() for g, s in zip(first, starts, strict=True)), xs)

    ts = [torch.tensor(a, requires_grad=True) for a in arrays]
    t_out = row.theirs(*ts, *map(torch.tensor, row.constants), **torch_config(row.config))
    t_first = torch.autograd.grad((t_out * t_out * torch.tensor(v)).sum(), ts, create_graph=True)
    t_second = torch.autograd.grad(
        sum((g * torch.tensor(s)).sum() for g, s in zip(t_first, starts, strict=True)), ts
    )

    assert out.dtype == np.float64
    close(out.detach().numpy(), t_out)
    for g, array, theirs in zip(first, plain, t_first, strict=True):
        close(g.detach().numpy(), theirs)
        np.testing.assert_allclose(array, g.detach().numpy(), rtol=1e-12, atol=1e-12)
    for array, theirs in zip(second, t_second, strict=True):
        close(array, theirs)


def close(ours: np.ndarray, theirs: Any) -> None:
    theirs = theirs.detach().numpy()
    assert ours.shape == theirs.shape
    np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("value", [-800.0, -100.0, -30.0, -1e-3, 0.0, 1e-3, 30.0, 100.0, 800.0])
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (F.sigmoid, torch.sigmoid),
        (F.log_sigmoid, TF.logsigmoid),
        (F.relu, TF.relu),
        (
            lambda x: F.binary_cross_entropy_with_logits(x, np.array(0.3)),
            lambda x: TF.binary_cross_entropy_with_logits(x, torch.tensor(0.3, dtype=x.dtype)),
        ),
        (
            lambda x: F.cross_entropy(np.stack([x, 0 * x]), np.array(0)),
            lambda x: TF.cross_entropy(torch.stack([x, 0 * x]), torch.tensor(0)),
        ),
    ],
    ids=["sigmoid", "log_sigmoid", "relu", "bce_with_logits", "cross_entropy"],
)
def test_far_out(ours: Callable[..., Any], theirs: Callable[..., Any], value: float) -> None:
    x = Tensor(np.array(value), requires_grad=True)
    y = ours(x)
    (first,) = gradients(y, x)
    t = torch.tensor(value, dtype=torch.float64, requires_grad=True)
    t_y = theirs(t)
    (t_first,) = torch.autograd.grad(t_y, t)
    # 1e-14: some digits of a logarithm near 0 are lost by PyTorch or by us
    np.testing.assert_allclose(y.item(), t_y.item(), rtol=1e-9, atol=1e-14)
    np.testing.assert_allclose(first, t_first.item(), rtol=1e-9, atol=1e-14)


def test_masked_logits() -> None:
    logits = np.array([[0.0, -np.inf, 2.0], [-np.inf, 1.0, -np.inf]])
    x = Tensor(logits, requires_grad=True)
    loss = F.cross_entropy(x, [2, 1])
    loss.backward()
    t = torch.tensor(logits, requires_grad=True)
    t_loss = TF.cross_entropy(t, torch.tensor([2, 1]))
    t_loss.backward()
    close(loss.detach().numpy(), t_loss)
    close(x.grad, t.grad)


def test_state_crosses_over_by_name() -> None:
    model = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2, bias=False))
    other = torch.nn.Sequential(
        torch.nn.Linear(4, 3), torch.nn.ReLU(), torch.nn.Linear(3, 2, bias=False)
    )
    theirs = other.state_dict()
    ours = model.state_dict()
    assert {k: v.shape for k, v in ours.items()} == {k: tuple(v.shape) for k, v in theirs.items()}
    assert list(ours) == list(theirs)
    assert {v.dtype for v in ours.values()} == {np.dtype(np.float32)}

    model.load_state_dict(theirs)
    x = np.random.default_rng(0).standard_normal((5, 4)).astype(np.float32)
    y = model(x)
    y.sum().backward()
    t = other(torch.tensor(x))
    t.sum().backward()
    np.testing.assert_allclose(y.detach().numpy(), t.detach().numpy(), rtol=1e-5, atol=1e-6)
    for (name, p), (t_name, q) in zip(
        model.named_parameters(), other.named_parameters(), strict=True
    ):
        assert name == t_name
        np.testing.assert_allclose(p.grad, q.grad.numpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_loss_layers(reduction: str) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((2, 6, 5))
    p, q, k = unit(x), unit(y), rng.integers(0, 5, 6)
    weight = np.array([0.5, 1.0, 2.0, 0.25, 3.0])
    for name, args, config in [
        ("MSELoss", (x, y), {}),
        ("L1Loss", (x, y), {}),
        ("BCEWithLogitsLoss", (x, q), {"pos_weight": weight}),
        ("BCELoss", (p, q), {"weight": weight}),
        ("CrossEntropyLoss", (x, k), {"weight": weight, "ignore_index": int(k[0])}),
        ("CrossEntropyLoss", (x, k), {"label_smoothing": 0.1}),
        ("NLLLoss", (x, k), {"weight": weight, "ignore_index": int(k[0])}),
    ]:
        ours = getattr(nn, name)(**config, reduction=reduction)(*args)
        theirs = getattr(torch.nn, name)(**torch_config(config), reduction=reduction)(
            *map(torch.tensor, args)
        )
        close(np.asarray(ours), theirs)


@pytest.mark.parametrize("nonlinearity", ["linear", "conv2d", "sigmoid", "tanh", "relu", "selu"])
def test_gains(nonlinearity: str) -> None:
    theirs = torch.nn.init.calculate_gain(nonlinearity)
    assert nn.init.calculate_gain(nonlinearity) == pytest.approx(theirs)


@pytest.mark.parametrize("slope", [None, 0.0, 0.3])
def test_gain_of_leaky_relu(slope: float | None) -> None:
    theirs = torch.nn.init.calculate_gain("leaky_relu", slope)
    assert nn.init.calculate_gain("leaky_relu", slope) == pytest.approx(theirs)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (lambda w: nn.init.kaiming_uniform_(w, generator=0), torch.nn.init.kaiming_uniform_),
        (lambda w: nn.init.kaiming_normal_(w, generator=0), torch.nn.init.kaiming_normal_),
        (
            lambda w: nn.init.kaiming_normal_(w, mode="fan_out", generator=0),
            lambda w: torch.nn.init.kaiming_normal_(w, mode="fan_out"),
        ),
        (
            lambda w: nn.init.kaiming_uniform_(w, 5**0.5, generator=0),
            lambda w: torch.nn.init.kaiming_uniform_(w, 5**0.5),
        ),
        (
            lambda w: nn.init.xavier_uniform_(w, 2.0, 0),
            lambda w: torch.nn.init.xavier_uniform_(w, 2.0),
        ),
        (
            lambda w: nn.init.xavier_normal_(w, 2.0, 0),
            lambda w: torch.nn.init.xavier_normal_(w, 2.0),
        ),
        (lambda w: nn.init.trunc_normal_(w, generator=0), torch.nn.init.trunc_normal_),
        (lambda w: nn.init.uniform_(w, generator=0), torch.nn.init.uniform_),
        (lambda w: nn.init.normal_(w, generator=0), torch.nn.init.normal_),
    ],
)
def test_scale_of_initial_values(ours: Callable[..., Any], theirs: Callable[..., Any]) -> None:
    torch.manual_seed(0)
    a = ours(np.empty((200, 30, 3, 3)))
    b = theirs(torch.empty(200, 30, 3, 3)).numpy()
    # 54,000 draws: the standard error of a standard deviation is 0.3 % at most
    assert a.std() == pytest.approx(b.std(), rel=0.02)
    assert a.mean() == pytest.approx(b.mean(), abs=0.02 * float(b.std()))


@pytest.mark.parametrize("name", ["ReLU", "ELU", "SiLU", "Hardtanh", "LeakyReLU", "Mish"])
def test_in_place_at_the_head_of_a_branch(name: str) -> None:
    a = np.array([-1.0, 2.0, 0.5])
    x, tx = Tensor(a, requires_grad=True), torch.tensor(a, requires_grad=True)
    h, th = x * 1.0, tx * 1.0
    y = h + nn.Sequential(getattr(nn, name)(inplace=True), nn.Identity())(h)
    ty = th + torch.nn.Sequential(getattr(torch.nn, name)(inplace=True), torch.nn.Identity())(th)
    np.testing.assert_allclose(y.detach(), ty.detach(), rtol=1e-12)
    y.sum().backward()
    ty.sum().backward()
    np.testing.assert_allclose(x.grad, tx.grad, rtol=1e-12)
