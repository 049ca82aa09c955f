"""The perceptrons that are trained on points and digits: sizes like 64-256-64-10."""

from __future__ import annotations

import argparse
import itertools

from ... import init
from ...containers import Sequential
from ...layers.activations import Sigmoid, Tanh
from ...layers.dropout import Dropout
from ...layers.linear import Linear
from ...layers.rectifiers import ReLU
from ...module import Module

__all__ = ["ACTIVATIONS", "perceptron", "perceptron_of"]

ACTIVATIONS = {"relu": ReLU, "tanh": Tanh, "sigmoid": Sigmoid}


def perceptron(sizes: str, activation: str, dropout: float = 0.0) -> Sequential:
    """Linear layers with activations between them, scaled such that signals keep their size."""
    layers: list[Module] = []
    for inputs, outputs in itertools.pairwise(int(size) for size in sizes.split("-")):
        if layers:
            layers += [ACTIVATIONS[activation](), *([Dropout(dropout)] if dropout else [])]
        layers.append(Linear(inputs, outputs))
    model = Sequential(*layers)
    for p in model.parameters():
        if p.ndim == 2:
            init.xavier_uniform_(p, init.calculate_gain(activation))
        else:
            init.zeros_(p)
    return model


def perceptron_of(args: argparse.Namespace, sizes: str = "") -> Sequential:
    """The perceptron that was asked for, by default of the sizes in --model."""
    sizes = sizes or args.model
    try:
        return perceptron(sizes, args.activation, getattr(args, "dropout", None) or 0.0)
    except (MemoryError, ValueError) as error:  # NumPy counts no further than its largest int
        raise MemoryError(f"argument --model: {sizes} is too large: {error}") from None
