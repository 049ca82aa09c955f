"""What each MPI rank of test_all_reduce.py runs; raises if something is not as it should be."""

from __future__ import annotations

import numpy as np

import nn
import optim

OPTIMIZERS = {
    "sgd": lambda params: optim.SGD(params, 0.1, momentum=0.9),
    "adam": lambda params: optim.Adam(params, 0.01),
    "lbfgs": lambda params: optim.LBFGS(params, max_iter=4, line_search_fn="strong_wolfe"),
}


def network(seed):
    nn.manual_seed(seed)
    model = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 3))
    return model.astype(np.float64)


def batches(sizes):
    rng = np.random.default_rng(0)
    for n in sizes:
        yield rng.standard_normal((n, 2)), rng.integers(3, size=n)


def trained(make, comm, parts, weighted):
    """The parameters and the losses; on all of each batch if there is no `comm`, else a part."""
    model = network(comm.rank if comm else 0)  # AllReduce makes them those of the first
    optimizer, criterion, losses = make(model.parameters()), nn.CrossEntropyLoss(), []
    if comm:
        optimizer = optim.AllReduce(optimizer, comm)
    schedule = optim.StepLR(optimizer, 2, gamma=0.5)
    for x, y in parts:
        if comm:
            x, y = x[comm.rank :: comm.size], y[comm.rank :: comm.size]

        def closure(x=x, y=y):
            optimizer.zero_grad()
            if not len(x):
                return 0.0
            loss = criterion(model(x), y)
            loss.backward()
            return loss

        loss = optimizer.step(closure, **({"weight": len(x)} if weighted else {}))
        losses.append(loss if comm else loss.item())
        schedule.step()
    return nn.parameters_to_vector(model.parameters()).data, losses


def check(a, b):
    np.testing.assert_allclose(a[0], b[0], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(a[1], b[1], rtol=1e-9)


def main(comm):
    rank, size = comm.Get_rank(), comm.Get_size()
    for name, make in OPTIMIZERS.items():
        equal, unequal = [4 * size] * 5, [4 * size + 1, size + 1, 1, 8, 7]
        equal, unequal = (list(batches(sizes)) for sizes in (equal, unequal))
        if name == "lbfgs":  # wants the same loss at each step
            equal, unequal = equal[:1] * 5, unequal[:1] * 5
        check(trained(make, comm, equal, False), trained(make, None, equal, False))
        check(trained(make, comm, unequal, True), trained(make, None, unequal, False))

    # The same with gradients that were made before, the plain way; every rank gets the same bits.
    model, other = network(0), network(0)
    optimizer = optim.AllReduce(optim.Adam(model.parameters(), 0.01), comm)
    alone, criterion = optim.Adam(other.parameters(), 0.01), nn.CrossEntropyLoss()
    for x, y in batches([8 * size] * 3):
        optimizer.zero_grad()
        alone.zero_grad()
        criterion(model(x[rank::size]), y[rank::size]).backward()
        criterion(other(x), y).backward()
        optimizer.step()
        alone.step()
    vector = nn.parameters_to_vector(model.parameters()).data.copy()
    check((vector, []), (nn.parameters_to_vector(other.parameters()).data, []))
    first = comm.bcast(vector)
    assert np.array_equal(first, vector)

    # A parameter that some processes use, and one that none does.
    used, idle = (nn.Parameter(np.zeros(2, np.float32)) for _ in range(2))
    optimizer = optim.AllReduce(optim.SGD([used, idle], 1.0, weight_decay=0.1), comm)
    if rank == 0:
        used.grad = [size, 2 * size]
    optimizer.step()
    assert np.allclose(used.data, [-1, -2]), used.data
    assert idle.grad is None

    # In fit.
    model = network(rank)
    optimizer = optim.AllReduce(optim.Adam(model.parameters(), 0.01), comm)
    x, y = next(iter(batches([32 * size])))
    nn.fit(model, criterion, optimizer, (x[rank::size], y[rank::size]), epochs=2, batch_size=8,
           progress=False)  # fmt: skip
    vector = nn.parameters_to_vector(model.parameters()).data
    assert np.array_equal(comm.bcast(vector), vector)

    # Another model somewhere: all are told, none waits.
    told = ""
    try:
        optim.AllReduce(optim.SGD([nn.Parameter(np.zeros(2 + rank))]), comm)
    except ValueError as error:
        told = str(error)
    assert f"({size - 1} have another)" in told
    comm.Barrier()
    print("fine\n", end="", flush=True)


if __name__ == "__main__":
    from mpi4py import MPI

    main(MPI.COMM_WORLD)
