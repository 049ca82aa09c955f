"""Convolution against PyTorch in float64: values, two orders of derivatives, layers and state."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import nn  # noqa: E402
import nn.functional as F  # noqa: E402
from autograd import Tensor, gradients  # noqa: E402

TF = torch.nn.functional


def close(ours: np.ndarray, theirs: Any) -> None:
    theirs = theirs.detach().numpy()
    assert ours.shape == theirs.shape
    np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-9)


def compare(ours: Any, theirs: Any, *arrays: np.ndarray) -> None:
    """Values, gradients by all arguments, and gradients of those."""
    rng = np.random.default_rng(1)
    starts = [rng.standard_normal(a.shape) for a in arrays]
    xs = [Tensor(a, requires_grad=True) for a in arrays]
    y = ours(*xs)
    v = rng.standard_normal(y.shape)
    first = gradients((y * y * v).sum(), xs, create_graph=True)
    plain = gradients((ours(*xs) ** 2 * v).sum(), xs)
    second = gradients(sum((g * s).sum() for g, s in zip(first, starts, strict=True)), xs)

    ts = [torch.tensor(a, requires_grad=True) for a in arrays]
    t = theirs(*ts)
    t_first = torch.autograd.grad((t * t * torch.tensor(v)).sum(), ts, create_graph=True)
    t_second = torch.autograd.grad(
        sum((g * torch.tensor(s)).sum() for g, s in zip(t_first, starts, strict=True)), ts
    )
    close(y.detach().numpy(), t)
    for g, array, expected in zip(first, plain, t_first, strict=True):
        close(g.detach().numpy(), expected)
        close(array, expected)
    for array, expected in zip(second, t_second, strict=True):
        close(array, expected)


def normal(*shapes: tuple[int, ...]) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.standard_normal(shape) for shape in shapes]


SIZES = {1: ((9,), (3,)), 2: ((6, 7), (3, 2)), 3: ((5, 4, 6), (2, 3, 1))}  # input, kernel
SETTINGS = [
    {"stride": s, "padding": p, "dilation": d, "groups": g}
    for s, p, d, g in itertools.product([1, 2, 3], [0, 1, 2], [1, 2], [1, 2])
]


def name(config: dict[str, Any]) -> str:
    return " ".join(f"{key}={value}" for key, value in config.items()) or "defaults"


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("config", SETTINGS, ids=name)
def test_functions(n: int, config: dict[str, Any]) -> None:
    size, kernel = SIZES[n]
    if n == 3:  # else a dilated kernel is longer than the axis of 4
        config = {**config, "padding": max(config["padding"], config["dilation"] - 1)}
    g = config["groups"]
    x, w, b = normal((2, 4, *size), (6, 4 // g, *kernel), (6,))
    ours, theirs = getattr(F, f"conv{n}d"), getattr(TF, f"conv{n}d")
    compare(lambda *a: ours(*a, **config), lambda *a: theirs(*a, **config), x, w, b)
    compare(lambda *a: ours(*a, **config), lambda *a: theirs(*a, **config), x[0], w)

    small = tuple(m // 2 for m in size)
    x, w, b = normal((2, 4, *small), (4, 6 // g, *kernel), (6,))
    more = {"output_padding": max(config["stride"], config["dilation"]) - 1}
    ours, theirs = getattr(F, f"conv_transpose{n}d"), getattr(TF, f"conv_transpose{n}d")
    for extra in ({}, more):
        both = {**config, **extra}
        least = (min(small) - 1) * both["stride"] - 2 * both["padding"] + 1
        if least < 1:
            both["padding"] = 0
        compare(lambda *a, k=both: ours(*a, **k), lambda *a, k=both: theirs(*a, **k), x, w, b)
    compare(lambda *a: ours(*a, stride=2), lambda *a: theirs(*a, stride=2), x[0], w)


@pytest.mark.parametrize(
    ("shape", "kernel", "config"),
    [
        ((2, 3, 8), (4,), {"padding": "same"}),
        ((2, 3, 8), (2,), {"padding": "same", "dilation": 3}),
        ((2, 3, 8), (3,), {"padding": "valid", "stride": 2}),
        ((1, 3, 5, 6), (2, 3), {"padding": "same", "dilation": (1, 2)}),
        ((1, 3, 5, 6), (5, 6), {}),
        ((3, 3, 5, 6), (1, 1), {"stride": (2, 1)}),
        ((1, 3, 5, 6), (3, 1), {"stride": (1, 2), "padding": (2, 0), "dilation": (2, 1)}),
        ((2, 3, 1, 1), (1, 1), {"groups": 3}),
        ((2, 3, 2, 2), (3, 3), {"padding": 4}),
        ((2, 3, 3, 2, 4), (2, 2, 2), {"padding": "same", "groups": 3}),
    ],
)
@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")
def test_more_settings(shape: Any, kernel: Any, config: dict[str, Any]) -> None:
    n = len(kernel)
    x, w, b = normal(shape, (6, 3 // config.get("groups", 1), *kernel), (6,))
    ours, theirs = getattr(F, f"conv{n}d"), getattr(TF, f"conv{n}d")
    compare(lambda *a: ours(*a, **config), lambda *a: theirs(*a, **config), x, w, b)


@pytest.mark.parametrize(
    ("kernel", "config"),
    [
        (2, {}),
        ((2, 3), {"stride": 2}),
        ((3, 2), {"dilation": (1, 2), "padding": (1, 0), "stride": (2, 1)}),
        ((5, 6), {"padding": 1}),
    ],
)
def test_unfold_and_fold(kernel: Any, config: dict[str, Any]) -> None:
    (x,) = normal((2, 3, 5, 6))
    for a in (x, x[:1], x[0]):
        compare(
            lambda x: F.unfold(x, kernel, **config), lambda x: TF.unfold(x, kernel, **config), a
        )
    (columns,) = normal(F.unfold(x, kernel, **config).shape)
    for a in (columns, columns[0]):
        compare(
            lambda x: F.fold(x, (5, 6), kernel, **config),
            lambda x: TF.fold(x, (5, 6), kernel, **config),
            a,
        )


LAYERS: list[Any] = [
    ("Conv1d", (2, 4, 3), {}, (2, 2, 9)),
    ("Conv1d", (2, 4, 3, 2, 1, 2, 2, False), {}, (2, 9)),
    ("Conv1d", (2, 4, 2), {"padding": "same", "padding_mode": "circular"}, (2, 2, 5)),
    ("Conv2d", (2, 3, 3), {}, (1, 2, 4, 5)),
    ("Conv2d", (2, 3, (3, 2), 1, (1, 2)), {"padding_mode": "reflect"}, (2, 2, 4, 5)),
    ("Conv2d", (2, 3, (3, 2), 2, (1, 2)), {"padding_mode": "replicate"}, (2, 4, 5)),
    ("Conv2d", (2, 4, 3, 1, (2, 1), 1, 2), {"padding_mode": "circular"}, (2, 2, 4, 5)),
    ("Conv2d", (2, 3, (2, 3)), {"padding": "same", "padding_mode": "reflect"}, (2, 2, 4, 5)),
    ("Conv2d", (2, 3, 3, 2), {"padding": "valid"}, (2, 2, 5, 5)),
    ("Conv3d", (2, 2, (1, 2, 3), (1, 2, 1), 1), {"bias": False}, (1, 2, 2, 3, 3)),
    ("Conv3d", (2, 2, 2, 1, 1), {"padding_mode": "replicate"}, (1, 2, 2, 3, 3)),
    ("ConvTranspose1d", (2, 4, 3, 2, 1, 1, 2, True, 2), {}, (2, 2, 4)),
    ("ConvTranspose2d", (2, 3, (3, 2), 2, 1, (1, 0)), {"bias": False}, (2, 3, 4)),
    ("ConvTranspose2d", (2, 3, 3, 1), {"output_padding": 1, "dilation": 2}, (1, 2, 3, 4)),
    ("ConvTranspose3d", (1, 2, 2, 2), {"dilation": (1, 2, 1)}, (1, 1, 2, 2, 3)),
]


@pytest.mark.parametrize(
    ("kind", "args", "config", "shape"), LAYERS, ids=[f"{a} {b} {c}" for a, b, c, _ in LAYERS]
)
@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")
def test_layers(kind: str, args: Any, config: dict[str, Any], shape: Any) -> None:
    ours = getattr(nn, kind)(*args, **config)
    theirs = getattr(torch.nn, kind)(*args, **config)
    state = theirs.state_dict()
    mine = ours.state_dict()
    assert {k: v.shape for k, v in mine.items()} == {k: tuple(v.shape) for k, v in state.items()}
    assert list(mine) == list(state)
    ours.load_state_dict(state)
    (x,) = normal(shape)

    # in float32, as they are
    y, t = ours(x.astype(np.float32)), theirs(torch.tensor(x, dtype=torch.float32))
    np.testing.assert_allclose(y.detach().numpy(), t.detach().numpy(), rtol=1e-4, atol=1e-5)
    # and back
    theirs.load_state_dict({k: torch.tensor(v) for k, v in ours.state_dict().items()})

    theirs = theirs.double()
    names = list(state)

    def call(x: Any, *parameters: Any) -> Any:
        layer = getattr(nn, kind)(*args, **config)
        for key, p in zip(names, parameters, strict=True):
            vars(layer)[key] = p
        return layer(x)

    def t_call(x: Any, *parameters: Any) -> Any:
        given = dict(zip(names, parameters, strict=True))
        return torch.func.functional_call(theirs, given, (x,))

    compare(call, t_call, x, *(v.astype(np.float64) for v in ours.state_dict().values()))


def test_output_size() -> None:
    ours, theirs = nn.ConvTranspose2d(2, 3, 3, 3, 1), torch.nn.ConvTranspose2d(2, 3, 3, 3, 1)
    ours.load_state_dict(theirs.state_dict())
    (x,) = normal((2, 2, 3, 4))
    for size in [(7, 10), (8, 12), (9, 11)]:
        y = ours(x.astype(np.float32), output_size=size).detach().numpy()
        t = theirs(torch.tensor(x, dtype=torch.float32), output_size=size).detach().numpy()
        np.testing.assert_allclose(y, t, rtol=1e-4, atol=1e-5)


def test_scale_of_initial_values() -> None:
    torch.manual_seed(0)
    for kind in ("Conv2d", "ConvTranspose2d"):
        ours = getattr(nn, kind)(32, 64, 5, groups=2, generator=0)
        theirs = getattr(torch.nn, kind)(32, 64, 5, groups=2)
        # 25,600 draws: the standard error of a standard deviation is under 0.5 %
        assert ours.weight.data.std() == pytest.approx(theirs.weight.std().item(), rel=0.03)
        bound = abs(theirs.weight).max().item()
        assert abs(ours.weight.data).max() == pytest.approx(bound, rel=0.01)
        assert abs(ours.bias.data).max() == pytest.approx(abs(theirs.bias).max().item(), rel=0.2)
