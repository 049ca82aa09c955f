"""Where boxes, frames around them and arrows go: a layered layout, from top to bottom.

After Sugiyama, Tagawa and Toda, *Methods for Visual Understanding of Hierarchical System
Structures* (1981): every box gets a layer below those of its inputs; within the layers boxes are
put in an order with few crossings; then each is moved to where its arrows are straight. An arrow
that skips layers keeps a place in each, so it never runs through a box.

A frame is laid out by itself first, and is then one big box among others. Where an arrow crosses
its border it has a port. So frames never overlap, and no arrow crosses one that it has no end in.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

__all__ = ["Frame", "Link", "Place", "Placed", "Tile", "lay_out"]

Point = tuple[float, float]
ASIDE, APART, LEAST, MOST, PAD, STRIP = 22.0, 14.0, 38.0, 90.0, 12.0, 20.0


@dataclass
class Tile:
    """A box of a given size."""

    key: str
    width: float
    height: float
    order: int = 0  #: boxes of one layer are put by it to begin with


@dataclass
class Frame:
    """A frame around boxes and frames, with a title that takes some width."""

    key: str
    title: float = 0.0
    inside: list[Tile | Frame] = field(default_factory=list)

    @property
    def order(self) -> int:
        """That of what is inside."""
        return min((x.order for x in self.inside), default=0)


@dataclass(frozen=True)
class Link:
    """An arrow from one box to another; `position` tells several between the same two apart."""

    source: str
    target: str
    position: int = 0


@dataclass(frozen=True)
class Place:
    """A rectangle."""

    x: float
    y: float
    width: float
    height: float

    def overlaps(self, other: Place, slack: float = 0.0) -> bool:
        """Whether the two share more than `slack` on both axes."""
        across = min(self.x + self.width, other.x + other.width) - max(self.x, other.x)
        down = min(self.y + self.height, other.y + other.height) - max(self.y, other.y)
        return across > slack and down > slack

    def contains(self, other: Place) -> bool:
        """Whether the other lies in this one."""
        return (
            self.x <= other.x
            and self.y <= other.y
            and other.x + other.width <= self.x + self.width
            and other.y + other.height <= self.y + self.height
        )


@dataclass
class Placed:
    """All places: of boxes and frames, by key; of titles; the points of each arrow."""

    width: float
    height: float
    tiles: dict[str, Place] = field(default_factory=dict)
    frames: dict[str, Place] = field(default_factory=dict)
    titles: dict[str, Point] = field(default_factory=dict)  # the left end, half way down
    #: Between two points the arrow runs straight along the flow, or in an S.
    arrows: list[list[Point]] = field(default_factory=list)


End = tuple[str, str]  # "tile", "frame", "in" or "out", and a key
Wire = tuple[str, End, End, int]  # the source, and the ends in this frame; which, at a tile


@dataclass
class _Level:
    """A frame that is laid out, seen from its upper left corner."""

    width: float = 0.0
    height: float = 0.0
    at: dict[End, Point] = field(default_factory=dict)  # upper left corners; of ports, the point
    title: Point = (0.0, 0.0)
    wires: dict[Wire, list[Point]] = field(default_factory=dict)


def lay_out(root: Frame, links: Sequence[Link], across: bool = False) -> Placed:
    """Find a place for everything in `root`.

    Parameters
    ----------
    root
        the whole, whose own border is not drawn.
    links
        arrows between tiles, without cycles.
    across
        from left to right instead of from top to bottom.
    """
    chains = _chains(root)
    wires: dict[str, dict[Wire, None]] = {}
    for i, link in enumerate(links):
        for key, wire in _way(link, i, chains):
            wires.setdefault(key, {})[wire] = None
    levels = _levels(root, wires, across)
    placed = Placed(levels[root.key].width, levels[root.key].height)
    corners: dict[str, Point] = {}
    _collect(root, levels, across, placed, corners)
    for i, link in enumerate(links):
        points: list[Point] = []
        for frame, wire in _way(link, i, chains):
            x, y = corners[frame]
            for px, py in levels[frame].wires[wire]:
                point = (px + x, py + y)
                if not points or points[-1] != point:
                    points.append(point)
        placed.arrows.append(points)
    return _turned(placed) if across else placed


def _chains(root: Frame) -> dict[str, tuple[str, ...]]:
    """For each tile, the frames around it, the outermost first."""
    chains: dict[str, tuple[str, ...]] = {}
    stack: list[tuple[Frame, tuple[str, ...]]] = [(root, (root.key,))]
    while stack:
        frame, chain = stack.pop()
        for x in frame.inside:
            if isinstance(x, Frame):
                stack.append((x, (*chain, x.key)))
            else:
                chains[x.key] = chain
    return chains


def _way(link: Link, number: int, chains: dict[str, tuple[str, ...]]) -> list[tuple[str, Wire]]:
    """The wires of a link: out of the frames around its source, across, into the target's."""
    source, target = (*chains[link.source], link.source), (*chains[link.target], link.target)
    common = 0
    while source[common] == target[common]:
        common += 1
    s = link.source
    way: list[tuple[str, Wire]] = []
    for depth in range(len(source) - 2, common - 1, -1):
        begin = _end(source, depth + 1)
        way.append((source[depth], (s, begin, ("out", s), -1)))
    begin, end = _end(source, common), _end(target, common)
    way.append((source[common - 1], (s, begin, end, number if end[0] == "tile" else -1)))
    for depth in range(common, len(target) - 1):
        end = _end(target, depth + 1)
        way.append((target[depth], (s, ("in", s), end, number if end[0] == "tile" else -1)))
    return way


