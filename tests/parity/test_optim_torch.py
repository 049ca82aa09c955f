"""The optimizers step as PyTorch's do: 25 steps, every option, now and then a missing gradient."""

import itertools

import numpy as np
import pytest

import optim
from autograd import Tensor

torch = pytest.importorskip("torch")

STEPS = 25
SHAPES = [(4, 3), (5,), (), (2, 3, 2), (150, 200)]  # the last is cut into blocks
TOLERANCE = {"float64": 1e-10, "float32": 1e-5}


def grid(**options):
    """Every combination, as a dict of options and a readable id."""
    for values in itertools.product(*options.values()):
        chosen = dict(zip(options, values, strict=True))
        yield pytest.param(chosen, id=",".join(f"{k}={v}" for k, v in chosen.items()))


SGD = [
    *grid(momentum=[0.0, 0.9], weight_decay=[0.0, 0.1], maximize=[False, True]),
    *grid(momentum=[0.9], dampening=[0.3, 1.0], weight_decay=[0.0, 0.1]),
    *grid(momentum=[0.9], nesterov=[True], weight_decay=[0.0, 0.1], maximize=[False, True]),
    *grid(dampening=[0.3]),
]
ADAM = [
    *grid(weight_decay=[0.0, 0.1], amsgrad=[False, True], maximize=[False, True]),
    *grid(betas=[(0.5, 0.9), (0.0, 0.0)], eps=[1e-3]),
]


def pairs(dtype):
    rng = np.random.default_rng(0)
    ours, theirs = [], []
    for shape in SHAPES:
        values = np.asarray(rng.standard_normal(shape), dtype)
        ours.append(Tensor(values, requires_grad=True))
        theirs.append(torch.tensor(values, requires_grad=True))
    return ours, theirs


def step_both(optimizer, peer, ours, theirs, seed):
    """One step with the same gradients; now and then a parameter has none."""
    rng = np.random.default_rng([1, seed])
    optimizer.zero_grad()
    peer.zero_grad()
    for i, (param, other) in enumerate(zip(ours, theirs, strict=True)):
        if (seed + i) % 4 == 3:
            continue
        g = np.asarray(rng.standard_normal(param.shape) * 10.0 ** rng.integers(-3, 3), param.dtype)
        param.grad, other.grad = g, torch.tensor(g)
    optimizer.step()
    peer.step()


def assert_close(ours, theirs, dtype):
    """Each to the tolerance; what is left of larger numbers, to a tenth of it of the largest."""
    theirs = theirs.detach().numpy()
    rtol = TOLERANCE[dtype]
    np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=rtol / 10 * np.abs(theirs).max())


def assert_alike(ours, theirs, dtype):
    for param, other in zip(ours, theirs, strict=True):
        assert_close(param.data, other, dtype)


def compare(name, options, dtype):
    ours, theirs = pairs(dtype)

    def groups(params):
        return [{"params": params[:2]}, {"params": params[2:], "lr": 0.003, "weight_decay": 0.05}]

    optimizer = getattr(optim, name)(groups(ours), lr=0.01, **options)
    peer = getattr(torch.optim, name)(groups(theirs), lr=0.01, **options)
    for seed in range(STEPS):
        if seed == STEPS // 2:  # a schedule
            for group in [*optimizer.param_groups, *peer.param_groups]:
                group["lr"] *= 0.5
        step_both(optimizer, peer, ours, theirs, seed)
    assert_alike(ours, theirs, dtype)
    for param, other in zip(ours, theirs, strict=True):
        for key, value in peer.state[other].items():
            if value is None:
                continue
            if key == "step":
                assert optimizer.state[param]["step"] == value
            else:
                assert_close(optimizer.state[param][key], value, dtype)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("options", SGD)
def test_sgd(options, dtype):
    compare("SGD", options, dtype)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("options", ADAM)
@pytest.mark.parametrize("name", ["Adam", "AdamW"])
def test_adam(name, options, dtype):
    compare(name, options, dtype)


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW"])
def test_defaults(name):
    ours, theirs = pairs("float64")
    optimizer = getattr(optim, name)(ours)
    peer = getattr(torch.optim, name)(theirs)
    for option, value in optimizer.defaults.items():
        assert peer.defaults[option] == value, option
    for seed in range(STEPS):
        step_both(optimizer, peer, ours, theirs, seed)
    assert_alike(ours, theirs, "float64")


@pytest.mark.parametrize("name", ["Adam", "AdamW"])
def test_a_state_of_pytorch_loads(name):
    ours, theirs = pairs("float64")
    peer = getattr(torch.optim, name)(theirs, lr=0.01, amsgrad=True)
    scratch = getattr(optim, name)(pairs("float64")[0])
    for seed in range(5):
        step_both(scratch, peer, scratch.param_groups[0]["params"], theirs, seed)
    for param, other in zip(ours, theirs, strict=True):
        param.data = other.detach().numpy().copy()
    optimizer = getattr(optim, name)(ours)
    optimizer.load_state_dict(peer.state_dict())
    for seed in range(5, STEPS):
        step_both(optimizer, peer, ours, theirs, seed)
    assert_alike(ours, theirs, "float64")
