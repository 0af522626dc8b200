from contextlib import nullcontext

import numpy as np
import pytest
import yaml
from clones import ROOT
from dvc.utils.hydra import apply_overrides

from spectralnet.config.limits import check_points, check_sizes
from spectralnet.config.reading import read_params, read_raw
from spectralnet.errors import ParameterError

DEFAULT = {  # whatever experiment the working tree holds
    "dataset": "mnist5k",
    "affinity": "siamese",
    "augment": "none",
    "fit_on": "all",
    "labelled": 0.0,
    "limit": None,
    "device": "auto",
}


@pytest.fixture
def write(tmp_path):
    """Write params.yaml with dotted names changed."""

    def change(changes):
        raw = read_raw(ROOT / "params.yaml")
        for name, value in (DEFAULT | changes).items():
            *parents, last = name.split(".")
            block = raw
            for parent in parents:
                block = block[parent]
            block[last] = value
        path = tmp_path / "params.yaml"
        path.write_text(yaml.safe_dump(raw, sort_keys=False))
        return path

    return change


def test_components_follow_the_clusters_unless_they_are_set(write):
    assert (
        read_params(write({"digits.n_clusters": 3})).datasets["digits"].spectralnet.n_components
        == 9
    )
    learned = read_params(write({"digits.spectralnet.n_components": 5}))
    assert learned.datasets["digits"].spectralnet.n_components == 5


def test_noise_and_the_number_of_clusters_may_be_left_to_the_model(write):
    auto = {"digits.n_clusters": "auto", "digits.noise": "1e-05"}  # as DVC writes small numbers
    digits = read_params(write(auto)).datasets["digits"]
    assert (digits.n_clusters, digits.noise) == ("auto", 1e-05)
    assert digits.spectralnet.n_components == 36  # of 30 clusters, the most
    check_sizes(40, digits)  # 4 of them held out
    with pytest.raises(ParameterError, match=r"n_components = 36 is too many for 36 points"):
        check_sizes(36, digits)
    with pytest.raises(ParameterError, match=r"n_components = 1, .* n_clusters = auto apart"):
        read_params(write(auto | {"digits.spectralnet.n_components": 1}))


def test_the_number_of_clusters_may_be_chosen_in_a_range(write):
    path = write({"digits.graph.n_neighbours": 3, "digits.graph.scale_neighbour": 3})
    apply_overrides(path, ["digits.n_clusters=[2,6]"])  # as `dvc exp run -S` does
    digits = read_params(path).datasets["digits"]
    assert digits.n_clusters == [2, 6]
    assert digits.spectralnet.n_components == 12  # of 6 clusters
    with pytest.raises(ParameterError, match="n_clusters = 6 is too many for 5 points: at most 5"):
        check_sizes(5, digits)
    points = np.arange(50, dtype=np.float32)[:, None] % 5
    with pytest.raises(ParameterError, match="n_clusters = 6, but there are 5 distinct points"):
        check_points(points, digits)


