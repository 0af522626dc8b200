import numpy as np
import pytest
import torch
from scipy.sparse import csr_array

from spectralnet.nets import devices
from spectralnet.nets.blocks import MLP
from spectralnet.nets.devices import map_in_chunks, map_through
from spectralnet.nets.projection import Projection
from spectralnet.nets.saved import load_net, save_net

RNG = np.random.default_rng(0)
ROWS = np.where(RNG.random((50, 30)) < 0.2, RNG.normal(size=(50, 30)), 0).astype(np.float32)
DIRECTIONS = RNG.normal(size=(4, 30))


@pytest.mark.parametrize("unit_rows", [False, True])
def test_sparse_rows_are_projected_as_dense_ones(unit_rows, cpu, tmp_path):
    net, expected = Projection.on(DIRECTIONS, unit_rows), ROWS @ DIRECTIONS.T
    if unit_rows:
        expected /= np.linalg.norm(expected, axis=1, keepdims=True).clip(1e-30)
    found = map_in_chunks(net, csr_array(ROWS), cpu)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    np.testing.assert_allclose(map_in_chunks(net, ROWS, cpu), expected, atol=1e-5)
    save_net(tmp_path, "encoder", net)
    loaded = load_net(tmp_path, "encoder")
    np.testing.assert_array_equal(map_in_chunks(loaded, csr_array(ROWS), cpu), found)
    after = MLP([4, 3])
    np.testing.assert_allclose(
        map_through(csr_array(ROWS), cpu, net, after, MLP([3])),
        after(torch.from_numpy(found)).detach(),
        atol=1e-6,
    )


def test_sparse_rows_stay_sparse_and_equal_ones_stay_equal(cpu, monkeypatch):
    monkeypatch.setattr(devices, "dense_rows", None)
    rows = csr_array(np.concatenate([ROWS, ROWS[:1]]))
    for chunk in (7, 8192):
        found = map_in_chunks(Projection.on(DIRECTIONS, True), rows, cpu, chunk)
        np.testing.assert_array_equal(found[0], found[-1])
