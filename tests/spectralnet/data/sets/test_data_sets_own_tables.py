import gzip

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from own_files import X, chunks, read

from spectralnet.errors import DataError


def write_lists(path, lists, **others):
    table = pd.DataFrame({"embedding": lists, **others})
    if path.suffix == ".jsonl":
        table.to_json(path, orient="records", lines=True)
    else:
        table.to_parquet(path)


@pytest.mark.parametrize("name", ["x.jsonl", "x.parquet"])
def test_a_column_of_lists_is_a_matrix(tmp_path, name):
    write_lists(tmp_path / name, X.tolist(), y=["v", "u", "v"])
    samples = read(tmp_path / name, "y")
    np.testing.assert_array_equal(samples.raw, X)
    assert samples.columns is None  # the name is not that of a number
    again = np.concatenate(chunks(tmp_path / name, columns=["embedding"]))
    np.testing.assert_array_equal(again, X)
    for wrong in ([1.0], None):
        write_lists(tmp_path / name, [*X[:2].tolist(), wrong])
        with pytest.raises(DataError, match=r"in row 2: a list of 2 numbers, as in the first"):
            read(tmp_path / name)
        with pytest.raises(DataError, match=r"in row 2: a list of 2 numbers, as in the first"):
            chunks(tmp_path / name)
    write_lists(tmp_path / name, [["a"], ["b"]])
    with pytest.raises(DataError, match="column 'embedding' has lists of others"):
        read(tmp_path / name)


def test_a_column_of_lists_beside_others_says_which_these_are(tmp_path):
    columns = {"day": ["mon", "tue", "mon"], "embedding": X.tolist(), "body": ["u", "v", "w"]}
    pd.DataFrame(columns).to_parquet(tmp_path / "x.parquet")
    alone = "column 'embedding' holds lists, which are read alone, and not beside 'day'"
    with pytest.raises(DataError, match=f"{alone}: drop what is no feature, or name it as labels"):
        read(tmp_path / "x.parquet", show="body")
    with pytest.raises(DataError, match=f"{alone}, 'body': "):
        chunks(tmp_path / "x.parquet")


def test_a_name_that_few_records_have_is_a_column_with_gaps(tmp_path):
    lines = ['{"a": 1, "b": 2}'] * 2000 + ['{"a": 1, "b": 2, "c": 3}']
    (tmp_path / "x.jsonl").write_text("\n".join(lines))
    with pytest.raises(DataError, match=r"2000 values are NaN .* row 0, column 'c'"):
        read(tmp_path / "x.jsonl")


def test_lists_of_one_length_by_their_type_are_a_matrix(tmp_path):
    fixed = pa.FixedSizeListArray.from_arrays(pa.array(X.ravel(), pa.float32()), 2)
    pq.write_table(pa.table({"embedding": fixed}), tmp_path / "x.parquet")
    np.testing.assert_array_equal(read(tmp_path / "x.parquet").raw, X)


def test_long_doubles_are_read_as_doubles(tmp_path):
    np.save(tmp_path / "x.npy", X.astype(np.longdouble))
    for rows in (read(tmp_path / "x.npy").raw, np.concatenate(chunks(tmp_path / "x.npy"))):
        assert rows.dtype == np.float64
        np.testing.assert_array_equal(rows, X)


def test_a_table_whose_columns_are_numbered_has_a_header(tmp_path):
    pd.DataFrame(X).to_csv(tmp_path / "x.csv", index=False)
    samples = read(tmp_path / "x.csv")
    np.testing.assert_array_equal(samples.raw, X)
    assert samples.columns == ["0", "1"]


def test_a_table_with_a_numbered_column_of_labels_has_a_header(tmp_path):
    pd.DataFrame(np.c_[[7, 8, 7], X]).to_csv(tmp_path / "x.csv", index=False)
    samples = read(tmp_path / "x.csv", "0")
    np.testing.assert_array_equal(samples.raw, X)
    assert samples.labels.tolist() == [0, 1, 0]


