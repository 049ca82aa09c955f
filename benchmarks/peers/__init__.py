"""The libraries that are compared, a file each, and how each of them is run.

A peer's module has `ROWS`, from the name of a row to a function that takes the problem and the
variant and returns a `step()`: one step of training, which gives the loss. `WHY` says why a row is
missing. A library that computes later must have finished when `step()` returns.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from ..rows import Problem


@dataclass(frozen=True)
class Peer:
    module: str
    variant: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    library: str = "numpy"  # what must be installed


PEERS = {
    "plaingrad": Peer("plaingrad"),
    "plaingrad-kept": Peer("plaingrad", environment={"PLAINGRAD_KEEP_MEMORY": "1e9"}),
    "by-hand": Peer("by_hand"),
    "pytorch": Peer("pytorch", library="torch"),
    "pytorch-fused": Peer("pytorch", "fused", library="torch"),
    "pytorch-channels-last": Peer("pytorch", "channels-last", library="torch"),
    "pytorch-compile": Peer("pytorch", "compile", library="torch"),
    "jax": Peer("jax", library="jax"),
    "jax-jit": Peer("jax", "jit", library="jax"),
    "hips": Peer("hips", library="autograd"),
    "mygrad": Peer("mygrad", library="mygrad"),
    "tinygrad": Peer("tinygrad", library="tinygrad"),
    "micrograd": Peer("micrograd", library="micrograd"),
}
OWN_ENVIRONMENT = "hips"  # HIPS autograd and plaingrad have the same import name


class NotRunError(Exception):
    """A peer does not run a row, for a reason that the message gives."""


def prepare(peer: str, problem: Problem, plain: bool = False) -> Any:
    """The step() of a peer on a problem; of the library without the variant, if `plain`.

    Raises
    ------
    NotRunError : it has none for this row.
    """
    module = import_module(f".{PEERS[peer].module}", __name__)
    if problem.name not in module.ROWS:
        why = getattr(module, "WHY", {})
        raise NotRunError(why.get(problem.name, "not written for this peer"))
    return module.ROWS[problem.name](problem, "" if plain else PEERS[peer].variant)
