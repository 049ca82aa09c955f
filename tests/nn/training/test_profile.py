"""profile: counts, times by a clock that is known, and that it changes and leaves nothing."""

from __future__ import annotations

import importlib
import itertools
import threading
import warnings
from typing import Any

import numpy as np
import pytest

import nn
import optim
from autograd import Tensor, checkpoint, detect_anomaly, gradients, no_grad, op
from autograd.errors import LeafChangedError

module = importlib.import_module("nn.training.profile")  # nn.profile itself is the class
WALK, REST = module.WALK, module.REST


@op
def swish(x):
    s = 1 / (1 + np.exp(-x))
    return x * s, lambda g: g * s * (1 + x * (1 - s))


class Block(nn.Module):
    def __init__(self) -> None:
        self.layers = [nn.Linear(4, 4), nn.Dropout(0.5)]
        self.act = nn.Tanh()

    def forward(self, x: Any) -> Any:
        return x + self.act(self.layers[1](self.layers[0](x)))


class Net(nn.Module):
    def __init__(self) -> None:
        self.blocks = nn.Sequential(Block(), Block())
        self.blocks[1].act = self.blocks[0].act  # shared
        self.head = nn.Linear(4, 2)

    def forward(self, x: Any) -> Any:
        return self.head(swish(self.blocks(x)))


X, Y = np.linspace(-1, 1, 24, dtype=np.float32).reshape(6, 4), np.arange(6) % 2


def step(model: Any, optimizer: Any, loss: Any) -> float:
    optimizer.zero_grad()
    cost = loss(model(X), Y)
    cost.backward()
    optimizer.step()
    return float(cost.item())


def counts(p: Any) -> list[tuple[str, str, int]]:
    return [row[:3] for row in p.rows]


def state() -> list[Any]:
    """All that a profile puts something in the place of."""
    cells = [cell.cell_contents for f in (swish, nn.functional.relu) for cell in f.__closure__]
    walk = importlib.import_module("autograd.core.backward").walk
    steps = [optim.Optimizer.step, optim.LBFGS.step]
    return [*cells, walk, *steps, nn.Module.__call__, nn.data.DataLoader.__iter__]


BEFORE = state()


@pytest.fixture(autouse=True)
def nothing_is_left_switched_on():
    yield
    after = state()
    assert len(BEFORE) == len(after)
    assert all(x is y for x, y in zip(BEFORE, after, strict=True))
    assert module._running == 0
    assert module._undo == []


@pytest.fixture
def ticks(monkeypatch):
    """A clock that is a millisecond later each time it is read."""
    monkeypatch.setattr(module, "clock", itertools.count(5 * 10**6, 10**6).__next__)


# ------------------------------------------------------------------------------------------- counts


def test_calls_are_counted_by_module_and_op() -> None:
    model, loss = Net(), nn.CrossEntropyLoss()
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    with nn.profile() as p:
        for _ in range(3):
            step(model, optimizer, loss)
    assert counts(p) == [
        ("Net", "", 3),
        ("Net.blocks", "", 3),
        ("Net.blocks.0", "", 3),
        ("Net.blocks.0.layers.0", "", 3),
        ("Net.blocks.0.layers.0", "linear", 3),
        ("Net.blocks.0.layers.1", "", 3),
        ("Net.blocks.0.layers.1", "scaled", 3),
        ("Net.blocks.0.act", "", 6),  # of both blocks: it is listed where it was first called
        ("Net.blocks.0.act", "tanh", 6),
        ("Net.blocks.0", "add", 3),
        ("Net.blocks.1", "", 3),
        ("Net.blocks.1.layers.0", "", 3),
        ("Net.blocks.1.layers.0", "linear", 3),
        ("Net.blocks.1.layers.1", "", 3),
        ("Net.blocks.1.layers.1", "scaled", 3),
        ("Net.blocks.1", "add", 3),
        ("Net", "swish", 3),
        ("Net.head", "", 3),
        ("Net.head", "linear", 3),
        ("CrossEntropyLoss", "", 3),
        ("CrossEntropyLoss", "hard_cross_entropy", 3),
        ("", WALK, 3),
        ("", "Adam.step", 3),
        ("", REST, 0),
    ]
    assert {row.op: row.calls for row in p.by_op} == {
        "linear": 9, "scaled": 6, "tanh": 6, "add": 6, "swish": 3, "hard_cross_entropy": 3,
    }  # fmt: skip


