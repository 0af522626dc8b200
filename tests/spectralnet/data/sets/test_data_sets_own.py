import gzip

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import scipy.sparse
from PIL import Image
from sklearn.datasets import dump_svmlight_file

from spectralnet.data.pixels import Pixels
from spectralnet.data.preparation import fit_columns
from spectralnet.data.reader import Wanted, find_source, open_samples
from spectralnet.data.sets.own import read_own
from spectralnet.errors import DataError
from spectralnet.report.comparison import kmeans_clusters

X = np.array([[1.0, 2.5], [3.0, 0.0], [0.0, 4.0]])


def read(path, labels=None, text=None, image_shape=None):
    return read_own(path, labels, text, image_shape)


def dense(x):
    return x.toarray() if scipy.sparse.issparse(x) else x


def chunks(path, **wanted):
    """Read as a prediction does, by two."""
    return list(open_samples(find_source(path), Wanted("", chunk=2, **wanted)).chunks)


def write_csv(folder):
    pd.DataFrame(X, columns=["a", "b"]).assign(y=["v", "u", None]).to_csv(
        folder / "x.csv", index=False
    )
    return folder / "x.csv", "y"


def write_parquet(folder):
    pd.DataFrame(X, columns=["a", "b"]).assign(y=["v", "u", None]).to_parquet(folder / "x.parquet")
    return folder / "x.parquet", "y"


def write_npz(folder):
    np.savez(folder / "x.npz", x=X, y=np.array([7, 3, 7]))
    return folder / "x.npz", "y"


def write_npy(folder):
    np.save(folder / "x.npy", X)
    return folder / "x.npy", None


def write_sparse(folder):
    scipy.sparse.save_npz(folder / "x.npz", scipy.sparse.csr_array(X))
    return folder / "x.npz", None


def write_svmlight(folder):
    dump_svmlight_file(X, [7, 3, 7], str(folder / "x.svmlight"))
    return folder / "x.svmlight", None


def write_pair(folder):
    np.save(folder / "features.npy", X)
    (folder / "labels.txt").write_text("seven\nfive\nseven\n")
    return folder, None


@pytest.mark.parametrize(
    ("write", "labels"),
    [
        (write_csv, [1, 0, -1]),
        (write_parquet, [1, 0, -1]),
        (write_npz, [1, 0, 1]),
        (write_npy, [-1, -1, -1]),
        (write_sparse, [-1, -1, -1]),
        (write_svmlight, [1, 0, 1]),
        (write_pair, [1, 0, 1]),
    ],
)
def test_numbers_and_labels_are_read_from_each_format(tmp_path, write, labels):
    path, column = write(tmp_path)
    samples = read(path, column)
    assert samples.kind == "numbers"
    np.testing.assert_array_equal(dense(samples.raw), X)
    np.testing.assert_array_equal(samples.labels, labels)
    assert samples.raw.dtype == np.float64


@pytest.mark.parametrize(
    ("write", "wanted"),
    [
        (write_csv, {"columns": ["a", "b"]}),
        (write_parquet, {"columns": ["a", "b"]}),
        (write_npz, {"columns": ["x"]}),
        (write_npy, {}),
        (write_sparse, {}),
        (write_svmlight, {}),
        (write_pair, {}),
    ],
)
def test_a_prediction_reads_the_rows_that_were_fitted(tmp_path, write, wanted):
    path, column = write(tmp_path)
    fitted, read_again = read(path, column).raw, chunks(path, texts=False, **wanted)
    assert [part.shape for part in read_again] == [(2, 2), (1, 2)]
    rows = np.concatenate([dense(part) for part in read_again])
    assert rows.dtype == fitted.dtype
    np.testing.assert_array_equal(rows, dense(fitted))
    np.testing.assert_array_equal(rows, X)


