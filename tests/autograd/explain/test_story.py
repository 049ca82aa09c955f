"""What a block that watched remembers: the graph of the program, its values, its gradients."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import numpy as np
import pytest
from fuzz.programs import execute, finish, ours
from fuzz.steps import generate

import nn
from autograd import (
    GraphFreedError,
    NonFiniteError,
    Tensor,
    UntrackedError,
    detect_anomaly,
    explain,
    gradients,
)
from autograd.explain.graph import Graph, Sketch
from autograd.explain.story import read, told

f64 = np.float64


def leaf(x: Any) -> Tensor:
    return Tensor(np.array(x, f64), requires_grad=True)


def nodes_behind(outputs: list[Tensor]) -> list[Any]:
    """The engine's nodes, found without the engine."""
    seen: dict[Any, None] = {}
    stack: list[Any] = [t._node for t in outputs]
    while stack:
        node = stack.pop()
        if node not in seen:
            seen[node] = None
            stack += [parent for _, parent, _ in node.edges]
    return list(seen)


def check_edges(graph: Graph, of: Any, nodes: list[Any]) -> None:
    """Every edge of the engine is one of the graph, and no other carries a gradient."""
    for node in nodes:
        value = of[node]
        mine = {(e.source, e.position) for e in graph.inputs(value.id) if e.tracked}
        assert mine == {(of[parent].id, i) for _, parent, i in node.edges}
        assert value.op == ("" if node.op is None else node.op.__name__)


@pytest.mark.parametrize("seed", range(60))
def test_the_graph_of_a_random_program(seed: int) -> None:
    program, _ = generate(seed, length=12)
    with np.errstate(all="ignore"):
        with explain.watch() as story:
            result = execute(program, ours())
        outputs = [result.names[name] for name in program.outputs]
        live, of = read(outputs)
    nodes = [n for n in nodes_behind(outputs) if n.edges or n in story._of]  # no unused leaves
    check_edges(story.graph, story._of, nodes)
    check_edges(live, of, nodes)
    everything = {of[n].id for n in nodes_behind(outputs)}
    assert {v.id for v in live.values if v.kind != "constant"} == everything
    for name, t in result.names.items():
        if isinstance(t, Tensor) and t._node in of and t._node in story._of:
            for value in (story.value_of(t), of[t._node]):
                assert (value.shape, value.dtype) == (t.shape, str(t.dtype)), name
                if value.data is not None and value.data.array is not None:
                    np.testing.assert_array_equal(value.data.array, t.detach().numpy())
            assert story.value_of(t).data is not None


def test_the_gradients_of_random_programs() -> None:
    compared = 0
    for seed in range(60, 160):
        program, _ = generate(seed, length=12)
        if program.order > 1:
            continue
        with np.errstate(all="ignore"):
            with explain.watch() as story:
                result = execute(program, ours())
                finish(program, result)
            again = execute(program, ours()).names
            names = [n for n, t in again.items() if isinstance(t, Tensor) and t.requires_grad]
            starts = [result.names[line.target] for line in program.starts]
            outputs = [again[name] for name in program.outputs]
            expected = gradients(outputs, [again[name] for name in names], starts)
        for name, g in zip(names, expected, strict=True):
            value = story.value_of(result.names[name])
            if g is None or value is None or value.gradient is None or value.gradient.array is None:
                continue
            if np.isfinite(g).all():
                compared += 1
                scale, got = max(1.0, float(np.abs(g).max(initial=0))), value.gradient.array
                np.testing.assert_allclose(got, program.times * g, 1e-4, 1e-4 * scale, err_msg=name)
    assert compared > 200


def test_a_leafs_gradient_is_its_grad_over_several_passes_and_a_large_one_is_summed_up() -> None:
    x, w = leaf(np.arange(200.0)), leaf([2.0, 3.0])
    with explain.watch() as story:
        (x * x).sum().backward()
        ((x * w[0]).sum() * w[1]).backward()
        y = w * 2
        y.sum().backward(retain_graph=True)
        y.sum().backward()
    found = story.value_of(x).gradient
    assert found.array is None
    assert found.norm == pytest.approx(np.linalg.norm(x.grad))
    assert (found.least, found.mean, found.most) == (x.grad.min(), x.grad.mean(), x.grad.max())
    np.testing.assert_allclose(story.value_of(w).gradient.array, w.grad)
    np.testing.assert_array_equal(story.value_of(y).gradient.array, [2.0, 2.0])


