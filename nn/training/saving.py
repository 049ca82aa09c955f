"""Saving and loading: `.npz` files without pickle, written whole or not at all; `.safetensors`."""

from __future__ import annotations

import collections
import functools
import io
import json
import math
import os
import struct
import zipfile
from collections.abc import Mapping
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from autograd import Tensor

from ..files import replacing

__all__ = ["load", "save"]

_STRUCTURE = "structure.json"  # of a nested state; its arrays are entries of their own
_NAMES = "names.json"  # the names of arrays that cannot be those of entries
_ENTRY_HEADER = 30  # bytes before the name of an entry: in less room there is none


def save(state: Any, path: str | os.PathLike[str]) -> None:
    """Write a state to a file.

    A dict of arrays becomes an `.npz` that `np.load` reads as well. A nested one, such as an
    optimizer's or `{"model": ..., "optimizer": ..., "epoch": 3}`, gets a description in JSON too.
    The file takes its place when it is whole: whatever happens meanwhile, there is the old one or
    the new one, and nothing else.

    Parameters
    ----------
    state
        a Module or optimizer, whose `state_dict()` is taken, or dicts, lists and tuples, down to
        arrays, Tensors, numbers, strings and None. Of a named tuple, the name of its class and its
        fields are kept, of which `load` makes another class.
    path
        the file's name, taken as it is: no suffix is added. If it ends in ".safetensors" this is
        the format, which PyTorch's users exchange weights in; it takes the package of that name,
        and holds arrays of booleans, integers and floats by name, and nothing nested.

    Raises
    ------
    TypeError
        there is something else in the state; says where. Nothing is written.
    ImportError
        there is no package `safetensors`.

    Examples
    --------
    >>> import nn
    >>> model = nn.Linear(3, 2)
    >>> nn.save(model, "model.npz")                   # doctest: +SKIP
    >>> model.load_state_dict(nn.load("model.npz"))   # doctest: +SKIP
    """
    if hasattr(state, "state_dict"):
        state = state.state_dict()
    arrays: dict[str, NDArray[Any]] = {}
    structure = _take_apart(state, (), arrays)
    flat = isinstance(state, Mapping) and list(state) == list(arrays)

    if _is_safetensors(path):
        content = _to_safetensors(path, arrays, flat)
        with replacing(path) as file:
            file.write(content)
        return
    with replacing(path) as file:
        _write(file, arrays, None if flat else json.dumps(structure))


def load(path: str | os.PathLike[str], *, max_bytes: int | None = None) -> Any:
    """Read what `save` or `np.savez` wrote: a dict from name to array, or a nested state.

    A file whose name ends in ".safetensors" may be anybody's; bfloat16 in it becomes float32.

    Parameters
    ----------
    path
        the file.
    max_bytes
        how many bytes its arrays may take. By default 1 GB, or 16 times the size of the file if
        that is more: a file that is compressed may promise what no memory holds.

    Raises
    ------
    ValueError
        the file is damaged, or of another kind, or promises too much.
    ImportError
        it is a `.safetensors`, and there is no package of that name.
    """
    read = _read
    if _is_safetensors(path):
        _package(path)
        read = _from_safetensors
    with open(path, "rb") as file:
        limit = max(2**30, 16 * os.fstat(file.fileno()).st_size) if max_bytes is None else max_bytes
        try:
            return read(file, limit)
        except Exception as error:  # zipfile alone raises half a dozen kinds
            raise ValueError(
                f"{os.fspath(path)}: not a file that nn.save wrote, or it is damaged ({error})"
            ) from error


def _write(file: IO[bytes], arrays: dict[str, NDArray[Any]], structure: str | None) -> None:
    # Not np.savez: it takes names as keywords, and "file" is one of its own.
    archive, others = zipfile.ZipFile(file, "w"), {}
    try:
        for i, (name, array) in enumerate(arrays.items()):
            entry_name = name
            if not _names_an_entry(name):
                entry_name = f"{_NAMES}/{i}"
                others[entry_name] = name
            with archive.open(f"{entry_name}.npy", "w", force_zip64=True) as entry:
                np.lib.format.write_array(entry, array, allow_pickle=False)
        if others:
            archive.writestr(_NAMES, json.dumps(others))
        if structure is not None:
            archive.writestr(_STRUCTURE, structure)
        archive.close()
    finally:
        # Closed in the middle of an entry it raises, which would hide what came, such as Ctrl-C.
        archive.fp = None