def test_fit() -> None:
    model, loss = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2)), nn.CrossEntropyLoss()
    with nn.profile() as p:
        optimizer = optim.SGD(model.parameters(), lr=0.1)
        nn.fit(model, loss, optimizer, (X, Y), (X, Y), 3, batch_size=2, progress=False)
    steps = 3 * 3  # and as many batches of validation
    found = {row[:2]: row.calls for row in p.rows}
    assert found["", "SGD.step"] == found["", WALK] == steps
    assert found["", "DataLoader"] == 2 * steps
    assert found["Sequential", ""] == found["Sequential.2", "linear"] == 2 * steps
    assert found["CrossEntropyLoss", ""] == 2 * steps
    assert all(row.backward > 0 for row in p.by_op)


def test_losses_made_anew_share_a_row_and_models_do_not() -> None:
    first, second = nn.Sequential(nn.Linear(4, 1)), nn.Sequential(nn.Linear(4, 1), nn.Tanh())
    with nn.profile() as p:
        for _ in range(2):
            for model in first, second:
                nn.MSELoss()(model(X), np.ones((6, 1), np.float32))
    rows = [row for row in counts(p) if not row[1]]
    assert rows == [
        ("Sequential", "", 2),
        ("Sequential.0", "", 2),
        ("MSELoss", "", 4),
        ("Sequential", "", 2),
        ("Sequential.0", "", 2),
        ("Sequential.1", "", 2),
    ]


def test_layers_without_parameters_keep_their_rows() -> None:
    class Odd(nn.ReLU):
        __hash__ = None  # type: ignore[assignment]

    with nn.profile() as p:
        nn.Sequential(nn.ReLU(), Odd(), nn.ReLU())(X)
    assert [row.module for row in p.rows if not row.op] == [
        *("Sequential", "Sequential.0", "Sequential.1", "Sequential.2")
    ]


def test_ops_on_arrays_and_without_a_graph_count_too() -> None:
    x = Tensor(X, requires_grad=True)
    with nn.profile() as p:
        swish(X)
        with no_grad():
            swish(x)
    assert counts(p) == [("", "swish", 2), ("", REST, 0)]
    assert p.rows[0].backward == 0


def test_gradients_of_gradients() -> None:
    x = Tensor(X, requires_grad=True)
    with nn.profile() as p:
        (slope,) = gradients(np.tanh(x).sum(), x, create_graph=True)
        (slope * slope).sum().backward()
    found = {row.op: row.calls for row in p.by_op}
    assert found["tanh"] == 2  # its body is run again, on a Tensor
    assert found["sum"] == 2
    assert {row.op: row.calls for row in p.rows}[WALK] == 2


def test_a_checkpoint_runs_its_module_twice() -> None:
    model = nn.Linear(4, 2)
    x = Tensor(X, requires_grad=True)
    with nn.profile() as p:
        checkpoint(model)(x).sum().backward()
    assert ("Linear", "", 2) in counts(p)
    assert ("Linear", "linear", 2) in counts(p)


def test_only_the_thread_that_entered_is_measured() -> None:
    entered, done = threading.Event(), threading.Event()
    found = []

    def third() -> None:
        x = Tensor(X, requires_grad=True)
        y = swish(x)
        y.sum().backward()
        found.extend([y.data, x.grad, nn.Identity()(7), next(iter(nn.data.DataLoader((X, Y))))])

    def other() -> None:
        with nn.profile() as q:
            entered.set()
            swish(X)
            done.wait()  # it ends last: what was put in is there till then
        found.append(counts(q))

    with nn.profile() as p:
        thread = threading.Thread(target=other)
        thread.start()
        entered.wait()
        np.tanh(Tensor(X, requires_grad=True))
        unmeasured = threading.Thread(target=third)
        unmeasured.start()
        unmeasured.join()
    y, g, seven, (first, _) = found
    found.clear()
    np.testing.assert_array_equal(y, swish(X))
    x = Tensor(X, requires_grad=True)
    swish(x).sum().backward()
    np.testing.assert_array_equal(g, x.grad)
    assert seven == 7
    assert first.shape == (1, 4)
    assert counts(p) == [("", "tanh", 1), ("", REST, 0)]
    done.set()
    thread.join()
    assert found == [[("", "swish", 1), ("", REST, 0)]]


