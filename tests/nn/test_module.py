"""Module: what it finds, saves, loads, refuses and prints."""

from __future__ import annotations

import copy
import inspect
import pickle
import textwrap
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
import nn.functional as F
from autograd import Tensor, default_dtype, no_grad

ROOT = Path(__file__).parents[2]


class Net(nn.Module):
    """Of everything something. No super().__init__() on purpose."""

    def __init__(self) -> None:
        self.first = nn.Linear(3, 4)
        self.layers = [nn.Linear(4, 4, bias=False), (nn.Tanh(), nn.Linear(4, 2))]
        self.heads = {"b": nn.Linear(2, 1), "a": {7: nn.Parameter([1.0, 2.0])}}
        self.scale = nn.Parameter(np.ones((2, 1)))
        self.mean = nn.Buffer(np.zeros(3, np.float32))
        self.tied = self.first
        self.notes = ["text", 1.0, np.ones(3), Tensor([1.0])]

    def forward(self, x: Any) -> Any:
        x = self.first(x)
        x = self.layers[1][1](self.layers[1][0](self.layers[0](x)))
        return self.heads["b"](x) * self.scale.sum()


NAMES = [
    "first.weight", "first.bias", "layers.0.weight", "layers.1.1.weight", "layers.1.1.bias",
    "heads.b.weight", "heads.b.bias", "heads.a.7", "scale",
]  # fmt: skip


def test_what_is_found_in_order_of_assignment() -> None:
    net = Net()
    assert [name for name, _ in net.named_parameters()] == NAMES
    assert [name for name, _ in net.named_buffers()] == ["mean"]
    tied = ["tied.weight", "tied.bias"]
    assert list(net.state_dict()) == [*NAMES, "mean", *tied]
    assert [name for name, _ in net.named_children()] == [
        "first", "layers.0", "layers.1.0", "layers.1.1", "heads.b"
    ]  # fmt: skip
    assert [name for name, _ in net.named_modules()] == [
        "", "first", "layers.0", "layers.1.0", "layers.1.1", "heads.b"
    ]  # fmt: skip
    assert [p.shape for p in net.parameters()] == [
        (4, 3), (4,), (4, 4), (2, 4), (2,), (1, 2), (1,), (2,), (2, 1)
    ]  # fmt: skip
    assert next(net.parameters()) is net.first.weight
    assert next(net.buffers()) is net.mean
    assert next(net.modules()) is net
    assert next(net.children()) is net.first
    assert net.num_parameters() == 12 + 4 + 16 + 8 + 2 + 2 + 1 + 2 + 2


def test_what_is_shared_counts_once() -> None:
    class Tied(nn.Module):
        def __init__(self) -> None:
            self.a = nn.Linear(3, 3, bias=False)
            self.b = nn.Linear(3, 3, bias=False)
            self.b.weight = self.a.weight
            self.both = [self.a, self.b]

    tied = Tied()
    assert [name for name, _ in tied.named_parameters()] == ["a.weight"]
    assert list(tied.state_dict()) == ["a.weight", "b.weight"]  # as in PyTorch; no "both.0.weight"
    assert tied.num_parameters() == 9
    assert len(list(tied.children())) == 2


def test_cycles_end() -> None:
    net, inner = nn.Module(), nn.Linear(2, 2)
    ring: list[Any] = [inner]
    ring.append(ring)
    net.ring, net.itself, inner.parent = ring, net, net
    assert [name for name, _ in net.named_parameters()] == ["ring.0.weight", "ring.0.bias"]
    assert len(list(net.modules())) == 2
    assert net.train().num_parameters() == 6
    assert "Module(...)" in repr(net)


@pytest.mark.parametrize(
    ("name", "value"),
    [("eval", True), ("train", False), ("children", []), ("modules", nn.ModuleList())],
)
def test_a_method_is_not_replaced_by_a_value(name: str, value: Any) -> None:
    net = nn.Dropout()
    with pytest.raises(TypeError, match=rf"Dropout\.{name} is a method, .*model\.eval\(\)"):
        setattr(net, name, value)
    assert callable(getattr(net, name))
    net.forward = lambda x: x  # type: ignore[method-assign]
    assert net(3) == 3
    net.forward = nn.ReLU()
    assert net(np.array(-3.0)) == 0