def test_sparse_rows_of_any_file_are_clustered_by_kmeans(tmp_path):
    """scikit-learn's, which takes indices of 32 bits alone; its own reader gives 64."""
    rows = np.random.default_rng(0).integers(0, 3, (60, 5)).astype(float)
    dump_svmlight_file(rows, np.zeros(60), str(tmp_path / "x.svmlight"))
    wide = scipy.sparse.csr_array(rows)
    wide.indices, wide.indptr = wide.indices.astype(np.int64), wide.indptr.astype(np.int64)
    scipy.sparse.save_npz(tmp_path / "x.npz", wide)
    for name in ("x.svmlight", "x.npz"):
        raw = read(tmp_path / name).raw
        for given in (raw, wide):
            features = fit_columns(raw, "directions").transform(given)
            found = kmeans_clusters(features, 3, 0)
            np.testing.assert_array_equal(found, kmeans_clusters(features.toarray(), 3, 0))


def test_a_folder_of_images_is_read_in_shades_of_grey(tmp_path):
    for name, level in (("b/1.png", 200), ("a/2.png", 10)):
        (tmp_path / name).parent.mkdir()
        Image.new("RGB", (4, 3), (level,) * 3).save(tmp_path / name)
    samples = read(tmp_path, "folder")
    assert samples.raw.shape == (2, 3, 4)
    assert samples.raw[:, 0, 0].tolist() == [10, 200]
    assert samples.labels.tolist() == [0, 1]
    (again,) = chunks(tmp_path, texts=False)
    np.testing.assert_array_equal(again, samples.raw)
    assert read(tmp_path, image_shape=[6, 5]).raw.shape == (2, 6, 5)
    Image.new("L", (9, 9)).save(tmp_path / "c.png")
    with pytest.raises(DataError, match=r"c.png has shape \(9, 9\).*set image_shape"):
        read(tmp_path)


def test_texts_are_read_from_a_folder_a_file_and_a_column(tmp_path):
    texts = ["a red fish", "", "a red fish", "two blue birds"]
    (tmp_path / "lines.txt").write_text("\n".join(texts))
    pd.DataFrame({"t": texts, "y": [1, 1, 1, 2]}).to_csv(tmp_path / "t.csv", index=False)
    folder = tmp_path / "folder"
    for i, text in enumerate(texts):
        (folder / f"{i // 3}").mkdir(parents=True, exist_ok=True)
        (folder / f"{i // 3}/{i}.txt").write_text(text)
    for samples in (read(tmp_path / "lines.txt"), read(tmp_path / "t.csv", "y", "t"),
                    read(folder, "folder")):  # fmt: skip
        assert samples.raw.tolist() == ["a red fish", "two blue birds"]
        assert samples.dropped == {"empty": 1, "duplicates": 1}
    (tmp_path / "lines.md").write_text("\n".join(texts))
    np.save(tmp_path / "lines.npy", np.array(texts))
    for path, column in (("lines.txt", None), ("lines.md", None), ("lines.npy", None),
                         ("t.csv", ["t"]), ("folder", None)):  # fmt: skip
        again = chunks(tmp_path / path, texts=True, columns=column)
        assert [list(part) for part in again] == [texts[:2], texts[2:]]
    assert read(folder, "folder").labels.tolist() == [0, 1]


@pytest.mark.parametrize(
    "name", ["x.CSV", "x.tsv", "x.csv.gz", "x.TSV.GZ", "x.jsonl", "x.jsonl.gz", "x.Parquet"]
)
def test_a_table_is_known_by_how_its_name_ends(tmp_path, name):
    table = pd.DataFrame(X, columns=["a", "b"]).assign(y=["v", "u", None])
    small = name.lower()
    if ".jsonl" in small:
        table.to_json(tmp_path / small, orient="records", lines=True)
    elif "parquet" in small:
        table.to_parquet(tmp_path / small)
    else:
        table.to_csv(tmp_path / small, index=False, sep="\t" if ".tsv" in small else ",")
    (tmp_path / small).rename(tmp_path / name)
    samples = read(tmp_path / name, "y")
    np.testing.assert_array_equal(samples.raw, X)
    assert samples.labels.tolist() == [1, 0, -1]
    again = chunks(tmp_path / name, texts=False, columns=["b", "a"])
    np.testing.assert_array_equal(np.concatenate(again), X[:, ::-1])
    assert read(tmp_path / name, text="y").raw.tolist() == ["v", "u"]
    folder = tmp_path / "folder"
    folder.mkdir()
    np.save(folder / "features.npy", X)
    beside = folder / f"labels{name[1:]}"
    if "parquet" in small:
        table[["y"]].to_parquet(beside)
    elif ".jsonl" in small:
        table[["y"]].to_json(beside, orient="records", lines=True)
    else:
        table[["y"]].to_csv(beside, index=False, compression="gzip" if "gz" in small else None)
    assert read(folder).labels.tolist() == [1, 0, -1]


