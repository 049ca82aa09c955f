"""The rule of every op as a formula: each is computed, and compared with what the closure gave."""

from __future__ import annotations

import gc
import inspect
import types
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tables.layers import ROWS as LAYERS
from tables.layers import Layer, results
from tables.ops import ROWS as OPS
from tables.ops import Row

import autograd.ops.common
import nn
import nn.functional as F
from autograd import Tensor, default_dtype, op
from autograd.core.fit import unbroadcast
from autograd.core.results import Parts
from autograd.core.watch import Watcher
from autograd.explain import rule
from autograd.explain.rules import SEE_SOURCE, Rule, declared, numbers_in, rules

#: Rules in words: no expression of NumPy says them.
IN_WORDS = {
    "irfft", "einsum", "pinv", "lstsq", "cholesky", "qr", "eigh", "eig", "svd", "tensordot",
    "convolve", "repeat", "resize", "pad", "diagonal", "windows", "median", "nanmedian",
    "quantile", "nanquantile", "percentile", "nanpercentile", "sinc_derivative", "conv",
    "conv_transpose", "conv_weight", "unfold", "fold", "local_response", "gather", "scatter",
    "max_along", "loop", "fused_loop", "ctc",
}  # fmt: skip


def all_ops() -> list[Any]:
    """Every op of autograd and nn."""
    found = [
        f
        for f in gc.get_objects()
        if isinstance(f, types.FunctionType)
        and hasattr(f, "input_names")
        and not hasattr(getattr(f, "__wrapped__", None), "input_names")
        and inspect.unwrap(f).__code__.co_filename.startswith(
            autograd.__path__[0].rsplit("/", 1)[0]
        )
    ]
    return [f for f in found if "/tests/" not in inspect.unwrap(f).__code__.co_filename]


NAMES = {
    **{k: getattr(np.linalg, k) for k in np.linalg.__all__},
    **{k: getattr(np, k) for k in dir(np) if not k.startswith("_")},
    **{k: getattr(np.fft, k) for k in np.fft.__all__},
    **{k: getattr(F, k) for k in ("sigmoid", "softplus", "softmax", "erf")},
    **{k: getattr(autograd.ops.common, k) for k in ("expand", "conj")},
    **{k: getattr(autograd.ops.fft, k) for k in ("resized",)},
    **{k: getattr(autograd.ops.indexing, k) for k in ("scatter_add", "setitem")},
    "sliding_window_view": np.lib.stride_tricks.sliding_window_view,
    "range": range,
}


