"""Every keyword of every NumPy function that Tensors answer, held against NumPy itself.

The calls are made up: for each function the arguments out of a pool that NumPy takes, and with them
every keyword of its signature, with every value of a pool. The same call with Tensors in place of
the arrays gives the same values in the same dtype, or is refused by name; and what NumPy refuses is
refused. So with lists in place of all arrays but one.
"""

from __future__ import annotations

import copy
import inspect
import itertools
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from tables.numpy_functions import Entry, entries

from autograd import ArrayLikeError, NoGradientRuleError, Tensor
from autograd.errors import AutogradError

# ruff: noqa: E501 - the tables are to be read by the eye

rng = np.random.default_rng(5)
V, W = rng.uniform(0.2, 0.9, 3), rng.uniform(0.2, 0.9, 3)
M, N = rng.uniform(0.2, 0.9, (2, 3)), rng.uniform(0.2, 0.9, (2, 3))
S = np.array([[2.0, 0.5], [0.5, 3.0]])
ZERO_D, EMPTY, CUBE = np.array(0.7), np.zeros((0, 3)), rng.uniform(0.2, 0.9, (2, 2, 3))
F4, C16, INT, B = M.astype("f4"), M + 0.5j * N, np.array([[3, 1, 2], [0, 5, 4]]), M > 0.5
MASK = np.array([True, False, True])

ARGUMENTS: list[tuple[Any, ...]] = [
    (V,), (M,), (S,), (ZERO_D,), (EMPTY,), (CUBE,), (F4,), (C16,), (INT,), (B,),
    (V, W), (M, N), (M, W), (S, S), (S, S[0]), (ZERO_D, W), (M, ZERO_D), (INT, INT), (B, B), (C16, N), (INT, M),
    (M, N.T), (F4, M), (V, 2.0), (2.0, V), (V, 2), (M, 1), (M, 0), (ZERO_D, 0), (ZERO_D, 2.0), (B, 1),
    (M, [0, 1]), (V, [0, 2]), ([M, N],), ([V, W],), ([ZERO_D, ZERO_D],), ((M, N), 0), ([B, B],), ([INT, M],),
    (MASK, V, W), (M > 0.5, M, N), (M > 0.5, M), (MASK, V), ([MASK, ~MASK], [V, W]),
    (V, np.array([0.0, 1.0]), W[:2]), (V, 0.3, 0.6), (V, [0.1, 0.5], 0.6), (M, INT[:, :2] % 3, 1), (M, 0, 1),
    (M, (3, 2)), (V, (2, 3)), (M, -1), (M, (1, 0)), (V, 0), (V, 1, 2.0), (M, 1, V[:2, None]), (V, 3, 9.0),
    ("ij,ij->i", M, N), ("ij->ji", M), (M, [0, 1], N, [0, 1], [0]), (INT[0], [V, W, V]), (INT[0], V), ([2, 0, 1], V),
    (np.sum, 0, M), (np.sum, M, [0]), (V, [V < 0.5], [np.sin, 0.0]), (S, 2), (S, None), (V, V, W), ([M, N.T],),
    (CUBE, 2), (V, np.array([1, 2, 4])), (ZERO_D, ZERO_D), ([0], ZERO_D), ([True], ZERO_D), (V[:2], W[:2], 5), (V, M),
]  # fmt: skip

