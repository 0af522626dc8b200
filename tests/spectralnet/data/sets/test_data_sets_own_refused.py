import gzip

import numpy as np
import pytest
import scipy.sparse
from own_files import X, chunks, read, write_csv, write_npy, write_npz, write_pair

from spectralnet.errors import DataError


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.xlsx", b"PK", r"x.xlsx is of no known kind: .csv, .tsv, .jsonl, .parquet, .npy"),
        (
            "x.csv",
            gzip.compress(b"a,b\n1,2\n", mtime=0),
            "x.csv is compressed: unpack it, or name .*csv.gz",
        ),
        ("x.csv", b"PK\x03\x04\x14", "x.csv is an archive, or a workbook of Excel: save it as CSV"),
        ("x.csv", "a,b\n1,2\n".encode("utf-16-le"), "x.csv is UTF-16: convert it, as by iconv"),
        ("x.csv", b"<!DOCTYPE html>\n<html>", "x.csv is a web page: download the file itself"),
        (
            "x.csv",
            b"a;b;y\n1,5;2,5;u\n",
            "one column, 'a;b;y': separate columns by commas, not ';'",
        ),
        ("x.tsv", b"a,b,y\n1,2,u\n", "one column, 'a,b,y': separate columns by tabs, not ','"),
        ("x.csv.gz", gzip.compress(b"a,y\n1,\xe9\n", mtime=0), "x.csv.gz is no UTF-8 in line 2"),
        ("x.csv.gz", b"a,y\n1,2\n", "x.csv.gz cannot be read: Not a gzipped file"),
        (
            "x.npy",
            b"version https://git-lfs.github.com/spec/v1\n",
            "pointer of Git LFS: .* lfs pull",
        ),
        ("x.npy", b"\n<html><body>", "x.npy is a web page"),
        ("x.npy", b"no array", "x.npy cannot be read: it is no array that NumPy wrote"),
        ("x.jsonl", b'{"a": 1}\n{"a":\n', "x.jsonl holds no JSON in line 2: Expecting value"),
        ("x.jsonl", b"[1, 2]\n", "x.jsonl holds no JSON object, with names, in line 1"),
    ],
)
def test_a_file_that_is_no_such_file_is_named_before_what_it_lacks(
    tmp_path, name, content, message
):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=message):
        read(tmp_path / name)
    with pytest.raises(DataError, match=message):
        chunks(tmp_path / name, columns=None if name.endswith(".npy") else ["a", "y"])
    if not name.endswith(".npy"):
        with pytest.raises(DataError, match=message):
            read(tmp_path / name, "y")
        with pytest.raises(DataError, match=message):
            read(tmp_path / name, None, "y")


def bad_file(name, content):
    def write(folder):
        (folder / name).write_bytes(content)
        return folder / name

    return write


def bad_array(array):
    def write(folder):
        np.save(folder / "x.npy", array)
        return folder / "x.npy"

    return write


def unequal_pair(folder):
    write_pair(folder)
    (folder / "labels.txt").write_text("one\n")
    return folder


def sparse_outside_its_shape(folder):
    matrix = scipy.sparse.csr_array(X)
    matrix.indices[0] = 2_000_000_000
    scipy.sparse.save_npz(folder / "x.npz", matrix)
    return folder / "x.npz"


def flat_folder(folder):
    for i in range(3):
        (folder / f"{i}.txt").write_text("a red fish")
    return folder


def texts_beside_labels(folder):
    (folder / "labels.csv").write_text("y\n0\n1\n2\n")
    return flat_folder(folder)


def two_features(folder):
    np.save(folder / "features.npy", X)
    (folder / "features.csv").write_text("a,b\n1,2\n")
    return folder


def labels_in(text):
    def write(folder):
        np.save(folder / "features.npy", X)
        (folder / "labels.csv").write_text(text)
        return folder

    return write


def pair_with(labels):
    def write(folder):
        np.save(folder / "features.npy", X)
        np.save(folder / "labels.npy", labels, allow_pickle=True)
        return folder

    return write


