"""Recurrent cells and layers, from zeros and from a given state.

The state of an LSTM is a pair, which the table has no input for: it is given one in
tests/nn/layers/test_recurrent.py and tests/parity/test_recurrent_torch.py.
"""

from typing import Any

from .base import Layer

T, N, SIZE, H = 3, 2, 2, 3  # steps, examples, input and hidden size


def rows(kind: str, *leads: tuple[int, ...], **options: Any) -> list[Layer]:
    """A layer with these options, on inputs with these axes before the last."""
    pair, smooth = kind.startswith("LSTM"), options.get("nonlinearity") != "relu"
    states = options.get("num_layers", 1) * (2 if options.get("bidirectional") else 1)
    found: list[Layer] = []
    for lead in leads:
        if kind.endswith("Cell"):
            state = (*lead, H)
        else:
            batch = lead[:1] if options.get("batch_first") else lead[1:]
            state = (states, *(batch if len(lead) == 2 else ()), H)
        given = [((*lead, SIZE),)] if pair else [((*lead, SIZE),), ((*lead, SIZE), state)]
        found += [Layer(kind, (SIZE, H), options, inputs, smooth=smooth) for inputs in given]
    return found


ROWS = [
    row
    for kind in ("RNN", "LSTM", "GRU")
    for row in [
        *rows(kind, (T, N), (1, 1), (T,)),
        *rows(kind, (N, T), (1, T), num_layers=2, batch_first=True, bidirectional=True),
        *rows(kind, (T, N), num_layers=3, bias=False, dropout=0.0),
        *rows(kind, (T,), num_layers=2, bidirectional=True, bias=False),
        *rows(f"{kind}Cell", (N,), (1,), ()),
        *rows(f"{kind}Cell", (N,), bias=False),
    ]
]
ROWS += [
    *rows("RNN", (T, N), nonlinearity="relu"),
    *rows("RNN", (N, T), nonlinearity="relu", num_layers=2, bidirectional=True, batch_first=True),
    *rows("RNNCell", (N,), (), nonlinearity="relu"),
    *rows("LSTM", (T, N), (T,), proj_size=2),
    *rows("LSTM", (N, T), proj_size=1, num_layers=2, bidirectional=True, batch_first=True),
]