def test_the_chosen_data_sets_block_is_used(write):
    params = read_params(write({"dataset": "fashion-mnist"}))
    assert params.settings == params.datasets["fashion-mnist"]
    flat = params.flat()
    assert flat["dataset"] == "fashion-mnist"
    assert flat["graph.n_neighbours"] == params.datasets["fashion-mnist"].graph.n_neighbours
    assert not any(name.startswith(("mnist", "digits", "fashion")) for name in flat)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        (
            "dataset",
            "cifar",
            "dataset = cifar has no block: choose one of .*mnist5k.*add one",
        ),
        ("seed", "zero", "seed = 'zero': .*integer"),
        ("seed", -1, "seed = -1: .*greater than or equal to 0"),
        ("colour", "red", "colour = 'red': there is no parameter of that name"),
        ("digits.graph.k", 3, "digits.graph.k = 3: there is no parameter"),
        ("digits.graph.scale", "median", "digits.graph.scale = 'median': .*'local' or 'global'"),
        ("digits.graph.scale_neighbour", 50, "scale_neighbour = 50 has to be at most"),
        ("digits.graph.overlap", -1, "digits.graph.overlap = -1"),
        ("labelled", 1.0, "labelled = 1.0"),
        ("digits.noise", "much", "digits.noise = 'much': null, auto, or a part of the points"),
        ("digits.noise", 1, "digits.noise = 1: null, auto, or a part"),
        ("digits.noise", 10**400, "digits.noise = 1000.*: null, auto, or a part"),
        ("digits.noise", True, "digits.noise = True: null, auto, or a part"),
        ("digits.n_clusters", 0, "digits.n_clusters = 0: a whole number from 1 to 100,000 is"),
        ("digits.n_clusters", 2.0, "digits.n_clusters = 2.0: a whole number from 1"),
        ("digits.n_clusters", [6, 2], r"digits.n_clusters = \[6, 2\]: .* lowest and the highest"),
        ("digits.n_clusters", [1, 2], "digits.n_clusters = .* to choose among, from 2 on, such as"),
        ("digits.n_clusters", [2, 3, 4], "digits.n_clusters = .* the lowest and the highest"),
        ("digits.n_clusters", [2, 3.0], "digits.n_clusters = .* the lowest and the highest"),
        ("digits.n_clusters", [2, 10**6], "digits.n_clusters = .* number from 1 to 100,000"),
        ("digits.n_clusters", "many", "digits.n_clusters = 'many': a whole .* or auto"),
        ("mnist.autoencoder.learning_rate", 0.0, "mnist.autoencoder.learning_rate = 0.0"),
        ("mnist.autoencoder.learning_rate", float("nan"), "mnist.autoencoder.learning_rate = nan"),
        ("mnist.autoencoder.hidden", [500, 0], r"mnist.autoencoder.hidden.1 = 0"),
        ("mnist.source", "web", "mnist.source = 'web': choose one of mnist5k, .*own"),
        (
            "mnist.spectralnet.sampler",
            "nodes",
            "sampler = 'nodes': .*one of auto, edges, ",
        ),
        ("mnist.siamese.optimiser", "lion", "siamese.optimiser = 'lion': .*one of adam, "),
        ("mnist", 3, "mnist = 3"),
        ("dec", 5, "dec = 5: Input should be"),
        ("defaults", 5, "defaults = 5 is not known, or has to"),
        ("defaults.graph.k", None, "defaults.graph.k = None is not known"),
        ("mnist.graph.k", None, "mnist.graph.k = None: there is no parameter"),
        ("mnist.source", ["a"], r"mnist.source = \['a'\]: choose one of"),
        ("2024", {"n_clusters": 3}, "'2024' cannot name a data set"),
        (
            "defaults.graph.n_neighbours",
            5,
            "defaults.graph.n_neighbours = 5 .* has to stay null",
        ),
    ],
)
def test_a_bad_parameter_is_named_with_what_it_may_be(write, name, value, message):
    with pytest.raises(ParameterError, match=message):
        read_params(write({name: value}))


def test_a_data_set_of_the_users_own_needs_a_block_and_no_more(write):
    customers = {"path": "data/own/customers.csv", "labels": "segment", "n_clusters": 5}
    params = read_params(write({"dataset": "customers", "customers": customers}))
    assert (params.source, params.settings.labels) == ("own", "segment")
    assert params.settings.spectralnet.n_components == 11
    assert params.flat()["path"] == "data/own/customers.csv"
    with pytest.raises(ParameterError, match=r"customers.path = /x.csv has to lie in own.path = d"):
        read_params(write({"dataset": "customers", "customers": customers | {"path": "/x.csv"}}))
    with pytest.raises(ParameterError, match=r"customers.path: Field required"):
        read_params(write({"customers": {"n_clusters": 5}}))
    with pytest.raises(ParameterError, match="'up/there' cannot name a data set"):
        read_params(write({"up/there": customers}))
    with pytest.raises(ParameterError, match=r"seed = .*valid integer|seed: .*valid integer"):
        read_params(write({"seed": customers}))


