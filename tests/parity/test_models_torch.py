"""Weights go by name from PyTorch's models to ours and back, and give the same outputs."""

from __future__ import annotations

import importlib.util
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import nn  # noqa: E402
from autograd import Tensor  # noqa: E402

TF = torch.nn.functional
PAGE = Path(__file__).parents[2] / "docs" / "guides" / "weights.md"


@pytest.fixture(autouse=True)
def _seed() -> None:
    nn.manual_seed(0)
    torch.manual_seed(0)


def flat(out: Any) -> list[Any]:
    return [x for o in out for x in flat(o)] if isinstance(out, tuple) else [out]


def run(model: Any, inputs: tuple[Any, ...]) -> list[Any]:
    return [x.data for x in flat(model(*(Tensor(x) if x.dtype.kind == "f" else x for x in inputs)))]


def torch_run(model: Any, inputs: tuple[Any, ...]) -> list[Any]:
    return [x.detach().numpy() for x in flat(model(*map(torch.tensor, inputs)))]


def close(ours: list[Any], theirs: list[Any]) -> None:
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs, strict=True):
        assert (a.shape, a.dtype) == (b.shape, b.dtype)
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5)


def compare(ours: Any, theirs: Any, *inputs: Any) -> None:
    """Theirs into ours, a step of training on both, ours into a fresh copy of theirs."""
    inputs = tuple(x.astype(np.float32) if x.dtype.kind == "f" else x for x in inputs)
    before = run(ours.eval(), inputs)
    ours.load_state_dict({name: x.numpy() for name, x in theirs.state_dict().items()})
    close(run(ours, inputs), torch_run(theirs.eval(), inputs))
    assert max(abs(a - b).max() for a, b in zip(before, run(ours, inputs), strict=True)) > 1e-3

    outs, t_outs = flat(ours.train()(*inputs)), flat(theirs.train()(*map(torch.tensor, inputs)))
    close([x.data for x in outs], [x.detach().numpy() for x in t_outs])  # and statistics are kept
    sum((x * x).mean() for x in outs).backward()
    sum((x * x).mean() for x in t_outs).backward()
    params, t_params = dict(ours.named_parameters()), dict(theirs.named_parameters())
    assert list(params) == list(t_params)
    for name, p in params.items():
        np.testing.assert_allclose(
            p.grad, t_params[name].grad.numpy(), rtol=1e-3, atol=1e-5, err_msg=name
        )
        p.data -= 0.05 * p.grad

    state = ours.state_dict()
    assert [(name, x.shape) for name, x in state.items()] == [
        (name, tuple(x.shape)) for name, x in theirs.state_dict().items()
    ]
    with torch.no_grad():
        for p in theirs.parameters():
            p.zero_()
    theirs.load_state_dict({name: torch.from_numpy(x) for name, x in state.items()})
    close(run(ours.eval(), inputs), torch_run(theirs.eval(), inputs))
    for name, x in theirs.state_dict().items():
        assert state[name].dtype == x.numpy().dtype
        np.testing.assert_array_equal(state[name], x.numpy(), err_msg=name)


# A residual network, with torchvision's names