def test_requires_grad_of_a_module_is_not_an_attribute() -> None:
    net = nn.Linear(2, 3)
    with pytest.raises(TypeError, match=r"Linear\.requires_grad: .*requires_grad_\(False\)"):
        net.requires_grad = False  # it would freeze nothing

    class Own(nn.Module):
        requires_grad = True

    own = Own()
    own.requires_grad = False
    assert not own.requires_grad


def test_two_tensors_of_one_name_are_refused() -> None:
    net = nn.Module()
    net.items = {1: nn.Parameter(1.0), "1": nn.Parameter(2.0)}
    with pytest.raises(ValueError, match=r"'items\.1'"):
        net.state_dict()


# parameters and buffers


def test_parameter() -> None:
    p = nn.Parameter([1.0, 2.0])
    assert p.requires_grad
    assert p.is_leaf
    assert p.dtype == np.float32
    assert repr(p) == "Parameter([1., 2.], requires_grad=True)"
    assert not nn.Parameter([1.0], requires_grad=False).requires_grad
    assert nn.Parameter(Tensor([1.0, 2.0])).tolist() == [1, 2]
    with default_dtype("float64"):
        assert nn.Parameter([1.0]).dtype == nn.Linear(1, 1).weight.dtype == np.float64
    array = np.ones(2)
    q = nn.Parameter(array)
    array[0] = 5
    assert q.tolist() == [1, 1]
    assert type(p * 2) is Tensor
    assert not hasattr(p, "__dict__")


def test_buffer_is_saved_and_not_trained() -> None:
    net = nn.Module()
    net.mean, net.count = nn.Buffer([0.0, 0.0]), nn.Buffer(np.array(3))
    assert list(net.parameters()) == []
    assert not net.mean.requires_grad
    net.mean.data[...] = [1, 2]
    state = net.state_dict()
    assert state["mean"].tolist() == [1, 2]
    other = nn.Module()
    other.mean, other.count = nn.Buffer([0.0, 0.0]), nn.Buffer(np.array(0))
    other.load_state_dict(state)
    assert other.mean.tolist() == [1, 2]
    assert other.count.item() == 3
    assert not (other.mean * nn.Parameter(1.0)).is_leaf


# state


def test_state_is_a_copy() -> None:
    net = nn.Linear(2, 2)
    state = net.state_dict()
    state["weight"][...] = 7
    assert not (net.weight.data == 7).any()
    before = net.state_dict()["weight"]
    with no_grad():
        net.weight.data[...] = 5
    assert not (before == 5).any()


def test_load_copies_in_place_and_casts() -> None:
    net = nn.Linear(2, 2)
    weight = net.weight
    state = {"weight": np.arange(4.0).reshape(2, 2), "bias": Tensor([8.0, 9.0])}
    net.load_state_dict(state)
    assert net.weight is weight
    assert weight.dtype == np.float32
    assert weight.tolist() == [[0, 1], [2, 3]]
    assert net.bias.tolist() == [8, 9]
    state["weight"][...] = 100
    assert weight.tolist() == [[0, 1], [2, 3]]
    net.load_state_dict({"weight": np.ones((2, 2)), "else": np.ones(1)}, strict=False)
    assert weight.tolist() == [[1, 1], [1, 1]]