def test_an_inner_block_takes_over() -> None:
    with nn.profile() as outer:
        swish(X)
        with nn.profile() as inner:
            swish(X)
            swish(X)
        swish(X)
    assert counts(outer)[0] == counts(inner)[0] == ("", "swish", 2)
    with nn.profile() as p, pytest.raises(RuntimeError, match="take another"), p:
        pass
    with inner:  # goes on
        swish(X)
    assert counts(inner)[0] == ("", "swish", 3)


def test_a_backward_pass_after_the_block_is_not_measured() -> None:
    x = Tensor(X, requires_grad=True)
    with nn.profile() as p:
        y = swish(x)
    seconds = p.seconds
    y.sum().backward()
    assert p.rows[0].backward == 0
    assert p.seconds == seconds
    again = Tensor(X, requires_grad=True)
    swish(again).sum().backward()
    np.testing.assert_array_equal(x.grad, again.grad)


# -------------------------------------------------------------------------------------------- times


@pytest.mark.usefixtures("ticks")
def test_times_by_a_clock_that_is_known() -> None:
    model = nn.Sequential(nn.Linear(4, 2))
    with nn.profile() as p:  # 0, of this test
        out = model(X)  # Sequential 1, Linear 2, op 3 to 4, 5, 6
        out.backward(np.ones((6, 2), np.float32))  # 7, of the weight 8 to 9, the bias 10 to 11, 12
    #  13
    rows = [tuple(row) for row in p.rows]
    assert rows == [
        # calls, forward, backward, total, own, share
        ("Sequential", "", 1, 5, 2, 7, 2, 7 / 13),
        ("Sequential.0", "", 1, 3, 2, 5, 2, 5 / 13),
        ("Sequential.0", "linear", 1, 1, 2, 3, 3, 3 / 13),
        ("", WALK, 1, 0, 3, 3, 3, 3 / 13),
        ("", REST, 0, 0, 0, 3, 3, 3 / 13),
    ]
    assert [tuple(row) for row in p.by_op] == [("", "linear", 1, 1, 2, 3, 3, 3 / 13)]
    assert p.seconds == 0.013


@pytest.mark.usefixtures("ticks")
def test_an_op_within_an_op_counts_once() -> None:
    @op
    def twice(x):
        y = swish(x)  # 2 to 3
        return y + y, lambda g: g  # not its gradient

    with nn.profile() as p:
        twice(X)  # 1 to 4
    assert [tuple(row) for row in p.rows] == [
        ("", "twice", 1, 3, 0, 3, 2, 3 / 5),
        ("", "swish", 1, 1, 0, 1, 1, 1 / 5),
        ("", REST, 0, 0, 0, 2, 2, 2 / 5),
    ]
    assert [(row.op, row.total) for row in p.by_op] == [("twice", 2), ("swish", 1)]


@pytest.mark.usefixtures("ticks")
def test_an_op_within_a_closure_is_backward() -> None:
    @op
    def outer(x):
        return x, lambda g: swish(g)  # not its gradient

    x = Tensor(X, requires_grad=True)
    with nn.profile() as p:  # 0
        y = outer(x)  # 1 to 2
        y.backward(X)  # the walk 3, the closure 4, swish 5 to 6, 7, 8
    #  9
    assert [tuple(row) for row in p.rows] == [
        ("", "outer", 1, 1, 3, 4, 3, 4 / 9),
        ("", "swish", 1, 0, 1, 1, 1, 1 / 9),
        ("", WALK, 1, 0, 2, 2, 2, 2 / 9),
        ("", REST, 0, 0, 0, 3, 3, 3 / 9),
    ]


@pytest.mark.usefixtures("ticks")
def test_the_second_run_of_a_checkpoint_is_backward() -> None:
    model, x = nn.Sequential(nn.Tanh()), Tensor(X, requires_grad=True)
    with nn.profile() as p:
        y = checkpoint(model)(x)  # Sequential 1 to 6, Tanh 2 to 5, tanh 3 to 4
        y.backward(X)  # the walk 7 to 16; the three 8 to 13, 9 to 12, 10 to 11; a closure 14 to 15
        assert np.tanh(x).shape == X.shape  # forward again: 17 to 18
    assert [tuple(row)[:5] for row in p.rows] == [
        ("Sequential", "", 2, 5, 6),
        ("Sequential.0", "", 2, 3, 4),
        ("Sequential.0", "tanh", 2, 1, 2),
        ("", WALK, 1, 0, 3),
        ("", "tanh", 1, 1, 0),
        ("", REST, 0, 0, 0),
    ]


