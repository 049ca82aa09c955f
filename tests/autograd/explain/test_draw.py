"""The picture: nothing overlaps, every arrow ends at its boxes, and all is in it."""

from __future__ import annotations

import itertools
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from live import live_and_still

import nn
from autograd import GraphFreedError, Tensor, UntrackedError, explain
from autograd.explain import svg
from autograd.explain.folding import MANY, Scene, boxes_of, scene
from autograd.explain.labels import Line, lines_of, title_of
from autograd.explain.layout import Frame, Link, Place, Tile, lay_out

from .programs import PROGRAMS, mlp, neuron, residual, rng, tangle

ROOT = Path(__file__).parents[3]
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module", params=PROGRAMS)
def drawn(request: pytest.FixtureRequest) -> explain.Picture:
    return explain.draw(PROGRAMS[request.param]())


def points_along(way: list[tuple[float, float]], across: bool) -> list[tuple[float, float]]:
    """An arrow as it is drawn: straight along the flow, else a cubic with its middle half way."""
    found = []
    for (x0, y0), (x1, y1) in itertools.pairwise(way):
        for t in np.linspace(0, 1, 9):
            s = 3 * t * t * (1 - t) + t**3  # of the axis whose controls are the ends
            m = 1.5 * t * (1 - t) + t**3  # of the axis whose controls are in the middle
            a, b = (m, s) if across else (s, m)
            found.append((x0 + a * (x1 - x0), y0 + b * (y1 - y0)))
    return found


def within(point: tuple[float, float], place: Place, slack: float) -> bool:
    x, y = point
    return (
        place.x + slack < x < place.x + place.width - slack
        and place.y + slack < y < place.y + place.height - slack
    )


def check_geometry(what: Scene, across: bool) -> None:
    placed = svg.placed_of(what, across)
    whole = Place(-0.01, -0.01, placed.width + 0.02, placed.height + 0.02)
    tiles, frames = placed.tiles, placed.frames
    around = {item.key: {svg.frame_key(box) for box in item.inside} for item in what.items}
    assert tiles.keys() == around.keys()
    for a, b in itertools.combinations(tiles.values(), 2):
        assert not a.overlaps(b, -4)  # there is room between any two
    for place in (*tiles.values(), *frames.values()):
        assert whole.contains(place)
    for key, frame in frames.items():
        for name, tile in tiles.items():
            if key in around[name]:
                assert frame.contains(tile)
            else:
                assert not frame.overlaps(tile)
    for a, b in itertools.combinations(frames.values(), 2):
        assert a.contains(b) or b.contains(a) or not a.overlaps(b)
    for item in what.items:  # every text in its box, every title in its frame and over no box
        place, behind = tiles[item.key], 4 if item.box or item.summary else 0
        lines = lines_of(item)
        assert max(len(line.text) for line in lines) * 7.25 + behind + 8 <= place.width
        assert len(lines) * 16 + behind + 8 <= place.height
    for box, inside in {(b, i.inside[:k]) for i in what.items for k, b in enumerate(i.inside)}:
        x, y = placed.titles[svg.frame_key(box)]
        title = Place(x, y - 6, len(title_of(box, inside).text) * 6.62, 12)
        assert frames[svg.frame_key(box)].contains(title)
        assert not any(title.overlaps(tile) for tile in tiles.values())
        for way in placed.arrows:
            assert not any(within(p, title, 0.5) for p in points_along(way, across))
    arrows = sorted(what.arrows, key=lambda a: (a.edges[0].target, a.edges[0].position))
    tips = set()
    for arrow, way in zip(arrows, placed.arrows, strict=True):
        source, target = tiles[arrow.source.key], tiles[arrow.target.key]
        (x0, y0), (x1, y1) = way[0], way[-1]
        if across:
            source, target = (Place(p.y, p.x, p.height, p.width) for p in (source, target))
            x0, y0, x1, y1 = y0, x0, y1, x1
        assert y0 == pytest.approx(source.y + source.height)  # from its lower edge
        assert source.x <= x0 <= source.x + source.width
        assert y1 == pytest.approx(target.y)  # to its upper edge
        assert target.x < x1 < target.x + target.width
        assert y1 - y0 > 10
        assert (x1, y1) not in tips  # no two arrows have the same tip
        tips.add((x1, y1))
        own = {arrow.source.key, arrow.target.key}
        for p in points_along(way, across):
            for key, place in tiles.items():
                assert key in own or not within(p, place, 0.5), (own, key)
            for key, place in frames.items():
                if key not in around[arrow.source.key] | around[arrow.target.key]:
                    assert not within(p, place, 0.5)


@pytest.mark.parametrize("across", [False, True], ids=["down", "right"])
def test_nothing_overlaps_and_arrows_end_at_their_boxes(
    drawn: explain.Picture, across: bool
) -> None:
    check_geometry(drawn._scene, across)


def test_folded_too(drawn: explain.Picture) -> None:
    for depth in (0, 1, 2) if boxes_of(drawn.graph) else ():
        check_geometry(scene(drawn.graph, lambda _, at, depth=depth: at >= depth), False)


