"""Autoencoders: images through two numbers and back, with the least squared error."""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

from ...layers.activations import Sigmoid
from ...losses.regression import MSELoss
from ...module import Module
from .base import Run
from .codes import Array, Coder, noise, numbers_of, principal_error
from .perceptron import perceptron

__all__ = ["TASKS", "Autoencoder"]


class Perceptrons(Module):
    """Rows of pixels through a code and back, each way by a perceptron."""

    def __init__(self, size: int, hidden_size: int, code_size: int) -> None:
        inner = f"{hidden_size}-{hidden_size}"
        self.encoder = perceptron(f"{size}-{inner}-{code_size}", "relu")
        self.decoder = perceptron(f"{code_size}-{inner}-{size}", "relu").append(Sigmoid())

    def encode(self, x: Any) -> Any:
        """The codes of rows of pixels."""
        return self.encoder(x)

    def decode(self, code: Any) -> Any:
        """The pixels of codes."""
        return self.decoder(code)

    def forward(self, x: Any) -> Any:
        """The pixels as they come back."""
        return self.decode(self.encode(x))


class Rows(Module):
    """A model of images (n, 1, side, side), for rows of pixels."""

    def __init__(self, model: Any, side: int) -> None:
        self.model, self.side = model, side

    def encode(self, x: Any) -> Any:
        """The codes of rows of pixels."""
        return self.model.encode(x.reshape(-1, 1, self.side, self.side))

    def decode(self, code: Any) -> Any:
        """The pixels of codes."""
        return self.model.decode(code).reshape(-1, self.side**2)

    def forward(self, x: Any) -> Any:
        """The pixels as they come back."""
        return self.decode(self.encode(x))


class Autoencoder(Coder):
    """Images as the target of themselves."""

    name = "autoencoder"
    summary = "images through two numbers and back: digits, or MNIST with --data"
    models = {  # noqa: RUF012
        "mlp": "two perceptrons, to a code of 2 numbers and back",
        "conv": "convolutions, to a code of 16 numbers and back",
    }
    defaults = {  # noqa: RUF012
        "model": "mlp", "code": 2, "lr": 0.003, "batch_size": 64, "epochs": 200,
        "schedule": "onecycle",
    }  # fmt: skip
    by_model = {"conv": {"code": 16, "lr": 0.005, "epochs": 150}}  # noqa: RUF012
    how = "codes from a normal distribution as wide as that of the codes it has seen"

    def model(self, args: argparse.Namespace) -> Module:
        """Two perceptrons, or convolutions."""
        from ... import models  # here alone: they are written as a user writes them, of nn

        side = 28 if args.data else 8
        if args.model == "conv":
            return Rows(models.ConvAutoencoder(1, side, args.code), side)
        return Perceptrons(side**2, 256, args.code)

    def title(self, args: argparse.Namespace) -> str:
        """What it is made of, and how narrow it is."""
        data = "MNIST" if args.data else "digits"
        kind = "convolutions" if args.model == "conv" else "perceptrons"
        return f"{data} through {numbers_of(args.code)}, by {kind}"

    def loss(self, args: argparse.Namespace) -> Any:  # noqa: ARG002
        """The mean squared error of a pixel."""
        return MSELoss()

    def encode(self, run: Run, x: Array) -> Array:
        """As the model does it."""
        model: Any = run.model
        return np.asarray(model.encode(x).data)

    def decode(self, run: Run, code: Array) -> Array:
        """As the model does it."""
        model: Any = run.model
        return np.asarray(model.decode(code).data)

    def samples(self, run: Run, n: int) -> Array:
        """From codes as wide as those of the images to learn from."""
        codes = self.codes(run, run.train[0])
        spread = np.atleast_2d(np.cov(codes, rowvar=False))
        root = np.linalg.cholesky(spread + 1e-6 * np.eye(len(spread)))  # a code may be constant
        drawn = codes.mean(axis=0) + noise(n, len(root)) @ root.T
        return self.decode(run, drawn.astype(np.float32))

    def numbers(self, run: Run) -> dict[str, float]:
        """Its errors beside that of principal components; what neighbours in the plane say."""
        x, x_test = run.train[0], run.test[0]
        codes, codes_test = self.codes(run, x), self.codes(run, x_test)
        back, back_test = self.images(run, codes), self.images(run, codes_test)
        return {
            "train error": float(np.mean((back - x) ** 2)),
            "test error": float(np.mean((back_test - x_test) ** 2)),
            "linear error": principal_error(x, x_test, codes.shape[1]),
            "neighbour accuracy": self.known(run),
        }

    def lines(self, run: Run) -> list[str]:
        """What the numbers mean."""
        n = run.args.code
        return [
            "error: the mean squared error of a pixel, on a scale from white 0 to ink 1",
            f"linear error: that of {n} principal components, the best a linear one can do",
            "neighbour accuracy: the share of test images whose class is that of most of the ten "
            "nearest codes",
        ]


TASKS = (Autoencoder(),)