def test_of_a_folder_what_there_is_more_of_is_taken(tmp_path):
    for i in range(3):
        Image.new("L", (2, 2), 9 * i).save(tmp_path / f"{i}.png")
    for i in range(2):
        (tmp_path / f"{i}.txt").write_text(f"text {i}")
    samples = read(tmp_path)
    assert samples.kind == "images"
    assert samples.notes[0].endswith("since they are no images: 2 (0.txt, 1.txt)")
    texts = open_samples(find_source(tmp_path), Wanted("", texts=True))
    assert list(texts.chunks) == [["text 0", "text 1"]]
    (tmp_path / "2.txt").write_text("text 2")
    with pytest.raises(DataError, match="holds as many images as texts"):
        read(tmp_path)
    (tmp_path / "3.txt").write_text("text 3")
    assert read(tmp_path).raw.tolist() == [f"text {i}" for i in range(4)]


def test_linked_folders_and_files_of_other_kinds_are_named(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path)
    (folder / "x.heic").touch()
    with pytest.raises(DataError, match=r"neither images nor .*: 2 \(link \(linked\), x.heic\)"):
        read(folder)


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
    write_lists(tmp_path / name, X.tolist(), id=[1, 2, 3])
    with pytest.raises(DataError, match=r"'embedding' holds .* in row 0, which is no number"):
        read(tmp_path / name)
    for wrong in ([1.0], None):
        write_lists(tmp_path / name, [*X[:2].tolist(), wrong])
        with pytest.raises(DataError, match=r"in row 2: a list of 2 numbers, as in the first"):
            read(tmp_path / name)
        with pytest.raises(DataError, match=r"in row 2: a list of 2 numbers, as in the first"):
            chunks(tmp_path / name)
    write_lists(tmp_path / name, [["a"], ["b"]])
    with pytest.raises(DataError, match="column 'embedding' has lists of others"):
        read(tmp_path / name)


def test_a_name_that_few_records_have_is_a_column_with_gaps(tmp_path):
    lines = ['{"a": 1, "b": 2}'] * 2000 + ['{"a": 1, "b": 2, "c": 3}']
    (tmp_path / "x.jsonl").write_text("\n".join(lines))
    with pytest.raises(DataError, match=r"2000 values that are NaN .* row 0, column 'c'"):
        read(tmp_path / "x.jsonl")


def test_lists_of_one_length_by_their_type_are_a_matrix(tmp_path):
    fixed = pa.FixedSizeListArray.from_arrays(pa.array(X.ravel(), pa.float32()), 2)
    pq.write_table(pa.table({"embedding": fixed}), tmp_path / "x.parquet")
    np.testing.assert_array_equal(read(tmp_path / "x.parquet").raw, X)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.xlsx", b"PK", r"x.xlsx is of no known kind: .csv, .tsv, .jsonl, .parquet, .npy"),
        ("x.csv", gzip.compress(b"a,b\n1,2\n"), "x.csv is compressed: unpack it, or name .*csv.gz"),
        ("x.csv", b"PK\x03\x04\x14", "x.csv is an archive, or a workbook of Excel: save it as CSV"),
        ("x.csv", "a,b\n1,2\n".encode("utf-16-le"), "x.csv is UTF-16: convert it, as by iconv"),
        ("x.csv", b"<!DOCTYPE html>\n<html>", "x.csv is a web page: download the file itself"),
        (
            "x.csv",
            b"a;b;y\n1,5;2,5;u\n",
            "one column, 'a;b;y': separate columns by commas, not ';'",
        ),
        ("x.tsv", b"a,b,y\n1,2,u\n", "one column, 'a,b,y': separate columns by tabs, not ','"),
        ("x.csv.gz", gzip.compress(b"a,y\n1,\xe9\n"), "x.csv.gz is no UTF-8 in line 2"),
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


