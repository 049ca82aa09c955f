"""Finding where NaN and infinity come from, and where a gradient stops."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from .core.engine import reachable
from .core.node import Node
from .core.tensor import Tensor
from .core.watch import Watcher, user_line
from .errors import ArrayChangedError, GraphFreedError, NonFiniteError

__all__ = ["detect_anomaly", "why_no_grad"]

REMEDIES = {
    "divide": "A denominator is 0 (or tiny). Make it safe before dividing: np.where(d == 0, 1, d), "
    "or d + eps. A where() around the quotient comes too late: its slope is infinite all the same.",
    "log": "The logarithm of 0, or of a negative number. From logits use log_softmax or a loss "
    "`..._with_logits`; else np.log(np.maximum(x, eps)) or np.log1p.",
    "sqrt": "The square root has an infinite slope at 0, and no value below it. Add an eps inside; "
    "for a length use np.linalg.norm or np.hypot, which have gradient 0 there.",
    "exp": "exp overflows (float32 above 88). Subtract the maximum first, as softmax and logsumexp "
    "do; if the values grow from step to step, lower the learning rate.",
    "power": "A negative number to a fractional power, or 0 to a negative one.",
}
GROWING = (
    "Look at the operands' ranges. If they grow from step to step, lower the learning rate or clip "
    "the gradients."
)


class detect_anomaly(Watcher):  # noqa: N801 (used like a function, and named as in PyTorch)
    """Stop at the first NaN or infinity, in the forward or the backward pass, and say whose it is.

    A `with` block; each op in it costs a few times its usual time. It also finds a plain array
    that was written to between the forward and the backward pass that needs its old value.

    Parameters
    ----------
    inf
        whether infinities count too.

    Raises
    ------
    NonFiniteError
        names the op, the line of your program, the operands and a remedy.
    ArrayChangedError
        names the op, the line and the argument.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import NonFiniteError, Tensor, detect_anomaly
    >>> x = Tensor([0.0, 4.0], requires_grad=True)
    >>> try:
    ...     with detect_anomaly():
    ...         np.sqrt(x).sum().backward()
    ... except NonFiniteError as error:
    ...     print(str(error).splitlines()[0])
    sqrt: the gradient of argument 0 has 1 infinite element of 2
    """

    def __init__(self, inf: bool = True) -> None:
        super().__init__()
        self._quiet = np.errstate(all="ignore")  # NumPy's own warnings would come first
        self._bad = (lambda x: ~np.isfinite(x)) if inf else np.isnan
        # What is known of a node lives no longer than it: the block may hold a whole training.
        self._seen: WeakKeyDictionary[Node, tuple[str, tuple[Any, ...]]] = WeakKeyDictionary()
        self._sums: WeakKeyDictionary[Node, list[tuple[str, Any, int]]] = WeakKeyDictionary()

    def __enter__(self) -> Any:
        self._quiet.__enter__()
        return super().__enter__()

    def __exit__(self, *args: Any) -> None:
        super().__exit__(*args)
        self._quiet.__exit__(*args)

    def made(self, node: Node, inputs: tuple[Any, ...], out: Any) -> None:
        """Check the result of an op."""
        line = user_line()
        self._seen[node] = line, tuple(_range(x) for x in inputs)
        self._sums[node] = [(what, x, _checksum(x)) for what, x in _needed(node, inputs)]
        for result in out if type(out) is tuple else (out,):
            result = np.asarray(result)
            if self._bad(result).any():
                self._stop(node, "the result", result)

    def arrived(self, node: Node, position: int, incoming: Any, gradient: Any) -> None:  # noqa: ARG002
        """Check what a closure worked with, and what it returned."""
        for what, array, checksum in self._sums.get(node, ()):
            if _checksum(array) != checksum:
                raise ArrayChangedError(
                    f"{node.op.__name__}: its {what}, an array of shape {array.shape}, was written "
                    "to after the forward pass, and the backward pass needs its old value\n"
                    f"  at {self._seen[node][0]}\n"
                    "  Assign a new array instead, or give the op a copy."
                )
        values = np.asarray(gradient._array if isinstance(gradient, Tensor) else gradient)
        if values.dtype.kind in "fc" and self._bad(values).any():
            self._stop(node, f"the gradient of argument {position}", values)

    def _stop(self, node: Node, what: str, values: Any) -> None:
        name = node.op.__name__
        nans, infs = int(np.isnan(values).sum()), int(np.isinf(values).sum())
        counts = [f"{n} {kind}" for n, kind in ((nans, "NaN"), (infs, "infinite")) if n]
        plural = "element" if nans + infs == 1 else "elements"
        lines = [f"{name}: {what} has {' and '.join(counts)} {plural} of {values.size}"]
        place, ranges = self._seen.get(node, ("recorded outside of detect_anomaly", ()))
        lines.append(f"  at {place}")
        lines += [f"  argument {i}: {text}" for i, text in enumerate(ranges)]
        already = any("NaN" in text or "inf" in text for text in ranges) and "result" in what
        remedy = REMEDIES.get(name, GROWING)
        if already:
            remedy = "An operand came in with it: look at the data, or at what made it."
        raise NonFiniteError("\n".join([*lines, "  " + remedy]))


def _needed(node: Node, inputs: tuple[Any, ...]) -> Iterator[tuple[str, Any]]:
    """The arrays that the way back works with: those that a closure or the node holds."""
    args, kwargs = node.config
    named = [(f"argument {i}", x) for i, x in enumerate((*inputs, *args))]
    for what, x in [*named, *((f"argument {name}", x) for name, x in kwargs.items())]:
        if isinstance(x, np.ndarray) and (
            node.inputs is not None or any(holds(closure, x) for closure, _, _ in node.edges or ())
        ):
            yield what, x


def _checksum(array: Any) -> int:
    return zlib.crc32(np.ascontiguousarray(array).data)


def _range(x: Any) -> str:
    """Shape, dtype and range of an operand, in a line."""
    if not hasattr(x, "dtype"):
        return repr(x)
    x = np.asarray(x)
    text = f"{x.dtype}{list(x.shape)}"
    if x.size and x.dtype.kind in "fiub":
        finite = x[np.isfinite(x)] if x.dtype.kind == "f" else x
        if finite.size:
            text += f", from {finite.min():.4g} to {finite.max():.4g}"
        counts = (
            (int((x == 0).sum()), "zero"),
            (int(np.isnan(x).sum()) if x.dtype.kind == "f" else 0, "NaN"),
            (int(np.isinf(x).sum()) if x.dtype.kind == "f" else 0, "inf"),
        )
        text += "".join(f", {n} {kind}" for n, kind in counts if n)
    return text


class _Cuts(Watcher):
    """Remembers where values left their graphs."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[Node, str, str]] = []

    def cut(self, node: Node, by: str) -> None:
        """Note the place."""
        self.found.append((node, by, user_line()))


