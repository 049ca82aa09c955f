"""The picture as HTML in which modules fold: the ways it can be folded, each drawn beforehand."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Callable, Iterator

from .folding import MANY, Scene, boxes_of, scene
from .graph import Box
from .svg import style_of, svg_of

__all__ = ["html_of", "page_of"]

STATES, ROOM = 48, 250_000  # how many ways, and bytes of them

#: At a click, of the ways that are drawn the one nearest to what is asked for.
SCRIPT = """\
(function(){var root=document.currentScript.parentNode,above=%s,
views=[].slice.call(root.querySelectorAll("[data-state]")),now=views[0];
function open(v){return v.dataset.state?v.dataset.state.split("-").map(Number):[]}
function under(j,i){while(j>=0&&j!==i)j=above[j];return j===i}
function toggle(i){var was=open(now),shut=was.indexOf(i)>=0,best=null,least=1e9;
var want=shut?was.filter(function(j){return !under(j,i)}):was.concat([i]);
views.forEach(function(v){var o=open(v);if((o.indexOf(i)>=0)===shut)return;
var d=o.filter(function(j){return want.indexOf(j)<0}).length+
want.filter(function(j){return o.indexOf(j)<0}).length;
if(d<least){least=d;best=v}});
if(best){now.hidden=true;best.hidden=false;now=best}}
function on(e){var g=e.target.closest&&e.target.closest("[data-fold]");
if(!g||e.type==="keydown"&&e.key!=="Enter"&&e.key!==" ")return;
var i=+g.getAttribute("data-fold");e.preventDefault();toggle(i);
g=now.querySelector('[data-fold="'+i+'"]');if(g&&e.type==="keydown")g.focus()}
root.addEventListener("click",on);root.addEventListener("keydown",on)})();"""


def html_of(shown: Scene, across: bool = False) -> str:
    """The scene as HTML; at a click on a frame or a folded module another way of folding it."""
    graph = shown.graph
    worth = list(boxes_of(graph))
    number = {box: i for i, box in enumerate(worth)}
    above = [-1] * len(worth)
    for value in graph.values:
        around = [box for box in value.modules if box in number]
        for outer, inner in itertools.pairwise(around):
            above[number[inner]] = number[outer]
    first = {number[box] for item in shown.items for box in item.inside}
    prefix = (
        "pg" + hashlib.sha1(svg_of(shown, across).encode(), usedforsecurity=False).hexdigest()[:10]
    )
    drawn: dict[str, str] = {}
    room = ROOM
    for opened in [tuple(sorted(first)), *_ways(above)]:
        key = "-".join(map(str, opened))
        if key in drawn or room < 0:
            continue
        what = shown if not drawn else scene(graph, _folding(number, opened))
        if drawn and len(what.items) > MANY:
            continue
        drawn[key] = svg_of(what, across, prefix=prefix, foldable=number, styled=False)
        room -= len(drawn[key])
    states = "".join(
        f'<div data-state="{key}"{" hidden" if i else ""}>{svg}</div>'
        for i, (key, svg) in enumerate(drawn.items())
    )
    script = ""
    if len(drawn) > 1:
        script = f"<script>{SCRIPT % json.dumps(above)}</script>"
    return f'<div style="overflow-x:auto"><style>{style_of(prefix)}</style>{states}{script}</div>'


def _folding(number: dict[Box, int], opened: tuple[int, ...]) -> Callable[[Box, int], bool]:
    return lambda box, _: number[box] not in opened


def _ways(above: list[int]) -> Iterator[tuple[int, ...]]:
    """Sets of open frames, what is asked for most first, and all of them where they are few."""
    every = range(len(above))
    chains = []  # each with those around it
    for i in every:
        chain = [i]
        while above[chain[-1]] >= 0:
            chain.append(above[chain[-1]])
        chains.append(chain)
    yield ()
    yield tuple(every)
    for i in every:
        yield tuple(sorted(chains[i]))
        yield tuple(j for j in every if i not in chains[j])
    if len(above) <= 10:
        sets = [
            tuple(i for i in every if bits >> i & 1)
            for bits in range(2 ** len(above))
            if all(bits >> j & 1 for i in every if bits >> i & 1 for j in chains[i])
        ]
        yield from sets if len(sets) <= STATES else ()


def page_of(html: str) -> str:
    """A page of its own, with this in it."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><title>A graph</title>'
        f"</head><body>{html}</body></html>\n"
    )
