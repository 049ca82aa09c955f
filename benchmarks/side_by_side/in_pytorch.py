"""The network, its optimizer and an epoch in PyTorch. The other side: in_plaingrad.py."""

from itertools import pairwise

import torch
from torch import nn, optim


def array(values):
    """The library's own form of a NumPy array."""
    return torch.from_numpy(values)


def network(sizes, weights, dtype):
    """Linear layers with tanh between them, with the weights given."""
    layers = []
    for n, m in pairwise(sizes):
        layers += [nn.Linear(n, m), nn.Tanh()]
    model = nn.Sequential(*layers[:-1]).to(getattr(torch, dtype))
    model.load_state_dict({name: array(w) for name, w in weights.items()})
    return model


def optimizer(model, name, lr):
    """The optimizer called so, with its defaults but for the learning rate."""
    return getattr(optim, name)(model.parameters(), lr=lr)


def epoch(model, optimizer, x, y, batches):
    """Learn from each batch once; return the mean loss of all data, each as it was met."""
    cross_entropy = nn.CrossEntropyLoss()
    total = 0.0
    for rows in batches:
        labels = y[rows]
        loss = cross_entropy(model(x[rows]), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(labels)
    return total / len(y)
