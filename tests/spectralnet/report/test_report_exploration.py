import re

import numpy as np
import pandas as pd
import pytest
import torch
from click.testing import CliRunner
from PIL import Image

from spectralnet.cli import main
from spectralnet.data.pixels import Pixels
from spectralnet.data.preparation import Columns
from spectralnet.data.texts import Tfidf
from spectralnet.membership.part import Membership
from spectralnet.methods.dec.model import DECModel
from spectralnet.methods.predictor import Predictor
from spectralnet.nets.blocks import MLP
from spectralnet.report.explorer import DISTANCE

CLUSTERS = np.repeat([0, 1], 6)


def explore(folder, file, *arguments):
    out = folder / "page.html"
    named = [str(folder / "model"), str(folder / file), "--out", str(out), *arguments]
    done = CliRunner().invoke(main, ["explore", *named])
    return done, out.read_text() if out.exists() else ""


def save_model(folder, preparation, points, membership=None):
    """Save a model whose centroids are the means of `CLUSTERS`, and codes the points."""
    centroids = np.stack([points[c == CLUSTERS].mean(axis=0) for c in (0, 1)])
    model = DECModel(MLP([points.shape[1]]), torch.from_numpy(centroids).float(), membership)
    Predictor(preparation, model).save(folder / "model")


@pytest.fixture
def vectors(tmp_path):
    """Write vectors in a column of lists, with texts, images and labels beside it."""
    points = 9 * np.eye(4)[CLUSTERS] + np.random.default_rng(0).normal(size=(12, 4))
    membership = Membership(12, 4, 3)
    membership.references.copy_(torch.from_numpy(points))
    save_model(tmp_path, Columns(4), points, membership)
    (tmp_path / "photos").mkdir()
    for i in range(12):
        Image.new("RGB", (9, 7), (20 * i, 20 * i, 20 * i)).save(tmp_path / f"photos/{i}.png")
    table = pd.DataFrame(
        {
            "vector": list(points),
            "body": np.where(CLUSTERS == 0, "crude <oil>", "bank loans").tolist(),
            "photo": [f"photos/{i}.png" for i in range(12)],
            "topic": ["a", "b"] * 5 + [None, "b"],
        }
    )
    table.drop(columns="photo").to_parquet(tmp_path / "texts.parquet")
    table.drop(columns="body").to_parquet(tmp_path / "images.parquet")
    return tmp_path


def test_texts_beside_vectors_are_shown_and_their_terms_told(vectors):
    done, page = explore(vectors, "texts.parquet", "--show", "body", "--labels", "topic")
    assert done.exit_code == 0, done.output
    assert "crude &lt;oil&gt;" in page
    first = page.partition('id="cluster-0"')[2].partition("</section>")[0]
    assert re.findall(r"<tr><td>(\w+)</td>", first)[:2] == ["crude", "oil"]
    offered = re.findall(r'<option value="\d">(.*?)<', page)
    told = [DISTANCE, "probability", "outlier score"]
    assert offered == ["cluster", "label", *told]


def test_images_beside_vectors_are_shown(vectors):
    arguments = ("--columns", "vector", "--show", "photo")
    done, page = explore(vectors, "images.parquet", *arguments)
    assert done.exit_code == 0, done.output
    assert page.count('class="tile"') == 2 * 3 * 6  # clusters, kinds, samples
    assert 'aria-label="photos/3.png"' in page
    (vectors / "photos/3.png").unlink()
    done, _ = explore(vectors, "images.parquet", *arguments)
    assert done.exit_code == 1
    assert "3.png cannot be read" in done.output


def test_a_column_that_is_not_there_is_refused(vectors):
    done, page = explore(vectors, "texts.parquet", "--columns", "vector", "--show", "title")
    assert (done.exit_code, page) == (1, "")
    assert "has no column 'title'" in done.output
    done, page = explore(vectors, "texts.parquet", "--show", "body")
    assert (done.exit_code, page) == (1, "")
    assert (
        "column 'vector' holds lists, which are read alone, and not beside 'topic'" in done.output
    )
    done, page = explore(vectors, "texts.parquet", "--columns", "vector", "--labels", "kind")
    assert (done.exit_code, page) == (1, "")
    assert "has no labels 'kind'" in done.output


