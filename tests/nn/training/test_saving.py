"""Saving and loading: round trips, odd names, damage, and a crash half way."""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import os
import stat
import struct
import subprocess
import sys
import tracemalloc
import warnings
import zipfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

import nn
from autograd import Tensor
from nn.files import replacing


def same(a: Any, b: Any) -> None:
    """Equal in structure, types, dtypes and values."""
    if isinstance(a, np.ndarray):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)
        return
    assert type(a) is type(b)
    if isinstance(a, dict):
        assert list(a) == list(b)
        for key in a:
            same(a[key], b[key])
    elif isinstance(a, list | tuple):
        assert len(a) == len(b)
        for x, y in zip(a, b, strict=True):
            same(x, y)
    else:
        assert a == b


def test_a_module_comes_back(tmp_path: Path) -> None:
    net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    nn.save(net, tmp_path / "model.npz")
    state = nn.load(tmp_path / "model.npz")
    same(state, net.state_dict())
    other = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    other.load_state_dict(state)
    same(other.state_dict(), net.state_dict())
    with np.load(tmp_path / "model.npz", allow_pickle=False) as arrays:  # NumPy reads it too
        assert list(arrays) == ["0.weight", "0.bias", "2.weight", "2.bias"]
        np.testing.assert_array_equal(arrays["0.weight"], state["0.weight"])


@pytest.mark.parametrize(
    "name", ["file", "allow_pickle", "arr_0", "a/b", "x.npy", "structure.json", "", "ü λ", "../up"]
)
def test_odd_names(tmp_path: Path, name: str) -> None:
    state = {name: np.arange(3), "other": np.ones(2)}
    nn.save(state, tmp_path / "state.npz")
    same(nn.load(tmp_path / "state.npz"), state)


@pytest.mark.parametrize(
    "array",
    [
        np.array(1.5),
        np.zeros((0, 3), np.float16),
        np.arange(6).reshape(2, 3).T,
        np.arange(10)[::-2],
        np.array([True, False]),
        np.array([1 + 2j]),
        np.array(["text"]),
        np.array([np.nan, np.inf, -0.0]),
    ],
    ids=lambda a: f"{a.dtype}{a.shape}",
)
def test_any_array(tmp_path: Path, array: np.ndarray) -> None:
    nn.save({"a": array}, tmp_path / "a.npz")
    back = nn.load(tmp_path / "a.npz")["a"]
    assert back.dtype == array.dtype
    np.testing.assert_array_equal(back, array)


NESTED: dict[str, Any] = {
    "model": {"0.weight": np.ones((2, 3), np.float32)},
    "optimizer": {
        "state": {0: {"step": 3, "m": np.zeros(2)}, 1: {}},
        "param_groups": [{"lr": 1e-3, "betas": (0.9, 0.999), "foreach": None, "params": [0, 1]}],
    },
    "done": True,
    "best": float("inf"),
    "name": "run",
    "empty": [],
}


def test_a_nested_state_comes_back(tmp_path: Path) -> None:
    nn.save(NESTED, tmp_path / "checkpoint.npz")
    same(nn.load(tmp_path / "checkpoint.npz"), NESTED)


@pytest.mark.parametrize("state", [{}, {"a": {}}, [], {1: np.ones(2)}, np.ones(2), 3.0, None])
def test_small_states_come_back(tmp_path: Path, state: Any) -> None:
    nn.save(state, tmp_path / "state")
    same(nn.load(tmp_path / "state"), state)


class Point(NamedTuple):
    x: Any
    y: Any


def test_named_tuples_stay_named(tmp_path: Path) -> None:
    state = {"points": [Point(1, np.ones(2)), Point(Point(2, None), "text")]}
    nn.save(state, tmp_path / "state")
    first, second = nn.load(tmp_path / "state")["points"]
    assert (type(first).__name__, first._fields, first.x) == ("Point", ("x", "y"), 1)
    np.testing.assert_array_equal(first.y, np.ones(2))
    assert second == ((2, None), "text")
    assert second.x.x == 2
    assert type(first) is type(second) is type(second.x)