VALUES: dict[str, list[Any]] = {
    "axis": [0, 1, -1, None, (0,), (0, 1), (), 5],
    "axes": [0, 1, (1, 0), [(0,), (0,), ()], [(0,), (0,)], [(-2, -1), (-2, -1), (-2, -1)], None],
    "dtype": ["f4", "f8", "c16", "i8", None],
    "keepdims": [True, False],
    "where": [True, MASK, B, False],
    "initial": [0.5, 1],
    "casting": ["same_kind", "unsafe", "no"],
    "order": ["C", "F", "K"],
    "subok": [True, False],
    "ddof": [0, 1, 0.5], "correction": [0, 1], "mean": [0.5],
    "mode": ["full", "same", "valid", "raise", "wrap", "clip", "constant", "edge", "mean", "linear_ramp", "reduced", "r"],
    "method": ["linear", "nearest", "lower", "median_unbiased"], "q": [0.25, [0.1, 0.5]],
    "weights": [V, M, [1, 2, 3]], "returned": [True], "stat_length": [1, None], "end_values": [0, 1],
    "constant_values": [0, 2.0], "reflect_type": ["even", "odd"], "prepend": [0.5], "append": [0.5],
    "ord": [None, 1, 2, 3, np.inf, -np.inf, 0, "fro", "nuc"], "p": [None, 1, 2, -2, np.inf, "fro"],
    "norm": [None, "ortho", "forward", "backward"], "s": [(2, 2), None], "n": [0, 1, 2, 4], "num": [4, 0],
    "UPLO": ["L", "U"], "indexing": ["ij", "xy"], "a_min": [0.3], "a_max": [0.6], "min": [0.3, None], "max": [0.6, None],
    "stable": [True], "kind": ["stable"], "decimals": [1, 0], "left": [0.0], "right": [1.0, True, False],
    "shape": [(2, 3)], "fill_value": [1.5], "full_matrices": [False, True], "compute_uv": [False, True], "hermitian": [True, False],
    "N": [2, None], "M": [2], "bins": [4, [0.0, 0.5, 1.0]], "range": [(0.0, 1.0)], "density": [True], "minlength": [8],
    "edge_order": [1, 2], "to_end": [1.0], "to_begin": [1.0], "period": [0.4], "shift": [1, -1], "k": [0, 1, -1],
    "offset": [0, 1], "wrap": [True], "rowvar": [False], "bias": [True], "fweights": [[1, 2, 3]], "aweights": [[1.0, 2, 3]],
    "endpoint": [False], "retstep": [True], "base": [2.0, V, M], "optimize": [True, False, "greedy"], "device": ["cpu", None],
    "include_initial": [True, False], "increasing": [True], "nan": [0.5], "posinf": [9.0], "copy": [True, False],
    "sparse": [True], "overwrite_input": [False, True], "interpolation": ["linear"], "rcond": [None, 1e-9], "rtol": [1e-9, None],
    "to": ["f4"], "default": [7.0], "deg": [True], "spacing": [1], "dx": [0.5], "x": [V], "discont": [None, 3.0],
}  # fmt: skip
ANY = [None, 0, 1, True, "x"]
UFUNC_KEYWORDS = ["out", "where", "casting", "order", "dtype", "subok"]

#: Where we give more, or less, than NumPy, on purpose.
DIFFERS = {
    "np.empty_like": "what is in it is nobody's",
    "np.shares_memory": "a Tensor is a copy",
    "np.may_share_memory": "a Tensor is a copy",
    "np.copyto": "NumPy asks nothing of the mask when both are one array",
    "np.clip": "one bound is enough, as in the method",
    "np.cross": "vectors of length 2 are deprecated in NumPy",
    "np.interp": "the points of the pool are not in order",
    "np.linalg.multi_dot": "NumPy takes two numbers, by an oversight",
    "np.array_repr": "the width of a line as an array means nothing",
    ("np.cov", "y"): "NumPy does not look at y where the first is empty",
    ("np.corrcoef", "y"): "NumPy does not look at y where the first is empty",
    ("np.fft.fft2", "out"): "NumPy needs it for steps of another shape",
    ("np.fft.rfft2", "out"): "NumPy needs it for steps of another shape",
    ("np.linalg.norm", 0.3): "an axis of 0.6",
    ("np.cov", "dtype"): "NumPy forgets it where there is nothing",
    ("np.corrcoef", "dtype"): "NumPy forgets it where there is nothing",
}


def keywords(function: Any) -> list[str]:
    if isinstance(function, np.ufunc):
        return UFUNC_KEYWORDS + ["axes", "axis", "keepdims"] * bool(function.signature)
    try:
        parameters = inspect.signature(function).parameters.values()
    except ValueError:  # written in C, before NumPy 2.4
        return []
    return [p.name for p in parameters if p.kind in (p.KEYWORD_ONLY, p.POSITIONAL_OR_KEYWORD)]


