"""Mutual information of features and codes, estimated by telling pairs from shuffled ones."""

from torch import Tensor, nn

from spectralnet.nets.distributed import rolled


class Discriminator(nn.Module):
    """T(c, z): tells whether features and a code come from the same point.

    It looks at each position of the features by itself, with the same weights: on a feature
    map that is a perceptron of 1 x 1 convolutions.

    Parameters
    ----------
    n_features : int
        Of a position.
    code_size : int
    hidden : int, default=64
        Width of both hidden layers.

    References
    ----------
    Yang et al., Dual Autoencoder Network, CVPR 2019, section 3.1 and figure 3.
    """

    def __init__(self, n_features: int, code_size: int, hidden: int = 64) -> None:
        super().__init__()
        # The first layer on [c, z], cut in two: what it makes of c serves both codes.
        self.of_features = nn.Linear(n_features, hidden)
        self.of_codes = nn.Linear(code_size, hidden, bias=False)
        self.score = nn.Sequential(
            nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, 1)
        )

    def forward(self, features: Tensor, codes: Tensor) -> tuple[Tensor, Tensor]:
        """Score every point's own pair, and its features with another point's code.

        Parameters
        ----------
        features : Tensor of shape (m, p, d)
            At p positions.
        codes : Tensor of shape (m, l)
            In random order: the other code is the previous row's.

        Returns
        -------
        joint, shuffled : Tensor of shape (m, p)
        """
        c = self.of_features(features)  # (m, p, hidden)
        z = self.of_codes(codes)[:, None]  # (m, 1, hidden)
        return self.score(c + z).squeeze(-1), self.score(c + rolled(z)).squeeze(-1)

    def loss(self, features: Tensor, codes: Tensor) -> Tensor:
        """Return the cross-entropy of telling joint from shuffled pairs by their scores.

        It is at least 2 log 2 minus twice the Jensen-Shannon divergence of the two
        distributions, which the best discriminator reaches. So encoder and discriminator both
        descend it: there is no adversary. Where codes say nothing about features it is 2 log 2.

        Parameters
        ----------
        features : Tensor of shape (m, p, d)
        codes : Tensor of shape (m, l)

        Returns
        -------
        Tensor
            A scalar: -E_joint[log s(T)] - E_shuffled[log(1 - s(T))], s the logistic function.

        References
        ----------
        Nowozin et al., f-GAN, NIPS 2016; Hjelm et al., Deep InfoMax, ICLR 2019, equation 4.
        """
        joint, shuffled = (scores.float() for scores in self(features, codes))
        softplus = nn.functional.softplus
        return softplus(-joint).mean() + softplus(shuffled).mean()