def _end(chain: tuple[str, ...], depth: int) -> End:
    return ("tile" if depth == len(chain) - 1 else "frame", chain[depth])


def _levels(root: Frame, wires: dict[str, dict[Wire, None]], across: bool) -> dict[str, _Level]:
    """The layout of each frame, the innermost first."""
    order: list[Frame] = []
    stack = [root]
    while stack:
        frame = stack.pop()
        order.append(frame)
        stack.extend(x for x in frame.inside if isinstance(x, Frame))
    levels: dict[str, _Level] = {}
    for frame in reversed(order):
        layers = _Layers(frame, list(wires.get(frame.key, ())), levels, across, frame is root)
        levels[frame.key] = layers.level
    return levels


def _collect(
    root: Frame,
    levels: dict[str, _Level],
    across: bool,
    placed: Placed,
    corners: dict[str, Point],
) -> None:
    """Add up the corners, from the outermost frame in."""
    stack = [(root, (0.0, 0.0))]
    while stack:
        frame, (x, y) = stack.pop()
        level = levels[frame.key]
        corners[frame.key] = x, y
        if frame is not root:
            placed.frames[frame.key] = Place(x, y, level.width, level.height)
            placed.titles[frame.key] = x + level.title[0], y + level.title[1]
        for child in frame.inside:
            if isinstance(child, Frame):
                dx, dy = level.at["frame", child.key]
                stack.append((child, (x + dx, y + dy)))
            else:
                dx, dy = level.at["tile", child.key]
                w, h = (child.height, child.width) if across else (child.width, child.height)
                placed.tiles[child.key] = Place(x + dx, y + dy, w, h)


def _turned(placed: Placed) -> Placed:
    def turn(place: Place) -> Place:
        return Place(place.y, place.x, place.height, place.width)

    return Placed(
        placed.height,
        placed.width,
        {key: turn(place) for key, place in placed.tiles.items()},
        {key: turn(place) for key, place in placed.frames.items()},
        {key: (y, x) for key, (x, y) in placed.titles.items()},
        [[(y, x) for x, y in arrow] for arrow in placed.arrows],
    )


@dataclass(eq=False)
class _Vertex:
    """What takes room in a layer: a tile, a frame, a port, or an arrow that passes."""

    end: End | None
    width: float = 0.0
    height: float = 0.0
    order: int = 0
    rank: int = 0
    x: float = 0.0  # the middle
    #: (other, from the other's middle to the end there, from this one's to the end here, weight)
    above: list[tuple[_Vertex, float, float, float]] = field(default_factory=list)
    below: list[tuple[_Vertex, float, float, float]] = field(default_factory=list)


