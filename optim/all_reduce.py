"""One training on many machines: gradients averaged over MPI before each step."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .optimizer import Closure, Optimizer
from .options import number, shown
from .rule import Array, Options

__all__ = ["AllReduce"]


class AllReduce(Optimizer):
    """An optimizer whose gradients are the means over all processes of a communicator.

    Each process has the whole model and its part of the batch. All gradients travel in one call,
    as one flat buffer:

        g = (sum of weight * g, over processes) / (sum of weight)

    With losses that are means over the batch, and the size of the part as `weight`, that is the
    gradient of the whole batch, to rounding. Then every process takes the same step.

    Parameters
    ----------
    optimizer
        of the model's parameters, alike in every process. The parameters become those of the
        first process.
    comm
        mpi4py's `MPI.COMM_WORLD`, or something with its `Get_size`, `Bcast` and `Allreduce`.

    Attributes
    ----------
    optimizer
        that which takes the steps. Groups, options and state are its own, under the same names.

    Raises
    ------
    TypeError
        `optimizer` is not an Optimizer, or `comm` not a communicator.
    ValueError
        the processes have different parameters: as many numbers in each are expected.

    Notes
    -----
    Every process must take part in every step: if one leaves its loop early, the others wait for
    ever. `mpiexec -n 4 python -m mpi4py train.py` ends all if one fails; so do not leave out the
    `-m mpi4py`. Buffers, such as the running means of batch norm, stay those of each process.

    Examples
    --------
    A communicator of two processes is imitated here, of which the other has the same gradient:
    their mean is that of each.

    >>> import optim
    >>> from autograd import Tensor
    >>> class Comm:
    ...     def Get_size(self): return 2
    ...     def Bcast(self, buffer, root=0): pass
    ...     def Allreduce(self, mine, every): every[:] = mine + mine
    >>> w = Tensor([0.0], requires_grad=True)
    >>> optimizer = optim.AllReduce(optim.SGD([w], lr=1.0), Comm())
    >>> w.grad = [3.0]
    >>> optimizer.step()
    >>> w.data
    array([-3.], dtype=float32)
    """

    def __init__(self, optimizer: Optimizer, comm: Any) -> None:
        if not isinstance(optimizer, Optimizer):
            raise TypeError(
                f"AllReduce: optimizer: got {shown(optimizer)}, expected an Optimizer, such as "
                "optim.Adam(model.parameters()): AllReduce(optimizer, comm)"
            )
        if missing := [x for x in ("Get_size", "Bcast", "Allreduce") if not hasattr(comm, x)]:
            raise TypeError(
                f"AllReduce: comm: got a {type(comm).__name__}, without {', '.join(missing)}; "
                "expected a communicator: from mpi4py.MPI import COMM_WORLD"
            )
        self.optimizer, self.comm = optimizer, comm
        self._same_everywhere()

    def _same_everywhere(self) -> None:
        """Give every process the parameters of the first."""
        params = self._all_params()
        sizes = np.array([len(params), sum(p.size for p in params)], np.float64)
        first = sizes.copy()
        self.comm.Bcast(first, root=0)
        wrong, anywhere = np.array([float((first != sizes).any())]), np.zeros(1)
        self.comm.Allreduce(wrong, anywhere)  # all raise, or none: nobody is left waiting
        if anywhere[0]:
            raise ValueError(
                f"AllReduce: {sizes[0]:g} parameters of {sizes[1]:g} numbers here, {first[0]:g} "
                f"of {first[1]:g} in the first process, expected the same model in all processes "
                f"({anywhere[0]:g} have another)"
            )
        buffer = np.concatenate([p.data.reshape(-1) for p in params]).astype(self._dtype())
        self.comm.Bcast(buffer, root=0)
        for p, numbers in self._pieces(buffer):
            p.data[...] = numbers

    def step(self, closure: Closure | None = None, *, weight: float = 1.0) -> Any:
        """Average the gradients over all processes, and let the optimizer take its step.

        Parameters
        ----------
        closure
            as for every optimizer. It computes the loss and gradients of this process's part.
        weight
            of this process's gradients: the size of its part, if the parts differ in size. 0 for no
            part at all.

        Returns
        -------
        float
            The mean over all processes of what `closure` returned; else None.

        Raises
        ------
        TypeError, ValueError
            as for the optimizer; `weight` is not a number, 0 or more.
        """
        if closure is None:
            self.average(weight=weight)
            return self.optimizer.step()
        self._check_closure(closure)

        def averaged() -> float:
            value = closure()
            value = value.item() if hasattr(value, "item") else value
            return self.average(value, weight=weight)

        return self.optimizer.step(averaged)

    def average(self, loss: float = 0.0, *, weight: float = 1.0) -> float:
        """Average the gradients, in place, and the loss.

        `step` does so. To clip in between: `optimizer.average()`, `optim.clip_grad_norm_(...)`,
        `optimizer.optimizer.step()`.

        Parameters
        ----------
        loss
            of this process's part of the batch.
        weight
            as for `step`.

        Returns
        -------
        float
            The mean of the losses.
        """
        number(0)("AllReduce.average: weight", weight)
        params = self._all_params()
        n = sum(p.size for p in params)
        # Behind the gradients: how many processes have one, of each parameter; loss; weight.
        mine = np.zeros(n + len(params) + 2, self._dtype())
        if weight:
            for i, (p, numbers) in enumerate(self._pieces(mine)):
                if (grad := p.grad) is not None:
                    np.multiply(grad, weight, out=numbers)
                    mine[n + i] = 1
            mine[-2:] = loss * weight, weight
        every = np.empty_like(mine)
        self.comm.Allreduce(mine, every)
        total = every[-1]
        if not total:
            raise ValueError("AllReduce: the weights of all processes are 0, expected one above 0")
        every[:n] /= total
        for i, (p, numbers) in enumerate(self._pieces(every)):
            if not every[n + i]:
                continue  # nobody used it
            if p.grad is None:
                p.grad = numbers.astype(p.dtype)
            else:
                p.grad[...] = numbers
        return float(every[-2] / total)

    def _dtype(self) -> Any:
        return np.result_type(np.float32, *(p.dtype for p in self._all_params()))

    def _pieces(self, buffer: Array) -> Any:
        """Each parameter, and its part of a buffer, in its shape."""
        begin = 0
        for p in self._all_params():
            end = begin + math.prod(p.shape)
            yield p, buffer[begin:end].reshape(p.shape)
            begin = end

    # What is the optimizer's

    def __getattr__(self, name: str) -> Any:
        if name in ("optimizer", "comm") or name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.optimizer, name)

    def check(self, options: Options) -> None:
        """As the optimizer does."""
        self.optimizer.check(options)

    def add_param_group(self, group: Options) -> None:
        """Add parameters to the optimizer's; they become those of the first process."""
        self.optimizer.add_param_group(group)
        self._same_everywhere()

    def state_dict(self) -> dict[str, Any]:
        """The optimizer's, which is the same in every process: let one of them save it."""
        return self.optimizer.state_dict()

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Load it into the optimizer, in every process."""
        self.optimizer.load_state_dict(state_dict)

    def __repr__(self) -> str:
        return f"AllReduce over {self.comm.Get_size()} processes: {self.optimizer!r}"
