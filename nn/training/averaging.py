"""AveragedModel: the running average of the weights of a model in training."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from ..module import Buffer, Module

__all__ = ["AveragedModel"]


class AveragedModel(Module):
    """A copy of a model whose weights are the average of those the model had at each update.

    With n updates before:

        average = average + (w - average) / (n + 1)         (decay=None: all count the same)
        average = decay * average + (1 - decay) * w         (exponential moving average)

    The first update copies. Call `update_parameters` after the optimizer's step, or once an epoch.

    Parameters
    ----------
    model
        what to average. It is copied, and trained on as before.
    decay
        from 0 to 1, such as 0.999; None for the mean of all.
    use_buffers
        average buffers too, except integers. Else they are copied as they are last.

    Attributes
    ----------
    module
        the averaged copy, which a call goes to.
    n_averaged
        how many updates there were.

    Raises
    ------
    ValueError
        `decay` is out of range; a model of other parameters.

    References
    ----------
    Polyak and Juditsky, "Acceleration of stochastic approximation by averaging", 1992; Izmailov
    et al., "Averaging weights leads to wider optima and better generalization", UAI 2018.

    Examples
    --------
    >>> import nn
    >>> model = nn.Linear(1, 1, bias=False)
    >>> average = nn.AveragedModel(model, decay=0.75)
    >>> for w in (0.0, 8.0):
    ...     model.weight.data[...] = w
    ...     average.update_parameters(model)
    >>> average.module.weight.item()
    2.0
    """

    _holds_anything = True

    def __init__(
        self, model: Module, decay: float | None = None, use_buffers: bool = False
    ) -> None:
        if decay is not None and not 0 <= decay <= 1:
            raise ValueError(f"AveragedModel: got decay={decay!r}, expected None, or from 0 to 1")
        self.n_averaged = Buffer(np.array(0))
        self.module = copy.deepcopy(model)
        self.decay, self.use_buffers = decay, use_buffers

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Call the averaged copy."""
        return self.module(*args, **kwargs)

    def update_parameters(self, model: Module) -> None:
        """Take the weights, as they are now, into the average."""
        pairs = []
        for mine, theirs in (
            (self.module.named_parameters(), model.named_parameters()),
            (self.module.named_buffers(), model.named_buffers()),
        ):
            a, b = (dict(named) for named in (mine, theirs))
            if {n: x.shape for n, x in a.items()} != {n: x.shape for n, x in b.items()}:
                raise ValueError(
                    "AveragedModel: update_parameters got a model whose parameters and buffers "
                    "differ from those of the one it was made of"
                )
            pairs += [(x, b[name]) for name, x in a.items()]
        n = self.n_averaged.item()
        share = 1 / (n + 1) if self.decay is None else 1 - self.decay
        for x, new in pairs:
            average = x.data
            counts = not isinstance(x, Buffer) or (self.use_buffers and x.dtype.kind in "fc")
            if n and counts:
                average += share * (new.data - average)
            else:
                average[...] = new.data
        self.n_averaged.data += 1

    def extra_repr(self) -> str:
        """The arguments."""
        return f"decay={self.decay}" + (", use_buffers=True" if self.use_buffers else "")