class TorchBlock(torch.nn.Module):
    def __init__(self, ins: int, outs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = torch.nn.Conv2d(ins, outs, 3, stride, 1, bias=False)
        self.bn1 = torch.nn.BatchNorm2d(outs)
        self.relu = torch.nn.ReLU(inplace=True)
        self.conv2 = torch.nn.Conv2d(outs, outs, 3, 1, 1, bias=False)
        self.bn2 = torch.nn.BatchNorm2d(outs)
        self.downsample = None
        if ins != outs:
            self.downsample = torch.nn.Sequential(
                torch.nn.Conv2d(ins, outs, 1, stride, bias=False), torch.nn.BatchNorm2d(outs)
            )

    def forward(self, x: Any) -> Any:
        identity = x if self.downsample is None else self.downsample(x)
        y = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        return self.relu(y + identity)


class TorchResNet(torch.nn.Module):
    def __init__(self, n: int, width: int = 16) -> None:
        super().__init__()
        self.conv1 = torch.nn.Conv2d(3, width, 3, 1, 1, bias=False)
        self.bn1 = torch.nn.BatchNorm2d(width)
        ins = width
        for i, outs in enumerate((width, 2 * width, 4 * width), 1):
            blocks = [TorchBlock(ins, outs, 1 + (i > 1))]
            blocks += [TorchBlock(outs, outs, 1) for _ in range(n - 1)]
            setattr(self, f"layer{i}", torch.nn.Sequential(*blocks))
            ins = outs
        self.avgpool = torch.nn.AdaptiveAvgPool2d(1)
        self.fc = torch.nn.Linear(4 * width, 10)

    def forward(self, x: Any) -> Any:
        x = torch.relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.fc(torch.flatten(self.avgpool(x), 1))


def test_resnet() -> None:
    x = np.random.default_rng(0).standard_normal((4, 3, 32, 32))
    ours, theirs = nn.models.ResNet(depth=20), TorchResNet(3)
    assert "layer2.0.downsample.1.num_batches_tracked" in ours.state_dict()
    compare(ours, theirs, x)
    assert ours.state_dict()["bn1.num_batches_tracked"] == 1


# Of characters


class TorchCharLSTM(torch.nn.Module):
    def __init__(self, vocab_size: int, hidden_size: int) -> None:
        super().__init__()
        self.embedding = torch.nn.Embedding(vocab_size, hidden_size)
        self.lstm = torch.nn.LSTM(hidden_size, hidden_size, 2, batch_first=True)
        self.linear = torch.nn.Linear(hidden_size, vocab_size)

    def forward(self, x: Any) -> Any:
        y, state = self.lstm(self.embedding(x))
        return self.linear(y), state


def test_char_lstm() -> None:
    x = np.random.default_rng(0).integers(0, 30, (3, 20))
    compare(nn.models.CharLSTM(30, 32), TorchCharLSTM(30, 32), x)


# A GPT, with nanoGPT's names


class TorchAttention(torch.nn.Module):
    def __init__(self, width: int, heads: int, bias: bool) -> None:
        super().__init__()
        self.c_attn = torch.nn.Linear(width, 3 * width, bias=bias)
        self.c_proj = torch.nn.Linear(width, width, bias=bias)
        self.heads = heads

    def forward(self, x: Any) -> Any:
        b, t, c = x.shape
        q, k, v = (
            a.view(b, t, self.heads, c // self.heads).transpose(1, 2)
            for a in self.c_attn(x).split(c, dim=2)
        )
        scores = q @ k.transpose(-2, -1) / math.sqrt(c // self.heads)
        scores = scores.masked_fill(torch.ones(t, t).tril() == 0, -math.inf)
        y = scores.softmax(-1) @ v
        return self.c_proj(y.transpose(1, 2).reshape(b, t, c))


class TorchMLP(torch.nn.Module):
    def __init__(self, width: int, bias: bool) -> None:
        super().__init__()
        self.c_fc = torch.nn.Linear(width, 4 * width, bias=bias)
        self.c_proj = torch.nn.Linear(4 * width, width, bias=bias)

    def forward(self, x: Any) -> Any:
        return self.c_proj(TF.gelu(self.c_fc(x)))


class TorchGPTBlock(torch.nn.Module):
    def __init__(self, width: int, heads: int, bias: bool) -> None:
        super().__init__()
        self.ln_1 = torch.nn.LayerNorm(width, bias=bias)
        self.attn = TorchAttention(width, heads, bias)
        self.ln_2 = torch.nn.LayerNorm(width, bias=bias)
        self.mlp = TorchMLP(width, bias)

    def forward(self, x: Any) -> Any:
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp(self.ln_2(x))


class TorchGPT(torch.nn.Module):
    def __init__(
        self, vocab: int, block_size: int, layers: int, heads: int, width: int, bias: bool
    ) -> None:
        super().__init__()
        self.transformer = torch.nn.ModuleDict(
            {
                "wte": torch.nn.Embedding(vocab, width),
                "wpe": torch.nn.Embedding(block_size, width),
                "h": torch.nn.ModuleList(
                    [TorchGPTBlock(width, heads, bias) for _ in range(layers)]
                ),
                "ln_f": torch.nn.LayerNorm(width, bias=bias),
            }
        )
        self.lm_head = torch.nn.Linear(width, vocab, bias=False)
        self.transformer.wte.weight = self.lm_head.weight

    def forward(self, tokens: Any) -> Any:
        x = self.transformer.wte(tokens) + self.transformer.wpe(torch.arange(tokens.shape[1]))
        for block in self.transformer.h:
            x = block(x)
        return self.lm_head(self.transformer.ln_f(x))


@pytest.mark.parametrize("bias", [True, False])
def test_gpt(bias: bool) -> None:
    x = np.random.default_rng(0).integers(0, 40, (3, 16))
    ours = nn.models.GPT(40, 16, 3, 4, 32, bias=bias)
    theirs = TorchGPT(40, 16, 3, 4, 32, bias)
    compare(ours, theirs, x)
    assert ours.lm_head.weight is ours.transformer["wte"].weight
    # Greedy texts are the same as well.
    text = torch.tensor(x[:, :4])
    for _ in range(12):
        text = torch.cat((text, theirs(text)[:, -1].argmax(-1, keepdim=True)), 1)
    np.testing.assert_array_equal(ours.generate(x[:, :4], 12, temperature=0), text.numpy())


@pytest.mark.filterwarnings("ignore:enable_nested_tensor")
@pytest.mark.parametrize(("norm_first", "activation"), [(False, "relu"), (True, "gelu")])
def test_transformer(norm_first: bool, activation: str) -> None:
    rng = np.random.default_rng(0)
    source, target = rng.standard_normal((2, 9, 32)), rng.standard_normal((2, 7, 32))
    options = {
        "nhead": 4,
        "num_encoder_layers": 2,
        "num_decoder_layers": 2,
        "dim_feedforward": 48,
        "dropout": 0.0,
        "activation": activation,
        "batch_first": True,
        "norm_first": norm_first,
    }
    compare(nn.Transformer(32, **options), torch.nn.Transformer(32, **options), source, target)


# The page


def test_the_page_on_weights_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = re.findall(
        r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    assert len(blocks) >= 5
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, Any] = {}
    for block in blocks:
        if "safetensors" in block and importlib.util.find_spec("safetensors") is None:
            continue
        exec(compile(block, "weights.md", "exec"), namespace)
