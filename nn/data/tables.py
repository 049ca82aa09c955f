"""Tables: columns of numbers and texts become an array of numbers, with what belongs to each."""

from __future__ import annotations

import csv
import gzip
import io
import os
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Literal, NoReturn

import numpy as np
from numpy.typing import NDArray

from autograd import default_dtype
from autograd.names import did_you_mean

from .columns import Columns, columns_of

__all__ = ["Table", "read_csv", "table"]

#: What stands for a cell without a value.
EMPTY = {"", "na", "n/a", "nan", "null", "<na>", "?"}
TRUTH = {"true": 1.0, "false": 0.0}


@dataclass(frozen=True, repr=False)
class Table:
    """What `table` and `read_csv` return; `x, y, names = ...` takes it apart.

    Attributes
    ----------
    x
        (n, k) floats in the default dtype: a column for each number, and one for each category of a
        text, which is 1 where the text is this and 0 elsewhere.
    y
        (n,) labels: int64 if they are classes or integers, else floats; None without a label.
    names
        of the k columns of x, such as "age" or "colour=red".
    classes
        of a label that is text: the class of each number in y. Else None.
    label
        the name of the label's column.
    columns
        the names of the source's columns that x is made of.
    categories
        of the columns of text among them, their texts in order.
    """

    x: NDArray[Any]
    y: NDArray[Any] | None
    names: list[str]
    classes: list[Any] | None = None
    label: str | None = None
    columns: list[str] = field(default_factory=list)
    categories: dict[str, list[str]] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Any]:
        return iter((self.x, self.y, self.names))

    def __repr__(self) -> str:
        y = "" if self.y is None else f", y {self.y.shape} of {self.label!r}"
        if self.classes is not None and self.y is not None:
            y += f", {len(self.classes)} classes"
        names = ", ".join(self.names[:10]) + ", ..." * (len(self.names) > 10)
        return f"Table(x {self.x.shape}{y}: {names})"


def table(
    source: Any,
    label: str | int | None = None,
    *,
    columns: Sequence[str] | None = None,
    skip: Sequence[str] = (),
    categories: Sequence[str] = (),
    classes: bool | None = None,
    missing: float | Literal["drop"] | None = None,
    like: Table | None = None,
) -> Table:
    """Numbers for a network, from data where people have it.

    Parameters
    ----------
    source
        the path of a file (`.csv` and `.tsv`, also gzipped; `.npy`; `.npz`), a frame of pandas or
        polars, a dict of columns, a structured array, or anything else that NumPy makes an array of
        (`__array__`) or that has `__dataframe__`. In an `.npz`, label is the name of an array, and
        x is the other one, of any shape.
    label
        the column to predict: its name, or its number, where -1 is the last.
    columns
        the columns to predict from, in this order. By default all others.
    skip
        columns to leave out, such as one that numbers the rows.
    categories
        columns to read as categories although they hold numbers, such as "postcode".
    classes
        True numbers the values of the label from 0, as of the labels 1, 2, 3; this is done anyway
        if they are texts.
    missing
        what to do about an empty cell, `NA`, `nan`, `null` or `?`: None refuses it, a number takes
        its place (a category then has only zeros), "drop" leaves the row out.
    like
        the table that was trained on. Columns, categories and classes are then as there; the label
        may be absent.

    Returns
    -------
    Table
        with `x`, `y` and `names`.

    Raises
    ------
    ValueError, TypeError
        what cannot be read; the text says in which file, line (or row, from 0) and column, and what
        to do.
    FileNotFoundError
        there is no such file.

    Examples
    --------
    >>> import nn
    >>> people = {"age": [31, 45, 27], "pet": ["cat", "dog", "cat"], "happy": ["yes", "no", "yes"]}
    >>> x, y, names = nn.data.table(people, label="happy")
    >>> names
    ['age', 'pet=cat', 'pet=dog']
    >>> x
    array([[31.,  1.,  0.],
           [45.,  0.,  1.],
           [27.,  1.,  0.]], dtype=float32)
    >>> y
    array([1, 0, 1])
    """
    options: dict[str, Any] = {
        "label": label, "columns": columns, "skip": skip, "categories": categories,
        "classes": classes, "missing": missing, "like": like,
    }  # fmt: skip
    if isinstance(source, str | os.PathLike):
        return _from_file(Path(source), options)
    found = columns_of(source) or _plain(source, type(source).__name__)
    return found if isinstance(found, Table) else _table(found, **options)


