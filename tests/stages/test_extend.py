"""One place to add a thing: a toy of each kind, added to a clone, runs through the pipeline."""

import subprocess
from textwrap import dedent

import pytest
from clones import Clone, executed
from mlflow.tracking import MlflowClient

# Minutes: beside those with servers.
pytestmark = [pytest.mark.services, pytest.mark.xdist_group("extended")]

DATA_SET = {
    "spectralnet/data/sets/catalogue.py": """

    def _two_blobs(folders: Sequence[Path], options: Block) -> Dataset:
        labels = np.arange(200) % 2
        points = np.random.default_rng(0).normal(size=(200, 3)) + 6 * labels[:, None]
        rows = np.arange(200)
        return Dataset(points, labels, rows, None, lambda x: fit_columns(x, "none"), "none")


    SOURCES["two-blobs"] = Source(_two_blobs)
    """,
    "params.yaml": """
    two-blobs:
      n_clusters: 2
      spectralnet: {n_components: 3, epochs: 2, steps_per_epoch: 20, sampler: null, optimiser: null}
    """,
}
AFFINITY = {
    "spectralnet/methods/learned.py": '''

    def unit(points: PointsInSpace, options: AffinityOptions, graph: csr_array) -> Affinity:
        """Connect points by the angles between them."""
        rows = MLP([points.features.shape[1]], unit_rows=True)
        embedding = map_in_chunks(rows, points.features, options.device)
        learned, about = connect(embedding, options.graph, options.seed)
        return Affinity(points.encoder, rows, embedding, learned, about)


    LEARNED["unit"] = unit
    ''',
    "stages/dvc.yaml": """
      unit:
        wdir: ..
        cmd: >-
          python -m stages.affinity artifacts/{dataset}/input/features
          artifacts/{dataset}/{space}/features artifacts/{dataset}/{space}/euclidean/affinity
          artifacts/{dataset}/{space}/unit/affinity
        params: [seed, device]
        deps:
          - stages/affinity.py
          - stages/graph.py
          - spectralnet/methods/learned.py
          - artifacts/${dataset}/input/features
          - artifacts/${dataset}/${space}/features
          - artifacts/${dataset}/${space}/euclidean/affinity/graph.npz
        outs: ['artifacts/${dataset}/${space}/unit/affinity']
    """,
}
SAMPLER = {
    "spectralnet/spectral/samplers.py": '''

    class LongEdgeSampler(EdgeSampler):
        """Draws minibatches of twice as many edges."""

        def __init__(self, graph: csr_array, held_out: NDArray[np.bool_], batch_size: int) -> None:
            super().__init__(graph, held_out, 2 * batch_size)


    SAMPLERS["long"] = LongEdgeSampler
    ''',
}
OPTIMISER = {
    "spectralnet/nets/optimisers.py": """
    OPTIMISERS["adamw"] = lambda weights, rate: torch.optim.AdamW(weights, rate)
    """,
}
METHOD = {
    "spectralnet/methods/mean_split.py": '''
    """Split points at the mean of their first feature."""

    import numpy as np

    from spectralnet.methods.task import Found, Task


    def cluster(task: Task) -> Found:
        """Put the points above the mean into cluster 1."""
        mean = float(np.asarray(task.x)[:, 0].mean())
        above = [np.asarray(x)[:, 0] > mean for x in (task.x, task.held_out)]
        return Found(above[0].astype(np.int64), above[1].astype(np.int64))
    ''',
    "spectralnet/methods/catalogue.py": """
    METHODS["mean_split"] = Method(
        "a split at the mean", "spectralnet.methods.mean_split:cluster"
    )
    """,
    "stages/methods/dvc.yaml": """
      mean_split:
        wdir: ../..
        cmd: >-
          python -m stages.method artifacts/{dataset}/input/features
          artifacts/{dataset}/methods/mean_split
        params: [seed, device]
        deps:
          - stages/method.py
          - spectralnet/methods/mean_split.py
          - artifacts/${dataset}/input/features
        outs: ['artifacts/${dataset}/methods/mean_split']
    """,
}


def add(clone, files):
    """Write or append each text, and count the files that this touches."""
    for name, text in files.items():
        indent = "  " if name.endswith("dvc.yaml") else ""
        lines = dedent(text).strip("\n").splitlines()
        with (clone.root / name).open("a") as file:
            file.write("\n" + "\n".join(indent + line if line else "" for line in lines) + "\n")
    status = subprocess.run(
        ["git", "status", "--porcelain"],
        cwd=clone.root, capture_output=True, text=True, check=True,
    )  # fmt: skip
    clone.git("add", "--all")
    clone.git("commit", "--quiet", "--message", "a toy")
    return len(status.stdout.splitlines())


@pytest.fixture(scope="module")
def extended(tmp_path_factory, warm):
    """A clone with a toy of each kind, and the number of files that each touched."""
    clone = Clone(tmp_path_factory.mktemp("extended"), warm)
    kinds = {
        "data set": DATA_SET,
        "affinity": AFFINITY,
        "sampler": SAMPLER,
        "optimiser": OPTIMISER,
        "method": METHOD,
    }
    return clone, {kind: add(clone, files) for kind, files in kinds.items()}


def test_each_is_added_in_few_places(extended):
    assert extended[1] == {"data set": 2, "affinity": 2, "sampler": 1, "optimiser": 1, "method": 3}


def test_what_was_added_runs_through_the_pipeline(extended):
    clone, _ = extended
    chosen = {
        "dataset": "two-blobs",
        "space": "input",
        "affinity": "unit",
        "device": "cpu",
        "two-blobs.spectralnet.sampler": "long",
        "two-blobs.spectralnet.optimiser": "adamw",
    }
    ran = clone.experiment("toys", **chosen)
    assert ran == {"settings", "prepare", "graph", "unit", "spectralnet", "evaluate"}
    assert clone.metrics()["acc"] > 0.95
    done = clone.run("dvc", "repro", "stages/methods/dvc.yaml:mean_split")
    assert executed(done.stdout) == {"mean_split"}, done.stdout
    client = MlflowClient(f"sqlite:///{clone.root / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("spectralnet")
    finished = client.search_runs([experiment.experiment_id], "tags.stage = 'pipeline'")
    params = [run.data.params for run in finished]
    assert {"mean_split"} == {p["method"] for p in params if "method" in p}
    assert {(p["spectralnet.sampler"], p["spectralnet.optimiser"]) for p in params} == {
        ("long", "adamw")
    }
