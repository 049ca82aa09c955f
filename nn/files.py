"""Writing a file whole or not at all."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

__all__ = ["replacing"]


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """A new file to write to; at the end it takes the place of the one at `path`, and its mode.

    Nobody ever sees half of it: after an exception, or a crash, what was there is there still. On
    Linux it has no name until it is whole, so that not even a kill leaves anything behind.
    """
    mode = None
    with contextlib.suppress(FileNotFoundError):
        mode = os.stat(path).st_mode
    if mode is not None and not stat.S_ISREG(mode):  # nothing to be replaced, such as /dev/stdout
        whole = io.BytesIO()
        yield whole
        with open(path, "wb") as file:
            file.write(whole.getvalue())
        return
    target = Path(os.path.realpath(path))  # a link stays a link
    draft = target.with_name(f".{os.urandom(8).hex()}.part")
    try:
        # Until it has the mode of the old one, it is its owner's alone.
        with _opened(target, draft, 0o666 if mode is None else 0o600) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())  # on the disk before the old one is gone
            if not os.fstat(file.fileno()).st_nlink:
                _give_name(file, draft)
        if mode is not None:
            os.chmod(draft, stat.S_IMODE(mode))
        os.replace(draft, target)
    finally:
        draft.unlink(missing_ok=True)


def _opened(target: Path, draft: Path, mode: int) -> BinaryIO:
    flags = os.O_RDWR | getattr(os, "O_BINARY", 0)
    try:
        # Linux alone has files without a name, and not on every file system.
        with contextlib.suppress(OSError, AttributeError):
            return os.fdopen(os.open(target.parent, flags | os.O_TMPFILE, mode), "w+b")
        return os.fdopen(os.open(draft, flags | os.O_CREAT | os.O_EXCL, mode), "w+b")
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(target)) from None  # not the draft's name


def _give_name(file: BinaryIO, draft: Path) -> None:
    here = file.fileno()
    try:
        # With a folder, though it is not used, Python follows the link, as is needed here.
        os.link(f"/proc/self/fd/{here}", draft, src_dir_fd=here)
    except OSError:  # there is no /proc, or links are not to be made
        file.seek(0)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        with os.fdopen(os.open(draft, flags, stat.S_IMODE(os.fstat(here).st_mode)), "wb") as copy:
            shutil.copyfileobj(file, copy)
            copy.flush()
            os.fsync(copy.fileno())
