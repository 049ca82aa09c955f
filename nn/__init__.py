"""Neural networks: layers, losses, initial values, data, training, plots.

>>> import nn
>>> model = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))
>>> model.num_parameters()
33
"""

from . import data, datasets, functional, init, plot
from .activations import Identity, ReLU, Sigmoid, Tanh
from .containers import Sequential
from .dropout import Dropout
from .flatten import Flatten
from .linear import Linear
from .losses import (
    BCELoss,
    BCEWithLogitsLoss,
    CrossEntropyLoss,
    L1Loss,
    LossShapeError,
    MSELoss,
    NLLLoss,
)
from .module import Buffer, Module, Parameter
from .random import generator, manual_seed
from .serialize import load, save
from .softmax import LogSoftmax, Softmax
from .training import History, fit

__all__ = [
    "BCELoss",
    "BCEWithLogitsLoss",
    "Buffer",
    "CrossEntropyLoss",
    "Dropout",
    "Flatten",
    "History",
    "Identity",
    "L1Loss",
    "Linear",
    "LogSoftmax",
    "LossShapeError",
    "MSELoss",
    "Module",
    "NLLLoss",
    "Parameter",
    "ReLU",
    "Sequential",
    "Sigmoid",
    "Softmax",
    "Tanh",
    "data",
    "datasets",
    "fit",
    "functional",
    "generator",
    "init",
    "load",
    "manual_seed",
    "plot",
    "save",
]
