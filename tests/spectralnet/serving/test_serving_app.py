"""The JSON API, in one process: what it answers is what `predict` gives, or says why not."""

import asyncio
import json
from io import BytesIO

import numpy as np
import pytest
import torch
from fastapi import HTTPException
from fastapi.testclient import TestClient
from models import random_hierarchy, random_model
from PIL import Image

from spectralnet.data.files import read_images
from spectralnet.data.pixels import Pixels
from spectralnet.data.preparation import Columns
from spectralnet.data.texts import Tfidf
from spectralnet.membership.part import Membership
from spectralnet.methods.dec.model import DECModel
from spectralnet.methods.predictor import Predictor
from spectralnet.nets.blocks import MLP
from spectralnet.serving import app as serving
from spectralnet.serving.app import Limits, create_app

TEXTS = ["wheat prices rose", "oil prices fell", "wheat and oil", "नमस्ते ™ \x00"]


PREDICTORS = {
    "images": Predictor(Pixels((2, 3), 16), random_model(6)),
    "rows": Predictor(Columns(2, names=["x", "y"], shift=[1, 2], scale=[3, 4]), random_model(2)),
    "nested": Predictor(Columns(2), random_model(2, hierarchy=random_hierarchy())),
    "nameless": Predictor(Columns(2, directions=True), random_model(2)),
    "told": Predictor(Columns(2), random_model(2, Membership(0, 3, 20))),  # without outlier scores
    "codes": Predictor(Columns(2), DECModel(MLP([2]), torch.tensor([[0.0, 0.0], [1.0, 1.0]]))),
    "texts": Predictor(tfidf := Tfidf.fit(TEXTS, 10), random_model(tfidf.n_features)),
}


@pytest.fixture(scope="module")
def clients():
    return {
        name: TestClient(create_app(predictor, Limits(max_rows=20, max_bytes=10_000)))
        for name, predictor in PREDICTORS.items()
    }


def samples(name):
    rng = np.random.default_rng(0)
    shape = (20, 2, 3) if name == "images" else (20, 2)
    return TEXTS if name == "texts" else rng.integers(0, 17, shape).astype(float)


def post(client, body, media_type="application/json", query=""):
    if not isinstance(body, bytes | str):
        body = json.dumps(body)
    return client.post(f"/predict{query}", content=body, headers={"Content-Type": media_type})


@pytest.mark.parametrize("name", PREDICTORS)
def test_answers_are_those_of_the_predictor(clients, name):
    raw = samples(name)
    expected = PREDICTORS[name].predict(raw)
    given = raw if name == "texts" else raw.tolist()
    answer = post(clients[name], {"samples": given}, query="?embedding=true")
    assert answer.status_code == 200, answer.text
    rows = answer.json()["predictions"]
    np.testing.assert_array_equal([row["cluster"] for row in rows], expected.clusters)
    np.testing.assert_array_equal([row["distance"] for row in rows], expected.distances)
    np.testing.assert_array_equal([row["embedding_2"] for row in rows], expected.embedding[:, 1])
    rows = post(clients[name], {"samples": given}).json()["predictions"]
    assert "embedding_1" not in rows[0]


def test_probabilities_of_all_clusters_are_given_if_asked_for(clients):
    x = samples("told")
    rows = post(clients["told"], {"samples": x.tolist()}, query="?probabilities=true").json()
    shares = PREDICTORS["told"].predict(x).probabilities
    for row, share in zip(rows["predictions"], shares, strict=True):
        assert [row[f"probability_{i}"] for i in range(3)] == share.tolist()
        assert (row["probability"], row["outlier_score"]) == (share.max(), None)
    described = clients["told"].get("/openapi.json").json()["components"]["schemas"]["Prediction"]
    assert described["properties"].keys() == {"cluster", "distance", "probability", "outlier_score"}
    answer = post(clients["rows"], {"samples": x.tolist()}, query="?probabilities=true")
    assert answer.status_code == 422
    assert "tells no probabilities" in answer.json()["detail"]


@pytest.mark.parametrize("query", ["embeding=true", "embedding=perhaps"])
def test_a_query_that_means_nothing_is_refused(clients, query):
    answer = post(clients["rows"], {"samples": [[1, 2]]}, query=f"?{query}")
    assert answer.status_code == 422
    assert f"the query: {query.partition('=')[0]}: " in answer.json()["detail"]


