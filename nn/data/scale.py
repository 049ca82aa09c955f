"""One scale for all columns: the mean to 0 and the standard deviation to 1."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .dataset import is_array

__all__ = ["Standardize"]


class Standardize:
    """(x - mean) / std, with the mean and the standard deviation of the data that it was made of.

    Make it of the training part alone, and use it for all parts: what is known of the test part
    must not get into the training.

    Parameters
    ----------
    x
        the data to measure, with samples on axis 0.
    axis
        what to average over. 0 measures each column by itself; (0, 2, 3) each channel of images
        (n, channels, height, width); None everything as one.

    Attributes
    ----------
    mean, std
        arrays in the dtype of x that broadcast against it. Where all values are equal, std is 1,
        so that the result is 0.

    Raises
    ------
    TypeError, ValueError
        what is no array of floats or integers, or holds nan or infinity; says where.

    Examples
    --------
    >>> import numpy as np
    >>> from nn.data import Standardize
    >>> x_train, x_test = np.array([[0.0, 100], [2, 300]]), np.array([[1.0, 400]])
    >>> standardize = Standardize(x_train)
    >>> standardize(x_train)
    array([[-1., -1.],
           [ 1.,  1.]])
    >>> standardize(x_test)
    array([[0., 2.]])
    >>> standardize.inverse(standardize(x_test))
    array([[  1., 400.]])
    """

    mean: NDArray[Any]
    std: NDArray[Any]

    def __init__(self, x: Any, axis: int | tuple[int, ...] | None = 0) -> None:
        if not is_array(x) or x.dtype.kind not in "iuf":
            got = f"an array of {x.dtype}" if is_array(x) else f"a {type(x).__name__}"
            raise TypeError(f"Standardize: got {got}, expected an array of floats or integers")
        values = np.asarray(getattr(x, "data", x) if not isinstance(x, np.ndarray) else x)
        if not values.size:
            raise ValueError(f"Standardize: got shape {values.shape}, expected some values")
        wide = values.astype(np.float64)
        if not np.isfinite(wide).all():
            place = tuple(int(i) for i in np.argwhere(~np.isfinite(wide))[0])
            raise ValueError(
                f"Standardize: x[{', '.join(map(str, place))}] is {wide[place]}, expected finite "
                "numbers; fill it or leave the row out"
            )
        dtype = values.dtype if values.dtype.kind == "f" else np.dtype(np.float64)
        std = wide.std(axis=axis, keepdims=True)
        # Rounding leaves of equal values a spread of some last digits, which are no scale.
        equal = np.ptp(wide, axis=axis, keepdims=True) == 0
        self.mean = wide.mean(axis=axis, keepdims=True).astype(dtype)
        self.std = np.where(equal, 1, std).astype(dtype)

    def __call__(self, x: Any) -> Any:
        """`x`, an array or a Tensor, on this scale."""
        self._check(x)
        return (x - self.mean) / self.std

    def inverse(self, z: Any) -> Any:
        """What was `z` before: z std + mean, as for a prediction in the units of the data."""
        self._check(z)
        return z * self.std + self.mean

    def state_dict(self) -> dict[str, Any]:
        """`mean` and `std`, to be saved with the model that was trained on this scale."""
        return {"mean": self.mean, "std": self.std}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Standardize:
        """The scale whose `state_dict()` it is.

        Examples
        --------
        >>> import numpy as np
        >>> from nn.data import Standardize
        >>> saved = Standardize(np.array([[1.0], [3.0]])).state_dict()
        >>> Standardize.from_state(saved)(np.array([[5.0]]))
        array([[3.]])
        """
        scale = cls.__new__(cls)
        scale.mean, scale.std = np.asarray(state["mean"]), np.asarray(state["std"])
        return scale

    def _check(self, x: Any) -> None:
        shape, own = np.shape(x), self.mean.shape
        fits = len(shape) == len(own) and all(
            b in (1, a) for a, b in zip(shape[1:], own[1:], strict=True)
        )
        if not fits:
            # Else NumPy would broadcast (n,) against (1, n).
            raise ValueError(
                f"Standardize: got shape {shape}, expected (n, ...) as what it was made of, which "
                f"has means of shape {own}"
            )

    def __repr__(self) -> str:
        return f"Standardize({self.mean.size} means and standard deviations)"
