"""Tensor's methods: documented, declared for type checkers as they are, and ndarray's by value."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd
from autograd import Tensor
from autograd.ops.methods import ATTACHED

PUBLIC = [name for name in dir(Tensor) if not name.startswith("_")]
DECLARATIONS = Path(autograd.__file__).parent / "core" / "declarations.pyi"


def declared() -> dict[str, ast.FunctionDef]:
    """Each name that the class declares, also by `log = exp`, and the signature it is given."""
    (body,) = (
        node.body
        for node in ast.parse(DECLARATIONS.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef)
    )
    found: dict[str, ast.FunctionDef] = {}
    for node in body:
        if isinstance(node, ast.FunctionDef):
            found[node.name] = node
        elif isinstance(node, ast.Assign):
            assert isinstance(node.value, ast.Name)
            for target in node.targets:
                assert isinstance(target, ast.Name)
                found[target.id] = found[node.value.id]
    return found


DECLARED = declared()


@pytest.mark.parametrize("name", PUBLIC)
def test_it_has_a_docstring(name: str) -> None:
    assert (inspect.getattr_static(Tensor, name).__doc__ or "").strip()


def test_all_that_is_attached_is_declared_and_nothing_else() -> None:
    assert set(DECLARED) == set(ATTACHED)


@pytest.mark.parametrize("name", [n for n in ATTACHED if n in PUBLIC])
def test_the_declared_parameters_are_there_in_this_order(name: str) -> None:
    function = inspect.getattr_static(Tensor, name)
    if isinstance(function, property):
        assert [d.id for d in DECLARED[name].decorator_list if isinstance(d, ast.Name)] == [
            "property"
        ]
        return
    by_position, by_name, takes_any = [], [], False
    for p in inspect.signature(function).parameters.values():
        if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD):
            by_position.append(p.name)
        elif p.kind is p.KEYWORD_ONLY:
            by_name.append(p.name)
        elif p.kind is p.VAR_KEYWORD:
            takes_any = True
    said = DECLARED[name].args
    positional = [a.arg for a in (*said.posonlyargs, *said.args)]
    assert positional[1:] == by_position[1 : len(positional)]
    for a in said.kwonlyargs:
        assert takes_any or a.arg in by_name + by_position[len(positional) :]


X = np.array([[3.0, 1.0, 2.0], [0.5, 4.0, 6.0]])


@pytest.mark.parametrize(
    ("name", "args", "kwargs"),
    [
        ("all", (1,), {}), ("any", (0,), {}), ("argmax", (1,), {}), ("argmin", (0,), {}),
        ("argsort", (0,), {}), ("astype", (np.float32,), {}), ("astype", (int,), {}),
        ("clip", (1.0, 2.0), {}),
        ("compress", ([False, True],), {}), ("compress", ([False, True, True], 1), {}),
        ("compress", ([True, False, True, True],), {}), ("compress", (), {"condition": [True]}),
        ("conj", (), {}), ("conjugate", (), {}), ("copy", (), {}), ("cumprod", (1,), {}),
        ("cumsum", (0,), {}), ("diagonal", (1, 0, 1), {}), ("dot", ([1.0, 2.0, 3.0],), {}),
        ("flatten", ("F",), {}), ("max", (1,), {"keepdims": True}), ("mean", (0,), {}),
        ("min", (0,), {}), ("nonzero", (), {}), ("prod", (1,), {}), ("ravel", ("F",), {}),
        ("repeat", (2, 1), {}), ("reshape", (3, 2), {}), ("reshape", ((3, -1),), {"order": "F"}),
        ("round", (1,), {}), ("squeeze", (), {}), ("std", (0,), {"ddof": 1}), ("sum", (1,), {}),
        ("swapaxes", (0, 1), {}), ("take", ([2, 0], 1), {}), ("trace", (1, 0, 1), {}),
        ("transpose", (1, 0), {}), ("transpose", ((1, 0),), {}), ("var", (1,), {"keepdims": True}),
    ],
)  # fmt: skip
def test_it_computes_what_the_arrays_method_does(name: str, args: Any, kwargs: Any) -> None:
    got = getattr(Tensor(X, requires_grad=True), name)(*args, **kwargs)
    expected = getattr(X, name)(*args, **kwargs)
    got = got.detach().numpy() if isinstance(got, Tensor) else got
    np.testing.assert_array_equal(got, expected)
    assert np.result_type(*np.atleast_1d(got)) == np.result_type(*np.atleast_1d(expected))


def test_compress_passes_the_gradient_to_what_it_picks() -> None:
    x = Tensor(X, requires_grad=True)
    x.compress([False, True, True], axis=1).sum().backward()
    np.testing.assert_array_equal(x.grad, [[0, 1, 1], [0, 1, 1]])
