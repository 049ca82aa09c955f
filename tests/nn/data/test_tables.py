"""Tables: every source gives the same numbers, and every refusal says where."""

from __future__ import annotations

import csv
import gzip
import io
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import default_dtype
from nn.data import Table, read_csv, table

PETS = """age,pet,weight,indoors,happy
3,cat,4.5,true,yes
10,dog,20,false,no
1,"hamster, grey",0.1,True,yes
7,cat,-1e1,FALSE,no
"""
X = [
    [3, 1, 0, 0, 4.5, 1],
    [10, 0, 1, 0, 20, 0],
    [1, 0, 0, 1, 0.1, 1],
    [7, 1, 0, 0, -10, 0],
]
NAMES = ["age", "pet=cat", "pet=dog", "pet=hamster, grey", "weight", "indoors"]


def read(text, *args, **options):
    return read_csv(io.StringIO(text), *args, **options)


def is_pets(found):
    x, y, names = found
    assert isinstance(found, Table)
    np.testing.assert_array_equal(x, np.float32(X))
    assert x.dtype == np.float32
    assert x.flags.c_contiguous
    assert y.tolist() == [1, 0, 1, 0]
    assert y.dtype == np.int64
    assert names == found.names == NAMES
    assert found.classes == ["no", "yes"]
    assert found.label == "happy"
    assert found.columns == ["age", "pet", "weight", "indoors"]
    assert found.categories == {"pet": ["cat", "dog", "hamster, grey"]}


COLUMNS = {
    "age": [3, 10, 1, 7],
    "pet": ["cat", "dog", "hamster, grey", "cat"],
    "weight": [4.5, 20, 0.1, -10.0],
    "indoors": [True, False, True, False],
    "happy": ["yes", "no", "yes", "no"],
}


def structured():
    kinds = ["i4", "U20", "f8", "?", "U3"]
    rows = list(zip(*COLUMNS.values(), strict=True))
    return np.array(rows, list(zip(COLUMNS, kinds, strict=True)))


def test_a_csv_file(tmp_path):
    path = tmp_path / "pets.csv"
    path.write_text(PETS)
    is_pets(read_csv(path, "happy"))
    is_pets(read_csv(str(path), label=-1))
    is_pets(table(path, "happy"))
    with open(path) as file:
        is_pets(read_csv(file, "happy"))


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: "\n\n" + text.replace("\n", "\n\n") + ",,,,\n",  # as spreadsheets leave them
        lambda text: text.replace(",", ",  ").replace(",   grey", ", grey").replace("yes", "yes "),
        lambda text: "\ufeff" + text,
        lambda text: text.rstrip("\n"),
    ],
)
def test_the_same_in_another_hand(tmp_path, change):
    path = tmp_path / "pets.csv"
    path.write_bytes(change(PETS).encode())
    is_pets(read_csv(path, "happy"))


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_the_delimiter_is_found(delimiter, tmp_path):
    text = PETS.replace(",", delimiter).replace(f"hamster{delimiter}", "hamster,")
    is_pets(read(text, "happy"))
    is_pets(read(text, "happy", delimiter=delimiter))
    path = tmp_path / "pets.tsv.gz"
    path.write_bytes(gzip.compress(text.encode()))
    is_pets(table(path, "happy"))


