"""What the first stage writes for the others to depend on."""

from unittest.mock import Mock

import numpy as np
import pandas as pd
import pytest
from clones import ROOT
from PIL import Image
from toys import chinese, documents

from spectralnet.artifacts import load_array, load_json, load_matrix
from spectralnet.codes.lsa import latent_semantics
from spectralnet.config.reading import params_of, read_params, read_raw
from spectralnet.data.preparation import build_preparation
from spectralnet.errors import DataError, ParameterError
from spectralnet.nets.devices import map_in_chunks
from spectralnet.nets.saved import load_net
from stages.common import Stage
from stages.evaluate import _shown
from stages.prepare import _data_folders, prepare
from stages.space import space


def prepared(tmp_path, own, **changes):
    told(tmp_path, own, **changes)
    return tmp_path / "features"


def told(tmp_path, own, **changes):
    usual = {"dataset": "own", "augment": "none", "affinity": "euclidean"}
    raw = read_raw(ROOT / "params.yaml") | usual | {"limit": None, "labelled": 0.0} | changes
    usual = {"n_clusters": 2, "labels": None, "text": None, "image_shape": None}
    raw["own"] |= usual | {"scaling": "standard"} | own
    params = params_of(raw, "params.yaml")
    return prepare(Stage("prepare", params, None, Mock()), tmp_path / "features")


