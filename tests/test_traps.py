"""Every line of the table of traps is true."""

from __future__ import annotations

import gc
import math  # noqa: F401 - for a line of the table
import threading
import weakref
from typing import Any

import numpy as np
import pytest
from tables.traps import TRAPS

import nn  # noqa: F401
import nn.functional as F
import optim
from autograd import GraphFreedError, LeafChangedError, Tensor, is_recording, no_grad, op  # noqa: F401 - some are for the lines of the table
from nn import init


def leaves(xs: Any) -> list[Tensor]:
    return [Tensor(np.asarray(x, np.float64), requires_grad=True) for x in xs]


def grads(f: Any, *xs: Any) -> list[Any]:
    tensors = leaves(xs)
    f(*tensors).sum().backward()
    return [t.grad for t in tensors]


def g(f: Any, *xs: Any) -> Any:
    found = grads(f, *xs)
    return found[0] if len(found) == 1 else found


def g32(f: Any) -> Any:
    x = Tensor(np.ones(2, np.float32), requires_grad=True)
    assert f(x).dtype == np.float64
    f(x).sum().backward()
    return x.grad


def eq(a: Any, b: Any) -> bool:
    np.testing.assert_allclose(a, np.broadcast_to(b, np.shape(a)), rtol=1e-7)
    return True


def raises(error: type[Exception], f: Any) -> bool:
    with pytest.raises(error):
        f()
    return True


def bce_logits(x: Any, y: float) -> Any:
    x = x if isinstance(x, Tensor) else np.array(x)
    return F.binary_cross_entropy_with_logits(x, np.array(y))


def doubled(x: Tensor, times: int) -> Tensor:
    for _ in range(times):
        x = x + x
    return x


def plus_one(x: Tensor, times: int) -> Tensor:
    for _ in range(times):
        x = x + 1
    return x


def twice(**options: bool) -> Any:
    (x,) = leaves([3.0])
    y = x * x
    y.backward(**options)
    y.backward(**options)
    return x.grad


def assigned_to_an_array() -> None:
    array = np.ones(2)
    array[0] = Tensor(1.0, requires_grad=True)


def view_written() -> Tensor:
    m = Tensor([[1.0, 1], [2, 2]])
    row = m[0]
    row *= 2
    m[1] *= 2
    return m


def exp_then_add(x: Tensor) -> Tensor:
    y = x.exp()
    y += 1
    return y


def step_then_backward() -> None:
    (w,) = leaves([[1.0, 2.0]])
    loss = (w * w).sum()
    w.grad = np.ones(2)
    optim.SGD([w], lr=0.1).step()
    loss.backward()


def freed_without_collector() -> bool:
    gc.collect()
    gc.disable()
    try:
        (x,) = leaves([[1.0, 2.0]])
        y = np.exp(x) * x
        loss, ref = y.sum(), weakref.ref(y._array)
        del y, loss
        return ref() is None
    finally:
        gc.enable()


def grad_after_exception() -> Any:
    @op
    def fails(x):
        return x * 1, lambda g: 1 / 0

    a, b = leaves([1.0, 1.0])
    with pytest.raises(ZeroDivisionError):
        (a * 2 + fails(b)).backward()
    return a.grad


def recording_in_another_thread_of_a_no_grad_block() -> bool:
    seen: list[bool] = []
    with no_grad():
        thread = threading.Thread(target=lambda: seen.append(is_recording()))
        thread.start()
        thread.join()
        return seen == [True] and not is_recording()


def step(optimizer: Any, *, p: float, g: float, times: int = 1, **options: Any) -> Any:
    (w,) = leaves([[p]])
    opt = optimizer([w], **options)
    for _ in range(times):
        w.grad = np.array([g])
        opt.step()
    return w.data[0]


def batch_norm(x: Any) -> Any:
    return F.batch_norm(x, None, None, training=True)


def running_var(x: Any) -> Any:
    var = np.ones(1)
    F.batch_norm(np.array(x), np.zeros(1), var, training=True)
    return var


def clipped(*gradients: Any, max_norm: float) -> Any:
    tensors = leaves([np.zeros(len(gradient)) for gradient in gradients])
    for t, gradient in zip(tensors, gradients, strict=True):
        t.grad = np.array(gradient)
    assert eq(optim.clip_grad_norm_(tensors, max_norm), np.linalg.norm(gradients))
    return [t.grad for t in tensors]


def kaiming(*shape: int) -> Any:
    weight = Tensor(np.zeros(shape), requires_grad=True)
    return init.kaiming_normal_(
        weight, nonlinearity="relu", generator=np.random.default_rng(0)
    ).data


def step_of(kind: Any, hx: Any, **biases: list[float]) -> Any:
    """A step of a recurrent cell of size 1 with weights of 0 from a state, given as lists."""
    cell = kind(1, 1).double()
    for name, p in cell.named_parameters():
        p.data[...] = np.reshape(biases.get(name, 0), (-1, *[1] * (p.ndim - 1)))
    state = tuple(map(np.array, hx)) if isinstance(hx, tuple) else np.array(hx)
    out = cell(np.ones(1), state)
    return [s.data for s in out] if isinstance(out, tuple) else out.data


NAMES = {name: getattr(np, name) for name in (
    "arange", "array", "inf", "isfinite", "log", "nan", "ndarray", "ones", "shares_memory", "zeros",
)}  # fmt: skip
LOGITS = np.array([[0.5, -1.0, 2.0], [1.5, 0.0, -0.5]])


@pytest.mark.parametrize(("trap", "line"), [(t, line) for t, _, line in TRAPS], ids=lambda x: x)
def test_trap(trap: str, line: str) -> None:
    with np.errstate(divide="ignore", invalid="ignore", over="raise"):
        assert eval(line, {**globals(), **NAMES}), trap
