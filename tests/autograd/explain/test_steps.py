"""The backward pass step by step: what it shows is what the engine does."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from fuzz import generate, ours
from fuzz.programs import execute, run, small_blocks

import nn
from autograd import GraphFreedError, NotScalarError, Tensor, UntrackedError, explain, gradients
from autograd.core.engine import reachable
from autograd.core.results import Parts

PROGRAMS = [seed for seed in range(60) if generate(seed)[0].outputs]


def graph_of(seed: int) -> tuple[list[Tensor], list[Tensor], list[Any]]:
    """The leaves, outputs and starting gradients of a random program."""
    program, _ = generate(seed)
    with warnings.catch_warnings(), np.errstate(all="ignore"), small_blocks(program.blocks):
        warnings.simplefilter("ignore")
        names = execute(program, ours()).names
        for line in program.starts:
            run(line.text, names)
    leaves = [names[line.target] for line in program.leaves]
    return leaves, [names[o] for o in program.outputs], [names[s.target] for s in program.starts]


@pytest.mark.parametrize("seed", PROGRAMS)
def test_contributions_of_random_programs_add_up_to_the_gradients(seed: int) -> None:
    leaves, outs, starts = graph_of(seed)
    found = explain.steps(outs, starts)
    sums: dict[int, Any] = {id: np.array(g) for id, g in found.start}
    for step in found:
        if not isinstance(step.incoming, tuple):
            np.testing.assert_array_equal(step.incoming, sums[step.id])
        for c in step.contributions:
            if found.graph.by_id[c.id].shape is not None:
                sums[c.id] = sums[c.id] + c.gradient if c.id in sums else c.gradient
                np.testing.assert_array_equal(c.total, sums[c.id])
            assert c.complete == (c.nth == c.of)
    assert str(found).startswith("step")  # any program can be told,
    assert "see the source" not in str(found)
    assert found.html().count("</html>") == 1  # and shown
    named = {leaf._node: f"leaf {i}" for i, leaf in enumerate(leaves)}
    for leaf in leaves:
        explain.name(leaf, named[leaf._node])
    again = explain.steps(outs, starts).gradients
    assert all(leaf.grad is None for leaf in leaves)
    expected = gradients(outs, leaves, starts)
    for leaf, g in zip(leaves, expected, strict=True):
        if g is not None:
            np.testing.assert_array_equal(again[named[leaf._node]], g)


@pytest.mark.parametrize("seed", PROGRAMS[::3])
def test_steps_are_the_closures_of_the_graph_in_order(seed: int) -> None:
    _, outs, starts = graph_of(seed)
    found = explain.steps(outs, starts)
    nodes = [n for n in reversed(reachable({o._node for o in outs})) if n.edges]
    assert len(found) == len(nodes)
    for node, step in zip(nodes, found, strict=True):
        assert step.op == node.op.__name__
        for (closure, parent, i), c in zip(node.edges, step.contributions, strict=True):
            assert c.position == i
            g = step.incoming
            if isinstance(g, tuple):
                parts = Parts(enumerate(g))
                parts.whole = g
                g = parts
            raw = closure(g)
            raw = next(iter(raw.values())) if isinstance(raw, Parts) else raw
            np.testing.assert_array_equal(c.raw, raw)
            if parent.shape is not None:
                assert np.shape(c.gradient) == parent.shape


def test_numbers_of_a_neuron() -> None:
    x, w, b = (Tensor(v, requires_grad=True, dtype=np.float64) for v in (2.0, -3.0, 6.5))
    n = x * w + b
    o = np.tanh(n)
    s = explain.steps(o)
    assert [step.op for step in s] == ["tanh", "add", "multiply"]
    assert [step.name for step in s] == ["o", "n", "multiply"]
    assert s[0].rule == "g * (1 - y**2)"
    (to_n,) = s[0].contributions
    assert to_n.formula == "g * (1 - o**2)"
    assert to_n.numbers == "1 * (1 - 0.4621**2)"
    assert np.isclose(to_n.gradient, 1 - np.tanh(0.5) ** 2)
    to_x, to_w = s[2].contributions
    assert (to_x.to, to_x.formula, to_x.argument) == ("x", "g * w", "x")
    assert (to_w.to, to_w.formula, to_w.argument) == ("w", "g * x", "y")
    assert s[2].rule == "x: g * y; y: g * x"
    o.backward()  # the graph is still there, and nothing was written
    assert s.gradients == {"x": x.grad, "w": w.grad, "b": b.grad}
    np.testing.assert_allclose(s.gradients["x"], -3 * (1 - np.tanh(0.5) ** 2))


def test_a_value_used_twice() -> None:
    x = Tensor([1.0, 2.0], requires_grad=True)
    s = explain.steps(np.sum(x * x + x))
    nth = [(c.nth, c.of, c.complete) for step in s for c in step.contributions if c.to == "x"]
    assert nth == [(1, 3, False), (2, 3, False), (3, 3, True)]
    states = [c.state for step in s for c in step.contributions if c.to == "x"]
    assert states[0] == "the first: taken as it is; 2 more to come"
    assert states[1] == "the second: a fresh sum; 1 more to come"
    assert states[2] == "number 3: added in place; complete"
    np.testing.assert_array_equal(s.gradients["x"], [3, 5])


def test_broadcasting_is_undone() -> None:
    x, b = Tensor(np.ones((3, 2)), requires_grad=True), Tensor([1.0, 2.0], requires_grad=True)
    s = explain.steps((x + b).sum())
    (c,) = [c for c in s[1].contributions if c.to == "b"]
    assert c.fitted
    assert c.raw.shape == (3, 2)
    np.testing.assert_array_equal(c.gradient, [3, 3])


def test_several_outputs_and_results() -> None:
    a = Tensor([[2.0, 1.0], [0.5, 1.0]], requires_grad=True)
    sign, log = np.linalg.slogdet(a)
    s = explain.steps([log, sign], [2.0, 0.0])
    np.testing.assert_allclose(s.gradients["a"], 2 * np.linalg.inv(a.data).T, rtol=1e-6)
    assert s[0].op == "slogdet[1]"
    assert s[-1].op == "slogdet"
    assert isinstance(s[-1].incoming, tuple)
    with pytest.raises(ValueError, match="2 outputs, but 1 gradients"):
        explain.steps([log, sign], [1.0])


def test_a_leaf_is_its_own_gradient() -> None:
    x = Tensor(3.0, requires_grad=True)
    s = explain.steps(x)
    assert len(s) == 0
    assert s.gradients == {"x": 1.0}
    assert "step" in str(s)


def test_of_a_model() -> None:
    nn.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    x = np.random.default_rng(0).standard_normal((5, 3)).astype(np.float32)
    labels = np.array([0, 1, 0, 1, 1])
    s = explain.steps(lambda: nn.CrossEntropyLoss()(model(x), labels))
    assert "test_steps.py" in s[0].place
    assert "CrossEntropyLoss" in s[0].source
    loss = nn.CrossEntropyLoss()(model(x), labels)
    from_graph = explain.steps(loss, model=model).gradients
    loss.backward()
    for name, p in model.named_parameters():
        np.testing.assert_array_equal(s.gradients[name], p.grad)
        np.testing.assert_array_equal(from_graph[name], p.grad)


def test_within_a_story() -> None:
    with explain.watch() as story:
        x = Tensor(3.0, requires_grad=True)
        y = x * x
        s = explain.steps(y, story=story)
        y.backward()
    assert s[0].source == "y = x * x"
    assert s.gradients == {"x": 6.0}
    told = {v.label: v.gradient.array for v in story.graph.values if v.gradient is not None}
    assert told == {"x": 6.0, "y": 1.0}  # of the backward pass, not of the steps as well


def test_values_that_the_graph_does_not_keep_are_computed_again() -> None:
    w = Tensor(-3.0, requires_grad=True, dtype=np.float64)
    scaled = 0.5 * w**2  # the slope of a product by a constant needs no value
    s = explain.steps(np.exp(scaled) * 0.1)
    values = {v.label: v.data.array for v in s.graph.values if v.data is not None}
    assert values["scaled"] == 4.5
    assert np.isclose(values["multiply"], 0.1 * np.exp(4.5))


def test_a_function_gives_its_name() -> None:
    x = Tensor(3.0, requires_grad=True)

    def energy() -> Tensor:
        return x * x

    assert repr(explain.steps(energy)) == "<Steps: 1 op from energy>"


def test_what_cannot_be_walked() -> None:
    x = Tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises(NotScalarError):
        explain.steps(x * 2)
    with pytest.raises(UntrackedError):
        explain.steps(Tensor([1.0]))
    y = (x * x).sum()
    y.backward()
    with pytest.raises(GraphFreedError):
        explain.steps(y)


def test_large_values_are_told_in_short() -> None:
    assert explain.show(np.arange(4.0).reshape(2, 2)) == "[[0, 1], [2, 3]]"
    assert explain.show(np.array([0.5])) == "[0.5]"
    assert explain.show(np.full((10, 10), 2.0)) == "(10, 10), norm 20: 2, 2, 2, ..."
    assert explain.show(np.zeros((0, 3))) == "(0, 3), no elements"


def test_as_text() -> None:
    x = Tensor([1.0, 2.0], requires_grad=True)
    s = explain.steps(np.sum(np.exp(x)))
    assert str(s).splitlines() == [
        "step  value  g       to   rule                        contribution    sum",
        "1     sum    1       exp  expand(g, exp.shape, None)  [1, 1]          [1, 1]",
        "2     exp    [1, 1]  x    g * y                       [2.718, 7.389]  [2.718, 7.389]",
    ]
    assert repr(s) == "<Steps: 2 ops from sum>"
    assert "2. exp = exp: g = [1, 1]" in str(s[1])
