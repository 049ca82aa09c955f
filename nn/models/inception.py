"""A small Inception network (Szegedy et al., Going deeper with convolutions, arXiv:1409.4842)."""

from __future__ import annotations

from typing import Any

import numpy as np

import nn


def convolution(in_channels: int, out_channels: int, kernel_size: int) -> nn.Sequential:
    """A convolution that keeps the size, batch normalization, relu."""
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, kernel_size, padding="same", bias=False),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(),
    )


class InceptionBlock(nn.Module):
    """Four branches that look at the same input at different scales, side by side.

                       +-- 1 x 1 ------------+
                       +-- 1 x 1 -- 3 x 3 ---+
       in_channels ----+                     +---- c1 + c3 + c5 + pool channels
                       +-- 1 x 1 -- 5 x 5 ---+
                       +-- maximum -- 1 x 1 -+

    The 1 x 1 convolutions before the large ones are there to save work: they leave few channels.

    Parameters
    ----------
    in_channels
        of the input.
    c1, c3, c5, pool
        the channels each branch gives; of c3 and c5 a pair, of which the first is what the 1 x 1
        convolution leaves.

    Examples
    --------
    >>> import numpy as np, nn
    >>> block = nn.models.InceptionBlock(192, 64, (96, 128), (16, 32), 32)  # GoogLeNet's first
    >>> block(np.zeros((1, 192, 4, 4), np.float32)).shape
    (1, 256, 4, 4)
    """

    def __init__(
        self, in_channels: int, c1: int, c3: tuple[int, int], c5: tuple[int, int], pool: int
    ) -> None:
        self.out_channels = c1 + c3[1] + c5[1] + pool
        self.branch1 = convolution(in_channels, c1, 1)
        self.branch2 = nn.Sequential(convolution(in_channels, c3[0], 1), convolution(*c3, 3))
        self.branch3 = nn.Sequential(convolution(in_channels, c5[0], 1), convolution(*c5, 5))
        self.branch4 = nn.Sequential(
            nn.MaxPool2d(3, stride=1, padding=1), convolution(in_channels, pool, 1)
        )

    def forward(self, x: Any) -> Any:
        """Map (batch, in_channels, h, w) to (batch, out_channels, h, w)."""
        branches = self.branch1, self.branch2, self.branch3, self.branch4
        return np.concatenate([branch(x) for branch in branches], axis=1)


class Inception(nn.Module):
    """Four blocks: the first four of GoogLeNet with a quarter of their channels, and a new stem.

        3 x 32 x 32    the image; of any size that can be halved twice
       48 x 32 x 32    stem
      120 x 32 x 32    two blocks
      120 x 16 x 16    pool
      128 x 16 x 16    two blocks
      128              the mean over all pixels, dropout
       10              fc

    89,790 parameters. Unlike GoogLeNet it has batch normalization, and so needs no help from
    classifiers half way.

    Parameters
    ----------
    num_classes
        how many scores.
    in_channels
        1 for grey images, 3 for colours.
    dropout
        the probability of dropping one of the last 128 numbers.

    Examples
    --------
    >>> import numpy as np, nn
    >>> model = nn.models.Inception(in_channels=1)
    >>> model(np.zeros((2, 1, 28, 28), np.float32)).shape
    (2, 10)
    """

    def __init__(self, num_classes: int = 10, in_channels: int = 3, dropout: float = 0.4) -> None:
        self.stem = convolution(in_channels, 48, 3)
        self.blocks3 = nn.Sequential(
            InceptionBlock(48, 16, (24, 32), (4, 8), 8),
            InceptionBlock(64, 32, (32, 48), (8, 24), 16),
        )
        self.pool = nn.MaxPool2d(2)
        self.blocks4 = nn.Sequential(
            InceptionBlock(120, 48, (24, 52), (4, 12), 16),
            InceptionBlock(128, 40, (28, 56), (6, 16), 16),
        )
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(128, num_classes)

    def forward(self, x: Any) -> Any:
        """Scores (batch, num_classes) of images (batch, in_channels, height, width)."""
        x = self.blocks3(self.stem(x))
        x = self.blocks4(self.pool(x))
        return self.fc(self.dropout(x.mean(axis=(2, 3))))
