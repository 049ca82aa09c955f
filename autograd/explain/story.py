"""Where a graph is read from: the engine's own before a backward pass, or a block that watched."""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable, Iterable, Mapping
from itertools import takewhile
from types import FrameType
from typing import Any

import numpy as np

from ..core.engine import reachable, walk
from ..core.fit import fit
from ..core.node import NOT_KEPT, Leaf, Node
from ..core.tensor import Tensor
from ..core.watch import Watcher
from ..errors import GraphFreedError, UntrackedError
from ..modes import no_grad
from .graph import SMALL, Box, Edge, Graph, Sketch, Value, printable
from .names import listeners, name_of_array, name_of_node
from .places import config_of, ours, place_of, variables
from .rules import rule

__all__ = ["Story", "read", "told", "watch"]


class Story(Watcher):
    """What happened in a `with watch()` block.

    Attributes
    ----------
    graph
        every op made and every gradient that arrived, as a `Graph`. The gradient of a leaf is the
        sum over all backward passes of the block; so is that of a small result, of one of more
        than 64 elements it is that of the last.
    """

    def __init__(self) -> None:
        super().__init__()
        self._values: list[Value] = []
        self._edges: list[Edge] = []
        self._of: weakref.WeakKeyDictionary[Node, Value] = weakref.WeakKeyDictionary()
        self._calls: dict[str, int] = {}
        self._finished: Graph | None = None
        self._forget()

    def _forget(self) -> None:
        """Let go of all that belongs to the program."""
        self._arrays: dict[int, tuple[Any, Value]] = {}  # by the array's id
        self._stack: list[tuple[FrameType, Box]] = []  # calls of modules under way
        self._roots: list[tuple[Any, str, dict[int, str]]] = []  # outermost modules, their paths
        self._sums: dict[int, Any] = {}  # gradients, of all walks that are over
        self._arriving: dict[int, Any] = {}  # and what has arrived since
        self._incoming: dict[int, Any] = {}
        self._settled: set[int] = set()  # leaves and constants that have their place
        self._variables: dict[str, set[int]] = {}
        self._frame: FrameType | None = None

    @property
    def graph(self) -> Graph:
        """All values, as far as it has come."""
        return self._finished or self._read()

    def __repr__(self) -> str:
        if not self._values:
            return "<Story of nothing yet: with explain.watch() as story: ...>"
        return f"<Story of {len(self._values):,} values; explain.draw(story) shows it>"

    def value_of(self, tensor: Tensor) -> Value | None:
        """The value that a Tensor is a handle on, if the block saw it being made or used."""
        return None if tensor._node is None else self._of.get(tensor._node)

    def __enter__(self) -> Any:
        if self._frame is not None:
            raise RuntimeError("explain.watch: this story is being told already; begin another")
        self._finished, self._frame = None, sys._getframe(1)
        listeners.append(self._named)
        return super().__enter__()

    def __exit__(self, *args: object) -> None:
        super().__exit__(*args)
        listeners.remove(self._named)
        self._finished = self._read()
        self._forget()

    # What the engine tells

    def made(self, node: Node, inputs: tuple[Any, ...], out: Any) -> None:
        """Note an op, its inputs, its result, and where it was called."""
        if self._frame is None:  # the block is over, for all but a task that began in it
            return
        sources = self._sources(node, inputs, {})
        value = self._new("result", None if type(out) is tuple else out)
        _describe(value, node)
        self._of[node] = value
        self._edges += [Edge(s.id, value.id, i, tracked) for i, s, tracked in sources]
        user = self._place(value, [source for _, source, _ in sources])
        if user is not None:
            self._note_variables(user, {parent for _, parent, _ in node.edges or ()})

    def arrived(self, node: Node, position: int, incoming: Any, gradient: Any) -> None:
        """Note a gradient: that of the node, which is complete, and what it gives to an input."""
        value = self._of.get(node)
        parent = next((p for _, p, i in node.edges or () if i == position), None)
        if value is None or parent is None:
            return
        if isinstance(incoming, Tensor):  # under create_graph gradients are values themselves
            g = self.value_of(incoming)
            if g is not None and g.backward and not g.name:
                g.name, g.named_by = f"\N{PARTIAL DIFFERENTIAL}{value.label}", "gradient"
            return
        if value.shape is not None and _held(self._incoming.get(value.id)) is not incoming:
            self._incoming[value.id] = _hold(incoming)
            self._arriving.pop(value.id, None)
            old = self._sums.get(value.id)
            total = np.asarray(incoming) if old is None else old + incoming
            value.gradient = Sketch.of(total)
            if total.size <= SMALL:
                self._sums[value.id] = np.array(total)
        source = self._of.get(parent)
        if source is not None and source.shape is not None:
            if value.backward and not source.backward and _walks() > 1:
                return  # a checkpoint's own pass: what it finds, its op gives, too
            g = gradient
            if np.shape(g) != parent.shape or getattr(g, "dtype", None) != parent.dtype:
                g = fit(g, node, parent, position)
            old = self._arriving.get(source.id)
            self._arriving[source.id] = np.array(g) if old is None else old + g

    # Where a value comes from

    def _new(self, kind: str, array: Any, node: Node | None = None) -> Value:
        value = Value(len(self._values), kind)
        if array is not None:
            value.data = Sketch.of(array)
            value.shape, value.dtype = value.data.shape, value.data.dtype
            try:
                known: Any = weakref.ref(array)
            except TypeError:  # a NumPy scalar is small, and held until the block ends
                known = array
            self._arrays[id(array)] = known, value
        elif node is not None and node.shape is not None:
            value.shape, value.dtype = node.shape, str(node.dtype)
        else:
            value.shape = None
        self._values.append(value)
        return value

    def _sources(
        self, node: Node, inputs: tuple[Any, ...], arrays: Mapping[Node, Any]
    ) -> list[tuple[int, Value, bool]]:
        """The values an op was called with: position, value, whether a gradient goes to it."""
        parents = {i: parent for _, parent, i in node.edges or ()}
        found = []
        for i in range(max(len(inputs), *(i + 1 for i in parents))):
            array = inputs[i] if i < len(inputs) else None
            if i in parents:
                array = arrays.get(parents[i]) if array is None else array
                found.append((i, self._parent(parents[i], array), True))
            elif array is not None:
                found.append((i, self._constant(array), False))
        return found

    def _lacking(self, node: Node) -> list[tuple[int, Value, bool]]:
        """Constants that the graph does not keep as inputs; perhaps a closure holds them."""
        if node.inputs is not None or not getattr(node.op, "inputs", None):
            return []
        found, parents = [], {i for _, _, i in node.edges or ()}
        for i in sorted({*range(node.op.inputs)} - parents):
            held: dict[str, Any] = {}
            for closure, _, _ in node.edges or ():
                code = getattr(closure, "__code__", None)
                cells = getattr(closure, "__closure__", None) or ()
                held |= dict(zip(code.co_freevars if code else (), cells, strict=False))
            cell = held.get(node.op.input_names[i])
            if cell is not None:
                found.append((i, self._constant(cell.cell_contents), False))
            else:
                found.append((i, self._new("constant", None), False))
        return found

    def _parent(self, node: Node, array: Any) -> Value:
        """The value of an input that gets a gradient; a new one if the block has not seen it."""
        value = self._of.get(node)
        if value is None:
            value = self._new("leaf" if isinstance(node, Leaf) else "result", array, node)
            value.op = "" if node.op is None else node.op.__name__  # made before the block
            self._of[node] = value
        return value

    def _constant(self, array: Any) -> Value:
        """The value of an input that gets no gradient: perhaps one that was cut off its graph."""
        known, value = self._arrays.get(id(array), (None, None))
        if value is None or _held(known) is not array or type(array) in (bool, int, float, complex):
            value = self._new("constant", array)
            if text := name_of_array(array):
                value.name, value.named_by = text, "user"
        return value

    def _place(self, value: Value, sources: list[Value]) -> FrameType | None:
        """Note the modules and the user's line that an op was called from; return its frame."""
        calls: list[FrameType] = []
        user: FrameType | None = None
        frame: FrameType | None = sys._getframe(2)
        while frame is not None:
            if user is None and not ours(frame):
                user = frame
                value.place, value.source = place_of(frame)
            if frame.f_code is walk.__code__:
                value.backward = True
            elif _is_module_call(frame):
                calls.append(frame)
            if frame is self._frame:
                break
            frame = frame.f_back
        stack: list[tuple[FrameType, Box]] = []
        for depth, call in enumerate(reversed(calls)):
            if stack == self._stack[:depth] and [c for c, _ in self._stack[depth : depth + 1]] == [
                call
            ]:
                stack.append(self._stack[depth])
            else:
                root = variables(stack[0][0] if stack else call)["self"]
                stack.append((call, self._box(variables(call)["self"], root)))
        self._stack = stack  # holds the frames until the next op, so none can take another's place
        value.modules = tuple(box for _, box in stack)
        for source in sources:
            if source.kind == "result" or (source.id in self._settled and value.backward):
                continue
            if source.id in self._settled:  # at home in what all its users are in
                both = zip(source.modules, value.modules, strict=False)
                source.modules = tuple(a for a, b in takewhile(lambda ab: ab[0] is ab[1], both))
            else:
                given = (d for d, (c, _) in enumerate(stack) if self._given(c, source))
                source.modules = value.modules[: next(given, len(stack))]
                self._settled.add(source.id)
        return user

    def _given(self, call: FrameType, value: Value) -> bool:
        """Whether a leaf or a constant is an argument of a call: so it is from outside."""
        local = variables(call)
        given = [*local.get("args", ()), *local.get("kwargs", {}).values()]
        for x in given:
            for part in x if isinstance(x, tuple | list) else (x,):
                if isinstance(part, Tensor) and part._node is not None:
                    if self._of.get(part._node) is value:
                        return True
                    continue
                array = part._array if isinstance(part, Tensor) else part
                known, named = self._arrays.get(id(array), (None, None))
                if named is value and _held(known) is array:
                    return True
        return False

    def _box(self, module: Any, root: Any) -> Box:
        """A call of a module."""
        kind = printable(type(module).__name__)
        known = next((paths for m, _, paths in self._roots if m is root), None)
        if known is None:
            same = sum(type(m) is type(root) for m, _, _ in self._roots)
            title = printable(type(root).__name__) + (f"#{same + 1}" if same else "")
            known = {
                id(m): f"{title}.{printable(name)}" if name else title
                for name, m in root.named_modules()
            }
            self._roots.append((root, title, known))
        path = known.get(id(module)) or f"{known[id(root)]}.{kind}"  # or made on the way
        self._calls[path] = self._calls.get(path, 0) + 1
        size = sum(int(np.size(p._array)) for _, p in module.named_parameters())
        return Box(path, kind, self._calls[path], size)

    # Names

    def _named(self, node: Node, text: str) -> None:
        """The user gives a name; the value may be gone when the block ends."""
        if value := self._of.get(node):
            value.name, value.named_by = text, "user"

    def _note_variables(self, frame: FrameType, nodes: set[Node]) -> None:
        """Remember which variables of a frame the inputs of an op are."""
        names = frame.f_globals
        seen = {name: names[name] for name in frame.f_code.co_names if name in names}
        for name, x in {**seen, **variables(frame)}.items():
            if isinstance(x, Tensor) and x._node is not None and x._node in nodes:
                self._variables.setdefault(name, set()).add(self._of[x._node].id)

    def _name(self, local: Mapping[str, Any]) -> None:
        """Names, the best first: the user's, those of modules, of variables."""
        for node, value in list(self._of.items()):
            if text := name_of_node(node):
                value.name, value.named_by = text, "user"
        for root, _, _ in self._roots:
            name_parameters(root, self._of, self._arrays)
        for name, x in list(local.items()):
            if not name.startswith("_"):
                if isinstance(x, Tensor):
                    at = self._of.get(x._node) if x._node is not None else None
                    give_at(at, x._array, self._arrays, name, "variable")
                elif isinstance(x, np.ndarray):
                    give_at(None, x, self._arrays, name, "variable")
        taken = {value.name for value in self._values}
        for name, ids in self._variables.items():
            if len(ids) == 1 and name not in taken and not name.startswith("_"):
                give(self._values[next(iter(ids))], name, "variable")

    def _read(self) -> Graph:
        self._name({} if self._frame is None else variables(self._frame))
        for id, g in self._arriving.items():
            old = self._sums.get(id)
            self._values[id].gradient = Sketch.of(g if old is None else old + g)
        values, edges = self._kept()
        used = {edge.source for edge in edges}
        ends = [v for v in values if v.kind == "result" and v.id not in used]
        asked = [v.id for v in ends if v.gradient is not None]  # where backward passes began
        return Graph(values, edges, asked or [v.id for v in ends])

    def _kept(self) -> tuple[list[Value], list[Edge]]:
        """Without what a backward pass computed on the way and dropped."""
        alive = {value.id for value in self._of.values()}
        users: dict[int, list[int]] = {}
        for edge in self._edges:
            users.setdefault(edge.source, []).append(edge.target)
        kept: set[int] = set()
        for value in reversed(self._values):
            own = not value.backward or value.gradient is not None or value.id in alive
            if (value.kind == "result" and own) or any(i in kept for i in users.get(value.id, ())):
                kept.add(value.id)
        edges = [edge for edge in self._edges if edge.target in kept]
        return [value for value in self._values if value.id in kept], edges