def test_broadcasting_is_undone_and_gradients_of_results_asked_for_are_known() -> None:
    b, x = leaf([1.0, 2.0]), leaf(np.ones((3, 2)))
    with explain.watch() as story:
        h = x * 2
        y = (h + b).sum()
        gradients(y, [h, b])
    np.testing.assert_array_equal(story.value_of(b).gradient.array, [3.0, 3.0])
    np.testing.assert_array_equal(story.value_of(h).gradient.array, np.ones((3, 2)))
    assert story.value_of(x).gradient is None


def test_a_value_used_twice_by_one_op_has_two_edges() -> None:
    x = leaf(3.0)
    with explain.watch() as story:
        y = x * x
    value = story.value_of(y)
    assert [(e.source, e.position) for e in story.graph.inputs(value.id)] == [(0, 0), (0, 1)]


def test_several_results_zero_dimensions_and_empty_arrays() -> None:
    m, e = leaf(np.eye(2) * 2), leaf(np.zeros((0, 3)))
    with explain.watch() as story:
        sign, logdet = np.linalg.slogdet(m)
        a, b = np.split(leaf(np.arange(4.0)), 2)
        loss = logdet + (a * b).sum() + e.sum()
        loss.backward()
    ops = [v.op for v in story.graph.values if v.kind == "result"]
    assert ops[:3] == ["slogdet", "slogdet[0]", "slogdet[1]"]
    assert [v.shape for v in story.graph.values if v.op == "slogdet"] == [None]
    assert story.value_of(logdet).data.array == pytest.approx(np.log(4.0))
    assert story.value_of(e).gradient.shape == (0, 3)
    assert len(explain.draw(story).svg) > 1000
    assert float(sign.detach().numpy()) == 1


def test_modules_are_boxes_one_for_each_call_and_their_parameters_are_in_them() -> None:
    cell, x = nn.Linear(2, 2), np.ones((1, 2), np.float32)
    model = nn.Sequential(nn.Linear(2, 3), nn.Tanh())
    with explain.watch() as story:
        h = cell(cell(x))
        nn.MSELoss()(model(h), np.zeros((1, 3), np.float32))
    linear = [v for v in story.graph.values if v.op == "linear"]
    assert [[(b.path, b.kind, b.call, b.parameters) for b in v.modules] for v in linear] == [
        [("Linear", "Linear", 1, 6)],
        [("Linear", "Linear", 2, 6)],
        [("Sequential", "Sequential", 1, 9), ("Sequential.0", "Linear", 1, 9)],
    ]
    by_name = {v.name: v for v in story.graph.values if v.name}
    assert by_name["0.weight"].modules == linear[2].modules  # it is used nowhere else
    assert by_name["weight"].modules == ()  # two calls share it
    assert by_name["x"].modules == ()  # an argument is from outside
    assert [b.path for b in story.value_of(h).modules] == ["Linear"]
    last = [v for v in story.graph.values if v.modules and v.modules[0].kind == "MSELoss"]
    assert last


def test_the_users_line_is_known_and_says_no_path() -> None:
    x = leaf(1.0)
    with explain.watch() as story:
        y = np.exp(x)
    value = story.value_of(y)
    assert value.source == "y = np.exp(x)"
    file, _, line = value.place.partition(":")
    assert file == "test_story.py"
    assert int(line) > 100


def test_configuration_is_shown_where_it_is_not_the_default() -> None:
    x = leaf(np.ones((2, 3)))
    with explain.watch() as story:
        np.sum(x, axis=0)
        np.sum(x)
        x[1:, ::2]
        np.transpose(x, (1, 0))
    configs = [v.config for v in story.graph.values if v.kind == "result"]
    assert configs == ["axis=0", "", "[1:, ::2]", "axes=(1, 0)"]


def test_a_second_derivative_shows_the_first_and_no_more() -> None:
    x = leaf(0.5)
    with explain.watch() as story:
        y = np.tanh(x)
        (slope,) = gradients(y, x, create_graph=True)
        (slope * slope).backward()
    t = np.tanh(0.5)
    values = story.graph.values
    made_backward = [v for v in values if v.backward]
    assert made_backward
    assert not story.value_of(y).backward
    assert story.value_of(slope).backward
    assert story.value_of(slope).data.array == pytest.approx(1 - t**2)
    expected = 2 * (1 - t**2) * -2 * t * (1 - t**2)
    assert story.value_of(x).gradient.array == pytest.approx(expected)
    used = {e.source for e in story.graph.edges}
    dead = [v for v in made_backward if v.id not in used and v.gradient is None]
    assert dead == []


