"""Many small networks: trained one after the other, and as one `nn.Ensemble`.

    python -m benchmarks.ensemble

The time of a training step of all of them, with Adam: of each the least of several, taken in turns.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import nn
import optim

CASES = [(k, hidden, batch) for k in (10, 100) for hidden in (8, 32) for batch in (32, 200)]


def stepper(model: nn.Module, loss: Callable, batch: int) -> Callable[[], None]:
    points, labels = nn.datasets.circles(batch, generator=0)
    optimizer = optim.Adam(model.parameters(), 0.01)

    def step() -> None:
        optimizer.zero_grad()
        loss(model(points), labels).backward()
        optimizer.step()

    return step


def measure(k: int, hidden: int, batch: int, rounds: int = 30) -> tuple[float, float]:
    """The seconds of a step of `k` networks: one after the other, and as one."""
    nn.manual_seed(0)
    models = [
        nn.Sequential(
            nn.Linear(2, hidden), nn.Tanh(), nn.Linear(hidden, hidden), nn.Tanh(),
            nn.Linear(hidden, 2),
        )
        for _ in range(k)
    ]  # fmt: skip
    criterion, together = nn.CrossEntropyLoss(), nn.Ensemble(models)
    steps = [stepper(model, criterion, batch) for model in models]
    one = stepper(together, together.loss(criterion), batch)
    steps.append(one)
    least = [float("inf")] * (k + 1)
    for _ in range(rounds):
        for i, step in enumerate(steps):
            start = time.perf_counter()
            step()
            least[i] = min(least[i], time.perf_counter() - start)
    return sum(least[:k]), least[k]


def main() -> None:
    print("networks  shape      batch  one by one  as one  times")
    for k, hidden, batch in CASES:
        alone, together = measure(k, hidden, batch)
        shape = f"2-{hidden}-{hidden}-2"
        print(
            f"{k:8}  {shape:9}  {batch:5}  {1e3 * alone:7.2f} ms  {1e3 * together:5.2f} ms"
            f"  {alone / together:5.1f}"
        )


if __name__ == "__main__":
    main()