def test_the_parts_add_up_to_the_whole() -> None:
    model, loss = Net(), nn.CrossEntropyLoss()
    optimizer = optim.LBFGS(model.parameters())
    with nn.profile() as p:
        nn.fit(model, loss, optimizer, (X, Y), epochs=2, progress=False)
    rows = p.rows
    assert all(min(row[3:]) >= 0 for row in rows)
    assert sum(row.own for row in rows) == pytest.approx(p.seconds * 1e3)
    assert sum(row.total for row in p.by_op) <= p.seconds * 1e3
    within = {row.module: row for row in rows if not row.op and row.module}
    for path, row in within.items():
        assert row.forward + row.backward == pytest.approx(row.total)
        parts = [r for r in rows if r.module.startswith(path) and r.module]
        assert sum(r.own for r in parts) == pytest.approx(row.total)
    assert rows[-1].op == REST


# -------------------------------------------------------------------- it changes and leaves nothing


@pytest.mark.parametrize("kind", [optim.SGD, optim.LBFGS])
def test_no_value_and_no_gradient_changes(kind: Any) -> None:
    def trained(measured: bool) -> Any:
        nn.manual_seed(3)
        model, loss = Net(), nn.CrossEntropyLoss()
        optimizer = kind(model.parameters(), lr=0.1)
        with nn.profile() if measured else no_profile():
            history = nn.fit(model, loss, optimizer, (X, Y), epochs=3, batch_size=4, progress=False)
        return history["loss"], model.state_dict(), [p.grad for p in model.parameters()]

    no_profile = warnings.catch_warnings  # a block that does nothing here
    (losses, weights, grads), (losses_, weights_, grads_) = trained(False), trained(True)
    assert losses == losses_
    for name, array in weights.items():
        np.testing.assert_array_equal(array, weights_[name], strict=True)
    for g, g_ in zip(grads, grads_, strict=True):
        np.testing.assert_array_equal(g, g_, strict=True)


def test_recurrent_and_attention_and_several_results() -> None:
    def run() -> list[Any]:
        nn.manual_seed(0)
        x = Tensor(np.linspace(-1, 1, 2 * 7 * 4).reshape(2, 7, 4), requires_grad=True)
        lstm, attention = nn.LSTM(4, 4, batch_first=True), nn.MultiheadAttention(4, 2)
        out, _ = lstm.double()(x)
        out, _ = attention.double()(out, out, out)
        left, right = np.split(out, 2, axis=2)
        (left * right).sum().backward()
        return [x.grad, *(p.grad for p in lstm.parameters())]

    plain = run()
    with nn.profile() as p:
        measured = run()
    for a, b in zip(plain, measured, strict=True):
        np.testing.assert_array_equal(a, b, strict=True)
    assert {"LSTM", "MultiheadAttention"} <= {row.module for row in p.rows}
    assert all(row.backward > 0 for row in p.rows if row.op in ("loop", "softmax", "linear"))


@pytest.mark.parametrize("where", ["op", "closure", "module", "step", "loader", "block"])
def test_an_exception_leaves_nothing_switched_on(where: str) -> None:
    def fail(*_: Any) -> Any:
        raise ZeroDivisionError(where)

    @op
    def broken(x):
        return (fail() if where == "op" else x), fail

    class Broken(nn.Module):
        forward = fail

    class BrokenStep(optim.SGD):
        update = fail

    class Data:
        __getitem__ = fail

        def __len__(self) -> int:
            return 2

    x, p = nn.Parameter(X), nn.profile()

    def run() -> None:
        if where in ("op", "closure"):
            broken(x).sum().backward()
        elif where == "module":
            nn.Sequential(Broken())(x)
        elif where == "step":
            x.grad = X.copy()
            BrokenStep([x], lr=0.1).step()
        elif where == "loader":
            list(nn.data.DataLoader(Data()))
        else:
            fail()

    with pytest.raises(ZeroDivisionError, match=where), p:
        run()
    names = {"op": "broken", "closure": "broken", "step": "BrokenStep.step", "loader": "DataLoader"}
    assert names.get(where, REST) in [row.op for row in p.rows]
    assert p._inside == []
    assert p._place is p._root
    assert p._phase == module.FORWARD


