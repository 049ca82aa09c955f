"""The functions that NumPy lacks. Each stands in the file of its layer; this is the list.

All take arrays or Tensors and return an array if no argument is a Tensor. They are ops: to any
order differentiable, in the dtype they are given.
"""

from .activations import log_sigmoid, relu, sigmoid, softplus, tanh
from .dropout import dropout
from .flatten import flatten
from .linear import linear
from .losses import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    l1_loss,
    mse_loss,
    nll_loss,
    one_hot,
)
from .softmax import log_softmax, logsumexp, softmax

__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "dropout",
    "flatten",
    "l1_loss",
    "linear",
    "log_sigmoid",
    "log_softmax",
    "logsumexp",
    "mse_loss",
    "nll_loss",
    "one_hot",
    "relu",
    "sigmoid",
    "softmax",
    "softplus",
    "tanh",
]
