"""What torch.nn.utils has: clipping, parameters as a vector, weights divided by a norm.

A place for what one looks for under PyTorch's name. Clipping is optim's, the vectors are nn's own;
`nn.utils.rnn` has sequences of several lengths.

Examples
--------
>>> import nn
>>> nn.utils.parameters_to_vector(nn.Linear(2, 3).parameters()).shape
(9,)
"""

from autograd.names import explain as _explain
from autograd.names import name_after as _name_after
from optim import clip_grad_norm_, clip_grad_value_

from ..training.vectors import parameters_to_vector, vector_to_parameters
from . import rnn
from .norms import remove_spectral_norm, remove_weight_norm, spectral_norm, weight_norm

__all__ = [
    "clip_grad_norm_",
    "clip_grad_value_",
    "parameters_to_vector",
    "remove_spectral_norm",
    "remove_weight_norm",
    "rnn",
    "spectral_norm",
    "vector_to_parameters",
    "weight_norm",
]

_name_after(__name__, [remove_spectral_norm, remove_weight_norm, spectral_norm, weight_norm])
_explain(
    __name__,
    {
        "parametrizations": "weight_norm and spectral_norm are in nn.utils itself",
        "parametrize": "see the source of nn.utils.weight_norm: a forward pre-hook does it",
        "prune": "multiply by a mask in a forward pre-hook, as nn.utils.weight_norm does",
    },
)
