"""The optimizers step as PyTorch's do: 25 steps, every option, now and then a missing gradient."""

import inspect
import itertools

import numpy as np
import pytest

import optim
from autograd import Tensor

torch = pytest.importorskip("torch")

STEPS = 25
SHAPES = [(4, 3), (5,), (), (2, 3, 2), (150, 200)]  # the last is cut into blocks
MATRICES = [(4, 3), (3, 4), (1, 6), (40, 30)]
TOLERANCE = {"float64": 1e-10, "float32": 1e-5}


@pytest.fixture(autouse=True)
def _float64_state():
    """PyTorch keeps numbers of its state (a product, a learning rate) in its default dtype."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


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
DECOUPLED = [
    *grid(weight_decay=[0.0, 0.1], decoupled_weight_decay=[False, True], maximize=[False, True]),
    *grid(betas=[(0.5, 0.9), (0.0, 0.0)], eps=[1e-3]),
]
RULES = {
    "NAdam": [*DECOUPLED, *grid(momentum_decay=[0.0, 0.5], weight_decay=[0.0, 0.1])],
    "RAdam": DECOUPLED,
    "Adamax": [
        *grid(weight_decay=[0.0, 0.1], maximize=[False, True]),
        *grid(betas=[(0.5, 0.9), (0.0, 0.0)], eps=[1e-3]),
    ],
    "Adagrad": [
        *grid(weight_decay=[0.0, 0.1], lr_decay=[0.0, 0.3], maximize=[False, True]),
        *grid(initial_accumulator_value=[0.5], eps=[1e-10, 1e-3]),
    ],
    "Adadelta": [
        *grid(weight_decay=[0.0, 0.1], maximize=[False, True]),
        *grid(rho=[0.0, 0.5, 1.0], eps=[1e-6, 1e-2]),
    ],
    "RMSprop": [
        *grid(momentum=[0.0, 0.9], centered=[False, True], weight_decay=[0.0, 0.1]),
        *grid(alpha=[0.0, 0.5], eps=[1e-3], maximize=[False, True]),
        *grid(alpha=[0.5], momentum=[0.5], centered=[True], maximize=[True]),
    ],
    "ASGD": [
        *grid(weight_decay=[0.0, 0.1], maximize=[False, True]),
        *grid(lambd=[0.0, 0.5], alpha=[0.5, 1.0], t0=[0, 5]),
    ],
    "Adafactor": [
        *grid(weight_decay=[0.0, 0.1], maximize=[False, True]),
        *grid(eps=[(None, 0.5), (1e-3, 1e-3)], d=[1.0, 3.0], beta2_decay=[-0.5, -1.0]),
    ],
    "Rprop": [
        *grid(maximize=[False, True]),
        *grid(etas=[(0.9, 1.05), (0.2, 3.0)], step_sizes=[(1e-6, 50), (5e-3, 2e-2)]),
    ],
}


def pairs(dtype, shapes=SHAPES):
    rng = np.random.default_rng(0)
    ours, theirs = [], []
    for shape in shapes:
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
    theirs = np.asarray(theirs.detach())
    rtol = TOLERANCE[dtype]
    np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=rtol / 10 * np.abs(theirs).max())


def assert_alike(ours, theirs, dtype):
    for param, other in zip(ours, theirs, strict=True):
        assert_close(param.data, other, dtype)


def compare(name, options, dtype):
    ours, theirs = pairs(dtype)
    second = {"lr": 0.003} if name == "Rprop" else {"lr": 0.003, "weight_decay": 0.05}

    def groups(params):
        return [{"params": params[:2]}, {"params": params[2:], **second}]

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


def test_adam_with_decoupled_decay():
    compare("Adam", {"weight_decay": 0.1, "decoupled_weight_decay": True}, "float64")


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(
    ("name", "options"),
    [
        pytest.param(name, *row.values, id=f"{name}-{row.id}")
        for name, rows in RULES.items()
        for row in rows
    ],
)
def test_the_other_rules(name, options, dtype):
    compare(name, options, dtype)


NAMES = ["SGD", "Adam", "AdamW", *RULES]


@pytest.mark.parametrize("name", NAMES)
def test_defaults(name):
    ours, theirs = pairs("float64")
    optimizer = getattr(optim, name)(ours)
    peer = getattr(torch.optim, name)(theirs)
    for option, value in optimizer.defaults.items():
        assert peer.defaults[option] == value, option
    for seed in range(STEPS):
        step_both(optimizer, peer, ours, theirs, seed)
    assert_alike(ours, theirs, "float64")


@pytest.mark.parametrize("name", [*NAMES, "Muon", "LBFGS"])
def test_arguments_and_their_order(name):
    """Ours are PyTorch's, less what is about how it computes; `maximize` is always by keyword."""
    left_out = {"foreach", "fused", "capturable", "differentiable", "maximize"}
    ours, theirs = (
        {n: p for n, p in inspect.signature(getattr(m, name)).parameters.items() if n != "maximize"}
        for m in (optim, torch.optim)
    )
    theirs = {n: p for n, p in theirs.items() if n not in left_out}
    assert list(ours) == list(theirs)
    for argument, parameter in ours.items():
        assert parameter.default == theirs[argument].default, argument
        assert parameter.kind == theirs[argument].kind, argument