def test_load_lists_all_problems_and_loads_nothing() -> None:
    net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    net.count = nn.Buffer(np.array(3))
    before = net.state_dict()
    bad = {
        "0.weight": np.zeros((2, 2)),
        "0.bias": np.zeros(3),
        "1.weight": np.array([["a", "b"]]),
        "count": np.array(0.5),
        "2.weight": np.zeros(1),
    }
    with pytest.raises(ValueError, match="nothing was loaded") as caught:
        net.load_state_dict(bad)
    text = str(caught.value)
    for line in [
        "- 0.bias: shape (3,), expected (2,)",
        "- 1.bias: missing",
        "- 1.weight: dtype <U1, expected float32",
        "- 2.weight: not in this module",
        "- count: dtype float64, expected int64",
    ]:
        assert line in text
    assert text.count("\n- ") == 5
    with pytest.raises(ValueError, match=r"0\.bias"):
        net.load_state_dict(bad, strict=False)
    for name, array in net.state_dict().items():
        np.testing.assert_array_equal(array, before[name])


def test_copies_and_pickles_are_independent() -> None:
    net = Net()
    for other in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert [name for name, _ in other.named_parameters()] == NAMES
        assert other.tied is other.first
        other.first.weight.data[...] = 0
        assert net.first.weight.data.any()
        x = np.ones((2, 3), np.float32)
        other(x).sum().backward()
        assert net.first.weight.grad is None
        assert other.first.weight.grad is not None


# training


def test_train_and_eval_reach_every_module() -> None:
    net = Net()
    assert net.training
    assert net.eval() is net
    assert not any(module.training for module in net.modules())
    assert net.train() is net
    assert all(module.training for module in net.modules())
    net.first.eval()
    assert net.training
    assert not net.first.training


def test_zero_grad() -> None:
    net = Net()
    net.first.requires_grad_(False)
    net(np.ones((2, 3), np.float32)).sum().backward()
    assert net.scale.grad is not None
    net.zero_grad(set_to_none=False)
    assert net.scale.grad.tolist() == np.zeros(net.scale.shape).tolist()
    net.zero_grad()
    assert all(p.grad is None for p in net.parameters())


def test_freezing() -> None:
    net = Net()
    assert net.requires_grad_(False) is net
    assert not any(p.requires_grad for p in net.parameters())
    assert [name for name, _ in net.named_parameters()] == NAMES
    assert not net(np.ones((2, 3), np.float32)).requires_grad
    net.requires_grad_()
    assert all(p.requires_grad for p in net.parameters())


# refusals


def test_a_misspelt_attribute_is_an_error_that_helps() -> None:
    net = nn.Linear(2, 2)
    with pytest.raises(AttributeError, match=r"Linear has no attribute 'wieght'.*'weight'"):
        _ = net.wieght
    with pytest.raises(AttributeError, match=r"has no attribute 'xyzzy'$"):
        _ = net.xyzzy
    with pytest.raises(AttributeError, match=r"no attribute 'to'. Here: nothing to do.*astype"):
        net.to("cpu")
    assert not hasattr(net, "other")


def test_a_module_without_forward() -> None:
    class Unfinished(nn.Module):
        pass

    with pytest.raises(NotImplementedError, match="Unfinished"):
        Unfinished()(1)


def test_a_tensor_assigned_to_a_buffer_becomes_the_buffer() -> None:
    net = nn.Module()
    net.register_buffer("mean", np.zeros(3), persistent=False)
    net.mean = 0.5 * net.mean + Tensor(np.ones(3))
    assert [(name, type(x)) for name, x in net.named_buffers()] == [("mean", nn.Buffer)]
    assert net.mean.data.tolist() == [1, 1, 1]
    assert net.state_dict() == {}
    with pytest.raises(TypeError, match=r"Module\.mean is a Buffer, got Tensor"):
        net.mean = net.mean * Tensor(1.0, requires_grad=True)


def test_a_parameter_cannot_be_lost_by_assignment() -> None:
    net = Net()
    w = net.first.weight
    for value in (w * 2, np.zeros((4, 3)), 0.0):
        with pytest.raises(TypeError, match=r"Linear\.weight is a Parameter"):
            net.first.weight = value
    with pytest.raises(TypeError, match=r"Net\.mean is a Buffer"):
        net.mean = np.zeros(3)
    with pytest.raises(TypeError, match=r"nn.Parameter\(...\)"):
        net.new = Tensor([1.0], requires_grad=True)
    assert net.first.weight is w
    with no_grad():
        net.first.weight *= 0  # in place: the Parameter stays
    assert net.first.weight is w
    assert not w.data.any()
    net.first.weight = nn.Parameter(np.ones((4, 3)))
    net.first.bias = None
    del net.first.bias
    assert [name for name, _ in net.first.named_parameters()] == ["weight"]
    net.state = Tensor([1.0]) + w.sum()  # a value computed from parameters may be kept


