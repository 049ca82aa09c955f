"""The hooks that the site is built with: the course from notebooks, formulas, links."""

from __future__ import annotations

import base64
import importlib.util
import json
import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PICTURE = b"\x89PNG\r\n\x1a\n"


def load(name: str) -> Any:
    path = ROOT / "docs" / "build" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"site_{name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def markdown(source: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "source": source}


def code(source: str, *outputs: dict[str, Any]) -> dict[str, Any]:
    return {"cell_type": "code", "source": source.splitlines(True), "outputs": list(outputs)}


def shown(**data: str) -> dict[str, Any]:
    names = {"png": "image/png", "svg": "image/svg+xml", "html": "text/html", "text": "text/plain"}
    return {"output_type": "display_data", "data": {names[k]: v for k, v in data.items()}}


NOTEBOOK = {
    "cells": [
        markdown(
            "# 1. First\n\nSee [the next](02_next.ipynb#here), [nodes](../autograd/core/node.py)."
        ),
        code("print('<b>')", {"output_type": "stream", "name": "stdout", "text": ["<b>\n"]}),
        code("plot", shown(png=base64.b64encode(PICTURE).decode(), text="<Figure>")),
        code("draw", shown(svg="<svg>1</svg>", text="x")),
        code("player", shown(html="<!doctype html><p>go</p>", text="x")),
        code("table", shown(html="<table></table>", text="x")),
        markdown("Before $\\Vert g \\Vert $.\n\n### Exercise 1.1\n\nMend it."),
        code("def f():\n    ..."),
        markdown("<details><summary>Solution</summary>\n\n```python\n1\n```\n\n</details>"),
        markdown("## After"),
    ]
}


def page_of_course() -> tuple[Any, str]:
    course = load("course")
    page = course.Page("01_first", NOTEBOOK, ["01_first", "02_next"])
    return page, page.restore(page.markdown)


def test_a_notebook_becomes_a_page() -> None:
    page, text = page_of_course()
    assert page.heading == "1. First"
    assert "](02_next.md#here)" in text
    assert "](https://github.com/plaingrad/plaingrad/blob/main/autograd/core/node.py)" in text
    assert 'href="01_first.ipynb"' in text
    assert "```python\nprint('<b>')\n```" in text
    assert '<pre class="stdout">&lt;b&gt;</pre>' in text
    assert page.pictures == {"01_first/1.png": PICTURE}
    assert '<img src="01_first/1.png"' in text
    assert "&lt;Figure&gt;" not in text
    assert "<svg>1</svg>" in text
    assert "<table></table>" in text
    assert 'srcdoc="&lt;!doctype html&gt;&lt;p&gt;go' in text  # in a frame of its own
    assert "<!--course" not in text
    assert r"Before $\Vert g \Vert$." in text


def test_an_exercise_is_in_a_box_with_its_solution() -> None:
    _, text = page_of_course()
    start, end = text.index('<div class="exercise">'), text.index("## After")
    box = text[start:end]
    assert box.count("<div") == box.count("</div>") == 1
    order = ["### Exercise 1.1", "def f()", '<details class="solution">', "```python\n1\n```"]
    places = [box.index(part) for part in [*order, "</details>", "</div>"]]
    assert places == sorted(places)


def test_the_course_may_be_empty(tmp_path: Path) -> None:
    course = load("course")
    assert course.notebooks(tmp_path) == {}
    assert course.syllabus(tmp_path, []).startswith("# ")
    (tmp_path / "01_a.ipynb").write_text(json.dumps({"cells": [markdown("# A")]}))
    (tmp_path / "README.md").write_text("# Syllabus\n\n[One](01_a.ipynb)\n")
    assert list(course.notebooks(tmp_path)) == ["01_a"]
    assert "[One](01_a.md)" in course.syllabus(tmp_path, ["01_a"])


