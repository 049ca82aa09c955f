"""Writing a file whole or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

__all__ = ["replacing"]


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A new file beside `path` to write to; at the end it takes its place.

    Nobody ever sees half of it: after an exception, or a crash, what was there is there still.
    """
    target = Path(os.path.realpath(path))  # a link stays a link
    draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        yield draft
        with open(draft, "rb+") as file:
            os.fsync(file.fileno())  # on the disk before the old one is gone
        os.replace(draft, target)
    finally:
        draft.unlink(missing_ok=True)