def test_what_is_not_given_may_be_spelt_in_any_way(write):
    spelt = {"own.must_link": "./data/must_link.csv", "own.warm_start": "data/no_model/"}
    assert read_params(write({"dataset": "own"} | spelt)).variant("spectralnet") == "auto-siamese"
    given = {"own.must_link": "data/own/pairs.csv", "own.warm_start": "data/own/model"}
    named = read_params(write({"dataset": "own"} | given)).variant("spectralnet")
    assert named == "auto-siamese-pairs-warm"


def test_images_are_augmented_only_where_a_net_reads_them(write):
    affine, blind = {"augment": "affine"}, {"mnist5k.siamese.channels": []}
    assert read_params(write(affine)).augment == "affine"
    assert read_params(write(blind)).settings.siamese.channels == []
    with pytest.raises(ParameterError, match=r"mnist5k.siamese.channels = \[\]: set some"):
        read_params(write(affine | blind))
    with pytest.raises(ParameterError, match=r"augment = affine .* set affinity: siamese"):
        read_params(write(affine | {"affinity": "euclidean"}))


def test_a_given_graph_is_of_all_of_the_users_points(write):
    given = {"affinity": "precomputed"}
    with pytest.raises(ParameterError, match=r"affinity = precomputed reads .* set dataset: own"):
        read_params(write(given))
    given["dataset"] = "own"
    assert read_params(write(given)).affinity == "precomputed"
    for change, message in (
        ({"limit": 100}, "set limit: null"),
        ({"fit_on": "train"}, "set fit_on: all"),
        ({"own.spectralnet.sampler": "batch"}, "sampler = batch makes affinities of its own"),
    ):
        with pytest.raises(ParameterError, match=message):
            read_params(write(given | change))


def test_every_bad_parameter_is_named(write):
    with pytest.raises(ParameterError, match=r"(?s)seed.*device = 'tpu'"):
        read_params(write({"seed": "zero", "device": "tpu"}))


def test_a_missing_parameter_is_named(write):
    path = write({"seed": 0})
    path.write_text(path.read_text().replace("seed: 0\n", ""))
    with pytest.raises(ParameterError, match="seed: Field required"):
        read_params(path)


def test_an_unusable_file_is_named(tmp_path):
    with pytest.raises(ParameterError, match="missing: run from the root"):
        read_params(tmp_path / "params.yaml")
    (tmp_path / "params.yaml").write_text("a: [")
    with pytest.raises(ParameterError, match="no YAML"):
        read_params(tmp_path / "params.yaml")


@pytest.mark.parametrize(
    ("n", "message"),
    [
        (20, "graph.n_neighbours = 20 is too many for 20 points: at most 19"),
        (5, "graph.n_neighbours = 20"),
    ],
)
def test_parameters_are_held_against_the_number_of_points(settings, n, message):
    with pytest.raises(ParameterError, match=message):
        check_sizes(n, settings)
    check_sizes(21, settings)


def test_more_clusters_than_points_are_refused(settings):
    with pytest.raises(ParameterError, match="n_clusters = 30 is too many for 25 points"):
        check_sizes(25, settings.model_copy(update={"n_clusters": 30}))


@pytest.mark.parametrize(("n", "fits"), [(36, True), (35, False)])
def test_the_batch_sampler_halves_what_is_not_held_out(settings, n, fits):
    net = settings.spectralnet.model_copy(
        update={"sampler": "batch", "held_out": 0.1, "n_components": 16}
    )
    graph = settings.graph.model_copy(update={"n_neighbours": 3})
    changed = settings.model_copy(update={"spectralnet": net, "graph": graph})
    message = "n_components = 16 is too many for 31 points that are not held out, .*: at most 15"
    with nullcontext() if fits else pytest.raises(ParameterError, match=message):
        check_sizes(n, changed)


def test_labels_need_the_sampler_that_sees_the_graph(write):
    path = write({"labelled": 0.02, "mnist5k.spectralnet.sampler": "batch"})
    with pytest.raises(ParameterError, match=r"labelled = 0.02 .* mnist5k.spectralnet.sampler = b"):
        read_params(path)
