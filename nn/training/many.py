"""Many trainings at the same time: `train_many`, on processes or on any executor."""

from __future__ import annotations

import pickle
import sys
import threading
import traceback
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from .. import random as _random
from ..machine import OpenBLAS, cores, quota
from .progress import bar as progress_bar
from .progress import say

if TYPE_CHECKING:
    from concurrent.futures import Executor, Future

__all__ = ["Job", "portable", "train_many"]

#: A function without arguments, or one with its keyword arguments.
Job: TypeAlias = Callable[[], Any] | tuple[Callable[..., Any], Mapping[str, Any]]

_turn = threading.RLock()  # the generator and the threads of BLAS are those of the process


def train_many(
    jobs: Iterable[Job],
    executor: Executor | None = None,
    *,
    workers: int | None = None,
    threads: int = 1,
    seed: int = 0,
    callback: Callable[[int, Any], object] | None = None,
    progress: bool = True,
) -> list[Any]:
    """Run functions at the same time, each of which trains a network, say.

    Parameters
    ----------
    jobs
        functions without arguments, or pairs (function, keyword arguments). Functions and arguments
        go to other processes, and results come back, by pickle: write the function at the top of a
        file, and let it return numbers, a History or a `state_dict()`.
    executor
        where they run: any executor of `concurrent.futures`, such as Dask's
        `client.get_executor()` or mpi4py's `MPIPoolExecutor()`. By default new processes of this
        machine, which are gone at the end.
    workers
        how many processes; by default as many as there are cores, or jobs if these are fewer. 0 :
        here, one after the other, as for a debugger.
    threads
        of BLAS in each job. 1 is the share of one where there are as many workers as cores.
        (If NumPy's BLAS is not OpenBLAS: in the default processes alone.)
    seed
        job k, counted from 0, begins as if after `nn.manual_seed(seed + k)`.
    callback
        called here with the number of a job and its result, or exception, as soon as it is done.
    progress
        print a line for each job that is done, and a bar in a terminal.

    Returns
    -------
    list[Any]
        What each job returned, in the order of `jobs`; of a job that failed, the exception.

    Notes
    -----
    A job gets the same bits wherever and beside whatever it runs, on CPUs of one kind, if all that
    it draws comes from `nn`, or from generators that it makes itself, and `threads` is the same:
    with more of them, or on another kind of CPU, BLAS may sum in another order. Threads of one
    process take turns.

    Warns
    -----
    UserWarning
        jobs failed. The others are not touched, even if a process was killed.

    Raises
    ------
    TypeError, ValueError
        an argument is of the wrong type or out of range; a job cannot be sent to a process.
    RuntimeError
        it is called while a new process imports the file that was started: put the call under
        `if __name__ == "__main__":`.

    Examples
    --------
    >>> import nn, optim
    >>> def loss_after(lr):
    ...     points, labels = nn.datasets.circles(100, generator=0)
    ...     model, criterion = nn.Linear(2, 2), nn.CrossEntropyLoss()
    ...     descent = optim.SGD(model.parameters(), lr)
    ...     history = nn.fit(model, criterion, descent, (points, labels), epochs=2, progress=False)
    ...     return history["loss"][-1]
    >>> losses = nn.train_many([(loss_after, {"lr": lr}) for lr in (0.1, 1.0)], workers=0)
    1/2 loss_after(lr=0.1): 0.684...
    2/2 loss_after(lr=1.0): 0.689...
    """
    from .workers import stop_at_import  # here: multiprocessing takes long to import

    stop_at_import()
    listed = [_settled(k, job) for k, job in enumerate(_listed(jobs))]
    for name, value, least in (("threads", threads, 1), ("seed", seed, 0), ("workers", workers, 0)):
        if not (value is None and name == "workers"):
            _check_count(name, value, least)
    if executor is not None:
        _check_executor(executor, workers)
    results: list[Any] = [None] * len(listed)
    failed: list[str] = []
    bar = progress_bar(len(listed), " jobs") if progress else None
    try:
        outcomes = _outcomes(listed, executor, workers, threads, seed)
        for done, (k, outcome) in enumerate(outcomes, 1):
            results[k], name = outcome, _name(listed[k])
            bad = isinstance(outcome, _Failed)
            if bad:
                results[k] = outcome.error
                failed.append(f"job {k}, {name}: {_told(outcome.error)}")
            if callback is not None:
                callback(k, results[k])
            if bar is not None:
                bar.update()
            if progress:
                told = f" failed: {_told(outcome.error)}" if bad else _shown(outcome)
                say(f"{done:{len(str(len(listed)))}}/{len(listed)} {name}{told}", above=bar)
    finally:
        if bar is not None:
            bar.close()
    if failed:
        warnings.warn(
            f"train_many: {len(failed)} of {len(listed)} jobs failed; in the list that it returns, "
            "their exceptions stand in their places:\n- " + "\n- ".join(failed),
            stacklevel=2,
        )
    return results


class _Failed:
    """What came of a job that raised: a job may also return an exception."""

    def __init__(self, error: Exception) -> None:
        self.error = error