def test_encodings_and_decimal_commas(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes("größe;art\n1,5;weiß\n-2;weiß\n".encode("latin-1"))
    found = read_csv(path, "art", encoding="latin-1", decimal=",")
    assert found.x.tolist() == [[1.5], [-2]]
    assert found.names == ["größe"]
    assert found.classes == ["weiß"]
    with pytest.raises(ValueError, match=r"a\.csv, line 1: not text in utf-8.*'latin-1'"):
        read_csv(path, "art")


def test_columns_of_other_kinds():
    is_pets(table(COLUMNS, "happy"))
    is_pets(table({k: np.array(v) for k, v in COLUMNS.items()}, "happy"))
    is_pets(table({k: np.array(v, object) for k, v in COLUMNS.items()}, "happy"))
    is_pets(table(structured(), "happy"))


def test_numpy_files(tmp_path):
    np.save(tmp_path / "a.npy", structured())
    is_pets(table(tmp_path / "a.npy", "happy"))
    np.savez(tmp_path / "a.npz", **{k: np.array(v) for k, v in COLUMNS.items()})
    is_pets(table(tmp_path / "a.npz", "happy"))
    images = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    np.savez_compressed(tmp_path / "b.npz", images=images, kind=np.array(["b", "a"]))
    found = table(tmp_path / "b.npz", "kind")
    np.testing.assert_array_equal(found.x, images)
    assert found.x.dtype == np.float32
    assert (found.y.tolist(), found.classes, found.names) == ([1, 0], ["a", "b"], [])
    np.save(tmp_path / "c.npy", images)
    x, y, names = table(tmp_path / "c.npy")
    assert (x.shape, y, names) == ((2, 3, 4), None, [])


class Arrays:
    def __array__(self, dtype=None, copy=None):
        return np.arange(12).reshape(4, 3)


@pytest.mark.parametrize("source", [Arrays(), np.arange(12).reshape(4, 3)])
def test_arrays_have_numbered_columns(source):
    x, y, names = table(source, -1)
    assert x.tolist() == [[0, 1], [3, 4], [6, 7], [9, 10]]
    assert y.tolist() == [2, 5, 8, 11]
    assert names == ["0", "1"]
    assert table(source, columns=["2", "0"]).x.tolist() == [[2, 0], [5, 3], [8, 6], [11, 9]]
    assert table(source, skip=["1"]).names == ["0", "2"]
    assert table(np.arange(3.0)).x.tolist() == [[0], [1], [2]]
    assert table([[1, 2], [3, 4]], 0).y.tolist() == [1, 3]


def test_without_a_header_columns_are_numbered():
    x, y, names = read("1,2,a\n3,4,b\n", -1, header=False)
    assert (x.tolist(), y.tolist(), names) == ([[1, 2], [3, 4]], [0, 1], ["0", "1"])
    assert read("1,2,a\n3,4,b\n", "2", header=False).label == "2"
    assert read("1,2\n3,4\n", 0, header=False).y.tolist() == [1, 3]


@pytest.mark.parametrize(
    ("cells", "expected", "dtype"),
    [
        (["1", "3", "2"], [1, 3, 2], np.int64),
        (["1", "3.0", "2"], [1, 3, 2], np.float32),
        (["true", "false", "true"], [1, 0, 1], np.int64),
        ([1, 3, 2], [1, 3, 2], np.int64),
        ([1.0, 3.0, 2.5], [1, 3, 2.5], np.float32),
        (["c", "a", "c"], [1, 0, 1], np.int64),
    ],
)
def test_labels_are_classes_or_numbers(cells, expected, dtype):
    y = table({"x": [1, 2, 3], "y": cells}, "y").y
    assert y.tolist() == expected
    assert y.dtype == dtype


def test_numbers_can_be_classes_too():
    found = table({"x": [1, 2, 3], "y": [30, 10, 30]}, "y", classes=True)
    assert (found.y.tolist(), found.classes) == ([1, 0, 1], [10, 30])
    assert table({"x": [1], "y": [30]}, "y", like=found).y.tolist() == [1]


def test_what_is_half_text_is_text():
    assert read("a,y\n1,0\nu,1\n", "y").names == ["a=1", "a=u"]
    with pytest.raises(ValueError, match="column 'a': got 'u', expected a number"):
        read("a,y\n1,0\nu,1\n2,0\n", "y")


def test_numbers_can_be_categories_too():
    found = read("zip,y\n2,0\n10,1\n2,0\n", "y", categories=["zip"])
    assert found.names == ["zip=10", "zip=2"]
    assert found.x.tolist() == [[0, 1], [1, 0], [0, 1]]
    found = table({"zip": np.array([2, 10, 2]), "y": [0, 1, 0]}, "y", categories=["zip"])
    assert found.x.tolist() == [[0, 1], [1, 0], [0, 1]]


def test_the_default_dtype_is_that_of_x_and_of_labels_that_are_floats():
    with default_dtype("float64"):
        x, y, _ = read("x,y\n0.1,0.2\n", "y")
    assert (x.dtype, y.dtype) == (np.float64, np.float64)
    assert (x[0, 0], y[0]) == (0.1, 0.2)


# --------------------------------------------------------------------------------- missing cells

HOLES = "a,b,y\n1,u,0\n?,v,1\n3,,0\n4,u,NA\n5,v,1\n"


def test_rows_with_something_missing_are_dropped():
    x, y, _ = read(HOLES, "y", missing="drop")
    assert x.tolist() == [[1, 1, 0], [5, 0, 1]]
    assert y.tolist() == [0, 1]
    assert y.dtype == np.int64


def test_a_number_takes_the_place_of_what_is_missing():
    holes = HOLES.replace("NA", "1")
    x, _, _ = read(holes, "y", missing=-1)
    assert x[:, 0].tolist() == [1, -1, 3, 4, 5]
    assert x[2].tolist() == [3, 0, 0]  # none of the categories
    x, _, _ = read(holes, "y", missing=np.nan)
    assert np.isnan(x[:, 0]).tolist() == [False, True, False, False, False]
    with pytest.raises(ValueError, match="CSV, line 5, column 'y': no value"):
        read(HOLES, "y", missing=-1)


@pytest.mark.parametrize("cell", ["", "  ", "NA", "n/a", "NaN", "null", "?", "<NA>"])
def test_what_counts_as_missing(cell):
    text = f"a,y\n1,0\n{cell},1\n3,0\n"
    with pytest.raises(ValueError, match=r"CSV, line 3, column 'a': no value; pass missing=\"dro"):
        read(text, "y")
    assert read(text, "y", missing="drop").x.tolist() == [[1], [3]]


@pytest.mark.parametrize("cell", [None, float("nan"), np.float64("nan"), ""])
def test_what_counts_as_missing_outside_files(cell):
    with pytest.raises(ValueError, match="dict, row 1, column 'a': no value"):
        table({"a": [1, cell, 2], "y": [0, 1, 0]}, "y")
    assert table({"a": ["u", cell, "v"], "y": [0, 1, 0]}, "y", missing=0).x.tolist() == [
        [1, 0],
        [0, 0],
        [0, 1],
    ]


# ------------------------------------------------------------------------- as in training


def test_a_second_table_is_made_like_the_first():
    first = read(PETS, "happy")
    test = read("pet,age,colour,weight,indoors\ndog,5,red,1,true\n", like=first)
    assert test.names == NAMES
    assert test.x.tolist() == [[5, 0, 1, 0, 1, 1]]
    assert test.y is None
    test = read(PETS.splitlines()[0] + "\n9,dog,1,0,no\n", like=first)
    assert test.y.tolist() == [0]
    again = read("age,pet,weight,indoors,happy\n9,dog,1,0,no\n", like=test)
    assert again.names == NAMES


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("pet,age,weight,indoors\nfish,5,1,1\n", "line 2, column 'pet': got 'fish', expected one"),
        ("pet,age,indoors\ncat,5,1\n", "no column 'weight'"),
        ("pet,age,weight,indoors\ncat,old,1,1\n", "line 2, column 'age': got 'old', expected a nu"),
        ("pet,age,weight,indoors,happy\ncat,5,1,1,maybe\n", "column 'happy': got 'maybe'"),
    ],
)
def test_what_is_not_like_it_is_refused(text, words):
    with pytest.raises(ValueError, match=words):
        read(text, like=read(PETS, "happy"))