def _names_an_entry(name: str) -> bool:
    """Whether a zip archive can have an entry of this name, on every system."""
    try:
        return len(name.encode()) < 2**16 - len(".npy") and not {"\0", "\\"} & set(name)
    except UnicodeEncodeError:
        return False


def _read(file: IO[bytes], limit: int) -> Any:
    entries = {}
    with zipfile.ZipFile(file) as archive:
        directory = archive.infolist()
        if any(info.filename.endswith("data.pkl") for info in directory):
            raise ValueError(
                "it is PyTorch's: read it there, by torch.load(path, weights_only=True), and pass "
                "on each tensor's .numpy()"
            )
        _check_directory(file, directory, archive.start_dir)
        _check_size(sum(info.file_size for info in directory), limit)
        for info in directory:  # whole, so that its checksum is compared before use
            with archive.open(info) as entry:
                entries[info.filename] = entry.read(info.file_size)
    structure, names = entries.pop(_STRUCTURE, None), json.loads(entries.pop(_NAMES, "{}"))
    arrays = {}
    for name, content in entries.items():
        if not name.endswith(".npy"):
            raise ValueError(f"it has an entry {name}")
        name = name.removesuffix(".npy")
        arrays[names.get(name, name)] = _array(name, content)
    return arrays if structure is None else _put_together(json.loads(structure), arrays)


def _check_directory(file: IO[bytes], directory: list[zipfile.ZipInfo], end: int) -> None:
    """Raise if there is room for an entry that is not in the directory, or one is in it twice."""
    if len({info.filename for info in directory}) < len(directory):
        raise ValueError("it has two entries of one name")
    at = 0
    for info in sorted(directory, key=lambda info: info.header_offset):
        gap = info.header_offset - at
        file.seek(info.header_offset)
        lengths = struct.unpack("<26x2H", file.read(_ENTRY_HEADER))  # of its name and what follows
        if not 0 <= gap < _ENTRY_HEADER:
            raise ValueError(f"its directory is wrong about {info.filename}")
        at = info.header_offset + _ENTRY_HEADER + sum(lengths) + info.compress_size
    if not 0 <= end - at < _ENTRY_HEADER:
        raise ValueError("its directory does not tell of all that is in it")


def _check_size(promised: int, limit: int) -> None:
    if promised > limit:
        raise ValueError(
            f"its arrays would take {promised:,} bytes, more than {limit:,}; if you trust it, "
            f"nn.load(path, max_bytes={promised})"
        )


def _array(name: str, content: bytes) -> NDArray[Any]:
    """The array in an entry, which has the size that its header promises."""
    file = io.BytesIO(content)
    first = np.lib.format.read_magic(file) == (1, 0)
    header = np.lib.format.read_array_header_1_0 if first else np.lib.format.read_array_header_2_0
    shape, _, dtype = header(file)
    promised, got = math.prod(shape) * dtype.itemsize, len(content) - file.tell()
    if promised != got and not dtype.hasobject:
        raise ValueError(f"{name} promises {promised:,} bytes and has {got:,}")
    file.seek(0)
    return np.lib.format.read_array(file, allow_pickle=False)