# how it prints


def test_repr() -> None:
    class Block(nn.Module):
        def __init__(self) -> None:
            self.inner = nn.Sequential(nn.Linear(30, 40), nn.ReLU())
            self.scale = nn.Parameter(np.ones((2, 5)))
            self.mean = nn.Buffer(np.zeros(3))
            self.outer = [nn.Dropout(0.2), self.inner[0]]

    expected = """\
    Block(                                 1,250 parameters
      (inner): Sequential(                 1,240
        (0): Linear(30, 40)                1,240
        (1): ReLU()
      )
      (scale): Parameter of shape (2, 5)      10
      (mean): Buffer of shape (3,)
      (outer.0): Dropout(p=0.2)
      (outer.1): Linear(30, 40)            shared
    )"""
    assert repr(Block()) == textwrap.dedent(expected)
    assert repr(nn.ReLU()) == "ReLU()"
    assert repr(nn.Sequential()) == "Sequential()"
    assert repr(nn.Linear(1, 1, bias=False)) == "Linear(1, 1, bias=False)   1 parameter"
    assert repr(nn.Sequential(nn.ReLU())) == "Sequential(\n  (0): ReLU()\n)"


# hooks


def test_hooks_see_and_change() -> None:
    layer, seen = nn.Linear(2, 2), []
    x = np.ones((3, 2), np.float32)
    plain = layer(x).data
    first = layer.register_forward_pre_hook(lambda m, args: seen.append((m, args)))
    second = layer.register_forward_pre_hook(lambda m, args: args[0] * 2)
    third = layer.register_forward_hook(lambda m, args, out: seen.append(args[0]))
    fourth = layer.register_forward_hook(lambda m, args, out: (out, 5))
    out, five = layer(x)
    assert five == 5
    assert seen[0][0] is layer
    assert seen[0][1][0] is x
    np.testing.assert_array_equal(seen[1], 2 * x)
    np.testing.assert_allclose((out - layer.bias).data, 2 * (plain - layer.bias.data), rtol=1e-6)
    for handle in (second, fourth, first, third, third):
        handle.remove()
    np.testing.assert_array_equal(layer(x).data, plain)
    assert len(seen) == 2


def test_hooks_with_keywords_in_order() -> None:
    class Scaled(nn.Module):
        def forward(self, x: Any, by: Any = 1) -> Any:
            return x * by

    layer, calls = Scaled(), []
    layer.register_forward_pre_hook(lambda m, a, k: (a, {**k, "by": k["by"] + 1}), with_kwargs=True)
    layer.register_forward_hook(lambda m, a, k, out: calls.append(k["by"]), with_kwargs=True)
    layer.register_forward_hook(lambda m, a, out: calls.append("first"), prepend=True)
    with layer.register_forward_pre_hook(lambda m, a: calls.append("within")):
        assert layer(2, by=3) == 8
    assert layer(2, by=4) == 10
    assert calls == ["within", "first", 4, "first", 5]
    assert nn.Module._hooks == ()


def test_hooks_are_copied_and_seen_inside_other_modules() -> None:
    net, shapes = nn.Sequential(nn.Linear(2, 3), nn.ReLU()), []
    handle = net[0].register_forward_hook(lambda m, args, out: shapes.append(out.shape))
    other = copy.deepcopy(net)
    handle.remove()
    net(np.ones((4, 2), np.float32))
    assert shapes == []
    other(np.ones((4, 2), np.float32))
    assert shapes == [(4, 3)]
    assert names(other) == ["0.weight", "0.bias"]