class _Layers:
    """The layout of the inside of one frame."""

    def __init__(
        self, frame: Frame, wires: list[Wire], levels: dict[str, _Level], across: bool, root: bool
    ) -> None:
        self.levels = levels
        self.vertices: dict[End, _Vertex] = {}
        for _i, x in enumerate(frame.inside):
            if isinstance(x, Frame):
                inner = levels[x.key]
                v = _Vertex(("frame", x.key), inner.width, inner.height, x.order)
            else:
                w, h = (x.height, x.width) if across else (x.width, x.height)
                v = _Vertex(("tile", x.key), w, h, x.order)
            self.vertices[v.end] = v  # type: ignore[index]
        for _, begin, end, _ in wires:
            for port in (begin, end):
                if port not in self.vertices:
                    self.vertices[port] = _Vertex(port, order=len(self.vertices))
        self._rank(wires)
        self._layers(wires)
        self._order()
        self._straighten()
        self.level = self._finish(frame, wires, across, root)

    # Layers

    def _rank(self, wires: list[Wire]) -> None:
        """A layer for each: right below the lowest input; what has none, above its first use."""
        after: dict[End, list[End]] = {end: [] for end in self.vertices}
        before: dict[End, list[End]] = {end: [] for end in self.vertices}
        for _, begin, end, _ in wires:
            after[begin].append(end)
            before[end].append(begin)
        waiting = {end: len(before[end]) for end in self.vertices}
        ready = [end for end in self.vertices if not waiting[end]]
        done: list[End] = []
        while ready:
            end = ready.pop()
            done.append(end)
            for later in after[end]:
                waiting[later] -= 1
                if not waiting[later]:
                    ready.append(later)
        rank = dict.fromkeys(self.vertices, 0)
        ports = any(end[0] == "in" for end in self.vertices)
        for end in done:
            least = 1 if ports and end[0] != "in" else 0
            rank[end] = max([least, *(rank[other] + 1 for other in before[end])])
        for end in reversed(done):
            # What more arrows leave than enter goes down, as far as it can: they get shorter.
            if after[end] and len(before[end]) < len(after[end]) and end[0] in ("tile", "frame"):
                rank[end] = min(rank[later] for later in after[end]) - 1
            if not before[end] and after[end] and end[0] != "in":
                rank[end] = min(rank[later] for later in after[end]) - 1
        last = max(rank.values(), default=0)
        inner = max((r for end, r in rank.items() if end[0] in ("tile", "frame")), default=0)
        for end, vertex in self.vertices.items():
            vertex.rank = rank[end]
            if end[0] == "out":
                vertex.rank = max(last, inner + 1)
            elif end[0] == "in":
                vertex.rank = 0

    def _layers(self, wires: list[Wire]) -> None:
        """Vertices by layer, with one for each arrow that passes through."""
        height = max((v.rank for v in self.vertices.values()), default=-1) + 1
        self.layers: list[list[_Vertex]] = [[] for _ in range(height)]
        for vertex in self.vertices.values():
            self.layers[vertex.rank].append(vertex)
        self.passing: dict[tuple[str, End, int], _Vertex] = {}
        joined: set[tuple[_Vertex, _Vertex]] = set()
        uses = Counter(begin for _, begin, _, _ in wires)
        made = {end for _, _, end, _ in wires}
        #: What has one use and no input can stand anywhere: other boxes shall not move for it.
        self.alone = {
            self.vertices[e] for e, n in uses.items() if n == 1 and e[0] != "in" and e not in made
        }
        self.ways: dict[Wire, list[_Vertex]] = {}
        for wire in wires:
            source, begin, end, _ = wire
            a, b = self.vertices[begin], self.vertices[end]
            way = [a]
            for rank in range(a.rank + 1, b.rank):
                key = (source, begin, rank)  # arrows from one value share their way
                if key not in self.passing:
                    self.passing[key] = _Vertex(None, order=a.order, rank=rank)
                    self.layers[rank].append(self.passing[key])
                way.append(self.passing[key])
            way.append(b)
            self.ways[wire] = way
            for i, (upper, lower) in enumerate(itertools.pairwise(way)):
                real = (upper.end is not None) + (lower.end is not None)
                if real < 2 and lower.end is None and (upper, lower) in joined:
                    continue
                joined.add((upper, lower))
                out = self._offset(a, source, "out") if i == 0 else 0.0
                into = self._offset(b, source, "in") if lower is b else 0.0
                weight = 0.1 if i == 0 and a in self.alone else (6.0, 1.0, 1.0)[real]
                lower.above.append((upper, out, into, weight))
                upper.below.append((lower, into, out, weight))

    def _offset(self, vertex: _Vertex, source: str, side: str) -> float:
        """From the middle of a vertex to where an arrow meets it."""
        if vertex.end is None or vertex.end[0] != "frame":
            return 0.0
        return self.levels[vertex.end[1]].at[side, source][0] - vertex.width / 2

    # Order

    def _order(self) -> None:
        """Sweep down and up, each vertex to the mean of its neighbours; keep the best found."""
        place = self._first_order()
        for layer in self.layers:
            layer.sort(key=lambda v: place[v])
        best, least = [list(layer) for layer in self.layers], self._crossings()
        for turn in range(16):
            if not least:
                break
            down = turn % 2 == 0
            for layer in self.layers if down else reversed(self.layers):
                self._sort(layer, down)
            self._swap()
            if (found := self._crossings()) < least:
                best, least = [list(layer) for layer in self.layers], found
        self.layers = best

    def _first_order(self) -> dict[_Vertex, int]:
        """Depth first from the last, inputs in their order: the first operand stands left."""
        place: dict[_Vertex, int] = {}
        ends = [v for layer in self.layers for v in layer if not v.below]
        stack = sorted(ends, key=lambda v: -v.order)
        while stack:
            v = stack.pop()
            if v not in place:
                place[v] = len(place)
                stack.extend(reversed([other for other, *_ in v.above]))
        return place

    def _sort(self, layer: list[_Vertex], down: bool) -> None:
        if not layer:
            return
        others = self.layers[layer[0].rank + (-1 if down else 1)] if self._has(layer, down) else []
        at = {v: i for i, v in enumerate(others)}
        wish = {}
        for i, v in enumerate(layer):
            near = v.above if down else v.below
            wish[v] = sum(at[o] + s / 1e4 for o, s, *_ in near) / len(near) if near else float(i)
        layer.sort(key=lambda v: wish[v])

    def _has(self, layer: list[_Vertex], down: bool) -> bool:
        return layer[0].rank > 0 if down else layer[0].rank < len(self.layers) - 1

    def _swap(self) -> None:
        """Swap neighbours in a layer while that undoes crossings."""
        at = {v: i for layer in self.layers for i, v in enumerate(layer)}
        for layer in self.layers:
            for i in range(len(layer) - 1):
                a, b = layer[i], layer[i + 1]
                now = then = 0
                for side in ("above", "below"):
                    of_a = [at[o] + s / 1e4 for o, s, *_ in getattr(a, side)]
                    of_b = [at[o] + s / 1e4 for o, s, *_ in getattr(b, side)]
                    now += sum(x > y for x in of_a for y in of_b)
                    then += sum(y > x for x in of_a for y in of_b)
                if then < now:
                    layer[i], layer[i + 1] = b, a
                    at[a], at[b] = i + 1, i

    def _crossings(self) -> int:
        """How many pairs of arrows cross."""
        total = 0
        for upper, lower in zip(self.layers, self.layers[1:], strict=False):
            at = {v: i for i, v in enumerate(upper)}
            ends = [
                x
                for v in lower
                for x in sorted((at[o] + s / 1e4 for o, s, *_ in v.above), reverse=False)
            ]
            for i, x in enumerate(ends):
                total += sum(y < x for y in ends[i + 1 :])
        return total

    # Coordinates

    def _straighten(self) -> None:
        """Move each vertex to the mean of where its neighbours want it; the order stays."""
        for layer in self.layers:
            x = 0.0
            for before, v in zip([None, *layer], layer, strict=False):
                x += _between(before, v) if before else 0.0
                v.x = x
        for turn in range(24):
            down = turn % 2 == 0
            for layer in self.layers if down else reversed(self.layers):
                wishes, weights = [], []
                for v in layer:
                    near = (v.above if down else v.below) or (v.below if down else v.above)
                    if turn > 16:
                        near = v.above + v.below
                    weight = sum(w for *_, w in near)
                    wish = sum((o.x + s - e) * w for o, s, e, w in near)
                    wishes.append(wish / weight if weight else v.x)
                    weights.append(weight or 0.01)
                gaps = [_between(a, b) for a, b in itertools.pairwise(layer)]
                for v, x in zip(layer, _apart(wishes, weights, gaps), strict=True):
                    v.x = x

        self._align()

    def _align(self) -> None:
        """Put chains of boxes, and the ways of long arrows, on straight lines where there is room.

        Boxes that can stand anywhere give way.
        """
        left, right = self._sides(1), self._sides(-1)
        for chain in sorted(self._chains(), key=len, reverse=True):
            while chain:
                least, most, shift = -math.inf, math.inf, 0.0
                shifts: list[float] = []
                for v, step in chain:  # as far as one line can go
                    shift += step
                    (a, before), (b, after) = left[v], right[v]
                    low = max(least, a.x + before - shift) if a else least
                    high = min(most, b.x - after - shift) if b else most
                    if shifts and low > high:
                        break
                    least, most = low, high
                    shifts.append(shift)
                line, rest = chain[: len(shifts)], chain[len(shifts) :]
                if least <= most:
                    places = zip(line, shifts, strict=True)
                    wish = sum(_pull(v) - s for (v, _), s in places) / len(line)
                    for (v, _), s in zip(line, shifts, strict=True):
                        v.x = min(max(wish, least), most) + s
                chain = [(rest[0][0], 0.0), *rest[1:]] if rest else []
        for layer in self.layers:
            wishes = []
            weights = []
            for v in layer:
                free = v in self.alone
                wishes.append(sum(o.x + s - e for o, s, e, _ in v.below) if free else v.x)
                weights.append(1.0 if free else 1e9)
            gaps = [_between(a, b) for a, b in itertools.pairwise(layer)]
            for v, x in zip(layer, _apart(wishes, weights, gaps), strict=True):
                v.x = x

    def _sides(self, step: int) -> dict[_Vertex, tuple[_Vertex | None, float]]:
        """The next box on one side that does not give way, and the least distance to it."""
        sides: dict[_Vertex, tuple[_Vertex | None, float]] = {}
        for layer in self.layers:
            stays: _Vertex | None = None
            before: _Vertex | None = None
            room = 0.0
            for v in layer[::step]:
                room += _between(before, v) if before else 0.0
                sides[v] = stays, room
                before = v
                if v not in self.alone:
                    stays, room = v, 0.0
        return sides

    def _chains(self) -> list[list[tuple[_Vertex, float]]]:
        """Vertices that follow each other, and how far each should stand from the one before."""
        after: dict[_Vertex, tuple[_Vertex, float]] = {}
        for layer in self.layers:
            for v in layer:
                main = [link for link in v.above if link[0] not in self.alone]
                if main:
                    o, s, e, _ = max(main, key=lambda link: link[3])
                    if max(o.below, key=lambda link: link[3])[0] is v:
                        after[o] = v, s - e
        inner = {v for v, _ in after.values()}
        chains = []
        for layer in self.layers:
            for v in layer:
                if v in inner:
                    continue
                chain = [(v, 0.0)]
                while chain[-1][0] in after:
                    chain.append(after[chain[-1][0]])
                if len(chain) > 1:
                    chains.append(chain)
        return chains

    def _finish(self, frame: Frame, wires: list[Wire], across: bool, root: bool) -> _Level:
        level = _Level()
        everything = [v for layer in self.layers for v in layer]
        left = min((v.x - v.width / 2 for v in everything), default=0.0)
        right = max((v.x + v.width / 2 for v in everything), default=0.0)
        head, side = (STRIP, PAD) if not root and not across else (PAD, PAD)
        start = side + (STRIP if across and not root else 0.0)
        if root:
            head = side = start = 0.0
        for v in everything:
            v.x += start - left
        level.width = right - left + start + side
        tops, bottoms = self._heights(head, side, root)
        level.height = self.end
        if not root:
            self._put_title(level, frame.title, across)
        for v in everything:
            if v.end is not None:
                middle = (tops[v.rank] + bottoms[v.rank]) / 2
                port = v.end[0] in ("in", "out")
                y = tops[v.rank] if port else middle - v.height / 2
                level.at[v.end] = (v.x, y) if port else (v.x - v.width / 2, y)
        self._run(level, wires, tops, bottoms)
        return level

    def _heights(self, head: float, side: float, root: bool) -> tuple[list[float], list[float]]:
        """Where each layer begins and ends, and where the frame does."""
        tops: list[float] = []
        bottoms: list[float] = []
        entries = not root and any(v.end and v.end[0] == "in" for v in self.vertices.values())
        exits = not root and any(v.end and v.end[0] == "out" for v in self.vertices.values())
        y = 0.0 if entries else head
        for i, layer in enumerate(self.layers):
            if i:
                wide = max((abs(v.x - o.x) for v in layer for o, *_ in v.above), default=0.0)
                gap = min(MOST, LEAST + wide / 12)
                if i == 1 and entries:
                    gap *= 0.6  # arrows have come straight through the strip of the title
                if i == len(self.layers) - 1 and exits:
                    gap = max(side, gap * 0.6)
                y += gap
            tops.append(y)
            y += max((v.height for v in layer), default=0.0)
            if not i and entries:
                y = head
            bottoms.append(y)
        self.end = y if exits or root else y + side
        return tops, bottoms

    def _put_title(self, level: _Level, width: float, across: bool) -> None:
        """In the strip at the edge, between the arrows that come in."""
        if across:
            level.height = max(level.height, width + PAD)
            level.title = (PAD * 0.5 + STRIP / 2, PAD * 0.7)
            return
        ports = sorted(v.x for v in self.vertices.values() if v.end and v.end[0] == "in")
        begins = [PAD * 0.7 - 6, *ports]
        ends = [*ports, float("inf")]
        for begin, end in zip(begins, ends, strict=True):
            if begin + 6 + width + 6 <= end:
                level.title = (begin + 6, STRIP / 2 + 1)
                level.width = max(level.width, begin + 6 + width + PAD * 0.7)
                return

    def _run(
        self, level: _Level, wires: list[Wire], tops: list[float], bottoms: list[float]
    ) -> None:
        """The points of each arrow."""
        spread: dict[_Vertex, list[tuple[float, int, Wire]]] = {}
        for i, wire in enumerate(wires):
            way = self.ways[wire]
            if wire[2][0] == "tile":
                before = way[-2].x + (
                    self._offset(way[0], wire[0], "out") if len(way) == 2 else 0.0
                )
                spread.setdefault(way[-1], []).append((before, i, wire))
        at: dict[Wire, float] = {}
        for vertex, arrows in spread.items():
            half = max(0.0, vertex.width / 2 - 12)
            step = min(16.0, 2 * half / max(1, len(arrows) - 1))
            arrows.sort()
            wishes = [min(max(x, vertex.x - half), vertex.x + half) for x, _, _ in arrows]
            tips = _apart(wishes, [1.0] * len(arrows), [step] * (len(arrows) - 1))
            least, most = vertex.x - half, vertex.x + half - step * (len(arrows) - 1)
            for k, (tip, (_, _, wire)) in enumerate(zip(tips, arrows, strict=True)):
                at[wire] = min(max(tip - k * step, least), most) + k * step
        for wire in wires:
            way = self.ways[wire]
            first, last = way[0], way[-1]
            x = first.x + self._offset(first, wire[0], "out")
            points = [(x, level.at[wire[1]][1] + first.height)]
            if bottoms[first.rank] > points[0][1]:
                points.append((x, bottoms[first.rank]))
            for v in way[1:-1]:
                points += [(v.x, tops[v.rank]), (v.x, bottoms[v.rank])]
            x = at.get(wire, last.x + self._offset(last, wire[0], "in"))
            points.append((x, tops[last.rank]))
            if last.height:
                points.append((x, level.at[wire[2]][1]))
            level.wires[wire] = points


