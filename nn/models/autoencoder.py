"""A convolutional autoencoder (Hinton and Salakhutdinov, Science 313, 2006; Masci et al., 2011)."""

from __future__ import annotations

from typing import Any

import nn


class ConvAutoencoder(nn.Module):
    """Images through a few numbers and back: trained to return its input.

        1 x 28 x 28    the image
       16 x 14 x 14    convolution with stride 2, relu
       32 x 7 x 7      convolution with stride 2, relu
       32              the code: convolution as large as what is left
       32 x 7 x 7      the same steps back, by transposed convolutions
       16 x 14 x 14
        1 x 28 x 28    sigmoid

    109,985 parameters.

    Parameters
    ----------
    in_channels
        of the image.
    image_size
        its height and width, a multiple of 4.
    code_size
        how many numbers an image has to go through.
    width
        the channels after the first convolution.

    Raises
    ------
    ValueError
        image_size is no multiple of 4.

    Examples
    --------
    >>> import numpy as np, nn
    >>> model = nn.models.ConvAutoencoder()
    >>> x = np.zeros((5, 1, 28, 28), np.float32)
    >>> model.encode(x).shape, model(x).shape, model.num_parameters()
    ((5, 32), (5, 1, 28, 28), 109985)
    """

    def __init__(
        self, in_channels: int = 1, image_size: int = 28, code_size: int = 32, width: int = 16
    ) -> None:
        left, rest = divmod(image_size, 4)
        if left < 1 or rest:
            raise ValueError(
                f"ConvAutoencoder: got image_size={image_size}, expected a multiple of 4"
            )
        self.encoder = nn.Sequential(
            nn.Conv2d(in_channels, width, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(width, 2 * width, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(2 * width, code_size, left),
        )
        self.decoder = nn.Sequential(
            nn.ConvTranspose2d(code_size, 2 * width, left),
            nn.ReLU(),
            nn.ConvTranspose2d(2 * width, width, 3, stride=2, padding=1, output_padding=1),
            nn.ReLU(),
            nn.ConvTranspose2d(width, in_channels, 3, stride=2, padding=1, output_padding=1),
            nn.Sigmoid(),
        )

    def encode(self, x: Any) -> Any:
        """The codes (batch, code_size) of images (batch, in_channels, image_size, image_size)."""
        return self.encoder(x)[:, :, 0, 0]

    def decode(self, code: Any) -> Any:
        """The images of codes, with numbers from 0 to 1."""
        return self.decoder(code[:, :, None, None])

    def forward(self, x: Any) -> Any:
        """Images as they come back; train with `nn.MSELoss()` of them and `x`."""
        return self.decode(self.encode(x))
