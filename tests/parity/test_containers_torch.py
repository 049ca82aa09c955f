"""Containers, hooks and vectors as in PyTorch: names in the state, results, order of calls."""

from collections import OrderedDict

import numpy as np
import pytest

import nn

torch = pytest.importorskip("torch")


def edited(kind):
    """Lists of modules after the same edits, of nn or torch.nn."""
    linear = [kind.Linear(n, n + 1) for n in range(1, 7)]
    items = kind.ModuleList(linear[:3])
    items.append(linear[3]).extend([linear[4]])
    items.insert(1, linear[5])
    del items[0]
    items += [kind.ReLU()]
    items[2] = kind.Linear(9, 9, bias=False)
    net = kind.Sequential(*items[1:])
    net.insert(0, kind.Tanh())
    net.append(kind.Linear(1, 1))
    net.pop(2)
    names = kind.Sequential(OrderedDict([("a", kind.Linear(2, 2)), ("b", kind.Linear(2, 3))]))
    choice = kind.ModuleDict({"x": kind.Linear(1, 2), "y": names})
    choice.update({"z": items, "x": kind.Linear(5, 5)})
    return {"items": items, "net": net, "part": net[2:], "names": names, "choice": choice}


def test_names_after_edits():
    ours, theirs = edited(nn), edited(torch.nn)
    for key, module in ours.items():
        mine = {name: x.shape for name, x in module.state_dict().items()}
        assert mine == {n: tuple(x.shape) for n, x in theirs[key].state_dict().items()}, key
        assert [n for n, _ in module.named_children()] == [
            n for n, _ in theirs[key].named_children()
        ]
        assert len(module) == len(theirs[key])


def test_parameter_containers():
    for make in (
        lambda kind, p: kind.ParameterList([p, p]).append(p),
        lambda kind, p: kind.ParameterDict({"b": p, "a": p}),
    ):
        mine = make(nn, nn.Parameter([1.0]))
        theirs = make(torch.nn, torch.nn.Parameter(torch.ones(1)))
        assert set(mine.state_dict()) == set(theirs.state_dict())
        state = {name: x.numpy() for name, x in theirs.state_dict().items()}
        assert mine.load_state_dict(state) == ([], [])
    fresh = nn.ParameterList([np.ones(1), np.ones(2)]).state_dict()
    assert list(fresh) == list(torch.nn.ParameterList([torch.ones(1), torch.ones(2)]).state_dict())


def test_what_a_load_reports():
    ours, theirs = nn.Linear(2, 2), torch.nn.Linear(2, 2)
    state = {"weight": np.ones((2, 2), np.float32), "x": np.ones(1)}
    found = theirs.load_state_dict({k: torch.tensor(x) for k, x in state.items()}, strict=False)
    assert ours.load_state_dict(state, strict=False) == tuple(found)


def test_hooks_are_called_alike():
    def trace(kind, x):
        net, calls = kind.Sequential(kind.Linear(3, 3), kind.Tanh()), []
        for name, m in net.named_modules():
            m.register_forward_pre_hook(lambda m, args, n=name: calls.append(("before", n)))
            m.register_forward_hook(lambda m, args, out, n=name: calls.append(("after", n)))
        net.register_forward_hook(lambda m, args, out: out[0], prepend=True)
        net[0].register_forward_pre_hook(lambda m, args: args[0] * 0)
        net[0].register_forward_hook(
            lambda m, args, kwargs, out: calls.append((len(args), kwargs)) or out * 0,
            with_kwargs=True,
        )
        handle = net[1].register_forward_hook(lambda m, args, out: out + 1)
        first = net(x)
        handle.remove()
        second = net(x)
        return (
            calls,
            [tuple(y.shape) for y in (first, second)],
            [np.asarray(y.detach()).tolist() for y in (first, second)],
        )

    ours = trace(nn, np.ones((2, 3), np.float32))
    assert ours == trace(torch.nn, torch.ones(2, 3))


def test_apply_visits_in_the_same_order():
    def order(kind):
        net = kind.Sequential(kind.Sequential(kind.Tanh(), kind.ReLU()), kind.Linear(1, 1))
        seen = []
        net.apply(lambda m: seen.append(type(m).__name__))
        return seen

    assert order(nn) == order(torch.nn)


def test_registered_names():
    def build(kind, array, buffer):
        m = kind.Module()
        m.register_buffer("b", buffer)
        m.register_buffer("scratch", buffer + 1, persistent=False)
        m.register_parameter("p", kind.Parameter(array))
        m.register_parameter("none", None)
        m.add_module("inner", kind.Linear(1, 1))
        return m

    ours = build(nn, np.ones(2), np.zeros(1))
    theirs = build(torch.nn, torch.ones(2), torch.zeros(1))
    assert set(ours.state_dict()) == set(theirs.state_dict())
    assert [n for n, _ in ours.named_buffers()] == [n for n, _ in theirs.named_buffers()]
    assert ours.get_parameter("inner.weight").shape == theirs.get_parameter("inner.weight").shape


def test_vectors():
    ours = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2))
    theirs = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Linear(4, 2))
    vector = np.random.default_rng(0).standard_normal(ours.num_parameters()).astype(np.float32)
    nn.vector_to_parameters(vector, ours.parameters())
    torch.nn.utils.vector_to_parameters(torch.tensor(vector), theirs.parameters())
    for name, x in ours.state_dict().items():
        np.testing.assert_array_equal(x, theirs.state_dict()[name].numpy())
    np.testing.assert_array_equal(
        nn.parameters_to_vector(ours.parameters()).data,
        torch.nn.utils.parameters_to_vector(theirs.parameters()).detach().numpy(),
    )


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
def test_safetensors_both_ways(tmp_path, dtype):
    files = pytest.importorskip("safetensors.torch")
    theirs = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4))
    theirs = theirs.to(getattr(torch, dtype)).eval()
    ours = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4)).eval()
    files.save_file(theirs.state_dict(), tmp_path / "theirs.safetensors")
    ours.load_state_dict(nn.load(tmp_path / "theirs.safetensors"))
    theirs = theirs.float()
    x = np.random.default_rng(0).standard_normal((5, 3)).astype(np.float32)
    expected = theirs(torch.tensor(x)).detach().numpy()
    np.testing.assert_allclose(ours(x).data, expected, rtol=1e-5, atol=1e-6)

    nn.save(ours, tmp_path / "ours.safetensors")
    back = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4)).eval()
    back.load_state_dict(files.load_file(tmp_path / "ours.safetensors"))
    np.testing.assert_array_equal(back(torch.tensor(x)).detach().numpy(), expected)