def test_formulas_become_mathml() -> None:
    pytest.importorskip("latex2mathml")
    to_mathml = load("mathematics").to_mathml
    inline = to_mathml(r'<span class="arithmatex">\(x &lt; y^2\)</span> costs $5')
    assert "<math" in inline
    assert "&lt;" in inline.replace("&#x0003C;", "&lt;")
    assert "arithmatex" not in inline
    assert inline.endswith("costs $5")
    block = to_mathml('<div class="arithmatex">\\[\\frac{a}{b}\\]</div>')
    assert "<mfrac>" in block
    assert 'display="block"' in block
    power = to_mathml(r'<span class="arithmatex">\(\sin^3 x + \log_{10} y\)</span>')
    assert re.search(r"<msup><mi>sin</mi><mn>3</mn></msup>", power)  # no space comes in between
    assert re.search(r"<msub><mi>log</mi><mrow>", power)
    with pytest.raises(ValueError, match="looks like one"):
        to_mathml(r"<p>$\alpha $</p>")
    assert to_mathml(r"<pre>$\alpha$</pre> $5 to $6") == r"<pre>$\alpha$</pre> $5 to $6"
    with pytest.raises(ValueError, match="nosuch"):
        to_mathml(r'<span class="arithmatex">\(\nosuch{x}\)</span>')


def test_names_become_links() -> None:
    linked = load("references").linked
    assert '<autoref identifier="nn.Linear" optional>' in linked("<p><code>Linear</code></p>")
    assert 'identifier="nn.functional.relu"' in linked("<code>functional.relu</code>")
    gradcheck = 'identifier="autograd.gradcheck.gradcheck"'  # it has the name of its file
    assert gradcheck in linked("<code>gradcheck()</code>")
    for text in (
        "<code>x</code>",
        "<a href='#'><code>Linear</code></a>",
        "<pre><code>Linear</code></pre>",
        "<h2><code>Linear</code></h2>",
    ):
        assert linked(text) == text


def test_every_name_that_becomes_a_link_has_an_entry() -> None:
    pages = [path.read_text(encoding="utf-8") for path in (ROOT / "docs").rglob("*.md")]
    entries = re.findall(r"^::: ([\w.]+)$|\{ #([\w.]+) \}", "\n".join(pages), re.MULTILINE)
    shown = {a or b for a, b in entries}
    anchors = set(load("references").identifiers().values())
    assert len(anchors) > 300
    assert {a for a in anchors if a not in shown and a.rpartition(".")[0] not in shown} == set()


@pytest.mark.parametrize(
    ("link", "fault"),
    [
        ('<a href="b.html#there">', ""),
        ('<a href="https://example.com/x">', ""),
        ('<img src="a.png">', ""),
        ('<a href="c.html">', "is not there"),
        ('<a href="b.html#gone">', "has no such anchor"),
        ('<a href="#gone">', "has no such anchor"),
        ('<a href="folder/">', "is not there"),
        ('<a href="/b.html">', "is not there"),
        ('<a href="../../outside.html">', "is not there"),
        ('<img src="gone.png">', "is not there"),
        ('<script src="https://example.com/x.js">', "loads https://example.com/x.js"),
        ('<link rel="stylesheet" href="https://example.com/x.css">', "loads"),
        ('<a href="https://exam ple.com">', "is no address"),
        ('<iframe srcdoc="&lt;img src=gone.png&gt;">', "is not there"),
    ],
)
def test_a_dead_link_is_found(link: str, fault: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "a.png").write_bytes(PICTURE)
    (tmp_path / "a.html").write_text(f"<body>{link}</body>")
    (tmp_path / "b.html").write_text("<h1 id='there'></h1>")
    found = load("links").faults(tmp_path)
    assert len(found) == bool(fault)
    assert fault in "".join(found)


def test_every_guide_is_in_the_navigation() -> None:
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    for path in (ROOT / "docs").rglob("*.md"):
        assert f" {path.relative_to(ROOT / 'docs').as_posix()}\n" in text, path