def test_all_values_and_edges_are_in_the_picture(drawn: explain.Picture) -> None:
    tree = ElementTree.fromstring(drawn.svg)
    shown = {int(g.get("data-id")) for g in tree.iter(f"{SVG}g") if g.get("data-id")}
    assert shown == {v.id for v in drawn.graph.values}
    arrows = [g for g in tree.iter(f"{SVG}g") if "a" in (g.get("class") or "").split()]
    found = sorted(
        (int(g.get("data-from")), int(g.get("data-to")), int(g.get("data-position")),
         "untracked" not in g.get("class"))
        for g in arrows
    )  # fmt: skip
    assert found == sorted((e.source, e.target, e.position, e.tracked) for e in drawn.graph.edges)
    texts = "\n".join("".join(t.itertext()) for t in tree.iter(f"{SVG}text"))
    for value in drawn.graph.values:
        assert value.op in texts
        assert not value.name or value.name.rsplit(".")[-1] in texts
    assert drawn.text.count("\n") + 1 >= len(drawn.graph.values)


def test_the_sources_have_all_and_are_well_formed(drawn: explain.Picture) -> None:
    dot, mermaid = drawn.dot, drawn.mermaid
    assert dot.count("{") == dot.count("}") == 1 + dot.count("subgraph")
    declared = set(re.findall(r'^ *(n\d+) \[label="(?:[^"\\\n]|\\.)*"(?:, .*)?\];$', dot, re.M))
    arrows = re.findall(r"^ *(n\d+) -> (n\d+)(?: \[.*\])?;$", dot, re.M)
    assert len(declared) == len(drawn.graph.values)
    assert len(arrows) == len(drawn.graph.edges)
    assert {end for arrow in arrows for end in arrow} <= declared
    lines = mermaid.splitlines()
    assert lines[0] == "flowchart TD"
    node = r'n\d+(\(\[|\(|\[\[|\[)"[^"]*"(\]\)|\)|\]\]|\])'
    form = re.compile(rf' *({node}|n\d+ (-->|-\.->) n\d+|subgraph s\d+\["[^"]*"\]|end)')
    assert [line for line in lines[1:] if not form.fullmatch(line)] == []
    assert sum("->" in line for line in lines) == len(drawn.graph.edges)
    assert mermaid.count("subgraph") == sum(line.strip() == "end" for line in lines)


def test_the_page_has_each_way_of_folding_once_and_what_can_be_clicked(
    drawn: explain.Picture,
) -> None:
    states = re.findall(r'data-state="([\d-]*)"', drawn.html)
    boxes = list(boxes_of(drawn.graph))
    assert len(states) == len(set(states))
    if not boxes:
        assert "<script>" not in drawn.html
        assert states == [""]
        return
    opened = [{int(i) for i in state.split("-") if i} for state in states]
    assert opened[0] == set(range(len(boxes)))  # all open to begin with
    assert set() in opened
    for i in range(len(boxes)) if len(boxes) < 9 else ():  # each can be opened, and folded
        assert any(i in s for s in opened)
        assert any(i not in s for s in opened)


