"""Random programs against plain arrays and finite differences; and the faults they find."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from fuzz import STEPS, Program, generate, ours, printed, search, steps

import nn.functional as F
from autograd import Tensor, gradients, no_grad, op

SEEDS = range(100)


def test_programs() -> None:
    report = search(SEEDS)
    assert not report.found, "\n\n".join(printed(*found) for found in report.found)
    assert report.programs == len(SEEDS)


def test_programs_have_everything_in_them() -> None:
    made = [generate(seed) for seed in range(250)]
    assert {name for _, steps in made for name in steps} == set(STEPS)
    programs = [program for program, _ in made]
    assert {p.order for p in programs} == {1, 2, 3}
    assert {p.style for p in programs} == {"backward", "gradients"}
    assert any(p.refused for p in programs)
    assert {line.frozen for p in programs for line in p.lines} == {False, True}
    text = "\n".join(line.text for p in programs for line in (*p.leaves, *p.lines, *p.starts))
    for form in (
        ".T",
        "[::-1]",
        "[..., ::2]",
        "broadcast_to",
        ".real",
        "asfortranarray",
        "float32",
    ):
        assert form in text


def test_a_seed_is_a_program() -> None:
    assert generate(7) == generate(7)


# Faults on purpose: each must be found, and made small.


class But:
    """A module in which some functions are others."""

    def __init__(self, module: Any, **faulty: Any) -> None:
        self.module, self.faulty = module, faulty

    def __getattr__(self, name: str) -> Any:
        return self.faulty[name] if name in self.faulty else getattr(self.module, name)


@op
def slope_of_another(x):
    y = np.tanh(x)
    return y, lambda g: g * (1 - y)


@op
def value_slightly_off(x):
    return np.cos(x) * (1 + 1e-7), lambda g: -g * np.sin(x)


@op
def broadcast_gradient(x):
    return np.exp(x), lambda g: g * np.exp(np.max(x) + x * 0) if x.size else g


@op
def first_order_only(x):
    def closure(g: Any) -> Any:
        return g * np.cos(x.detach() if isinstance(x, Tensor) else x)

    return np.sin(x), closure


@op
def contiguous_gradient_assumed(x):
    def closure(g: Any) -> Any:
        if isinstance(g, Tensor):
            return -g
        return -np.ravel(g, "K").reshape(g.shape)

    return -x, closure


@op
def gradient_written_to(x):
    def closure(g: Any) -> Any:
        if isinstance(g, np.ndarray) and g.flags.writeable:
            g *= 1 / (1 + x**2)
            return g
        return g / (1 + x**2)

    return np.arctan(x), closure


def repeats_counted_once(x: Any, indices: Any, axis: int | None = None) -> Any:
    @op
    def take(x):
        def closure(g: Any) -> Any:
            out = np.zeros(x.shape, x.dtype)
            flat, at = out if axis is not None else out.reshape(-1), indices
            flat[(slice(None),) * (axis or 0) + (at,)] += g
            return out

        return np.take(x, indices, axis), closure

    return take(x)


def reduced_precision(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return np.mean(x, axis=axis, keepdims=keepdims).astype(np.float32)


def the_same_handle(x: Any) -> Any:
    return x if x.ndim == 1 else np.ravel(x)


def cropped(x: Any, shape: Any) -> Any:
    n = int(np.prod(np.abs(shape)))
    return np.reshape(x, -1)[:n].reshape(shape) if x.size > n else np.reshape(x, shape)


#: Functions with a fault, and the steps of the programs that look for it.
FAULTS: dict[str, tuple[Any, list[str]]] = {
    "tanh": (slope_of_another, ["unary", "binary", "reduction", "indexed"]),
    "cos": (value_slightly_off, ["unary", "binary", "reduction", "indexed"]),
    "exp": (broadcast_gradient, ["unary", "binary", "reduction", "indexed"]),
    "sin": (first_order_only, ["unary", "binary", "reduction"]),
    "negative": (contiguous_gradient_assumed, ["unary", "binary", "reshaped"]),
    "arctan": (gradient_written_to, ["unary", "binary"]),
    "take": (repeats_counted_once, ["large_gather", "binary", "indexed"]),
    "mean": (reduced_precision, ["reduction", "binary"]),
    "ravel": (the_same_handle, ["reshaped", "changed", "assigned"]),
    "reshape": (cropped, ["binary", "indexed"]),
}


@pytest.fixture
def faulty(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The name of a function with a fault, our world with it, and how to draw programs."""
    name = request.param
    fault, only = FAULTS[name]
    if name in steps.UNARY:
        monkeypatch.setattr(steps, "UNARY", {name: steps.UNARY[name]})
        monkeypatch.setattr(steps, "COMPLEX", ["square"])
    options = {"most": 1, "only": only, "length": 10}
    return name, ours(numpy=But(np, **{name: fault})), options


def small(report: Any) -> Program:
    assert report.found, f"not found in {report.programs} programs"
    program, mismatch = report.found[0]
    text = printed(program, mismatch)
    assert len(program.lines) <= 4, text
    assert str(program.seed) in text
    return program


@pytest.mark.slow
@pytest.mark.parametrize("faulty", FAULTS, indirect=True)
def test_a_fault_is_found(faulty: Any) -> None:
    name, world, options = faulty
    program = small(search(range(1000), world, **options))
    assert any(f"np.{name}" in x for x in (*program.refused, *(y.text for y in program.lines)))


def test_a_fault_of_a_layer_is_found() -> None:
    def another_axis(x: Any, axis: int) -> Any:
        return F.softmax(x, axis=0 if x.ndim == 3 else axis)

    world = ours(functional=But(F, softmax=another_axis))
    program = small(search(range(1000), world, most=1, only=["over_axis", "reshaped"]))
    assert any("F.softmax" in line.text for line in program.lines)


def test_writing_in_place_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def in_place(self: Tensor, other: Any) -> Tensor:
        result = self + other
        self._array[...] = result._array  # what closures hold changes with it
        self._node = result._node
        return self

    monkeypatch.setattr(Tensor, "__iadd__", in_place)
    program = small(search(range(1000), most=1, only=["unary", "binary", "changed"]))
    assert any("+=" in line.text for line in program.lines)


def test_what_is_printed_runs() -> None:
    world = ours(numpy=But(np, tanh=slope_of_another))
    (found,) = search(range(1000), world, most=1, only=["unary", "binary"]).found
    names: dict[str, Any] = {}
    exec(printed(*found), names)
    assert names["gradients"] is gradients
    assert names["no_grad"] is no_grad
