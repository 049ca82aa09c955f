"""Containers: names in the state, what lists and dicts can do, refusals."""

from __future__ import annotations

import copy
import pickle
import sys
from collections import OrderedDict, deque
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

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


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(-6, 6)), max_size=40), st.booleans())
@example([(0, 0)] * 4 + [(7, 1), (3, 0)], False)
def test_whatever_is_done_to_a_list_it_counts_and_finds_its_items(steps: Any, named: bool) -> None:
    net = nn.Sequential({"a": nn.ReLU(), "1": nn.ReLU()}) if named else nn.Sequential()
    for step, at in steps:
        before, inside = list(net), -len(net) <= at < len(net)
        if step <= 1:
            net.append(nn.ReLU())
        elif step == 2:
            net.insert(at, nn.ReLU())
        elif step == 3 and inside:
            assert net.pop(at) is before.pop(at)
            assert list(net) == before
        elif step == 4:
            del net[at:]
        elif step == 5:
            net = net[at:]
        elif step == 6 and inside:
            net[at] = nn.ReLU()
        elif step == 7:
            setattr(net, str(abs(at)), None)  # keeps its place among the attributes
        elif step == 8:
            setattr(net, str(abs(at)), nn.ReLU())
        elif step == 9 and str(abs(at)) in vars(net):
            delattr(net, str(abs(at)))
        items = [x for x in vars(net).values() if isinstance(x, nn.Module)]
        assert list(net) == items
        assert len(net) == len(items)
        assert [net[i] for i in range(len(items))] == items
        assert [net[i - len(items)] for i in range(len(items))] == items


def work(task: Any, *args: Any) -> int:
    """How many instructions of Python it takes."""
    count = 0

    def trace(frame: Any, event: str, arg: Any) -> Any:
        nonlocal count
        frame.f_trace_opcodes = True
        count += event == "opcode"
        return trace

    old = sys.gettrace()
    sys.settrace(trace)
    try:
        task(*args)
    finally:
        sys.settrace(old)
    return count


def append_all(items: Any, new: Any) -> None:
    for x in new:
        items.append(x)


LONG: dict[str, Any] = {
    "ModuleList": lambda xs: (nn.ModuleList, xs),
    "Sequential": lambda xs: (lambda: nn.Sequential(*xs),),
    "ParameterList": lambda xs: (nn.ParameterList, [nn.Parameter(0.0) for _ in xs]),
    "ModuleDict": lambda xs: (nn.ModuleDict, enumerated(xs)),
    "append": lambda xs: (append_all, nn.ModuleList(), xs),
    "append to named ones": lambda xs: (append_all, nn.Sequential({"a": nn.ReLU()}), xs),
    "extend": lambda xs: (nn.ModuleList().extend, xs),
    "insert": lambda xs: (nn.ModuleList(xs).insert, 0, nn.ReLU()),
    "index": lambda xs: (lambda ys: [ys[i] for i in range(len(ys))], nn.ModuleList(xs)),
    "index after insert": lambda xs: (
        lambda ys: [ys[i] for i in range(len(ys))],
        nn.ModuleList(xs).insert(0, nn.ReLU()),
    ),
    "pop": lambda xs: (lambda ys: [ys.pop() for _ in xs], nn.ModuleList(xs)),
    "values": lambda xs: (lambda d: list(d.values()), nn.ModuleDict(enumerated(xs))),
    "clear": lambda xs: (nn.ModuleDict(enumerated(xs)).clear,),
    "state_dict": lambda xs: (nn.ParameterList(np.zeros(len(xs))).state_dict,),
    "parameters": lambda xs: (lambda p: list(p.parameters()), nn.ParameterList(np.zeros(len(xs)))),
}


def enumerated(items: Any) -> dict[str, Any]:
    return {f"x{i}": x for i, x in enumerate(items)}


@pytest.mark.parametrize("task", LONG)
def test_four_times_the_length_is_four_times_the_work(task: str) -> None:
    short, long = (work(*LONG[task]([nn.ReLU() for _ in range(n)])) for n in (100, 400))
    assert long < 4.5 * short


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


@pytest.mark.parametrize(
    "kind", [set, frozenset, deque, lambda x: dict.fromkeys(x).keys(), lambda x: {1: x[0]}.values()]
)
@pytest.mark.parametrize("item", [nn.ReLU(), nn.Parameter([1.0]), nn.Buffer([1.0])])
def test_what_is_not_searched_is_refused(kind: Any, item: Any) -> None:
    net = nn.Module()
    with pytest.raises(
        TypeError, match=r"Module.layers is a \w+ with a .* lists, tuples and dicts"
    ):
        net.layers = kind([item])
    assert not hasattr(net, "layers")
    net.layers = [kind([item])]
    with pytest.raises(TypeError, match=r"layers.0 is a \w+ with a"):
        net.state_dict()


def test_a_set_that_was_empty_is_refused_when_it_is_looked_through() -> None:
    net = nn.Module()
    net.layers, net.names = set(), {"a", "b"}
    assert list(net.parameters()) == []
    net.layers.add(nn.Linear(1, 1))
    with pytest.raises(TypeError, match="layers is a set with a Linear in it"):
        list(net.parameters())


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