def read_csv(
    path: str | os.PathLike[str] | IO[str],
    label: str | int | None = None,
    *,
    header: bool = True,
    delimiter: str | None = None,
    decimal: str = ".",
    encoding: str = "utf-8-sig",
    columns: Sequence[str] | None = None,
    skip: Sequence[str] = (),
    categories: Sequence[str] = (),
    classes: bool | None = None,
    missing: float | Literal["drop"] | None = None,
    like: Table | None = None,
) -> Table:
    r"""The table in a CSV file, gzipped or not.

    A column is of numbers if most of its cells are, and then each has to be; else it is of
    categories. `true` and `false` are 1 and 0. Blank lines do not count. The arguments that are
    not told of here are those of `table`.

    Parameters
    ----------
    path
        the file, or an open one.
    header
        False: there are no names in the first line; columns are called "0", "1" and so on.
    delimiter
        what divides cells. By default that of comma, semicolon, tab and | which is most often in
        the first line.
    decimal
        "," reads 1,5 as one and a half.
    encoding
        of the text.

    Raises
    ------
    ValueError
        what is no table, or a cell that is not as the others; the text says in which line and
        column.
    FileNotFoundError
        there is no such file.

    Examples
    --------
    >>> import io, nn
    >>> file = io.StringIO("width,colour,kind\n1.5,red,a\n2.5,blue,b\n")
    >>> table = nn.data.read_csv(file, label="kind")
    >>> table.names, table.classes
    (['width', 'colour=blue', 'colour=red'], ['a', 'b'])
    >>> nn.data.read_csv(io.StringIO("width,kind\n1.5,a\n1.7,b\n1.8m,a\n"), label="kind")
    ... # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ValueError: CSV, line 4, column 'width': got '1.8m', expected a number as in the rest ...
    """
    return _table(
        _read(path, header, delimiter, decimal, encoding, skip),
        label, columns, skip, categories, classes, missing, like,
    )  # fmt: skip


# Files


def _from_file(path: Path, options: dict[str, Any]) -> Table:
    suffix = path.with_suffix("").suffix if path.suffix == ".gz" else path.suffix
    if suffix.lower() in (".csv", ".tsv", ".txt"):
        return read_csv(path, **options)
    import zipfile  # only here: it takes as long as all of nn.data

    if path.suffix not in (".npy", ".npz"):
        raise ValueError(
            f"{path}: expected a file that ends in .csv, .tsv, .npy or .npz; the frame that "
            "pandas or polars reads from others, such as .parquet and .xlsx, goes in as it is"
        )
    try:
        with open(path, "rb") as file:
            content = np.load(file, allow_pickle=False)
            if not isinstance(content, np.ndarray):
                content = {name: content[name] for name in content.files}
    except (ValueError, EOFError, OSError, zlib.error, zipfile.BadZipFile) as error:
        if isinstance(error, OSError) and error.errno:
            raise
        raise ValueError(f"{path}: not a file that np.save wrote, or damaged ({error})") from error
    if isinstance(content, dict):
        return _from_arrays(path, content, options)
    found = columns_of(content) or _plain(content, str(path))
    if isinstance(found, Table):
        return found
    found.origin = str(path)
    return _table(found, **options)


def _from_arrays(path: Path, arrays: dict[str, Any], options: dict[str, Any]) -> Table:
    label = options["label"] or (options["like"] and options["like"].label)
    if all(array.ndim == 1 for array in arrays.values()):
        return _table(Columns([*arrays], [*arrays.values()], str(path)), **options)
    others = [name for name in arrays if name != label]
    if (label is not None and label not in arrays) or len(others) != 1:
        raise ValueError(
            f"{path}: holds arrays {', '.join(arrays)}, expected two of which label= names one, "
            "or columns of shape (n,); np.load gives them all"
        )
    x, y = arrays[others[0]], arrays.get(label)
    if y is None:
        return _as_table(x)
    if y.ndim != 1 or len(x) != len(y):
        raise ValueError(f"{path}: {label} has shape {y.shape}, expected ({len(x)},)")
    labels = _table(Columns([label], [y], str(path)), **(options | {"columns": []}))
    return Table(_as_table(x).x, labels.y, _numbered(x), labels.classes, label)