# ------------------------------------------------------------------------------------ refusals


@pytest.mark.parametrize(
    ("text", "options", "words"),
    [
        ("", {}, "CSV: it is empty"),
        ("a,b\n", {}, "CSV: no rows"),
        ("a,b\n1,2\n3\n", {}, "CSV, line 3: 1 cells, expected 2, as in the first line, divided by"),
        ("a,b\n\n1,2\n3,4,5\n", {}, "CSV, line 4: 3 cells"),
        ('a,b\n"1\n1",2\n3\n', {}, "CSV, line 4: 1 cells"),
        ('a,b\n1,2\n"3,4\n5,6\n', {}, "CSV, line 3: .*is a quote not closed"),
        ("a,a\n1,2\n", {}, "CSV: two columns are called 'a'"),
        ("1,2\n3,4\n", {}, "CSV, line 1: only numbers, .*header=False"),
        (",a\n0,1\n", {}, r"CSV, line 1: column 1 has no name; .*skip=\[\"\"\]"),
        ("a,b\n1,2\n1.5,x\n7,2\n", {}, "line 3, column 'b': got 'x', expected a number as in the"),
        ("a,b\n1,1_0\n1,2\n1,2\n", {}, "line 2, column 'b': got '1_0', expected a number"),
        ("a;b\n1,5;2\n2,5;3\n", {}, r"line 2, column 'a': got '1,5'; .*decimal=\",\""),
        ("a,b\n1,2\n1e999,2\n", {}, "line 3, column 'a': got inf, expected a finite number of fl"),
        ("a,b\n1,2\n1e39,2\n", {}, "line 3, column 'a': got 1e[+]39, expected a finite number of"),
        ("age,b\n1,2\n", {"label": "aeg"}, "CSV: no column 'aeg'. Did you mean 'age'[?] There are"),
        ("age,b\n1,2\n", {"label": 2}, "CSV: no column 2. There are age, b"),
        ("age,b\n1,2\n", {"columns": ["c"]}, "CSV: no column 'c'"),
        ("age,b\n1,2\n", {"skip": ["c"]}, "CSV: no column 'c'"),
        ("age,b\n1,2\n", {"categories": ["c"]}, "CSV: no column 'c'"),
        (
            "a,b\n1,u\n",
            {"label": "b", "classes": False},
            "line 2, column 'b': got 'u', expected a ",
        ),
        ("a,b\n?,1\n2,?\n", {"missing": "drop"}, "in every row something is missing"),
    ],
)
def test_csv_files_that_are_not(text, options, words):
    with pytest.raises(ValueError, match=words):
        read(text, **options)


