import resource
from contextlib import contextmanager

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors import SafetensorError
from scipy.sparse import csr_array

from spectralnet.artifacts import (
    content_hash,
    load_array,
    load_graph,
    load_json,
    load_matrix,
    remove_partial,
    save_array,
    save_graph,
    save_json,
    save_matrix,
    save_rows,
    save_table,
    save_weights,
    whole_file,
    without_formulas,
)
from spectralnet.errors import StorageError
from spectralnet.nets.blocks import MLP
from spectralnet.nets.checkpoints import Checkpoint
from spectralnet.nets.saved import load_net, save_net


def test_what_is_written_is_read(tmp_path, blobs, blob_graph):
    save_array(tmp_path / "a" / "points.npy", blobs)
    np.testing.assert_array_equal(load_array(tmp_path / "a" / "points.npy"), blobs)
    save_graph(tmp_path / "graph.npz", blob_graph)
    assert abs(load_graph(tmp_path / "graph.npz") - blob_graph).max() == 0
    save_json(tmp_path / "about.json", {"n": np.array([np.int32(1), 2])})
    assert load_json(tmp_path / "about.json") == {"n": [1, 2]}


@pytest.mark.parametrize("number", [np.nan, -np.inf, np.float32(np.inf)])
def test_what_json_has_not_is_not_written(tmp_path, number):
    with pytest.raises(ValueError, match="not JSON compliant"):
        save_json(tmp_path / "a.json", {"effect": [number]})
    assert not (tmp_path / "a.json").exists()


def test_a_table_comes_back_with_whatever_ends_lines_elsewhere(tmp_path):
    texts = ["a\rb", " ", "c\nd", "e\r\nf", '"q"', "x,y", "ä"]
    save_table(tmp_path / "a.csv", table := pd.DataFrame({"t": texts, "n": np.arange(7) / 8}))
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "a.csv"), table)
    save_table(tmp_path / "b.csv", table[4:])
    assert (tmp_path / "b.csv").read_text().splitlines()[0] == "t,n"  # no quotes without need


def test_rows_that_come_in_blocks_are_one_array(tmp_path, blobs):
    save_rows(tmp_path / "rows.npy", blobs.shape, (blobs[i : i + 50] for i in range(0, 180, 50)))
    save_array(tmp_path / "whole.npy", blobs)
    np.testing.assert_array_equal(load_array(tmp_path / "rows.npy"), blobs)
    assert (tmp_path / "rows.npy").read_bytes() == (tmp_path / "whole.npy").read_bytes()


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


@contextmanager
def room_for(n_bytes):
    """Let no file be larger, as if the disk were full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


WRITERS = {
    "a.npy": lambda path: save_array(path, np.zeros(10**5)),
    "a.npz": lambda path: save_graph(path, csr_array(np.ones((300, 300)))),
    "a.json": lambda path: save_json(path, list(range(10**5))),
    "a.csv": lambda path: save_table(path, pd.DataFrame({"a": np.arange(10**5)})),
    "a.safetensors": lambda path: save_weights(path, MLP([300, 300])),
}


@pytest.mark.parametrize("name", WRITERS)
def test_a_full_disk_is_one_sentence_with_the_file_and_the_way_out(tmp_path, name):
    with room_for(10_000), pytest.raises(StorageError, match=f"{name} cannot .* is full: free"):
        WRITERS[name](tmp_path / name)
    assert list(tmp_path.iterdir()) == []
    WRITERS[name](tmp_path / name)


def test_a_checkpoint_on_a_full_disk_is_a_warning(tmp_path):
    checkpoint = Checkpoint(tmp_path / "a.pt")
    with (
        room_for(10_000),
        pytest.warns(UserWarning, match=r"a\.pt .* is full: .* training goes on"),
    ):
        checkpoint.save({"net": torch.zeros(10**5)})
    assert list(tmp_path.iterdir()) == []


def test_two_writers_of_one_file_and_one_process_number_share_no_name(tmp_path):
    with whole_file(tmp_path / "a") as one, whole_file(tmp_path / "a") as other:
        assert one != other  # as in two containers
        one.write_text("one")
        other.write_text("other")


def test_what_was_left_of_a_killed_write_is_removed(tmp_path):
    (tmp_path / "b").mkdir()
    for name in (".a.npy.0123.partial", "b/.c.partial", "whole.npy"):
        (tmp_path / name).touch()
    remove_partial(tmp_path)
    # Into folders of the folder others may write at the same time.
    assert {path.name for path in tmp_path.rglob("*")} == {"b", ".c.partial", "whole.npy"}


def test_memory_maps_do_not_write_back(tmp_path, blobs):
    save_array(tmp_path / "points.npy", blobs)
    load_array(tmp_path / "points.npy")[:] = 0
    np.testing.assert_array_equal(load_array(tmp_path / "points.npy"), blobs)


def test_an_archive_by_the_name_of_an_array_is_refused(tmp_path):
    for content in (b"PK\x03\x04 and no more", b"PK\x05\x06" + bytes(18)):
        (tmp_path / "points.npy").write_bytes(content)
        with pytest.raises(ValueError, match=r"name it \.npz"):
            load_array(tmp_path / "points.npy")


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