def _plain(source: Any, origin: str) -> Columns | Table:
    """An array, of which the columns have no names."""
    if not hasattr(source, "__array__") and not isinstance(source, list | tuple):
        raise TypeError(
            f"source: got a {origin}, expected a path, a frame, a dict of columns or an array"
        )
    try:
        array = np.asarray(source)
    except ValueError:  # lists of several lengths
        raise ValueError(f"{origin}: rows of several lengths, expected one") from None
    if array.ndim == 0:
        raise ValueError(f"{origin}: got one value, expected rows")
    if array.ndim > 2:
        return _as_table(array)
    array = array[:, None] if array.ndim == 1 else array
    return Columns(_numbered(array), [*array.T], origin)


def _as_table(x: NDArray[Any]) -> Table:
    if x.dtype.kind not in "biuf":
        raise TypeError(f"source: an array of {x.dtype}, expected numbers")
    return Table(x.astype(default_dtype.get()), None, _numbered(x))


def _numbered(x: NDArray[Any]) -> list[str]:
    return [str(i) for i in range(x.shape[1])] if x.ndim == 2 else []


def _read(
    path: Any, header: bool, delimiter: str | None, decimal: str, encoding: str, skip: Sequence[str]
) -> Columns:
    """The columns of a CSV file, each a list of texts."""
    origin, text = _text(path, encoding)
    if delimiter is None:
        first = text[:65536].lstrip().partition("\n")[0]
        delimiter = max(",;\t|", key=first.count)
    lines, rows = [], []
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True, strict=True
    )
    start = 1
    try:
        for row in reader:
            if any(map(str.strip, row)):
                lines.append(start)
                rows.append(row)
            start = reader.line_num + 1
    except csv.Error as error:
        raise ValueError(f"{origin}, line {start}: {error}; is a quote not closed?") from None
    if not rows:
        raise ValueError(f"{origin}: it is empty, expected a line of names and rows below it")
    names = [str(i) for i in range(len(rows[0]))]
    if header:
        names, line = [name.strip() for name in rows.pop(0)], lines.pop(0)
        if all(_number(name, decimal) is not None for name in names):
            raise ValueError(
                f"{origin}, line {line}: only numbers, expected the names of the columns; pass "
                "header=False if there are none"
            )
        if "" in names and "" not in skip:
            raise ValueError(
                f"{origin}, line {line}: column {names.index('') + 1} has no name; if it numbers "
                'the rows, as the index that pandas writes, pass skip=[""]'
            )
    for line, row in zip(lines, rows, strict=True):
        if len(row) != len(names):
            raise ValueError(
                f"{origin}, line {line}: {len(row)} cells, expected {len(names)}, as in the first "
                f"line, divided by {delimiter!r}"
            )
    cells = [[cell.strip() for cell in column] for column in zip(*rows, strict=True)]
    return Columns(names, cells or [[] for _ in names], origin, lines, decimal)


def _text(path: Any, encoding: str) -> tuple[str, str]:
    """What to call a file in errors, and its text."""
    if hasattr(path, "read"):
        text = path.read()
        if not isinstance(text, str):
            raise TypeError(
                'path: got a file open for bytes, expected one for text: open(path, "r")'
            )
        return str(getattr(path, "name", "CSV")), text
    origin, raw = os.fspath(path), Path(path).read_bytes()
    if raw[:2] == b"\x1f\x8b":
        try:
            raw = gzip.decompress(raw)
        except (OSError, EOFError, zlib.error) as error:
            raise ValueError(f"{origin}: damaged gzip data ({error})") from None
    if raw[:4] == b"PK\x03\x04":
        raise ValueError(f"{origin}: a zip archive, as .xlsx is, expected text; save it as CSV")
    try:
        return origin, raw.decode(encoding)
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise ValueError(
            f"{origin}, line {line}: not text in {encoding}; pass encoding=, such as 'latin-1' or "
            "'utf-16'"
        ) from None


# Columns