def test_the_hierarchy_is_cut(clients):
    raw, nested = samples("nested"), clients["nested"]
    sent = {"samples": raw.tolist()}
    assert nested.get("/model").json()["most_clusters"] == 6
    for k in (1, 2, 3, 6):
        rows = post(nested, sent, query=f"?n_clusters={k}").json()["predictions"]
        expected = PREDICTORS["nested"].predict(raw, n_clusters=k).clusters
        np.testing.assert_array_equal([row["cluster"] for row in rows], expected)
    for name, k, reason in (
        ("nested", 7, "n_clusters = 7: the hierarchy of this model gives 1 to 6 clusters"),
        ("nested", 0, "n_clusters = 0: the hierarchy of this model gives 1 to 6 clusters"),
        ("rows", 2, "n_clusters = 2: this model has no hierarchy to cut"),
        ("codes", 2, "n_clusters = 2: this model has no hierarchy to cut"),
    ):
        answer = post(clients[name], sent, query=f"?n_clusters={k}")
        assert answer.status_code == 422
        assert reason in answer.json()["detail"]


def test_records_go_by_the_names_of_columns(clients):
    x = samples("rows")
    records = [{"z": "?", "y": y, "x": x} for x, y in x.tolist()]
    rows = post(clients["rows"], {"samples": records}).json()["predictions"]
    expected = PREDICTORS["rows"].predict(x).clusters
    np.testing.assert_array_equal([row["cluster"] for row in rows], expected)


