"""What a picture shows of a graph: its values, or in their place modules that are folded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from .graph import Box, Edge, Graph, Value

__all__ = ["Arrow", "Item", "Scene", "boxes_of", "content_of", "scene"]

MANY = 300  # items; beyond, the picture is a summary
FEW = 8  # leaves and constants of one op; in a summary, beyond, they are one item with it


@dataclass(eq=False)
class Item:
    """A box of the picture: one value, a folded module, or several ops in a row."""

    key: str
    values: list[Value]
    box: Box | None = None  #: of a folded module
    inside: tuple[Box, ...] = ()  #: modules that are drawn around it
    summary: str = ""  #: of ops in a row: where they are from

    @property
    def out(self) -> Value:
        """Its value, or the last one made in it."""
        return next((v for v in reversed(self.values) if v.kind == "result"), self.values[-1])


@dataclass(frozen=True)
class Arrow:
    """Values of one item are inputs of another."""

    source: Item
    target: Item
    edges: tuple[Edge, ...]  #: one; or several, between folded modules

    @property
    def tracked(self) -> bool:
        """Whether a gradient goes back along it."""
        return any(edge.tracked for edge in self.edges)


@dataclass(eq=False)
class Scene:
    """Items and arrows, ready to be laid out."""

    graph: Graph
    items: list[Item]
    arrows: list[Arrow]
    summarised: bool = False


def boxes_of(graph: Graph) -> dict[Box, list[Value]]:
    """The calls of modules that are worth a frame, in the order of the calls, and their values.

    One around a single value says no more than the value does, and one right within another no
    more than that.
    """
    found: dict[Box, list[Value]] = {}
    outer: dict[Box, Box] = {}
    for value in graph.values:
        for around, box in zip((None, *value.modules), value.modules, strict=False):
            found.setdefault(box, []).append(value)
            if around is not None:
                outer[box] = around
    return {
        box: values
        for box, values in found.items()
        if len(values) > 1 and not (box in outer and len(found[outer[box]]) == len(values))
    }


def scene(graph: Graph, folded: Callable[[Box, int], bool] | None = None) -> Scene:
    """The items of a picture.

    Parameters
    ----------
    folded
        of a call of a module and how deep it lies, counted from 0: whether it is one item. If
        None, modules fold, the innermost first, until there are no more than 300 items.
    """
    if folded is not None:
        return _join(graph, _items(graph, folded))
    deepest = max((len(v.modules) for v in graph.values), default=0)
    for depth in [deepest, *range(deepest - 1, -1, -1)]:
        items = _items(graph, lambda _, at, depth=depth: at >= depth)  # type: ignore[misc]
        if len(items) <= MANY:
            return _join(graph, items, depth < deepest)
    return _join(graph, _runs(graph, items), True)


def _items(graph: Graph, folded: Callable[[Box, int], bool]) -> list[Item]:
    worth = boxes_of(graph)
    items: dict[str, Item] = {}
    for value in graph.values:
        around = [box for box in value.modules if box in worth]
        at = next((i for i, box in enumerate(around) if folded(box, i)), None)
        if at is None:
            items[f"v{value.id}"] = Item(f"v{value.id}", [value], None, tuple(around))
            continue
        box = around[at]
        key = f"m{box.path}:{box.call}"
        if key not in items:
            items[key] = Item(key, [], box, tuple(around[:at]))
        items[key].values.append(value)
    return list(items.values())


def _runs(graph: Graph, items: list[Item]) -> list[Item]:
    """Ops in a row as one item: those of one line, or just so many where the lines alternate.

    Ops in a row, in the order of making, can be joined without making a cycle.
    """
    users: dict[int, int] = {}
    at = {v.id: i for i, item in enumerate(items) for v in item.values}
    for edge in graph.edges:
        users[edge.source] = min(users.get(edge.source, len(items)), at[edge.target])
    ops = [item for item in items if item.out.kind == "result"]
    most = -(-len(ops) // (MANY // 6))
    rest = [item for item in items if item.out.kind != "result"]
    runs: list[list[Item]] = []
    for item in ops:
        before = runs[-1][-1] if runs and item.box is None else None
        alike = before and before.box is None and before.out.place == item.out.place
        if alike and len(runs[-1]) < most:
            runs[-1].append(item)
        else:
            runs.append([item])
    if len(runs) > MANY // 3:
        size = -(-len(ops) // (MANY // 3))
        runs = [ops[i : i + size] for i in range(0, len(ops), size)]
    place = {item.key: i for i, item in enumerate(items)}
    new: list[Item] = []
    home: dict[int, Item] = {}
    for run in runs:
        places = list(dict.fromkeys(item.out.place for item in run if item.out.place))
        text = places[0] if len(places) == 1 else f"{len(places)} lines" if places else ""
        joined = run[0]
        if len(run) > 1:
            values = [v for item in run for v in item.values]
            joined = Item(f"r{run[0].key}", values, summary=text or "in a row")
        new.append(joined)
        for item in run:
            home[place[item.key]] = joined
    leaves = [item for item in rest if item.out.kind == "leaf"]
    keep = {item.key for item in leaves} if len(leaves) <= MANY // 5 else set()
    targets = {item: home.get(users.get(item.out.id, -1)) for item in rest}
    crowds = Counter(targets.values())
    for item, target in targets.items():
        alone = target is None or (len(target.values) == 1 and crowds[target] <= FEW)
        if item.key in keep or target is None or alone:
            new.append(item)
            continue
        target.values.append(item.values[0])
        if target.box is None and not target.summary:
            target.summary = target.out.place or "in a row"
    for item in new:
        item.values.sort(key=lambda v: v.id)
    return sorted(new, key=lambda item: item.values[0].id)


def _join(graph: Graph, items: list[Item], summarised: bool = False) -> Scene:
    """The arrows between the items."""
    of = {value.id: item for item in items for value in item.values}
    found: dict[tuple[str, str, int], list[Edge]] = {}
    for edge in sorted(graph.edges, key=lambda e: (e.target, e.position)):
        source, target = of[edge.source], of[edge.target]
        if source is not target:
            alone = len(target.values) == 1
            value = "" if source.summary else str(edge.source)  # a row has one arrow to another
            key = (source.key + value, target.key, edge.position if alone else -1)
            found.setdefault(key, []).append(edge)
    arrows = [
        Arrow(of[edges[0].source], of[edges[0].target], tuple(edges)) for edges in found.values()
    ]
    return Scene(graph, items, arrows, summarised)


def content_of(item: Item) -> str:
    """What ops an item joins: "20 add, 20 multiply"."""
    counts = Counter(v.op for v in item.values if v.kind == "result")
    told = [f"{n:,} {op}" for op, n in counts.most_common()]
    others = len(item.values) - counts.total()
    return ", ".join([*told, f"{others:,} inputs"] if others > FEW else told)
