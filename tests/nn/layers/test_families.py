"""What is written once for n axes: its three names, and which data they and the layers take."""

from __future__ import annotations

import inspect
import pickle
from typing import Any

import numpy as np
import pytest

import nn
import nn.functional as F
from nn.layers.families import image_shapes, per_axes

FAMILIES = [
    "conv",
    "conv_transpose",
    "max_pool",
    "avg_pool",
    "lp_pool",
    "adaptive_avg_pool",
    "adaptive_max_pool",
    "max_unpool",
    "dropout",
]


def _power_nd(n: int, x: Any, offset: float = 0.0, *, times: int = 1) -> Any:
    """The n-th power."""
    return (x + offset) ** n * times


def test_one_function_under_three_names() -> None:
    functions = per_axes(_power_nd)
    assert [f.__name__ for f in functions] == ["power1d", "power2d", "power3d"]
    for n, f in enumerate(functions, 1):
        assert (f.__qualname__, f.__module__) == (f"power{n}d", __name__)
        assert inspect.getdoc(f) == "The n-th power."
        assert "** n * times" in inspect.getsource(f)  # what IPython shows for f??
        assert f.__annotations__ == {"x": "Any", "offset": "float", "times": "int", "return": "Any"}
        parameters = inspect.signature(f).parameters
        assert str(inspect.signature(f)) == "(x: 'Any', offset: 'float' = 0.0, *, times: 'int' = 1) -> 'Any'"  # fmt: skip  # noqa: E501
        assert list(parameters) == ["x", "offset", "times"]
        assert f([2.0], 1.0, times=2).tolist() == [2 * 3.0**n]  # type: ignore[attr-defined]
        assert f(x=np.array(2.0)) == 2.0**n
        with pytest.raises(TypeError, match=f"power{n}d: got None for x"):
            f(None)
    assert next(iter(inspect.signature(_power_nd).parameters)) == "n"  # as it was


@pytest.mark.parametrize("family", FAMILIES)
def test_the_families_of_functional(family: str) -> None:
    functions = [getattr(F, f"{family}{n}d") for n in (1, 2, 3)]
    for n, f in enumerate(functions, 1):
        assert f.__name__ == f.__qualname__ == f"{family}{n}d"
        assert f.__module__ == "nn.functional"
        assert pickle.loads(pickle.dumps(f)) is f
        assert "n" not in inspect.signature(f).parameters
        assert "\nx\n" in inspect.getdoc(f) or family == "adaptive_max_pool"
    assert len({inspect.signature(f) for f in functions}) == 1
    assert len({*functions}) == 3


def test_the_shapes_of_an_error() -> None:
    assert image_shapes(1) == "(batch, channels, length) or (channels, length)"
    assert image_shapes(2, 3) == "(batch, 3, height, width) or (3, height, width)"
    assert image_shapes(3, 1).endswith("or (1, depth, height, width)")


# What a layer without weights is given, its function takes or refuses.

POOLS: dict[str, tuple[Any, ...]] = {
    "MaxPool": (2,),
    "AvgPool": (2,),
    "LPPool": (2, 2),
    "AdaptiveAvgPool": (2,),
    "AdaptiveMaxPool": (2,),
}
FUNCTIONS = dict(zip(POOLS, ["max_pool", "avg_pool", "lp_pool", "adaptive_avg_pool", "adaptive_max_pool"], strict=True))  # fmt: skip  # noqa: E501


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("name", POOLS)
def test_a_layer_takes_what_its_function_takes(name: str, n: int) -> None:
    args = POOLS[name]
    layer, function = getattr(nn, f"{name}{n}d")(*args), getattr(F, f"{FUNCTIONS[name]}{n}d")
    x = np.random.default_rng(n).standard_normal((2, *(4,) * n))
    np.testing.assert_array_equal(layer(x.tolist()), function(x, *args))
    wrong: list[Any] = [
        None,
        {},
        "x",
        [[1.0], [1.0, 2.0]],
        x > 0,
        x + 1j,
        x[(0,) * n],
        x[None, None],
    ]
    if "Max" not in name:
        wrong.append(x.astype(int))
    for y in wrong:
        with pytest.raises((TypeError, ValueError), match=f"^{function.__name__}: got ") as mine:
            layer(y)
        with pytest.raises((TypeError, ValueError)) as its:
            function(y, *args)
        assert str(mine.value) == str(its.value)
        assert ", expected " in str(its.value)
