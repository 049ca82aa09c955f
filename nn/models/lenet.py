"""LeNet-5 (LeCun, Bottou, Bengio and Haffner, Proceedings of the IEEE 86, 1998)."""

from __future__ import annotations

from typing import Any

import nn
import nn.functional as F


class LeNet(nn.Module):
    """LeNet-5 in today's form: relu for tanh, maxima for sums, all channels connected.

          1 x 28 x 28   the image; in the paper it is 32 x 32, here the padding makes it so
          6 x 28 x 28   conv1, 5 x 5
          6 x 14 x 14   pool
         16 x 10 x 10   conv2, 5 x 5
         16 x 5 x 5     pool
        120, 84, 10     fc1, fc2, fc3

    61,706 parameters.

    Parameters
    ----------
    num_classes
        how many scores.
    in_channels
        1 for grey images, 3 for colours.

    Examples
    --------
    >>> import numpy as np, nn
    >>> model = nn.models.LeNet()
    >>> model(np.zeros((5, 1, 28, 28), np.float32)).shape, model.num_parameters()
    ((5, 10), 61706)
    """

    def __init__(self, num_classes: int = 10, in_channels: int = 1) -> None:
        self.conv1 = nn.Conv2d(in_channels, 6, 5, padding=2)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.pool = nn.MaxPool2d(2)
        self.fc1 = nn.Linear(16 * 5 * 5, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, num_classes)

    def forward(self, x: Any) -> Any:
        """Scores (batch, num_classes) of images (batch, in_channels, 28, 28)."""
        x = self.pool(F.relu(self.conv1(x)))
        x = self.pool(F.relu(self.conv2(x)))
        x = F.flatten(x, 1)
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        return self.fc3(x)
