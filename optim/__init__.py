"""Optimizers: how parameters move, once the gradients are known.

>>> from autograd import Tensor
>>> from optim import SGD
>>> w = Tensor([4.0, -2.0], requires_grad=True)
>>> optimizer = SGD([w], lr=0.25)
>>> for _ in range(3):
...     optimizer.zero_grad()
...     (w * w).sum().backward()
...     optimizer.step()
>>> w.data
array([ 0.5 , -0.25], dtype=float32)
"""

from .adam import Adam, AdamW
from .clip import clip_grad_norm_, clip_grad_value_
from .optimizer import Optimizer, blocks
from .sgd import SGD

__all__ = ["SGD", "Adam", "AdamW", "Optimizer", "blocks", "clip_grad_norm_", "clip_grad_value_"]