def names(module: nn.Module) -> list[str]:
    return list(module.state_dict())


# by name


def test_register_and_get() -> None:
    net = nn.Module()
    net.add_module("0", nn.Linear(2, 1))
    net.register_parameter("scale", nn.Parameter([1.0]))
    net.register_parameter("none", None)
    net.register_buffer("mean", np.zeros(2))
    net.register_buffer("scratch", np.zeros(5), persistent=False)
    net.hidden = nn.Buffer([1.0], persistent=False)
    assert names(net) == ["0.weight", "0.bias", "scale", "mean"]
    assert [name for name, _ in net.named_buffers()] == ["mean", "scratch", "hidden"]
    assert net.none is None
    assert names(copy.deepcopy(net)) == names(pickle.loads(pickle.dumps(net))) == names(net)
    assert net.get_buffer("scratch") is net.scratch
    assert net.get_submodule("") is net

    full = Net()
    for name, p in full.named_parameters():
        assert full.get_parameter(name) is p
    for name, module in full.named_modules():
        assert full.get_submodule(name) is module
    assert full.get_parameter("tied.weight") is full.first.weight  # by any of its names
    with pytest.raises(AttributeError, match=r"Net has no Parameter 'first.wieght'; .*'first.wei"):
        full.get_parameter("first.wieght")
    for wrong in ("layers.9", "layers.x", "heads.b.weight", "mean"):
        with pytest.raises(AttributeError, match="has no Module"):
            full.get_submodule(wrong)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda m: m.add_module("a.b", nn.ReLU()), ValueError, "'a.b': expected a name that is a"),
        (lambda m: m.add_module("", nn.ReLU()), ValueError, "without dots"),
        (lambda m: m.register_buffer("forward", 1.0), ValueError, "buffer 'forward': the class"),
        (lambda m: m.add_module("a", 3), TypeError, "module 'a': got a int, expected a Module"),
        (lambda m: m.register_parameter("a", np.ones(1)), TypeError, "expected a Parameter"),
    ],
)
def test_what_cannot_be_registered(call: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        call(nn.Module())


def test_apply_goes_from_below_to_above() -> None:
    net = Net()
    order: list[nn.Module] = []
    assert net.apply(order.append) is net
    assert order[-1] is net
    assert order[:-1] == list(net.children())
    net.itself, order = net, []
    assert net.apply(order.append)
    assert len(order) == 6

    def constant(module: nn.Module) -> None:
        if isinstance(module, nn.Linear):
            nn.init.constant_(module.weight, 2.0)

    net.apply(constant)
    assert (net.layers[1][1].weight.data == 2).all()


def test_what_a_load_left_out() -> None:
    net = nn.Linear(2, 2)
    assert net.load_state_dict(net.state_dict()) == ([], [])
    found = net.load_state_dict({"weight": np.ones((2, 2)), "else": np.ones(1)}, strict=False)
    assert found.missing_keys == ["bias"]
    assert found.unexpected_keys == ["else"]
    assert net.load_state_dict({7: np.ones(1)}, strict=False) == (["weight", "bias"], [7])


def test_what_is_shared_loads_under_all_its_names() -> None:
    net = Net()
    state = {name: x + 1 for name, x in net.state_dict().items()}
    both = {**state, "tied.weight": state["first.weight"], "tied.bias": state["first.bias"]}
    assert net.load_state_dict(both) == ([], [])
    np.testing.assert_array_equal(net.first.weight.data, state["first.weight"])
    del both["first.weight"]
    assert net.load_state_dict(both) == ([], [])
    with pytest.raises(ValueError, match=r"tied\.bias: differs from first\.bias, and they are one"):
        net.load_state_dict({**both, "tied.bias": np.zeros(4)})


def test_another_dtype() -> None:
    net = Net()
    net.count = nn.Buffer(np.array(3))
    x = np.ones((2, 3))
    net(x.astype(np.float32)).sum().backward()
    first, before = net.first, net.first.weight.data.copy()
    assert net.double() is net
    assert net.first is first
    assert {p.dtype for p in net.parameters()} == {np.dtype(np.float64)}
    assert (net.mean.dtype, net.count.dtype) == (np.float64, np.int64)
    np.testing.assert_array_equal(net.first.weight.data, before)
    assert net.first.weight.grad is None
    net(x).sum().backward()
    assert net.first.weight.grad.dtype == np.float64
    net.float()
    assert net.astype(np.float32).first.weight.dtype == np.float32


# float64 among float32


def said(call: Any) -> list[warnings.WarningMessage]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call()
    return caught


def test_float64_in_a_float32_model_is_said_once_for_a_model() -> None:
    x = np.ones((5, 3))
    for given in (x, Tensor(x), pickle.loads(pickle.dumps(x))):
        model = nn.Sequential(nn.Flatten(), nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
        assert said(lambda: model(given.astype(np.float32))) == []  # noqa: B023
        (warning,) = said(lambda: (model(given), model(given), model[1](given)))  # noqa: B023
        text = str(warning.message)
        assert text.startswith("Linear(3, 4) in Sequential: got float64, the parameters are float3")
        assert "x.astype(np.float32)" in text
        assert "model.astype(np.float64)" in text
        assert said(lambda: copy.deepcopy(model)(given)) == []  # noqa: B023
    assert len(said(lambda: nn.Linear(3, 2)(x))) == 1  # another model


def test_float64_is_said_at_the_line_of_the_call() -> None:
    layer = nn.Linear(3, 2)
    (warning,) = said(lambda: layer(np.ones((5, 3))))
    assert warning.filename == __file__


def test_float64_is_not_said_where_it_fits() -> None:
    x = np.ones((5, 3))
    model = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3)).double()
    assert said(lambda: (model(x), model.eval()(x))) == []
    assert all(module._float64_settled for module in model.modules())  # looked at once, and no more
    assert said(lambda: nn.ReLU()(x)) == said(lambda: nn.MSELoss()(x, x)) == []
    model.float()  # what was settled is so no more
    (warning,) = said(lambda: model(x))
    assert "Linear(3, 3) in Sequential" in str(warning.message)