def test_a_folder_of_images_is_shown_with_the_folders_as_labels(tmp_path):
    for i, cluster in enumerate(CLUSTERS):
        (tmp_path / f"images/{cluster}").mkdir(parents=True, exist_ok=True)
        image = Image.new("L", (3, 2), int(200 * cluster + i))
        image.save(tmp_path / f"images/{cluster}/{i:02}.png")
    pixels = np.repeat((200 * CLUSTERS + np.arange(12))[:, None] / 255, 6, axis=1)
    save_model(tmp_path, Pixels((2, 3), 255), pixels)
    done, page = explore(tmp_path, "images", "--labels", "folder")
    assert done.exit_code == 0, done.output
    assert page.count('class="tile"') == 2 * 3 * 6
    assert "1/11.png" in page


def test_texts_and_tables_are_shown(tmp_path):
    texts = np.where(CLUSTERS == 0, "crude oil", "bank loans").tolist()
    preparation = Tfidf.fit(texts, 10)
    save_model(tmp_path, preparation, preparation.transform(texts).toarray())
    (tmp_path / "news.txt").write_text("\n".join(texts))
    done, page = explore(tmp_path, "news.txt")
    assert done.exit_code == 0, done.output
    assert page.count("<blockquote>crude oil") == 3 * 6
    (tmp_path / "news.txt").write_text("\n".join([*texts, "", "Weizen"]))
    done, page = explore(tmp_path, "news.txt")
    assert done.exit_code == 0, done.output
    assert "2 points" in page.partition("<h2>Noise</h2>")[2].partition("</section>")[0]

    points = np.stack([5.0 * CLUSTERS, np.arange(12) % 3], axis=1)
    save_model(tmp_path, Columns(2, scale=[10, 1], names=["a", "b"]), points / [10, 1])
    pd.DataFrame(points, columns=["a", "b"]).to_csv(tmp_path / "table.csv", index=False)
    done, page = explore(tmp_path, "table.csv")
    assert done.exit_code == 0, done.output
    assert "<td>+1.83e+06</td>" in page  # constant on both sides
    assert re.findall(r'<option value="\d">(.*?)<', page) == ["cluster", DISTANCE, "a"]
    assert "<td>5</td>" in page  # as it stands in the file


@pytest.mark.parametrize("ids", [[f"A-{i}" for i in range(12)], list(range(12))])
def test_where_what_is_shown_holds_no_word_columns_tell_clusters_apart(tmp_path, ids):
    points = np.stack([5.0 * CLUSTERS, np.arange(12) % 3], axis=1)
    save_model(tmp_path, Columns(2, names=["a", "b"]), points)
    pd.DataFrame(points, columns=["a", "b"]).assign(id=ids).to_csv(
        tmp_path / "table.csv", index=False
    )
    done, page = explore(tmp_path, "table.csv", "--show", "id")
    assert done.exit_code == 0, done.output
    assert f"<blockquote>{ids[0]} " in page
    assert "<tr><td>a</td>" in page


def test_a_number_that_is_none_is_named_by_row_and_column(tmp_path):
    points = np.stack([5.0 * CLUSTERS, np.arange(12) % 3 + 1], axis=1)
    save_model(tmp_path, Columns(2, directions=True, names=["a", "b"]), points)
    points[3, 1] = np.nan
    pd.DataFrame(points, columns=["a", "b"]).to_csv(tmp_path / "table.csv", index=False)
    done, page = explore(tmp_path, "table.csv")
    assert (done.exit_code, page) == (1, "")
    assert "table.csv 1 values are NaN" in done.output
    assert "in row 3, column 'b'" in done.output


def test_fitted_columns_are_found_by_name_beside_others(tmp_path):
    points = np.stack([5.0 * CLUSTERS, np.arange(12) % 3], axis=1)
    save_model(tmp_path, Columns(2, names=["a", "b"]), points)
    table = pd.DataFrame(points, columns=["a", "b"]).assign(species=CLUSTERS)
    table[["b", "a", "species"]].to_csv(tmp_path / "table.csv", index=False)
    pages = []
    for arguments in (["--labels", "species"], ["--labels", "species", "--columns", "a,b"]):
        done, page = explore(tmp_path, "table.csv", *arguments)
        assert done.exit_code == 0, done.output
        pages.append(re.findall(r'<section id="cluster-\d.*?</section>', page, re.DOTALL))
    assert len(pages[0]) == 2
    assert pages[0] == pages[1]
