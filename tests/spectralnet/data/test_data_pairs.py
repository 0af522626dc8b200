import numpy as np
import pytest

from spectralnet.data.pairs import read_pairs
from spectralnet.errors import DataError

ROWS, FILES = np.arange(20), np.array(["a/1.png", "a/2.png", "b, c/3.png"])


@pytest.mark.parametrize(
    ("text", "names", "expected"),
    [
        ("first,second\n0,19\n7,7\n", ROWS, [[0, 19], [7, 7]]),
        ('one,other\na/2.png,"b, c/3.png"\n', FILES, [[1, 2]]),
        ("one,other\n", ROWS, np.empty((0, 2))),
        ("one,other\n'-a.png,'b.png\n", np.array(["-a.png", "'b.png"]), [[0, 1]]),
    ],
)
def test_pairs_are_named_as_samples_are(tmp_path, text, names, expected):
    (tmp_path / "pairs.csv").write_text(text)
    found = read_pairs(str(tmp_path / "pairs.csv"), names)
    np.testing.assert_array_equal(found, expected)
    assert found.dtype == np.int64


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("pairs.csv", "a,b\n0,1\n3,20\n", "names '20' in row 1 of its pairs, which is no sample"),
        ("pairs.csv", "a,b\n0,-1\n", "names '-1' in row 0"),
        ("pairs.csv", "0,1\n3,2\n", "begins with a pair: give it a first line"),
        ("pairs.csv", "a,b,c\n0,1,2\n", "has 3 columns: two are needed, a pair a row"),
        ("pairs.csv", "a,b\n0,1,2\n", "Expected 2 fields in line 2, saw 3"),
        ("pairs.csv", "", "is empty"),
        ("pairs.txt", "0 1", "is no .csv: give pairs as one, of two columns"),
    ],
)
def test_what_is_no_pair_of_samples_is_named(tmp_path, name, text, message):
    (tmp_path / name).write_text(text)
    with pytest.raises(DataError, match=message):
        read_pairs(str(tmp_path / name), ROWS)


def test_without_a_file_there_is_no_pair():
    assert read_pairs(None, ROWS).shape == (0, 2)
