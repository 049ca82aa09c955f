"""The shipped digits, the made-up points, and IDX files whole and damaged."""

from __future__ import annotations

import gzip
import hashlib
import http.client
import struct
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nn import datasets
from nn.datasets import blobs, circles, digits, mnist, moons, read_idx, spirals, squares
from nn.random import manual_seed

# -------------------------------------------------------------------------------------- digits


def test_digits_are_the_uci_test_set():
    images, labels = digits()
    assert images.shape == (1797, 8, 8)
    assert images.dtype == np.float32
    assert labels.shape == (1797,)
    assert labels.dtype == np.int64
    assert images.min() == 0
    assert images.max() == 1
    # The class counts on UCI's page, and the first line of its optdigits.tes.
    counts = [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert np.bincount(labels).tolist() == counts
    line = """0,0,5,13,9,1,0,0,0,0,13,15,10,15,5,0,0,3,15,2,0,11,8,0,0,4,12,0,0,8,8,0,
              0,5,8,0,0,9,8,0,0,4,11,0,1,12,7,0,0,2,14,5,10,12,0,0,0,0,6,13,10,0,0,0,0"""
    *pixels, label = [int(number) for number in line.split(",")]
    np.testing.assert_array_equal(images[0].ravel() * 16, pixels)
    assert labels[0] == label
    assert (images * 16).sum(dtype=np.float64) == 561718


def test_digits_come_with_credit_in_a_small_file():
    path = Path(datasets.__file__).with_name("digits.npz")
    assert path.stat().st_size < 50_000
    with np.load(path, allow_pickle=False) as file:
        credit = str(file["credit"])
    for text in (credit, digits.__doc__):
        for words in ("Alpaydin", "Kaynak", "UCI", "10.24432/C50P49", "CC BY 4.0"):
            assert words in text


def test_each_call_gives_new_digits():
    digits()[0][:] = 7
    assert digits()[0].max() == 1


# ------------------------------------------------------------------------------ made-up points

MADE_UP = [circles, squares, moons, spirals, blobs]


def size(function, points):
    """How far out a point is, in the norm whose balls are the shape."""
    points = points.astype(np.float64)
    return np.hypot(*points.T) if function is circles else np.abs(points).max(axis=1)


@pytest.mark.parametrize("function", [circles, squares])
def test_points_lie_where_their_label_says(function):
    points, labels = function(generator=0)
    assert points.shape == (1000, 2)
    assert points.dtype == np.float32
    assert labels.shape == (1000,)
    assert labels.dtype == np.int64
    distance = size(function, points)
    assert distance[labels == 1].max() <= 0.4 + 1e-6
    assert distance[labels == 0].min() >= 0.7 - 1e-6
    assert distance.max() <= 1 + 1e-6
    assert labels.sum() == 500
    assert function(7, generator=0)[1].sum() == 3
    assert labels.tolist() != sorted(labels)
    assert labels.tolist() != sorted(labels)[::-1]


@pytest.mark.parametrize("function", [circles, squares])
def test_points_are_uniform_in_their_region(function):
    points, labels = function(40_000, generator=0)  # a share's standard error is below 0.004
    distance = size(function, points)
    inside, outside = distance[labels == 1], distance[labels == 0]
    assert (inside < 0.2).mean() == pytest.approx(1 / 4, abs=0.016)  # shares of the area
    assert (outside < 0.85).mean() == pytest.approx((0.85**2 - 0.7**2) / (1 - 0.7**2), abs=0.016)
    for label in (0, 1):
        x, y = points[labels == label].T
        for half in (x > 0, y > 0, np.abs(x) > np.abs(y), x * y > 0):
            assert half.mean() == pytest.approx(1 / 2, abs=0.016)
    if function is squares:  # the corners of the frame: four squares of side 0.3
        corners = (np.abs(points) > 0.7).all(axis=1)[labels == 0]
        assert corners.mean() == pytest.approx(4 * 0.3**2 / (4 - 1.4**2), abs=0.016)
    else:  # sectors of 30 degrees
        x, y = points.T
        assert (np.abs(y) < np.abs(x) * np.tan(np.pi / 12)).mean() == pytest.approx(
            1 / 6, abs=0.016
        )


@pytest.mark.parametrize("function", MADE_UP)
def test_noise_moves_the_points_and_keeps_the_labels(function):
    clean, labels = function(10_000, noise=0.0, generator=3)
    noisy, same = function(10_000, noise=0.1, generator=3)
    np.testing.assert_array_equal(labels, same)
    moved = noisy - clean
    assert moved.std(axis=0) == pytest.approx([0.1, 0.1], rel=0.05)
    assert moved.mean(axis=0) == pytest.approx([0, 0], abs=0.005)


@pytest.mark.parametrize("function", MADE_UP)
def test_points_are_reproducible(function):
    np.testing.assert_array_equal(function(generator=1)[0], function(generator=1)[0])
    assert (function(generator=1)[0] != function(generator=2)[0]).any()
    manual_seed(0)
    first, second = function()[0], function()[0]
    assert (first != second).any()
    manual_seed(0)
    np.testing.assert_array_equal(function()[0], first)


@pytest.mark.parametrize("function", [circles, squares])
def test_a_2_3_2_network_learns_them(function):
    """Plain NumPy: tanh, softmax cross-entropy, Glorot weights, full-batch Adam."""
    x, y = function(1000, generator=0)
    rng = np.random.default_rng(0)
    bounds = [np.sqrt(6 / 5) * 5 / 3, 0, np.sqrt(6 / 5), 0]
    shapes = [(2, 3), (3,), (3, 2), (2,)]
    params = [rng.uniform(-b, b, shape) for b, shape in zip(bounds, shapes, strict=True)]
    means, second_moments = (
        [np.zeros(shape) for shape in shapes],
        [np.zeros(shape) for shape in shapes],
    )

    def forward(x):
        h = np.tanh(x @ params[0] + params[1])
        return h, h @ params[2] + params[3]

    for step in range(1, 1001):
        h, scores = forward(x)
        g = np.exp(scores - scores.max(axis=1, keepdims=True))
        g /= g.sum(axis=1, keepdims=True)
        g = (g - np.eye(2)[y]) / len(x)
        g_hidden = (g @ params[2].T) * (1 - h * h)
        grads = [x.T @ g_hidden, g_hidden.sum(axis=0), h.T @ g, g.sum(axis=0)]
        for p, m, v, grad in zip(params, means, second_moments, grads, strict=True):
            m += 0.1 * (grad - m)
            v += 0.001 * (grad**2 - v)
            p -= 0.03 * (m / (1 - 0.9**step)) / (np.sqrt(v / (1 - 0.999**step)) + 1e-8)

    x_test, y_test = function(1000, generator=1)
    assert (forward(x_test)[1].argmax(axis=1) == y_test).mean() >= 0.96


@pytest.mark.parametrize("function", MADE_UP)
@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"n": 0}, "n: got 0, expected at least 1"),
        ({"noise": -0.1}, "noise: got -0.1, expected a standard deviation"),
        ({"noise": float("nan")}, "noise: got nan"),
        ({"noise": float("inf")}, "noise: got inf"),
    ],
)
def test_wrong_use_of_made_up_points(function, options, words):
    with pytest.raises(ValueError, match=words):
        function(**options)