def _table(
    source: Columns,
    label: str | int | None = None,
    columns: Sequence[str] | None = None,
    skip: Sequence[str] = (),
    categories: Sequence[str] = (),
    classes: bool | None = None,
    missing: float | Literal["drop"] | None = None,
    like: Table | None = None,
) -> Table:
    fits = isinstance(missing, int | float) and not isinstance(missing, bool)
    if not (missing is None or missing == "drop" or fits):
        raise TypeError(f'missing: got {missing!r}, expected None, "drop" or a number')
    if like is not None:
        columns, label = like.columns, like.label if like.label in source.names else None
    label = None if label is None else _named(source, label)
    left_out = {label, *(_named(source, name) for name in skip)}
    if columns is None:
        columns = [name for name in source.names if name not in left_out]
    else:
        columns = [_named(source, name) for name in columns if name not in left_out]
    chosen = {_named(source, name) for name in categories}

    parts: list[tuple[str, NDArray[Any]]] = []
    known: dict[str, list[str]] = {}
    gone = np.zeros(len(source), bool)  # the rows in which something is missing
    for name in columns:
        if like is not None:
            as_text: bool | None = name in like.categories
        else:
            as_text = True if name in chosen else None
        values, empty = _column(source, name, as_text)
        gone |= empty
        if empty.any() and missing is None:
            _refuse_missing(source, int(empty.argmax()), name)
        if isinstance(values, list):
            levels = (
                like.categories[name] if like else _levels(source, name, values, name in chosen)
            )
            known[name] = levels
            code = _codes(source, name, values, levels, empty)
            parts += [(f"{name}={level}", code == i) for i, level in enumerate(levels)]
        else:
            if isinstance(missing, int | float):
                values = np.where(empty, missing, values)
            parts.append((name, values))

    y = None
    if label is not None:
        y, classes_, empty = _label(source, label, classes, like)
        gone |= empty
        if empty.any() and missing != "drop":
            _refuse_missing(source, int(empty.argmax()), label)
    else:
        classes_ = like.classes if like else None
    kept = ~gone if missing == "drop" else np.ones(len(source), bool)
    if not kept.any():
        raise ValueError(f"{source.origin}: in every row something is missing, so none is left")
    x = np.empty((int(kept.sum()), len(parts)), default_dtype.get())
    rows = np.flatnonzero(kept)
    with np.errstate(over="ignore"):
        for j, (name, values) in enumerate(parts):
            x[:, j] = values[rows]
            if not np.isfinite(x[:, j]).all() and not (missing != missing and gone.any()):
                row = rows[np.isfinite(x[:, j]).argmin()]
                raise ValueError(
                    f"{source.where(row, name)}: got {values[row]}, expected a finite number of "
                    f"{x.dtype}"
                )
    names = [name for name, _ in parts]
    y = None if y is None else y[rows]
    kept_label = label if like is None else like.label
    return Table(x, y, names, classes_, kept_label, [*columns], known)


def _named(source: Columns, name: str | int) -> str:
    """The name of a column, given that, or its number."""
    if str(name) in source.names:
        return str(name)
    if isinstance(name, int) and -len(source.names) <= name < len(source.names):
        return source.names[name]
    raise ValueError(
        f"{source.origin}: no column {name!r}{did_you_mean(str(name), source.names) or '.'} There "
        f"are {', '.join(source.names[:20])}"
    )


def _column(
    source: Columns, name: str, as_text: bool | None
) -> tuple[NDArray[np.float64] | list[str], NDArray[np.bool_]]:
    """A column as numbers or texts, and where it is empty."""
    cells = source[name]
    if isinstance(cells, np.ndarray) and cells.dtype.kind in "biuf" and not as_text:
        values = cells.astype(np.float64)
        return values, np.isnan(values)
    if isinstance(cells, np.ndarray) and cells.dtype.kind in "Mm":
        raise TypeError(
            f"{source.origin}, column {name!r}: of {cells.dtype}, expected numbers or texts; make "
            "numbers of the dates, such as the day of the year, or leave them out with skip="
        )
    if not as_text and source.decimal == "." and (plain := _plain_numbers(cells)) is not None:
        return plain, np.isnan(plain)
    empty = np.array([_is_empty(cell) for cell in cells], bool)
    texts = ["" if gone else str(cell).strip() for cell, gone in zip(cells, empty, strict=True)]
    if as_text:
        return texts, empty
    numbers = [
        None if gone else _number(text, source.decimal)
        for text, gone in zip(texts, empty, strict=True)
    ]
    bad = [
        i
        for i, (number, gone) in enumerate(zip(numbers, empty, strict=True))
        if number is None and not gone
    ]
    if bad and as_text is None and 2 * len(bad) >= np.count_nonzero(~empty):
        if source.decimal == "." and all(re.fullmatch(r"[-+]?\d+,\d+", texts[i]) for i in bad):
            raise ValueError(
                f"{source.where(bad[0], name)}: got {texts[bad[0]]!r}; if this is a number with a "
                'decimal comma, pass decimal=","'
            )
        return texts, empty
    if bad:
        raise ValueError(
            f"{source.where(bad[0], name)}: got {texts[bad[0]]!r}, expected a number as in the "
            f"rest of the column; categories=[{name!r}] reads all of it as texts"
        )
    return np.array([np.nan if number is None else number for number in numbers]), empty


