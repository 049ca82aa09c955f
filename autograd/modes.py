"""Switches: whether ops are recorded, and which dtype Python floats become.

Both are context variables: each thread and each asyncio task has its own.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import sys
from collections.abc import Callable, Generator
from contextvars import ContextVar, Token
from typing import Any, TypeVar

import numpy as np

__all__ = ["default_dtype", "enable_grad", "is_recording", "no_grad"]

F = TypeVar("F", bound=Callable[..., Any])

recording: ContextVar[bool] = ContextVar("recording", default=True)
_FLOAT32: np.dtype[Any] = np.dtype(np.float32)
_dtype: ContextVar[np.dtype[Any]] = ContextVar("default_dtype", default=_FLOAT32)


#: What contextmanager and asynccontextmanager make.
_FromGenerator: Any = contextlib._GeneratorContextManager | contextlib._AsyncGeneratorContextManager


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
        if isinstance(function, type | staticmethod) or not callable(function):
            raise TypeError(
                f"@{mode.__name__}: got {function!r:.60}, expected a function; for a class put it "
                "above each method, below @classmethod, @staticmethod and @property"
            )

        def call(*args: Any, **kwargs: Any) -> Any:
            with mode():
                result = function(*args, **kwargs)
            # What runs later, piece by piece, runs in the mode then; between its pieces the
            # caller's mode holds.
            if inspect.isgenerator(result):
                return _stepwise(mode, result)
            if inspect.iscoroutine(result):
                return _awaited(mode, result)
            if isinstance(result, _FromGenerator):
                raise TypeError(
                    f"@{mode.__name__}: got {function!r:.60}, a context manager, whose body would "
                    f"run outside of it: put @{mode.__name__} below @contextmanager"
                )
            return _each(mode, result) if inspect.isasyncgen(result) else result

        wrapper: Any = call
        if inspect.isgeneratorfunction(function):  # of the same kind, for those who ask

            def wrapper(*args: Any, **kwargs: Any) -> Any:
                return (yield from call(*args, **kwargs))

        elif inspect.iscoroutinefunction(function):

            async def wrapper(*args: Any, **kwargs: Any) -> Any:
                return await call(*args, **kwargs)

        return functools.wraps(function)(wrapper)  # type: ignore[return-value]


def _stepwise(mode: type[_Recording], running: Any) -> Generator[Any, Any, Any]:
    """A generator, or what a coroutine awaits, each step of which runs in the mode."""
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


class _Steps:
    """What is awaited, stepwise in the mode."""

    def __init__(self, mode: type[_Recording], awaitable: Any) -> None:
        self._mode, self._awaitable = mode, awaitable

    def __await__(self) -> Generator[Any, Any, Any]:
        return _stepwise(self._mode, self._awaitable.__await__())


async def _awaited(mode: type[_Recording], coroutine: Any) -> Any:
    return await _Steps(mode, coroutine)


async def _each(mode: type[_Recording], running: Any) -> Any:
    """An asynchronous generator each step of which runs in the mode."""
    hooks = sys.get_asyncgen_hooks()  # an event loop is to end this one, not the inner one as well
    sys.set_asyncgen_hooks(None, None)
    step = running.asend(None)
    sys.set_asyncgen_hooks(*hooks)
    try:
        while True:
            value = await _Steps(mode, step)
            try:
                step = running.asend((yield value))
            except GeneratorExit:
                await _Steps(mode, running.aclose())
                raise
            except BaseException as error:
                step = running.athrow(error)
    except StopAsyncIteration:
        return


class no_grad(_Recording):  # noqa: N801 (used like a function, and named as in PyTorch)
    """Record nothing: `with no_grad(): ...`, or `@no_grad` above a function.

    The function may be a generator or a coroutine, asynchronous or both; `@no_grad()` is the same.

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
    TypeError
        for a dtype that is not a real floating one.

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
