"""The curves of a History: the points lie where the numbers say, whatever they are."""

from __future__ import annotations

import math
import re
from xml.etree import ElementTree

import numpy as np
import pytest
from live import live_and_still

import nn
from nn.training import curves

SVG = "{http://www.w3.org/2000/svg}"


def drawn(**columns: list[float]) -> ElementTree.Element:
    live, still = live_and_still(nn.History(columns)._repr_html_())
    ElementTree.fromstring(still)
    return ElementTree.fromstring(f"<div>{live}</div>")


def lines(page: ElementTree.Element) -> list[np.ndarray]:
    return [
        np.array([pair.split(",") for pair in line.attrib["points"].split()], float)
        for line in page.iter(f"{SVG}polyline")
    ]


def test_points_are_the_numbers_on_their_scale() -> None:
    loss, test = [2.0, 1.0, 0.6, 0.45], [2.1, 1.3, 1.0, 1.2]
    page = drawn(epoch=[1, 2, 3, 4], loss=loss, validation_loss=test, seconds=[1.0] * 4)
    training, validation = lines(page)
    assert np.allclose(np.diff(training[:, 0]), np.diff(training[:2, 0]), atol=0.11)
    heights = np.concatenate([training[:, 1], validation[:, 1]])
    values = np.array([*loss, *test])
    slope, start = np.polyfit(values, heights, 1)
    assert slope < 0  # upwards is less in a picture
    assert np.allclose(start + slope * values, heights, atol=0.1)
    ticks = {}
    for text, path in zip(
        [t for t in page.iter(f"{SVG}text") if t.attrib.get("text-anchor") == "end"],
        page.iter(f"{SVG}path"),
        strict=False,
    ):
        ticks[float(text.text or "")] = float(path.attrib["d"].split()[1].partition("H")[0])
    assert len(ticks) >= 3
    assert np.allclose([start + slope * tick for tick in ticks], list(ticks.values()), atol=0.2)


def test_a_panel_for_each_quantity() -> None:
    page = drawn(epoch=[1, 2], loss=[1, 2], accuracy=[0, 1], validation_mape=[1, 1], seconds=[1, 1])
    titles = [t.text for t in page.iter(f"{SVG}text") if t.attrib.get("font-weight") == "600"]
    assert titles == ["loss", "accuracy", "validation mape"]
    assert len(lines(page)) == 3


def test_labels_of_curves_that_end_together_are_apart() -> None:
    page = drawn(epoch=[1, 2], loss=[1, 0.5], validation_loss=[1, 0.501])
    ends = [t for t in page.iter(f"{SVG}text") if (t.text or "") in ("training", "validation")]
    first, second = (float(t.attrib["y"]) for t in ends)
    assert abs(first - second) >= 26


@pytest.mark.parametrize("values", [[math.nan], [math.inf, 1.0], [0.0], [1e-300, 1e300], [-5, -5]])
def test_any_numbers_can_be_drawn(values: list[float]) -> None:
    drawn(epoch=list(range(1, len(values) + 1)), loss=values)


def test_names_are_escaped_and_an_empty_history_is_text() -> None:
    assert "a&lt;b" in nn.History({"epoch": [1], "a<b": [1.0]})._repr_html_()
    assert nn.History()._repr_html_() == "<code>History()</code>"


@pytest.mark.parametrize(
    ("low", "high"), [(0, 1), (0.3, 0.31), (-7, 130), (1e-9, 2e-9), (3, 3), (0, 0), (99, 1e7)]
)
def test_ticks_are_few_and_round_and_around_the_range(low: float, high: float) -> None:
    ticks = curves._ticks(low, high)
    assert 2 <= len(ticks) <= 7
    step = ticks[1] - ticks[0]
    assert re.fullmatch(r"[125]\.0+e[+-]\d+", f"{step:.5e}")
    assert ticks[0] <= low + step / 1e3
    assert ticks[-1] >= high - step / 1e3
