"""The code of docs/extend.md, each part in the module that it is added to."""

import re
import sys
from importlib import import_module
from textwrap import dedent
from types import ModuleType

import numpy as np
import pytest
import torch
from clones import ROOT
from sklearn.decomposition import PCA

from spectralnet.graph.affinity import degrees
from spectralnet.methods.affinities import AffinityOptions, PointsInSpace
from spectralnet.nets.blocks import MLP
from spectralnet.nets.devices import map_in_chunks

PAGE = (ROOT / "docs/extend.md").read_text(encoding="utf-8")
FENCED = re.findall(r"^ *```python\n(.*?)^ *```", PAGE, re.DOTALL | re.MULTILINE)
WINE, ADAMW, UNIFORM, PCA_AFFINITY, MINIBATCH, ENTRY, ITS_TEST = map(dedent, FENCED)


def added(code, module, registry):
    """Run code as if it stood at the end of a module, where ... are the registry's entries."""
    names = dict(vars(import_module(module)))
    exec(re.sub(r"^    \.\.\.$", f"    **{registry},", code, flags=re.MULTILINE), names)  # noqa: S102
    return names


def test_the_data_set():
    sources = added(WINE, "spectralnet.data.sets.catalogue", "SOURCES")["SOURCES"]
    assert {"digits", "wine"} <= sources.keys()
    dataset = added(WINE, "spectralnet.data.sets.catalogue", "SOURCES")["_wine"]([], None)
    x = dataset.fit(dataset.raw).transform(dataset.raw)
    assert (x.shape, len(dataset.labels)) == ((178, 13), 178)
    np.testing.assert_allclose(x.mean(axis=0), 0, atol=1e-5)


def test_the_optimiser():
    names = added(f"OPTIMISERS |= {{{ADAMW}}}", "spectralnet.nets.optimisers", "OPTIMISERS")
    weight = torch.nn.Parameter(torch.ones(1))
    optimiser = names["OPTIMISERS"].pop("adamw")([weight], 0.1)
    weight.square().backward()
    optimiser.step()
    assert "betas" in optimiser.defaults  # which the schedule moves
    assert weight.item() == pytest.approx(0.9, abs=0.01)


def test_the_sampler_estimates_the_normalised_cut(blobs, blob_graph):
    """As the sampler of edges does in test_spectral_samplers.py."""
    names = added(UNIFORM, "spectralnet.spectral.samplers", "SAMPLERS")
    y = np.random.default_rng(0).normal(size=(len(blobs), 3))
    degree = degrees(blob_graph)
    energy = y.T @ (np.diag(degree) - blob_graph.toarray()) @ y
    exact = np.trace(np.linalg.solve(y.T @ np.diag(degree) @ y, energy))
    sampler = names["SAMPLERS"]["uniform"](blob_graph, np.zeros(len(blobs), dtype=bool), 400_000)
    (batch,) = sampler.batches(torch.Generator().manual_seed(0), 1)
    outputs = torch.from_numpy(y)
    found = sampler.loss(lambda points: outputs[points], batch).item()
    assert found == pytest.approx(exact, rel=0.01)


def test_the_affinity(blobs, graph_params, cpu):
    names = added(PCA_AFFINITY, "spectralnet.methods.learned", "LEARNED")
    points = PointsInSpace(blobs, blobs, MLP([4]))
    made = names["LEARNED"]["pca"](points, AffinityOptions(graph_params, None, 0, cpu), None)
    expected = PCA(4, random_state=0).fit_transform(blobs)
    np.testing.assert_allclose(made.embedding, expected, atol=1e-4)
    np.testing.assert_array_equal(map_in_chunks(made.embedder, blobs, cpu), made.embedding)
    assert made.graph.shape == (len(blobs), len(blobs))


def test_the_method_and_its_test(blobs, cpu, settings, monkeypatch):
    name = "spectralnet.methods.minibatch_kmeans"
    monkeypatch.setitem(sys.modules, name, module := ModuleType(name))
    exec(MINIBATCH, vars(module))  # noqa: S102
    methods = added(ENTRY, "spectralnet.methods.catalogue", "METHODS")["METHODS"]
    assert methods["minibatch_kmeans"].cluster is module.cluster
    exec(ITS_TEST, names := {})  # noqa: S102
    (test,) = (run for found, run in names.items() if found.startswith("test_"))
    test(blobs, cpu, settings)
