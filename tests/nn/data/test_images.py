"""Images from folders: as they were written, in the order of their names."""

from __future__ import annotations

import builtins

import numpy as np
import pytest

from nn.data import image_folder

Image = pytest.importorskip("PIL.Image")

RNG = np.random.default_rng(0)
GRAY = RNG.integers(0, 256, (4, 6, 5), dtype=np.uint8)
COLOURS = RNG.integers(0, 256, (4, 6, 5, 3), dtype=np.uint8)


def write(root, images, names=("cat/b.png", "cat/a.png", "dog/2/x.png", "dog/1.PNG"), mode=None):
    for name, pixels in zip(names, images, strict=True):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).convert(mode or Image.fromarray(pixels).mode).save(path)
    return root


ORDER = [1, 0, 3, 2]  # by name


def test_gray_images_have_one_channel(tmp_path):
    images, labels, classes = image_folder(write(tmp_path, GRAY))
    assert images.dtype == np.float32
    assert labels.dtype == np.int64
    np.testing.assert_array_equal(images, (GRAY[ORDER] / 255).astype(np.float32)[:, None])
    assert labels.tolist() == [0, 0, 1, 1]
    assert classes == ["cat", "dog"]
    three, _, _ = image_folder(str(tmp_path), gray=False)
    np.testing.assert_array_equal(three, images.repeat(3, axis=1))
    np.testing.assert_array_equal(image_folder(tmp_path, gray=True)[0], images)


def test_colours_are_channels_in_front(tmp_path):
    images, _, _ = image_folder(write(tmp_path, COLOURS))
    expected = (COLOURS[ORDER] / 255).astype(np.float32).transpose(0, 3, 1, 2)
    np.testing.assert_array_equal(images, expected)
    gray, _, _ = image_folder(tmp_path, gray=True)
    weighted = np.tensordot([0.299, 0.587, 0.114], expected, (0, 1))
    np.testing.assert_allclose(gray[:, 0], weighted, atol=1e-6)


def test_one_coloured_image_makes_all_of_three_channels(tmp_path):
    images, _, _ = image_folder(write(tmp_path, [GRAY[0], COLOURS[1], GRAY[2], GRAY[3]]))
    assert images.shape == (4, 3, 6, 5)
    np.testing.assert_array_equal(images[1], (GRAY[0] / 255).astype(np.float32)[None].repeat(3, 0))


@pytest.mark.parametrize("mode", ["1", "P", "RGB", "LA"])
def test_other_ways_to_store_black_and_white(tmp_path, mode):
    pixels = 255 * (GRAY > 127).astype(np.uint8)
    images, _, _ = image_folder(write(tmp_path, pixels, mode=mode))
    np.testing.assert_array_equal(images[:, 0], pixels[ORDER] / 255)
    assert images.shape[1] == 1


def test_sixteen_bits_are_not_cut_off(tmp_path):
    pixels = np.array([[0, 300, 40000, 65535]], np.uint16)
    images, _, _ = image_folder(write(tmp_path, [pixels], ["a/1.png"]))
    np.testing.assert_allclose(images[0, 0], pixels / 65535, rtol=1e-6)


def test_what_lies_behind_a_transparent_image(tmp_path):
    pixels = np.array([[[0, 0, 0, 255], [200, 100, 0, 0], [255, 255, 255, 51]]], np.uint8)
    write(tmp_path, [pixels], ["a/1.png"])
    with pytest.raises(ValueError, match=r"1\.png: transparent in part; background="):
        image_folder(tmp_path)
    for background in (0.0, 1.0, 0.25):
        images, _, _ = image_folder(tmp_path, background=background)
        np.testing.assert_allclose(
            images[0, 0, 0], [0, background, 0.2 + 0.8 * background], atol=1e-6
        )


def test_images_are_scaled_to_one_size(tmp_path):
    halves = np.zeros((8, 12), np.uint8)
    halves[:, 6:] = 255
    write(tmp_path, [halves, halves[:4, 3:9]], ["a/1.png", "b/1.png"])
    with pytest.raises(ValueError, match=r"b/1\.png: 4 x 6 pixels, expected 8 x 12 as .*a/1\.png"):
        image_folder(tmp_path)
    images, _, _ = image_folder(tmp_path, size=(4, 6))
    assert images.shape == (2, 1, 4, 6)
    np.testing.assert_array_equal(images[1, 0], halves[:4, 3:9] / 255)
    np.testing.assert_allclose(images[0].mean(), 0.5, atol=1e-6)
    assert np.all(images[0, 0, :, :2] == 0)
    assert np.all(images[0, 0, :, -2:] == 1)


def test_a_photograph_is_turned_as_the_camera_was(tmp_path):
    left = np.zeros((16, 24), np.uint8)
    left[:, :8] = 255
    exif = Image.Exif()
    exif[0x0112] = 6  # to be shown turned by 90 degrees clockwise
    (tmp_path / "a").mkdir()
    Image.fromarray(left).save(tmp_path / "a" / "1.jpg", exif=exif, quality=100)
    images, _, _ = image_folder(tmp_path)
    assert images.shape == (1, 1, 24, 16)
    np.testing.assert_allclose(images[0, 0], np.rot90(left, -1) / 255, atol=0.02)


def test_other_files_are_left_out(tmp_path):
    write(tmp_path, GRAY)
    (tmp_path / "cat" / "notes.txt").write_text("")
    (tmp_path / "cat" / "._a.png").write_bytes(b"of a Mac")
    (tmp_path / "readme.png").write_bytes(b"")
    (tmp_path / ".git").mkdir()
    assert len(image_folder(tmp_path)[0]) == 4


def test_refusals_name_the_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere: no such folder"):
        image_folder(tmp_path / "nowhere")
    with pytest.raises(ValueError, match=r"holds no folders with images, .*cat"):
        image_folder(tmp_path)
    write(tmp_path, GRAY)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="empty: no images; a folder is a class"):
        image_folder(tmp_path)
    (tmp_path / "empty" / "bad.png").write_bytes((tmp_path / "cat" / "a.png").read_bytes()[:60])
    with pytest.raises(ValueError, match=r"empty/bad\.png: no image that can be read, or damaged"):
        image_folder(tmp_path)


def test_without_pillow_it_says_what_to_install(tmp_path, monkeypatch):
    write(tmp_path, GRAY)
    real = builtins.__import__

    def none(name, *args, **kwargs):
        if name == "PIL":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", none)
    with pytest.raises(ImportError, match="image_folder: needs Pillow; pip install pillow"):
        image_folder(tmp_path)
