"""History: the numbers that come out of a training."""

from __future__ import annotations

import csv
import io
import os
from typing import TYPE_CHECKING

from ..files import replacing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["History"]


class History(dict[str, list[float]]):
    """What `fit` measured: lists of numbers by name, each with one entry an epoch.

    "epoch" counts from 1; "loss" and "accuracy" are those of training, "validation_loss" and
    "validation_accuracy" those of validation; "seconds" is how long the epoch took. Before the
    first epoch there are no lists. `pandas.DataFrame(history)` makes a table.

    Attributes
    ----------
    interrupted
        whether Ctrl-C ended the training.
    best_epoch
        the epoch of the lowest loss, whose weights the model has, if `fit` was given `patience`.
    """

    interrupted = False
    best_epoch: int | None = None

    def last(self) -> dict[str, float]:
        """The numbers of the last epoch by name, as most that keep a log of runs want them."""
        return {name: column[-1] for name, column in self.items()}

    def plot(self, path: str | os.PathLike[str] | None = None) -> Figure:
        """Draw all but the seconds, with `nn.plot.history`; saved as a PNG if there is a path."""
        from ..plot import history

        return history({k: v for k, v in self.items() if k != "seconds"}, path=path)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a CSV file, whole or not at all; its first line holds the names."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(self)
        writer.writerows(zip(*self.values(), strict=True))
        with replacing(path) as file:
            file.write(text.getvalue().encode())

    def __repr__(self) -> str:
        return f"History({len(self['epoch'])} epochs; {self._last()})" if self else "History()"

    def _repr_html_(self) -> str:
        """The curves, in a notebook."""
        from html import escape  # nobody else needs these: not at import

        from .curves import shown

        if len(self.get("epoch", ())) == 0 or {*self} <= {"epoch", "seconds"}:
            return f"<code>{escape(repr(self))}</code>"
        return shown(self)

    def _last(self) -> str:
        """The numbers of the last epoch; those of validation have the order of the others."""
        last = {name: f"{column[-1]:#.4g}" for name, column in self.items() if name != "epoch"}
        validation = [last.pop(name) for name in list(last) if name.startswith("validation_")]
        text = ", ".join(f"{name} {x}" for name, x in last.items())
        return text + (f"; validation {', '.join(validation)}" if validation else "")
