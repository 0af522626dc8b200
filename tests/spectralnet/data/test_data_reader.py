import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array, save_npz
from sklearn.datasets import dump_svmlight_file, load_svmlight_file

from spectralnet.data.reader import Wanted, find_source, open_samples
from spectralnet.errors import DataError, ParameterError


def read(path, chunk=8192, **wanted):
    return list(
        open_samples(find_source(path), Wanted("see `--columns`", chunk=chunk, **wanted)).chunks
    )


def test_files_are_read_a_chunk_at_a_time(tmp_path):
    rows = np.random.default_rng(0).integers(0, 256, (50, 6)).astype(float)
    np.save(tmp_path / "x.npy", rows)
    save_npz(tmp_path / "x.npz", csr_array(rows))
    frame = pd.DataFrame(rows, columns=list("abcdef"))
    frame.to_csv(tmp_path / "x.csv", index=False)
    frame.to_parquet(tmp_path / "x.parquet")
    for suffix in ("npy", "npz", "csv", "parquet"):
        chunks = read(tmp_path / f"x.{suffix}", chunk=20)
        assert [chunk.shape[0] for chunk in chunks] == [20, 20, 10]
        dense = [chunk.toarray() if suffix == "npz" else chunk for chunk in chunks]
        np.testing.assert_array_equal(np.concatenate(dense), rows)
    for suffix in ("csv", "parquet"):
        (chunk,) = read(tmp_path / f"x.{suffix}", columns=["c", "a"])
        np.testing.assert_array_equal(chunk, rows[:, [2, 0]])


def test_columns_chosen_by_name_may_be_called_by_numbers(tmp_path):
    (tmp_path / "x.csv").write_text("0,1,2\n5,6,7\n")
    (chunk,) = read(tmp_path / "x.csv", columns=["2", "1"])
    np.testing.assert_array_equal(chunk, [[7, 6]])
    pd.DataFrame([[5, 6, 7]]).to_parquet(tmp_path / "x.parquet")  # pandas notes that 0 is no "0"
    (chunk,) = read(tmp_path / "x.parquet", columns=["2", "1"])
    np.testing.assert_array_equal(chunk, [[7, 6]])


def test_an_array_is_chosen_by_name(tmp_path):
    np.savez(tmp_path / "x.npz", x=np.eye(2), y=np.zeros(2))
    (chunk,) = read(tmp_path / "x.npz", columns=["x"])
    np.testing.assert_array_equal(chunk, np.eye(2))
    with pytest.raises(DataError, match=r"2 arrays \(x, y\), but one is needed: see `--columns`"):
        read(tmp_path / "x.npz")


def test_texts_are_taken_as_they_are_written_whatever_stands_beside_them(tmp_path):
    (tmp_path / "x.csv").write_text('t\n007\n1.50\nnull\n""\nNA\n')
    pd.DataFrame({"t": ["007", "1.50", "null", None, "NA"]}).to_parquet(tmp_path / "x.parquet")
    for suffix in ("csv", "parquet"):
        chunks = read(tmp_path / f"x.{suffix}", texts=True, chunk=2)
        assert chunks == [["007", "1.50"], ["null", ""], ["NA"]]
    pd.DataFrame({"t": pd.array([1, None, 3], dtype="Int64")}).to_parquet(tmp_path / "x.parquet")
    assert read(tmp_path / "x.parquet", texts=True, chunk=2) == [["1", ""], ["3"]]


def test_a_column_is_numbers_whatever_a_chunk_of_it_holds(tmp_path):
    (tmp_path / "x.csv").write_text("a,b\n1,1\n2,0\n,2.5\n4,\n")
    pd.DataFrame(
        {"a": pd.array([1, 2, None, 4], dtype="Int64"), "b": [1, 0, 2.5, None]}
    ).to_parquet(tmp_path / "x.parquet")
    for suffix in ("csv", "parquet"):
        chunks = read(tmp_path / f"x.{suffix}", chunk=2)
        assert [chunk.dtype for chunk in chunks] == [np.float64] * 2
        np.testing.assert_array_equal(
            np.concatenate(chunks), [[1, 1], [2, 0], [np.nan, 2.5], [4, np.nan]]
        )


def test_a_row_is_named_by_its_number_in_the_file(tmp_path):
    (tmp_path / "x.csv").write_text("a,b\n1,2\n3,4\n5,6\n7,blue\n")
    with pytest.raises(DataError, match=r"'b' holds 'blue' in row 3, .* or see `--columns`"):
        read(tmp_path / "x.csv", chunk=2)


