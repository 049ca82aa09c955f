"""The variational autoencoder (Kingma and Welling, arXiv:1312.6114, 2013)."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

import nn
import nn.functional as F
from autograd import default_dtype, no_grad

Rng: TypeAlias = "np.random.Generator | int | None"


def kl_to_normal(mean: Any, log_var: Any) -> Any:
    """KL(N(mean, exp(log_var)) || N(0, 1)), summed over the last axis: the paper's appendix B.

    1/2 sum(mean² + exp(log_var) - 1 - log_var)
    """
    return 0.5 * (mean**2 + np.exp(log_var) - 1 - log_var).sum(axis=-1)


def _hidden(size: int, hidden_size: int, num_layers: int) -> list[nn.Module]:
    """Layers from `size` to `hidden_size`."""
    if not isinstance(num_layers, int) or num_layers < 1:
        raise ValueError(f"VAE: got num_layers={num_layers!r}, expected an int, 1 or more")
    layers: list[nn.Module] = []
    for n in [size] + [hidden_size] * (num_layers - 1):
        layers += [nn.Linear(n, hidden_size), nn.ReLU()]
    return layers


class VAE(nn.Module):
    """An autoencoder whose code is a normal distribution, so that new codes can be drawn.

        784           the image
        400           relu
         20 + 20      mean and log(variance) of the code z
         20           z = mean + sqrt(variance) * noise: gradients pass, the noise is from outside
        400           relu
        784           logits of the pixels

    652,824 parameters.

    Parameters
    ----------
    size
        how many pixels an image has; their values are from 0 to 1.
    hidden_size
        of encoder and decoder.
    code_size
        the length of z.
    beta
        the weight of the KL term (Higgins et al., ICLR 2017); 1 in the paper.
    num_layers
        how many hidden layers the encoder has, and the decoder.

    Raises
    ------
    ValueError
        num_layers is no int, or below 1.

    Examples
    --------
    >>> import numpy as np, nn
    >>> model = nn.models.VAE()
    >>> loss = model.loss(np.zeros((5, 28, 28), np.float32))
    >>> loss.backward()
    >>> model.sample(3).shape, model.num_parameters()
    ((3, 784), 652824)
    """

    def __init__(
        self,
        size: int = 784,
        hidden_size: int = 400,
        code_size: int = 20,
        beta: float = 1.0,
        num_layers: int = 1,
    ) -> None:
        self.code_size, self.beta = code_size, beta
        self.encoder = nn.Sequential(nn.Flatten(), *_hidden(size, hidden_size, num_layers))
        self.mean = nn.Linear(hidden_size, code_size)
        self.log_var = nn.Linear(hidden_size, code_size)
        self.decoder = nn.Sequential(
            *_hidden(code_size, hidden_size, num_layers), nn.Linear(hidden_size, size)
        )

    def encode(self, x: Any) -> tuple[Any, Any]:
        """Mean and log(variance) of the codes of images, each (batch, code_size)."""
        h = self.encoder(x)
        return self.mean(h), self.log_var(h)

    def forward(self, x: Any, generator: Rng = None) -> tuple[Any, Any, Any]:
        """Logits (batch, size) of images by way of codes drawn for them; mean and log(variance)."""
        mean, log_var = self.encode(x)
        noise = nn.generator(generator).standard_normal(mean.shape).astype(mean.dtype)
        return self.decoder(mean + np.exp(0.5 * log_var) * noise), mean, log_var

    def loss(self, x: Any, generator: Rng = None) -> Any:
        """-log p(x | z) + beta KL(q(z | x) || p(z)), the mean over images (batch, ...).

        With beta = 1 its mean over z is at least -log p(x): the paper's equation 10, negated.
        """
        logits, mean, log_var = self(x, generator)
        pixels = x.reshape(logits.shape)
        # The mean of all pixels, not their sum, which could overflow in float16.
        reconstruction = F.binary_cross_entropy_with_logits(logits, pixels) * logits.shape[-1]
        return reconstruction + self.beta * kl_to_normal(mean, log_var).mean()

    @no_grad()
    def sample(self, n: int, generator: Rng = None) -> Any:
        """`n` new images, (n, size), from codes drawn from N(0, 1)."""
        code = nn.generator(generator).standard_normal((n, self.code_size))
        return F.sigmoid(self.decoder(code.astype(default_dtype.get()))).numpy()
