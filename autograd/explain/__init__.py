"""Looking at a graph: its picture, its story, its names. Loaded on first use.

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

from ..names import name_after as _name_after
from .draw import Picture, draw
from .graph import Box, Edge, Graph, Sketch, Value
from .memory import Memory, MemoryRow, memory
from .names import name
from .rules import Rule, rule
from .steps import Contribution, Step, Steps, show, steps
from .story import Story, watch

__all__ = [
    "Box", "Contribution", "Edge", "Graph", "Memory", "MemoryRow", "Picture", "Rule", "Sketch",
    "Step", "Steps", "Story", "Value", "draw", "memory", "name", "rule", "show", "steps", "watch",
]  # fmt: skip

_name_after(__name__, [globals()[_name] for _name in __all__])
