"""The picture of a profile: widths are times, parts lie within their whole, labels fit."""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from live import live_and_still

import nn
import optim
from nn.training.flames import LETTER, WIDTH, Flames, Stretch

SVG = "{http://www.w3.org/2000/svg}"


def profiled() -> Any:
    model = nn.Sequential(nn.Linear(8, 16), nn.Sequential(nn.Tanh(), nn.Linear(16, 3)))
    loss, optimizer = nn.CrossEntropyLoss(), optim.SGD(model.parameters(), lr=0.1)
    with nn.profile() as p:
        for _ in range(3):
            optimizer.zero_grad()
            loss(model(np.ones((4, 8), np.float32)), np.arange(4) % 3).backward()
            optimizer.step()
    return p


def blocks(svg: str) -> list[tuple[float, float, float, str, str]]:
    """Left, width, top, what is told and the label of each block."""
    found = []
    for group in ElementTree.fromstring(svg).iter(f"{SVG}g"):
        rect, title, label = (group.find(f"{SVG}{tag}") for tag in ("rect", "title", "text"))
        assert rect is not None
        assert title is not None
        left, width, top = (float(rect.attrib[name]) for name in ("x", "width", "y"))
        text = "" if label is None else label.text or ""
        found.append((left, width, top, title.text or "", text))
    return found


def test_the_parts_add_up_to_the_whole() -> None:
    def check(part: Stretch) -> None:
        within = sum(inner.milliseconds for inner in part.below)
        assert within <= part.milliseconds * (1 + 1e-9)
        for inner in part.below:
            check(inner)

    p = profiled()
    whole = p.flames().whole
    check(whole)
    assert whole.milliseconds == pytest.approx(p.seconds * 1e3)
    assert sum(part.milliseconds for part in whole.below) == pytest.approx(whole.milliseconds)
    forward = sum(row.forward for row in p.rows if row.module in ("Sequential", "CrossEntropyLoss"))
    tops = {(row.module, row.op): row for row in p.rows}
    times = tops["Sequential", ""].forward + tops["CrossEntropyLoss", ""].forward
    assert forward >= times
    assert whole.below[0].milliseconds == pytest.approx(times)
    assert {"forward", "backward", "SGD.step"} <= {part.label for part in whole.below}


def test_blocks_lie_within_what_they_ran_in_and_side_by_side() -> None:
    rows: dict[float, list[tuple[float, float]]] = {}
    for left, width, top, *_ in blocks(profiled().flames().svg):
        rows.setdefault(top, []).append((left, left + width))
    above = [(0.0, float(WIDTH))]
    for _, row in sorted(rows.items()):
        assert all(a[1] <= b[0] + 0.3 for a, b in itertools.pairwise(row))
        for left, right in row:
            assert any(a - 0.3 <= left and right <= b + 0.3 for a, b in above)
        above = row


def test_widths_are_times_and_labels_fit() -> None:
    inner = [Stretch("(0): Linear(64, 256)", "", "forward", t, []) for t in (50, 20, 8, 2, 0.001)]
    whole = Stretch("a<b", "", "", 160.0, [Stretch("forward", "", "forward", 80.001, inner)])
    drawn = blocks(Flames(whole).svg)
    assert [block[1] for block in drawn] == pytest.approx([960, 480, 300, 120, 48, 12], abs=0.6)
    assert [block[4] for block in drawn] == [
        "a<b  160 ms", "forward  80 ms", "(0): Linear(64, 256)  50 ms", "Linear", "Line…", "",
    ]  # fmt: skip
    for _, width, _, _, label in drawn:
        assert LETTER * len(label) <= width
    assert "12.5 %" in drawn[3][3]


def test_a_file(tmp_path: Path) -> None:
    p = profiled()
    p.save(tmp_path / "step.svg")
    text = (tmp_path / "step.svg").read_text(encoding="utf-8")
    assert ElementTree.fromstring(text).tag == f"{SVG}svg"
    assert "prefers-color-scheme" in text
    assert "prefers-color-scheme" not in p._repr_html_()
    with pytest.raises(ValueError, match=r"expected a name that ends in \.svg"):
        p.save(tmp_path / "step.png")


def test_a_block_in_which_nothing_ran() -> None:
    with nn.profile() as p:
        pass
    assert len(blocks(p.flames().svg)) == 2


def test_the_display_holds_picture_and_table() -> None:
    html = profiled()._repr_html_()
    live, still = live_and_still(html.partition("<details>")[0])
    assert len(blocks(re.sub(r"</?div[^>]*>", "", live))) == len(blocks(still)) > 2
    assert re.search(r"<details>.*<pre>time in ms", html, re.DOTALL)
