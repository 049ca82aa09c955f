"""nn.models: shapes, sizes as in the papers, gradients, and that each learns something."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nn
import optim
from autograd import gradcheck
from nn.models import (
    GPT,
    MLP,
    VAE,
    BasicBlock,
    CharLSTM,
    ConvAutoencoder,
    Inception,
    InceptionBlock,
    LeNet,
    ResNet,
    draw,
    kl_to_normal,
)

IMAGES, LABELS = (a[:64] for a in nn.datasets.digits())
SMALL = IMAGES[:, None]  # 1 x 8 x 8
LARGE = np.pad(np.kron(SMALL, np.ones((3, 3), np.float32)), ((0, 0), (0, 0), (2, 2), (2, 2)))
TEXT = np.frombuffer(b"the quick brown fox jumps over the lazy dog. " * 4, np.uint8).astype(int)
CHARACTERS, TOKENS = np.unique(TEXT, return_inverse=True)
X, Y = (np.stack([TOKENS[i : i + 16] for i in range(first, first + 90, 6)]) for first in (0, 1))


@pytest.fixture(autouse=True)
def _seed() -> None:
    nn.manual_seed(0)


class Of(nn.Module):
    """A function of a model as a module, for gradcheck to find its parameters."""

    def __init__(self, model: nn.Module, function: Callable[..., Any]) -> None:
        self.model, self.function = model, function

    def forward(self, *args: Any) -> Any:
        return self.function(self.model, *args)


# Sizes


def resnet_size(depth: int, option: str, colours: int = 3, classes: int = 10) -> int:
    """From section 4.2: 2n layers of 3 x 3 for each of 16, 32, 64 channels; bn has 2 a channel."""
    n = (depth - 2) // 6
    size = 9 * colours * 16 + 2 * 16 + 64 * classes + classes
    for before, planes in ((16, 16), (16, 32), (32, 64)):
        size += 9 * before * planes + (2 * n - 1) * 9 * planes * planes + 2 * n * 2 * planes
        if option == "B" and before != planes:
            size += before * planes + 2 * planes
    return size


@pytest.mark.parametrize(
    ("depth", "exactly", "millions"),
    [
        (20, 269_722, 0.27),
        (32, 464_154, 0.46),
        (44, 658_586, 0.66),
        (56, 853_018, 0.85),
        (110, 1_727_962, 1.7),
    ],
)
def test_resnets_are_as_large_as_in_the_paper(depth: int, exactly: int, millions: float) -> None:
    assert ResNet(depth, option="A").num_parameters() == resnet_size(depth, "A") == exactly
    assert round(exactly / 1e6, 1 if depth == 110 else 2) == millions
    model = ResNet(depth)
    assert model.num_parameters() == resnet_size(depth, "B")
    weights = [m for m in model.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    assert len(weights) == depth + 2  # and two in the shortcuts


def test_sizes_of_the_others() -> None:
    assert MLP([784, 16, 16, 10]).num_parameters() == 13_002
    conv, full = 6 * 26 + 16 * (6 * 25 + 1), 120 * 401 + 84 * 121 + 10 * 85
    assert LeNet().num_parameters() == conv + full == 61_706
    # The paper's table 1: 159K in block 3a. Here without biases, but with two for each bn.
    block = InceptionBlock(192, 64, (96, 128), (16, 32), 32)
    convolutions = [m for m in block.modules() if isinstance(m, nn.Conv2d)]
    assert sum(m.weight.size for m in convolutions) // 1024 == 159
    assert ConvAutoencoder().num_parameters() == 109_985
    assert VAE().num_parameters() == 652_824
    assert Inception().num_parameters() == 89_790
    rows = 128 * 65 * 2 + 65 + 2 * (4 * 128 * 256 + 2 * 4 * 128)
    assert CharLSTM(65).num_parameters() == rows
    c = 128
    layer = 12 * c * c + 13 * c  # 4 c² in attention, 8 c² in the MLP
    assert GPT(65).num_parameters() == 65 * c + 64 * c + 4 * layer + 2 * c


# Shapes


def test_images_may_have_any_size() -> None:
    for model in (ResNet(8, 7, 2, width=4), ResNet(8, 7, 2, 4, "A"), Inception(7, 2)):
        for size in ((8, 8), (13, 10)):
            assert model(np.zeros((2, 2, *size), np.float32)).shape == (2, 7)


def test_resnet_of_option_a_keeps_the_pixels() -> None:
    block, x = BasicBlock(2, 4, 2, "A"), np.arange(2 * 5 * 5.0).reshape(1, 2, 5, 5)
    expected = np.concatenate((x[:, :, ::2, ::2], np.zeros((1, 2, 3, 3))), axis=1)
    np.testing.assert_array_equal(block.shortcut(x), expected)
    assert not [name for name, _ in block.named_parameters() if "downsample" in name]


def test_float32_stays() -> None:
    outs = [
        MLP([8, 4, 2], dropout=0.5)(IMAGES),
        LeNet()(LARGE[:2]),
        ResNet(8, in_channels=1, width=4, option="A")(SMALL[:2]),
        Inception(in_channels=1)(SMALL[:2]),
        ConvAutoencoder(image_size=8)(SMALL[:2]),
        VAE(64, 8, 2).loss(SMALL[:2]),
        VAE(64, 8, 2).sample(3),
        CharLSTM(4, 8)(X[:2] % 4)[0],
        GPT(4, 16, 1, 2, 8, dropout=0.1)(X[:2] % 4),
    ]
    assert [out.dtype for out in outs] == [np.float32] * len(outs)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MLP([3]), r"MLP: got sizes \[3\], expected"),
        (lambda: ResNet(18), r"ResNet: got depth=18, expected 6n \+ 2"),
        (lambda: ResNet(2), "ResNet: got depth=2"),
        (lambda: ResNet(8, option="C"), "BasicBlock: got option='C', expected 'A' or 'B'"),
        (lambda: ConvAutoencoder(image_size=30), "ConvAutoencoder: got image_size=30"),
        (lambda: GPT(5, n_embd=6, n_head=4), "n_embd=6 is not a multiple of n_head=4"),
        (lambda: GPT(5, 8, 1, 1, 4)(np.zeros((1, 9), int)), "got 9 tokens, .*block_size=8"),
        (lambda: GPT(5, 8, 1, 1, 4).generate([], 3), r"GPT.generate: got a start of shape \(0,\)"),
        (lambda: CharLSTM(5, 4).generate(1, 3), r"CharLSTM.generate: got a start of shape \(\)"),
        (lambda: draw(np.zeros(3), temperature=-1), "draw: got temperature=-1"),
        (lambda: draw(np.zeros(3), temperature=np.nan), "draw: got temperature=nan"),
        (lambda: draw(np.zeros(3), temperature=np.inf), "draw: got temperature=inf"),
        (lambda: draw(np.zeros(3), temperature=True), "draw: got temperature=True"),
        (lambda: draw(np.zeros(3), top_k=0), "draw: got top_k=0, expected an int, 1 or more"),
        (lambda: draw(np.zeros(3), top_k=-1), "draw: got top_k=-1"),
        (lambda: draw(np.zeros(3), top_k=2.0), "draw: got top_k=2.0"),
        (lambda: draw(np.zeros(3), top_k=True), "draw: got top_k=True"),
        (lambda: CharLSTM(5, 4).generate([1], -1), "CharLSTM.generate: got length=-1"),
        (lambda: GPT(5, 4, 1, 1, 4).generate([1], -1), "GPT.generate: got length=-1"),
        (lambda: GPT(5, 4, 1, 1, 4).generate([1], 2.0), "GPT.generate: got length=2.0"),
        (lambda: GPT(5, 4, 1, 1, 4).generate([1], 2, top_k=0), "draw: got top_k=0"),
    ],
)
def test_errors(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


# Gradients


@pytest.mark.parametrize(
    ("model", "inputs"),
    [
        (lambda: MLP([4, 5, 3], nn.Tanh), [SMALL[:3, 0, 2, :4]]),
        (lambda: LeNet(3), [LARGE[:2]]),
        (lambda: ResNet(8, 3, 1, 4), [SMALL[:3]]),
        (lambda: ResNet(8, 3, 1, 4, "A"), [SMALL[:3]]),
        (lambda: InceptionBlock(1, 2, (2, 3), (2, 2), 2), [SMALL[:2]]),
        (lambda: ConvAutoencoder(1, 8, 4, 3), [SMALL[:3]]),
        (lambda: Of(VAE(64, 8, 3), lambda m, x: m.loss(x, generator=0)), [IMAGES[:3] / 2]),
        (lambda: Of(CharLSTM(5, 4), lambda m, x: m(x)[0]), [X[:2, :6] % 5]),
        (lambda: GPT(5, 8, 2, 2, 4), [X[:2, :6] % 5]),
        (lambda: GPT(5, 8, 1, 2, 4, bias=False), [X[:2, :6] % 5]),
    ],
    ids=["MLP", "LeNet", "ResNet", "ResNet-A", "Inception", "CAE", "VAE", "LSTM", "GPT", "GPT-"],
)
def test_gradients(model: Callable[[], nn.Module], inputs: list[Any]) -> None:
    rng = np.random.default_rng(1)
    # Blank pixels would be ties of maxima.
    inputs = [x if x.dtype == int else x + rng.uniform(0, 0.5, x.shape) for x in inputs]
    # Among thousands of relus one has its kink close by: the steps are small.
    assert gradcheck(model(), *inputs, mode="projection", step=1e-7, rtol=1e-4, atol=1e-6)


# Learning


def classify(model: nn.Module, x: Any) -> Any:
    return nn.functional.cross_entropy(model(x), LABELS[: len(x)])


@pytest.mark.parametrize(
    ("make", "loss", "share"),
    [
        (lambda: MLP([64, 32, 10]), lambda m: classify(m, IMAGES.reshape(64, 64)), 0.1),
        (LeNet, lambda m: classify(m, LARGE), 0.5),
        (lambda: ResNet(8, 10, 1, 4), lambda m: classify(m, SMALL), 0.3),
        (lambda: ResNet(8, 10, 1, 4, "A"), lambda m: classify(m, SMALL), 0.3),
        (lambda: Inception(in_channels=1), lambda m: classify(m, SMALL[:20]), 0.3),
        (
            lambda: ConvAutoencoder(1, 8, 16, 8),
            lambda m: nn.functional.mse_loss(m(SMALL), SMALL),
            0.6,
        ),
        (lambda: VAE(64, 32, 4), lambda m: m.loss(IMAGES), 0.7),
        (lambda: CharLSTM(len(CHARACTERS), 32), lambda m: m.loss(X, Y), 0.4),
        (lambda: GPT(len(CHARACTERS), 16, 2, 2, 32), lambda m: m.loss(X, Y), 0.4),
    ],
    ids=["MLP", "LeNet", "ResNet", "ResNet-A", "Inception", "CAE", "VAE", "LSTM", "GPT"],
)
def test_learns(make: Callable[[], nn.Module], loss: Callable[[Any], Any], share: float) -> None:
    model = make()
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    losses = []
    for _ in range(30):
        optimizer.zero_grad()
        cost = loss(model)
        cost.backward()
        optimizer.step()
        losses.append(cost.item())
    assert losses[-1] < share * losses[0], losses


# The variational autoencoder


def test_kl_is_the_integral() -> None:
    model = VAE(64, 8, 1, beta=1.0)
    mean, log_var = (a.data.astype(float) for a in model.encode(IMAGES[:5]))
    z = np.linspace(-20, 20, 40001)
    q, p = (np.exp(-((z - m) ** 2) / (2 * v)) / np.sqrt(2 * np.pi * v)
            for m, v in ((mean, np.exp(log_var)), (0.0, 1.0)))  # fmt: skip
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(q > 0, q * np.log(q / p), 0.0)
    kl = np.trapezoid(terms, z, axis=1)
    np.testing.assert_allclose(kl_to_normal(mean, log_var), kl, rtol=1e-6)

    whole = model.loss(IMAGES[:5], generator=0).item()
    model.beta = 0.0
    without = model.loss(IMAGES[:5], generator=0).item()
    np.testing.assert_allclose(whole - without, kl.mean(), rtol=1e-3, atol=1e-5)
    model.beta = 4.0
    again = model.loss(IMAGES[:5], generator=0).item()
    np.testing.assert_allclose(again - without, 4 * kl.mean(), rtol=1e-3, atol=1e-5)


def test_vae_draws_codes() -> None:
    model = VAE(64, 8, 2)
    mean, log_var = (a.data for a in model.encode(IMAGES[:1]))
    decoder, model.decoder = model.decoder, nn.Identity()
    codes = np.concatenate([model(IMAGES[:1], i)[0].data for i in range(2000)])
    np.testing.assert_allclose(codes.mean(axis=0), mean[0], atol=0.1)
    np.testing.assert_allclose(codes.std(axis=0), np.exp(log_var[0] / 2), rtol=0.1)
    model.decoder = decoder
    images = model.sample(5, generator=1)
    assert type(images) is np.ndarray
    assert 0 < images.min() <= images.max() < 1
    np.testing.assert_array_equal(images, model.sample(5, generator=1))


# Language models


def language_models() -> list[Any]:
    return [CharLSTM(9, 8), GPT(9, 6, 2, 2, 8)]


def test_generates_the_same_from_the_same_seed() -> None:
    for model in language_models():
        text = model.generate([1, 2, 3], 20, generator=5)
        assert text.shape == (23,)
        assert list(text[:3]) == [1, 2, 3]
        assert 0 <= text.min() <= text.max() < 9
        np.testing.assert_array_equal(text, model.generate([1, 2, 3], 20, generator=5))
        assert (text != model.generate([1, 2, 3], 20, generator=6)).any()
        assert model.generate([[1], [2]], 4).shape == (2, 5)
        nn.manual_seed(3)
        first = model.generate([0], 9)
        nn.manual_seed(3)
        np.testing.assert_array_equal(first, model.generate([0], 9))


def test_generates_the_likeliest_at_temperature_zero() -> None:
    for model in language_models():
        text = model.generate([1, 2], 3, temperature=0)
        for n in (2, 3, 4):
            logits = model(text[:n])
            logits = (logits[0] if isinstance(logits, tuple) else logits).data
            assert text[n] == logits[-1].argmax()


def test_no_token_sees_a_later_one() -> None:
    for model in language_models():
        x = np.array([[1, 2, 3, 4, 5]])
        changed = np.array([[1, 2, 3, 8, 5]])
        before, after = (m[0] if isinstance(m, tuple) else m for m in (model(x), model(changed)))
        np.testing.assert_array_equal(before.data[:, :3], after.data[:, :3])
        assert (before.data[:, 3:] != after.data[:, 3:]).any(axis=-1).all()


def test_gpt_shares_one_matrix() -> None:
    model = GPT(9, 6, 2, 2, 8)
    wte = model.transformer["wte"].weight
    assert model.lm_head.weight is wte
    assert [p is wte for p in model.parameters()].count(True) == 1
    state = model.state_dict()
    np.testing.assert_array_equal(state["transformer.wte.weight"], state["lm_head.weight"])
    other = GPT(9, 6, 2, 2, 8)
    other.load_state_dict(state)
    assert other.lm_head.weight is other.transformer["wte"].weight
    np.testing.assert_array_equal(model(X[:, :6] % 9).data, other(X[:, :6] % 9).data)


def test_gpt_starts_close_to_the_uniform_distribution() -> None:
    model = GPT(65)
    loss = model.loss(np.arange(64)[None], np.arange(1, 65)[None]).item()
    assert abs(loss - np.log(65)) < 0.2
    c_proj = model.transformer["h"][0].mlp.c_proj.weight.data
    np.testing.assert_allclose(c_proj.std(), 0.02 / np.sqrt(8), rtol=0.02)


def test_draws_by_the_softmax() -> None:
    logits = np.log([0.1, 0.2, 0.7])
    many = np.broadcast_to(logits, (20_000, 3))

    def shares(**options: Any) -> np.ndarray:
        return np.bincount(draw(many, generator=0, **options), minlength=3) / len(many)

    np.testing.assert_allclose(shares(), [0.1, 0.2, 0.7], atol=0.015)
    hot = np.sqrt([0.1, 0.2, 0.7])
    np.testing.assert_allclose(shares(temperature=2.0), hot / hot.sum(), atol=0.015)
    np.testing.assert_allclose(shares(top_k=2), [0, 2 / 9, 7 / 9], atol=0.015)
    np.testing.assert_array_equal(shares(top_k=1), [0, 0, 1])
    np.testing.assert_array_equal(shares(temperature=0), [0, 0, 1])
