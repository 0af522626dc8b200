import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from own_files import (
    X,
    chunks,
    dense,
    read,
    write_csv,
    write_npy,
    write_npz,
    write_pair,
    write_parquet,
    write_sparse,
    write_svmlight,
)
from PIL import Image
from sklearn.datasets import dump_svmlight_file

from spectralnet.data.pixels import Pixels
from spectralnet.data.preparation import fit_columns
from spectralnet.data.reader import Wanted, find_source, open_samples
from spectralnet.errors import DataError
from spectralnet.report.comparison import kmeans_clusters


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


def test_a_text_may_begin_as_a_page_or_an_archive_does(tmp_path):
    (tmp_path / "x.txt").write_text("<html> is a tag\nPK is no tag\n")
    assert read(tmp_path / "x.txt").raw.tolist() == ["<html> is a tag", "PK is no tag"]


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


def test_lines_end_at_newlines_only_and_take_their_labels_along(tmp_path):
    texts = ["red\u2028fish", "blue\x0cbird", "red\u2028fish", ""]
    (tmp_path / "features.txt").write_text("\n".join(texts) + "\n", encoding="utf-8")
    (tmp_path / "labels.txt").write_text("\ufefffish\nbird\nfish\nnone\n", encoding="utf-8")
    samples = read(tmp_path)
    assert samples.raw.tolist() == texts[:2]
    assert samples.labels.tolist() == [1, 0]
    (tmp_path / "labels.txt").write_text("fish\n\nfish\nnone\n", encoding="utf-8")
    assert read(tmp_path).labels.tolist() == [0, -1]