def test_moons_are_scikit_learns_of_another_size():
    """There (cos t, sin t) and (1 - cos t, 1 - sin t - 0.5), for t from 0 to pi."""
    points, labels = moons(1000, noise=0.0, generator=0)
    x, y = 1.5 * points.astype(np.float64).T + [[0.5], [0.25]]
    upper, lower = labels == 0, labels == 1
    assert upper.sum() == lower.sum() == 500
    np.testing.assert_allclose(np.hypot(x, y)[upper], 1, atol=1e-6)
    np.testing.assert_allclose(np.hypot(x - 1, y - 0.5)[lower], 1, atol=1e-6)
    assert y[upper].min() >= -1e-6
    assert y[lower].max() <= 0.5 + 1e-6
    assert np.abs(points).max() <= 1
    assert np.arccos(np.clip(x[upper], -1, 1)).mean() == pytest.approx(np.pi / 2, abs=0.15)


@pytest.mark.parametrize(("classes", "turns"), [(2, 1.0), (3, 1.5), (5, 0.0)])
def test_the_arms_of_spirals_are_one_arm_turned(classes, turns):
    points, labels = spirals(1000, classes, turns=turns, noise=0.0, generator=0)
    z = points[:, 0].astype(np.complex128) + 1j * points[:, 1]
    straight = z * np.exp(-2j * np.pi * (labels / classes + turns * np.abs(z)))
    np.testing.assert_allclose(straight, np.abs(z), atol=2e-6)
    assert 0.1 - 1e-6 <= np.abs(z).min() < 0.11
    assert 0.99 < np.abs(z).max() <= 1 + 1e-6
    assert np.ptp(np.bincount(labels)) <= 1


