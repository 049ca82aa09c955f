"""summary and the vectors of parameters."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

import nn
from autograd import Tensor, default_dtype
from nn.training.summary import Summary


class Net(nn.Module):
    def __init__(self) -> None:
        self.embed = nn.Linear(3, 4)
        self.blocks = [nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4)), nn.Dropout(0.5)]
        self.head = nn.Linear(4, 3, bias=False)
        self.again = self.embed
        self.scale = nn.Parameter([1.0])

    def forward(self, x: Any, y: Any) -> Any:
        h = self.blocks[1](self.blocks[0](self.embed(x)))
        return {"out": self.head(h) * self.scale, "both": (self.again(x[:1]), y)}


def test_the_table() -> None:
    net = Net()
    net.embed.requires_grad_(False)
    table = nn.summary(net, (5, 3), np.ones(2))
    assert str(table) == repr(table)
    lines = str(table).splitlines()
    assert lines[0].split() == ["layer", "output", "trainable", "frozen"]
    assert lines[2].split() == ["Net", "out:", "(5,", "3),", "both:", "(1,", "4),", "(2,)", "1"]
    assert lines[3].split() == ["(embed):", "Linear(3,", "4)", "(5,", "4)", "16"]
    assert lines[3].endswith("   16")
    assert lines[5].startswith("    (0): Linear(4, 4) ")
    assert lines[-2].split() == ["total", "41", "16"]
    assert lines[-1] == "memory of parameters: 228 bytes"
    assert len({len(line) for line in lines if line[0] == "-"}) == 1


def test_rows() -> None:
    table = nn.summary(Net(), (5, 3), (2,))
    assert [row.name for row in table.rows] == [name for name, _ in Net().named_modules()]
    assert {row.name: row.output for row in table.rows if row.name} == {
        "embed": (5, 4), "blocks.0": (5, 4), "blocks.0.0": (5, 4), "blocks.0.1": (5, 4),
        "blocks.1": (5, 4), "head": (5, 3),
    }  # fmt: skip
    assert table.rows[0].output == {"out": (5, 3), "both": [(1, 4), (2,)]}
    assert table.trainable == Net().num_parameters() == 57
    assert table.frozen == 0
    assert "frozen" not in str(table)
    assert nn.summary(Net()).rows[1] == ("embed", "Linear(3, 4)", None, 16, 0)


def test_the_model_is_left_as_it_was() -> None:
    net = Net()
    net.head.eval()
    before = net.state_dict()
    nn.summary(net, (5, 3), (2,))
    with pytest.raises(ValueError, match=r"\(5, 7\)"):
        nn.summary(net, (5, 7), (2,))
    for name, array in net.state_dict().items():
        np.testing.assert_array_equal(array, before[name])
    assert all(m.training == (m is not net.head) for m in net.modules())
    assert all(m._hooks == () for m in net.modules())
    assert all(p.grad is None for p in net.parameters())


def test_shared_weights_count_once() -> None:
    a, b = nn.Linear(4, 4, bias=False), nn.Linear(4, 4, bias=False)
    b.weight = a.weight
    table = nn.summary(nn.Sequential(a, b, a), (2, 4))
    assert [row.trainable for row in table.rows] == [0, 16, 0]
    assert table.nbytes == 64


def test_zeros_have_the_models_dtype() -> None:
    seen = []

    class Look(nn.Module):
        def __init__(self, dtype: Any) -> None:
            self.w = nn.Parameter(np.ones(1, dtype))

        def forward(self, x: Any) -> Any:
            seen.append(x.dtype)
            return x

    nn.summary(Look(np.float64), (2,))
    with default_dtype(np.float16):
        nn.summary(nn.Sequential(), (2,))
    assert seen == [np.float64]
    table = nn.summary(nn.Sequential(nn.Linear(100, 100, bias=False)))
    assert str(table).endswith("memory of parameters: 40 kB")
    with pytest.raises(TypeError, match="summary: got a type, expected a Module"):
        nn.summary(nn.ReLU)  # type: ignore[arg-type]


# vectors


def test_to_a_vector_and_back() -> None:
    net = nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 1))
    vector = nn.parameters_to_vector(net.parameters())
    expected = np.concatenate([p.data.ravel() for p in net.parameters()])
    np.testing.assert_array_equal(vector.data, expected)
    weight = net[0].weight
    nn.vector_to_parameters(np.arange(11.0), net.parameters())
    assert net[0].weight is weight
    assert weight.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert (weight.dtype, net[1].bias.tolist()) == (np.float32, [10])
    nn.vector_to_parameters(vector, net.parameters())
    np.testing.assert_array_equal(nn.parameters_to_vector(net.parameters()).data, expected)


def test_a_penalty_on_all_parameters() -> None:
    net = nn.Linear(3, 2)
    (nn.parameters_to_vector(net.parameters()) ** 2).sum().backward()
    np.testing.assert_allclose(net.weight.grad, 2 * net.weight.data, rtol=1e-6)
    np.testing.assert_allclose(net.bias.grad, 2 * net.bias.data, rtol=1e-6)


def test_vectors_that_do_not_fit() -> None:
    net = nn.Linear(3, 2)
    before = net.state_dict()
    for wrong in (np.ones(7), np.ones((8, 1)), Tensor(np.ones(9))):
        with pytest.raises(ValueError, match=r"expected \(8,\), as many as the 2 parameters have"):
            nn.vector_to_parameters(wrong, net.parameters())
    np.testing.assert_array_equal(net.weight.data, before["weight"])
    with pytest.raises(ValueError, match="no parameters, expected at least one"):
        nn.parameters_to_vector([])


def test_the_rules_are_as_long_as_the_longest_line() -> None:
    lines = str(nn.summary(nn.Sequential(nn.Linear(3, 2)), (1, 3))).splitlines()
    rules = [line for line in lines if set(line) == {"-"}]
    rows = lines[: lines.index(rules[-1]) + 2]  # what is below is not of the table
    assert len(rules) == 2
    assert {len(rule) for rule in rules} == {max(map(len, rows))}


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 bytes"), (249, "996 bytes"), (250, "1 kB"), (249_999, "1000 kB"), (250_000, "1 MB"),
     (250_000_000, "1 GB"), (250_000_000_000, "1000 GB")],
)  # fmt: skip
def test_memory_is_told_in_the_unit_that_fits(count: int, text: str) -> None:
    assert str(Summary([], 4 * count)).endswith(f"memory of parameters: {text}")


def test_arguments_stand_where_there_are_some_or_nothing_below() -> None:
    model = nn.Sequential(nn.ReLU(), nn.MultiheadAttention(4, 2), nn.Sequential())
    layers = {row.name: row.layer for row in nn.summary(model).rows}
    assert layers[""] == "Sequential"
    assert (layers["0"], layers["2"]) == ("ReLU()", "Sequential()")
    assert layers["1"].startswith("MultiheadAttention(4, 2")


def test_a_tuple_of_anything_else_than_integers_is_no_shape() -> None:
    class Scaled(nn.Module):
        def forward(self, pair: Any) -> Any:
            x, by = pair
            return x * by

    assert nn.summary(Scaled(), (np.ones((2, 3)), 5)).rows[0].output == (2, 3)


def test_a_vector_of_one_parameter() -> None:
    p = nn.Parameter(np.zeros((2, 2)))
    nn.vector_to_parameters(np.arange(4.0), [p])
    assert p.tolist() == [[0, 1], [2, 3]]


def test_the_table_of_a_notebook() -> None:
    class Odd(nn.Module):
        def extra_repr(self) -> str:
            return "a<b"

    model = nn.Sequential(nn.Linear(3, 5), nn.Sequential(nn.Linear(5, 1), Odd()))
    model[1].requires_grad_(False)
    html = nn.summary(model)._repr_html_()
    table = ElementTree.fromstring(html)
    rows = [["".join(cell.itertext()) for cell in row] for row in table.iter("tr")]
    assert [row[0] for row in rows[1:]] == [
        "Sequential", "(0): Linear(3, 5)", "(1): Sequential", "(0): Linear(5, 1)", "(1): Odd(a<b)",
    ]  # fmt: skip
    assert rows[2][2:] == ["20", "", "76.9 %"]
    assert rows[4][2:] == ["6 frozen", "", "23.1 %"]
    assert "26 parameters, 104 bytes; 6 of them are frozen" in html
    widths = [float(w) for w in re.findall(r"width: ([\d.]+)px; height", html)]
    assert np.allclose(widths, [120 * 20 / 26, 120 * 6 / 26], atol=0.1)