def test_what_was_cut_off_is_seen_to_be_cut() -> None:
    x = leaf([1.0, 2.0])
    with explain.watch() as story:
        h = x * 3
        y = x * h.detach()
    edges = story.graph.inputs(story.value_of(y).id)
    assert [(e.source, e.tracked) for e in edges] == [
        (story.value_of(x).id, True),
        (story.value_of(h).id, False),
    ]


def test_nothing_lives_on_after_the_block() -> None:
    gc.disable()  # what is left must go by its count of references
    try:
        model = nn.Sequential(nn.Linear(4, 3), nn.ReLU())
        x = Tensor(np.ones((30, 4), np.float32))
        with explain.watch() as story:
            y = model(x)
            loss = y.sum()
            loss.backward()
        refs = [weakref.ref(thing) for thing in (y._node, y._array, x._array, model, model[0])]
        del model, x, y, loss
        assert [ref() for ref in refs] == [None] * len(refs)
        assert len(story.graph.values) >= 6
    finally:
        gc.enable()


def test_a_copy_is_kept_of_small_values_and_numbers_of_large_ones() -> None:
    x = np.arange(65.0)
    x[3] = np.inf
    sketch = Sketch.of(x)
    assert sketch.array is None
    assert (sketch.least, sketch.most, sketch.size) == (0, 64, 65)
    assert (sketch.norm, sketch.odd) == (np.inf, 1)  # a picture that hid it would lie
    small = x[:3]
    kept = Sketch.of(small)
    small[0] = 7
    assert kept.array[0] == 0
    assert Sketch.of(np.full(3, np.nan)).mean is None
    assert Sketch.of(np.array([1 + 2j])).norm == pytest.approx(5**0.5)
    assert Sketch.of(np.array(["a"])).norm is None


def test_a_watcher_within_another_leaves_both_at_work() -> None:
    x = leaf([0.0, 1.0])
    with explain.watch() as outer:
        with explain.watch() as inner:
            y = np.exp(x)
        z = np.exp(y)
    assert inner.value_of(y) is not None
    assert inner.value_of(z) is None
    assert outer.value_of(y) is not None
    assert outer.value_of(z) is not None
    for first, second in ((detect_anomaly(), explain.watch()), (explain.watch(), detect_anomaly())):
        with pytest.raises(NonFiniteError), first, second:  # noqa: PT012
            y = np.log(x + 1)
            np.sqrt(x).sum().backward()
        story = second if isinstance(second, explain.Story) else first
        assert story.value_of(y) is not None


def test_without_a_block_nothing_is_recorded() -> None:
    x = leaf(1.0)
    with explain.watch() as story:
        pass
    np.exp(x).backward()
    assert story.graph.values == []


def test_a_live_graph_is_read_without_a_story() -> None:
    x, w, b = leaf([1.0, 2.0]), leaf([[3.0, 4.0]]), 5.0
    y = np.tanh(w @ x * 0.1) + b
    graph, of = read(y, {"x": x, "w": w, "y": y})
    assert [v.label for v in graph.values if v.kind != "constant"] == [
        "w", "x", "matmul", "multiply", "tanh", "y",
    ]  # fmt: skip
    tanh = next(v for v in graph.values if v.op == "tanh")
    assert tanh.data.array == pytest.approx(np.tanh(1.1))
    constants = [v.label for v in graph.values if v.kind == "constant"]
    assert constants == ["0.1", "not kept"]  # a sum needs no operand on the way back
    assert len(of) == 6
    assert x.grad is None
    y.backward(np.ones(1))
    with pytest.raises(GraphFreedError):
        read(y)
    with pytest.raises(UntrackedError):
        read(Tensor(1.0))


def test_a_live_graph_has_gradients_that_were_kept() -> None:
    x = leaf([1.0, 2.0])
    h = x * x
    h.retain_grad()
    y = h.sum()
    y.backward(retain_graph=True)
    _, of = read(y)
    np.testing.assert_array_equal(of[x._node].gradient.array, [2.0, 4.0])
    np.testing.assert_array_equal(of[h._node].gradient.array, [1.0, 1.0])


def test_the_story_of_a_function() -> None:
    x = leaf(2.0)
    story = told(lambda: np.exp(x * x).backward())
    assert [v.label for v in story.graph.values] == ["x", "multiply", "exp"]
    assert story.graph.values[0].gradient.array == pytest.approx(4 * np.exp(4))
