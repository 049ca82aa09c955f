"""Containers: names in the state, what lists and dicts can do, refusals."""

from __future__ import annotations

import copy
import pickle
from collections import OrderedDict
from typing import Any

import numpy as np
import pytest

import nn
from autograd import Tensor


def linears(*sizes: int) -> list[nn.Module]:
    return [nn.Linear(n, n, bias=False) for n in sizes]


def names(module: nn.Module) -> list[str]:
    return list(module.state_dict())


@pytest.mark.parametrize("kind", [nn.Sequential, nn.ModuleList])
def test_a_list_of_modules(kind: Any) -> None:
    a, b, c, d, e = linears(1, 2, 3, 4, 5)
    items = kind(a, b) if kind is nn.Sequential else kind([a, b])
    assert items.append(c) is items
    assert items.extend([d]) is items
    items += [e]
    assert list(items) == [a, b, c, d, e]
    assert names(items) == [f"{i}.weight" for i in range(5)]
    assert (len(items), items[0], items[-1], b in items) == (5, a, e, True)
    assert items.pop() is e
    assert items.pop(0) is a
    assert names(items) == ["0.weight", "1.weight", "2.weight"]
    assert items.insert(1, a) is items
    assert list(items) == [b, a, c, d]
    del items[1:3]
    assert list(items) == [b, d]
    items[-1] = e
    assert list(items) == [b, e]
    assert items.get_submodule("1") is e
    assert list(items + nn.ModuleList([a])) == [b, e, a]
    assert list(items) == [b, e]
    del items[0]
    assert list(items) == [e]
    for other in (copy.deepcopy(items), pickle.loads(pickle.dumps(items))):
        np.testing.assert_array_equal(other[0].weight.data, e.weight.data)


def test_the_same_module_may_stand_twice() -> None:
    a = nn.ReLU()
    assert list(nn.Sequential(a, nn.Tanh(), a))[2] is a
    assert len(nn.ModuleList([a, a])) == 2


def test_slices_of_sequential_keep_their_names() -> None:
    net = nn.Sequential(*linears(1, 1, 1, 1))
    part = net[2:]
    assert isinstance(part, nn.Sequential)
    assert names(part) == ["2.weight", "3.weight"]
    assert part[0] is net[2]
    assert len(part.append(nn.ReLU()).append(nn.ReLU())) == 4  # takes no name that is taken
    assert names(nn.ModuleList(linears(1, 1, 1))[1:]) == ["0.weight", "1.weight"]


def test_sequential_of_names() -> None:
    a, b = linears(3, 3)
    net = nn.Sequential(OrderedDict([("first", a), ("act", nn.ReLU()), ("last", b)]))
    assert names(net) == ["first.weight", "last.weight"]
    assert net.first is net[0] is a
    assert names(net[:2]) == ["first.weight"]
    x = np.ones((2, 3), np.float32)
    np.testing.assert_array_equal(net(x).data, np.maximum(x @ a.weight.data.T, 0) @ b.weight.data.T)
    net.extra = nn.Tanh()  # one more step
    assert len(net) == 4


def test_a_dict_of_modules() -> None:
    a, b, c = linears(1, 2, 3)
    items = nn.ModuleDict({"a": a, "b": b})
    items["c"] = c
    assert (len(items), list(items), "b" in items, items["b"]) == (3, ["a", "b", "c"], True, b)
    assert list(items.items()) == [("a", a), ("b", b), ("c", c)]
    assert names(items) == ["a.weight", "b.weight", "c.weight"]
    assert items.pop("a") is a
    assert items.get("a") is None
    items.update([("a", a)])
    assert items.popitem() == ("a", a)
    items["b"] = a
    assert list(items.values()) == [a, c]
    del items["b"]
    with pytest.raises(KeyError):
        _ = items["b"]
    items.clear()
    assert len(items) == 0
    assert {items: 1}[items] == 1
    assert items != nn.ModuleDict()  # each is itself, as all modules are


def test_parameters() -> None:
    p = nn.Parameter([1.0, 2.0])
    plain = nn.ParameterList([p, np.zeros(3), Tensor([1.0], requires_grad=True) * 2])
    assert names(plain) == ["0", "1", "2"]
    assert plain[0] is p
    assert all(isinstance(x, nn.Parameter) and x.requires_grad for x in plain)
    plain.append(p)
    plain[1] = np.ones(2)
    assert [x.tolist() for x in plain] == [[1, 2], [1, 1], [2], [1, 2]]
    assert len(list(plain.parameters())) == 3
    assert [x.tolist() for x in plain[1:3]] == [[1, 1], [2]]

    named = nn.ParameterDict({"scale": p})
    named["shift"] = np.zeros(2)
    assert names(named) == ["scale", "shift"]
    assert named.scale is named["scale"] is p
    assert repr(nn.ParameterList([p])) == (
        "ParameterList(                         2 parameters\n"
        "  (0): Parameter of shape (2,)         2\n)"
    ).replace("         2", "   2")


def test_inside_a_module() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            self.blocks = nn.ModuleList(nn.ModuleDict({"x": m}) for m in linears(2, 2))
            self.scales = nn.ParameterDict({"s": nn.Parameter([1.0])})

    assert names(Net()) == ["blocks.0.x.weight", "blocks.1.x.weight", "scales.s"]
    assert not Net().eval().blocks[1]["x"].training


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: nn.ModuleList([nn.ReLU]), TypeError, r"ModuleList: argument 0 is the class ReLU"),
        (lambda: nn.ModuleList([np.tanh]), TypeError, "the function tanh; use a layer"),
        (lambda: nn.Sequential({"a": 3}), TypeError, "Sequential: 'a' is of type int; expected"),
        (lambda: nn.Sequential({"a.b": nn.ReLU()}), ValueError, "'a.b': expected a name that is"),
        (lambda: nn.ModuleDict({"keys": nn.ReLU()}), ValueError, "'keys': the class has an attr"),
        (lambda: nn.ModuleDict({1: nn.ReLU()}), ValueError, "module 1: expected a name that is"),
        (lambda: nn.ParameterList([3]), TypeError, "ParameterList: argument 0 is of type int"),
        (lambda: nn.ParameterDict({"a": None}), TypeError, "expected a Parameter, Tensor or array"),
        (lambda: nn.ModuleList([nn.ReLU()])[1], IndexError, "got index 1, but it has 1 items"),
        (lambda: nn.ModuleList()(3), NotImplementedError, "ModuleList only holds its items"),
    ],
)
def test_refusals(make: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        make()


def test_a_refused_item_changes_nothing() -> None:
    items = nn.ModuleList(linears(1, 2))
    before = list(items)
    with pytest.raises(TypeError):
        items.insert(0, 3)
    assert list(items) == before


def test_a_refused_insert_changes_nothing() -> None:
    model = nn.Sequential({"a": nn.ReLU(), "b": nn.Tanh()})
    with pytest.raises(TypeError, match="expected a Module"):
        model.insert(1, 3)
    assert [name for name, _ in model.named_children()] == ["a", "b"]
