import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from torch.distributions import Normal, kl_divergence

from spectralnet.methods.dual_autoencoder.net import (
    DualAutoencoderNet,
    draw_noise,
    train_dual_autoencoder,
)
from spectralnet.nets.blocks import ConvNet, conv_decoder
from spectralnet.nets.devices import map_in_chunks, seeded


def forward(net, x, centres=None):
    noise = draw_noise(len(x), net.params, torch.Generator().manual_seed(1))
    with torch.no_grad():
        encoded = net.encode(x)
        return encoded, noise, net.losses(x, encoded, noise, centres)


@pytest.mark.parametrize("image_shape", [(28, 28), (7, 10), (5, 5), (1, 4)])
@pytest.mark.parametrize("channels", [[3], [2, 3], [2, 4, 3, 2]])
def test_the_decoder_mirrors_the_encoder(image_shape, channels):
    encoder = ConvNet(image_shape, channels, [6])
    decoder = conv_decoder(image_shape, channels, 6)
    x = torch.rand(2, image_shape[0] * image_shape[1])
    assert decoder(encoder(x)).shape == x.shape
    weights = [[p.numel() for p in net.parameters() if p.ndim > 1] for net in (encoder, decoder)]
    assert weights[0] == weights[1][::-1]


@pytest.mark.parametrize("image_shape", [None, (4, 3)])
def test_losses_are_those_of_the_paper(dual_params, image_shape):
    with seeded(0):
        net = DualAutoencoderNet(12, image_shape, dual_params)
        x, centres = torch.rand(7, 12), torch.randn(7, dual_params.code_size)
        torch.nn.init.normal_(net.log_variance.weight)
    encoded, noise, losses = forward(net, x, centres)
    torch.testing.assert_close(encoded.mean, net.encoder(x))

    spread = (encoded.log_variance / 2).exp()
    z = encoded.mean + spread * noise[0]
    clean = net.decoder(z)
    disturbed = net.decoder(z * (1 + dual_params.noise * noise[1]))
    of_codes = kl_divergence(Normal(encoded.mean, spread), Normal(centres, 1))
    expected = {
        "reconstruction": ((x - clean) ** 2).sum() / 7,
        "relative": ((clean - disturbed) ** 2).sum() / 7,
        "prior": of_codes.sum() / 7,
    }
    for name, value in expected.items():
        torch.testing.assert_close(losses[name], value)
    parts = {"global_information": (net.of_point, [encoded.maps.flatten(1)])}
    if image_shape:
        places = np.ndindex(*encoded.maps.shape[2:])
        at_places = [encoded.maps[:, :, i, j] for i, j in places]
        parts["local_information"] = (net.of_position, at_places)
    for name, (judge, features) in parts.items():
        own, others = (
            torch.stack([judge.score(judge.of_features(c) + judge.of_codes(of)) for c in features])
            for of in (z, z.roll(1, 0))
        )
        crossed = -own.sigmoid().log().mean() - (1 - others.sigmoid()).log().mean()
        torch.testing.assert_close(losses[name], crossed)
    total = losses["reconstruction"] + sum(
        getattr(dual_params, name) * losses[name]
        for name in set(losses) - {"reconstruction", "total"}
    )
    torch.testing.assert_close(losses["total"], total)
    assert ("local_information" in losses) == (image_shape is not None)


@pytest.mark.parametrize("name", ["global_information", "local_information"])
def test_information_is_descended_by_features_codes_and_discriminators(dual_params, name):
    with seeded(0):
        net = DualAutoencoderNet(12, (4, 3), dual_params)
    x, noise = torch.rand(7, 12), draw_noise(7, dual_params, torch.Generator())
    encoded = net.encode(x)
    encoded.maps.retain_grad()
    encoded.mean.retain_grad()
    net.losses(x, encoded, noise)[name].backward()
    judge = net.of_point if name == "global_information" else net.of_position
    for part in (encoded.maps, encoded.mean, net.encoder[1].weight, judge.of_codes.weight):
        assert part.grad is not None
        assert part.grad.abs().max() > 0


def test_training_informs_codes_and_trains_the_discriminators(dual_params, cpu):
    x = (load_digits().data[:1000] / 16).astype(np.float32)
    params = dual_params.model_copy(update={"epochs": 16})
    net, history = train_dual_autoencoder(x, (8, 8), params, seed=0, device=cpu)
    with seeded(0):
        untrained = DualAutoencoderNet(64, (8, 8), dual_params)
    _, _, before = forward(untrained, torch.from_numpy(x))
    _, _, after = forward(net, torch.from_numpy(x))
    assert after["reconstruction"] < 0.5 * before["reconstruction"]
    for name in ("global_information", "local_information"):
        assert before[name] == pytest.approx(2 * np.log(2), rel=0.05)
        assert after[name] < 0.9 * before[name]
    assert history["held_out_loss"].iloc[-1] < 0.7 * history["held_out_loss"].iloc[0]


def test_noise_matters_less_to_what_was_trained_under_it(dual_params, cpu):
    x = (load_digits().data[:300] / 16).astype(np.float32)
    relative = []
    codes = []
    for weight in (0.0, 5.0, 5.0):
        params = dual_params.model_copy(update={"relative": weight})
        net, _ = train_dual_autoencoder(x, None, params, seed=0, device=cpu)
        _, _, losses = forward(net, torch.from_numpy(x))
        relative.append(losses["relative"].item())
        codes.append(map_in_chunks(net.encoder, x, cpu))
    assert relative[1] < 0.5 * relative[0]
    np.testing.assert_array_equal(codes[1], codes[2])  # one seed, one result
