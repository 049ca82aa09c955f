"""What can go wrong, one class a kind. `help(GraphFreedError)` shows wrong code and right."""

from __future__ import annotations

from typing import Any

__all__ = [
    "ArrayChangedError",
    "ArrayLikeError",
    "AutogradError",
    "GradcheckError",
    "GradientShapeError",
    "GraphFreedError",
    "IntegerGradientError",
    "LeafChangedError",
    "LeafInPlaceError",
    "NoGradientRuleError",
    "NonFiniteError",
    "NotScalarError",
    "TrackedArrayError",
    "UntrackedError",
]


class AutogradError(Exception):
    """The base of all errors raised by plaingrad itself."""


class GraphFreedError(AutogradError, RuntimeError):
    """A second walk over a graph that the first walk freed.

    Examples
    --------
    >>> loss.backward(); loss.backward()                    # wrong        # doctest: +SKIP
    >>> loss.backward(retain_graph=True); loss.backward()   # right        # doctest: +SKIP
    >>> (loss_a + loss_b).backward()       # two losses over one graph     # doctest: +SKIP
    >>> h = h.detach()                     # state carried between batches # doctest: +SKIP
    """

    @classmethod
    def behind(cls, node: Any) -> GraphFreedError:
        """The error for a node that was freed."""
        where = "" if node.shape is None else f" of shape {node.shape}"  # several results
        return cls(
            f"the graph behind this {node.op.__name__}{where} was freed by an earlier "
            "backward pass. Two losses over one graph? (a + b).backward(). State "
            "carried between batches? h = h.detach(). Really twice? retain_graph=True the "
            "first time."
        )


class UntrackedError(AutogradError, RuntimeError):
    """`backward()` on a tensor that no recorded op made and that requires no gradient.

    Examples
    --------
    >>> x = Tensor([1.0]); (x * 2).sum().backward()                     # wrong # doctest: +SKIP
    >>> x = Tensor([1.0], requires_grad=True); (x * 2).sum().backward() # right # doctest: +SKIP
    """

    @classmethod
    def of(cls, caller: str, shape: tuple[int, ...]) -> UntrackedError:
        """The error of `caller` for a tensor of this shape."""
        return cls(
            f"{caller}: this tensor of shape {shape} has no graph. Either nothing it was made "
            "from has requires_grad=True, or the graph was left behind on the way: under "
            "no_grad(), by .detach() or .numpy(), or by an op that gives plain arrays (a "
            "comparison, argmax, an integer cast)."
        )


class NotScalarError(AutogradError, RuntimeError):
    """`backward()` without a gradient on a tensor that is not a single number.

    Examples
    --------
    >>> (x * 2).backward()                    # wrong                  # doctest: +SKIP
    >>> (x * 2).sum().backward()              # right                  # doctest: +SKIP
    >>> (x * 2).backward(np.ones(x.shape))    # the same, spelt out    # doctest: +SKIP
    """

    @classmethod
    def of(cls, caller: str, shape: tuple[int, ...]) -> NotScalarError:
        """The error of `caller` for a tensor of this shape."""
        return cls(
            f"{caller}: a tensor of shape {shape} is not a single number. Reduce it first, as in "
            "loss.mean(), or pass the gradient to start from, of its shape."
        )


class GradientShapeError(AutogradError, ValueError):
    """A closure (or the caller) gave a gradient that does not fit its tensor.

    A gradient may have the tensor's shape, or one that broadcasting the tensor could have made:
    the engine then sums over the broadcast axes. Anything else is a mistake in the op.

    Examples
    --------
    >>> return x @ w, lambda g: w @ g, ...      # wrong    # doctest: +SKIP
    >>> return x @ w, lambda g: g @ w.T, ...    # right    # doctest: +SKIP
    """

    @classmethod
    def missing(cls, node: Any, i: int) -> GradientShapeError:
        """The error for a closure that returned None."""
        return cls(
            f"{node.op.__name__}: the gradient of argument {i} is None. Does its closure end "
            "without `return`? An input without a gradient has None in the closure's place."
        )

    @classmethod
    def of(cls, node: Any, i: int, got: Any, expected: Any) -> GradientShapeError:
        """The error for a closure that returned a gradient of another shape."""
        return cls(
            f"{node.op.__name__}: the gradient of argument {i} has shape {got}, but the "
            f"argument has shape {expected}. A closure returns a gradient of its input's "
            "shape, or of the shape the input was broadcast to."
        )


class LeafChangedError(AutogradError, RuntimeError):
    """A leaf was updated between the forward and the backward pass that needs its old value.

    Examples
    --------
    >>> loss = f(w); optimizer.step(); loss.backward()    # wrong    # doctest: +SKIP
    >>> loss = f(w); loss.backward(); optimizer.step()    # right    # doctest: +SKIP
    """

    @classmethod
    def of(cls, node: Any, i: int, shape: tuple[int, ...]) -> LeafChangedError:
        """The error for argument `i` of a node."""
        return cls(
            f"{node.op.__name__}: its argument {i}, a leaf of shape {shape}, was updated after "
            "the forward pass, and the backward pass needs its old value. Call backward() before "
            "the update (optimizer.step(), `w.data -= ...`), or compute the loss again after it."
        )


