import numpy as np
import pytest
import torch

from spectralnet.methods.dual_autoencoder.information import Discriminator
from spectralnet.nets.devices import seeded


def test_a_map_is_scored_by_convolutions_of_1_x_1():
    """The form in which the paper has it: codes repeated at each place, one kernel for both."""
    with seeded(0):
        net = Discriminator(5, 3, hidden=4)
        maps, codes = torch.randn(6, 5, 2, 7), torch.randn(6, 3)
    layers = [
        (torch.cat([net.of_features.weight, net.of_codes.weight], dim=1), net.of_features.bias)
    ]
    layers += [(layer.weight, layer.bias) for layer in (net.score[1], net.score[3])]
    with torch.no_grad():
        joint, shuffled = net(maps.flatten(2).transpose(1, 2), codes)
        for scores, paired in ((joint, codes), (shuffled, codes[[5, 0, 1, 2, 3, 4]])):
            everywhere = paired[:, :, None, None].expand(-1, -1, 2, 7)
            together = torch.cat([maps, everywhere], dim=1)  # (6, 8, 2, 7)
            for weight, bias in layers:
                together = torch.conv2d(together, weight[:, :, None, None], bias)
                expected, together = together, together.relu()
            torch.testing.assert_close(scores, expected.flatten(1))


@pytest.mark.parametrize("dependent", [True, False])
def test_a_trained_discriminator_reaches_the_divergence(dependent):
    """A fair coin and its copy: joint 1/2, 1/2; product 1/4 four times. Or two coins."""
    generator = torch.Generator().manual_seed(0)
    heads = torch.randint(2, (2, 4000), generator=generator)
    features = torch.eye(2)[heads[0]]
    codes = torch.eye(2)[heads[0 if dependent else 1]]
    with seeded(0):
        net = Discriminator(2, 2, hidden=8)
    optimizer = torch.optim.Adam(net.parameters(), lr=0.05)
    for _ in range(150):
        optimizer.zero_grad()
        loss = net.loss(features[:, None], codes)
        loss.backward()
        optimizer.step()
    least = -np.log(2 / 3) - np.log(1 / 3) / 2 if dependent else 2 * np.log(2)
    assert loss.item() == pytest.approx(least, abs=0.02)
