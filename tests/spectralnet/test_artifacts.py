import numpy as np
import pandas as pd
import pytest
import torch
from safetensors import SafetensorError

from spectralnet.artifacts import (
    content_hash,
    load_array,
    load_graph,
    load_json,
    load_matrix,
    save_array,
    save_graph,
    save_json,
    save_matrix,
    whole_file,
    without_formulas,
)
from spectralnet.nets.blocks import MLP
from spectralnet.nets.saved import load_net, save_net


def test_what_is_written_is_read(tmp_path, blobs, blob_graph):
    save_array(tmp_path / "a" / "points.npy", blobs)
    np.testing.assert_array_equal(load_array(tmp_path / "a" / "points.npy"), blobs)
    save_graph(tmp_path / "graph.npz", blob_graph)
    assert abs(load_graph(tmp_path / "graph.npz") - blob_graph).max() == 0
    save_json(tmp_path / "about.json", {"n": np.array([np.int32(1), 2])})
    assert load_json(tmp_path / "about.json") == {"n": [1, 2]}


def test_matrices_are_mapped_dense_or_sparse(tmp_path, blobs, blob_graph):
    save_matrix(tmp_path / "dense", blobs)
    np.testing.assert_array_equal(load_matrix(tmp_path / "dense"), blobs)
    save_matrix(tmp_path / "sparse", blob_graph)
    found = load_matrix(tmp_path / "sparse")
    assert abs(found - blob_graph).max() == 0
    hashes = [content_hash(tmp_path / "dense"), content_hash(tmp_path / "sparse")]
    save_matrix(tmp_path / "dense", blobs + 1)
    assert content_hash(tmp_path / "dense") not in hashes


@pytest.mark.parametrize("sizes", [[4], [4, 3, 2]])
def test_a_net_is_read_as_it_was_written(tmp_path, sizes):
    net = MLP(sizes, "leaky_relu")
    save_net(tmp_path, "net", net)
    x = torch.randn(5, 4)
    assert torch.equal(load_net(tmp_path, "net")(x), net(x))
    if len(sizes) == 1:
        assert torch.equal(net(x), x)


def test_a_failed_write_leaves_what_was_there(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("whole")

    def fail():
        with whole_file(path) as partial:
            partial.write_text("hal")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert path.read_text() == "whole"
    assert list(tmp_path.iterdir()) == [path]


def test_memory_maps_do_not_write_back(tmp_path, blobs):
    save_array(tmp_path / "points.npy", blobs)
    load_array(tmp_path / "points.npy")[:] = 0
    np.testing.assert_array_equal(load_array(tmp_path / "points.npy"), blobs)


def test_pickles_are_refused(tmp_path):
    np.save(tmp_path / "points.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match="it holds Python objects: save numbers or text"):
        load_array(tmp_path / "points.npy")
    save_json(tmp_path / "net.json", {"kind": "mlp", "sizes": [2]})
    torch.save({}, tmp_path / "net.safetensors")
    with pytest.raises(SafetensorError):
        load_net(tmp_path, "net")


def test_no_spreadsheet_takes_a_name_for_a_formula():
    names = ["=cmd|' /C calc'!A0", "+1", "-1.png", "@sum", "\tx", "plain=1.png", "ä"]
    found = without_formulas(pd.DataFrame({"sample": names, "cluster": range(-3, 4)}))
    assert found["sample"].tolist() == [*(f"'{name}" for name in names[:5]), *names[5:]]
    assert found["cluster"].tolist() == list(range(-3, 4))