def _describe(value: Value, node: Node) -> None:
    """What is known of the op itself."""
    value.op, value.config = node.op.__name__, config_of(node)
    value.rule = rule(node.op) if hasattr(node.op, "input_names") else ""  # else one of several


def _is_module_call(frame: FrameType) -> bool:
    """Known without importing nn: a call of an object that can name its modules."""
    if frame.f_code.co_name != "__call__":
        return False
    kind = type(variables(frame).get("self"))
    return all(callable(getattr(kind, name, None)) for name in ("named_modules", "parameters"))


def _walks() -> int:
    """How many backward passes are under way, each within the one before."""
    count, frame = 0, sys._getframe(1)
    while frame.f_back is not None:
        frame = frame.f_back
        count += frame.f_code is walk.__code__
    return count


def _hold(x: Any) -> Any:
    """A weak reference, where there can be one."""
    try:
        return weakref.ref(x)
    except TypeError:
        return x


def _held(x: Any) -> Any:
    return x() if isinstance(x, weakref.ref) else x


def watch() -> Story:
    """A `with` block that remembers every op and every gradient in it, to draw and to tell.

    Each op in the block costs some ten times its usual time; outside of it nothing is recorded and
    nothing costs. The story outlives the graph: `backward()` may free it, and small values stay as
    copies. It also sees the modules that ops ran in, and takes names from the variables of the
    program where they are unambiguous.

    Returns
    -------
    Story
        which is given by `with watch() as story`.

    Examples
    --------
    >>> from autograd import Tensor, explain
    >>> with explain.watch() as story:
    ...     x = Tensor(3.0, requires_grad=True)
    ...     y = x * x
    ...     y.backward()
    >>> [(v.label, v.gradient.array.item()) for v in story.graph.values]
    [('x', 6.0), ('y', 1.0)]
    """
    return Story()


