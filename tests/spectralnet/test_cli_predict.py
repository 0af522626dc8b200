import errno
from functools import partial
from io import StringIO

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from models import random_model
from PIL import Image
from sklearn.datasets import dump_svmlight_file

from spectralnet.cli import main
from spectralnet.data.pixels import Pixels
from spectralnet.data.preparation import Columns
from spectralnet.data.reader import Wanted
from spectralnet.data.texts import Tfidf
from spectralnet.errors import DataError
from spectralnet.membership.part import Membership
from spectralnet.methods.predictor import Predictor


def run(*arguments):
    return CliRunner().invoke(main, ["predict", *map(str, arguments)])


def test_texts_are_clustered_by_a_saved_predictor(tmp_path):
    texts = ["wheat prices rose", "oil prices fell", "wheat and oil"]
    preparation = Tfidf.fit(texts, 10)
    predictor = Predictor(preparation, random_model(preparation.n_features))
    predictor.save(tmp_path)
    expected = predictor.predict(texts).clusters
    np.testing.assert_array_equal(Predictor.load(tmp_path).predict(texts).clusters, expected)
    (tmp_path / "texts.txt").write_text("\n".join(texts), encoding="utf-8")
    pd.DataFrame({"id": [1, 2, 3], "body": texts}).to_csv(tmp_path / "texts.csv", index=False)
    (tmp_path / "texts.md").write_text("\n".join(texts), encoding="utf-8")
    for arguments in (["texts.txt"], ["texts.md"], ["texts.csv", "--columns", "body"]):
        out = tmp_path / "out.npy"
        done = run(tmp_path, tmp_path / arguments[0], *arguments[1:], "--out", out)
        assert done.exit_code == 0, done.output
        np.testing.assert_array_equal(np.load(out), expected)
    refused = run(tmp_path, tmp_path / "texts.csv")
    assert refused.exit_code == 1
    assert "choose the one that holds the texts" in refused.output


@pytest.mark.parametrize("suffix", [".npy", ".csv", ".parquet"])
def test_every_format_in_and_out_gives_the_same_clusters(
    predictor, folder, images, tmp_path, suffix
):
    expected = predictor.predict(images)
    source, out = tmp_path / f"samples{suffix}", tmp_path / f"out{suffix}"
    table = pd.DataFrame(images.reshape(50, 6)).rename(columns="p{}".format)
    write = {
        ".npy": lambda: np.save(source, images),
        ".csv": lambda: table.to_csv(source, index=False),
        ".parquet": lambda: table.to_parquet(source),
    }
    write[suffix]()
    done = run(folder, source, "--out", out, "--device", "cpu")
    assert done.exit_code == 0, done.output
    read = {".npy": np.load, ".csv": pd.read_csv, ".parquet": pd.read_parquet}
    found = read[suffix](out)
    clusters = found if suffix == ".npy" else found["cluster"]
    np.testing.assert_array_equal(clusters, expected.clusters)
    if suffix != ".npy":
        np.testing.assert_allclose(found["distance"], expected.distances, rtol=1e-5)
    assert not list(tmp_path.glob(".*"))


def test_a_folder_gets_a_row_for_each_file(predictor, folder, images, tmp_path):
    samples = tmp_path / "images"
    for i, image in enumerate(images):
        (samples / str(i % 2)).mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(samples / f"{i % 2}/{i:02}.png")
    (samples / "notes.txt").write_text("no image")
    Image.fromarray(images[3]).resize((30, 20), Image.Resampling.NEAREST).save(samples / "0/02.png")
    done = run(folder, samples, "--out", tmp_path / "out.csv")
    assert done.exit_code == 0, done.output
    found = pd.read_csv(tmp_path / "out.csv").set_index("sample")["cluster"]
    assert found.index.tolist() == [
        f"{i % 2}/{i:02}.png" for i in [*range(0, 50, 2), *range(1, 50, 2)]
    ]
    images[2] = images[3]  # brought back to the size of the others
    expected = predictor.predict(images).clusters
    np.testing.assert_array_equal([found[f"{i % 2}/{i:02}.png"] for i in range(50)], expected)