@pytest.mark.parametrize("format", ["PNG", "JPEG"])
def test_an_uploaded_image_is_read_as_one_of_a_folder(clients, tmp_path, format):
    pixels = np.random.default_rng(1).integers(0, 256, (8, 12, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "x", format=format)
    grey = read_images([tmp_path / "x"], (2, 3)) * (16 / 255)
    expected = PREDICTORS["images"].predict(grey)
    answer = post(clients["images"], (tmp_path / "x").read_bytes(), f"image/{format.lower()}")
    (row,) = answer.json()["predictions"]
    assert row == {"cluster": expected.clusters[0], "distance": expected.distances[0]}


def picture(format, size=(3, 2)):
    Image.new("L", size).save(file := BytesIO(), format=format)
    return file.getvalue()


DEEP = "[" * 100_000 + "]" * 100_000
REFUSED = [
    ("rows", "", 422, "cannot be read as JSON"),
    ("rows", b"\xff\xfe\x00", 422, "cannot be read as JSON"),
    ("rows", '{"samples": [[1, 2]]', 422, "cannot be read as JSON"),
    ("rows", f'{{"samples": {"9" * 5000}}}', 422, "cannot be read as JSON"),
    ("rows", [[1, 2]], 422, "nothing beside"),
    ("rows", {"samples": [[1, 2]], "embeding": True}, 422, "nothing beside"),
    ("rows", {"samples": {}}, 422, "no list of one or more"),
    ("rows", {"samples": []}, 422, "no list of one or more"),
    ("rows", {"samples": [[1, 2]] * 21}, 422, "21 samples, but at most 20"),
    ("rows", {"samples": [1, 2]}, 422, "rows of shape (2,): (n, 2) is needed"),
    ("rows", {"samples": [[1, 2], [3]]}, 422, "as many in each"),
    ("rows", {"samples": [[1, "blue"]]}, 422, "the samples hold text"),
    ("rows", {"samples": [[1, 10**400]]}, 422, "int too large"),
    ("rows", {"samples": [[1, float("nan")]]}, 422, "(nan) in row 0, column 'y'"),
    ("rows", {"samples": [[1, 2], [1, None]]}, 422, "(nan) in row 1, column 'y'"),
    ("rows", {"samples": [[1, 2, None]]}, 422, "(nan) in row 0, column 2: remove"),
    ("rows", {"samples": [None]}, 422, "(nan) in row 0: remove"),
    ("rows", {"samples": [1, float("nan")]}, 422, "(nan) in row 1: remove"),
    ("nameless", {"samples": [None]}, 422, "(nan) in row 0: remove"),
    ("images", {"samples": [None]}, 422, "(nan) in row 0: remove"),
    ("texts", {"samples": [None]}, 422, "a sequence of texts is needed"),
    ("rows", '{"samples": [[1, 1e400]]}', 422, "(inf) in row 0"),
    ("rows", {"samples": [[1, 1e300]]}, 422, "NaN or infinite"),
    ("nameless", {"samples": [[1, float("inf")]]}, 422, "(inf) in row 0, column 1"),
    ("codes", {"samples": [[1, 1e38]]}, 422, "no finite numbers"),
    ("rows", f'{{"samples": {"[" * 100}1{"]" * 100}}}', 422, "maximum number of dimension"),
    ("rows", {"samples": [{"x": 1}]}, 422, "sample 0 has no 'y', one of the columns ['x', 'y']"),
    ("rows", {"samples": [{"x": 1, "y": 2}, 3]}, 422, "sample 1 is no record"),
    ("rows", {"samples": [[1, 2], {"x": 1, "y": 2}]}, 422, "no numbers"),
    ("rows", {"samples": [["1", 2]]}, 422, "hold text: give numbers, without quotes"),
    ("rows", {"samples": [{"x": 1, "y": "blue"}]}, 422, "sample 0 has 'blue' as 'y'"),
    ("rows", '{"samples": [{"x": 1, "y": "\\ud800"}]}', 422, "cannot be read as JSON"),
    ("rows", {"samples": [{"x": 1, "y": [2]}]}, 422, "sample 0 has [2] as 'y'"),
    ("rows", {"samples": [{"x": 1, "y": 10**400}]}, 422, "int too large"),
    ("nameless", {"samples": [{"x": 1, "y": 2}]}, 422, "no columns by name"),
    ("texts", {"samples": [["a text"]]}, 422, "a sequence of texts is needed"),
    ("images", {"samples": [[[1, 2], [3, 4]]]}, 422, "images of shape (1, 2, 2)"),
    ("images", {"samples": [[255] * 6]}, 422, "the brightest pixel is 255, but white is 16"),
]


@pytest.mark.parametrize(("name", "body", "status", "reason"), REFUSED)
def test_what_is_wrong_is_refused_with_the_reason(clients, name, body, status, reason):
    answer = post(clients[name], body)
    assert answer.status_code == status, answer.text
    assert reason in answer.json()["detail"]


def test_json_of_any_depth_is_refused():
    client = TestClient(create_app(PREDICTORS["rows"]))
    for body in (DEEP, f'{{"samples": {DEEP}}}'):
        assert "recursion limit exceeded" in post(client, body).json()["detail"]


def test_only_images_that_are_sound_and_not_huge_are_read(clients, monkeypatch):
    client = clients["images"]
    assert "image/jpeg" in post(client, "x", "text/plain").json()["detail"]
    assert post(clients["rows"], picture("PNG"), "image/png").status_code == 415
    assert post(client, picture("GIF"), "image/png").status_code == 422
    assert post(client, picture("PNG")[:-30], "image/png").status_code == 422
    assert post(client, picture("JPEG"), "image/png").status_code == 422
    monkeypatch.setattr("spectralnet.serving.bodies.MOST_PIXELS", 100)
    answer = post(client, picture("PNG", (11, 10)), "image/png")
    assert "the image has 11 x 10 pixels: at most 100 are read" in answer.json()["detail"]


def test_a_body_ends_at_the_limit_whether_its_length_is_told_or_not(clients):
    client = clients["rows"]
    parts = [b'{"samples": [', *[b" " * 1000] * 10, b"[1, 2]]}"]
    assert post(client, b"".join(parts)).status_code == 413
    answer = client.post("/predict", content=iter(parts), headers={"Content-Type": serving.JSON})
    assert answer.status_code == 413
    assert "more than 10000 bytes" in answer.json()["detail"]
    assert post(client, b"".join([*parts[:9], parts[-1]])).status_code == 200


def test_a_body_that_does_not_come_is_not_waited_for(monkeypatch):
    class Slow:
        headers = {}

        async def stream(self):
            yield b"{"
            await asyncio.sleep(60)

    monkeypatch.setattr(serving, "SECONDS", 0.01)
    with pytest.raises(HTTPException, match="408"):
        asyncio.run(serving._receive(Slow(), 100))


def test_a_long_reason_is_cut(clients):
    answer = post(clients["rows"], {"samples": [{"x": "z" * 5000, "y": 2}]})
    assert len(answer.json()["detail"]) == serving.LONGEST


@pytest.mark.parametrize("name", PREDICTORS)
def test_the_model_is_described_and_the_sample_of_the_description_is_taken(clients, name):
    client = clients[name]
    assert client.get("/health").json() == {"status": "ok"}
    about = client.get("/model").json()
    assert about["n_clusters"] == len(PREDICTORS[name].model.centroids)
    assert about.get("columns") == (["x", "y"] if name == "rows" else None)
    assert about.get("image_shape") == ([2, 3] if name == "images" else None)
    described = client.get("/openapi.json").json()["paths"]["/predict"]["post"]
    content = described["requestBody"]["content"]
    assert [*content] == about["media_types"]
    assert post(client, content["application/json"]["example"]).status_code == 200
    assert {"200", "413", "415", "422"} <= described["responses"].keys()


def test_pages_load_nothing_from_elsewhere(clients):
    for path in ("/", "/docs"):
        page = clients["rows"].get(path)
        assert page.headers["content-type"].startswith("text/html")
        assert "http" not in page.text


def test_a_text_without_a_known_term_is_noise():
    model = random_model(tfidf.n_features, Membership(0, 3, 20))
    answer = post(TestClient(create_app(Predictor(tfidf, model))), {"samples": ["", "oil"]})
    nothing, oil = answer.json()["predictions"]
    assert (nothing["cluster"], nothing["outlier_score"]) == (-1, 1e4)
    assert nothing["probability"] == pytest.approx(1 / 3)
    assert oil["cluster"] >= 0
