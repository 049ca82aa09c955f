"""Where random numbers come from: one generator for the process, or one you pass."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd import draws_from

__all__ = ["generator", "manual_seed", "restore", "state_of"]

_default: np.random.Generator | None = None  # made when asked for: its import takes long


def manual_seed(seed: int) -> np.random.Generator:
    """Restart the library's random generator from `seed` and return it.

    Weights, dropout masks, shuffles and made-up data all draw from it, unless they are given a
    `numpy.random.Generator` of their own.

    Examples
    --------
    >>> import nn
    >>> _ = nn.manual_seed(0); a = nn.Linear(2, 3)
    >>> _ = nn.manual_seed(0); b = nn.Linear(2, 3)
    >>> bool((a.weight.data == b.weight.data).all())
    True
    """
    global _default
    _default = np.random.default_rng(seed)
    return _default


def generator(rng: np.random.Generator | int | None = None) -> np.random.Generator:
    """The generator to draw from: `rng` itself, one seeded by an int, or the library's own."""
    global _default
    if rng is None:
        rng = _default = _default or np.random.default_rng()
    elif not isinstance(rng, np.random.Generator):
        rng = np.random.default_rng(rng)
    return draws_from(rng)  # a checkpoint draws the same again


def state_of(rng: np.random.Generator) -> dict[str, Any]:
    """All that decides what a generator gives: its position, and what its children come from.

    A generator numbers those that it spawns. The position alone does not say how many there were,
    so the next child of a generator that was put back would be the first again.

    Examples
    --------
    >>> import numpy as np
    >>> from nn.random import restore, state_of
    >>> rng = np.random.default_rng(0)
    >>> state = state_of(rng)
    >>> first = rng.random(), rng.spawn(1)[0].random()
    >>> restore(rng, state)
    >>> first == (rng.random(), rng.spawn(1)[0].random())
    True
    """
    bits, state = rng.bit_generator, {}
    if isinstance(seeds := bits.seed_seq, np.random.SeedSequence):
        state["seeds"] = {
            "entropy": seeds.entropy,
            "spawn_key": seeds.spawn_key,
            "pool_size": seeds.pool_size,
            "n_children_spawned": seeds.n_children_spawned,
        }
    return {"bits": bits.state, **state}


def restore(rng: np.random.Generator, state: dict[str, Any]) -> None:
    """Put a generator into a state that `state_of` gave; it stays the same object.

    Raises
    ------
    ValueError
        it is the state of a generator of another kind; nothing has changed.
    """
    bits: Any = rng.bit_generator
    name, given = type(bits).__name__, state["bits"]["bit_generator"]
    if name != given:
        raise ValueError(
            f"generator: the state is of a {given}, expected of a {name}. Make the generator as it "
            f"was made before: np.random.Generator(np.random.{given}(seed))"
        )
    seeds = bits.seed_seq
    if "seeds" in state:
        seeds = np.random.SeedSequence(**state["seeds"])
    bits.__setstate__((dict(state["bits"]), seeds))  # as pickle does: in place, for all who hold it