def test_rows_that_are_too_long_are_refused_where_columns_are_chosen_as_well(tmp_path):
    for rows in ("1,2\n3,4,5\n", "1,2,3\n4,5,6\n"):
        (tmp_path / "x.csv").write_text(f"a,b\n{rows}")
        with pytest.raises(DataError, match=r"line 3, saw 3|more values than its header"):
            read(tmp_path / "x.csv", columns=["a"])


def test_names_that_are_not_there_are_refused(tmp_path):
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    pd.DataFrame({"a": [1], "b": [2]}).to_parquet(tmp_path / "x.parquet")
    np.savez(tmp_path / "x.npz", a=np.eye(2), b=np.zeros(2))
    np.save(tmp_path / "x.npy", np.eye(2))
    for suffix in ("csv", "parquet", "npz"):
        with pytest.raises(DataError, match=r"x.* has no \['z'\]: it holds a, b"):
            read(tmp_path / f"x.{suffix}", columns=["z"])
    with pytest.raises(ParameterError, match=r"x.npy has no named columns"):
        read(tmp_path / "x.npy", columns=["a"])


def test_rows_of_svmlight_are_as_long_as_those_that_were_fitted(tmp_path):
    (tmp_path / "x.svm").write_text("1 0:3 1:4\n")
    (chunk,) = read(tmp_path / "x.svm", n_columns=4)
    np.testing.assert_array_equal(chunk.toarray(), [[3, 4, 0, 0]])
    with pytest.raises(DataError, match=r"x.svm cannot be read: .*contains 2 features"):
        read(tmp_path / "x.svm", n_columns=1)


def test_columns_of_svmlight_count_from_where_those_that_were_fitted_do(tmp_path):
    rows = np.array([[0.0, 2, 0, 3], [1, 0, 4, 0]])
    for first in (True, False):
        for name, x in (("all", rows), ("some", rows[:1])):  # which has no first column
            dump_svmlight_file(x, [0] * len(x), str(tmp_path / f"{name}.svm"), zero_based=first)
        told = open_samples(tmp_path / "all.svm", Wanted("")).zero_based
        assert told == first
        (chunk,) = read(tmp_path / "some.svm", n_columns=4, zero_based=told)
        np.testing.assert_array_equal(chunk.toarray(), rows[:1])
        (chunk,) = read(tmp_path / "some.svm")  # as scikit-learn takes one file alone
        alone, _ = load_svmlight_file(str(tmp_path / "some.svm"))
        np.testing.assert_array_equal(chunk.toarray(), alone.toarray())
    (tmp_path / "x.svm").write_text("1 0:3 1:4\n")
    with pytest.raises(DataError, match=r"x.svm cannot be read: .*index 0"):
        read(tmp_path / "x.svm", n_columns=4, zero_based=False)


def test_files_without_samples_or_of_another_kind_are_refused(tmp_path):
    far = csr_array(np.eye(2))
    far.indices[:] = 7  # of 2 columns
    files = {
        "a.csv": lambda path: path.write_text("a,b\n"),
        "a.npy": lambda path: np.save(path, np.empty((0, 2))),
        "a.parquet": lambda path: pd.DataFrame({"a": np.empty(0)}).to_parquet(path),
        "empty.npy": lambda path: path.write_bytes(b""),
        "empty.txt": lambda path: path.write_text(""),
        "cut.npz": lambda path: path.write_bytes(b"PK\x03\x04 and no more"),
        "far.npz": lambda path: save_npz(path, far),
        "one.npy": lambda path: np.save(path, 3.0),
        "texts.npy": lambda path: np.save(path, np.array(["a", "b"])),
        "texts.md": lambda path: path.write_text("wheat"),
    }
    messages = {
        "a": "holds no samples",
        "empty": "is empty",
        "one": r"shape \(\)",
        "texts": "holds texts, but the model takes numbers",
    }
    for name, write in files.items():
        write(tmp_path / name)
        with pytest.raises(DataError, match=messages.get(name.split(".")[0], "cannot be read")):
            read(tmp_path / name, texts=False)
    np.save(tmp_path / "a.npy", np.ones((3, 2)))
    with pytest.raises(DataError, match="holds numbers, but the model takes texts"):
        read(tmp_path / "a.npy", texts=True)