def test_columns_are_standardised_by_the_fitted_rows_alone(tmp_path):
    points = np.random.default_rng(0).normal(3, 5, (200, 2))
    pd.DataFrame(points, columns=["a", "b"]).to_csv(tmp_path / "x.csv", index=False)
    features = prepared(tmp_path, {"path": str(tmp_path / "x.csv")}, fit_on="train")
    fitted, unseen = (load_matrix(features / name) for name in ("matrix", "held_out_matrix"))
    assert (len(fitted), len(unseen)) == (160, 40)
    np.testing.assert_allclose(fitted.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(fitted.std(axis=0), 1, rtol=1e-5)
    rows = load_array(features / "samples.npy").tolist()
    own = points[rows]
    expected = (points - own.mean(axis=0)) / own.std(axis=0)
    np.testing.assert_allclose(fitted, expected[rows], atol=1e-5)


def test_a_text_without_any_chosen_stem_is_left_out_with_its_label(tmp_path):
    (tmp_path / "texts").mkdir()
    lines = [f"wheat{chr(97 + i % 5)} oil{chr(97 + i // 5)} price" for i in range(60)]
    lines[17] = "the of and"
    (tmp_path / "texts/features.txt").write_text("\n".join(lines))
    (tmp_path / "texts/labels.txt").write_text("\n".join(f"{i:02}" for i in range(60)))
    features = prepared(tmp_path, {"path": str(tmp_path / "texts")}, fit_on="all")
    rows = load_array(features / "samples.npy").tolist()
    assert rows == [i for i in range(60) if i != 17]
    assert load_array(features / "labels.npy").tolist() == rows
    assert load_matrix(features / "matrix").shape[0] == 59
    about = load_json(features / "about.json")
    assert sum(n for name, n in about.items() if name.startswith("dropped_")) == 1


def test_by_default_texts_are_searched_among_their_latent_semantics(tmp_path, cpu):
    counts = documents(130)[0].toarray() > 0
    words = np.array([f"{chr(97 + i % 25)}{chr(97 + i // 25)}q" for i in range(150)])
    (tmp_path / "x.txt").write_text("\n".join(" ".join(words[row]) for row in counts))
    features = prepared(tmp_path, {"path": str(tmp_path / "x.txt")}, fit_on="all", space="auto")
    params = read_params(ROOT / "params.yaml")
    told = space(Stage("space", params, cpu, Mock()), features, tmp_path / "auto/features")
    assert told == "100 numbers a point, space: lsa"
    x = load_matrix(features / "matrix")
    expected = map_in_chunks(latent_semantics(x, params.seed), x, cpu)
    np.testing.assert_array_equal(load_matrix(tmp_path / "auto/features/matrix"), expected)
    encoder = load_net(tmp_path / "auto/features", "encoder")
    np.testing.assert_array_equal(map_in_chunks(encoder, x, cpu), expected)


def test_what_is_no_image_is_counted_and_named(tmp_path, capsys):
    folder = tmp_path / "images"
    (folder / "a").mkdir(parents=True)
    generator = np.random.default_rng(0)
    for i in range(60):
        pixels = generator.integers(0, 256, (4, 4), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"a/{i:02}.png")
    for name in ("README.md", "a/photo.heic", "a/.hidden"):
        (folder / name).touch()
    (folder / "b").symlink_to(folder / "a")
    features = prepared(tmp_path, {"path": str(folder)}, fit_on="all")
    (note,) = load_json(features / "about.json")["notes"]
    assert note.endswith("since they are no images: 3 (README.md, a/photo.heic, b (linked))")
    assert f"warning: {note}" in capsys.readouterr().out
    assert load_matrix(features / "matrix").shape == (60, 16)


def test_texts_without_blanks_are_clustered_by_letters_and_it_is_said(tmp_path, capsys):
    texts, _ = chinese(120)
    (tmp_path / "x.txt").write_text("\n".join(texts), encoding="utf-8")
    features = prepared(tmp_path, {"path": str(tmp_path / "x.txt"), "n_terms": 50}, fit_on="all")
    assert load_json(features / "preparation.json")["terms"] == "letters"
    assert "words hardly recur among the texts" in capsys.readouterr().out


def test_how_many_have_no_label_is_said(tmp_path):
    table = pd.DataFrame(np.random.default_rng(0).normal(size=(100, 2)), columns=["a", "b"])
    table["y"] = np.where(np.arange(100) < 30, -1, np.arange(100) % 3)
    table.to_csv(tmp_path / "x.csv", index=False)
    own = {"path": str(tmp_path / "x.csv"), "labels": "y"}
    assert told(tmp_path, own, fit_on="all").endswith("; 30 samples without a label")


def test_pairs_are_told_by_row_and_follow_the_fitted_points(tmp_path):
    points = np.random.default_rng(0).normal(size=(100, 2))
    np.save(tmp_path / "x.npy", points)
    pairs = [(0, 1), (2, 1), (5, 99), (50, 60), (70, 80), (10, 20)]
    (tmp_path / "must.csv").write_text("a,b\n" + "\n".join(f"{a},{b}" for a, b in pairs))
    own = {"path": str(tmp_path / "x.npy"), "must_link": str(tmp_path / "must.csv")}
    features = prepared(tmp_path, own, fit_on="train", limit=90)
    rows = load_array(features / "samples.npy").tolist()
    kept = [pair for pair in pairs if set(pair) <= set(rows)]
    assert 0 < len(kept) < len(pairs)
    found = load_array(features / "supervision/must_link.npy")
    assert [(rows[a], rows[b]) for a, b in found] == kept
    said = load_array(features / "supervision/told.npy")
    assert {rows[i] for i in np.flatnonzero(said)} == {row for pair in kept for row in pair}
    assert load_json(features / "about.json")["n_must_link"] == len(kept)
    changes = own | {"spectralnet": {"sampler": "batch"}}
    with pytest.raises(ParameterError, match="sampler = batch makes affinities of its own"):
        prepared(tmp_path, changes, fit_on="all")


def test_the_users_folder_comes_before_the_checkouts(tmp_path, monkeypatch):
    monkeypatch.setattr("stages.prepare.main_root", lambda: tmp_path)
    monkeypatch.delenv("SPECTRALNET_DATA", raising=False)
    assert _data_folders() == [tmp_path / "data"]
    monkeypatch.setenv("SPECTRALNET_DATA", "shared")
    with pytest.raises(DataError, match="SPECTRALNET_DATA = shared is no folder"):
        _data_folders()
    (tmp_path / "shared").mkdir()
    assert _data_folders() == [tmp_path / "shared", tmp_path / "data"]


def test_a_linked_folder_in_which_dvc_would_see_no_changes_is_refused(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "own").mkdir()
    (tmp_path / "own/linked").symlink_to(tmp_path / "elsewhere")
    customers = {"path": str(tmp_path / "own/linked/x.csv"), "n_clusters": 2}
    with pytest.raises(DataError, match="own/linked is a linked folder, in which DVC sees no"):
        prepared(
            tmp_path, {"path": str(tmp_path / "own")}, dataset="customers", customers=customers
        )


def test_what_is_shown_comes_back_as_it_was_beside_what_labels_stand_for(tmp_path):
    texts = ["a\rb", " ", "", "null", '"q",', "c\nd"] * 20
    table = pd.DataFrame(np.random.default_rng(0).normal(size=(120, 2)), columns=["a", "b"])
    table.assign(s=texts, y=["one", "two", None] * 40).to_parquet(tmp_path / "x.parquet")
    own = {"path": str(tmp_path / "x.parquet"), "labels": "y", "show": "s"}
    features = prepared(tmp_path, own, fit_on="all")
    labels = load_array(features / "labels.npy")
    assert labels.tolist() == [0, 1, -1] * 40
    x, preparation = load_matrix(features / "matrix"), load_json(features / "preparation.json")
    shown = _shown(features, x, build_preparation(preparation), labels)
    assert shown.texts == texts
    assert shown.labels == ["one", "two", None] * 40
    assert shown.names == [str(row) for row in range(120)]


def test_names_of_files_come_back_as_they_were(tmp_path):
    (tmp_path / "texts").mkdir()
    names = sorted(f"{i:02}\r{i % 3}, {chr(34)}.txt" for i in range(60))
    for i, name in enumerate(names):
        (tmp_path / "texts" / name).write_text(f"wheat{chr(97 + i % 5)} oil{chr(97 + i // 5)}")
    features = prepared(tmp_path, {"path": str(tmp_path / "texts")}, fit_on="all")
    assert load_array(features / "samples.npy").tolist() == names
