"""Checkpoint: everything that a run is in one file, so that a run which was killed goes on."""

from __future__ import annotations

import copy
import math
import os
import time
from typing import Any

import numpy as np

from ..module import Module
from ..random import generator, restore, state_of
from .saving import load, save

__all__ = ["Checkpoint"]

_GENERATORS = "generators"  # the entry of the file with the states of all generators


class Checkpoint:
    """Everything that a run is, in one file: it goes on to the same end, bit by bit.

    The file always holds one whole state. While a new one is written the old one is there still; a
    kill, Ctrl-C or a full disk in the middle of it changes nothing. It is a file of `nn.save`,
    without pickle: `nn.load(path)["model"]` are the weights.

    Parameters
    ----------
    path
        the file's name, taken as it is.
    steps
        how many calls of `step` there are to be from one saving to the next.
    seconds
        how many seconds there are to be; whichever comes first.
    parts
        what the run is made of, by names of your choice. Each is one of: an object with
        `state_dict` and `load_state_dict`, such as a model, an optimizer, a schedule, an
        `AveragedModel`, a DataLoader; a `numpy.random.Generator`; or a dict or list of numbers,
        strings and arrays, for all that a loop counts. The library's own generator belongs to it
        unasked, and the generators that layers of the models have.

    Notes
    -----
    A DataLoader's state tells the batches that it has given. Save when all of them are used: after
    the step of the last one.

    Raises
    ------
    TypeError, ValueError
        a part is something else; `steps` or `seconds` is not positive.

    Examples
    --------
    >>> import nn, optim
    >>> model = nn.Linear(2, 1)
    >>> optimizer = optim.Adam(model.parameters())
    >>> run = {"epoch": 0}
    >>> checkpoint = nn.Checkpoint("run.npz", model=model, optimizer=optimizer, run=run)
    >>> if checkpoint.load():                    # False if there is no file yet
    ...     print("goes on after epoch", run["epoch"])
    >>> while run["epoch"] < 10:
    ...     run["epoch"] += 1                    # and an epoch of training
    ...     checkpoint.save()                    # doctest: +SKIP
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        /,
        *,
        steps: int | None = None,
        seconds: float | None = None,
        **parts: Any,
    ) -> None:
        for name, value in (("steps", steps), ("seconds", seconds)):
            if value is not None and not value > 0:
                raise ValueError(f"Checkpoint: {name}: got {value!r}, expected more than 0")
        for name, part in parts.items():
            _check_part(name, part)
        self.path, self.steps, self.seconds, self.parts = path, steps, seconds, parts
        self._start()

    def save(self) -> None:
        """Write the state of all parts; the file is the old one until the new one is whole.

        The folder is made if there is none yet.

        Raises
        ------
        TypeError
            a part has something in its state that no file can hold; says what and where.
        OSError
            the disk is full, for example; the old file is as it was.
        """
        state = self._state()
        os.makedirs(os.path.dirname(self.path) or ".", exist_ok=True)
        save(state, self.path)
        self._start()

    def step(self) -> bool:
        """Save if `steps` calls or `seconds` seconds have passed since the last time.

        Returns
        -------
        bool
            whether it did.
        """
        self._calls += 1
        due = self._calls >= (self.steps or math.inf)
        if self.seconds is not None:
            due = due or time.monotonic() - self._since >= self.seconds
        if due:
            self.save()
        return due

    def load(self, path: str | os.PathLike[str] | None = None) -> bool:
        """Put every part into the state that the file holds.

        Parameters
        ----------
        path
            another file than the one to save to. It must exist.

        Returns
        -------
        bool
            False if there is no file to go on from, and nothing has changed.

        Raises
        ------
        ValueError
            the file is damaged or no checkpoint, or one of other parts; or the state of a part does
            not fit. Nothing has changed then.
        """
        if path is None:
            path = self.path
            if not os.path.exists(path):
                return False
        state = load(path)
        if not isinstance(state, dict) or _GENERATORS not in state:
            raise ValueError(
                f"{os.fspath(path)}: no checkpoint, though nn.load can read it. Is it the model's "
                "file? Then model.load_state_dict(nn.load(path))"
            )
        self._check_same(path, state)
        before = self._state()
        try:
            self._put(state)
        except BaseException as error:
            self._put(before)
            error.add_note(f"in {os.fspath(path)}; nothing was loaded")
            raise
        self._start()
        return True

    def __repr__(self) -> str:
        return f"Checkpoint({os.fspath(self.path)!r}: {', '.join(self.parts) or 'nothing'})"

    def _start(self) -> None:
        self._calls, self._since = 0, time.monotonic()

    def _state(self) -> dict[str, Any]:
        state = {}
        for name, part in self.parts.items():
            if hasattr(part, "state_dict"):
                state[name] = part.state_dict()
            elif isinstance(part, dict | list):
                state[name] = copy.deepcopy(part)
        return {
            **state,
            _GENERATORS: {name: state_of(rng) for name, rng in self._generators().items()},
        }

    def _put(self, state: dict[str, Any]) -> None:
        for name, part in self.parts.items():
            if hasattr(part, "load_state_dict"):
                part.load_state_dict(state[name])
            elif isinstance(part, dict):
                part.clear()
                part.update(state[name])
            elif isinstance(part, list):
                part[:] = state[name]
        # At the end: to load a state may draw.
        for name, rng in self._generators().items():
            restore(rng, state[_GENERATORS][name])

    def _generators(self) -> dict[str, np.random.Generator]:
        """All generators by name, the library's first."""
        found = {"nn.generator()": generator()}
        for name, part in self.parts.items():
            if isinstance(part, np.random.Generator):
                found[name] = part
            for place, module in part.named_modules() if isinstance(part, Module) else ():
                for attribute, value in vars(module).items():
                    if isinstance(value, np.random.Generator):
                        found[".".join(filter(None, (name, place, attribute)))] = value
        return found

    def _check_same(self, path: str | os.PathLike[str], state: dict[str, Any]) -> None:
        saved = {*state, *state[_GENERATORS]} - {_GENERATORS}
        own = {*self._generators()}
        own |= {k for k, x in self.parts.items() if not isinstance(x, np.random.Generator)}
        problems = [
            f"{title} {', '.join(sorted(names))}"
            for title, names in (("it lacks", own - saved), ("only it has", saved - own))
            if names
        ]
        if problems:
            raise ValueError(
                f"{os.fspath(path)}: a checkpoint of other parts: {'; '.join(problems)}. Make the "
                "run as it was made before; or take of it what you need, with "
                'nn.load(path)["model"]'
            )


def _check_part(name: str, part: Any) -> None:
    if name == _GENERATORS:
        raise ValueError(f"Checkpoint: no part can be called {name}: it is the file's own entry")
    if isinstance(part, type) or not (
        (hasattr(part, "state_dict") and hasattr(part, "load_state_dict"))
        or isinstance(part, dict | list | np.random.Generator)
    ):
        got = f"the class {part.__name__}" if isinstance(part, type) else type(part).__name__
        raise TypeError(
            f"Checkpoint: {name}: got {got}, expected something with state_dict and "
            "load_state_dict, a numpy.random.Generator, or a dict or list; a number goes into a "
            'dict, as in run={"epoch": 0}'
        )
