"""For the documentation: the functions that `per_axes` makes, which griffe does not see."""

from __future__ import annotations

import ast
import copy
from typing import Any

import griffe


class Families(griffe.Extension):
    """Reads `f1d, f2d, f3d = per_axes(_f_nd)` as three functions with all of `_f_nd` but its n."""

    def on_attribute_node(self, *, node: Any, agent: griffe.Visitor, **_: Any) -> None:
        """Called by griffe for each assignment that it comes to."""
        match node:
            case ast.Assign(
                [ast.Tuple(names)], ast.Call(ast.Name("per_axes"), [ast.Name(made_of)])
            ):
                for name in names:
                    function = copy.copy(agent.current.members[made_of])
                    function.name = name.id
                    function.parameters = griffe.Parameters(*list(function.parameters)[1:])
                    agent.current.set_member(name.id, function)