def _outcomes(
    jobs: list[partial[Any]],
    executor: Executor | None,
    workers: int | None,
    threads: int,
    seed: int,
) -> Iterator[tuple[int, Any]]:
    """The number of each job and what came of it, as they end."""
    if executor is None and workers == 0:
        for k, job in enumerate(jobs):
            try:
                outcome = _run(job, seed + k, threads)
            except Exception as error:
                outcome = _Failed(error)
            yield k, outcome
        return
    from concurrent.futures import as_completed

    ours = None
    if executor is None:
        from .workers import Processes

        for k, job in enumerate(jobs):
            _check_sendable(k, job)
        most = max(1, int(min(cores()[1], quota()) // threads))
        executor = ours = Processes(min(workers or most, len(jobs)), threads)
    futures: dict[Future[Any], int] = {}
    try:
        for k, job in enumerate(jobs):
            futures[executor.submit(_run, job, seed + k, threads)] = k
        for future in as_completed(futures):
            try:
                outcome = future.result()
            except Exception as error:
                outcome = _Failed(error)
            yield futures[future], outcome
    except BaseException:
        for future in futures:
            future.cancel()
        if ours is not None:
            ours.shutdown(cancel_futures=True)
            ours = None
        raise
    finally:
        if ours is not None:
            ours.shutdown()


def _run(job: Callable[[], Any], seed: int, threads: int) -> Any:
    """Run a job with a generator of its own, wherever it has got to; what it raises can travel."""
    with _turn, _blas(threads):
        before = _random._default
        _random.manual_seed(seed)
        try:
            return job()
        except (Exception, SystemExit) as error:
            rows = traceback.format_exception(error)
            error.add_note(f"In the job: {''.join(rows).rstrip()}")
            raise portable(error) from None
        finally:
            _random._default = before


def portable(error: BaseException) -> Exception:
    """The exception itself, if it can be sent to another process; else one that tells of it."""
    if isinstance(error, Exception):
        with suppress(Exception):
            if type(pickle.loads(pickle.dumps(error))) is type(error):
                return error
    other = RuntimeError(f"{type(error).__name__}: {error}")
    for note in getattr(error, "__notes__", ()):
        other.add_note(note)
    return other


@contextmanager
def _blas(threads: int) -> Iterator[None]:
    blas = OpenBLAS.find()
    if blas is None:
        yield
        return
    before, blas.threads = blas.threads, threads
    try:
        yield
    finally:
        blas.threads = before


# -------------------------------------------------------------------------------------- arguments


def _listed(jobs: Any) -> list[Any]:
    if callable(jobs) or isinstance(jobs, str | Mapping) or not isinstance(jobs, Iterable):
        raise TypeError(
            f"train_many: jobs: got {type(jobs).__name__}, expected a list of functions, or of "
            "pairs (function, keyword arguments): [(train, {'lr': lr}) for lr in (0.1, 0.01)]"
        )
    return list(jobs)


def _settled(k: int, job: Any) -> partial[Any]:
    """A job as one function without arguments."""
    if isinstance(job, tuple) and len(job) == 2 and callable(job[0]) and _is_keywords(job[1]):
        return partial(job[0], **job[1])
    if not callable(job):
        what = f"({', '.join(type(x).__name__ for x in job)})" if isinstance(job, tuple) else ""
        raise TypeError(
            f"train_many: job {k}: got a {type(job).__name__} {what}".rstrip() + ", expected a "
            "function without arguments, or a pair (function, dict of keyword arguments). "
            "functools.partial(train, 0.1) is a function, too; train(0.1) has been called already"
        )
    return partial(job)


def _is_keywords(x: Any) -> bool:
    return isinstance(x, Mapping) and all(isinstance(name, str) for name in x)


def _check_count(name: str, value: Any, least: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool):
        got = f"{value!r}, a {type(value).__name__}"
        raise TypeError(f"train_many: {name}: got {got}, expected a whole number")
    if value < least:
        raise ValueError(f"train_many: {name}: got {value}, expected {least} or more")


def _check_executor(executor: Any, workers: int | None) -> None:
    if isinstance(executor, type) or not callable(getattr(executor, "submit", None)):
        of = "the class " if isinstance(executor, type) else ""
        name = executor.__name__ if isinstance(executor, type) else type(executor).__name__
        raise TypeError(
            f"train_many: executor: got {of}{name}, expected an executor of concurrent.futures, "
            "such as ProcessPoolExecutor(2); a number of processes is workers=2"
        )
    if hasattr(executor, "get_executor"):  # Dask's Client also has a submit, of other futures
        raise TypeError("train_many: executor: got Dask's Client, expected client.get_executor()")
    if workers is not None:
        raise ValueError(
            f"train_many: got an executor and workers={workers}, expected one of them: it is the "
            "executor that knows how many it has"
        )


def _check_sendable(k: int, job: partial[Any]) -> None:
    """Raise if a process could not be given the job."""
    name, way = _name(job), "With workers=0 it runs in this process"
    main = sys.modules.get("__main__")
    if getattr(job.func, "__module__", "") == "__main__" and not hasattr(main, "__file__"):
        raise TypeError(
            f"train_many: job {k}, {name}: its function is written in a notebook or at a prompt, "
            f"where another process cannot find it. Write it in a file and import that. {way}"
        )
    try:
        pickle.dumps(job)
    except Exception as error:
        raise TypeError(
            f"train_many: job {k}, {name}, cannot be sent to a process: {error}. Write its "
            "function at the top of a file, not in another function and not as a lambda, and give "
            f"it plain arguments. {way}"
        ) from error


# ------------------------------------------------------------------------------------- what is told


def _name(job: partial[Any]) -> str:
    """As one would call it: train(lr=0.1)."""
    name = getattr(job.func, "__name__", type(job.func).__name__)
    given = [_short(x) for x in job.args] + [f"{k}={_short(x)}" for k, x in job.keywords.items()]
    return f"{name}({', '.join(given)})"


def _short(x: Any) -> str:
    text = " ".join(repr(x).split())
    return text if len(text) <= 40 else f"{text[:37]}..."


def _shown(value: Any) -> str:
    number = isinstance(value, int | float) or getattr(value, "shape", None) == ()
    return f": {value:.6g}" if number else " done"


def _told(error: BaseException) -> str:
    first = str(error).partition("\n")[0]
    return f"{type(error).__name__}: {first}" if first else type(error).__name__
