"""Probability distributions: samples, densities, entropies, all differentiable by the parameters.

Names and arguments are those of torch.distributions. Parameters are Tensors, arrays or numbers.
`sample` gives plain arrays, without a gradient; `rsample`, `log_prob`, `entropy` and
`kl_divergence` give Tensors where a parameter (or the value) is one. Every draw follows
`nn.manual_seed`, or a generator that you pass.

Examples
--------
>>> import nn
>>> from autograd import Tensor
>>> from nn.distributions import Normal
>>> mean = Tensor([0.0, 1.0], requires_grad=True)
>>> Normal(mean, 1.0).log_prob(2.0).sum().backward()
>>> mean.grad
array([2., 1.], dtype=float32)
"""

from autograd.names import explain as _explain
from autograd.names import name_after as _name_after

from .bernoulli import Bernoulli
from .categorical import Categorical
from .distribution import Distribution
from .kl import kl_divergence
from .multivariate_normal import MultivariateNormal
from .normal import Normal

__all__ = [
    "Bernoulli",
    "Categorical",
    "Distribution",
    "MultivariateNormal",
    "Normal",
    "kl_divergence",
]

_name_after(__name__, [globals()[name] for name in __all__])
_explain(__name__)
