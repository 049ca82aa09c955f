"""Every rule against its formula, number by number in plain Python, with all options at work.

The formulas are those of the papers, in the form that PyTorch's documentation gives them.
"""

import math
from itertools import product

import numpy as np
import pytest

import optim
from autograd import Tensor

STEPS = 7


def sign(x):
    return (x > 0) - (x < 0)


def sgd(p, grads, lr=1e-3, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False):
    for t, g in enumerate(grads, 1):
        g += weight_decay * p
        if momentum != 0:
            b = momentum * b + (1 - dampening) * g if t > 1 else g  # noqa: F821
            g = g + momentum * b if nesterov else b
        p -= lr * g
    return p


def adam(p, grads, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0, amsgrad=False,
         decoupled_weight_decay=False):  # fmt: skip
    m = v = largest = 0.0
    for t, g in enumerate(grads, 1):
        if decoupled_weight_decay:
            p -= lr * weight_decay * p
        else:
            g += weight_decay * p
        m = betas[0] * m + (1 - betas[0]) * g
        v = betas[1] * v + (1 - betas[1]) * g**2
        m_hat, v_hat = m / (1 - betas[0] ** t), v / (1 - betas[1] ** t)
        if amsgrad:
            largest = max(largest, v)
            v_hat = largest / (1 - betas[1] ** t)
        p -= lr * m_hat / (math.sqrt(v_hat) + eps)
    return p


def adamw(p, grads, weight_decay=1e-2, **options):
    return adam(p, grads, weight_decay=weight_decay, decoupled_weight_decay=True, **options)


def nadam(p, grads, lr=2e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0, momentum_decay=4e-3,
          decoupled_weight_decay=False):  # fmt: skip
    m, v, mus = 0.0, 0.0, 1.0
    for t, g in enumerate(grads, 1):
        if decoupled_weight_decay:
            p -= lr * weight_decay * p
        else:
            g += weight_decay * p
        mu = betas[0] * (1 - 0.5 * 0.96 ** (t * momentum_decay))
        after = betas[0] * (1 - 0.5 * 0.96 ** ((t + 1) * momentum_decay))
        mus *= mu
        m = betas[0] * m + (1 - betas[0]) * g
        v = betas[1] * v + (1 - betas[1]) * g**2
        m_hat = after * m / (1 - mus * after) + (1 - mu) * g / (1 - mus)
        p -= lr * m_hat / (math.sqrt(v / (1 - betas[1] ** t)) + eps)
    return p


def radam(p, grads, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0,
          decoupled_weight_decay=False):  # fmt: skip
    m, v, rho_max = 0.0, 0.0, 2 / (1 - betas[1]) - 1
    for t, g in enumerate(grads, 1):
        if decoupled_weight_decay:
            p -= lr * weight_decay * p
        else:
            g += weight_decay * p
        m = betas[0] * m + (1 - betas[0]) * g
        v = betas[1] * v + (1 - betas[1]) * g**2
        m_hat = m / (1 - betas[0] ** t)
        rho = rho_max - 2 * t * betas[1] ** t / (1 - betas[1] ** t)
        if rho > 5:
            r = (rho - 4) * (rho - 2) * rho_max / ((rho_max - 4) * (rho_max - 2) * rho)
            p -= lr * m_hat * math.sqrt(r) * math.sqrt(1 - betas[1] ** t) / (math.sqrt(v) + eps)
        else:
            p -= lr * m_hat
    return p


