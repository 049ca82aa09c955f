"""The engine's guides and transforms on real modules."""

from __future__ import annotations

import numpy as np
import pytest

import nn
from autograd import (
    GradcheckError,
    NonFiniteError,
    Tensor,
    checkpoint,
    detect_anomaly,
    gradcheck,
    gradgradcheck,
    op,
    why_no_grad,
)

X = np.random.default_rng(0).standard_normal((5, 4)).astype(np.float32)


def network() -> nn.Sequential:
    nn.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Dropout(0.5), nn.Linear(6, 3))


def test_a_checkpoint_draws_the_same_dropout_mask_and_reaches_the_parameters() -> None:
    plain, kept = network(), network()
    nn.manual_seed(1)
    (plain(X) ** 2).sum().backward()
    nn.manual_seed(1)
    loss = (checkpoint(kept)(X) ** 2).sum()
    np.random.default_rng(5)  # draws elsewhere do not matter
    nn.functional.dropout(np.ones(10))
    loss.backward()
    for a, b in zip(plain.parameters(), kept.parameters(), strict=True):
        np.testing.assert_array_equal(a.grad, b.grad)


def test_gradcheck_takes_a_module_with_its_parameters() -> None:
    model = network().eval()
    assert gradcheck(model, X)
    assert gradgradcheck(model, X)
    assert all(p.grad is None and p.dtype == np.float32 for p in model.parameters())


def test_gradcheck_names_the_wrong_parameter() -> None:
    @op
    def scaled(x, w):
        return x * w, lambda g: g * w, lambda g: 2 * (g * x)

    class Scale(nn.Module):
        def __init__(self) -> None:
            self.w = nn.Parameter(np.ones(4, np.float32))

        def forward(self, x: object) -> object:
            return scaled(x, self.w)

    with pytest.raises(GradcheckError, match=r"parameter 1\.w .* factor of 2\."):
        gradcheck(nn.Sequential(nn.Tanh(), Scale()), X)


def test_detect_anomaly_and_why_no_grad_name_the_users_line_not_the_librarys() -> None:
    model = network()
    with pytest.raises(NonFiniteError) as raised, detect_anomaly():
        model(np.full((1, 4), np.inf, np.float32))
    assert "test_with_autograd.py" in str(raised.value)
    weight = model[0].weight

    def loss() -> Tensor:
        hidden = model[0](X).detach()
        return model[3](hidden).sum()

    assert "hidden = model[0](X).detach()" in why_no_grad(weight, loss)
