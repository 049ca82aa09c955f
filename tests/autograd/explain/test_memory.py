"""memory: against what tracemalloc sees freed when the loss is dropped, and against counting."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

import nn
from autograd import GraphFreedError, Tensor, UntrackedError, checkpoint, explain, gradients, op

N = 20_000
X = np.linspace(-1, 1, N)


def leaf() -> Tensor:
    return Tensor(X, requires_grad=True)


def freed(make: Callable[[], Any]) -> tuple[Any, int]:
    """What memory says of a result, and the bytes that are freed when it is dropped."""
    make()  # caches are filled
    tracemalloc.start()
    try:
        loss = make()
        told = explain.memory(loss)
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        del loss
        return told, before - tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()


W = leaf()
MLP = nn.Sequential(nn.Linear(50, 80), nn.Tanh(), nn.BatchNorm1d(80), nn.ReLU(), nn.Linear(80, 10))
CONV = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.5), nn.Flatten())
GPT = nn.models.GPT(20, 16, n_layer=2, n_head=2, n_embd=32)
BATCH, IMAGES = np.ones((64, 50), np.float32), np.ones((16, 1, 20, 20), np.float32)
TOKENS = np.arange(64).reshape(4, 16) % 20


def twice() -> Any:
    (g,) = gradients((np.tanh(W) ** 3).sum(), W, create_graph=True)
    return (g * g).sum()


@pytest.mark.parametrize(
    "make",
    [
        lambda: np.exp(np.sin(W)).sum(),
        lambda: (W * X + W[::2].sum() + np.sort(W)).sum(),
        lambda: np.concatenate([W, W * 2]).reshape(2, -1).max(axis=0).sum(),
        lambda: checkpoint(lambda w: np.exp(np.sin(np.exp(w))))(np.cos(W)).sum(),
        lambda: np.linalg.svd(np.outer(W[:60], W[:50]) + np.eye(60, 50))[1].sum(),
        lambda: nn.CrossEntropyLoss()(MLP(BATCH), np.arange(64) % 10),
        lambda: CONV(IMAGES).sum(),
        lambda: nn.CrossEntropyLoss()(GPT(TOKENS).reshape(-1, 20), TOKENS.reshape(-1)),
        twice,
    ],
    ids=["unary", "mixed", "views", "checkpoint", "svd", "mlp", "conv", "gpt", "twice"],
)
def test_it_is_what_dropping_the_loss_frees(make: Callable[[], Any]) -> None:
    told, bytes_freed = freed(make)
    assert told.nbytes + told.overhead == pytest.approx(bytes_freed, rel=0.04)
    assert told.nbytes == sum(row.nbytes for row in told.by_op)


def test_each_buffer_counts_once_and_what_keeps_nothing_is_nothing() -> None:
    w = leaf()
    exp = explain.memory(np.exp(w).sum())
    rows = [("exp", 1, 1, 8 * N), ("sum", 1, 0, 0)]  # its result; its input is w's
    assert [tuple(row) for row in exp.by_op] == rows
    assert exp.held == 8 * N
    y = w * 2
    told = explain.memory((y.reshape(2, -1) ** 2).sum() + (y[::-1] ** 3).sum())
    assert told.held == 8 * N  # y is in a variable: its views keep nothing more
    del y
    assert explain.memory((w * 2 + 3).sum()).nbytes == 0


def test_what_is_held_elsewhere_is_told_apart() -> None:
    w, data = leaf(), np.ones(N)
    loss = np.exp(w * data).sum()  # the slope of the product in w is data; w is not kept
    assert explain.memory(loss).held == 8 * N
    view = data[5:]
    del data
    assert explain.memory(loss).held == 8 * N
    del view
    assert explain.memory(loss).held == 0
    assert explain.memory(loss).nbytes == 3 * 8 * N
    h = np.exp(w)
    kept = explain.memory((h * h).sum())
    assert (kept.nbytes, kept.held) == (0, 2 * 8 * N)


def test_lines_and_modules_are_known_of_a_function_or_a_story() -> None:
    w = leaf()

    def compute() -> Any:
        h = np.tanh(w * w)
        return np.exp(h).sum()

    told = explain.memory(compute)
    names = [row.name.partition("  ")[2] for row in told.by_line]
    assert names[:2] == ["h = np.tanh(w * w)", "return np.exp(h).sum()"]
    assert [row.nbytes for row in told.by_line] == [2 * 8 * N, 8 * N]
    assert sum(row.nbytes for row in told.by_line) == told.nbytes
    assert told.by_module == []
    with explain.watch() as story:
        loss = compute()
    assert explain.memory(loss).by_line == []
    assert explain.memory(loss, story).by_line == told.by_line
    modules = {row.name: row.nbytes for row in explain.memory(lambda: MLP(BATCH).sum()).by_module}
    assert set(modules) == {"", *(f"Sequential.{i}" for i in range(5))}
    assert modules["Sequential.1"] >= 64 * 80 * 4  # tanh keeps its result


def test_the_tables() -> None:
    told = explain.memory(lambda: np.exp(leaf() * 2).sum())
    lines = str(told).splitlines()
    assert lines[0].split() == ["by", "op", "ops", "arrays", "memory", "share"]
    assert lines[2].split() == ["exp", "1", "2", "320", "kB", "100.0", "%"]
    page = ElementTree.fromstring(told._repr_html_().replace("<br>", "<br/>"))
    cells = ["".join(cell.itertext()) for cell in page.iter("td")]
    assert cells[5:9] == ["exp", "1", "2", "320 kB"]


def test_what_has_no_graph() -> None:
    with pytest.raises(UntrackedError, match="memory: this tensor"):
        explain.memory(Tensor([1.0]))
    with pytest.raises(UntrackedError, match="memory: this tensor"):
        explain.memory(lambda: np.ones(2))  # type: ignore[arg-type, return-value]
    with pytest.raises(TypeError, match="got float, expected a Tensor"):
        explain.memory(2.0)  # type: ignore[arg-type]
    loss = np.exp(leaf()).sum()
    loss.backward()
    with pytest.raises(GraphFreedError):
        explain.memory(loss)


def test_an_op_of_ones_own() -> None:
    @op
    def wasteful(x: Any) -> Any:
        copies = {"a": np.array(x), "b": [np.array(x), (np.array(x),)]}
        return x * 1, lambda g: g * copies["a"].size

    out = wasteful(leaf())
    assert explain.memory(out.sum()).nbytes == 3 * 8 * N + 8 * N  # and x itself