def attempt(function: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """What a call gives, or the error it raises."""
    args, kwargs = copy.deepcopy((args, kwargs))
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            return function(*args, **kwargs)
        except Exception as error:
            return error


def swapped(x: Any, change: Callable[[Any], Any]) -> Any:
    """`x` with `change` applied to its arrays."""
    if isinstance(x, np.ndarray):
        return change(x)
    return type(x)(swapped(y, change) for y in x) if isinstance(x, tuple | list) else x


def plain(x: Any) -> Any:
    """A result without Tensors."""
    if isinstance(x, Tensor):
        return x.detach().numpy()
    return [plain(y) for y in x] if isinstance(x, tuple | list) else x


def same(got: Any, expected: Any) -> bool:
    if isinstance(expected, tuple | list):
        return len(got) == len(expected) and all(map(same, got, expected))
    if expected is None or isinstance(expected, str | type | np.dtype):
        return bool(got == expected)
    g, e = np.asarray(got), np.asarray(expected)
    if e.dtype.kind not in "biufc":
        return bool(np.array_equal(g, e))
    return (
        g.shape == e.shape
        and g.dtype == e.dtype
        and np.allclose(
            g, e, rtol=1e-5 if e.dtype in (np.float32, np.complex64) else 1e-10, equal_nan=True
        )
    )


def faults(entry: Entry, args: Any, kwargs: dict[str, Any], how: str) -> Iterator[str]:
    """What is wrong with one call, with Tensors instead of arrays."""
    if how == "lists":
        first = iter([Tensor])
        ours_args = swapped(args, lambda a: next(first, np.ndarray.tolist)(a))
        first = iter([np.array])
        args = swapped(args, lambda a: next(first, np.ndarray.tolist)(a))
    else:
        ours_args = swapped(args, lambda a: Tensor(a, how == "leaves" and a.dtype.kind in "fc"))
    expected = attempt(entry.function, args, kwargs)
    got = attempt(entry.function, ours_args, kwargs)
    call = f"{entry.name}({', '.join([*map(repr, args), *(f'{k}={v!r}' for k, v in kwargs.items())])}) [{how}]"
    call = " ".join(call.split())
    if type(expected) is ZeroDivisionError:  # NumPy's average of nothing
        return
    if "expected whole numbers" in str(got):  # NumPy cuts the digits off lists of floats
        return
    if isinstance(expected, Exception):
        if not isinstance(got, Exception):
            yield f"{call}: NumPy raises {expected!r:.80}, ours gives {plain(got)!r:.60}"
    elif isinstance(got, AutogradError):
        named = str(got).startswith(("np.", f"{entry.function.__name__}:"))
        if type(got) in (NoGradientRuleError, ArrayLikeError) and not named:
            yield f"{call}: refused without its name: {got!r:.100}"
    elif isinstance(got, Exception):
        yield f"{call}: ours raises {got!r:.100}, NumPy gives {expected!r:.60}"
    elif not same(plain(got), expected):
        yield f"{call}: ours gives {plain(got)!r:.80}, NumPy {expected!r:.80}"


def calls(entry: Entry) -> Iterator[tuple[Any, dict[str, Any]]]:
    """Arguments that NumPy takes, by themselves and with each keyword."""
    bases = [
        args for args in ARGUMENTS if not isinstance(attempt(entry.function, args, {}), Exception)
    ]
    if getattr(entry.function, "signature", None):  # of vectors: no output by position
        bases = [args for args in bases if len(args) <= entry.function.nin]
    for args in bases:
        yield args, {}
    names = keywords(entry.function)
    for args, name in itertools.product(bases[:5], names):
        at = (
            list(inspect.signature(entry.function).parameters).index(name)
            if not isinstance(entry.function, np.ufunc)
            else 99
        )
        if at < len(args):
            continue  # given by position
        if name == "out":
            result = attempt(entry.function, args, {})
            if isinstance(result, np.ndarray | np.generic):
                yield args, {"out": np.zeros_like(result)}
                if isinstance(entry.function, np.ufunc):  # which stretches its result
                    yield args, {"out": np.zeros((2, *np.shape(result)), np.asarray(result).dtype)}
                yield args, {"out": None}
            continue
        for value in VALUES.get(name, ANY):
            if name == "where" and isinstance(entry.function, np.ufunc) and value is not True:
                result = attempt(entry.function, args, {})  # without out= NumPy fills in nothing
                if isinstance(result, np.ndarray | np.generic):
                    yield args, {name: value, "out": np.zeros_like(result)}
            else:
                yield args, {name: value}


ANSWERED = [
    e for e in entries() if e.status in ("differentiable", "plain") and e.name not in DIFFERS
]


@pytest.mark.slow
@pytest.mark.parametrize("entry", ANSWERED, ids=lambda e: e.name)
def test_every_keyword_of_numpys(entry: Entry) -> None:
    found = []
    tried = 0
    for args, kwargs in calls(entry):
        for how in ("tensors", "leaves", "lists"):
            tried += 1
            second = args[1] if len(args) > 1 and isinstance(args[1], float) else None
            if not any((entry.name, k) in DIFFERS for k in (*kwargs, second)):
                found += faults(entry, args, kwargs, how)
    assert not found, f"{len(found)} of {tried} calls:\n" + "\n".join(found[:40])
