"""The graph against `predict`, in torch and, once translated, in onnxruntime."""

import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from click.testing import CliRunner

from spectralnet.cli import main
from spectralnet.data.pixels import Pixels
from spectralnet.data.preparation import Columns
from spectralnet.data.texts import Tfidf
from spectralnet.errors import DataError
from spectralnet.methods.dec.model import DECModel
from spectralnet.methods.model import ClusterModel
from spectralnet.methods.predictor import Predictor
from spectralnet.nets.blocks import MLP, ConvNet
from spectralnet.nets.devices import seeded
from spectralnet.nets.gradients import OrientedGradients
from spectralnet.nets.projection import Projection
from spectralnet.serving.export import OUTPUTS, compare, export_onnx
from spectralnet.serving.graph import PredictorGraph
from spectralnet.spectral.map import SpectralMap

RNG = np.random.default_rng(0)


def random_model(encoder, embedder=None):
    """Five clusters in three of four eigenvectors."""
    embedder = embedder or MLP([encoder.sizes[-1]])
    spectral_map = SpectralMap([embedder.sizes[-1], 8, 4])
    return ClusterModel(encoder, embedder, spectral_map, torch.randn(5, 3), torch.rand(3))


def predictors():
    """Each kind of net and of preparation, with samples."""
    rows = RNG.normal(1e6, 3, (300, 4))  # which single precision would round
    images = RNG.integers(0, 256, (300, 9, 12)).astype(np.float32)
    scaled = {"shift": [1e6, 1e6, 1e6], "scale": [3, 3, 3]}
    with seeded(0):
        gradients, conv = OrientedGradients((9, 12)), ConvNet((9, 12), [3, 4], [5], unit_rows=True)
        projection = Projection.on(RNG.normal(size=(3, 4)), unit_rows=True)
        made = {
            "columns": (Columns(4, [3, 0, 1], **scaled), random_model(MLP([3])), rows),
            "drawn in": (Columns(4, reach=1.0), random_model(MLP([4, 6])), rows % 100),
            "directions": (Columns(4, directions=True), random_model(MLP([4])), rows % 9),
            "codes": (Columns(4), DECModel(MLP([4, 3]), torch.randn(5, 3)), rows % 9),
            "projections": (Columns(4), random_model(projection), rows % 9),
            "gradients": (Pixels((9, 12), 255), random_model(gradients), images),
            "convolutions": (Pixels((9, 12), 255), random_model(MLP([108]), conv), images),
        }
    made["directions"][2][:2] = 0  # a row of zeros has no direction
    return {name: spread(*parts) for name, parts in made.items()}


def spread(preparation, model, x):
    """Let centroids be samples, or those of a random net would all be in one cluster."""
    predictor = Predictor(preparation, model.eval())
    places = predictor.predict(x[-5:]).embedding
    if isinstance(model, ClusterModel):
        places = places[:, :3] * model.weights.numpy()
        places /= np.linalg.norm(places, axis=1, keepdims=True)
    model.centroids.copy_(torch.from_numpy(places))
    return predictor, x


PREDICTORS = predictors()
ALL = pytest.mark.parametrize("name", PREDICTORS)


def agree(found, predictor, x):
    expected = predictor.predict(x)
    clusters, distances, embedding = map(np.asarray, found)
    assert len(np.unique(clusters)) == 5
    placed = expected.clusters >= 0  # what has no direction is no noise to a graph
    np.testing.assert_array_equal(clusters[placed], expected.clusters[placed])
    np.testing.assert_allclose(distances, expected.distances, rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(embedding, expected.embedding, rtol=1e-3, atol=1e-5)


@ALL
def test_the_graph_is_the_predictor(name):
    predictor, x = PREDICTORS[name]
    with torch.no_grad():
        agree(PredictorGraph(predictor)(torch.from_numpy(x)), predictor, x)


def run(path: Path, x):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(OUTPUTS, {"samples": x})


# Translating takes seconds.
translated = pytest.mark.services


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """The command's file of a model in a folder, and what it said."""
    folder = tmp_path_factory.mktemp("exported")
    preparation = Columns(4, [3, 0, 1], [1e6] * 3, [3] * 3, names=["a", "b", "c", "d"])
    predictor = Predictor(preparation, PREDICTORS["columns"][0].model)
    predictor.save(folder / "model")
    done = CliRunner().invoke(main, ["export", str(folder / "model"), "--onnx", str(folder / "m")])
    assert done.exit_code == 0, done.output
    return predictor, folder / "m", done.stderr


@translated
def test_a_file_is_the_predictor_for_any_number_of_samples(exported):
    predictor, path, said = exported
    assert "0 of 257 clusters differ from `predict`" in said
    x = PREDICTORS["columns"][1]
    agree(run(path, x), predictor, x)
    assert [len(part) for part in run(path, x[:1])] == [1, 1, 1]


@translated
def test_a_file_says_what_it_takes(exported):
    model = onnx.load(exported[1])
    onnx.checker.check_model(model, full_check=True)
    (given,) = model.graph.input
    assert given.type.tensor_type.elem_type == onnx.TensorProto.DOUBLE
    first, second = given.type.tensor_type.shape.dim
    assert (given.name, first.dim_param, second.dim_value) == ("samples", "n", 4)
    properties = {entry.key: json.loads(entry.value) for entry in model.metadata_props}
    assert properties == {"columns": ["a", "b", "c", "d"]}


@translated
def test_a_file_that_disagrees_is_refused(exported):
    predictor, path, _ = exported
    x = PREDICTORS["columns"][1]
    other = ClusterModel.load(path.with_name("model"))
    other.centroids = other.centroids.flip(0)
    with pytest.raises(DataError, match="onnxruntime disagrees: 2"):
        compare(Predictor(predictor.preparation, other), path.read_bytes(), x)


@translated
@ALL
def test_every_kind_is_exported(name, tmp_path):
    predictor, x = PREDICTORS[name]
    export_onnx(predictor, tmp_path / "model.onnx")
    agree(run(tmp_path / "model.onnx", x), predictor, x)


def test_texts_are_refused_with_what_to_do(tmp_path):
    preparation = Tfidf.fit(["wheat prices rose", "oil prices fell"], 10)
    Predictor(preparation, random_model(MLP([preparation.n_features]))).save(tmp_path / "model")
    arguments = ["export", str(tmp_path / "model"), "--onnx", str(tmp_path / "model.onnx")]
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 1
    assert "the model takes texts" in done.output
    assert "spectralnet serve" in done.output
    assert not (tmp_path / "model.onnx").exists()