class Computed(Watcher):
    """Computes the formula of each closure that is called, and compares."""

    def __init__(self) -> None:
        super().__init__()
        self.values: dict[Any, tuple[Any, Any]] = {}
        self.seen: set[tuple[str, str]] = set()
        self.compared = 0

    def made(self, node: Any, inputs: Any, out: Any) -> None:
        self.values[node] = inputs, out

    def arrived(self, node: Any, position: int, incoming: Any, gradient: Any) -> None:
        if not hasattr(node.op, "input_names"):  # a result of several
            return
        names, g = node.op.input_names, incoming
        name = names[min(position, len(names) - 1)]
        found = rules(node.op)[name]
        assert str(found) != SEE_SOURCE, node.op.__name__
        self.seen.add((node.op.__name__, name))
        if not found.formula:
            return
        inputs, out = self.values[node]
        given = self.arguments(node, inputs)
        given |= {"g": g.whole if isinstance(g, Parts) else g, "i": position}
        given["out" if "y" in names else "y"] = out
        if self.is_noted_exception(node.op.__name__, inputs, given):
            return
        around = {**NAMES, **given}
        for key, text in found.where:
            around[key] = eval(text, around)
        with np.errstate(all="ignore"):
            got = np.asarray(eval(found.formula, around))
        like = np.shape(inputs[position])
        got, gradient = (
            unbroadcast(a, like) if np.shape(a) != like and np.ndim(a) >= len(like) else a
            for a in (got, np.asarray(gradient))
        )
        got, gradient = np.broadcast_arrays(got, gradient)
        where = np.isfinite(got) | np.isfinite(gradient) & (got == 0)
        note = f"{node.op.__name__} by {name}: {found}"
        if inputs[position].dtype.kind != "c":
            got, gradient = np.real(got), np.real(gradient)
        np.testing.assert_allclose(got[where], gradient[where], rtol=1e-6, atol=1e-8, err_msg=note)
        self.compared += bool(where.any())

    @staticmethod
    def arguments(node: Any, inputs: tuple[Any, ...]) -> dict[str, Any]:
        args, kwargs = node.config
        parameters = inspect.signature(inspect.unwrap(node.op)).parameters
        given = {k: p.default for k, p in parameters.items()}
        if node.op.inputs is None:
            given[node.op.input_names[0]] = inputs
        else:
            given |= dict(zip(parameters, (*inputs, *args), strict=False))
        return given | kwargs

    @staticmethod
    def is_noted_exception(name: str, inputs: Any, given: dict[str, Any]) -> bool:
        """Where a formula has a note that says what else is done."""
        if name in ("matmul", "linear"):  # vectors; leading axes
            return any(np.ndim(x) != 2 for x in inputs[:2])
        if name == "transpose":
            return not np.size(given["axes"]) or given["axes"] is None or np.min(given["axes"]) < 0
        if name in ("sum", "mean", "prod", "var"):
            return given["where"] is not True or given.get("of", np.var) is not np.var
        if name in ("fmax", "fmin"):
            return any(np.isnan(x).any() for x in inputs)
        if name == "normalize":
            return not given["centre"]
        if name == "attend":
            return given["kept"] is not None
        if name == "rows":
            return given["factor"] is not None
        if name == "softplus":
            return given["threshold"] < 20
        if name in ("reshape", "ravel"):
            return given["order"] != "C"
        if name in ("absolute", "slogdet"):
            return np.iscomplexobj(inputs[0])
        if name == "setitem":
            return not isinstance(given["index"], slice | int)
        return False


@pytest.mark.parametrize("row", OPS, ids=lambda row: row.name)
@settings(max_examples=4, deadline=None)
@given(data=st.data())
def test_formulas_of_ops(row: Row, data: Any) -> None:
    shapes, config = data.draw(row.shapes)
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    arrays = [row.domain(i)(rng.standard_normal(s)) for i, s in enumerate(shapes)]
    with Computed():
        out = row.call(*(Tensor(x, requires_grad=True) for x in arrays), **config)
        out.backward(rng.standard_normal(out.shape))


@pytest.mark.parametrize("row", [r for r in LAYERS if r.name[:11] != "Transformer"], ids=str)
def test_formulas_of_layers(row: Layer) -> None:
    nn.manual_seed(0)
    with default_dtype(np.float64):
        layer = getattr(nn, row.name)(*row.args, **row.kwargs).train(row.train)
    inputs = [
        Tensor(x, requires_grad=True) if np.asarray(x).dtype.kind == "f" and i not in row.fixed
        else x
        for i, x in enumerate(row.arrays())
    ]  # fmt: skip
    with Computed():
        outs = [y for y in results(layer(*inputs, **row.call)) if isinstance(y, Tensor)]
        if outs := [y for y in outs if y.requires_grad]:
            rng = np.random.default_rng(0)
            for y in outs:
                y.backward(rng.standard_normal(y.shape), retain_graph=True)


def test_every_op_has_a_rule_for_every_input_that_has_a_gradient() -> None:
    found = all_ops()
    assert len(found) > 180
    missing, words = [], set()
    for f in found:
        for name, r in rules(f).items():
            if str(r) in ("", SEE_SOURCE):
                missing.append((f.__name__, name))
            elif not r.formula:
                words.add(f.__name__)
    assert missing == [], "tell the rule in the op's docstring: see autograd/explain/rules.py"
    assert words == IN_WORDS, f"{len(words)} of {len(found)} ops have a rule in words"


# How rules are read