@pytest.mark.parametrize("out", [None, "out.csv", "out.parquet", "out.npy"])
def test_a_prediction_goes_on_from_chunk_to_chunk(folder, images, tmp_path, monkeypatch, out):
    sizes, predict = [], Predictor.predict

    def counted(self, raw, *arguments):
        sizes.append(len(raw))
        return predict(self, raw, *arguments)

    monkeypatch.setattr(Predictor, "predict", counted)
    monkeypatch.setattr("spectralnet.methods.new.Wanted", partial(Wanted, chunk=20))
    (tmp_path / "images").mkdir()
    for i, image in enumerate(images):
        Image.fromarray(image).save(tmp_path / f"images/{i:02}.png")
    to = [] if out is None else ["--out", tmp_path / out]
    done = run(folder, tmp_path / "images", *to)
    assert done.exit_code == 0, done.output
    assert sizes == [20, 20, 10]
    expected = Predictor.load(folder).predict(images).clusters
    if out == "out.npy":
        np.testing.assert_array_equal(np.load(tmp_path / out), expected)
        return
    read = pd.read_parquet if out == "out.parquet" else pd.read_csv
    table = read(StringIO(done.stdout) if out is None else tmp_path / out)
    assert table["sample"].tolist() == [f"{i:02}.png" for i in range(50)]
    np.testing.assert_array_equal(table["cluster"], expected)


def test_a_reader_that_has_enough_is_no_error(folder, images, tmp_path, monkeypatch):
    def closed(*arguments, **others):
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")

    np.save(tmp_path / "x.npy", images)
    monkeypatch.setattr("click.echo", closed)
    assert run(folder, tmp_path / "x.npy").output == ""


def test_a_folder_of_images_is_brought_to_the_white_of_the_model(images, tmp_path):
    predictor = Predictor(Pixels((2, 3), 16), random_model(6, Membership(0, 3, 20)))
    predictor.save(tmp_path / "model")
    (tmp_path / "images").mkdir()
    for i, image in enumerate(images):
        Image.fromarray(image).save(tmp_path / f"images/{i:02}.png")
    more = ["--embedding", "--probabilities", "--out", tmp_path / "o.csv"]
    done = run(tmp_path / "model", tmp_path / "images", *more)
    assert done.exit_code == 0, done.output
    found = pd.read_csv(tmp_path / "o.csv")
    expected = predictor.predict(images.astype(float) * 16 / 255)
    np.testing.assert_allclose(found.filter(like="embedding_"), expected.embedding, rtol=1e-4)
    shares = found[["probability_0", "probability_1", "probability_2"]]
    np.testing.assert_allclose(shares, expected.probabilities, rtol=1e-4)


def test_a_table_is_read_by_the_names_that_were_fitted(tmp_path):
    rows = np.random.default_rng(0).normal(size=(20, 2))
    predictor = Predictor(Columns(2, names=["x", "y"]), random_model(2))
    predictor.save(tmp_path / "model")
    frame = pd.DataFrame(rows, columns=["x", "y"]).assign(z=1.0)[["z", "y", "x"]]
    frame.to_csv(tmp_path / "a.csv", index=False)
    frame.to_parquet(tmp_path / "a.parquet")
    for source in ("a.csv", "a.parquet"):
        done = run(tmp_path / "model", tmp_path / source, "--out", tmp_path / "o.npy")
        assert done.exit_code == 0, done.output
        np.testing.assert_array_equal(np.load(tmp_path / "o.npy"), predictor.predict(rows).clusters)
    frame.drop(columns="y").to_csv(tmp_path / "b.csv", index=False)
    assert "['y']" in run(tmp_path / "model", tmp_path / "b.csv").output