def told(function: Callable[[], Any]) -> Story:
    """The story of a function of no arguments, which is run."""
    story = Story()
    with story:
        _result = function()  # alive until the names are read, at the end of the block
    return story


def read(
    outputs: Tensor | Iterable[Tensor],
    local: Mapping[str, Any] | None = None,
    model: Any = None,
) -> tuple[Graph, dict[Node, Value]]:
    """The graph behind Tensors, and the value of each node.

    Values that the graph does not keep are computed again where they are small. What ran before is
    not known: no modules, no lines, no constants of ops whose slope needs none.

    Parameters
    ----------
    outputs
        a Tensor or several.
    local
        variables by name, to take names from.
    model
        to take names of parameters from: what has `named_parameters()`.

    Raises
    ------
    UntrackedError, GraphFreedError
        there is no graph, or no more.
    """
    if model is not None and not hasattr(model, "named_parameters"):
        raise TypeError(f"model: got {type(model).__name__}, expected a module")
    outs = [outputs] if isinstance(outputs, Tensor) else list(outputs)
    for out in outs:
        if out._node is None:
            raise UntrackedError.of("draw", out.shape)
    story = Story()
    arrays: dict[Node, Any] = {out._node: out._array for out in outs if out._node is not None}
    try:
        order = reachable(arrays)
    except GraphFreedError as error:
        error.add_note("To see a graph after its backward pass, run both in explain.watch().")
        raise
    for node in order:
        for _, parent, i in node.edges or ():
            if node.inputs:
                arrays[parent] = node.inputs[i]
        if isinstance(node, Leaf) and (owner := node.owner()) is not None:
            arrays.setdefault(node, owner._array)
    for node in order:
        if isinstance(node, Leaf):
            continue  # each comes right before the first op that uses it
        sources = story._sources(node, node.inputs or (), arrays)
        lacking = story._lacking(node)
        if node not in arrays:
            constants = {i: v.data.array for i, v, _ in lacking if v.data is not None}
            arrays[node] = _again(node, arrays, constants)
        array = arrays[node]
        sources = sorted([*sources, *lacking], key=lambda found: found[0])
        value = story._new("result", array, node)
        _describe(value, node)
        story._of[node] = value
        story._edges += [Edge(s.id, value.id, i, tracked) for i, s, tracked in sources]
    for out in outs:
        story._parent(out._node, out._array)  # type: ignore[arg-type]
    for node in order:
        if node.grad is not None and node.grad is not NOT_KEPT:
            story._of[node].gradient = Sketch.of(node.grad)
    if model is not None:
        name_parameters(model, story._of, story._arrays)
    story._name(local or {})
    graph = Graph(story._values, story._edges, [story._of[out._node].id for out in outs])  # type: ignore[index]
    return graph, dict(story._of)