def test_float64_that_comes_about_inside_is_said_of_the_layer_that_gets_it() -> None:
    class Noisy(nn.Module):
        def __init__(self) -> None:
            self.a, self.b, self.c = nn.Linear(3, 3), nn.Linear(3, 4), nn.Linear(4, 3)

        def forward(self, x: Any) -> Any:
            return self.c(self.b(self.a(x) * np.sqrt(2.0)))  # a NumPy number is no weak one

    net = Noisy()
    (warning,) = said(lambda: net(np.ones((2, 3), np.float32)))
    assert str(warning.message).startswith("Linear(3, 4) in Noisy: got float64")


# what people meet


def test_a_property_that_fails_names_what_is_missing() -> None:
    class Model(nn.Module):
        def __init__(self) -> None:
            self.tries = 0

        @property
        def width(self) -> int:
            return self.not_there

        @property
        def late(self) -> int:
            self.tries += 1
            if self.tries == 1:
                raise AttributeError("too early")
            return self.tries

    with pytest.raises(AttributeError, match=r"^Model has no attribute 'not_there'$"):
        _ = Model().width
    assert not hasattr(Model(), "width")
    assert Model().late == 2


class Table:
    """As pandas has it: a shape, no dtype, and a way out."""

    def __init__(self, values: Any) -> None:
        self.values, self.shape = values, values.shape

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return self.values

    def to_numpy(self) -> Any:
        return self.values


