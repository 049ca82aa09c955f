"""What is told while a network trains: lines, and a bar."""

from __future__ import annotations

import errno
import os
import sys
import warnings
from typing import Any

__all__ = ["bar", "say"]


def say(*lines: object, above: Any = None) -> None:
    """Print lines, `above` a bar if there is one; that nobody reads them any more is no error.

    What is piped into `head` is not to end when that has seen enough.
    """
    write = print if above is None else above.write
    try:
        for line in lines:
            write(str(line))
        print(end="", flush=True)
    except OSError as error:
        if error.errno not in (errno.EPIPE, errno.ENOSPC):
            raise
        # All that is to come, and what waits to be written, goes nowhere.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
        if error.errno == errno.ENOSPC:
            raise


def bar(total: int | None, unit: str = " batches") -> Any:
    """A bar of tqdm's; None if there is no tqdm, or nowhere to draw: no terminal, no notebook."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a notebook without ipywidgets gets a bar of text
            from tqdm.auto import tqdm
    except ImportError:
        return None
    disable = False if _in_notebook() else None  # None: where there is no terminal
    made = tqdm(total=total, unit=unit, leave=False, dynamic_ncols=True, disable=disable)
    return None if made.disable else made


def _in_notebook() -> bool:
    ipython = sys.modules.get("IPython")
    return ipython is not None and hasattr(ipython.get_ipython(), "kernel")