def _plain_numbers(cells: Any) -> NDArray[np.float64] | None:
    """Texts as numbers in one go, which is fast, if all of them are."""
    try:
        # Python reads 1_0 as a number.
        return None if "_" in "".join(cells) else np.array(cells, np.float64)
    except (TypeError, ValueError):
        return None


def _is_empty(cell: Any) -> bool:
    if isinstance(cell, str):
        return cell.strip().casefold() in EMPTY
    if cell is None or type(cell).__name__ in ("NAType", "NaTType"):  # of pandas
        return True
    return isinstance(cell, float | np.floating) and cell != cell


def _number(text: str, decimal: str) -> float | None:
    """What it says, or None."""
    if text.casefold() in TRUTH:
        return TRUTH[text.casefold()]
    try:
        return None if "_" in text else float(text.replace(decimal, "."))
    except ValueError:
        return None


def _levels(source: Columns, name: str, texts: list[str], chosen: bool) -> list[str]:
    """The categories of a column, in order."""
    levels = sorted({text for text in texts if text})
    if not chosen and len(levels) > 20 and 10 * len(levels) > len(texts):
        raise ValueError(
            f"{source.origin}, column {name!r}: {len(levels)} different texts in {len(texts)} "
            f"rows, such as {levels[0]!r}; is it a name? Leave it out with skip=[{name!r}], or "
            f"pass categories=[{name!r}]"
        )
    return levels


def _codes(
    source: Columns, name: str, values: Any, levels: list[Any], empty: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """The place of each value in `levels`, and -1 where there is none."""
    places = {level: i for i, level in enumerate(levels)}
    codes = [-1 if gone else places.get(v, -2) for v, gone in zip(values, empty, strict=True)]
    if -2 in codes:
        row = codes.index(-2)
        raise ValueError(
            f"{source.where(row, name)}: got {values[row]!r}, expected one of "
            f"{', '.join(map(repr, levels[:20]))}, as in the table that was trained on"
        )
    return np.array(codes, np.int64)


def _label(
    source: Columns, name: str, classes: bool | None, like: Table | None
) -> tuple[NDArray[Any], list[Any] | None, NDArray[np.bool_]]:
    """The labels, their classes if they have some, and where they are missing."""
    as_text = None
    if like is not None:
        as_text = like.classes is not None and all(isinstance(c, str) for c in like.classes)
    values, empty = _column(source, name, as_text)
    if isinstance(values, list):
        if classes is False:
            row = next(i for i, text in enumerate(values) if _number(text, source.decimal) is None)
            raise ValueError(f"{source.where(row, name)}: got {values[row]!r}, expected a number")
        levels: list[Any] = sorted({text for text in values if text})
    else:
        whole = _whole(source[name], empty)
        if whole:
            values = np.where(empty, 0, values).astype(np.int64)
        levels = np.unique(values[~empty]).tolist()
        if not (like.classes if like else classes):
            return values if whole else values.astype(default_dtype.get()), None, empty
        values = values.tolist()
    if like is not None and like.classes is not None:
        levels = like.classes
    return _codes(source, name, values, levels, empty), levels, empty


def _whole(cells: Any, empty: NDArray[np.bool_]) -> bool:
    """Whether numbers are written as integers."""
    if isinstance(cells, np.ndarray) and cells.dtype.kind in "biuf":
        return cells.dtype.kind in "biu"
    try:
        if "".join(cells):  # all are texts: in one go
            np.array(cells, np.int64)
            return True
    except (TypeError, ValueError, OverflowError):
        pass
    return all(
        gone
        or isinstance(cell, int | np.integer)
        or (isinstance(cell, str) and re.fullmatch(r"\s*([-+]?\d{1,18}|true|false)\s*", cell, re.I))
        for cell, gone in zip(cells, empty, strict=True)
    )


def _refuse_missing(source: Columns, row: int, name: str) -> NoReturn:
    raise ValueError(
        f'{source.where(row, name)}: no value; pass missing="drop" to leave such rows out, or '
        "missing= a number to put there"
    )