def test_blobs_are_round_and_around_their_centres():
    points, labels = blobs(40_000, 4, noise=0.1, generator=0)
    for k, centre in enumerate([(0.7, 0), (0, 0.7), (-0.7, 0), (0, -0.7)]):
        own = points[labels == k]
        assert len(own) == 10_000
        np.testing.assert_allclose(own.mean(axis=0), centre, atol=0.005)
        np.testing.assert_allclose(np.cov(own.T), 0.01 * np.eye(2), atol=0.0006)


@pytest.mark.parametrize("function", MADE_UP)
def test_there_are_a_thousand_unless_told(function):
    points, labels = function()
    assert (points.shape, labels.shape) == ((1000, 2), (1000,))
    assert (points.dtype, labels.dtype) == (np.float32, np.int64)
    assert (function(generator=0)[0] != function(noise=0.0, generator=0)[0]).any() == (
        function in (moons, spirals, blobs)
    )


@pytest.mark.parametrize("function", [spirals, blobs])
@pytest.mark.parametrize("classes", [0, -1, 2.5])
def test_classes_are_counted_from_one(function, classes):
    with pytest.raises(ValueError, match=f"classes: got {classes}, expected a positive int"):
        function(10, classes)
    assert set(function(10, 1)[1]) == {0}


# ---------------------------------------------------------------------------------- IDX files

CODES = {"u1": 8, "i1": 9, ">i2": 11, ">i4": 12, ">f4": 13, ">f8": 14}


def idx(array, code=None):
    """The bytes of an IDX file, written by the format's definition."""
    code = CODES[array.dtype.newbyteorder(">").str.replace("|", "")] if code is None else code
    header = struct.pack(f">HBB{array.ndim}I", 0, code, array.ndim, *array.shape)
    return header + array.astype(array.dtype.newbyteorder(">")).tobytes()


def assert_clear(error, path):
    assert str(error).startswith(f"{path}: ")
    assert "\n" not in str(error)


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    return tmp_path_factory.mktemp("idx") / "file"


@given(data=st.data(), code=st.sampled_from(sorted(CODES)), zipped=st.booleans())
def test_every_idx_type_is_read(scratch, data, code, zipped):
    array = data.draw(hnp.arrays(code, hnp.array_shapes(max_dims=4, min_side=0)))
    scratch.write_bytes(gzip.compress(idx(array)) if zipped else idx(array))
    read = read_idx(scratch)
    assert read.dtype == array.dtype.newbyteorder("=")
    assert read.dtype.isnative
    assert read.flags.writeable
    np.testing.assert_array_equal(read, array)


def test_idx_by_hand(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(bytes([0, 0, 0x0B, 2, 0, 0, 0, 1, 0, 0, 0, 2, 0x01, 0x02, 0xFF, 0xFE]))
    np.testing.assert_array_equal(read_idx(str(path)), [[258, -2]])


@pytest.mark.parametrize("zipped", [False, True])
def test_a_file_cut_anywhere_is_refused(tmp_path, zipped):
    whole = idx(np.arange(24, dtype="u1").reshape(2, 3, 4))
    whole = gzip.compress(whole) if zipped else whole
    path = tmp_path / "cut"
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError) as caught:
            read_idx(path)
        assert_clear(caught.value, path)


def test_a_flipped_bit_in_a_gzip_file_never_changes_the_data(tmp_path):
    array = np.arange(24, dtype="u1").reshape(2, 3, 4)
    whole = gzip.compress(idx(array))
    path, refused = tmp_path / "flipped", 0
    for bit in range(8 * len(whole)):
        damaged = bytearray(whole)
        damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        try:
            np.testing.assert_array_equal(read_idx(path), array)  # a bit of the time stamp, say
        except ValueError as error:
            assert_clear(error, path)
            refused += 1
    assert refused > 8 * (len(whole) - 10)  # every bit but some of the 10-byte gzip header


