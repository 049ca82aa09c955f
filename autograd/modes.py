"""Switches: whether ops are recorded, and which dtype Python floats become.

Both are context variables: each thread and each asyncio task has its own.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Generator
from contextvars import ContextVar, Token
from typing import Any, TypeVar

import numpy as np

__all__ = ["default_dtype", "enable_grad", "is_recording", "no_grad"]

F = TypeVar("F", bound=Callable[..., Any])

recording: ContextVar[bool] = ContextVar("recording", default=True)
_FLOAT32: np.dtype[Any] = np.dtype(np.float32)
_dtype: ContextVar[np.dtype[Any]] = ContextVar("default_dtype", default=_FLOAT32)


class _Recording:
    """A `with` block and a decorator that sets whether ops are recorded."""

    on: bool
    _tokens: list[Token[bool]]

    def __new__(cls, function: Any = None) -> Any:
        mode = super().__new__(cls)
        mode._tokens = []
        return mode if function is None else mode(function)  # `@no_grad` as well as `@no_grad()`

    def __enter__(self) -> None:
        self._tokens.append(recording.set(self.on))

    def __exit__(self, *_: object) -> None:
        recording.reset(self._tokens.pop())

    def __call__(self, function: F) -> F:
        mode = type(self)
        if inspect.isgeneratorfunction(function):

            @functools.wraps(function)
            def generator(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
                # Only while the generator itself runs; between its yields the caller's mode holds.
                running = function(*args, **kwargs)
                resume: Callable[[], Any] = functools.partial(next, running)
                try:
                    while True:
                        with mode():
                            value = resume()
                        try:
                            sent = yield value
                            resume = functools.partial(running.send, sent)
                        except GeneratorExit:
                            raise
                        except BaseException as error:
                            resume = functools.partial(running.throw, error)
                except StopIteration as stop:
                    return stop.value
                finally:
                    with mode():
                        running.close()

            return generator  # type: ignore[return-value]

        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def coroutine(*args: Any, **kwargs: Any) -> Any:
                with mode():
                    return await function(*args, **kwargs)

            return coroutine  # type: ignore[return-value]

        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            with mode():
                return function(*args, **kwargs)

        return wrapper  # type: ignore[return-value]


class no_grad(_Recording):  # noqa: N801 (used like a function, and named as in PyTorch)
    """Record nothing: `with no_grad(): ...`, or `@no_grad` above a function.

    The function may be a generator or a coroutine; `@no_grad()` is the same.

    Inside, ops on tensors give tensors without a graph, and leaves may be changed in place.
    The mode belongs to the thread and context that set it, and is restored after an exception.
    """

    on = False


class enable_grad(_Recording):  # noqa: N801
    """Record again inside a `no_grad` block; a `with` block and a decorator, like `no_grad`."""

    on = True


def is_recording() -> bool:
    """Whether ops are recorded here and now."""
    return recording.get()


class default_dtype:  # noqa: N801
    """Set the dtype that Python floats and lists of them become; float32 at the start.

    `default_dtype("float64")` sets it for good; as a `with` block it is restored at the end.
    `default_dtype.get()` tells it. Arrays always keep their own dtype.

    Raises
    ------
    TypeError : for a dtype that is not a real floating one.

    Examples
    --------
    >>> from autograd import Tensor, default_dtype
    >>> with default_dtype("float64"):
    ...     print(Tensor([1.0]).dtype)
    float64
    """

    def __init__(self, dtype: Any) -> None:
        new = np.dtype(dtype)
        if new.kind != "f":
            raise TypeError(f"default_dtype: got {new}, expected a float dtype such as float32")
        self._token = _dtype.set(new)

    @staticmethod
    def get() -> np.dtype[Any]:
        """The default dtype now."""
        return _dtype.get()

    def __enter__(self) -> np.dtype[Any]:
        return _dtype.get()

    def __exit__(self, *_: object) -> None:
        _dtype.reset(self._token)