def adamax(p, grads, lr=2e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
    m = u = 0.0
    for t, g in enumerate(grads, 1):
        g += weight_decay * p
        m = betas[0] * m + (1 - betas[0]) * g
        u = max(betas[1] * u, abs(g) + eps)
        p -= lr * m / ((1 - betas[0] ** t) * u)
    return p


def adagrad(p, grads, lr=1e-2, lr_decay=0.0, weight_decay=0.0, initial_accumulator_value=0.0,
            eps=1e-10):  # fmt: skip
    total = initial_accumulator_value
    for t, g in enumerate(grads, 1):
        g += weight_decay * p
        total += g**2
        p -= lr / (1 + (t - 1) * lr_decay) * g / (math.sqrt(total) + eps)
    return p


def adadelta(p, grads, lr=1.0, rho=0.9, eps=1e-6, weight_decay=0.0):
    v = u = 0.0
    for g in grads:
        g += weight_decay * p
        v = v * rho + g**2 * (1 - rho)
        step = math.sqrt(u + eps) / math.sqrt(v + eps) * g
        u = u * rho + step**2 * (1 - rho)
        p -= lr * step
    return p


def rmsprop(p, grads, lr=1e-2, alpha=0.99, eps=1e-8, weight_decay=0.0, momentum=0.0,
            centered=False):  # fmt: skip
    v = b = mean = 0.0
    for g in grads:
        g += weight_decay * p
        v = alpha * v + (1 - alpha) * g**2
        spread = v
        if centered:
            mean = mean * alpha + (1 - alpha) * g
            spread = v - mean**2
        step = g / (math.sqrt(spread) + eps)
        if momentum > 0:
            step = b = momentum * b + step
        p -= lr * step
    return p


def rprop(p, grads, lr=1e-2, etas=(0.5, 1.2), step_sizes=(1e-6, 50)):
    before, size = 0.0, lr
    for g in grads:
        if g * before > 0:
            size = min(size * etas[1], step_sizes[1])
        elif g * before < 0:
            size = max(size * etas[0], step_sizes[0])
            g = 0.0
        p -= sign(g) * size
        before = g
    return p


def asgd(p, grads, lr=1e-2, lambd=1e-4, alpha=0.75, t0=1e6, weight_decay=0.0):
    eta = lr
    for t, g in enumerate(grads, 1):
        g += weight_decay * p
        p = p * (1 - lambd * eta) - eta * g
        eta = lr / (1 + lambd * lr * t) ** alpha
    assert t0 >= 0
    return p


def adafactor(p, grads, lr=1e-2, beta2_decay=-0.8, eps=(None, 1e-3), d=1.0, weight_decay=0.0):
    """Of a single number: a vector of one, whose root mean square is its size."""
    eps1 = np.finfo(np.float64).eps if eps[0] is None else eps[0]
    v = 0.0
    for t, g in enumerate(grads, 1):
        rate = min(lr, 1 / math.sqrt(t))
        alpha = max(eps[1], abs(p)) * rate
        keep = 1 - t**beta2_decay
        v = keep * v + (1 - keep) * g**2
        u = g / max(math.sqrt(v), eps1)
        p -= lr * weight_decay * p
        p -= alpha * u / max(1, abs(u) / d)
    return p


def options(**values):
    """All combinations."""
    return [dict(zip(values, chosen, strict=True)) for chosen in product(*values.values())]


DECAYS = {"lr": [0.3], "weight_decay": [0.0, 0.2]}
BETAS = {"betas": [(0.6, 0.9)], "eps": [0.05]}
ON = [False, True]
CASES = [
    (sgd, "SGD", [
        *options(**DECAYS, momentum=[0.0, 0.7]),
        *options(**DECAYS, momentum=[0.7], nesterov=[True]),
        *options(**DECAYS, momentum=[0.0, 0.7], dampening=[0.4, 1.0]),
    ]),
    (adam, "Adam", options(**DECAYS, **BETAS, amsgrad=ON, decoupled_weight_decay=ON)),
    (adamw, "AdamW", options(**DECAYS, **BETAS, amsgrad=ON)),
    (nadam, "NAdam", options(**DECAYS, **BETAS, momentum_decay=[0.0, 0.9],
                             decoupled_weight_decay=ON)),
    (radam, "RAdam", options(**DECAYS, **BETAS, decoupled_weight_decay=ON)),
    (adamax, "Adamax", options(**DECAYS, **BETAS)),
    (adagrad, "Adagrad", options(**DECAYS, eps=[0.05], lr_decay=[0.0, 0.4],
                                 initial_accumulator_value=[0.0, 0.7])),
    (adadelta, "Adadelta", options(**DECAYS, rho=[0.0, 0.7, 1.0], eps=[0.05])),
    (rmsprop, "RMSprop", options(**DECAYS, alpha=[0.6], eps=[0.05], momentum=[0.0, 0.7],
                                 centered=ON)),
    (rprop, "Rprop", options(lr=[0.3], etas=[(0.4, 1.7)], step_sizes=[(0.2, 0.6), (0.0, 50)])),
    (asgd, "ASGD", options(**DECAYS, lambd=[0.0, 0.4], alpha=[0.75, 2.0])),
    (adafactor, "Adafactor", options(**DECAYS, beta2_decay=[-0.5], eps=[(0.3, 0.9), (None, 1e-3)],
                                     d=[1.0, 1.3])),
]  # fmt: skip
ALL = [(rule, name, one) for rule, name, all_ in CASES for one in [{}, *all_]]


@pytest.mark.parametrize("maximize", ON)
@pytest.mark.parametrize(("rule", "name", "chosen"), ALL)
def test_a_rule_is_its_formula(rule, name, chosen, maximize):
    """Of four numbers in one array, or (Adafactor) in four; the option's defaults, too."""
    grads = np.random.default_rng(0).standard_normal((STEPS, 4)) * [1, 0.1, 3, 1] + [0, 0.1, 0, 0]
    start = [1.5, -0.2, 0.7, 0.0]
    cut = 1 if name == "Adafactor" else 4
    params = [Tensor(np.array(start[i : i + cut]), requires_grad=True) for i in range(0, 4, cut)]
    optimizer = getattr(optim, name)(params, maximize=maximize, **chosen)
    for g in grads:
        for param, part in zip(params, g.reshape(-1, cut), strict=True):
            param.grad = part
        optimizer.step()
    signed = -grads if maximize else grads
    expected = [
        rule(p, list(map(float, g)), **chosen) for p, g in zip(start, signed.T, strict=True)
    ]
    np.testing.assert_allclose(np.concatenate([p.data for p in params]), expected, rtol=1e-10)


@pytest.mark.parametrize("decay", [0.0, 0.3])
def test_adafactor_of_a_matrix(decay):
    rng = np.random.default_rng(1)
    start, grads = rng.standard_normal((3, 4)), rng.standard_normal((STEPS, 3, 4))
    w = Tensor(start.copy(), requires_grad=True)
    optimizer = optim.Adafactor([w], lr=0.5, eps=(1e-3, 0.01), d=0.8 + 0.4, weight_decay=decay)
    p, rows, columns = start, np.zeros((3, 1)), np.zeros((1, 4))
    for t, g in enumerate(grads, 1):
        w.grad = g
        optimizer.step()
        rate = max(0.01, np.sqrt(np.mean(p**2))) * min(0.5, t**-0.5)
        keep = 1 - t**-0.8
        rows = keep * rows + (1 - keep) * np.mean(g**2, 1, keepdims=True)
        columns = keep * columns + (1 - keep) * np.mean(g**2, 0, keepdims=True)
        v = rows @ columns / max(np.mean(rows), 1e-3)
        u = g / np.maximum(np.sqrt(v), 1e-3)
        p = p - 0.5 * decay * p
        p = p - rate * u / max(1, np.sqrt(np.mean(u**2)) / 1.2)
    np.testing.assert_allclose(w.data, p, rtol=1e-10)


@pytest.mark.parametrize("shape", [(3, 5), (5, 3)])
@pytest.mark.parametrize("nesterov", ON)
@pytest.mark.parametrize("adjust", [None, "match_rms_adamw"])
def test_muon(shape, nesterov, adjust):
    rng = np.random.default_rng(2)
    start, grads = rng.standard_normal(shape), rng.standard_normal((STEPS, *shape))
    w = Tensor(start.copy(), requires_grad=True)
    optimizer = optim.Muon([w], 0.1, 0.3, 0.8, nesterov, adjust_lr_fn=adjust, ns_steps=3, eps=1e-7)
    p, b = start, 0.0
    for g in grads:
        w.grad = g
        optimizer.step()
        b = 0.8 * b + 0.2 * g
        x = 0.8 * b + 0.2 * g if nesterov else b
        x = x / np.linalg.norm(x)
        for _ in range(3):  # the same polynomial of the singular values, without transposing
            x = 3.4445 * x - 4.775 * x @ x.T @ x + 2.0315 * x @ x.T @ x @ x.T @ x
        n, m = shape
        scale = math.sqrt(max(1, n / m)) if adjust is None else 0.2 * math.sqrt(max(n, m))
        p = p * (1 - 0.1 * 0.3) - 0.1 * scale * x
    np.testing.assert_allclose(w.data, p, rtol=1e-9)


def test_muon_divides_by_no_less_than_eps():
    from optim.muon import orthogonal

    g = np.array([[3e-3, 0.0], [0.0, 4e-3]])  # of norm 5e-3
    np.testing.assert_allclose(orthogonal(g, (2.0, 0.0, 0.0), 1, 0.1), 2 * g / 0.1, rtol=1e-12)
    np.testing.assert_allclose(orthogonal(g, (2.0, 0.0, 0.0), 1, 1e-3), 2 * g / 5e-3, rtol=1e-12)
    np.testing.assert_allclose(orthogonal(g, (2.0, 0.0, 0.0), 0, 0.1), g / 0.1, rtol=1e-12)