def test_a_text_may_begin_as_a_page_or_an_archive_does(tmp_path):
    (tmp_path / "x.txt").write_text("<html> is a tag\nPK is no tag\n")
    assert read(tmp_path / "x.txt").raw.tolist() == ["<html> is a tag", "PK is no tag"]


def test_long_doubles_are_read_as_doubles(tmp_path):
    np.save(tmp_path / "x.npy", X.astype(np.longdouble))
    for rows in (read(tmp_path / "x.npy").raw, np.concatenate(chunks(tmp_path / "x.npy"))):
        assert rows.dtype == np.float64
        np.testing.assert_array_equal(rows, X)


@pytest.mark.parametrize("layout", ["last", "first", "grey", "grey first"])
def test_an_array_of_images_in_colours_is_what_its_files_are(tmp_path, layout):
    """Pillow makes those in files grey."""
    colours = np.random.default_rng(0).integers(0, 256, (20, 5, 4, 3), dtype=np.uint8)
    if layout.startswith("grey"):
        colours[:] = colours[..., :1]
    (tmp_path / "images").mkdir()
    for i, image in enumerate(colours):
        Image.fromarray(image).save(tmp_path / f"images/{i:02}.png")
    expected = read(tmp_path / "images").raw
    given = colours[..., :1] if layout.startswith("grey") else colours
    np.save(tmp_path / "x.npy", np.moveaxis(given, 3, 1) if layout.endswith("first") else given)
    samples = read(tmp_path / "x.npy")
    assert (samples.kind, samples.raw.dtype) == ("images", np.uint8)
    np.testing.assert_array_equal(samples.raw, expected)
    np.testing.assert_array_equal(np.concatenate(chunks(tmp_path / "x.npy")), expected)
    floats = Pixels((5, 4), 1.0).transform(given / 255)
    np.testing.assert_allclose(floats, expected.reshape(20, -1) / 255, atol=0.51 / 255)
    np.save(tmp_path / "x.npy", np.zeros((2, 5, 4, 2)))
    with pytest.raises(DataError, match=r"shape \(2, 5, 4, 2\).* also with 1 or 3 channels"):
        read(tmp_path / "x.npy")


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


def test_lines_end_at_newlines_only_and_take_their_labels_along(tmp_path):
    texts = ["red\u2028fish", "blue\x0cbird", "red\u2028fish", ""]
    (tmp_path / "features.txt").write_text("\n".join(texts) + "\n", encoding="utf-8")
    (tmp_path / "labels.txt").write_text("\ufefffish\nbird\nfish\nnone\n", encoding="utf-8")
    samples = read(tmp_path)
    assert samples.raw.tolist() == texts[:2]
    assert samples.labels.tolist() == [1, 0]
    (tmp_path / "labels.txt").write_text("fish\n\nfish\nnone\n", encoding="utf-8")
    assert read(tmp_path).labels.tolist() == [0, -1]


def test_an_archive_that_is_called_an_array_is_refused(tmp_path):
    np.savez(tmp_path / "x.npz", x=np.ones((3, 2)))
    (tmp_path / "x.npz").rename(tmp_path / "x.npy")
    with pytest.raises(DataError, match=r"x.npy cannot be read: .* name it .npz"):
        read(tmp_path / "x.npy")
