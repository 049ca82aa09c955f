"""Normalization layers against PyTorch in float64: values, all gradients, state, two steps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import nn  # noqa: E402
from autograd import Tensor, gradients  # noqa: E402

IMAGES = {1: [(2, 4, 7), (1, 4, 3)], 2: [(3, 4, 5, 2), (1, 4, 1, 3)], 3: [(2, 4, 3, 2, 1)]}
Case = tuple[str, tuple[Any, ...], dict[str, Any], tuple[int, ...]]


def cases() -> Iterator[Case]:
    for n, shapes in IMAGES.items():
        for shape in shapes + ([(5, 4)] if n == 1 else []):
            for config in [
                {},
                {"eps": 0.1, "momentum": 0.3},
                {"momentum": None},
                {"affine": False},
                {"bias": False},
                {"track_running_stats": False},
            ]:
                yield f"BatchNorm{n}d", (4,), config, shape
        for shape in [*shapes, shapes[0][1:]]:
            for config in [
                {},
                {"affine": True, "eps": 0.1},
                {"affine": True, "bias": False},
                {"track_running_stats": True, "momentum": 0.3},
                {"affine": True, "track_running_stats": True},
            ]:
                yield f"InstanceNorm{n}d", (4,), config, shape
    for shape in [(3, 6), (1, 6, 2), (2, 6, 3, 5), (2, 6, 1, 3, 2)]:
        for groups in (1, 2, 3) if len(shape) == 2 else (1, 2, 3, 6):
            for config in [{}, {"eps": 0.1}, {"affine": False}, {"bias": False}]:
                yield "GroupNorm", (groups, 6), config, shape
    for shape, last in [((3,), 3), ((5, 3), 3), ((2, 4, 3), [4, 3]), ((2, 5, 1, 3), (3,))]:
        for config in [{}, {"eps": 0.1}, {"elementwise_affine": False}, {"bias": False}]:
            yield "LayerNorm", (last,), config, shape
            if "bias" not in config:
                yield "RMSNorm", (last,), config, shape
    for shape in [(2, 6, 3), (1, 5, 2, 3), (2, 1, 3)]:
        for size in (1, 2, 3, 4, 7):
            yield "LocalResponseNorm", (size,), {}, shape
            config = {"alpha": 0.5, "beta": 0.6, "k": 2.0}
            yield "LocalResponseNorm", (size,), config, shape


def close(ours: Any, theirs: Any) -> None:
    assert ours.shape == tuple(theirs.shape)
    np.testing.assert_allclose(ours, theirs.detach().numpy(), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize(("name", "args", "config", "shape"), list(cases()), ids=str)
@pytest.mark.filterwarnings("ignore:input's size at dim:UserWarning")
def test_layer(name: str, args: Any, config: Any, shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    theirs = getattr(torch.nn, name)(*args, **config).double()
    ours = getattr(nn, name)(*args, **config)
    for p in theirs.parameters():
        p.data = torch.tensor(rng.standard_normal(p.shape))
    # weights cross over by name, into float64 twins of the parameters and buffers
    state = {k: v.numpy() for k, v in theirs.state_dict().items()}
    assert list(state) == list(ours.state_dict())
    for key, x in [*ours.named_parameters(), *ours.named_buffers()]:
        wide = x.data if x.dtype.kind == "i" else x.data.astype(float)
        setattr(ours, key, type(x)(wide))
    ours.load_state_dict(theirs.state_dict())

    for training in (True, True, False):
        ours.train(training)
        theirs.train(training)
        a, v, s = rng.standard_normal((3, *shape)) * 2 + 0.5
        x, t = Tensor(a, requires_grad=True), torch.tensor(a, requires_grad=True)
        y, t_y = ours(x), theirs(t)
        close(y.detach().numpy(), t_y)

        mine, other = [x, *ours.parameters()], [t, *theirs.parameters()]
        first = gradients((y * y * v).sum(), mine, create_graph=True)
        t_first = torch.autograd.grad((t_y * t_y * torch.tensor(v)).sum(), other, create_graph=True)
        for g, t_g in zip(first, t_first, strict=True):
            close(g.detach().numpy(), t_g)
        # how the first by x depends on everything
        second = gradients((first[0] * s).sum(), mine)
        t_scalar = (t_first[0] * torch.tensor(s)).sum()
        t_second = torch.autograd.grad(t_scalar, other, allow_unused=True)
        for g, t_g in zip(second, t_second, strict=True):
            if g is None or t_g is None:
                assert not np.any(g)
                assert t_g is None or not t_g.any()
            else:
                close(g, t_g)

        state = {k: v.numpy() for k, v in theirs.state_dict().items()}
        for key, array in ours.state_dict().items():
            np.testing.assert_allclose(array, state[key], rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("BatchNorm1d", (3,)),
        ("BatchNorm2d", (3,)),
        ("InstanceNorm3d", (3,)),
        ("GroupNorm", (1, 3)),
        ("LayerNorm", ((3, 2),)),
        ("RMSNorm", (3,)),
    ],
)
def test_state_of_a_new_layer(name: str, args: Any) -> None:
    theirs = getattr(torch.nn, name)(*args).state_dict()
    ours = getattr(nn, name)(*args).state_dict()
    assert list(ours) == list(theirs)
    for key, value in theirs.items():
        np.testing.assert_array_equal(ours[key], value.numpy(), strict=True)


@pytest.mark.parametrize("shape", [(1, 4), (1, 4, 1)])
def test_one_value_per_channel(shape: tuple[int, ...]) -> None:
    for library, x in (nn, np.zeros(shape, np.float32)), (torch.nn, torch.zeros(shape)):
        with pytest.raises(ValueError):
            library.BatchNorm1d(4)(x)
        assert library.BatchNorm1d(4).eval()(x).shape == shape
