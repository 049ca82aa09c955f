"""Residual networks for small images (He, Zhang, Ren and Sun, arXiv:1512.03385, section 4.2)."""

from __future__ import annotations

from typing import Any

import numpy as np

import nn
import nn.functional as F


class BasicBlock(nn.Module):
    """relu(x + f(x)), f being conv, bn, relu, conv, bn.

    Where f changes the shape, the shortcut does too: with option "A" it takes every `stride`-th
    pixel and adds channels of zeros; with "B" it is a 1 x 1 convolution and bn, `downsample`.
    """

    def __init__(self, in_planes: int, planes: int, stride: int = 1, option: str = "B") -> None:
        if option not in ("A", "B"):
            raise ValueError(f"BasicBlock: got option={option!r}, expected 'A' or 'B'")
        self.stride, self.new_planes = stride, planes - in_planes
        self.conv1 = nn.Conv2d(in_planes, planes, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.downsample = None
        if option == "B" and (stride > 1 or planes != in_planes):
            self.downsample = nn.Sequential(
                nn.Conv2d(in_planes, planes, 1, stride, bias=False), nn.BatchNorm2d(planes)
            )

    def shortcut(self, x: Any) -> Any:
        """`x`, in the shape of f(x)."""
        if self.downsample is not None:
            return self.downsample(x)
        if self.stride == 1 and not self.new_planes:
            return x
        x = x[:, :, :: self.stride, :: self.stride]
        return np.pad(x, ((0, 0), (0, self.new_planes), (0, 0), (0, 0)))

    def forward(self, x: Any) -> Any:
        """Map (batch, in_planes, h, w) to (batch, planes, h / stride, w / stride), rounded up."""
        y = F.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        return F.relu(y + self.shortcut(x))


class ResNet(nn.Module):
    """The CIFAR family of residual networks: depth 6n + 2, that is 20, 32, 44, 56, 110, ...

        3 x 32 x 32    the image
       16 x 32 x 32    conv1, bn1, relu
       16 x 32 x 32    layer1, n blocks
       32 x 16 x 16    layer2, n blocks, the first with stride 2
       64 x 8 x 8      layer3, n blocks, the first with stride 2
       64              the mean over all pixels
       10              fc

    272,474 parameters at depth 20. The names are torchvision's.

    Parameters
    ----------
    depth
        how many layers with weights there are one after the other, 6n + 2.
    num_classes
        how many scores.
    in_channels
        1 for grey images, 3 for colours. Their size may be any.
    width
        the channels of layer1.
    option
        of the shortcuts, see BasicBlock. The paper's table 6 is with "A".

    Raises
    ------
    ValueError
        there is no such depth or option.

    Examples
    --------
    >>> import numpy as np, nn
    >>> model = nn.models.ResNet(depth=20)
    >>> model(np.zeros((2, 3, 32, 32), np.float32)).shape, model.num_parameters()
    ((2, 10), 272474)
    """

    def __init__(
        self,
        depth: int = 20,
        num_classes: int = 10,
        in_channels: int = 3,
        width: int = 16,
        option: str = "B",
    ) -> None:
        n, rest = divmod(depth - 2, 6)
        if n < 1 or rest:
            raise ValueError(f"ResNet: got depth={depth}, expected 6n + 2: 8, 14, 20, 26, ...")
        self.conv1 = nn.Conv2d(in_channels, width, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.layer1 = self._layer(n, width, width, 1, option)
        self.layer2 = self._layer(n, width, 2 * width, 2, option)
        self.layer3 = self._layer(n, 2 * width, 4 * width, 2, option)
        self.fc = nn.Linear(4 * width, num_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def _layer(self, n: int, in_planes: int, planes: int, stride: int, option: str) -> nn.Module:
        first = BasicBlock(in_planes, planes, stride, option)
        return nn.Sequential(first, *(BasicBlock(planes, planes) for _ in range(n - 1)))

    def forward(self, x: Any) -> Any:
        """Scores (batch, num_classes) of images (batch, in_channels, height, width)."""
        x = F.relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.fc(x.mean(axis=(2, 3)))
