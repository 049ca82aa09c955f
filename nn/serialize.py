"""Saving and loading: `.npz` files without pickle, written whole or not at all; `.safetensors`."""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Mapping
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from autograd import Tensor

from .files import replacing

__all__ = ["load", "save"]

_STRUCTURE = "structure.json"  # of a nested state; its arrays are entries of their own


def save(state: Any, path: str | os.PathLike[str]) -> None:
    """Write a state to a file.

    A dict of arrays becomes an `.npz` that `np.load` reads as well. A nested one, such as an
    optimizer's or `{"model": ..., "optimizer": ..., "epoch": 3}`, gets a description in JSON too.
    The file is written beside its place and moved there when it is whole: whatever happens
    meanwhile, there is the old one or the new one.

    Parameters
    ----------
    state : a Module or optimizer, whose `state_dict()` is taken, or dicts, lists and tuples, down
        to arrays, Tensors, numbers, strings and None.
    path : the file's name, taken as it is: no suffix is added. If it ends in ".safetensors" this
        is the format, which PyTorch's users exchange weights in; it takes the package of that name,
        and holds arrays of booleans, integers and floats by name, and nothing nested.

    Raises
    ------
    TypeError : there is something else in the state; says where. Nothing is written.
    ImportError : there is no package `safetensors`.

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
        with replacing(path) as draft:
            draft.write_bytes(content)
        return
    # Not np.savez: it takes names as keywords, and "file" is one of its own.
    with replacing(path) as draft, zipfile.ZipFile(draft, "x") as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as entry:
                np.lib.format.write_array(entry, array, allow_pickle=False)
        if not flat:
            archive.writestr(_STRUCTURE, json.dumps(structure))


def load(path: str | os.PathLike[str]) -> Any:
    """Read what `save` or `np.savez` wrote: a dict from name to array, or a nested state.

    A file whose name ends in ".safetensors" may be anybody's; bfloat16 in it becomes float32.

    Raises
    ------
    ValueError : the file is damaged, or of another kind.
    ImportError : it is a `.safetensors`, and there is no package of that name.
    """
    read = _read
    if _is_safetensors(path):
        _package(path)
        read = _from_safetensors
    with open(path, "rb") as file:
        try:
            return read(file)
        except Exception as error:  # zipfile alone raises half a dozen kinds
            raise ValueError(
                f"{os.fspath(path)}: not a file that nn.save wrote, or it is damaged ({error})"
            ) from error


def _read(file: IO[bytes]) -> Any:
    with zipfile.ZipFile(file) as archive:
        # Whole entries are read first, so that their checksums are compared before use.
        entries = {name: archive.read(name) for name in archive.namelist()}
    if any(name.endswith("data.pkl") for name in entries):
        raise ValueError(
            "it is PyTorch's: read it there, by torch.load(path, weights_only=True), and pass on "
            "each tensor's .numpy()"
        )
    structure = entries.pop(_STRUCTURE, None)
    arrays = {}
    for name, content in entries.items():
        if not name.endswith(".npy"):
            raise ValueError(f"it has an entry {name}")
        arrays[name.removesuffix(".npy")] = np.lib.format.read_array(
            io.BytesIO(content), allow_pickle=False
        )
    return arrays if structure is None else _put_together(json.loads(structure), arrays)


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
        return {type(x).__name__: items}
    name = "/".join(path)
    if isinstance(x, Tensor):
        x = x.detach().numpy()
    if not isinstance(x, np.ndarray | np.generic) or x.dtype.hasobject:
        raise TypeError(f"save: cannot save {name or 'this'}, a {type(x).__name__}")
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
    items = [_put_together(item, arrays) for item in content]
    return tuple(items) if kind == "tuple" else items


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


def _from_safetensors(file: IO[bytes]) -> dict[str, NDArray[Any]]:
    import safetensors

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
