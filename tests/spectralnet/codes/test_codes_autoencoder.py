import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA

from spectralnet.codes.autoencoder import Autoencoder, _corrupt, train_autoencoder
from spectralnet.nets.devices import map_in_chunks


def test_shape_is_the_papers():
    net = Autoencoder(784, [500, 500, 2000], 10)
    assert net.encoder.sizes == [784, 500, 500, 2000, 10]
    assert net.decoder.sizes == [10, 2000, 500, 500, 784]
    last = (list(net.encoder)[-1], list(net.decoder)[-1])
    assert all(isinstance(layer, torch.nn.Linear) for layer in last)


def test_a_linear_autoencoder_reaches_the_error_of_pca(settings, cpu):
    generator = np.random.default_rng(0)
    x = generator.normal(size=(1000, 3)) @ generator.normal(size=(3, 8))
    x = (x + 0.1 * generator.normal(size=x.shape)).astype(np.float32)
    params = settings.autoencoder.model_copy(
        update={"hidden": [], "code_size": 3, "epochs": 100, "patience": 100, "learning_rate": 0.02}
    )
    net, history = train_autoencoder(x, params, seed=0, device=cpu)
    pca = PCA(3).fit(x)
    best = np.mean((pca.inverse_transform(pca.transform(x)) - x) ** 2)
    error = np.mean((map_in_chunks(net, x, cpu) - x) ** 2)
    assert best <= error < 1.1 * best
    assert history["held_out_loss"].min() < 1.5 * best


def test_corruption_drops_the_given_part_and_nothing_else():
    x = torch.rand(200, 300) + 1
    generator = torch.Generator().manual_seed(0)
    noisy = _corrupt(x, 0.2, generator)
    assert (noisy == 0).float().mean().item() == pytest.approx(0.2, abs=0.01)
    assert torch.equal(noisy[noisy != 0], x[noisy != 0])
    assert _corrupt(x, 0.0, generator) is x


def test_training_sees_corrupted_inputs_and_the_held_out_loss_whole_ones(settings, cpu):
    """Of independent features nothing can be restored that was dropped."""
    x = np.random.default_rng(0).normal(size=(1000, 8)).astype(np.float32)
    changes = {"corruption": 0.5, "code_size": 8, "epochs": 20, "patience": 20}
    params = settings.autoencoder.model_copy(update=changes)
    _, history = train_autoencoder(x, params, seed=0, device=cpu)
    assert history["loss"].iloc[-1] > 0.5  # the variance of half of the features
    assert history["held_out_loss"].iloc[-1] < 0.5


def test_chunks_do_not_change_the_codes(cpu):
    net = Autoencoder(6, [5], 2)
    x = np.random.default_rng(0).normal(size=(100, 6)).astype(np.float32)
    whole = map_in_chunks(net.encoder, x, cpu)
    np.testing.assert_allclose(map_in_chunks(net.encoder, x, cpu, chunk=7), whole, atol=1e-6)
    assert map_in_chunks(net.encoder, x[:0], cpu).shape == (0, 2)


def test_chunks_are_of_near_equal_size(cpu):
    """Of few rows BLAS sums otherwise: in a short last one rows would differ from their equals."""
    sizes = []

    class Noted(torch.nn.Module):
        def forward(self, x):
            sizes.append(len(x))
            return x

    x = np.random.default_rng(0).normal(size=(17, 2)).astype(np.float32)
    np.testing.assert_array_equal(map_in_chunks(Noted(), x, cpu, chunk=8), x)
    assert sorted(sizes) == [5, 6, 6]