def test_an_index_without_a_name_can_be_skipped():
    assert read(",a,y\n0,5,1\n1,6,0\n", "y", skip=[""]).x.tolist() == [[5], [6]]


def test_a_column_of_names_is_refused():
    text = "name,y\n" + "".join(f"person {i},{i % 2}\n" for i in range(30))
    with pytest.raises(
        ValueError, match="column 'name': 30 different texts in 30 rows, such as 'p"
    ):
        read(text, "y")
    assert read(text, "y", skip=["name"]).x.shape == (30, 0)
    assert read(text, "y", categories=["name"]).x.shape == (30, 30)
    assert len(read(text, "name").classes) == 30


def test_files_that_are_not(tmp_path):
    def at(name, data):
        (tmp_path / name).write_bytes(data)
        return tmp_path / name

    for name, data, words in [
        ("a.xlsx", b"", r"a\.xlsx: expected a file that ends in .csv, .*pandas or polars"),
        ("a.csv", b"PK\x03\x04...", r"a\.csv: a zip archive, as .xlsx is"),
        ("a.csv.gz", gzip.compress(b"a,b\n1,2")[:-9], r"a\.csv\.gz: damaged gzip data"),
        ("b.csv", b"a,b\n1,2\n1,\xff\n", r"b\.csv, line 3: not text in utf-8"),
        ("c.csv", b"a,b\n1,2\nx,3\n1,2\n", r"c\.csv, line 3, column 'a': got 'x'"),
        ("a.npy", b"\x93NUMPY", r"a\.npy: not a file that np.save wrote"),
        ("b.npy", b"", r"b\.npy: not a file that np.save wrote"),
        ("a.npz", b"PK\x03\x04", r"a\.npz: not a file that np.save wrote"),
    ]:
        with pytest.raises(ValueError, match=words):
            table(at(name, data), "b")
    np.save(tmp_path / "o.npy", np.array([{}]), allow_pickle=True)
    with pytest.raises(ValueError, match=r"o\.npy: not a file.*pickle"):
        table(tmp_path / "o.npy")
    np.savez(tmp_path / "b.npz", a=np.zeros((3, 2)), b=np.zeros((3, 2)))
    with pytest.raises(
        ValueError, match=r"b\.npz: holds arrays a, b, expected two of which label="
    ):
        table(tmp_path / "b.npz")
    with pytest.raises(ValueError, match=r"b\.npz: b has shape \(3, 2\), expected \(3,\)"):
        table(tmp_path / "b.npz", "b")
    for name in ("none.csv", "none.npz"):
        with pytest.raises(FileNotFoundError, match="none"):
            table(tmp_path / name)


