"""Points whose clusters are known because they were drawn so: a fresh draw a seed."""

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import make_circles

from tests.toys import nested_cs, two_moons

Points = tuple[NDArray[np.float32], NDArray[np.int64]]


def moons(seed: int) -> Points:
    """Draw two half circles that grip each other, 1,000 points, standardised."""
    return two_moons(1000, seed=seed)


def cs(seed: int) -> Points:
    """Draw two nested letters C, 1,500 points."""
    return nested_cs(1500, seed=seed)


def rings(seed: int) -> Points:
    """Draw a ring of radius 0.4 in one of radius 1, 1,500 points with noise of 0.1."""
    x, labels = make_circles(1500, factor=0.4, noise=0.1, random_state=seed)
    return x.astype(np.float32), labels.astype(np.int64)


def blobs(sizes: tuple[int, ...], seed: int) -> Points:
    """Draw normal distributions, each 8 standard deviations from the next (three at most)."""
    places = 8 * np.array([[0, 0], [1, 0], [0.5, np.sqrt(0.75)]])
    labels = np.repeat(np.arange(len(sizes)), sizes)
    noise = np.random.default_rng(seed).normal(size=(len(labels), 2))
    return (places[labels] + noise).astype(np.float32), labels


def chains(seed: int) -> Points:
    """Draw three waved lines, 60 long, 3 apart, of 500 points each with noise of 0.2."""
    generator, labels = np.random.default_rng(seed), np.repeat(np.arange(3), 500)
    along = generator.uniform(0, 60, len(labels))
    x = np.stack([along, 3 * labels + np.sin(along)], axis=1)
    return (x + generator.normal(0, 0.2, x.shape)).astype(np.float32), labels
