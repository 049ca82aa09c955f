"""The rows in MyGrad."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mygrad as mg
import numpy as np
from mygrad.nnet.activations import relu, sigmoid
from mygrad.nnet.layers import batchnorm, conv_nd, max_pool
from mygrad.nnet.losses import softmax_crossentropy

from ..rows import Problem
from .functional import Loss, Networks
from .optimizers import optimizer

WHY = {"squared-norm": "it has no second derivatives"}


class MyGrad(Networks):
    def relu(self, z: Any) -> Any:
        return relu(z)

    def sigmoid(self, z: Any) -> Any:
        return sigmoid(z)

    def cross_entropy(self, z: Any, y: Any) -> Any:
        return softmax_crossentropy(z, y)

    def cnn(self, _: Problem) -> Loss:
        def loss(w: Any, data: Any) -> Any:
            h = data["x"]
            for name in ("0", "3"):
                h = conv_nd(h, w[f"{name}.weight"], stride=1, padding=1)
                h = max_pool(relu(h + mg.reshape(w[f"{name}.bias"], (1, -1, 1, 1))), (2, 2), 2)
            h = mg.reshape(h, (len(h), -1))
            return softmax_crossentropy(h @ w["7.weight"].T + w["7.bias"], data["y"])

        return loss

    def resnet(self, problem: Problem) -> Loss:
        def loss(w: Any, data: Any) -> Any:
            def conv(name: str, x: Any, stride: int = 1) -> Any:
                weight = w[f"{name}.weight"]
                kernel = weight.shape[2]
                if stride == 1:
                    return conv_nd(x, weight, stride=1, padding=kernel // 2)
                # The windows must end at the last pixel: padding goes before the first alone.
                if kernel == 1:
                    return conv_nd(x[:, :, ::2, ::2], weight, stride=1)
                n, c, height, width = x.shape
                x = mg.concatenate((np.zeros((n, c, 1, width), np.float32), x), axis=2)
                x = mg.concatenate((np.zeros((n, c, height + 1, 1), np.float32), x), axis=3)
                return conv_nd(x, weight, stride=2)

            def bn(name: str, x: Any) -> Any:
                return batchnorm(x, gamma=w[f"{name}.weight"], beta=w[f"{name}.bias"], eps=1e-5)

            h = relu(bn("bn1", conv("conv1", data["x"])))
            for name in (k[:-13] for k in problem.weights if k.endswith(".conv1.weight")):
                short, stride = h, 1
                if f"{name}.downsample.0.weight" in w:
                    stride = 2
                    short = bn(f"{name}.downsample.1", conv(f"{name}.downsample.0", h, stride))
                y = relu(bn(f"{name}.bn1", conv(f"{name}.conv1", h, stride)))
                h = relu(bn(f"{name}.bn2", conv(f"{name}.conv2", y)) + short)
            mean = mg.mean(h, axis=(2, 3))
            return softmax_crossentropy(mean @ w["fc.weight"].T + w["fc.bias"], data["y"])

        return loss


def training(problem: Problem, _: str) -> Callable[[], Any]:
    weights = {name: mg.tensor(w) for name, w in problem.weights.items()}
    function, update = MyGrad(mg).loss(problem), optimizer(problem)

    def step() -> Any:
        loss = function(weights, problem.data)
        loss.backward()
        grads = {name: np.asarray(w.grad) for name, w in weights.items()}
        update({name: w.data for name, w in weights.items()}, grads)
        return loss.item()

    return step


ROWS = dict.fromkeys(
    (
        "scalars", "chain-small", "chain-large", "toy", "seed", "mlp", "wide", "vae",
        "cnn", "resnet", "lstm", "gpt",
    ),
    training,
)  # fmt: skip
