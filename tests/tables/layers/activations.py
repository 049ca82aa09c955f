"""Activations: the smooth ones, those made of pieces, and softmax."""

from __future__ import annotations

import numpy as np

from .base import Layer, uniform

wide = uniform((3, 7), -8.0, 8.0)  # far enough for all pieces


def apart(*kinks: float) -> np.ndarray:
    """Points between and beyond the kinks, none near one."""
    return np.sort(np.concatenate([np.array(kinks) + d for d in (-1.3, -0.2, 0.1, 0.7)]))


def around(*kinks: float):
    return lambda rng: rng.permutation(apart(*kinks))


ROWS = [
    # smooth
    Layer("Sigmoid", inputs=(wide,)),
    Layer("LogSigmoid", inputs=(wide,)),
    Layer("Tanh", inputs=(wide,)),
    Layer("Softplus", inputs=(wide,)),
    Layer("Softplus", (2.5, 30.0), inputs=((4,),)),
    Layer("Softplus", (), {"beta": 0.5, "threshold": 1.0}, inputs=(around(2.0),)),
    Layer("Softplus", (10.0,), inputs=(uniform((9,), 1.5, 2.5),)),
    Layer("SiLU", inputs=(wide,)),
    Layer("Mish", inputs=(wide,)),
    Layer("GELU", inputs=(wide,)),
    Layer("GELU", ("tanh",), inputs=(wide,)),
    Layer("GELU", (), {"approximate": "none"}, inputs=((1, 2, 1, 3),)),
    Layer("Softsign", inputs=(wide,)),
    Layer("Tanhshrink", inputs=(wide,)),
    Layer("Tanhshrink", inputs=((),)),
    Layer("GLU", inputs=((3, 4),)),
    Layer("GLU", (0,), inputs=((4, 3),)),
    Layer("GLU", (-2,), inputs=((2, 2, 3),)),
    Layer("GLU", (1,), inputs=((1, 6, 2),)),
    # in pieces
    Layer("ReLU", inputs=(wide,)),
    Layer("ReLU", inputs=((),)),
    Layer("ReLU6", inputs=(around(0.0, 6.0),)),
    Layer("LeakyReLU", inputs=(wide,)),
    Layer("LeakyReLU", (0.3,), inputs=((2, 1, 3),)),
    Layer("LeakyReLU", (), {"negative_slope": 1.5}),
    Layer("PReLU", inputs=(wide,)),
    Layer("PReLU", inputs=((5,),)),
    Layer("PReLU", (3,), inputs=((2, 3),)),
    Layer("PReLU", (2, 0.6), inputs=((2, 2, 3, 2),)),
    Layer("PReLU", (1, -0.5), inputs=((1, 3, 2),)),
    Layer("RReLU", inputs=(wide,), train=False),
    Layer("RReLU", (0.1, 0.5), inputs=((2, 3),), train=False),
    Layer("RReLU", (0.25, 0.25), inputs=((2, 3),)),
    Layer("ELU", inputs=(wide,)),
    Layer("ELU", (0.4,), inputs=((2, 3, 1),)),
    Layer("CELU", inputs=(wide,)),
    Layer("CELU", (2.5,), inputs=((2, 3, 1),)),
    Layer("CELU", (-1.5,), inputs=((5,),)),
    Layer("SELU", inputs=(wide,)),
    Layer("Hardtanh", inputs=(around(-1.0, 1.0),)),
    Layer("Hardtanh", (-0.5, 2.0), inputs=(around(-0.5, 2.0),)),
    Layer("Hardtanh", (), {"max_val": 0.0, "min_val": -3}, inputs=(around(-3.0, 0.0),)),
    Layer("Hardsigmoid", inputs=(around(-3.0, 3.0),)),
    Layer("Hardswish", inputs=(around(-3.0, 3.0),)),
    Layer("Threshold", (0.1, 20.0), inputs=(around(0.1),)),
    Layer("Threshold", (), {"threshold": -1.0, "value": -2.0}, inputs=(around(-1.0),)),
    Layer("Hardshrink", inputs=(around(-0.5, 0.5),)),
    Layer("Hardshrink", (2.0,), inputs=(around(-2.0, 2.0),)),
    Layer("Softshrink", inputs=(around(-0.5, 0.5),)),
    Layer("Softshrink", (0.0,), inputs=(around(0.0),)),
    Layer("Softshrink", (2.0,), inputs=(around(-2.0, 2.0),)),
    # along an axis
    Layer("Softmax", torch={"dim": -1}),
    Layer("Softmax", (1,), inputs=((2, 3, 2),)),
    Layer("Softmax", (0,), inputs=((4,),)),
    Layer("LogSoftmax", torch={"dim": -1}),
    Layer("LogSoftmax", (0,), inputs=((3, 2),)),
    Layer("Softmin", torch={"dim": -1}),
    Layer("Softmin", (-2,), inputs=((2, 3, 2),)),
    Layer("Softmax2d", inputs=((2, 3, 2, 2),)),
    Layer("Softmax2d", inputs=((3, 1, 4),)),
]