def test_what_was_fitted_sparse_or_with_labels_is_read_as_it_was(tmp_path):
    rows = np.random.default_rng(0).integers(1, 9, (20, 3)).astype(float)
    rows[:, 2] = 0  # which svmlight does not write
    predictor = Predictor(Columns(3), random_model(3))
    predictor.save(tmp_path / "model")
    dump_svmlight_file(rows, np.arange(20), str(tmp_path / "x.svmlight"))
    np.savez(tmp_path / "x.npz", x=rows, y=np.arange(20))
    (tmp_path / "pair").mkdir()
    np.save(tmp_path / "pair/features.npy", rows)
    (tmp_path / "pair/labels.txt").write_text("1\n" * 20)
    for arguments in (["x.svmlight"], ["x.npz", "--columns", "x"], ["pair"]):
        done = run(tmp_path / "model", tmp_path / arguments[0], *arguments[1:])
        assert done.exit_code == 0, done.output
        found = pd.read_csv(StringIO(done.stdout))
        assert found.columns.tolist() == ["cluster", "distance"]
        np.testing.assert_array_equal(found["cluster"], predictor.predict(rows).clusters)
    dump_svmlight_file(rows * [0, 1, 1], np.arange(20), str(tmp_path / "y.svmlight"))
    Predictor(Columns(3, zero_based=True), predictor.model).save(tmp_path / "zero_based")
    done = run(tmp_path / "zero_based", tmp_path / "y.svmlight")  # which has no column 0
    found = pd.read_csv(StringIO(done.stdout))
    expected = predictor.predict(rows * [0, 1, 1])
    np.testing.assert_array_equal(found["cluster"], expected.clusters)
    np.testing.assert_allclose(found["distance"], expected.distances, rtol=1e-5)
    refused = run(tmp_path / "model", tmp_path / "x.npz").output
    assert "2 arrays (x, y), but one is needed: choose what to read (`--columns`)" in refused


def test_all_kinds_of_files_are_predicted_by_the_reader_that_fits(folder, images, tmp_path):
    expected = Predictor.load(folder).predict(images).clusters
    rows = images.reshape(50, 6)
    table = pd.DataFrame(rows).rename(columns="p{}".format)
    lists = pd.DataFrame({"id": range(50), "pixels": rows.tolist()})
    table.to_csv(tmp_path / "a.tsv", sep="\t", index=False)
    table.to_csv(tmp_path / "b.CSV.gz", index=False, compression="gzip")
    table.to_json(tmp_path / "c.jsonl", orient="records", lines=True)
    lists.to_parquet(tmp_path / "d.parquet")
    np.save(tmp_path / "e.npy", np.repeat(images[..., None], 3, axis=3))
    np.savez(tmp_path / "f.npz", x=images[..., None], y=np.arange(50))
    chosen = {"d.parquet": "pixels", "f.npz": "x"}
    for name in ("a.tsv", "b.CSV.gz", "c.jsonl", "d.parquet", "e.npy", "f.npz"):
        columns = ["--columns", chosen[name]] if name in chosen else []
        done = run(folder, tmp_path / name, *columns, "--out", tmp_path / "o.npy")
        assert done.exit_code == 0, done.output
        np.testing.assert_array_equal(np.load(tmp_path / "o.npy"), expected)
    refused = run(folder, tmp_path / "d.parquet").output
    assert "column 'pixels' holds" in refused
    assert "choose what to read (`--columns`)" in refused


def test_a_folder_of_texts_gets_the_clusters_of_its_texts(tmp_path):
    texts = ["wheat prices rose", "oil prices fell", "wheat and oil"]
    preparation = Tfidf.fit(texts, 10)
    predictor = Predictor(preparation, random_model(preparation.n_features))
    predictor.save(tmp_path / "model")
    (tmp_path / "texts").mkdir()
    for i, text in enumerate(texts):
        (tmp_path / f"texts/{i}\r.txt").write_text(text, encoding="utf-8")
    done = run(tmp_path / "model", tmp_path / "texts")
    assert done.exit_code == 0, done.output
    assert run(tmp_path / "model", tmp_path / "texts", "--out", tmp_path / "o.csv").exit_code == 0
    expected = predictor.predict(texts).clusters
    for written in (StringIO(done.stdout), tmp_path / "o.csv"):
        found = pd.read_csv(written)
        assert found["sample"].tolist() == [f"{i}\r.txt" for i in range(3)]
        np.testing.assert_array_equal(found["cluster"], expected)
    with pytest.raises(DataError, match="a sequence of texts is needed"):
        predictor.predict(np.ones((2, 3)))