@pytest.mark.parametrize(
    ("source", "error", "words"),
    [
        (7, TypeError, "source: got a int, expected a path, a frame"),
        (np.array(1.0), ValueError, "ndarray: got one value"),
        ([[1, 2], [3]], ValueError, "list: rows of several lengths"),
        (np.zeros((0, 2)), ValueError, "ndarray: no rows"),
        ({}, ValueError, "dict: no rows"),
        ({"a": [1], "b": [1, 2]}, ValueError, r"dict: columns of lengths \[1, 2\]"),
        ({"a": np.zeros((2, 2))}, ValueError, r"dict, column 'a': of shape \(2, 2\)"),
        ({"t": np.array(["2020-01-01"], "M8[D]")}, TypeError, "column 't': of datetime64"),
        (np.zeros((2, 2, 2), complex), TypeError, "an array of complex128, expected numbers"),
        (SimpleNamespace(collect=0), TypeError, "rows are not there yet; write x.collect()"),
    ],
)
def test_sources_that_are_not(source, error, words):
    with pytest.raises(error, match=words):
        table(source)


def test_wrong_words_for_missing():
    for missing in ("fill", True, [0]):
        with pytest.raises(TypeError, match=r'missing: got .*, expected None, "drop" or a'):
            table(COLUMNS, missing=missing)
    with pytest.raises(TypeError, match="path: got a file open for bytes"):
        read_csv(io.BytesIO(b"a,b\n1,2\n"))


# ---------------------------------------------------------------------------------- round trips

CELLS = st.one_of(
    st.floats(-1e6, 1e6, width=32).map(float), st.integers(-(2**24), 2**24), st.booleans()
)
TEXTS = st.text(st.sampled_from('abc ,;"\nä'), min_size=1).filter(str.strip)


@given(st.data(), st.integers(1, 8))
def test_what_the_csv_module_writes_is_read_back(data, n):
    numbers = data.draw(st.lists(CELLS, min_size=n, max_size=n))
    texts = data.draw(st.lists(TEXTS, min_size=n, max_size=n))
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(["number", "y"])
    writer.writerows(zip(numbers, texts, strict=True))
    file.seek(0)
    x, y, _ = found = read_csv(file, "y", delimiter=",")
    np.testing.assert_array_equal(x[:, 0], np.float32(numbers))
    assert [found.classes[i] for i in y] == [text.strip() for text in texts]


def test_printed_it_says_what_there_is():
    assert repr(read(PETS, "happy")) == (
        "Table(x (4, 6), y (4,) of 'happy', 2 classes: age, pet=cat, pet=dog, "
        "pet=hamster, grey, weight, indoors)"
    )
    assert repr(table(np.zeros((2, 12)))).endswith(
        "Table(x (2, 12): 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, ...)"
    )


# -------------------------------------------------------------------------- frames of all kinds


def test_frames_of_pandas_and_polars():
    for name in ("pandas", "polars"):
        lib = pytest.importorskip(name)
        frame = lib.DataFrame(COLUMNS)
        is_pets(table(frame, "happy"))
        with pytest.raises(ValueError, match="DataFrame, row 1, column 'a': no value"):
            table(lib.DataFrame({"a": [1, None, 2]}))
        with pytest.raises(
            ValueError, match="DataFrame, row 2, column 'a': got 'x', expected a nu"
        ):
            table(lib.DataFrame({"a": ["1", "2", "x"]}))


def test_kinds_of_columns_of_pandas():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({
        "kind": pd.Categorical(["u", "v", None]),
        "count": pd.array([1, None, 3], dtype="Int64"),
        "flag": pd.array([True, False, None], dtype="boolean"),
        "text": pd.array(["a", None, "b"], dtype="string"),
    })  # fmt: skip
    x, _, names = table(frame, missing=-1)
    assert names == ["kind=u", "kind=v", "count", "flag", "text=a", "text=b"]
    assert x.tolist() == [[1, 0, 1, 1, 1, 0], [0, 1, -1, 0, 0, 0], [0, 0, 3, -1, 0, 1]]
    with pytest.raises(ValueError, match="DataFrame: two columns are called 'a'"):
        table(pd.DataFrame([[1, 2]], columns=["a", "a"]))
    assert table(pd.DataFrame(np.eye(2)), 1).names == ["0"]