def test_what_came_in_place_of_an_array_stands_below_the_error() -> None:
    class Forgetful(nn.Module):
        def forward(self, x: Any) -> Any:
            x * 2

    class Outer(nn.Module):
        def __init__(self) -> None:
            self.inner = nn.Linear(3, 2)

        def forward(self, x: Any) -> Any:
            return self.inner(x)

    def notes(call: Any) -> list[str]:
        with pytest.raises((TypeError, AttributeError)) as raised:
            call()
        return [n for n in getattr(raised.value, "__notes__", []) if n.startswith("got ")]

    x = np.ones((2, 3), np.float32)
    missing = "takes an array; does a `forward` before it end without `return`?"
    assert notes(lambda: nn.MSELoss()(Forgetful()(x), x)) == [f"got None: MSELoss() {missing}"]
    assert notes(lambda: nn.Sequential(Forgetful(), nn.ReLU())(x)) == [
        f"got None: ReLU() {missing}"
    ]
    assert notes(lambda: Outer()(None)) == [f"got None: Linear(3, 2) {missing}"]  # once
    assert notes(lambda: Outer()([[1.0, 2.0, 3.0]])) == [
        "got a list: Linear(3, 2) takes an array; write np.array(x, np.float32)"
    ]
    assert notes(lambda: nn.Linear(3, 2)([Tensor(row) for row in x])) == [
        "got a list: Linear(3, 2) takes an array; write np.stack(x)"
    ]
    assert notes(lambda: nn.Linear(3, 2)(Table(x))) == [
        "got a Table: Linear(3, 2) takes an array; write x.to_numpy()"
    ]
    assert notes(lambda: nn.ReLU()(Table(np.array([["a", 1]], object)))) == [
        "got a Table: ReLU() takes an array; it has more in it than numbers"
    ]
    (note,) = notes(lambda: nn.Sequential(nn.LSTM(3, 4), nn.Dropout())(x))
    assert note.startswith("got a tuple: Dropout() takes an array; output and state come as a")

    class OfLists(nn.Module):
        def forward(self, parts: Any) -> Any:
            raise TypeError("of something else")

    assert notes(lambda: OfLists()([x])) == []
    with pytest.raises(TypeError):
        nn.ReLU()()