def test_what_is_put_in_is_taken_out_if_that_fails_half_way(monkeypatch: Any) -> None:
    monkeypatch.setattr(module, "_timed_batches", None)
    with pytest.raises(TypeError):
        nn.profile().__enter__()
    assert nn.functional.relu(-1.0) == 0


def test_errors_are_the_same() -> None:
    @op
    def wrong(x):
        return x

    def message(f: Any) -> str:
        with pytest.raises(Exception) as caught:
            f()
        return "\n".join([str(caught.value), *getattr(caught.value, "__notes__", [])])

    calls = (
        lambda: wrong(Tensor(X, requires_grad=True)),
        lambda: swish(),
        lambda: swish(X, 3),
        lambda: nn.Linear(3, 2)(X),
        lambda: nn.functional.softmax(Tensor(X), dim=1),
        lambda: np.matmul(Tensor(X), X),
    )
    for call in calls:
        expected = message(call)
        with nn.profile():
            assert message(call) == expected


def test_the_engines_own_checks_still_work() -> None:
    w = Tensor([1.0, 2.0], requires_grad=True)
    with nn.profile():
        loss = (w * w).sum()
        w.data -= 1.0
        with pytest.raises(LeafChangedError, match="multiply"):
            loss.backward()
    with nn.profile() as p, detect_anomaly():
        swish(Tensor(X, requires_grad=True)).sum().backward()
    assert p.rows[0].backward > 0


def test_a_loop_over_batches_may_be_left_and_outlive_the_block() -> None:
    loader = nn.data.DataLoader((X, Y), 2, shuffle=False)
    plain = [x.copy() for x, _ in loader]
    with nn.profile() as p:
        for _ in loader:
            break
        batches = iter(loader)
        first = next(batches)
    assert counts(p) == [("", "DataLoader", 2), ("", REST, 0)]
    for (x, _), expected in zip([first, *batches], plain, strict=True):
        np.testing.assert_array_equal(x, expected)


def test_float64_is_still_said_once_for_the_whole_model() -> None:
    model = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 2))
    with nn.profile(), pytest.warns(UserWarning, match="in Sequential: got float64"):
        model(X.astype(np.float64))
    model(X.astype(np.float64))  # warnings are errors in the tests


# -------------------------------------------------------------------------------------------- table


@pytest.mark.usefixtures("ticks")
def test_the_table() -> None:
    model = nn.Sequential(nn.Linear(4, 2))
    with nn.profile() as p:
        model(X).backward(np.ones((6, 2), np.float32))
    assert str(p) == repr(p)
    assert str(p).splitlines() == [
        "time in ms                         calls   forward   backward   total    own    share",
        "-------------------------------------------------------------------------------------",
        "Sequential                             1      5.00       2.00    7.00   2.00   53.8 %",
        "  (0): Linear(4, 2)                    1      3.00       2.00    5.00   2.00   38.5 %",
        "    linear                             1      1.00       2.00    3.00   3.00   23.1 %",
        "backward(), without the closures       1                 3.00    3.00   3.00   23.1 %",
        "Python, and recording the graph                                  3.00   3.00   23.1 %",
        "-------------------------------------------------------------------------------------",
        "the whole block                    13.00 ms",
        "",
        "by op                              calls   forward   backward   total    own    share",
        "-------------------------------------------------------------------------------------",
        "linear                                 1      1.00       2.00    3.00   3.00   23.1 %",
    ]


def test_a_block_without_ops_and_a_profile_that_was_not_entered() -> None:
    with nn.profile() as p:
        pass
    assert counts(p) == [("", REST, 0)]
    assert "by op" not in str(p)
    assert nn.profile().seconds == 0
    assert "the whole block" in str(nn.profile())


def test_labels_are_as_a_model_prints() -> None:
    model = nn.Sequential(nn.ReLU(), nn.Sequential(nn.Dropout(0.5)))
    with nn.profile() as p:
        model(X)
    lines = [line.rstrip()[:27].rstrip() for line in str(p).splitlines() if "): " in line]
    assert lines == ["  (0): ReLU()", "  (1): Sequential", "    (0): Dropout()"]
