"""What people have as named columns: a dict, a frame of pandas or polars, a structured array."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Columns", "columns_of"]


@dataclass
class Columns:
    """Named columns, equally long, and where they are from."""

    names: list[str]
    cells: list[Any]  # of each column: an array of numbers, or any cells
    origin: str  # a file, or what kind of thing
    lines: list[int] | None = None  # of a file, that of each row
    decimal: str = "."

    def __post_init__(self) -> None:
        twice = sorted({name for name in self.names if self.names.count(name) > 1})
        if twice:
            raise ValueError(f"{self.origin}: two columns are called {twice[0]!r}, expected one")
        for name, cells in zip(self.names, self.cells, strict=False):
            if np.ndim(cells) != 1 and isinstance(cells, np.ndarray):
                raise ValueError(
                    f"{self.origin}, column {name!r}: of shape {cells.shape}, expected (n,)"
                )
        lengths = {len(cells) for cells in self.cells}
        if len(lengths) > 1:
            raise ValueError(f"{self.origin}: columns of lengths {sorted(lengths)}, expected one")
        if not self.names or not lengths or lengths == {0}:
            raise ValueError(f"{self.origin}: no rows, expected at least one")

    def __len__(self) -> int:
        return len(self.cells[0])

    def __getitem__(self, name: str) -> Any:
        return self.cells[self.names.index(name)]

    def where(self, row: int, name: str) -> str:
        """The place of a cell, to begin an error's text with."""
        place = f"row {row}" if self.lines is None else f"line {self.lines[row]}"
        return f"{self.origin}, {place}, column {name!r}"


def columns_of(source: Any) -> Columns | None:
    """The columns of what has names for them, or None."""
    origin = type(source).__name__
    if isinstance(source, Mapping):
        return Columns([str(name) for name in source], [*map(_cells, source.values())], origin)
    if isinstance(source, np.ndarray):
        names = source.dtype.names
        if names is None:
            return None
        return Columns([*names], [source[name] for name in names], "structured array")
    if hasattr(source, "collect") and not hasattr(source, "to_numpy"):
        raise TypeError(f"source: got a {origin}, whose rows are not there yet; write x.collect()")
    if hasattr(source, "columns") and hasattr(source, "to_numpy"):  # pandas, polars
        names, cells = [str(name) for name in source.columns], []
        if len({*names}) == len(names):  # of two of a name, pandas would give both
            cells = [source[name].to_numpy() for name in source.columns]
        return Columns(names, cells, origin)
    if hasattr(source, "__dataframe__"):
        frame = source.__dataframe__()
        names = [*frame.column_names()]
        cells = [_interchanged(frame, name, origin) for name in names]
        return Columns(names, cells, origin)
    return None


def _cells(column: Any) -> Any:
    if isinstance(column, Sequence) and not isinstance(column, str):
        return list(column)
    return np.asarray(column)


# The dataframe interchange protocol, https://data-apis.org/dataframe-protocol. A column lies in
# memory as it does in Arrow: values, which of them count, and for texts where each begins.

INT, UINT, FLOAT, BOOL, STRING, CATEGORY = 0, 1, 2, 20, 21, 23
NAN, SENTINEL, BITS, BYTES = 1, 2, 3, 4  # how a column says which cells are missing


def _interchanged(frame: Any, name: str, origin: str) -> Any:
    """A column as an array of numbers, or as a list of texts, with None where one is missing."""
    chunks = [_chunk(part.get_column_by_name(name), name, origin) for part in frame.get_chunks()]
    if all(isinstance(chunk, np.ndarray) for chunk in chunks):
        return np.concatenate(chunks)
    return [cell for chunk in chunks for cell in chunk]


def _chunk(column: Any, name: str, origin: str) -> Any:
    n, (kind, *_) = column.size(), column.dtype
    if kind not in (INT, UINT, FLOAT, BOOL, STRING, CATEGORY):
        raise TypeError(f"{origin}, column {name!r}: of {column.dtype}, expected numbers or texts")
    buffers, start = column.get_buffers(), column.offset
    how, null = column.describe_null
    if kind == STRING:
        data, offsets = _values(buffers["data"]), _values(buffers["offsets"], start, n + 1)
        raw = data.tobytes()
        cells: Any = [raw[offsets[i] : offsets[i + 1]].decode() for i in range(n)]
    else:
        cells = _values(buffers["data"], start, n)
    missing = np.zeros(n, bool)
    if how == SENTINEL:
        missing = cells == null
    elif how in (BITS, BYTES):
        mask = _values(buffers["validity"], start, n)
        missing = mask == bool(null)
    if kind == CATEGORY:
        names = _chunk(column.describe_categorical["categories"], name, origin)
        cells = [None if gone else names[code] for code, gone in zip(cells, missing, strict=True)]
    elif kind == STRING:
        cells = [None if gone else cell for cell, gone in zip(cells, missing, strict=True)]
    elif missing.any():
        cells = np.where(missing, np.nan, cells)
    return cells


def _values(buffer: tuple[Any, Any], start: int = 0, n: int | None = None) -> NDArray[Any]:
    """A copy of the numbers in a buffer."""
    memory, (kind, width, *_) = buffer
    raw = (ctypes.c_char * memory.bufsize).from_address(memory.ptr) if memory.bufsize else b""
    if kind == BOOL and width == 1:  # eight to a byte
        flags = np.unpackbits(np.frombuffer(raw, np.uint8), bitorder="little")
        return flags[start : start + n if n is not None else None].astype(bool)
    letter = {INT: "i", UINT: "u", STRING: "u", FLOAT: "f", BOOL: "u"}[kind]
    values = np.frombuffer(raw, f"{letter}{width // 8}")
    values = values[start : start + n if n is not None else None]
    return values.astype(bool) if kind == BOOL else values.copy()
