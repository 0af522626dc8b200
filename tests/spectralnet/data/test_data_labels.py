from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from spectralnet.data.labels import Labels, number_labels, read_labels
from spectralnet.errors import DataError

NONE = float("nan")


@pytest.mark.parametrize(
    ("labels", "numbers"),
    [
        (["sport", "sport ", " news", "sport\t"], [1, 1, 0, 1]),
        ([b"sport", b"sport ", b"news", b""], [1, 1, 0, -1]),
        ([2, -1, 0, 2], [1, -1, 0, 1]),  # scikit-learn's "unlabelled"
        ([2.0, NONE, 0.0, -1.0], [1, -1, 0, -1]),
        (["2", "-1", "0", ""], [1, -1, 0, -1]),
        (["2.0e+00", "-1.0e+00", "nan", "0.0e+00"], [1, -1, -1, 0]),  # of np.savetxt
        ([1, -1, -1, 1], [1, 0, 0, 1]),  # of a support vector machine
        (["+1", "-1", "-1", "+1"], [0, 1, 1, 0]),
        (["nan", "anna", "nan", "-1"], [1, 0, 1, -1]),  # nan is a name among names
        ([True, False, False, True], [1, 0, 0, 1]),
        (pd.array([3, None, -1, 5], dtype="Int64"), [0, -1, -1, 1]),
        (pd.to_datetime(["2020-01-01", None, "2019-01-01", "2020-01-01"]), [1, -1, 0, 1]),
    ],
)
def test_blanks_are_no_part_of_a_label_and_no_label_is_no_class(labels, numbers):
    values = labels.to_numpy() if hasattr(labels, "to_numpy") else np.array(labels)
    assert number_labels(Labels(values, Path("y")), 4)[0].tolist() == numbers


def test_labels_that_numpy_writes_as_bytes_or_as_text_are_read(tmp_path):
    np.save(tmp_path / "labels.npy", np.array([b"caf\xc3\xa9", b"tea"]))
    np.savetxt(tmp_path / "labels.txt", [3, -1, np.nan, 5])
    numbers, classes = number_labels(read_labels(tmp_path / "labels.npy"), 2)
    assert (numbers.tolist(), classes) == ([0, 1], ["café", "tea"])
    numbers, _ = number_labels(read_labels(tmp_path / "labels.txt"), 4)
    assert numbers.tolist() == [0, -1, -1, 1]


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        ([3, 1, 2, 1], ["1", "2", "3"]),
        ([3.0, NONE, 2.5, 1.0], ["1", "2.5", "3"]),  # a gap makes whole numbers floats
        (np.array([3, 1, NONE, 1], dtype=np.float32), ["1", "3"]),
        (["b ", "a", "", "a"], ["a", "b"]),
        ([True, False, True, True], ["False", "True"]),
        ([1, -1, -1, 1], ["-1", "1"]),
    ],
)
def test_what_numbers_stand_for_is_kept(labels, classes):
    assert number_labels(Labels(np.array(labels), Path("y")), 4)[1] == classes
    assert number_labels(None, 4)[1] == []


def test_labels_that_are_several_are_refused_by_name_and_row(tmp_path):
    (tmp_path / "x.jsonl").write_text('{"tags": "a"}\n{"tags": ["a", "b"]}\n')
    pd.DataFrame({"tags": [["a"], ["b"]]}).to_parquet(tmp_path / "x.parquet")
    (tmp_path / "y.jsonl").write_text('{"tags": {"a": 1}}\n')
    with pytest.raises(DataError, match=r"x.jsonl: label 'tags' is \['a', 'b'\] in row 1"):
        read_labels(tmp_path / "x.jsonl", "tags")
    for name in ("x.parquet", "y.jsonl"):
        with pytest.raises(DataError, match=f"{name}: label 'tags' is .* in row 0: give each"):
            read_labels(tmp_path / name, "tags")
