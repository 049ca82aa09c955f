"""The player and the film: what they hold, and that they need nothing else."""

from __future__ import annotations

import itertools
import json
import re
from html import unescape
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from live import live_and_still

from autograd import Tensor, explain
from autograd.explain.player import framed, known_at, made_by, page


def program() -> explain.Steps:
    x, w = Tensor(2.0, requires_grad=True), Tensor(-0.5, requires_grad=True)
    h = np.tanh(w * x)
    loss = (h - 1) ** 2 + w * w
    return explain.steps(loss)


def data_of(text: str) -> dict[str, Any]:
    (found,) = re.findall(r"^var data=(.*);$", text, re.MULTILINE)
    return json.loads(found)


def test_a_page_needs_nothing_else() -> None:
    text = program().html()
    assert text.startswith("<!doctype html>")
    assert "{{" not in text
    elsewhere = re.findall(r"(?:src|href|url|import)\s*[=(]\s*[\"']?([^\"'\s)>]+)", text)
    assert elsewhere == []
    assert set(re.findall(r"https?://[^\s\"']+", text)) == {"http://www.w3.org/2000/svg"}
    for needed in ("aria-live", 'aria-label="Step"', "focus-visible", "prefers-reduced-motion"):
        assert needed in text


def test_states_are_the_steps() -> None:
    s = program()
    data = data_of(s.html())
    assert len(data["steps"]) == len(s) + 1
    for step, state in zip(s, data["steps"][1:], strict=True):
        assert state["ids"] == [step.id]
        assert state["to"] == [[c.id, c.position] for c in step.contributions]
        told = unescape(re.sub("<[^>]+>", " ", state["html"]))
        for c in step.contributions:
            assert c.formula in told
            assert c.numbers in told
            assert explain.show(c.gradient) in told
            assert explain.show(c.total) in told
    assert "All leaves are known" in data["steps"][-1]["html"]


def test_boxes_and_arrows_come_in_the_order_of_the_picture() -> None:
    text = program().html()
    data = data_of(text)
    ids = [int(i) for i in re.findall(r'<g class="v [\w ]+" data-id="(\d+)"', text)]
    assert [items[-1] for items in data["items"]] == ids
    arrows = re.findall(
        r'<g class="a[^"]*" data-from="(\d+)" data-to="(\d+)" data-position="(\d+)"', text
    )
    assert [[int(n) for n in arrow] for arrow in arrows] == [a[0] for a in data["arrows"]]


def test_a_gradient_is_known_bit_by_bit() -> None:
    s = program()
    w = next(v.id for v in s.graph.values if v.label == "w")
    found = known_at(s)[w]
    at = [step.number for step in s for c in step.contributions if c.id == w]
    assert [k for k, _, _ in found] == at
    assert [complete for _, _, complete in found] == [False, False, True]
    assert found[-1][1] == f"grad {explain.show(s.gradients['w'])}"


def test_names_are_escaped() -> None:
    x = explain.name(Tensor(2.0, requires_grad=True), "<b>&x</script>")
    s = explain.steps(explain.name(x * x, "</script>"))
    text = s.html()
    assert "<b>&x" not in text
    assert text.count("</script>") == 1
    assert "&lt;b&gt;&amp;x" in data_of(text)["steps"][-1]["html"]


def test_a_frame_holds_a_page() -> None:
    s = program()
    frame = framed(s, start=2, height=500)
    assert frame.startswith("<iframe title=")
    assert "height:500px" in frame
    (inner,) = re.findall(r'srcdoc="([^"]*)"', frame)
    assert unescape(inner) == page(s, 2)
    assert data_of(unescape(inner))["start"] == 2
    assert live_and_still(s._repr_html_())[0] == framed(s)
    shown = s.player(3, ask=True, height=444)
    assert str(shown) == framed(s, 3, True, 444)
    assert data_of(unescape(str(shown)))["ask"] is True
    live, still = live_and_still(shown._repr_html_())
    assert live == str(shown)
    ElementTree.fromstring(still)
    assert repr(shown) == s.table()


def test_large_graphs_are_summarised() -> None:
    h = Tensor(0.5, requires_grad=True)
    for _ in range(400):
        h = np.sin(h)
    data = data_of(explain.steps(h).html())
    assert len(data["items"]) < 100
    assert sum(map(len, data["items"])) == 401


def test_what_made_a_value() -> None:
    x = Tensor(np.ones((2, 3)), requires_grad=True)
    s = explain.steps(np.sum(np.sum(x, axis=0) * 2))
    assert [made_by(step) for step in s] == ["sum", "multiply", "sum 1(axis=0)"] or [
        made_by(step) for step in s
    ] == ["sum 2", "multiply", "sum 1(axis=0)"]


def test_files(tmp_path: Path) -> None:
    s = program()
    s.save(tmp_path / "steps.html")
    assert (tmp_path / "steps.html").read_text(encoding="utf-8") == s.html()
    s.save(str(tmp_path / "steps.txt"))
    assert (tmp_path / "steps.txt").read_text(encoding="utf-8") == s.table() + "\n"
    with pytest.raises(ValueError, match=r"'steps.mp4', expected .* \.html, \.gif, \.txt"):
        s.save(tmp_path / "steps.mp4")


@pytest.mark.slow
def test_a_film_has_a_picture_for_each_step(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    from PIL import Image

    x = Tensor(2.0, requires_grad=True)
    s = explain.steps(np.tanh(x * x))
    s.save(tmp_path / "steps.gif")
    with Image.open(tmp_path / "steps.gif") as film:
        assert film.n_frames == len(s) + 1
        lengths, pictures = [], []
        for k in range(film.n_frames):
            film.seek(k)
            lengths.append(film.info["duration"])
            pictures.append(np.array(film.convert("L")))
    assert lengths == [1600, 1600, 4800]
    assert all((a != b).any() for a, b in itertools.pairwise(pictures))


def test_deterministic() -> None:
    assert program().html() == program().html()