def test_of_numpys_functions() -> None:
    assert rule(np.tanh) == "g * (1 - y**2)"
    assert rule(np.exp) == rule(F.exp if hasattr(F, "exp") else np.exp) == "g * y"
    assert rule(np.matmul) == "x: g @ y.mT; y: x.mT @ g"
    assert rule(np.floor) == "0"
    assert rule(np.argmax) == "no gradient: the result is a plain array"
    assert rule(np.dot) == rule(F.linear) == "made of other ops"
    with pytest.raises(TypeError, match="print is no op"):
        rule(print)
    with pytest.raises(TypeError, match="is no op"):
        rule([1])


def test_of_an_op_of_ones_own() -> None:
    @op
    def cube(x):
        return x**3, lambda g: g * 3 * x**2

    @op
    def by_steps(x, rate=2.0):
        def slope(gradient):
            return gradient * rate

        z = x * rate
        return z, slope

    @op
    def chosen(x, y):
        side = 1 if x.ndim else 2
        h = side * y
        return x * h, lambda g: g * h, None

    @op
    def told(x):
        """Gradient: `g * s`, where `s = x + 1`; not at 0."""
        return x, np.positive

    @op
    def looping(x):
        s = 0
        for _ in range(3):
            s = s + x
        return s, lambda g: g * 3 + 0 * s

    @op
    def hidden(x):
        s = x
        for _ in range(3):
            s = s + x
        return x, lambda g: g * s

    assert rule(cube) == "g * 3 * x**2"
    assert rule(by_steps) == "g * rate"
    assert rule(chosen) == "x: g * (1 if x.ndim else 2) * y"
    assert rule(told) == "g * s where s = x + 1"
    assert rules(told)["x"].note == "not at 0"
    assert rule(looping) == "g * 3 + 0 * y"
    assert rule(hidden) == SEE_SOURCE
    assert rule(op(lambda x: (2 * x, lambda g: 2 * g))) == "2 * g"
    space: dict[str, Any] = {"op": op}
    exec("@op\ndef f(x):\n    return x, lambda g: g", space)
    assert rule(space["f"]) == SEE_SOURCE


def test_told_rules() -> None:
    doc = """One.

    Gradient by x: `g * y`.
    Gradient by y: the sum of g, and
    so on.

    Parameters
    """
    assert declared(doc) == {"x": Rule("g * y"), "y": Rule("", note="the sum of g, and so on")}


def test_numbers_in_a_formula() -> None:
    assert numbers_in("g * (1 - y**2)", {"g": 2.0, "y": -0.5}) == "2 * (1 - (\N{MINUS SIGN}0.5)**2)"
    assert numbers_in("g * exp(x)", {"g": 1, "x": 0.25}) == "1 * exp(0.25)"
    assert numbers_in("g * y", {"g": 1}) == ""
    assert numbers_in("g.sum()", {"g": 1}) == ""
    assert numbers_in("to all", {"g": 1}) == ""


def test_formulas_that_no_row_reaches() -> None:
    rng = np.random.default_rng(0)
    x, y, z = (Tensor(rng.standard_normal((3, 4)), requires_grad=True) for _ in "xyz")
    calls = {
        ("erf", "x"): lambda: F.erf(x),
        ("logsumexp", "x"): lambda: F.logsumexp(x, axis=1),
        ("fftshift", "x"): lambda: np.fft.fftshift(x, 1),
        ("fmin", "y"): lambda: np.fmin(x, y),
        ("resized", "x"): lambda: autograd.ops.fft.resized(x, 6, 1),
        ("attend", "mask"): lambda: F.scaled_dot_product_attention(x, y, z, attn_mask=x @ y.T),
    }
    for key, call in calls.items():
        with Computed() as found:
            out = call()
            out.backward(rng.standard_normal(out.shape))
        assert key in found.seen
        assert found.compared


def test_a_wrong_formula_is_found() -> None:
    @op
    def wrong(x):
        """Gradient: `g * x`."""
        return np.sin(x), lambda g: g * np.cos(x)

    x = Tensor([0.5], requires_grad=True)
    with Computed(), pytest.raises(AssertionError, match=r"wrong by x: g \* x"):
        wrong(x).sum().backward()