def test_the_picture_is_the_same_every_time() -> None:
    code = (
        "from programs import *; from autograd import explain; import hashlib\n"
        "for p in (neuron, mlp, residual, transformer, several):\n"
        "    nn.manual_seed(0)\n"
        "    d = explain.draw(p())\n"
        "    print(hashlib.sha1((d.html + d.dot + d.mermaid + d.text).encode()).hexdigest())"
    )
    folders = [str(ROOT), str(Path(__file__).parent)]
    runs = [
        subprocess.run(
            [sys.executable, "-c", f"import sys; sys.path[:0] = {folders}\n{code}"],
            env={"PYTHONHASHSEED": seed, "OPENBLAS_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
        )
        for seed in ("1", "2")
    ]
    assert runs[0].stdout, runs[0].stderr
    assert runs[0].stdout == runs[1].stdout


def test_what_is_written_in_the_boxes() -> None:
    lines = {
        item.values[0].label: [line.text for line in lines_of(item)]
        for item in scene(neuron().graph).items
    }
    assert lines["w1"] == ["w1", "\N{MINUS SIGN}3", "grad 1"]
    assert lines["o"] == ["o = tanh", "0.7071", "grad 1"]
    first = mlp().graph
    texts = {tuple(line.text for line in lines_of(item))[:2] for item in scene(first).items}
    assert ("weight", "(3, 4)") in texts  # in its frame, without the path
    assert ("X", "(5, 4)") in texts


def test_a_folded_module_says_what_it_is() -> None:
    story = residual()
    folded = scene(story.graph, lambda _, at: at >= 1)
    item = next(i for i in folded.items if i.box and i.box.name == "conv1")
    lines = [line.text for line in lines_of(item)]
    assert lines[:3] == ["conv1 Conv2d", "288 parameters", "→ (2, 8, 4, 4)"]
    assert lines[3].startswith("grad norm")
    (whole,) = [i for i in scene(story.graph, lambda _, at: at >= 0).items if i.box]
    assert whole.box.kind == "BasicBlock"


def test_a_large_graph_is_summed_up_and_says_so() -> None:
    def lines() -> explain.Story:
        h = w = Tensor(np.ones(3), requires_grad=True)
        with explain.watch() as story:
            for _ in range(400):
                h = h * w
                h = np.tanh(h)
        return story

    for story in (lines(), tangle(700, 0)()):
        picture = explain.draw(story)
        assert len(picture._scene.items) <= MANY
        assert "A summary" in picture.svg
        assert "A summary" in picture.text
        counted = sum(len(item.values) for item in picture._scene.items)
        assert counted == len(picture.graph.values)
    check_geometry(explain.draw(lines())._scene, False)


def test_300_boxes() -> None:
    picture = explain.draw(tangle(250, 1)())
    assert len(picture.graph.values) == len(picture._scene.items) > 270
    check_geometry(picture._scene, False)


def test_random_layouts() -> None:
    """Of frames within frames and any arrows that make no cycle."""
    for seed in range(12):
        g = rng(seed)
        root = Frame("")
        frames, tiles = [root], []
        home = {"": 0}
        order = 0
        while order < 25:  # a frame is filled in one go, so no arrows make a cycle of frames
            if g.random() < 0.25 and len(frames) < 4:
                frames.append(Frame(f"f{order}-{len(home)}", float(g.integers(20, 150))))
                frames[-2].inside.append(frames[-1])
                home[frames[-1].key] = order
            elif g.random() < 0.25 and len(frames) > 1 and frames[-1].inside:
                frames.pop()
            else:
                tile = Tile(
                    f"t{order}", float(g.integers(30, 180)), float(g.integers(20, 70)), order
                )
                frames[-1].inside.append(tile)
                tiles.append(tile)
                order += 1
        for frame in frames:
            if not frame.inside:
                frame.inside.append(Tile(f"x{frame.key}", 40.0, 20.0, order))
        pairs = {tuple(sorted(map(int, g.integers(0, 25, size=2)))) for _ in range(40)}
        links = [Link(f"t{a}", f"t{b}") for a, b in sorted(pairs, key=lambda p: p[::-1]) if a < b]
        for across in (False, True):
            placed = lay_out(root, links, across)
            places = list(placed.tiles.values())
            for a, b in itertools.combinations(places, 2):
                assert not a.overlaps(b)
            for link, way in zip(links, placed.arrows, strict=True):
                for p in points_along(way, across):
                    for key, place in placed.tiles.items():
                        mine = key in (link.source, link.target)
                        assert mine or not within(p, place, 0.5), (seed, link, key)


def test_it_shows_itself_and_is_saved_by_suffix(tmp_path: Path) -> None:
    picture = explain.draw(neuron())
    assert live_and_still(picture._repr_html_()) == (picture.html, picture.svg)
    assert str(picture) == repr(picture) == picture.text
    for suffix in ("svg", "html", "dot", "mmd", "txt"):
        picture.save(tmp_path / f"graph.{suffix}")
    ElementTree.parse(tmp_path / "graph.svg")
    assert (tmp_path / "graph.html").read_text().startswith("<!doctype html>")
    assert (tmp_path / "graph.dot").read_text() == picture.dot
    with pytest.raises(ValueError, match=r"'.png', expected one of .svg"):
        picture.save(tmp_path / "graph.png")


def test_no_text_of_the_user_breaks_the_picture() -> None:
    x = explain.name(Tensor(1.0, requires_grad=True), '<b>"&\\]]>')
    picture = explain.draw(lambda: np.exp(x).backward())
    ElementTree.fromstring(picture.svg)
    assert "<b>" not in picture.html
    assert '\\"&\\\\' in picture.dot
    assert "#quot;" in picture.mermaid


def test_an_empty_story_and_wide_letters() -> None:
    with explain.watch() as story:
        pass
    ElementTree.fromstring(explain.draw(story).svg)
    assert svg.size_of([Line("\u91cd\u307f", "name")])[0] >= svg.size_of([Line("1234", "name")])[0]


def test_names_come_from_the_place_of_the_call_and_from_a_model() -> None:
    model, x = nn.Linear(2, 1), np.ones((1, 2), np.float32)
    out = model(x)
    picture = explain.draw(out, model)
    assert [v.name for v in picture.graph.values] == ["x", "weight", "bias", "out"]
    names = [v.name for v in explain.draw([out]).graph.values]
    assert names == ["x", "", "", "out"]  # the parameters are no variables


def test_wrong_use_is_told() -> None:
    x = Tensor(1.0, requires_grad=True)
    y = np.exp(x)
    with pytest.raises(ValueError, match='expected "down" or "right"'):
        explain.draw(y, direction="up")
    with pytest.raises(ValueError, match="depth"):
        explain.draw(y, depth=-1)
    with pytest.raises(TypeError, match="draw: got ndarray, expected a story"):
        explain.draw(np.ones(2))
    with pytest.raises(TypeError, match="Linear, a module"):
        explain.draw(nn.Linear(2, 2))
    with pytest.raises(UntrackedError, match="recorded no op"):
        explain.draw(lambda: np.exp(Tensor(1.0)))
    y.backward()
    with pytest.raises(GraphFreedError, match="freed"):
        explain.draw(y)
