"""Tensor: an array, and the node that says how it was made."""

from __future__ import annotations

import dis
import operator
import sys
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy import ndarray

from ..errors import IntegerGradientError, LeafInPlaceError, TrackedArrayError
from ..modes import default_dtype, recording
from ..names import did_you_mean
from .arrays import refuse_masked
from .hints import hint
from .node import NOT_KEPT, Leaf, Node
from .ownership import alone
from .watch import cut

__all__ = ["Tensor", "wrap"]

if TYPE_CHECKING:
    from .declarations import Declared
else:
    Declared = object  # operators and methods are attached in methods.py


class Tensor(Declared):
    """An array that remembers how it was made, so that `backward()` can differentiate it.

    Parameters
    ----------
    data : array_like, copied. An array keeps its dtype; Python floats and lists of them become
        the default dtype (float32, see `default_dtype`).
    requires_grad : make it a leaf, whose `.grad` `backward()` fills.
    dtype : convert to this.

    A Tensor answers NumPy: `np.exp(t)`, `np.sum(t, axis=0)`, `t @ w`, `array * t`, `t[1:]`. Each is
    a value of its own: `x += y` and `x[i] = v` change what the handle `x` stands for, never an
    array that another tensor or a recorded op still uses. A plain array among an op's arguments is
    used as it is: do not write to it before the backward pass.

    Raises
    ------
    IntegerGradientError : `requires_grad` with integers or booleans.
    TypeError : the data are objects or text.

    Examples
    --------
    >>> from autograd import Tensor
    >>> x = Tensor([1.0, 2.0, 3.0], requires_grad=True)
    >>> (x * x).sum().backward()
    >>> x.grad
    array([2., 4., 6.], dtype=float32)
    """

    __slots__ = ("__weakref__", "_array", "_frozen", "_lent", "_node")
    _array: ndarray[Any, Any]  # or, of shape () and not lent, a NumPy scalar
    _lent: bool  # `.data` was handed out: somebody outside may write to the array
    _node: Node | None
    _frozen: Leaf | None  # the leaf it was before `requires_grad = False`; unset until then

    def __init__(self, data: Any, requires_grad: bool = False, dtype: Any = None) -> None:
        if type(data) is not ndarray:
            refuse_masked(data)
        array = np.array(data, dtype)
        if array.dtype.kind not in "biufc":
            raise TypeError(f"Tensor: expected numbers, got {array.dtype} from {data!r:.50}")
        if dtype is None and array.dtype.kind in "fc" and _is_python(data):
            default = default_dtype.get()
            array = array.astype(
                default if array.dtype.kind == "f" else np.result_type(default, np.complex64)
            )
        self._array, self._node, self._lent, self._frozen = quick(array), None, False, None
        if requires_grad is not False:
            self.requires_grad = requires_grad

    # What it is

    @property
    def data(self) -> ndarray[Any, Any]:
        """The array: writable, except that of an op's result.

        Writing to it is a change the graph does not see; the backward pass refuses to use a leaf
        that was changed since the forward pass.
        """
        node = self._node
        if node is not None and type(node) is not Leaf:
            view = np.asarray(self._array).view()
            view.flags.writeable = False
            return view
        if not self._lent:
            if alone(self, "_array"):
                self._array = np.asarray(self._array)
            else:  # a recorded op may hold it: it stays, the handle moves
                self._move_to(np.array(self._array))
            self._lent = True
        return self._array

    @data.setter
    def data(self, value: Any) -> None:
        if self._node is not None and type(self._node) is not Leaf:
            raise LeafInPlaceError(
                f"this tensor is the result of {self._node.op.__name__}: its data cannot be set. "
                "Make a new tensor, or use x[...] = value, which is differentiable."
            )
        if value is self._array:  # the end of `w.data -= ...`
            return
        refuse_masked(value)
        array = np.array(value, self.dtype)
        if array.shape != self.shape:
            raise ValueError(f"data: got shape {array.shape}, expected {self.shape}")
        self._move_to(quick(array))
        self._lent = False

    def _move_to(self, array: ndarray[Any, Any]) -> None:
        self._array = array
        if (leaf := self._leaf()) is not None:
            leaf.moved = True

    def _leaf(self) -> Leaf | None:
        """The leaf that this tensor is, or was before it was frozen."""
        if self._node is None:
            return self._frozen
        return self._node if type(self._node) is Leaf else None

    def _keep(self) -> ndarray[Any, Any]:
        """The array for a graph to hold: a copy, while somebody outside could write to it."""
        if self._lent:
            if not alone(self, "_array"):
                self._move_to(self._array)
                return self._array.copy()
            self._lent, self._array = False, quick(self._array)
        return self._array

    @property
    def grad(self) -> ndarray[Any, Any] | None:
        """The gradient that `backward()` added up, for a leaf or after `retain_grad()`; or None."""
        if self._node is None:
            return None if self._frozen is None else self._frozen.grad
        if self._node.grad is NOT_KEPT:
            warnings.warn(
                f"reading .grad of the result of {self._node.op.__name__}: only leaves keep their "
                "gradient. Call .retain_grad() on this tensor before backward().",
                stacklevel=2,
            )
            return None
        return self._node.grad

    @grad.setter
    def grad(self, value: Any) -> None:
        node = self._frozen if self._node is None else self._node
        if node is None or node.grad is NOT_KEPT:
            raise ValueError("grad: only a tensor that requires gradients and keeps them has one")
        if value is not None:
            refuse_masked(value)
            value = np.array(value, self.dtype)
            if value.shape != self.shape:
                raise ValueError(f"grad: got shape {value.shape}, expected {self.shape}")
        node.grad = value

    @property
    def requires_grad(self) -> bool:
        """Whether gradients reach this tensor. Set it on a tensor that no op made.

        A frozen leaf (set to False, as GANs do in turn) keeps its `.grad`, which no backward pass
        adds to while it is frozen.
        """
        return self._node is not None

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        if not isinstance(value, bool | np.bool_):
            raise TypeError(
                f"requires_grad: got {value!r:.50}, expected True or False. A Tensor takes its "
                "values at once, Tensor([3.0, 4.0]), and a dtype by name, dtype=np.float64."
            )
        if value == self.requires_grad:
            return
        if not value and type(self._node) is not Leaf:
            raise ValueError("requires_grad: this tensor is an op's result; use x.detach()")
        if self._array.dtype.kind not in "fc":
            raise IntegerGradientError(
                f"requires_grad: only float and complex tensors have gradients, got {self.dtype}. "
                "Write 1.0 for 1, or convert with dtype=np.float32."
            )
        if not value:
            self._frozen, self._node = self._leaf(), None
            self._frozen.frozen = True  # type: ignore[union-attr]
        else:
            leaf = self._frozen or Leaf(self)
            self._frozen, self._node, leaf.frozen = None, leaf, False

    @property
    def is_leaf(self) -> bool:
        """Whether no recorded op made it."""
        return self._node is None or type(self._node) is Leaf

    def retain_grad(self) -> None:
        """Keep this op result's gradient in `.grad` too, as leaves do."""
        if self._node is None:
            raise ValueError("retain_grad: no gradient reaches a tensor that does not require one")
        if self._node.grad is NOT_KEPT:
            self._node.grad = None

    shape = property(lambda self: self._array.shape, doc="The lengths of the axes.")
    ndim = property(lambda self: self._array.ndim, doc="The number of axes.")
    size = property(lambda self: self._array.size, doc="The number of elements.")
    dtype = property(lambda self: self._array.dtype, doc="The element type.")

    __pandas_priority__ = 10_000  # so that `series * tensor` is left to the tensor

    # Out of the graph

    def detach(self) -> Tensor:
        """The same value without the graph: no gradient flows through the result."""
        cut(self, ".detach()")
        return wrap(np.asarray(self._keep()))

    def numpy(self) -> ndarray[Any, Any]:
        """The array of a tensor without a graph; `t.detach().numpy()` for any tensor."""
        return self.__array__()

    def item(self) -> Any:
        """The value as a Python number, if there is exactly one."""
        cut(self, ".item()")
        return self._array.item()

    def tolist(self) -> Any:
        """The values as nested lists of Python numbers."""
        cut(self, ".tolist()")
        return self._array.tolist()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> ndarray[Any, Any]:
        if self._node is not None:
            raise TrackedArrayError(
                "this tensor requires gradients, and would lose them as a plain array. Use "
                ".detach().numpy() for its value; np.stack or np.concatenate to join tensors; "
                "t[i] = v on a Tensor to assign."
            )
        return np.array(self.data, dtype, copy=copy)

    def __float__(self) -> float:
        if self._node is not None and _is_assignment(sys._getframe(1)):
            self.__array__()  # array[i] = tensor, for which NumPy asks a float: it raises
        return float(self.item() if self.size == 1 else self._array)  # else it raises, as NumPy's

    def __int__(self) -> int:
        return int(self.item() if self.size == 1 else self._array)

    def __complex__(self) -> complex:
        return complex(self.item() if self.size == 1 else self._array)

    def __index__(self) -> int:
        return operator.index(self._array)

    def __bool__(self) -> bool:
        return bool(self._array)

    def __len__(self) -> int:
        return len(self._array)

    __hash__ = object.__hash__  # `==` compares elementwise; a tensor in a set is itself

    def __repr__(self) -> str:
        text = np.array2string(self._array, separator=", ", prefix=f"{type(self).__name__}(")
        if self.size == 0 and self.shape != (0,):
            text += f", shape={self.shape}"
        if self.dtype.kind not in "ib" and self.dtype != default_dtype.get():
            text += f", dtype={self.dtype}"
        if type(self._node) is Leaf:
            text += ", requires_grad=True"
        elif self._node is not None:
            text += f", op={self._node.op.__name__}"
        return f"{type(self).__name__}({text})"

    def __format__(self, spec: str) -> str:
        if not spec:
            return str(self)
        if self.size != 1:
            raise TypeError(
                f"format {spec!r} of a tensor of shape {self.shape}: expected one number"
            )
        return format(self._array.item(), spec)

    if not TYPE_CHECKING:  # a type checker is to find what there is not by itself

        def __getattr__(self, name: str) -> Any:
            if name == "_frozen":
                return None  # never set: never frozen
            way = hint(name)
            if not way and not name.startswith("_"):
                way = did_you_mean(name, [n for n in dir(self) if not n.startswith("_")])
            text = f"{type(self).__name__} has no attribute {name!r}{way}"
            raise AttributeError(text, name=name)  # without obj: Python adds no guess of its own

    def __reduce__(self) -> Any:
        if not self.is_leaf:
            raise TypeError(
                f"a tensor with a graph (the result of {self._node.op.__name__}) cannot be copied "  # type: ignore[union-attr]
                "or pickled. Use .detach(), or .copy() for a differentiable copy."
            )
        return type(self), (self._array, self.requires_grad)

    def _move(self, result: Any) -> Tensor:
        """Make this handle stand for `result`: what `x += y` and `x[i] = v` do."""
        leaf = type(self._node) is Leaf
        if leaf and recording.get():
            raise LeafInPlaceError(
                f"an in-place change to a leaf of shape {self.shape} that requires gradients. To "
                "update it: `with no_grad(): ...` or `w.data -= ...`. To compute with it: "
                "y = x + 1 instead of x += 1, or start from x.copy()."
            )
        if result.shape != self.shape:
            raise ValueError(f"in place: a result of shape {result.shape} in place of {self.shape}")
        if not np.can_cast(result.dtype, self.dtype, "same_kind"):
            raise TypeError(f"in place: a result of {result.dtype} in place of {self.dtype}")
        if result.dtype != self.dtype:
            result = result.astype(self.dtype)
        if leaf:
            self.data[...] = result._array
        else:
            if self._node is None:
                self._move_to(result._array)
            else:
                self._array = result._array
            self._lent = False
            if recording.get():
                self._node = result._node
        return self


def wrap(array: ndarray[Any, Any], node: Node | None = None) -> Tensor:
    """A Tensor around an array (not copied) and the node that made it."""
    tensor = object.__new__(Tensor)
    tensor._array, tensor._node, tensor._lent = array, node, False
    return tensor


def quick(array: ndarray[Any, Any]) -> Any:
    """Of shape () NumPy's scalar instead, which computes four times as fast."""
    return array if array.ndim else array[()]


def _is_assignment(frame: Any) -> bool:
    """Whether the statement that is being run is `something[index] = ...`."""
    return dis.opname[frame.f_code.co_code[frame.f_lasti]] == "STORE_SUBSCR"


def _is_python(data: Any) -> bool:
    """Whether `data` is a Python number or nested lists of them, going by the first element."""
    while isinstance(data, list | tuple) and data:
        data = data[0]
    return not isinstance(data, ndarray | np.generic | Tensor)