@pytest.mark.parametrize(
    ("name", "options"),
    [
        *((name, {}) for name in NAMES),
        ("SGD", {"momentum": 0.9}),
        ("Adam", {"amsgrad": True}),
        ("AdamW", {"amsgrad": True}),
        ("RMSprop", {"momentum": 0.9, "centered": True}),
        ("ASGD", {"t0": 2, "lambd": 0.1}),
    ],
)
def test_a_state_of_pytorch_loads(name, options):
    ours, theirs = pairs("float64")
    peer = getattr(torch.optim, name)(theirs, lr=0.01, **options)
    scratch = getattr(optim, name)(pairs("float64")[0])
    for seed in range(5):
        step_both(scratch, peer, scratch.param_groups[0]["params"], theirs, seed)
    for param, other in zip(ours, theirs, strict=True):
        param.data = other.detach().numpy().copy()
    optimizer = getattr(optim, name)(ours)
    optimizer.load_state_dict(peer.state_dict())
    for state in optimizer.state.values():
        assert {type(value) for value in state.values()} <= {int, float, np.ndarray}
    for seed in range(5, STEPS):
        step_both(optimizer, peer, ours, theirs, seed)
    assert_alike(ours, theirs, "float64")


# Muon: PyTorch orthogonalizes in bfloat16, which has 8 bits; the exact comparison is with the
# algorithm as it was published, in PyTorch's operations and float64.


def published_muon(params, buffers, options):
    """One step of each parameter; Jordan's Muon with PyTorch's defaults and `lerp` momentum."""
    lr, momentum = options["lr"], options["momentum"]
    for p, buffer in zip(params, buffers, strict=True):
        if p.grad is None:
            continue
        buffer.lerp_(p.grad, 1 - momentum)
        update = p.grad.lerp(buffer, momentum) if options["nesterov"] else buffer
        a, b, c = options["ns_coefficients"]
        X = update.T if p.shape[0] > p.shape[1] else update
        X = X / X.norm().clamp(min=options["eps"])
        for _ in range(options["ns_steps"]):
            A = X @ X.T
            X = a * X + b * A @ X + c * A @ A @ X
        X = X.T if p.shape[0] > p.shape[1] else X
        n, m = p.shape
        adjusted = max(1, n / m) ** 0.5
        if options["adjust_lr_fn"] == "match_rms_adamw":
            adjusted = 0.2 * max(n, m) ** 0.5
        with torch.no_grad():
            p.mul_(1 - lr * options["weight_decay"])
            p.sub_(lr * adjusted * X)


class PublishedMuon(torch.optim.Muon):
    def step(self):
        for group in self.param_groups:
            buffers = [
                self.state[p].setdefault("momentum_buffer", torch.zeros_like(p))
                for p in group["params"]
            ]
            published_muon(group["params"], buffers, group)


MUON = [
    *grid(nesterov=[False, True], weight_decay=[0.0, 0.1], momentum=[0.0, 0.95]),
    *grid(adjust_lr_fn=[None, "original", "match_rms_adamw"], ns_steps=[0, 1, 5]),
    *grid(ns_coefficients=[(2.0, -1.5, 0.5)], eps=[1e-7, 0.5]),
]


def muons(options, dtype):
    ours, theirs = pairs(dtype, MATRICES)

    def groups(params):
        return [{"params": params[:2]}, {"params": params[2:], "lr": 0.003, "weight_decay": 0.05}]

    return ours, theirs, optim.Muon(groups(ours), lr=0.01, **options), groups(theirs)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("options", MUON)
def test_muon_is_as_published(options, dtype):
    ours, theirs, optimizer, groups = muons(options, dtype)
    peer = PublishedMuon(groups, lr=0.01, **options)
    for seed in range(STEPS):
        step_both(optimizer, peer, ours, theirs, seed)
    for param, other in zip(ours, theirs, strict=True):
        theirs_now = other.detach().numpy()
        atol = {"float64": 1e-10, "float32": 1e-4}[dtype]
        np.testing.assert_allclose(param.data, theirs_now, rtol=0, atol=atol)


@pytest.mark.parametrize("options", MUON)
def test_muon_is_near_pytorchs_in_bfloat16(options):
    ours, theirs, optimizer, groups = muons(options, "float32")
    start = [param.data.copy() for param in ours]
    peer = torch.optim.Muon(groups, lr=0.01, **options)
    for seed in range(STEPS):
        step_both(optimizer, peer, ours, theirs, seed)
    for param, other, before in zip(ours, theirs, start, strict=True):
        error = np.linalg.norm(param.data - other.detach().numpy())
        assert error < 0.05 * np.linalg.norm(param.data - before)
        buffer = peer.state[other]["momentum_buffer"]
        np.testing.assert_allclose(
            optimizer.state[param]["momentum_buffer"], buffer, rtol=1e-4, atol=1e-5
        )


