"""A training that is killed again and again, and what it ends in beside one that never was.

`python tests/nn/training/survive.py --kills 50` runs it until it was killed 50 times, with SIGKILL,
at random moments, and tells of each run whether it ended as the first did.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[3]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402

import nn  # noqa: E402
import optim  # noqa: E402
from nn.data import DataLoader  # noqa: E402
from optim.lr_scheduler import CosineAnnealingLR, OneCycleLR  # noqa: E402

CHECKPOINT, RESULT = "checkpoint.npz", "result.npz"
EPOCHS = 25


def parts():
    """The same model, optimizer and two loaders each time; what they draw is the library's."""
    nn.manual_seed(5)
    x, y = nn.datasets.circles(250)
    x_2, y_2 = nn.datasets.circles(90)
    model = nn.Sequential(
        nn.Linear(2, 16), nn.BatchNorm1d(16), nn.Tanh(), nn.Dropout(0.2),
        nn.Linear(16, 16), nn.Dropout(0.1, generator=3), nn.Linear(16, 2),
    )  # fmt: skip
    return (
        model,
        optim.Adam(model.parameters(), lr=0.01),
        nn.AveragedModel(model, decay=0.9, use_buffers=True),
        DataLoader((x, y), 16, shuffle=True),
        DataLoader((x_2, y_2), 16, shuffle=True),
    )


def with_fit(folder):
    """By `nn.fit`: a schedule by batches, gradients of two batches in a step, early stopping."""
    model, optimizer, average, train, validation = parts()
    history = nn.fit(
        model, nn.CrossEntropyLoss(), optimizer, train, validation, EPOCHS,
        scheduler=OneCycleLR(optimizer, 0.05, total_steps=8 * EPOCHS + 1), schedule_by="batch",
        accumulate=2, clip_norm=1.0, l2=1e-4, patience=EPOCHS, average=average, resume=True,
        checkpoint=nn.Checkpoint(folder / CHECKPOINT, steps=1), progress=False,
    )  # fmt: skip
    del history["seconds"]
    return model, optimizer, average, train, validation, history


def with_a_loop(folder):
    """By a loop of one's own over two loaders at a time."""
    model, optimizer, average, train, other = parts()
    scheduler = CosineAnnealingLR(optimizer, T_max=EPOCHS)
    criterion, run, losses = nn.CrossEntropyLoss(), {"epoch": 0}, []
    checkpoint = nn.Checkpoint(
        folder / CHECKPOINT, steps=2, model=model, optimizer=optimizer, average=average,
        scheduler=scheduler, train=train, other=other, run=run, losses=losses,
    )  # fmt: skip
    checkpoint.load()
    while run["epoch"] < EPOCHS:
        for (x, y), (x_2, y_2) in zip(train, other, strict=False):
            optimizer.zero_grad()
            loss = criterion(model(x), y) + 0.5 * criterion(model(x_2), y_2)
            loss.backward()
            optimizer.step()
            average.update_parameters(model)
            losses.append(loss.item())
            checkpoint.step()
        scheduler.step()
        run["epoch"] += 1
        checkpoint.save()
    return model, optimizer, average, train, other, {"losses": losses}


WAYS = {"fit": with_fit, "loop": with_a_loop}


def end(way, folder):
    """Run to the end; write down all that there is then, and what would be drawn next."""
    print("begins", flush=True)
    model, optimizer, average, train, other, numbers = WAYS[way](folder)
    state = {
        "model": model, "optimizer": optimizer, "average": average, "train": train, "other": other,
    }  # fmt: skip
    state = {name: part.state_dict() for name, part in state.items()}
    rng, checkpoint = nn.generator(), nn.load(folder / CHECKPOINT)
    checkpoint.get("history", {}).pop("seconds", None)
    nn.save(
        {
            **state,
            "checkpoint": checkpoint,
            "numbers": dict(numbers),
            "drawn": rng.random(8),
            "spawned": rng.spawn(1)[0].random(8),
            "masks": model.train()(np.ones((8, 2), np.float32)),
            "orders": [np.concatenate([y for _, y in loader]) for loader in (train, other)],
        },
        folder / RESULT,
    )


def start(way, folder):
    """A process that has begun to train."""
    process = subprocess.Popen(
        [sys.executable, __file__, "--way", way, "--folder", str(folder)],
        stdout=subprocess.PIPE,
        cwd=ROOT,
    )
    assert process.stdout is not None
    assert process.stdout.readline().strip() == b"begins"
    return process


def finish(process):
    assert process.wait(timeout=120) == 0
    process.stdout.close()


def killed(way, folder, moments):
    """Start and kill at these moments (seconds of training), then let it end; how often it was."""
    kills = 0
    for seconds in moments:
        process = start(way, folder)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            kills += process.wait() != 0
        process.stdout.close()
        if (folder / CHECKPOINT).exists():
            nn.load(folder / CHECKPOINT)
    finish(start(way, folder))
    return kills


def difference(a, b, where=""):
    """The first place where two states are not the same, bit by bit."""
    if isinstance(a, dict):
        if list(a) != list(b):
            return f"{where}: names"
        return next((d for k in a if (d := difference(a[k], b[k], f"{where}/{k}"))), None)
    if isinstance(a, list | tuple):
        if len(a) != len(b):
            return f"{where}: lengths {len(a)} and {len(b)}"
        pairs = enumerate(zip(a, b, strict=True))
        return next((d for i, (x, y) in pairs if (d := difference(x, y, f"{where}/{i}"))), None)
    if isinstance(a, np.ndarray):
        same = a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
        return None if same else where
    return None if type(a) is type(b) and a == b else f"{where}: {a!r} and {b!r}"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--way", choices=WAYS)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    if args.folder:
        end(args.way, args.folder)
        return
    rng, bad = random.Random(args.seed), 0
    for way in WAYS:
        with tempfile.TemporaryDirectory() as top:
            whole = Path(top, "whole")
            whole.mkdir()
            finish(start(way, whole))
            expected, kills, run = nn.load(whole / RESULT), 0, 0
            while kills < args.kills:
                run += 1
                folder = Path(top, str(run))
                folder.mkdir()
                now = killed(way, folder, [rng.uniform(0.0, 0.3) for _ in range(5)])
                found = difference(expected, nn.load(folder / RESULT))
                kills, bad = kills + now, bad + (found is not None)
                print(f"{way}: run {run}, killed {now} times: {found or 'the same end'}")
            print(f"{way}: {kills} kills in {run} runs")
    sys.exit(f"{bad} runs ended otherwise" if bad else 0)


if __name__ == "__main__":
    main()
