"""Toy sets of the papers."""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.datasets import make_moons
from sklearn.preprocessing import StandardScaler, normalize

Toy = tuple[NDArray[np.float32], NDArray[np.int64]]


def two_moons(n: int = 7000, noise: float = 0.075, seed: int = 0) -> Toy:
    """The official package's example: standardised."""
    points, labels = make_moons(n, noise=noise, random_state=seed)
    return StandardScaler().fit_transform(points).astype(np.float32), labels


def nested_cs(n: int = 1500, noise: float = 0.1, seed: int = 0) -> Toy:
    """Shaham et al. 2018: half circles, (cos t, sin t) and (.5 - cos t, -1 - sin t)."""
    generator = np.random.default_rng(seed)
    outer, inner = generator.uniform(-np.pi / 2, np.pi / 2, (2, n // 2))
    points = np.concatenate(
        [
            np.stack([np.cos(outer), np.sin(outer)], axis=1),
            np.stack([0.5 - np.cos(inner), -1 - np.sin(inner)], axis=1),
        ]
    )
    points += generator.normal(0, noise, points.shape)
    return points.astype(np.float32), np.repeat([0, 1], n // 2)


def chinese(n: int, blank: str = "") -> tuple[list[str], NDArray[np.int64]]:
    """Texts of 15 words, each drawn of the 7 of one of three topics, written side by side."""
    generator = np.random.default_rng(0)
    letters = [chr(code) for code in generator.choice(np.arange(0x4E00, 0x9F00), 42, replace=False)]
    words = np.array([a + b for a, b in zip(letters[::2], letters[1::2], strict=True)])
    topics = np.arange(n) % 3
    drawn = generator.integers(0, 7, (n, 15)) + 7 * topics[:, None]
    return [blank.join(row) for row in words[drawn]], topics


def documents(n: int, d: int = 150) -> tuple[csr_array, NDArray[np.int64]]:
    """Counts of d words as rows of length 1: some 30 words each, half of them of its topic of 3."""
    generator = np.random.default_rng(0)
    topics = np.arange(n) % 3
    rate = np.full((3, d), 15 / d)
    for topic in range(3):
        rate[topic, topic::3][:10] += 1.5
    counts = generator.poisson(rate[topics]).astype(float)
    counts[:, 0] += counts.sum(axis=1) == 0  # no row is empty
    return csr_array(normalize(counts)), topics
