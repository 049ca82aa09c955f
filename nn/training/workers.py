"""Processes that run functions, none of which takes the others along when it dies."""

from __future__ import annotations

import os
import pickle
import queue
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextlib import suppress
from multiprocessing import get_context, process
from typing import Any

from ..machine import VARIABLES
from .many import portable

__all__ = ["Processes", "stop_at_import"]

_GUARD = (
    "A new process imports the file that was started, so what starts processes stands there under\n"
    '    if __name__ == "__main__":\n'
    "(or with workers=0, which runs all jobs in this process)"
)


class Processes(Executor):
    """An executor of clean processes ("spawn"), each with so many threads of BLAS.

    `ProcessPoolExecutor` gives up all jobs when a process is killed, as for want of memory. Here a
    thread looks after each process: the job that it died of fails, and a new process takes its
    place.
    """

    def __init__(self, workers: int, threads: int) -> None:
        self._jobs: queue.SimpleQueue[tuple[Future[Any], bytes] | None] = queue.SimpleQueue()
        self._living: dict[int, Any] = {}  # the process of each thread
        self._closing, self._broken = False, ""
        # BLAS reads these when NumPy is imported, which is before any code of ours runs there.
        self._before = {name: os.environ.get(name) for name in VARIABLES}
        os.environ.update(dict.fromkeys(VARIABLES, str(threads)))
        self._threads = [
            threading.Thread(target=self._look_after, args=(i,), daemon=True)
            for i in range(workers)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Send a function and its arguments to a process; raise TypeError if that cannot be."""
        future: Future[Any] = Future()
        self._jobs.put((future, pickle.dumps((fn, args, kwargs))))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Let the jobs end, or with `cancel_futures` end them, and the processes."""
        if cancel_futures:
            self._closing = True
            for worker in list(self._living.values()):
                worker.terminate()
        for _ in self._threads:
            self._jobs.put(None)
        if wait:
            for thread in self._threads:
                thread.join()
        for name, value in self._before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value

    def _look_after(self, place: int) -> None:
        """Give a process job after job; runs in a thread."""
        pipe: Any = None
        while (item := self._jobs.get()) is not None:
            future, data = item
            if self._closing:
                future.cancel()
            if not future.set_running_or_notify_cancel():
                continue
            try:
                if pipe is None:
                    pipe = self._start(place)
                pipe.send_bytes(data)
                done, value = pickle.loads(pipe.recv_bytes())
            except (EOFError, OSError):
                if pipe is not None:
                    pipe.close()
                pipe = None
                future.set_exception(RuntimeError(self._broken or self._why(place)))
            except Exception as error:
                future.set_exception(error)
            else:
                (future.set_result if done else future.set_exception)(value)
        if pipe is not None:
            pipe.close()  # at which it ends, unless a job has left a thread that goes on
            self._living[place].join(10)
            self._living[place].terminate()

    def _start(self, place: int) -> Any:
        if self._broken:
            raise EOFError
        context = get_context("spawn")
        pipe, end = context.Pipe()
        worker = context.Process(target=_serve, args=(end,), name=f"train_many {place}")
        self._living[place] = worker
        worker.start()
        end.close()
        if self._closing:
            worker.terminate()
        try:
            pipe.recv_bytes()  # it has come so far as to serve
        except EOFError:
            if not self._closing:
                self._broken = f"train_many: no process could be started. {_GUARD}"
            raise
        return pipe

    def _why(self, place: int) -> str:
        worker = self._living[place]
        worker.join()
        code = worker.exitcode
        if code is not None and code < 0:
            with suppress(ValueError):
                name = signal.Signals(-code).name
                memory = ": is there memory enough?" if name == "SIGKILL" else ""
                return f"train_many: the process of this job was ended by {name}{memory}"
        return f"train_many: the process of this job ended, with exit status {code}"


def _serve(pipe: Any) -> None:
    """What a process does: run what comes, send what it returns or raises."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends it without a word
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with suppress(EOFError, OSError):  # nobody is there any more
        pipe.send_bytes(b"")
        while True:
            try:
                fn, args, kwargs = pickle.loads(pipe.recv_bytes())
                answer = pickle.dumps((True, fn(*args, **kwargs)))
            except EOFError:
                raise
            except Exception as error:
                answer = pickle.dumps((False, portable(error)))
            pipe.send_bytes(answer)


def _end_with_parent() -> None:
    """End this process when that which started it is gone, even if it was killed."""
    parent = process.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def stop_at_import() -> None:
    """Raise if this is a new process that imports the file that was started."""
    if getattr(process.current_process(), "_inheriting", False):
        name = os.path.basename(getattr(sys.modules.get("__mp_main__"), "__file__", "") or "")
        raise RuntimeError(f"train_many: called while {name or 'a file'} is imported. {_GUARD}")
