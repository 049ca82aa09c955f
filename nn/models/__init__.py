"""Models as one would write them in an afternoon, each a file to read and to copy from.

Examples
--------
>>> import nn
>>> nn.models.MLP([784, 16, 16, 10]).num_parameters()
13002
"""

from autograd.names import name_after as _name_after

from .autoencoder import ConvAutoencoder
from .char_lstm import CharLSTM
from .gpt import GPT
from .inception import Inception, InceptionBlock
from .lenet import LeNet
from .mlp import MLP
from .resnet import BasicBlock, ResNet
from .sampling import draw
from .vae import VAE, kl_to_normal

__all__ = [
    "GPT",
    "MLP",
    "VAE",
    "BasicBlock",
    "CharLSTM",
    "ConvAutoencoder",
    "Inception",
    "InceptionBlock",
    "LeNet",
    "ResNet",
    "draw",
    "kl_to_normal",
]

_name_after(__name__, [globals()[name] for name in __all__])
