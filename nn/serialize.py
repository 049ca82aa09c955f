"""Saving and loading: `.npz` files without pickle, written whole or not at all."""

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
    path : the file's name, taken as it is: no suffix is added.

    Raises
    ------
    TypeError : there is something else in the state; says where. Nothing is written.

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

    # Not np.savez: it takes names as keywords, and "file" is one of its own.
    with replacing(path) as draft, zipfile.ZipFile(draft, "x") as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as entry:
                np.lib.format.write_array(entry, array, allow_pickle=False)
        if not flat:
            archive.writestr(_STRUCTURE, json.dumps(structure))


def load(path: str | os.PathLike[str]) -> Any:
    """Read what `save` or `np.savez` wrote: a dict from name to array, or a nested state.

    Raises
    ------
    ValueError : the file is damaged, or of another kind.
    """
    with open(path, "rb") as file:
        try:
            return _read(file)
        except Exception as error:  # zipfile alone raises half a dozen kinds
            raise ValueError(
                f"{os.fspath(path)}: not a file that nn.save wrote, or it is damaged ({error})"
            ) from error


def _read(file: IO[bytes]) -> Any:
    with zipfile.ZipFile(file) as archive:
        # Whole entries are read first, so that their checksums are compared before use.
        entries = {name: archive.read(name) for name in archive.namelist()}
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