def _pull(v: _Vertex) -> float:
    """Where a box is; of a passing arrow, where the boxes are that it ends at next."""
    ends = [o.x + s for o, s, _, _ in (*v.above, *v.below) if o.end is not None]
    return sum(ends) / len(ends) if v.end is None and ends else v.x


def _between(a: _Vertex, b: _Vertex) -> float:
    """The least distance of the middles of two neighbours."""
    room = ASIDE if a.end is not None and b.end is not None and a.height and b.height else APART
    return (a.width + b.width) / 2 + room


def _apart(wishes: list[float], weights: list[float], gaps: list[float]) -> list[float]:
    """The places nearest to the wishes, by weighted squares, that keep their order and the gaps.

    Neighbours that would come too close are pooled into a block, which goes to its mean wish.
    """
    shifts = [0.0]
    for gap in gaps:
        shifts.append(shifts[-1] + gap)
    blocks: list[list[float]] = []  # mean, weight, how many
    for wish, weight, shift in zip(wishes, weights, shifts, strict=False):
        blocks.append([wish - shift, weight, 1])
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            mean, weight_, count = blocks.pop()
            last = blocks[-1]
            last[0] = (last[0] * last[1] + mean * weight_) / (last[1] + weight_)
            last[1] += weight_
            last[2] += count
    places = [block[0] for block in blocks for _ in range(int(block[2]))]
    return [place + shift for place, shift in zip(places, shifts, strict=False)]
