"""Names: the user's come first, then those of modules, then of variables."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

import nn
from autograd import Tensor, explain
from autograd.explain import names


def labels(story: explain.Story) -> list[str]:
    return [v.label for v in story.graph.values]


def test_a_name_is_given_and_returned() -> None:
    x = Tensor([1.0], requires_grad=True)
    y = explain.name(x, "input")
    assert y is x
    with explain.watch() as story:
        explain.name(np.exp(x), "e").sum()
    assert labels(story) == ["input", "e", "sum"]
    assert [v.named_by for v in story.graph.values] == ["user", "user", ""]


def test_several_at_once_and_arrays_too() -> None:
    a, b, c = Tensor([1.0], requires_grad=True), Tensor([2.0]), np.array([3.0])
    s, d = Tensor(4.0), Tensor(5.0, requires_grad=True)
    assert explain.name(A=a, B=b, C=c, S=s, D=d) is None
    with explain.watch() as story:
        a * b + c * a + s * d
    assert {v.name for v in story.graph.values if v.kind != "result"} == {*"ABCSD"}


def test_a_name_lives_no_longer_than_its_value() -> None:
    gc.collect()
    before = len(names._of_nodes), len(names._of_arrays)
    x, y = Tensor([1.0], requires_grad=True), np.ones(3)
    explain.name(x=x, y=y)
    refs = weakref.ref(x), weakref.ref(y)
    del x, y
    assert [ref() for ref in refs] == [None, None]
    assert (len(names._of_nodes), len(names._of_arrays)) == before


def test_the_users_name_beats_the_modules_and_that_the_variables() -> None:
    model = nn.Linear(2, 2)
    weight, bias = model.weight, model.bias
    explain.name(bias, "b")
    x = np.ones((1, 2), np.float32)
    with explain.watch() as story:
        out = model(x)
    assert out.requires_grad
    assert labels(story) == ["x", "weight", "b", "out"]
    by = {v.name: v.named_by for v in story.graph.values}
    assert by == {"x": "variable", "weight": "module", "b": "user", "out": "variable"}
    assert weight.requires_grad


def test_a_variable_that_stood_for_several_values_names_the_last_alone() -> None:
    x = Tensor([1.0], requires_grad=True)
    with explain.watch() as story:
        h = x
        for _ in range(3):
            h = np.tanh(h)
    assert labels(story)[1:] == ["tanh 1", "tanh 2", "h"]
    assert labels(story)[0] in ("x", "h")


def test_a_variable_of_a_function_names_its_value_if_there_is_one() -> None:
    def layer(x: Tensor) -> Tensor:
        inner = x * 2
        return np.exp(inner)

    x = Tensor([1.0], requires_grad=True)
    with explain.watch() as story:
        layer(x)
    assert labels(story) == ["x", "2", "inner", "exp"]
    with explain.watch() as story:
        layer(layer(x))
    assert "inner" not in labels(story)  # which of the two?


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: explain.name(3.0, "c"), "float"),
        (lambda: explain.name(np.ones(2), ""), "expected a text"),
        (lambda: explain.name(np.ones(2), 3), "expected a text"),
        (lambda: explain.name(np.ones(2), "x", y=np.ones(2)), "not both"),
    ],
)
def test_a_wrong_call_is_told(call, told: str) -> None:
    with pytest.raises(TypeError, match=told):
        call()
