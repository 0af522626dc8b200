import numpy as np
import pytest
import torch
from scipy.sparse import csr_array

from spectralnet.clusters.kmeans import nearest_centroid, unit_rows
from spectralnet.errors import DataError, ParameterError
from spectralnet.matrices import near_rows
from spectralnet.methods.model import ClusterModel
from spectralnet.nets.blocks import MLP, ConvNet, Standardise
from spectralnet.nets.devices import half_precision, map_in_chunks, pick_device, seeded
from spectralnet.spectral.map import SpectralMap


@pytest.fixture
def model():
    with seeded(0):
        parts = MLP([4, 6, 3]), MLP([3]), SpectralMap([3, 5, 3])
        parts[2].output_weights.copy_(torch.randn(3, 3))
        return ClusterModel(*parts, torch.randn(3, 2))  # clusters in two of three eigenvectors


def test_a_saved_model_gives_the_same_clusters(model, blobs, tmp_path, cpu):
    model.save(tmp_path)
    loaded = ClusterModel.load(tmp_path)
    np.testing.assert_array_equal(
        map_in_chunks(loaded, blobs, cpu), map_in_chunks(model, blobs, cpu)
    )
    np.testing.assert_array_equal(loaded.predict(blobs), model.predict(blobs))
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["manifest.json", "model.json", "model.safetensors"]


def test_predict_is_encode_embed_map_and_the_nearest_centroid(model, blobs):
    x = torch.from_numpy(blobs)
    with torch.no_grad():
        embedding = model.spectral_map(model.embedder(model.encoder(x))).numpy()
    expected = nearest_centroid(unit_rows(embedding[:, :2]), model.centroids.numpy())
    np.testing.assert_array_equal(model.predict(blobs), expected)
    np.testing.assert_array_equal(model.predict(blobs[7:9]), expected[7:9])
    assert model.predict(blobs[:0]).shape == (0,)
    np.testing.assert_array_equal(model.predict(blobs.astype(float)), expected)
    np.testing.assert_array_equal(model.predict(csr_array(blobs)), expected)


def test_a_model_with_convolutions_is_saved_as_well(tmp_path, cpu):
    with seeded(0):
        convolutions = ConvNet((6, 8), [3, 4], [5, 2])
        model = ClusterModel(MLP([48]), convolutions, SpectralMap([2, 3]), torch.randn(4, 3))
    images = np.random.default_rng(0).random((9, 48), dtype=np.float32)
    model.save(tmp_path)
    loaded = ClusterModel.load(tmp_path)
    np.testing.assert_array_equal(loaded.predict(images), model.predict(images))
    with pytest.raises(DataError, match=r"takes \(n, 48\)"):
        loaded.predict(images[:, :7])


def test_convolutions_see_images_not_rows(cpu):
    """All but the last halve height and width; a stroke moved by a stride moves the maps by one."""
    with seeded(0):
        net = ConvNet((8, 8), [2, 3], [4])
    image = torch.zeros(1, 8, 8)
    image[:, 2:5, 2:5] = torch.arange(1.0, 10).view(3, 3)
    moved = image.roll((2, 2), dims=(1, 2))
    maps = torch.nn.Sequential(*list(net)[:5])
    first, second = maps(image.view(1, 64)), maps(moved.view(1, 64))
    assert first.shape == (1, 3, 4, 4)
    torch.testing.assert_close(first[..., 1, 1], second[..., 2, 2])  # away from the padding
    assert first[..., 1, 1].any()


def test_half_precision_is_for_hardware_that_has_it(monkeypatch, cpu):
    for found in ({"amx_bf16": True}, {"avx512_bf16": True}, {"amx_bf16": False, "avx2": True}):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: found)  # noqa: B023
        with half_precision(cpu):
            product = torch.ones(2, 2) @ torch.ones(2, 2)
        native = "avx2" not in found
        assert product.dtype == (torch.bfloat16 if native else torch.float32)


@pytest.mark.parametrize("shape", [(4,), (3, 5), (1, 2, 4)])
def test_features_of_another_shape_are_refused(model, shape):
    with pytest.raises(DataError, match=r"takes \(n, 4\)"):
        model.predict(np.zeros(shape, dtype=np.float32))


def test_standardise_keeps_distances_up_to_one_factor(blobs):
    stretched = torch.from_numpy(blobs) * torch.tensor([1, 10, 100, 0]) + 5
    layer = Standardise(4).fit(stretched)
    z = layer(stretched)
    assert torch.allclose(z.mean(0), torch.zeros(4), atol=1e-4)
    assert z.var(0, correction=0).mean().item() == pytest.approx(1, rel=1e-4)
    ratio = torch.pdist(z) / torch.pdist(stretched)
    assert ratio.std() < 1e-4 * ratio.mean()
    assert torch.equal(Standardise(2).fit(torch.ones(3, 2))(torch.ones(3, 2)), torch.zeros(3, 2))


@pytest.mark.parametrize("kind", [np.asarray, csr_array])
def test_outliers_neither_set_the_scale_nor_go_far(kind):
    points = np.random.default_rng(0).normal(0, 2, (1000, 4)).astype(np.float32)
    far = np.array([[1e6, 0, 0, 0], [0, -3e4, 4e4, 0], [1e3, 1e3, 1e3, 1e3]], dtype=np.float32)
    layer = Standardise(4).fit(kind(np.concatenate([points, far])))
    usual = Standardise(4).fit(points)
    assert torch.equal(layer.scale, usual.scale)
    assert torch.allclose(layer.mean, usual.mean)
    z = layer(torch.from_numpy(points))
    assert torch.equal(z, (torch.from_numpy(points) - layer.mean) / layer.scale)
    drawn = layer(torch.from_numpy(far))
    lengths = drawn.norm(dim=1).numpy()
    assert lengths[0] > lengths[1] > lengths[2] > z.norm(dim=1).max()
    expected = 20 * (1 + np.log(np.linalg.norm(far, axis=1) / layer.scale.item() / 20))
    np.testing.assert_allclose(lengths, expected, rtol=1e-2)
    cosines = (drawn.numpy() * far).sum(axis=1) / lengths / np.linalg.norm(far, axis=1)
    np.testing.assert_allclose(cosines, 1, atol=1e-3)


def test_half_of_the_rows_may_be_equal():
    points = np.random.default_rng(0).normal(size=(200, 2)).astype(np.float32)
    points[:150] = 0
    assert near_rows(points).all()


def test_seeding_leaves_the_global_generator_alone():
    state = torch.random.get_rng_state()
    with seeded(3):
        first = torch.randn(4)
    assert torch.equal(torch.random.get_rng_state(), state)
    with seeded(3):
        assert torch.equal(torch.randn(4), first)


def test_devices(monkeypatch):
    assert pick_device("cpu").type == "cpu"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert pick_device("auto").type == "cuda"
    assert pick_device("auto", 10_001).type == "cuda"
    assert pick_device("auto", 10_000).type == "cpu"  # where a GPU gains nothing
    assert pick_device("cuda:1").index == 1
    with pytest.raises(ParameterError, match="device = cuda:2, but torch finds none"):
        pick_device("cuda:2")
    with pytest.raises(ParameterError, match="device = 'gpu': choose one of auto, cpu"):
        pick_device("gpu")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert pick_device("auto").type == "cpu"
    with pytest.raises(ParameterError, match="device = cuda"):
        pick_device("cuda")
