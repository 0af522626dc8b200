import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array, save_npz

from spectralnet.data.streams import read_samples
from spectralnet.errors import DataError


def test_files_are_read_a_chunk_at_a_time(tmp_path):
    rows = np.random.default_rng(0).integers(0, 256, (50, 6)).astype(float)
    np.save(tmp_path / "x.npy", rows)
    save_npz(tmp_path / "x.npz", csr_array(rows))
    frame = pd.DataFrame(rows, columns=list("abcdef"))
    frame.to_csv(tmp_path / "x.csv", index=False)
    frame.to_parquet(tmp_path / "x.parquet")
    for suffix in ("npy", "npz", "csv", "parquet"):
        chunks = list(read_samples(tmp_path / f"x.{suffix}", texts=False, chunk=20))
        assert [chunk.shape[0] for chunk in chunks] == [20, 20, 10]
        dense = [chunk.toarray() if suffix == "npz" else chunk for chunk in chunks]
        np.testing.assert_array_equal(np.concatenate(dense), rows)
    (chunk,) = read_samples(tmp_path / "x.parquet", texts=False, columns=["c", "a"])
    np.testing.assert_array_equal(chunk, rows[:, [2, 0]])


def test_columns_chosen_by_name_may_be_called_by_numbers(tmp_path):
    (tmp_path / "x.csv").write_text("0,1,2\n5,6,7\n")
    (chunk,) = read_samples(tmp_path / "x.csv", texts=False, columns=["2", "1"])
    np.testing.assert_array_equal(chunk, [[7, 6]])


def test_a_text_may_read_null(tmp_path):
    (tmp_path / "x.csv").write_text('t\nnull\n""\nNA\n')
    assert list(read_samples(tmp_path / "x.csv", texts=True)) == [["null", "", "NA"]]


def test_files_without_samples_or_of_another_kind_are_refused(tmp_path):
    far = csr_array(np.eye(2))
    far.indices[:] = 7  # of 2 columns
    files = {
        "a.txt": lambda path: path.write_text(""),
        "a.csv": lambda path: path.write_text("a,b\n"),
        "a.npy": lambda path: np.save(path, np.empty((0, 2))),
        "a.parquet": lambda path: pd.DataFrame({"a": np.empty(0)}).to_parquet(path),
        "empty.npy": lambda path: path.write_bytes(b""),
        "cut.npz": lambda path: path.write_bytes(b"PK\x03\x04 and no more"),
        "far.npz": lambda path: save_npz(path, far),
        "one.npy": lambda path: np.save(path, 3.0),
        "texts.npy": lambda path: np.save(path, np.array(["a", "b"])),
    }
    for name, write in files.items():
        write(tmp_path / name)
        message = "holds no samples" if name.startswith("a.") else "cannot be read|model takes num"
        with pytest.raises(DataError, match=message):
            list(read_samples(tmp_path / name, texts=name == "a.txt"))
    (tmp_path / "a.txt").write_text("wheat")
    with pytest.raises(DataError, match="holds texts, but the model takes numbers"):
        list(read_samples(tmp_path / "a.txt", texts=False))
    np.save(tmp_path / "a.npy", np.ones((3, 2)))
    with pytest.raises(DataError, match="the model takes texts"):
        list(read_samples(tmp_path / "a.npy", texts=True))