def test_lists_of_another_kind_come_back_as_lists(tmp_path: Path) -> None:
    class Rows(list):  # type: ignore[type-arg]
        pass

    nn.save({"rows": Rows([1, 2])}, tmp_path / "state")
    same(nn.load(tmp_path / "state"), {"rows": [1, 2]})


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize(
    "names", [["n" * 70_000, "n" * 70_000 + "2", "n"], ["a\0b", "a\0c", "a"], ["\ud800"], ["a\\b"]]
)
def test_names_that_no_archive_can_hold(tmp_path: Path, names: list[str], nested: bool) -> None:
    state: Any = {name: np.full(3, i) for i, name in enumerate(names)}
    state = {"model": state} if nested else state
    nn.save(state, tmp_path / "state.npz")
    same(nn.load(tmp_path / "state.npz"), state)


def test_tensors_and_numpy_numbers_become_arrays(tmp_path: Path) -> None:
    state = {"t": Tensor([1.0], requires_grad=True), "n": [np.float32(2), np.int64(3)]}
    nn.save(state, tmp_path / "state.npz")
    expected = {"t": np.ones(1, np.float32), "n": [np.array(2, np.float32), np.array(3)]}
    same(nn.load(tmp_path / "state.npz"), expected)


def test_the_path_is_taken_as_it_is(tmp_path: Path) -> None:
    for name in ("weights", "weights.bin", "weights.npz"):
        nn.save({"a": np.ones(1)}, str(tmp_path / name))
    assert sorted(os.listdir(tmp_path)) == ["weights", "weights.bin", "weights.npz"]


def test_an_object_with_a_state_dict(tmp_path: Path) -> None:
    class Optimizer:
        def state_dict(self) -> Any:
            return NESTED["optimizer"]

    nn.save(Optimizer(), tmp_path / "o.npz")
    same(nn.load(tmp_path / "o.npz"), NESTED["optimizer"])


@pytest.mark.parametrize(
    ("state", "where"),
    [
        ({"a": {"b": object()}}, "a/b"),
        ({"a": np.array([None])}, "a"),
        ({"a": {1, 2}}, "a"),
        ({"a": {(1, 2): 3}}, r"key \(1, 2\) in a"),
        (lambda: None, "this, a function"),
        ({"a": np.ma.masked_equal([1, 2], 2)}, "a is a masked array; write .filled"),
    ],
)
def test_what_cannot_be_saved_is_refused_before_writing(
    tmp_path: Path, state: Any, where: str
) -> None:
    with pytest.raises(TypeError, match=where):
        nn.save(state, tmp_path / "x.npz")
    assert os.listdir(tmp_path) == []


def test_names_that_would_fall_together(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="'a/b'"):
        nn.save({"a": {"b": np.ones(1)}, "a/b": np.ones(1)}, tmp_path / "x.npz")