@pytest.mark.filterwarnings("ignore:The Dataframe Interchange Protocol")
def test_the_interchange_protocol_as_pandas_has_it():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(COLUMNS)
    frame["pet"] = pd.Categorical(frame["pet"])
    is_pets(table(SimpleNamespace(__dataframe__=frame.__dataframe__), "happy"))


class Buffer:
    def __init__(self, array):
        self.array = np.ascontiguousarray(array)
        self.ptr, self.bufsize = self.array.ctypes.data, self.array.nbytes


class Column:
    """A column of the interchange protocol, laid out by hand as Arrow does."""

    offset = 0

    def __init__(self, n, dtype, buffers, null=(0, None), categories=None):
        self.n, self.dtype, self.buffers, self.describe_null = n, dtype, buffers, null
        self.describe_categorical = {"categories": categories}

    def size(self):
        return self.n

    def get_buffers(self):
        named = {"data": None, "validity": None, "offsets": None}
        return named | {k: v and (Buffer(v[0]), v[1]) for k, v in self.buffers.items()}


class Frame:
    def __init__(self, columns):
        self.columns_ = columns

    def __dataframe__(self):
        return self

    def column_names(self):
        return list(self.columns_)

    def get_chunks(self):
        return [self]

    def get_column_by_name(self, name):
        return self.columns_[name]


F64, I8, I32, U8 = (2, 64, "g", "="), (0, 8, "c", "="), (0, 32, "i", "="), (1, 8, "C", "=")
BIT, BYTE, TEXT, KIND = (20, 1, "b", "="), (20, 8, "b", "="), (21, 8, "u", "="), (23, 8, "c", "=")


def texts_of(words, **more):
    raw = [word.encode() for word in words]
    offsets = np.cumsum([0, *map(len, raw)], dtype=np.int32)
    data = np.frombuffer(b"".join(raw), np.uint8)
    buffers = {"data": (data, U8), "offsets": (offsets, I32), **more.pop("buffers", {})}
    return Column(len(words), TEXT, buffers, **more)


def holds(dtype, data, validity=None):
    return {"data": (data, dtype), "validity": validity}


BITS, LATER, BYTES = (np.array(flags, "u1") for flags in ([0b101], [0b110], [1, 0, 0]))


def test_the_interchange_protocol_as_it_is_written():
    frame = Frame({
        "float": Column(3, F64, holds(F64, np.array([1.5, np.nan, 2])), (1, None)),
        "bits": Column(3, I32, holds(I32, np.array([7, 8, 9], "i4"), (BITS, BIT)), (3, 0)),
        "bytes": Column(3, I8, holds(I8, np.array([1, 2, 3], "i1"), (BYTES, BYTE)), (4, 1)),
        "flags": Column(3, BIT, holds(BIT, np.array([0b110], "u1"))),
        "kind": Column(
            3, KIND, holds(I8, np.array([1, -1, 0], "i1")), (2, -1), texts_of(["à", "b"])
        ),
        "text": texts_of(["", "né", "x"], buffers={"validity": (LATER, BIT)}, null=(3, 0)),
    })  # fmt: skip
    x, _, names = table(frame, missing=-1)
    assert names == ["float", "bits", "bytes", "flags", "kind=b", "kind=à", "text=né", "text=x"]
    assert x.tolist() == [
        [1.5, 7, -1, 0, 1, 0, 0, 0],
        [-1, -1, 2, 1, 0, 0, 1, 0],
        [2, 9, 3, 1, 0, 1, 0, 1],
    ]
    with pytest.raises(TypeError, match=r"Frame, column 't': of \(22, .*expected numbers or texts"):
        table(Frame({"t": Column(1, (22, 64, "tsm:", "="), {})}))


def test_a_slice_of_a_longer_buffer():
    column = Column(2, F64, {"data": (np.arange(5.0), F64)})
    column.offset = 2
    flags = Column(2, BIT, {"data": (np.array([0b01000], "u1"), BIT)})
    flags.offset = 2
    words = texts_of(["a", "b", "c", "b", "e"])
    words.n, words.offset = 2, 2
    x, y, _ = table(Frame({"a": column, "f": flags, "w": words}), "w")
    assert x.tolist() == [[2, 0], [3, 1]]
    assert y.tolist() == [1, 0]
