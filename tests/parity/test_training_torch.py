"""A hundred steps beside PyTorch, from the same weights and on the same batches."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import nn
import optim

torch = pytest.importorskip("torch")

STEPS, BATCH = 100, 32


def data() -> tuple[Any, Any]:
    """Batches of made-up images: noise around a picture for each class."""
    rng = np.random.default_rng(0)
    pictures = rng.random((10, 784))
    labels = rng.integers(0, 10, (STEPS, BATCH))
    images = 0.6 * pictures[labels] + 0.4 * rng.random((STEPS, BATCH, 784))
    return images.astype(np.float32), labels


def both(sizes: tuple[int, ...], activation: str) -> tuple[nn.Sequential, Any]:
    """The same network twice."""
    nn.manual_seed(0)
    ours: list[nn.Module] = []
    theirs: list[Any] = []
    for inputs, outputs in itertools.pairwise(sizes):
        ours += [nn.Linear(inputs, outputs), getattr(nn, activation)()]
        theirs += [torch.nn.Linear(inputs, outputs), getattr(torch.nn, activation)()]
    model, reference = nn.Sequential(*ours[:-1]), torch.nn.Sequential(*theirs[:-1])
    state = {name: torch.from_numpy(array) for name, array in model.state_dict().items()}
    reference.load_state_dict(state)
    return model, reference


def losses(model: Any, loss: Any, optimizer: Any, batches: Any) -> list[float]:
    found = []
    for x, y in batches:
        optimizer.zero_grad()
        value = loss(model(x), y)
        value.backward()
        optimizer.step()
        found.append(value.item())
    return found


def compare(model: Any, reference: Any, make_loss: str, make_optimizer: str, **options: Any) -> Any:
    images, labels = data()
    ours = losses(
        model,
        getattr(nn, make_loss)(),
        getattr(optim, make_optimizer)(model.parameters(), **options),
        zip(images, targets(labels, make_loss), strict=True),
    )
    theirs = losses(
        reference,
        getattr(torch.nn, make_loss)(),
        getattr(torch.optim, make_optimizer)(reference.parameters(), **options),
        zip(
            torch.from_numpy(images), map(torch.from_numpy, targets(labels, make_loss)), strict=True
        ),
    )
    assert theirs[-1] < 0.9 * theirs[0]  # it learns: the losses are not all alike
    np.testing.assert_allclose(ours, theirs, rtol=1e-4)
    return ours


def targets(labels: Any, loss: str) -> Any:
    return nn.functional.one_hot(labels) if loss == "MSELoss" else labels


def test_the_seed_network_has_13002_parameters_and_follows_pytorch_for_100_sgd_steps() -> None:
    model, reference = both((784, 16, 16, 10), "Sigmoid")
    assert model.num_parameters() == 13_002
    assert sum(p.numel() for p in reference.parameters()) == 13_002
    compare(model, reference, "MSELoss", "SGD", lr=3.0)


def test_a_relu_network_follows_pytorch_for_100_adam_steps() -> None:
    model, reference = both((784, 128, 64, 10), "ReLU")
    compare(model, reference, "CrossEntropyLoss", "Adam", lr=1e-3)