class ArrayChangedError(AutogradError, RuntimeError):
    """A plain array that an op used was written to before the backward pass that needs it.

    Found under `detect_anomaly`. Assign a new array, or give the op a copy.

    Examples
    --------
    >>> y = w * x; x[:] = 0; y.sum().backward()            # wrong    # doctest: +SKIP
    >>> y = w * x; x = np.zeros(3); y.sum().backward()     # right    # doctest: +SKIP
    """


class ArrayLikeError(AutogradError, TypeError):
    """An op got an array of another kind, whose own operators would compute something else.

    Examples
    --------
    >>> t * np.matrix([[1.0, 2.0]])                  # wrong    # doctest: +SKIP
    >>> t * np.asarray(matrix)                       # right    # doctest: +SKIP
    >>> t * masked_array                             # wrong    # doctest: +SKIP
    >>> t * masked_array.filled(0.0)                 # right    # doctest: +SKIP
    """

    @classmethod
    def of_objects(cls, op: Any) -> ArrayLikeError:
        """The error for an op whose result is an array of objects."""
        return cls(
            f"{op.__name__}: got an array of objects, expected an array of numbers: convert it, "
            "as in np.asarray(x, float), or np.stack(x.tolist()) for one of Tensors"
        )


class LeafInPlaceError(AutogradError, RuntimeError):
    """An in-place change to a leaf that requires gradients, while recording.

    Examples
    --------
    >>> w -= lr * w.grad                      # wrong    # doctest: +SKIP
    >>> with no_grad(): w -= lr * w.grad      # right    # doctest: +SKIP
    >>> w.data -= lr * w.grad                 # right    # doctest: +SKIP
    """

    @classmethod
    def of_leaf(cls, shape: tuple[int, ...]) -> LeafInPlaceError:
        """The error for `x += y` and `x[i] = v` on a leaf."""
        return cls(
            f"an in-place change to a leaf of shape {shape} that requires gradients. To "
            "update it: `with no_grad(): ...` or `w.data -= ...`. To compute with it: "
            "y = x + 1 instead of x += 1, or start from x.copy()."
        )

    @classmethod
    def of_result(cls, node: Any) -> LeafInPlaceError:
        """The error for setting `.data` of an op's result."""
        return cls(
            f"this tensor is the result of {node.op.__name__}: its data cannot be set. "
            "Make a new tensor, or use x[...] = value, which is differentiable."
        )


class NoGradientRuleError(AutogradError, TypeError):
    """A NumPy function that has no gradient rule was called on a Tensor.

    Examples
    --------
    >>> np.unique(t)                      # wrong    # doctest: +SKIP
    >>> np.unique(t.detach().numpy())     # right    # doctest: +SKIP
    """


class TrackedArrayError(AutogradError, TypeError):
    """A tensor with a graph was about to become a plain array, and lose its gradient.

    Examples
    --------
    >>> np.asarray(t)           # wrong    # doctest: +SKIP
    >>> t.detach().numpy()      # right    # doctest: +SKIP
    >>> math.sin(t)             # wrong    # doctest: +SKIP
    >>> np.sin(t)               # right    # doctest: +SKIP
    >>> float(t)                # wrong    # doctest: +SKIP
    >>> t.item()                # right    # doctest: +SKIP
    """

    @classmethod
    def array(cls) -> TrackedArrayError:
        """The error for NumPy, which asks for an array."""
        return cls(
            "this tensor requires gradients, and would lose them as a plain array. Use "
            ".detach().numpy() for its value; np.stack or np.concatenate to join tensors; "
            "t[i] = v on a Tensor to assign."
        )

    @classmethod
    def number(cls, kind: str) -> TrackedArrayError:
        """The error for Python, which asks for a number."""
        return cls(
            f"{kind}(t): this tensor requires gradients, and would lose them as a number of "
            "Python's. Use t.item() for its value; NumPy's functions, such as np.sin for "
            "math.sin; np.stack or np.concatenate to join tensors; t[i] = v on a Tensor to assign."
        )


class IntegerGradientError(AutogradError, TypeError):
    """Gradients were asked for a tensor of integers or booleans.

    Examples
    --------
    >>> Tensor([1, 2], requires_grad=True)        # wrong    # doctest: +SKIP
    >>> Tensor([1.0, 2.0], requires_grad=True)    # right    # doctest: +SKIP
    """

    @classmethod
    def of(cls, dtype: Any) -> IntegerGradientError:
        """The error for a tensor of this dtype."""
        return cls(
            f"requires_grad: only float and complex tensors have gradients, got {dtype}. "
            "Write 1.0 for 1, or convert with dtype=np.float32."
        )


class NonFiniteError(AutogradError, FloatingPointError):
    """A NaN or infinity, found by `detect_anomaly`.

    Examples
    --------
    >>> np.where(x > 0, np.log(x), 0.0)                     # wrong: 0 * inf   # doctest: +SKIP
    >>> np.where(x > 0, np.log(np.where(x > 0, x, 1)), 0)   # right            # doctest: +SKIP
    """


class GradcheckError(AutogradError, AssertionError):
    """A gradient disagrees with finite differences. The message says where, and both numbers."""
