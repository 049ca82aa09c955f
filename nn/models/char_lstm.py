"""A language model of characters (Graves, arXiv:1308.0850, 2013; Karpathy's char-rnn, 2015)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

import nn
import nn.functional as F
from autograd import no_grad

from .sampling import draw, prompt


class CharLSTM(nn.Module):
    """Reads characters, as integers, and scores what may come next after each.

      (batch, time)               characters
      (batch, time, hidden_size)  embedding
      (batch, time, hidden_size)  lstm, num_layers on top of each other
      (batch, time, vocab_size)   linear: scores of the next character

    280,897 parameters for 65 characters.

    Parameters
    ----------
    vocab_size
        how many different characters there are.
    hidden_size
        the length of the embeddings and of the state of each layer.
    num_layers
        how many LSTMs.
    dropout
        the probability of `nn.Dropout` after each LSTM but the last.

    Examples
    --------
    >>> import numpy as np, nn
    >>> model = nn.models.CharLSTM(vocab_size=65)
    >>> logits, state = model(np.zeros((3, 10), int))
    >>> logits.shape, model.generate([1, 2], length=5).shape, model.num_parameters()
    ((3, 10, 65), (7,), 280897)
    """

    def __init__(
        self, vocab_size: int, hidden_size: int = 128, num_layers: int = 2, dropout: float = 0.0
    ) -> None:
        self.embedding = nn.Embedding(vocab_size, hidden_size)
        self.lstm = nn.LSTM(hidden_size, hidden_size, num_layers, batch_first=True, dropout=dropout)
        self.linear = nn.Linear(hidden_size, vocab_size)

    def forward(self, x: Any, state: Any = None) -> tuple[Any, Any]:
        """Scores (batch, time, vocab_size) of what follows `x`, (batch, time); the state (h, c).

        The state leads on to a next piece of the same texts. There may be no batch.
        """
        y, state = self.lstm(self.embedding(x), state)
        return self.linear(y), state

    def loss(self, x: Any, y: Any) -> Any:
        """The mean cross-entropy of the scores of `x` and the true next characters `y`."""
        logits, _ = self(x)
        return F.cross_entropy(logits.reshape(-1, logits.shape[-1]), np.reshape(y, -1))

    @no_grad()
    def generate(
        self,
        start: Any,
        length: int,
        temperature: float = 1.0,
        generator: np.random.Generator | int | None = None,
    ) -> NDArray[Any]:
        """`start`, (time,) or (batch, time), and `length` drawn characters after it.

        For `temperature` see `draw`. If the model has dropout, call `model.eval()` before.
        """
        text, rng = prompt("CharLSTM", start, length), nn.generator(generator)
        logits, state = self(text)
        for _ in range(length):
            new = draw(logits.numpy()[..., -1, :], temperature, generator=rng)[..., None]
            text = np.concatenate((text, new), axis=-1)
            logits, state = self(new, state)
        return text