def why_no_grad(x: Tensor, loss: Tensor | Callable[[], Tensor]) -> str:
    """Say whether a gradient of `loss` reaches `x`, and if not, where the path was cut.

    Parameters
    ----------
    loss
        a Tensor; or better the function that computes it, which is then run, so that the lines can
        be named where a value that depends on x went on without its graph.

    Returns
    -------
    str
        str, a few sentences.

    Examples
    --------
    >>> from autograd import Tensor, why_no_grad
    >>> x = Tensor([1.0], requires_grad=True)
    >>> print(why_no_grad(x, (x * 2).sum()))
    The gradient reaches x: it is in the graph of the loss. Call loss.backward().
    """
    cuts, was_run = _Cuts(), not isinstance(loss, Tensor)
    if not isinstance(loss, Tensor):
        with cuts:
            loss = loss()
    for name, t in (("x", x), ("the loss", loss)):
        if not isinstance(t, Tensor):
            return (
                f"{name} is a plain {type(t).__name__}, not a Tensor: nothing is recorded for it."
            )
    if x._node is None:
        return (
            "x does not require gradients: no op made it from a leaf that does. Make it a leaf "
            "with requires_grad=True (an nn.Parameter) before the forward pass."
        )
    try:
        reached = set(reachable([loss._node])) if loss._node is not None else set()
    except GraphFreedError:
        return "The graph of the loss was freed: backward() already ran. Ask before it."
    if x._node in reached:
        if x.is_leaf:
            return "The gradient reaches x: it is in the graph of the loss. Call loss.backward()."
        return (
            f"The gradient reaches x, the result of {x._node.op.__name__}; but only leaves keep "
            "theirs: call x.retain_grad() before loss.backward()."
        )
    text = (
        "The loss has no graph at all, so no gradient reaches x."
        if loss._node is None
        else "x is not in the graph of the loss, which was made from other leaves: "
        + (", ".join(str(n.shape) for n in reached if n.op is None) or "none")
        + " (their shapes)."
    )
    places = []
    for node, by, line in cuts.found:
        try:
            if x._node in set(reachable([node])) and (by, line) not in places:
                places.append((by, line))
        except GraphFreedError:
            continue
    if places:
        text += " Values that depend on x went on without their graph here:"
        return text + "".join(f"\n  by {by}, at {line}" for by, line in places)
    if not was_run:
        return text + " To see where, pass the function that computes it: why_no_grad(x, f)."
    return text + (
        " Nothing that was computed from x went into it: is x still the tensor that the model "
        "uses, or was it replaced by another (x = x * 2, a reloaded model)?"
    )


def holds(thing: Any, array: Any) -> bool:
    """Whether a closure, or what it holds, reaches the memory of `array`."""
    if isinstance(thing, np.ndarray):
        return bool(np.may_share_memory(thing, array))
    if isinstance(thing, tuple | list):
        return any(holds(item, array) for item in thing)
    cells = getattr(thing, "__closure__", None) or ()
    return any(holds(cell.cell_contents, array) for cell in cells)
