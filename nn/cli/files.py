"""The files of a run: all of them are written, or none."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

__all__ = ["check_writable", "write"]


def check_writable(out: Path) -> None:
    """Find out before the training whether its results can be written."""
    folder = next(f for f in (out, *out.parents) if f.exists())
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise OSError(f"argument --out: cannot write to {folder}: {error.strerror}") from None


def write(out: Path, files: Mapping[str, Callable[[Path], object]]) -> None:
    """Write all files into the folder `out`, or none: they move there when the last is whole."""
    made = [folder for folder in (out, *out.parents) if not folder.exists()]
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".draft-", dir=out) as draft:
            for name, make in files.items():
                make(Path(draft, name))
            for name in files:
                os.replace(Path(draft, name), out / name)
    except BaseException:
        with suppress(OSError):
            for folder in made:
                folder.rmdir()
        raise