@given(
    st.binary(max_size=40),
    st.sampled_from([b"", b"\0\0\x08\x01", b"\0\0\x0e\xff", b"\x1f\x8b\x08"]),
)
def test_any_bytes_are_an_array_or_a_value_error(scratch, data, start):
    scratch.write_bytes(start + data)
    try:
        assert isinstance(read_idx(scratch), np.ndarray)
    except ValueError as error:
        assert_clear(error, scratch)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not an IDX file"),
        (b"\x89PNG\r\n\x1a\n", r"not an IDX file.*\[89 50 4e 47\]"),
        (idx(np.zeros(3, "u1"), code=10), "not an IDX file"),
        (b"\0\0\x08\0" + b"x", "not an IDX file"),
        (idx(np.zeros(3, "u1"))[:6], "truncated: 6 bytes, but the header alone takes 8"),
        (idx(np.zeros(3, ">i4"))[:-1], r"truncated: 11 bytes.*expected 12 for int32 .*\(3,\)"),
        (idx(np.zeros(3, "u1")) + b"x", "trailing bytes: 4 bytes after the header, expected 3"),
        (b"\0\0\x08\xff" + b"\xff" * 1020, "truncated: 0 bytes after the header"),
        (b"\0\0\x08\xff" + b"\0\0\0\1" * 255 + b"x", "dimension"),  # more than NumPy can hold
        (gzip.compress(b"hello"), "not an IDX file"),
        (gzip.compress(idx(np.zeros(3, "u1"))) + b"x", "damaged gzip data"),
    ],
)
def test_damage_is_described(tmp_path, data, words):
    path = tmp_path / "damaged"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=words) as caught:
        read_idx(path)
    assert_clear(caught.value, path)


def test_a_missing_idx_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        read_idx(tmp_path / "nowhere")


# --------------------------------------------------------------------------------------- MNIST

PIXELS = np.random.default_rng(0).integers(0, 256, (5, 28, 28), dtype=np.uint8)
LABELS = np.array([3, 0, 9, 1, 9], dtype=np.uint8)
FILES = {"images-idx3-ubyte": idx(PIXELS), "labels-idx1-ubyte": idx(LABELS)}


def fill(folder, part="train", files=FILES):
    for name, data in files.items():
        (folder / f"{part}-{name}.gz").write_bytes(gzip.compress(data, mtime=0))
    return folder


def test_mnist_reads_a_folder(tmp_path):
    images, labels = mnist(fill(tmp_path))
    assert images.dtype == np.float32
    assert labels.dtype == np.int64
    np.testing.assert_array_equal(images, (PIXELS / 255).astype(np.float32))
    assert labels.tolist() == LABELS.tolist()


@pytest.mark.parametrize("dot", [False, True])
@pytest.mark.parametrize("zipped", [False, True])
def test_mnist_knows_the_usual_names(tmp_path, dot, zipped):
    for name, data in FILES.items():
        name = "t10k-" + (name.replace("-idx", ".idx") if dot else name)
        (tmp_path / (name + ".gz" * zipped)).write_bytes(gzip.compress(data) if zipped else data)
    assert mnist(str(tmp_path), train=False)[1].tolist() == LABELS.tolist()


def test_mnist_keeps_training_and_test_apart(tmp_path):
    fill(tmp_path, "train")
    fill(tmp_path, "t10k", FILES | {"labels-idx1-ubyte": idx(LABELS[::-1])})
    assert mnist(tmp_path)[1].tolist() == LABELS.tolist()
    assert mnist(tmp_path, train=False)[1].tolist() == LABELS[::-1].tolist()
    with pytest.raises(TypeError, match="train: got 'test', expected True or False"):
        mnist(tmp_path, "test")