def test_a_class_or_a_text_of_that_name_is_no_gap(tmp_path):
    rows = "a,t,y\n1,null,None\n2,x,NA\n3,y,\n,z,None\n"
    (tmp_path / "x.csv").write_text(rows)
    samples = read(tmp_path / "x.csv", "y", "t")
    assert samples.raw.tolist() == ["null", "x", "y", "z"]
    assert samples.labels.tolist() == [1, 0, -1, 1]
    (tmp_path / "labels.csv").write_text("y\nNone\nNA\n")
    np.save(tmp_path / "features.npy", X[:2])
    assert read(tmp_path).labels.tolist() == [1, 0]
    pd.read_csv(tmp_path / "x.csv").drop(columns="t").to_csv(tmp_path / "x.csv", index=False)
    with pytest.raises(DataError, match="NaN or infinite"):  # among numbers it is one
        read(tmp_path / "x.csv", "y")


@pytest.mark.parametrize("name", ["x.csv", "x.tsv.gz"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_blank_line_of_one_column_is_an_empty_cell(tmp_path, name, end):
    def write(*lines):
        packed = gzip.compress if name.endswith(".gz") else bytes
        (tmp_path / name).write_bytes(packed(end.join([*lines, ""]).encode()))

    write("t", "one", "", " ", "two")
    samples = read(tmp_path / name, text="t")
    assert (samples.raw.tolist(), samples.names.tolist()) == (["one", "two"], [0, 3])
    assert chunks(tmp_path / name, texts=True) == [["one", ""], [" ", "two"]]
    write("", "", "t", "one", "", "two")  # those above the header are none
    assert chunks(tmp_path / name, texts=True) == [["one", ""], ["two"]]
    write("x", "1", "", "2")
    with pytest.raises(DataError, match=r"1 values .* row 1, column 'x': remove"):
        read(tmp_path / name)
    write("x" + "\t,"[name == "x.csv"] + "y", "1" + "\t,"[name == "x.csv"] + "2", "")
    assert read(tmp_path / name).raw.tolist() == [[1, 2]]


def test_an_empty_label_in_a_table_of_its_own_is_none(tmp_path):
    np.save(tmp_path / "features.npy", X)
    (tmp_path / "labels.csv").write_text("y\na\n\nb\n")
    samples = read(tmp_path)
    assert samples.labels.tolist() == [0, -1, 1]
    assert samples.classes == ["a", "b"]


def test_labels_are_of_one_type_in_a_long_file(tmp_path):
    n = 200_000  # more than pandas reads at once
    values = ["1"] * n + ["red"] + ["1"] * n
    (tmp_path / "x.csv").write_text("a,y\n" + "".join(f"5,{value}\n" for value in values))
    labels = read(tmp_path / "x.csv", "y").labels
    np.testing.assert_array_equal(labels, [value == "red" for value in values])


def test_a_large_parquet_file_may_come_in_parts(tmp_path, monkeypatch):
    frame = pd.DataFrame(X, columns=["a", "b"]).assign(t=["x", "y", "z"])
    frame.to_parquet(tmp_path / "x.parquet")
    monkeypatch.setattr("sys.maxsize", 2)
    assert read(tmp_path / "x.parquet", text="t").raw.tolist() == ["x", "y", "z"]
    frame[["a", "b"]].to_parquet(tmp_path / "x.parquet")
    np.testing.assert_array_equal(read(tmp_path / "x.parquet").raw, X)


def test_what_is_shown_beside_vectors_is_no_feature(tmp_path):
    table = pd.DataFrame({"v": [[1.0, 2], [3, 4]], "y": [1, 0], "s": ["one", None]})
    table.to_parquet(tmp_path / "x.parquet")
    found = read(tmp_path / "x.parquet", "y", show="s")
    assert found.raw.tolist() == [[1, 2], [3, 4]]
    assert found.shown == ["one", ""]
    table.assign(s=["a.png", "b/c.JPG"]).to_parquet(tmp_path / "x.parquet")
    (tmp_path / "a.png").touch()
    with pytest.raises(DataError, match=r"'s' names .*b/c.JPG in row 1, which is not there"):
        read(tmp_path / "x.parquet", "y", show="s")
    (tmp_path / "b").mkdir()
    (tmp_path / "b/c.JPG").touch()
    found = read(tmp_path / "x.parquet", "y", show="s")
    assert found.shown == [str(tmp_path / "a.png"), str(tmp_path / "b/c.JPG")]
    with pytest.raises(DataError, match="show = 't' is not in"):
        read(tmp_path / "x.parquet", "y", show="t")
    with pytest.raises(DataError, match="set show: null"):
        read(tmp_path / "x.parquet", "y", "s", show="v")
