"""Tensor hooks, and unused inputs of gradients, beside PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from autograd import Tensor, UntrackedError, gradients  # noqa: E402

VALUES = np.array([1.0, -2.0, 3.0])


def program(make: Any, exp: Any) -> tuple[Any, Any, list[Any]]:
    """Hooks on a leaf, on what is used twice (late), and on what keeps its gradient; the loss."""
    seen: list[Any] = []
    x = make(VALUES)
    h = x * 2
    y = h * h + exp(h)
    h.retain_grad()
    h.register_hook(lambda g: seen.append(("h", g)))
    h.register_hook(lambda g: g * 3 + 1)
    x.register_hook(lambda g: seen.append(("x", g)))
    gone = y.register_hook(lambda g: g * 0)
    y.register_hook(lambda g: seen.append(("y", g)))
    gone.remove()
    y.sum().backward()
    return x, h, seen


def test_the_same_calls_with_the_same_gradients() -> None:
    x, h, seen = program(lambda v: Tensor(v, requires_grad=True), np.exp)
    tx, th, told = program(lambda v: torch.tensor(v, requires_grad=True), torch.exp)
    assert [name for name, _ in seen] == [name for name, _ in told]
    for (_, g), (_, tg) in zip(seen, told, strict=True):
        np.testing.assert_allclose(g, tg.numpy())
    np.testing.assert_allclose(x.grad, tx.grad.numpy())
    np.testing.assert_allclose(h.grad, th.grad.numpy())


def test_gradients_are_those_after_the_hooks() -> None:
    found = []
    for make, grad in (
        (lambda v: Tensor(v, requires_grad=True), gradients),
        (lambda v: torch.tensor(v, requires_grad=True), torch.autograd.grad),
    ):
        x = make(VALUES)
        y = x * x
        x.register_hook(lambda g: g + 1)
        y.register_hook(lambda g: g * 5)
        # One at a time: given both, PyTorch returns that of y as it was before the hook.
        found.append([np.asarray(grad((y * y).sum(), [t], retain_graph=True)[0]) for t in (x, y)])
    np.testing.assert_allclose(found[0], found[1])


def test_unused_inputs() -> None:
    x, y = (Tensor(v, requires_grad=True) for v in VALUES[:2])
    tx, ty = (torch.tensor(v, requires_grad=True) for v in VALUES[:2])
    kept = {"only_inputs": True, "allow_unused": True}
    assert gradients(x * x, [x, y], **kept)[1] is None
    assert torch.autograd.grad(tx * tx, [tx, ty], **kept)[1] is None
    for no in (False, None):
        with pytest.raises(RuntimeError, match="allow_unused=True"):
            torch.autograd.grad(tx * tx, [tx, ty], allow_unused=no)
        with pytest.raises(UntrackedError, match="allow_unused=True"):
            gradients(x * x, [x, y], allow_unused=no)
