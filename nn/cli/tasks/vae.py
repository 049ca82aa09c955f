"""The variational autoencoder: codes that are distributions, so that new images can be drawn."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd import no_grad

from ...losses.classification import binary_cross_entropy_with_logits
from ...module import Module
from ..arguments import number
from .base import Run
from .codes import Array, Coder, noise, numbers_of

__all__ = ["TASKS", "Variational", "divergence", "reconstruction"]


def reconstruction(output: Any, x: Array) -> Any:
    """-log p(x | z) of images, summed over pixels: the mean over images, in nats."""
    logits, _, _ = output
    return binary_cross_entropy_with_logits(logits, x) * x.shape[1]


def divergence(output: Any, x: Array) -> Any:  # noqa: ARG001
    """KL(q(z | x) || N(0, 1)): the mean over images, in nats."""
    from ...models import kl_to_normal

    _, mean, log_var = output
    return kl_to_normal(mean, log_var).mean()


def _value(term: Callable[[Any, Array], Any]) -> Callable[[Any, Array], float]:
    """A term as a number, without a graph."""

    def measure(output: Any, x: Array) -> float:
        with no_grad():
            return float(term(output, x).item())

    return measure


class Variational(Coder):
    """Images as the target of themselves, by way of random codes."""

    name = "vae"
    summary = "a variational autoencoder, which draws new images: digits, or MNIST with --data"
    models = {"mlp": "hidden layers of 256, to a code of 2 numbers and back"}  # noqa: RUF012
    defaults = {  # noqa: RUF012
        "model": "mlp", "code": 2, "beta": 1.0, "lr": 0.003, "batch_size": 64, "epochs": 200,
        "schedule": "onecycle",
    }  # fmt: skip
    options = {  # noqa: RUF012
        **Coder.options,
        "--beta": {"type": number, "metavar": "X", "help": "the weight of the KL term"},
    }
    how = "codes from N(0, 1)"

    def model(self, args: argparse.Namespace) -> Module:
        """As in `nn.models`; with more pixels, more layers."""
        from ... import models  # here alone: they are written as a user writes them, of nn

        size, depth = (784, 3) if args.data else (64, 2)
        return models.VAE(size, 256, args.code, args.beta, depth)

    def title(self, args: argparse.Namespace) -> str:
        """How narrow it is."""
        beta = "" if args.beta == 1 else f", beta {args.beta:g}"
        return f"{'MNIST' if args.data else 'digits'} through {numbers_of(args.code)}{beta}"

    def loss(self, args: argparse.Namespace) -> Callable[[Any, Array], Any]:
        """The two terms: what is wrong with the images, and with the codes."""

        def bound(output: Any, x: Array) -> Any:
            return reconstruction(output, x) + args.beta * divergence(output, x)

        return bound

    def metrics(self, args: argparse.Namespace) -> dict[str, Callable[[Any, Any], float]]:  # noqa: ARG002
        """The two terms of the loss apart."""
        return {"reconstruction": _value(reconstruction), "KL": _value(divergence)}

    def encode(self, run: Run, x: Array) -> Array:
        """The means of the codes."""
        model: Any = run.model
        return np.asarray(model.encode(x)[0].data)

    def decode(self, run: Run, code: Array) -> Array:
        """The probability that a pixel is ink."""
        model: Any = run.model
        return 0.5 + 0.5 * np.tanh(0.5 * model.decoder(code).data)

    def samples(self, run: Run, n: int) -> Array:
        """From codes of N(0, 1)."""
        return self.decode(run, noise(n, run.args.code))

    def numbers(self, run: Run) -> dict[str, float]:
        """The loss in validation and its two terms; what neighbours in the plane say."""
        last = {k: v[-1] for k, v in run.history.items()}
        return {
            "train loss": last["loss"],
            "test loss": last["validation_loss"],
            "test reconstruction": last["validation_reconstruction"],
            "test KL": last["validation_KL"],
            "neighbour accuracy": self.known(run),
        }

    def lines(self, run: Run) -> list[str]:  # noqa: ARG002
        """What the numbers mean."""
        return [
            "loss: reconstruction + KL, in nats an image; at least -log p(image) if beta is 1",
            "neighbour accuracy: the share of test images whose class is that of most of the ten "
            "nearest codes",
        ]


TASKS = (Variational(),)
