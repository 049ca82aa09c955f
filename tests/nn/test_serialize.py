"""Saving and loading: round trips, odd names, damage, and a crash half way."""

from __future__ import annotations

import json
import os
import struct
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
from autograd import Tensor


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
    state = {"weight": np.arange(4.0), "bias": np.ones(2, np.float32)}
    nn.save(state, path)
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match="damaged"):
            nn.load(path)
    for i in range(len(whole)):
        for mask in (0x01, 0x80, 0xFF):
            path.write_bytes(whole[:i] + bytes([whole[i] ^ mask]) + whole[i + 1 :])
            try:
                back = nn.load(path)
            except ValueError:
                continue
            # A byte of no meaning, such as a time; or it hides an entry, which a Module misses.
            assert back.keys() <= state.keys()
            for name in back:
                same(back[name], state[name])


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