@pytest.mark.parametrize("present", [None, "images-idx3-ubyte", "labels-idx1-ubyte"])
def test_a_missing_mnist_file(tmp_path, monkeypatch, present):
    monkeypatch.setattr(urllib.request, "urlopen", None)  # must not be called
    folder = tmp_path / "data"
    if present:
        folder.mkdir()
        fill(folder, files={present: FILES[present]})
    missing = "labels-idx1" if present == "images-idx3-ubyte" else "images-idx3"
    with pytest.raises(
        FileNotFoundError, match=f"no train-{missing}-ubyte.*download=True"
    ) as caught:
        mnist(folder)
    assert_clear(caught.value, folder)


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("labels-idx1-ubyte", idx(LABELS[:4]), "holds 4 labels for the 5 images"),
        ("labels-idx1-ubyte", idx(LABELS + 1), "holds the label 10, expected 0 to 9"),
        ("labels-idx1-ubyte", idx(PIXELS), r"holds uint8 of shape \(5, 28, 28\), expected uint8 l"),
        ("labels-idx1-ubyte", idx(LABELS.astype(">i4")), "holds int32 of shape"),
        ("images-idx3-ubyte", idx(LABELS), r"holds uint8 of shape \(5,\), expected uint8 images"),
        ("images-idx3-ubyte", idx(PIXELS[:, :14]), r"expected uint8 images of shape \(n, 28, 28\)"),
        ("images-idx3-ubyte", idx(PIXELS.astype(">f4")), "holds float32 of shape"),
        ("images-idx3-ubyte", idx(PIXELS)[:-1], "truncated"),
    ],
)
def test_mnist_files_that_are_not(tmp_path, name, data, words):
    fill(tmp_path, files=FILES | {name: data})
    with pytest.raises(ValueError, match=words) as caught:
        mnist(tmp_path)
    assert_clear(caught.value, tmp_path / f"train-{name}.gz")


# ------------------------------------------------------------------------------------ download


@pytest.fixture
def mirror(tmp_path, monkeypatch):
    """A folder that plays the mirror, through file:// addresses; the first mirror is dead."""
    folder = tmp_path / "mirror"
    folder.mkdir()
    fill(folder, "train")
    fill(folder, "t10k")
    sums = {p.stem: hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.iterdir()}
    monkeypatch.setattr(datasets, "_SHA256", sums)
    dead = (tmp_path / "dead").as_uri() + "/"
    monkeypatch.setattr(datasets, "_MIRRORS", [dead, folder.as_uri() + "/"])
    return folder


def test_download_fetches_the_missing_files_and_only_those(tmp_path, mirror):
    folder = tmp_path / "new" / "mnist"
    assert mnist(folder, download=True)[1].tolist() == LABELS.tolist()
    names = ["train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"]
    assert sorted(path.name for path in folder.iterdir()) == names
    for path in mirror.iterdir():
        path.unlink()
    mnist(folder, download=True)  # now nothing is fetched
    (folder / names[1]).unlink()
    with pytest.raises(ConnectionError, match=r"train-labels-idx1-ubyte\.gz: no mirror gave it"):
        mnist(folder, download=True)


def test_a_download_with_another_checksum_is_refused(tmp_path, mirror):
    path = mirror / "train-images-idx3-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ConnectionError, match=r"bytes with SHA-256 \w{64}, not \w{64}") as caught:
        mnist(tmp_path / "new", download=True)
    assert_clear(caught.value, path.name)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    "error",
    [
        urllib.error.URLError("no route"),
        urllib.error.HTTPError("http://x", 404, "Not Found", http.client.HTTPMessage(), None),
        TimeoutError("timed out"),
        ConnectionResetError(104, "reset"),
        http.client.IncompleteRead(b"half"),
        http.client.RemoteDisconnected("gone"),
    ],
)
def test_every_network_failure_is_one_connection_error(tmp_path, monkeypatch, error):
    def fail(*args, **kwargs):
        raise error

    monkeypatch.setattr(urllib.request, "urlopen", fail)
    with pytest.raises(ConnectionError, match=r"no mirror gave it.*by hand") as caught:
        mnist(tmp_path, download=True)
    assert_clear(caught.value, "train-images-idx3-ubyte.gz")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("step", ["os.fsync", "os.replace"])
def test_an_interrupted_download_leaves_nothing(tmp_path, mirror, monkeypatch, step):
    def fail(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(step, fail)
    with pytest.raises(OSError, match="No space"):
        mnist(tmp_path / "new", download=True)
    assert list((tmp_path / "new").iterdir()) == []