@pytest.mark.parametrize(
    ("state", "way"),
    [
        ("m.npz", r"got a str, .*: load_state_dict\(nn\.load\('m\.npz'\)\)$"),
        (Path("m.npz"), r"load_state_dict\(nn\.load\('m\.npz'\)\)$"),
        (
            nn.ReLU(),
            r"got a ReLU, expected a dict of arrays: what model\.state_dict\(\) or nn\.load",
        ),
    ],
)
def test_only_a_dict_is_loaded(state: Any, way: str) -> None:
    with pytest.raises(TypeError, match=way):
        nn.Linear(2, 2).load_state_dict(state)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: nn.Softmax(dim=1), "Softmax: got dim=; write axis="),
        (lambda: nn.CosineSimilarity(dim=1), "CosineSimilarity: got dim=; write axis="),
        (lambda: nn.Flatten(start_dim=1), "Flatten: got start_dim=; write start_axis="),
        (lambda: nn.Flatten(end_dim=1), "Flatten: got end_dim=; write end_axis="),
        (lambda: nn.PairwiseDistance(keepdim=True), "got keepdim=; write keepdims="),
        (lambda: nn.MSELoss(size_average=False), "got size_average=; write reduction='mean' or"),
        (lambda: nn.CrossEntropyLoss(reduce=False), "got reduce=; write reduction='none',"),
        (lambda: nn.Linear(2, 2, device="cpu"), "Linear: got device=; leave it out"),
        (lambda: nn.Linear(2, 2, dtype=np.float64), r"got dtype=; .* module\.astype\(dtype\)"),
    ],
)
def test_options_by_pytorchs_names(make: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        make()


def test_options_of_these_names_are_the_users_own() -> None:
    class Patch(nn.Module):
        def __init__(self, dim: int, **rest: Any) -> None:
            self.dim, self.rest = dim, rest

    patch = Patch(dim=3, device="cpu")
    assert (patch.dim, patch.rest) == (3, {"device": "cpu"})
    assert copy.deepcopy(patch).dim == 3


@pytest.mark.parametrize(
    ("module", "name", "meant"),
    [
        (nn, "Relu", "ReLU"),
        (nn, "BatchNorm2D", "BatchNorm2d"),
        (nn, "CrossEntropy", "CrossEntropyLoss"),
        (F, "Relu", "relu"),
        (F, "max_pool_2d", "max_pool2d"),
        (nn.init, "xavier", "xavier_normal_"),
        (nn.init, "zeros", "zeros_"),
    ],
)
def test_a_misspelt_name_of_a_module_is_an_error_that_helps(
    module: Any, name: str, meant: str
) -> None:
    with pytest.raises(AttributeError, match=f"has no attribute '{name}'. Did you mean '{meant}'"):
        getattr(module, name)
    assert hasattr(module, meant)
    with pytest.raises(AttributeError, match=rf"^module '{module.__name__}' has no .* 'xyzzy'$"):
        _ = module.xyzzy
    assert not hasattr(module, "__path_of_nothing__")


def test_repr_of_parameters_that_are_empty_or_there_twice() -> None:
    net = nn.Module()
    net.empty, net.one = nn.Parameter(np.ones((0, 2))), nn.Parameter([1.0])
    net.again, net.mean = [net.one], nn.Buffer([1.0, 2.0])
    expected = """\
    Module(                            1 parameter
      (empty): Parameter of shape (0, 2)
      (one): Parameter of shape (1,)   1
      (again.0): Parameter of shape (1,)   shared
      (mean): Buffer of shape (2,)
    )"""
    squeezed = [" ".join(line.split()) for line in textwrap.dedent(expected).splitlines()]
    assert [" ".join(line.split()) for line in repr(net).splitlines()] == squeezed


def test_a_name_that_is_like_no_other_is_answered_with_the_last_there_is() -> None:
    with pytest.raises(AttributeError, match=r"no Parameter 'xyzzy'; there is 'scale'$"):
        Net().get_parameter("xyzzy")
    with pytest.raises(AttributeError, match=r"no Buffer 'xyzzy'$"):
        nn.Linear(2, 2).get_buffer("xyzzy")


def test_the_state_of_a_cycle_ends() -> None:
    net, inner = nn.Module(), nn.Linear(2, 2)
    net.inner, inner.parent = inner, net
    assert names(net) == ["inner.weight", "inner.bias"]
    outer = nn.Sequential(net, nn.Linear(2, 1))
    assert names(outer) == ["0.inner.weight", "0.inner.bias", "1.weight", "1.bias"]


def test_a_layer_without_options_takes_none() -> None:
    for wrong in (lambda: nn.Tanh(np.ones(2)), lambda: nn.Tanh(1), lambda: nn.Tanh(x=1)):  # type: ignore[call-arg]
        with pytest.raises(TypeError, match=r"Tanh takes .*write nn.Tanh\(\)\(x\)"):
            wrong()
    assert isinstance(nn.Tanh(), nn.Tanh)
    assert str(inspect.signature(nn.Tanh)) == "()"
    assert str(inspect.signature(nn.Softmax)).startswith("(axis:")
    assert isinstance(nn.Module(), nn.Module)


def test_the_own_members_can_be_read_by_pytorchs_names() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            self.scale = nn.Parameter(np.ones(2))
            self.inner = [nn.Linear(2, 2), nn.BatchNorm1d(2)]
            self.register_buffer("seen", np.zeros(1))

    net = Net()
    assert list(net._parameters) == ["scale"]
    assert net._parameters["scale"] is net.scale
    assert list(net._modules) == ["inner.0", "inner.1"]
    assert dict(net._buffers) == {"seen": net.seen}
    assert net.inner[0]._parameters.keys() == {"weight", "bias"}
    assert net.inner[0]._modules == {}
    with pytest.raises(TypeError, match="setattr"):
        net._parameters["more"] = nn.Parameter(np.ones(1))  # type: ignore[index]
    for write in (lambda: net._modules.pop("inner.0"), lambda: net._buffers.update(a=1)):
        with pytest.raises(TypeError, match="made to be read"):
            write()
