"""The models of nn.models as one writes them in PyTorch, for models.py to compare with."""

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import nn


class MLP(nn.Sequential):
    def __init__(self, sizes):
        layers = [nn.Linear(sizes[0], sizes[1])]
        for n_in, n_out in pairwise(sizes[1:]):
            layers += [nn.ReLU(), nn.Linear(n_in, n_out)]
        super().__init__(*layers)


class LeNet(nn.Sequential):
    def __init__(self):
        super().__init__(
            nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(),
            nn.Linear(84, 10),
        )  # fmt: skip


class BasicBlock(nn.Module):
    def __init__(self, in_planes, planes, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(in_planes, planes, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.shortcut = nn.Identity()
        if stride > 1:
            self.shortcut = nn.Sequential(
                nn.Conv2d(in_planes, planes, 1, stride, bias=False), nn.BatchNorm2d(planes)
            )

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(y)) + self.shortcut(x))


class ResNet(nn.Module):
    def __init__(self, depth):
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU()
        )
        blocks, planes = [], 16
        for new in (16, 32, 64):
            for i in range((depth - 2) // 6):
                blocks.append(BasicBlock(planes, new, 2 if not i and new > 16 else 1))
                planes = new
        self.blocks, self.fc = nn.Sequential(*blocks), nn.Linear(64, 10)

    def forward(self, x):
        return self.fc(self.blocks(self.stem(x)).mean(dim=(2, 3)))


class ConvAutoencoder(nn.Sequential):
    def __init__(self):
        super().__init__(
            nn.Conv2d(1, 16, 3, stride=2, padding=1), nn.ReLU(),
            nn.Conv2d(16, 32, 3, stride=2, padding=1), nn.ReLU(),
            nn.Conv2d(32, 32, 7),
            nn.ConvTranspose2d(32, 32, 7), nn.ReLU(),
            nn.ConvTranspose2d(32, 16, 3, stride=2, padding=1, output_padding=1), nn.ReLU(),
            nn.ConvTranspose2d(16, 1, 3, stride=2, padding=1, output_padding=1), nn.Sigmoid(),
        )  # fmt: skip


class VAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(784, 400), nn.ReLU())
        self.mean, self.log_var = nn.Linear(400, 20), nn.Linear(400, 20)
        self.decoder = nn.Sequential(nn.Linear(20, 400), nn.ReLU(), nn.Linear(400, 784))

    def loss(self, x, _):
        h = self.encoder(x)
        mean, log_var = self.mean(h), self.log_var(h)
        logits = self.decoder(mean + torch.exp(0.5 * log_var) * torch.randn_like(mean))
        kl = 0.5 * (mean**2 + torch.exp(log_var) - 1 - log_var).sum(dim=-1)
        bits = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
        return bits / len(x) + kl.mean()


class CharLSTM(nn.Module):
    rnn = nn.LSTM

    def __init__(self, vocab_size):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, 128)
        self.lstm = self.rnn(128, 128, 2, batch_first=True)
        self.linear = nn.Linear(128, vocab_size)

    def loss(self, x, y):
        logits = self.linear(self.lstm(self.embedding(x))[0])
        return F.cross_entropy(logits.flatten(0, 1), y.flatten())


class CharGRU(CharLSTM):
    rnn = nn.GRU


class Block(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.ln_1, self.ln_2 = nn.LayerNorm(size), nn.LayerNorm(size)
        self.c_attn, self.c_proj = nn.Linear(size, 3 * size), nn.Linear(size, size)
        self.mlp = nn.Sequential(nn.Linear(size, 4 * size), nn.GELU(), nn.Linear(4 * size, size))

    def forward(self, x):
        heads = self.c_attn(self.ln_1(x)).unflatten(-1, (3, 4, -1))
        q, k, v = heads.movedim(-3, 0).transpose(-3, -2)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.c_proj(y.transpose(-3, -2).reshape(x.shape))
        return x + self.mlp(self.ln_2(x))


class GPT(nn.Module):
    def __init__(self, vocab_size):
        super().__init__()
        self.wte, self.wpe = nn.Embedding(vocab_size, 128), nn.Embedding(64, 128)
        self.blocks = nn.Sequential(*(Block(128) for _ in range(4)))
        self.ln_f = nn.LayerNorm(128)
        for p in self.parameters():
            if p.ndim == 2:
                nn.init.normal_(p, std=0.02)

    def loss(self, x, y):
        h = self.wte(x) + self.wpe(torch.arange(x.shape[1]))
        logits = self.ln_f(self.blocks(h)) @ self.wte.weight.T
        return F.cross_entropy(logits.flatten(0, 1), y.flatten())
