"""Images from folders, a folder for each class."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["image_folder"]

SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp"}


def image_folder(
    folder: str | os.PathLike[str],
    *,
    size: tuple[int, int] | None = None,
    gray: bool | None = None,
    background: float | None = None,
) -> tuple[NDArray[np.float32], NDArray[np.int64], list[str]]:
    """Images in the folders of a folder, whose names are the classes.

    Takes `.png`, `.jpg` and `.bmp` files, in the order of their names; others, and hidden ones,
    are left out. Needs Pillow, which comes with matplotlib.

    Parameters
    ----------
    folder
        holds a folder for each class, such as `cat/` and `dog/`; the images may lie deeper in it.
    size
        (height, width) to scale images to. By default they stay as they are, and have to be of one
        size.
    gray
        True makes one channel, False three. By default one if no image has colours.
    background
        the brightness, from 0 for black to 1 for white, of what lies behind transparent images. By
        default these are refused.

    Returns
    -------
    images : array
        (n, channels, height, width) float32, from 0 for black to 1. labels : (n,) int64.
    classes : list
        the folders' names in order: image i is of class `classes[labels[i]]`.

    Raises
    ------
    ValueError
        no images; one that is damaged, of another size or transparent; the text says which file.
    FileNotFoundError
        there is no such folder.
    ImportError
        there is no Pillow.

    Examples
    --------
    >>> import nn
    >>> images, labels, classes = nn.data.image_folder("pets", size=(32, 32))  # doctest: +SKIP
    """
    root = Path(folder)
    if not root.is_dir():
        raise FileNotFoundError(f"{root}: no such folder")
    classes = sorted(p.name for p in root.iterdir() if p.is_dir() and p.name[0] != ".")
    files = [(path, label) for label, name in enumerate(classes) for path in _images(root / name)]
    for label, name in enumerate(classes):
        if not any(label == found for _, found in files):
            raise ValueError(f"{root / name}: no images; a folder is a class, so remove it")
    if not files:
        raise ValueError(
            f"{root}: holds no folders with images, expected one for each class, such as "
            f"{root / 'cat' / '1.png'}"
        )
    images = [_read(path, size, gray, background) for path, _ in files]
    if gray is None:
        gray = all((image == image[:1]).all() for image in images)
    images = [image[:1] if gray else image for image in images]
    first = images[0]
    for (path, _), image in zip(files, images, strict=True):
        if image.shape != first.shape:
            raise ValueError(
                f"{path}: {_size(image)} pixels, expected {_size(first)} as {files[0][0]}; "
                "size=(height, width) scales all of them to one size"
            )
    return np.stack(images), np.array([label for _, label in files]), classes


def _images(folder: Path) -> list[Path]:
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in SUFFIXES and path.name[0] != "." and path.is_file()
    )


def _read(
    path: Path, size: tuple[int, int] | None, gray: bool | None, background: float | None
) -> NDArray[np.float32]:
    """An image, (3, height, width), from 0 to 1; of a gray one the three are equal."""
    try:
        from PIL import Image, ImageOps
    except ImportError as error:
        raise ImportError("image_folder: needs Pillow; pip install pillow") from error
    try:
        with Image.open(path) as file:
            image: Any = ImageOps.exif_transpose(file)  # as the camera was held
            image.load()
    except Exception as error:  # Pillow has a dozen kinds
        raise ValueError(f"{path}: no image that can be read, or damaged ({error})") from error
    if image.mode.startswith("I"):  # 16 bits, which Pillow would cut off
        pixels = np.asarray(image, np.float32)[..., None].repeat(3, axis=2) / 65535
    else:
        pixels = np.asarray(image.convert("RGBA"), np.float32) / 255
        alpha, pixels = pixels[..., 3:], pixels[..., :3]
        if (alpha < 1).any():
            if background is None:
                raise ValueError(
                    f"{path}: transparent in part; background= says what lies behind it, from 0 "
                    "for black to 1 for white"
                )
            pixels = alpha * pixels + (1 - alpha) * background
    if gray:  # as bright as it looks, by ITU-R BT.601
        weights = np.array([0.299, 0.587, 0.114], np.float32)
        if not (pixels == pixels[..., :1]).all():
            pixels = (pixels @ weights)[..., None].repeat(3, axis=2)
    if size is not None and pixels.shape[:2] != tuple(size):
        height, width = size
        channels = [
            np.asarray(Image.fromarray(c).resize((width, height), Image.Resampling.BILINEAR))
            for c in np.ascontiguousarray(pixels.transpose(2, 0, 1), np.float32)
        ]
        return np.stack(channels).clip(0, 1)
    return np.ascontiguousarray(pixels.transpose(2, 0, 1), np.float32)


def _size(image: NDArray[Any]) -> str:
    return f"{image.shape[1]} x {image.shape[2]}"