def test_a_state_of_pytorchs_muon_loads():
    _, theirs, _, groups = muons({}, "float64")
    published = PublishedMuon(groups, lr=0.01)
    scratch = optim.Muon(pairs("float64", MATRICES)[0])
    for seed in range(5):
        step_both(scratch, published, scratch.param_groups[0]["params"], theirs, seed)
    ours, _, optimizer, _ = muons({}, "float64")
    for param, other in zip(ours, theirs, strict=True):
        param.data = other.detach().numpy().copy()
    optimizer.load_state_dict(published.state_dict())
    for seed in range(5, STEPS):
        step_both(optimizer, published, ours, theirs, seed)
    for param, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(param.data, other.detach().numpy(), rtol=0, atol=1e-10)


# LBFGS: a problem is a function of two parameters, and their values at the start.


def rosenbrock(w, v):
    return ((1 - w) ** 2).sum() + 100 * ((v - w**2) ** 2).sum()


def least_squares(w, b):
    x = np.random.default_rng(5).standard_normal((30, 6))
    y = x @ np.arange(6.0) - 2 + np.sin(np.arange(30))
    if isinstance(w, torch.Tensor):
        x, y = torch.tensor(x), torch.tensor(y)
    return ((x @ w + b - y) ** 2).mean()


def bumpy(w, b):
    sin = torch.sin if isinstance(w, torch.Tensor) else np.sin
    return (w**4 / 4 - w**2 + 0.3 * sin(5 * w)).sum() + (b - w[0]) ** 2


PROBLEMS = {
    "rosenbrock": (rosenbrock, [-1.5, 0.5], [2.0, 0.3]),
    "least_squares": (least_squares, np.zeros(6), 0.0),
    "bumpy": (bumpy, np.linspace(-2, 2, 7), 0.5),
}
LBFGS = [
    *grid(line_search_fn=["strong_wolfe"], max_iter=[1, 4]),
    *grid(line_search_fn=["strong_wolfe"], lr=[0.1, 10.0], history_size=[2], max_iter=[5]),
    *grid(line_search_fn=["strong_wolfe"], max_eval=[1, 3, 6]),
    *grid(lr=[0.05], max_iter=[1, 4], history_size=[2, 100]),
    *grid(lr=[0.05], max_eval=[1, 3]),
    *grid(lr=[0.1], tolerance_grad=[1e-2], tolerance_change=[1e-4]),
    *grid(line_search_fn=["strong_wolfe"], tolerance_grad=[1e-2], tolerance_change=[1e-4]),
]


def lbfgs_pair(problem, options):
    loss, *starts = PROBLEMS[problem]
    ours = [Tensor(np.array(start, np.float64), requires_grad=True) for start in starts]
    theirs = [torch.tensor(start, dtype=torch.float64, requires_grad=True) for start in starts]
    optimizer, peer = optim.LBFGS(ours, **options), torch.optim.LBFGS(theirs, **options)

    def closure_of(optimizer, params):
        def closure():
            optimizer.zero_grad()
            value = loss(*params)
            value.backward()
            return value

        return closure

    return ours, theirs, optimizer, peer, closure_of


def follow(ours, theirs, optimizer, peer, closure_of, steps):
    """Rounding grows on the way through a curved valley, hence the tolerance."""
    for _ in range(steps):
        value = optimizer.step(closure_of(optimizer, ours)).item()
        expected = peer.step(closure_of(peer, theirs)).item()
        np.testing.assert_allclose(value, expected, rtol=1e-6, atol=1e-9)
        for param, other in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(param.data, other.detach().numpy(), rtol=1e-6, atol=1e-7)
        state, expected = optimizer.state[ours[0]], peer.state[theirs[0]]
        for name in ("n_iter", "func_evals"):
            assert state[name] == expected[name]


@pytest.mark.parametrize("options", LBFGS)
@pytest.mark.parametrize("problem", PROBLEMS)
def test_lbfgs_step_by_step(problem, options):
    follow(*lbfgs_pair(problem, options), steps=8)


@pytest.mark.parametrize("options", [{"lr": 0.05}, {"line_search_fn": "strong_wolfe"}])
@pytest.mark.parametrize("problem", PROBLEMS)
def test_a_state_of_pytorchs_lbfgs_loads(problem, options):
    options = {"max_iter": 3, "history_size": 4, **options}
    ours, theirs, _, peer, closure_of = lbfgs_pair(problem, options)
    for _ in range(3):
        peer.step(closure_of(peer, theirs))
    for param, other in zip(ours, theirs, strict=True):
        param.data = other.detach().numpy().copy()
    optimizer = optim.LBFGS(ours)
    optimizer.load_state_dict(peer.state_dict())
    follow(ours, theirs, optimizer, peer, closure_of, steps=4)
