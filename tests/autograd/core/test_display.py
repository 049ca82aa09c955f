"""What a Tensor shows in a notebook: its numbers, its gradient, where it comes from."""

from __future__ import annotations

import re
import warnings
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest

import nn
from autograd import Tensor, detect_anomaly


class Page(HTMLParser):
    """The texts of a page by tag; raises where tags do not match."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append((self.open[-1], data))

    def of(self, tag: str) -> list[str]:
        return [text for name, text in self.texts if name == tag]


def cells(tensor: Any) -> list[float]:
    return [
        float(text.replace("\N{MINUS SIGN}", "-")) for text in Page(tensor._repr_html_()).of("td")
    ]


def test_values_and_gradient_are_those_of_the_tensor() -> None:
    x = Tensor(np.linspace(-2, 3, 12).reshape(3, 4), requires_grad=True)
    assert np.allclose(cells(x), x.detach().numpy().ravel(), rtol=1e-3)
    (x * x).sum().backward()
    assert np.allclose(cells(x), [*x.detach().numpy().ravel(), *x.grad.ravel()], rtol=1e-3)
    x.requires_grad = False  # a frozen leaf keeps it
    assert len(cells(x)) == 24


@pytest.mark.parametrize(
    ("tensor", "told"),
    [
        (Tensor([1.0, 2.0]), "Tensor · shape (2,) · float32 · no graph"),
        (nn.Parameter(np.ones((1, 2))), "Parameter · shape (1, 2) · float64 · a leaf that"),
        (np.exp(Tensor(1.0, requires_grad=True)), "shape () · float32 · made by exp"),
    ],
)
def test_it_says_where_it_comes_from(tensor: Any, told: str) -> None:
    assert told in tensor._repr_html_()


@pytest.mark.parametrize("shape", [(12, 12), (12,), (13,), (2, 13), (2, 2, 2), (0,), (0, 3), (1,)])
@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "c8", "i8", "u1", "?"])
def test_any_shape_and_dtype(shape: tuple[int, ...], dtype: str) -> None:
    page = Page(Tensor(np.ones(shape, dtype))._repr_html_())
    small = len(shape) < 3 and 0 not in shape and max(shape) <= 12
    assert len(page.of("td")) == (np.prod(shape) if small else 0)
    assert bool(page.of("summary")) != small


def test_a_large_one_is_summed_up() -> None:
    (text,) = Page(Tensor([*range(1, 20), np.nan])._repr_html_()).of("summary")
    assert text == "20 numbers from 1, mean 10, to 19; 1 nan or infinite"


def test_the_shade_is_as_deep_as_the_number_is_large() -> None:
    html = Tensor([4.0, -2.0, 0.0, np.inf, np.nan])._repr_html_()
    shades = [float(x) for x in re.findall(r"rgba\([\d, ]+, ([\d.]+)\)", html)]
    assert np.allclose(shades[:3], [0.55, 0.275, 0], atol=0.01)
    assert len(shades) == 3
    assert html.count("outline: 2px") == 2


def test_looking_changes_nothing_and_warns_of_nothing() -> None:
    x = Tensor([1.0, 2.0], requires_grad=True)
    y = x * x
    with warnings.catch_warnings(), detect_anomaly():
        warnings.simplefilter("error")
        y._repr_html_()
    assert y._lent is x._lent is False
    y.sum().backward()
    assert np.allclose(x.grad, [2, 4])