def _take_apart(x: Any, path: tuple[str, ...], arrays: dict[str, NDArray[Any]]) -> Any:
    """What JSON can say of `x`; its arrays go to `arrays`, under names made of their paths."""
    if x is None or isinstance(x, bool | int | float | str):
        return x
    if isinstance(x, Mapping):
        # As pairs, for JSON would make strings of an optimizer's integer keys.
        return {
            "dict": [[_key(k, path), _take_apart(v, (*path, str(k)), arrays)] for k, v in x.items()]
        }
    if isinstance(x, list | tuple):
        items = [_take_apart(v, (*path, str(i)), arrays) for i, v in enumerate(x)]
        if hasattr(x, "_fields"):
            return {"namedtuple": [type(x).__name__, x._fields, items]}
        return {"list" if isinstance(x, list) else "tuple": items}
    name = "/".join(path)
    if isinstance(x, Tensor):
        x = x.detach().numpy()
    if not isinstance(x, np.ndarray | np.generic) or x.dtype.hasobject:
        raise TypeError(f"save: cannot save {name or 'this'}, a {type(x).__name__}")
    if hasattr(x, "mask"):
        raise TypeError(f"save: {name or 'this'} is a masked array; write .filled(value)")
    if name in arrays:
        raise ValueError(f"save: two arrays would be named {name!r}")
    arrays[name] = np.asarray(x)
    return {"array": name}


def _key(key: Any, path: tuple[str, ...]) -> Any:
    if not isinstance(key, str | int):
        raise TypeError(
            f"save: key {key!r} in {'/'.join(path) or 'the state'} is no string or integer"
        )
    return key


def _put_together(x: Any, arrays: dict[str, NDArray[Any]]) -> Any:
    """The inverse of `_take_apart`."""
    if not isinstance(x, dict):
        return x
    ((kind, content),) = x.items()
    if kind == "array":
        return arrays[content]
    if kind == "dict":
        return {key: _put_together(value, arrays) for key, value in content}
    if kind == "namedtuple":
        name, fields, content = content
        return _named_tuple(name, tuple(fields))(*(_put_together(item, arrays) for item in content))
    items = [_put_together(item, arrays) for item in content]
    return tuple(items) if kind == "tuple" else items


_named_tuple = functools.cache(collections.namedtuple)  # one class for all of a kind


# The format of the package safetensors


def _is_safetensors(path: str | os.PathLike[str]) -> bool:
    return os.fspath(path).endswith(".safetensors")


def _package(path: str | os.PathLike[str]) -> Any:
    try:
        import safetensors.numpy
    except ImportError as error:
        raise ImportError(
            f"{os.fspath(path)}: files of this kind need a package: pip install safetensors; or "
            "use a name that ends in .npz"
        ) from error
    return safetensors


def _to_safetensors(
    path: str | os.PathLike[str], arrays: dict[str, NDArray[Any]], flat: bool
) -> bytes:
    package, use = _package(path), "an .npz file holds it"
    if not flat:
        raise TypeError(
            f"save: {os.fspath(path)} can only hold a dict of arrays by name, as of a Module, not "
            f"a nested state, as of an optimizer; {use}"
        )
    for name, array in arrays.items():
        if array.dtype.kind not in "biuf" or array.dtype.itemsize > 8:
            raise TypeError(f"save: {os.fspath(path)} cannot hold {name}, {array.dtype}; {use}")
    rows = {name: np.array(a, a.dtype.newbyteorder("<"), order="C") for name, a in arrays.items()}
    return package.numpy.save(rows)


def _from_safetensors(file: IO[bytes], limit: int) -> dict[str, NDArray[Any]]:
    import safetensors

    _check_size(os.fstat(file.fileno()).st_size, limit)
    arrays = {}
    for name, entry in safetensors.deserialize(file.read()):
        kind, data = entry["dtype"], entry["data"]
        if kind == "BF16":  # the upper half of a float32
            array = (np.frombuffer(data, "<u2").astype(np.uint32) << 16).view(np.float32)
        elif kind == "BOOL":
            array = np.frombuffer(data, bool)
        elif kind[0] in "IUFC" and kind[1:].isdigit():
            array = np.frombuffer(data, f"<{kind[0].lower()}{int(kind[1:]) // 8}")
        else:
            raise ValueError(f"{name} is of type {kind}, which NumPy does not have")
        arrays[name] = array.reshape(entry["shape"]).copy()
    return arrays