def _again(node: Node, arrays: dict[Node, Any], constants: dict[int, Any]) -> Any:
    """The value of a node, computed again from what is known of its inputs; None if it is large."""
    inputs: Any = node.inputs
    if inputs is None and getattr(node.op, "inputs", None):
        known = {i: arrays.get(parent) for _, parent, i in node.edges or ()} | constants
        inputs = [known.get(i) for i in range(node.op.inputs)]
    size = 0 if node.shape is None else int(np.prod(node.shape, dtype=int))
    small = 0 < size <= SMALL and inputs and all(0 < np.size(x) <= 64 * SMALL for x in inputs)
    if not small or any(x is None for x in inputs) or not hasattr(node.op, "body"):
        return None
    args, kwargs = node.config
    with no_grad(), np.errstate(all="ignore"):
        return node.op.body(*inputs, *args, **kwargs)[0]


def give(value: Value, name: str, by: str) -> None:
    """A name, unless it has a better one."""
    if not value.name or (by == "variable" and value.named_by == "gradient"):
        value.name, value.named_by = printable(name), by


def name_parameters(model: Any, nodes: Mapping[Node, Value], arrays: Mapping[int, Any]) -> None:
    """Name the values that are parameters and buffers of a model by their paths."""
    buffers = getattr(model, "named_buffers", tuple)
    for name, x in (*model.named_parameters(), *buffers()):
        value = nodes.get(x._node) if x._node is not None else None
        give_at(value, x._array, arrays, name, "module")


def give_at(value: Value | None, array: Any, arrays: Mapping[int, Any], name: str, by: str) -> None:
    """A name for a value, or else for that of an array no gradient reaches."""
    if value is None:
        known, value = arrays.get(id(array), (None, None))
        if _held(known) is not array or value is None or value.kind != "constant":
            return
    give(value, name, by)
