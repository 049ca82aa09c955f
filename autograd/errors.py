"""What can go wrong, one class a kind. `help(GraphFreedError)` shows wrong code and right."""

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

    >>> loss.backward(); loss.backward()                    # wrong        # doctest: +SKIP
    >>> loss.backward(retain_graph=True); loss.backward()   # right        # doctest: +SKIP
    >>> (loss_a + loss_b).backward()       # two losses over one graph     # doctest: +SKIP
    >>> h = h.detach()                     # state carried between batches # doctest: +SKIP
    """


class UntrackedError(AutogradError, RuntimeError):
    """`backward()` on a tensor that no recorded op made and that requires no gradient.

    >>> x = Tensor([1.0]); (x * 2).sum().backward()                     # wrong # doctest: +SKIP
    >>> x = Tensor([1.0], requires_grad=True); (x * 2).sum().backward() # right # doctest: +SKIP
    """


class NotScalarError(AutogradError, RuntimeError):
    """`backward()` without a gradient on a tensor that is not a single number.

    >>> (x * 2).backward()                    # wrong                  # doctest: +SKIP
    >>> (x * 2).sum().backward()              # right                  # doctest: +SKIP
    >>> (x * 2).backward(np.ones(x.shape))    # the same, spelt out    # doctest: +SKIP
    """


class GradientShapeError(AutogradError, ValueError):
    """A closure (or the caller) gave a gradient that does not fit its tensor.

    A gradient may have the tensor's shape, or one that broadcasting the tensor could have made:
    the engine then sums over the broadcast axes. Anything else is a mistake in the op.

    >>> return x @ w, lambda g: w @ g, ...      # wrong    # doctest: +SKIP
    >>> return x @ w, lambda g: g @ w.T, ...    # right    # doctest: +SKIP
    """


class LeafChangedError(AutogradError, RuntimeError):
    """A leaf was updated between the forward and the backward pass that needs its old value.

    >>> loss = f(w); optimizer.step(); loss.backward()    # wrong    # doctest: +SKIP
    >>> loss = f(w); loss.backward(); optimizer.step()    # right    # doctest: +SKIP
    """


class ArrayChangedError(AutogradError, RuntimeError):
    """A plain array that an op used was written to before the backward pass that needs it.

    Found under `detect_anomaly`. Assign a new array, or give the op a copy.

    >>> y = w * x; x[:] = 0; y.sum().backward()            # wrong    # doctest: +SKIP
    >>> y = w * x; x = np.zeros(3); y.sum().backward()     # right    # doctest: +SKIP
    """


class ArrayLikeError(AutogradError, TypeError):
    """An op got an array of another kind, whose own operators would compute something else.

    >>> t * np.matrix([[1.0, 2.0]])                  # wrong    # doctest: +SKIP
    >>> t * np.asarray(matrix)                       # right    # doctest: +SKIP
    >>> t * masked_array                             # wrong    # doctest: +SKIP
    >>> t * masked_array.filled(0.0)                 # right    # doctest: +SKIP
    """


class LeafInPlaceError(AutogradError, RuntimeError):
    """An in-place change to a leaf that requires gradients, while recording.

    >>> w -= lr * w.grad                      # wrong    # doctest: +SKIP
    >>> with no_grad(): w -= lr * w.grad      # right    # doctest: +SKIP
    >>> w.data -= lr * w.grad                 # right    # doctest: +SKIP
    """


class NoGradientRuleError(AutogradError, TypeError):
    """A NumPy function that has no gradient rule was called on a Tensor.

    >>> np.unique(t)                      # wrong    # doctest: +SKIP
    >>> np.unique(t.detach().numpy())     # right    # doctest: +SKIP
    """


class TrackedArrayError(AutogradError, TypeError):
    """A tensor with a graph was about to become a plain array, and lose its gradient.

    >>> np.asarray(t)           # wrong    # doctest: +SKIP
    >>> t.detach().numpy()      # right    # doctest: +SKIP
    """


class IntegerGradientError(AutogradError, TypeError):
    """Gradients were asked for a tensor of integers or booleans.

    >>> Tensor([1, 2], requires_grad=True)        # wrong    # doctest: +SKIP
    >>> Tensor([1.0, 2.0], requires_grad=True)    # right    # doctest: +SKIP
    """


class NonFiniteError(AutogradError, FloatingPointError):
    """A NaN or infinity, found by `detect_anomaly`.

    >>> np.where(x > 0, np.log(x), 0.0)                     # wrong: 0 * inf   # doctest: +SKIP
    >>> np.where(x > 0, np.log(np.where(x > 0, x, 1)), 0)   # right            # doctest: +SKIP
    """


class GradcheckError(AutogradError, AssertionError):
    """A gradient disagrees with finite differences. The message says where, and both numbers."""