@pytest.mark.parametrize("failing", ["os.fsync", "os.replace", "numpy.lib.format.write_array"])
def test_a_crash_half_way_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    path = tmp_path / "model.npz"
    nn.save({"a": np.zeros(3)}, path)
    old = path.read_bytes()

    def crash(*args: Any, **kwargs: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(failing, crash)
    with pytest.raises(KeyboardInterrupt):
        nn.save({"a": np.ones(3)}, path)
    assert path.read_bytes() == old
    assert os.listdir(tmp_path) == ["model.npz"]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    (tmp_path / "last.npz").symlink_to(tmp_path / "runs" / "7.npz")
    nn.save({"a": np.ones(1)}, tmp_path / "last.npz")
    assert (tmp_path / "last.npz").is_symlink()
    assert os.listdir(tmp_path / "runs") == ["7.npz"]


def test_no_such_file_or_folder(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        nn.load(tmp_path / "none.npz")
    with pytest.raises(FileNotFoundError):
        nn.save({}, tmp_path / "no" / "x.npz")


def test_a_file_of_another_kind(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    np.save(tmp_path / "array", np.ones(3))
    with zipfile.ZipFile(tmp_path / "archive", "w") as archive:
        archive.writestr("letter.txt", "hello")
    contents = [b"", b"text", (tmp_path / "array.npy").read_bytes()]
    for content in [*contents, (tmp_path / "archive").read_bytes()]:
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"x\.npz: not a file that nn\.save wrote"):
            nn.load(path)


def test_of_a_file_of_pytorchs_the_error_says_how(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "model.pt", "w") as archive:
        archive.writestr("model/data.pkl", b"")
    with pytest.raises(ValueError, match=r"model\.pt: .*PyTorch's: .*torch\.load"):
        nn.load(tmp_path / "model.pt")


def test_pickles_are_not_opened(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", a=np.array([{"an": "object"}]))
    with pytest.raises(ValueError, match="allow_pickle=False"):
        nn.load(tmp_path / "x.npz")


def test_damage_never_gives_wrong_numbers(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    state = {"weight": np.arange(4.0), "ü": np.ones(2, np.float32)}
    nn.save(state, path)
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match="damaged"):
            nn.load(path)
    directory = whole.index(b"PK\1\2")
    for i in range(len(whole)):
        bits = range(8) if i >= directory else [i % 8]
        for mask in (*(1 << bit for bit in bits), 0xFF):
            path.write_bytes(whole[:i] + bytes([whole[i] ^ mask]) + whole[i + 1 :])
            try:
                back = nn.load(path)
            except ValueError:
                continue
            same(back, state)  # a byte of no meaning, such as a time


def test_an_entry_that_the_directory_does_not_have_is_missed(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    state = {name: np.arange(3) for name in "abc"}
    for hidden in "abc":
        with zipfile.ZipFile(path, "w") as archive:
            for name, array in state.items():
                with archive.open(f"{name}.npy", "w") as entry:
                    np.lib.format.write_array(entry, array)
            archive.filelist = [x for x in archive.filelist if x.filename != f"{hidden}.npy"]
        with pytest.raises(ValueError, match="its directory"):
            nn.load(path)


def test_an_entry_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        for content in (b"1", b"2"):
            archive.writestr("a.npy", content)
    with pytest.raises(ValueError, match="two entries of one name"):
        nn.load(tmp_path / "x.npz")


@pytest.mark.parametrize("savez", [np.savez, np.savez_compressed])
def test_what_numpy_wrote(tmp_path: Path, savez: Any) -> None:
    state = {"ü": np.arange(4.0), "b": np.zeros((0, 2), np.int8), "c": np.array("text")}
    state["fields"] = np.zeros(3, [("é", "f4"), ("日", "i8", (2,))])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # names of fields that are not Latin
        savez(tmp_path / "x.npz", **state)
    same(nn.load(tmp_path / "x.npz"), state)


def test_one_can_write_to_what_cannot_be_sought_in(tmp_path: Path) -> None:
    state = {"a": np.arange(5), "nested": {"b": np.ones(3)}}
    os.mkfifo(tmp_path / "pipe")
    with open(tmp_path / "x.npz", "wb") as copy:
        end = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)  # else save would wait
        nn.save(state, tmp_path / "pipe")
        copy.write(os.read(end, 2**16))
        os.close(end)
    same(nn.load(tmp_path / "x.npz"), state)
    assert sorted(os.listdir(tmp_path)) == ["pipe", "x.npz"]


# Sizes that are promised


def test_more_than_a_file_can_hold_is_read_only_on_request(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    np.savez_compressed(path, a=np.zeros(2**20), b=np.ones(3))
    promised = 2**23 + 3 * 8 + 2 * 128  # of which the file has a thousandth
    same(nn.load(path, max_bytes=promised), {"a": np.zeros(2**20), "b": np.ones(3)})
    words = rf"would take {promised:,} bytes, more than {promised - 1:,}; .*max_bytes={promised}\)"
    with pytest.raises(ValueError, match=words):
        nn.load(path, max_bytes=promised - 1)
    same(nn.load(path)["b"], np.ones(3))  # below 1 GB nobody has to ask


def test_by_default_it_is_1_gb_or_16_times_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nn.training.saving._read", lambda file, limit: limit)
    path = tmp_path / "x.npz"
    for size, limit in (2**10, 2**30), (2**26 + 1, 2**30 + 16):
        with open(path, "wb") as file:
            file.truncate(size)  # a hole: it takes no room on the disk
        assert nn.load(path) == limit


def test_a_header_that_promises_more_than_there_is_takes_no_memory(tmp_path: Path) -> None:
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "<f8", "fortran_order": False, "shape": (2**40, 3)}
    )
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        archive.writestr("a.npy", header.getvalue() + bytes(24))
    tracemalloc.start()
    with pytest.raises(ValueError, match=r"a promises 26,388,279,066,624 bytes and has 24"):
        nn.load(tmp_path / "x.npz")
    assert tracemalloc.get_traced_memory()[1] < 2**20
    tracemalloc.stop()


# What is at the place before


def test_a_file_keeps_its_mode(tmp_path: Path) -> None:
    for path in (tmp_path / "model.npz", tmp_path / "history.csv"):
        path.touch(0o600)
        for mode in (0o600, 0o640, 0o664, 0o400):
            path.chmod(mode)
            nn.save({"a": np.ones(3)}, path)
            assert stat.S_IMODE(path.stat().st_mode) == mode
    (tmp_path / "like").touch()
    nn.save({"a": np.ones(3)}, tmp_path / "new.npz")
    assert (tmp_path / "new.npz").stat().st_mode == (tmp_path / "like").stat().st_mode


def test_while_it_is_written_it_is_no_more_open_than_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "model.npz"
    path.touch(0o600)
    with replacing(path) as file:
        assert stat.S_IMODE(os.fstat(file.fileno()).st_mode) == 0o600


def test_what_is_no_file_is_written_to_but_not_replaced(tmp_path: Path) -> None:
    before = os.stat(os.devnull)
    nn.save({"a": np.ones(3)}, os.devnull)
    assert os.path.samestat(os.stat(os.devnull), before)
    with pytest.raises(IsADirectoryError):
        nn.save({"a": np.ones(3)}, tmp_path)


def test_a_name_may_be_as_long_as_the_system_allows(tmp_path: Path) -> None:
    name = "m" * 251 + ".npz"
    for _ in range(2):
        nn.save({"a": np.ones(3)}, tmp_path / name)
    assert os.listdir(tmp_path) == [name]


NAMELESS = """
import os, sys
from nn.files import replacing
with replacing("model.npz") as file:
    file.write(b"half")
    file.flush()
    print(os.fstat(file.fileno()).st_nlink, flush=True)
    os.kill(os.getpid(), 9)
"""


def test_a_kill_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "model.npz").write_bytes(b"old")
    environment = {**os.environ, "PYTHONPATH": str(Path(nn.__file__).parents[1])}
    done = subprocess.run(
        [sys.executable, "-c", NAMELESS], cwd=tmp_path, env=environment, stdout=subprocess.PIPE
    )
    assert done.returncode == -9
    assert (tmp_path / "model.npz").read_bytes() == b"old"
    if done.stdout != b"0\n":
        pytest.skip("this system has no files without a name")
    assert os.listdir(tmp_path) == ["model.npz"]


@pytest.mark.parametrize("lacking", ["files without a name", "links to them"])
def test_on_other_systems(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lacking: str) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise OSError

    if lacking == "links to them":
        monkeypatch.setattr(os, "link", fail)
    else:
        monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    path = tmp_path / "model.npz"
    for state in ({"a": np.ones(1000)}, {"b": np.ones(3)}):
        nn.save(state, path)
        same(nn.load(path), state)
        assert os.listdir(tmp_path) == ["model.npz"]
    path.chmod(0o600)
    crash = contextlib.suppress(ZeroDivisionError)
    with crash, replacing(path) as file:
        assert stat.S_IMODE(os.fstat(file.fileno()).st_mode) == 0o600
        file.write(b"half")
        raise ZeroDivisionError
    same(nn.load(path), state)
    assert os.listdir(tmp_path) == ["model.npz"]
    (tmp_path / "like").touch()
    nn.save(state, tmp_path / "new.npz")
    assert (tmp_path / "new.npz").stat().st_mode == (tmp_path / "like").stat().st_mode


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # in between a file is nobody's yet
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_interrupt_is_an_interrupt_wherever_it_comes(tmp_path: Path) -> None:
    path = tmp_path / "model.npz"
    old, new = {"a": np.zeros(3)}, {"a": np.ones(3), "nested": [np.ones(2)]}
    nn.save(old, path)
    lines = 0

    def trace(frame: Any, event: str, arg: Any) -> Any:
        nonlocal lines
        if event == "line":
            lines += 1
            if lines == stop:
                raise KeyboardInterrupt
        return trace

    tracer = sys.gettrace()
    for stop in itertools.count(1, 7):
        lines = 0
        sys.settrace(trace)
        try:
            nn.save(new, path)
        except KeyboardInterrupt:
            pass
        finally:
            sys.settrace(tracer)
        back = nn.load(path)
        same(back, new if "nested" in back else old)
        assert os.listdir(tmp_path) == ["model.npz"]
        if lines < stop:
            break
        nn.save(old, path)
    assert stop > 500


# safetensors


def test_safetensors_come_back(tmp_path: Path) -> None:
    pytest.importorskip("safetensors")
    path = tmp_path / "model.safetensors"
    net = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
    nn.save(net, path)
    same(dict(sorted(nn.load(path).items())), dict(sorted(net.state_dict().items())))
    other = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
    other.load_state_dict(nn.load(str(path)))
    same(other.state_dict(), net.state_dict())
    assert os.listdir(tmp_path) == ["model.safetensors"]


@pytest.mark.parametrize(
    "array",
    [
        np.array(1.5),
        np.zeros((0, 3), np.float16),
        np.arange(6).reshape(2, 3).T,
        np.arange(10.0)[::-2],
        np.array([True, False]),
        np.arange(3, dtype=">i2"),
        np.array([1, 255], np.uint8),
        np.array([np.nan, np.inf, -0.0], np.float32),
    ],
    ids=lambda a: f"{a.dtype}{a.shape}",
)
def test_arrays_in_safetensors(tmp_path: Path, array: np.ndarray) -> None:
    numpy = pytest.importorskip("safetensors.numpy")
    nn.save({"a": array}, tmp_path / "a.safetensors")
    back = nn.load(tmp_path / "a.safetensors")["a"]
    assert back.dtype == array.dtype.newbyteorder("=")
    assert back.shape == array.shape
    assert back.flags.writeable
    np.testing.assert_array_equal(back, array)
    np.testing.assert_array_equal(numpy.load_file(tmp_path / "a.safetensors")["a"], array)


def test_safetensors_can_have_any_name(tmp_path: Path) -> None:
    pytest.importorskip("safetensors")
    state = {"a\\b": np.ones(2), "n" * 70_000: np.zeros(3)}
    nn.save(state, tmp_path / "a.safetensors")
    same(dict(sorted(nn.load(tmp_path / "a.safetensors").items())), state)


def raw_safetensors(dtype: str, shape: list[int], data: bytes) -> bytes:
    header = json.dumps({"x": {"dtype": dtype, "shape": shape, "data_offsets": [0, len(data)]}})
    header += " " * (-len(header) % 8)
    return struct.pack("<Q", len(header)) + header.encode() + data


def test_bfloat16_becomes_float32(tmp_path: Path) -> None:
    pytest.importorskip("safetensors")
    path = tmp_path / "x.safetensors"
    values = np.array([[1.0, -2.5], [np.inf, 0.0]], np.float32)
    halves = (values.view(np.uint32) >> 16).astype("<u2")
    path.write_bytes(raw_safetensors("BF16", [2, 2], halves.tobytes()))
    same(nn.load(path), {"x": values})
    path.write_bytes(raw_safetensors("F8_E4M3", [2], b"ab"))
    with pytest.raises(ValueError, match="x is of type F8_E4M3, which NumPy does not have"):
        nn.load(path)


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (NESTED["optimizer"], "not a nested state, as of an optimizer; an .npz file holds it"),
        ({"a": np.array(["text"])}, "cannot hold a, <U4; an .npz file holds it"),
        ({"a": np.array([1j])}, "cannot hold a, complex128"),
    ],
)
def test_what_safetensors_cannot_hold(tmp_path: Path, state: Any, message: str) -> None:
    pytest.importorskip("safetensors")
    with pytest.raises(TypeError, match=message):
        nn.save(state, tmp_path / "x.safetensors")
    assert os.listdir(tmp_path) == []


def test_damaged_safetensors(tmp_path: Path) -> None:
    pytest.importorskip("safetensors")
    path = tmp_path / "x.safetensors"
    nn.save({"a": np.ones(3)}, path)
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match=r"x\.safetensors: .*damaged"):
            nn.load(path)


def test_without_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "safetensors", None)
    monkeypatch.setitem(sys.modules, "safetensors.numpy", None)
    path = tmp_path / "x.safetensors"
    with pytest.raises(ImportError, match="pip install safetensors; or use a name that ends in"):
        nn.save({"a": np.ones(3)}, path)
    with pytest.raises(ImportError, match=r"x\.safetensors: files of this kind need a package"):
        nn.load(path)
    assert os.listdir(tmp_path) == []