@pytest.mark.parametrize(
    ("write", "labels", "message"),
    [
        (lambda folder: folder / "no.csv", None, "no.csv does not exist"),
        (bad_file("x.csv", b""), None, "x.csv is empty"),
        (bad_file("x.csv", b"a,b\n1,2\n3,4,5\n"), None, "cannot be read: .*line 3, saw 3: quote"),
        (bad_file("x.csv", b"a,b\n1,2\n3,\n"), None, "1 values .* row 1, column 'b': remove"),
        (bad_file("x.csv", b"a,b\n1,2,3\n4,5,6\n"), None, "more values than its header .*: a, b"),
        (bad_file("x.csv", b"0.0,0.0,1.5\n1,2,3\n"), None, "no header: its columns .* Add a first"),
        (bad_file("x.csv", b"y\n1\n2\n"), "y", "has nothing to read beside the labels"),
        (
            bad_file("x.csv", b"a,b\n1,red\n3,4\n"),
            None,
            "column 'b' holds 'red' in row 0, which is no number",
        ),
        (bad_file("x.csv", b"a,b\n1,2\n"), "y", "labels = 'y' is not in .* holds a, b"),
        (bad_file("x.csv", b"a,b\n0,0\n0,0\n"), None, "holds zeros only"),
        (bad_file("x.csv", b"a,b\n\xe9,2\n"), None, "x.csv is no UTF-8 in line 2: convert it"),
        (bad_file("x.txt", b"tea\ncaf\xe9\n"), None, "x.txt is no UTF-8 in line 2: convert it"),
        (bad_file("x.csv", "a,b\n1,2\n".encode("utf-16")), None, "x.csv is UTF-16: convert it"),
        (bad_file("x.csv", b",a\n0,5\n1,7\n"), None, "no name for column 0: .*index=False"),
        (bad_file("x.csv", b"a;b\n1;2\n"), None, "one column, 'a;b': separate .* not ';'"),
        (bad_file("x.txt", b"\n \n"), None, "x.txt holds no text: all 2 are empty"),
        (bad_array(np.array([[1e200, 1]])), None, "numbers beyond float32, 1e.200: scale"),
        (sparse_outside_its_shape, None, "x.npz cannot be read: .*indices"),
        (texts_beside_labels, None, "labels.csv labels features.*put the texts into features.txt"),
        (texts_beside_labels, "folder", "labels.csv labels features"),
        (flat_folder, "folder", "labels = folder, but .*0.txt lies in no folder of its class"),
        (bad_file("x.xyz", b"1"), None, "of no known kind: .csv"),
        (bad_file("x.npy", b"no array"), None, "x.npy cannot be read"),
        (bad_array(np.array([[1, np.nan]])), None, r"NaN or infinite, .* row 0, column 1"),
        (bad_array(np.full((1, 2, 2), np.inf)), None, r"\(inf\) in image 0, row 0, column 0"),
        (bad_array(np.ones(3)), None, r"shape \(3,\)"),
        (bad_array(np.ones((3, 2))), "y", "holds nothing by that name: put it as features"),
        (bad_file("x.npz", b"PK\x03\x04 and no more"), None, "x.npz cannot be read"),
        (pair_with(np.ones((3, 1))), None, r"labels of shape \(3, 1\), but \(3,\) is needed"),
        (
            pair_with(np.array([{}, {}, {}])),
            None,
            "labels.npy cannot be read: it holds Python objects: save numbers",
        ),
        (bad_array(np.array([["a"]])), None, "holds no numbers but <U1"),
        (lambda folder: write_npz(folder)[0], None, r"2 arrays \(x, y\), but one .*labels"),
        (lambda folder: write_npz(folder)[0], "z", "labels = 'z' is not in .* holds x, y"),
        (unequal_pair, None, "1 labels for 3 samples"),
        (two_features, None, "more than one .*: keep one of features.csv, features.npy"),
        (labels_in("cat\ndog\ncat\n"), None, "labels.csv: 2 labels for 3 samples"),
        (labels_in("7\n8\n9\n"), None, "labels.csv has no header: its columns are called 7"),
        (lambda folder: folder, None, "neither images nor texts"),
        (bad_file("x.png", b"no image"), None, "x.png is of no known kind"),
    ],
)
def test_bad_input_is_named_with_the_way_out(tmp_path, write, labels, message):
    with pytest.raises(DataError, match=message):
        read(write(tmp_path), labels)


@pytest.mark.parametrize(
    ("write", "options", "message"),
    [
        (write_npy, {"image_shape": [4, 4]}, r"image_shape = \[4, 4\], but .* no folder of images"),
        (write_csv, {"text": "y", "labels": "y"}, "labels and text are both 'y'"),
        (
            lambda folder: [flat_folder(folder)],
            {"text": "t"},
            "text = 't', but .* no table",
        ),
    ],
)
def test_what_does_not_apply_is_refused(tmp_path, write, options, message):
    with pytest.raises(DataError, match=message):
        read(write(tmp_path)[0], **options)


def test_an_archive_that_is_called_an_array_is_refused(tmp_path):
    np.savez(tmp_path / "x.npz", x=np.ones((3, 2)))
    (tmp_path / "x.npz").rename(tmp_path / "x.npy")
    with pytest.raises(DataError, match=r"x.npy cannot be read: .* name it .npz"):
        read(tmp_path / "x.npy")
