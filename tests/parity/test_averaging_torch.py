"""AveragedModel averages as torch.optim.swa_utils does, under the same names."""

import numpy as np
import pytest

import nn

torch = pytest.importorskip("torch")
swa = torch.optim.swa_utils


@pytest.mark.parametrize("use_buffers", [False, True])
@pytest.mark.parametrize("decay", [None, 0.9, 0.0, 1.0])
def test_averages(decay, use_buffers):
    net = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4)).double()
    peer = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4)).double()
    average = nn.AveragedModel(net, decay, use_buffers)
    function = None if decay is None else swa.get_ema_multi_avg_fn(decay)
    other = swa.AveragedModel(peer, multi_avg_fn=function, use_buffers=use_buffers)
    rng = np.random.default_rng(0)
    for step in range(20):
        state = {
            name: np.array(step) if x.dtype.kind == "i" else rng.standard_normal(x.shape)
            for name, x in net.state_dict().items()
        }
        net.load_state_dict(state)
        peer.load_state_dict({name: torch.tensor(x) for name, x in state.items()})
        average.update_parameters(net)
        other.update_parameters(peer)
        mine, theirs = average.state_dict(), other.state_dict()
        assert mine.keys() == theirs.keys()
        for name in mine.keys() - {"module.1.num_batches_tracked"}:  # a mean of counts: not ours
            np.testing.assert_allclose(mine[name], theirs[name], rtol=1e-12, err_msg=name)
