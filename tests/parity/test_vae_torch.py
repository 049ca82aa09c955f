"""The VAE beside PyTorch's, from the same weights, images and noise: steps of training, samples."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import nn  # noqa: E402
import optim  # noqa: E402

BATCH, SIZE, HIDDEN, CODE = 16, 64, 32, 3


class Theirs(torch.nn.Module):  # type: ignore[misc,name-defined]
    """The same network, as one writes it in PyTorch; names of parts as in `nn.models.VAE`."""

    def __init__(self, layers: int) -> None:
        super().__init__()
        t = torch.nn
        self.encoder = t.Sequential(t.Flatten(), *hidden(SIZE, layers))
        self.mean, self.log_var = t.Linear(HIDDEN, CODE), t.Linear(HIDDEN, CODE)
        self.decoder = t.Sequential(*hidden(CODE, layers), t.Linear(HIDDEN, SIZE))

    def loss(self, x: Any, noise: Any, beta: float) -> Any:
        h = self.encoder(x)
        normal = torch.distributions.Normal(self.mean(h), torch.exp(0.5 * self.log_var(h)))
        code = normal.loc + normal.scale * noise  # as rsample() does, with noise of our own
        pixels = torch.distributions.Bernoulli(
            logits=self.decoder(code),
            validate_args=False,  # pixels are shares of ink
        )
        prior = torch.distributions.Normal(torch.zeros(()), torch.ones(()))
        kl = torch.distributions.kl_divergence(normal, prior)
        return (beta * kl.sum(1) - pixels.log_prob(x).sum(1)).mean()


def hidden(size: int, layers: int) -> list[Any]:
    parts: list[Any] = []
    for n in [size] + [HIDDEN] * (layers - 1):
        parts += [torch.nn.Linear(n, HIDDEN), torch.nn.ReLU()]
    return parts


@pytest.mark.parametrize(("layers", "beta"), [(1, 1.0), (2, 0.5)])
def test_steps_of_training(layers: int, beta: float) -> None:
    torch.manual_seed(0)
    images, _ = nn.datasets.digits()
    ours, theirs = nn.models.VAE(SIZE, HIDDEN, CODE, beta, layers), Theirs(layers)
    ours.load_state_dict({name: x.numpy() for name, x in theirs.state_dict().items()})
    adam = optim.Adam(ours.parameters(), lr=0.01)
    their_adam = torch.optim.Adam(theirs.parameters(), lr=0.01)
    losses = []
    for step in range(20):
        x = images.reshape(-1, SIZE)[step * BATCH : (step + 1) * BATCH]
        # The model draws from the generator that it gets, and so do we, once more.
        draws = np.random.default_rng(step).standard_normal((BATCH, CODE)).astype(np.float32)
        adam.zero_grad()
        loss = ours.loss(x, generator=np.random.default_rng(step))
        loss.backward()
        adam.step()
        their_adam.zero_grad()
        their_loss = theirs.loss(torch.tensor(x), torch.tensor(draws), beta)
        their_loss.backward()
        their_adam.step()
        assert loss.item() == pytest.approx(their_loss.item(), rel=1e-4)
        losses.append(loss.item())
    assert losses[-1] < 0.75 * losses[0]
    for name, p in theirs.state_dict().items():
        np.testing.assert_allclose(ours.state_dict()[name], p.numpy(), atol=2e-3, err_msg=name)

    code = np.random.default_rng(1).standard_normal((5, CODE)).astype(np.float32)
    samples = ours.sample(5, generator=1)
    with torch.no_grad():
        their_samples = torch.sigmoid(theirs.decoder(torch.tensor(code))).numpy()
    np.testing.assert_allclose(samples, their_samples, atol=5e-3)
