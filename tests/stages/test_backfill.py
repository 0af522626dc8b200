import pytest

from stages.backfill import is_current

PARAMS = {
    "dataset": "digits", "space": "code", "affinity": "euclidean", "fit_on": "all", "seed": 0,
    "dec": {"epochs": 60}, "digits": {"autoencoder": {"epochs": 5}, "graph": {"overlap": 1}},
}  # fmt: skip


def stage(params, read, made, command=""):
    deps, outs = ([{"path": path, "md5": md5} for path, md5 in p.items()] for p in (read, made))
    return {"cmd": command, "params": {"params.yaml": params}, "deps": deps, "outs": outs}


def locks(prepared="p1", codes="c1"):
    """What DVC notes of prepare, autoencoder, graph and evaluate; the model is left out."""
    data, code = "artifacts/digits/input/features", "artifacts/digits/code/features"
    graph = "artifacts/digits/code/euclidean/affinity"
    read = {data: "p1", code: "c1", graph: "g1"}
    command = "python -m stages.evaluate ... artifacts/digits/code/euclidean/model results"
    main = {
        "prepare": stage({"dataset": "digits", "fit_on": "all"}, {}, {data: prepared}),
        "graph": stage({"digits.graph": {"overlap": 1}}, {f"{code}/matrix": "m1"}, {graph: "g1"}),
        "evaluate": stage({"seed": 0}, read, {"results/metrics.json": "r1"}, command),
    }
    optional = {
        "autoencoder": stage({"digits.autoencoder": {"epochs": 5}}, {}, {code: codes}),
        "siamese": stage({"seed": 7}, {}, {"artifacts/digits/code/siamese/affinity": "s1"}),
    }
    return [main, optional]


def test_results_of_these_parameters_are_current():
    assert is_current(locks(), PARAMS)  # though the Siamese net, which nothing read, is not
    assert is_current(locks(), PARAMS | {"dec": {"epochs": 1}})


@pytest.mark.parametrize(
    "change",
    [
        {"dataset": "mnist"},
        {"affinity": "siamese"},
        {"seed": 1},
        {"digits": PARAMS["digits"] | {"graph": {"overlap": 0}}},
        {"digits": PARAMS["digits"] | {"autoencoder": {"epochs": 9}}},
    ],
)
def test_results_of_other_parameters_are_told_apart(change):
    assert not is_current(locks(), PARAMS | change)


@pytest.mark.parametrize("made", [{"prepared": "p2"}, {"codes": "c2"}])
def test_what_was_made_anew_leaves_the_results_behind(made):
    """As `dvc exp run -S fit_on=train stages/methods/dvc.yaml:dec` does."""
    assert not is_current(locks(**made), PARAMS)


def test_where_nothing_was_evaluated_nothing_is_current():
    main, optional = locks()
    del main["evaluate"]
    assert not is_current([main, optional], PARAMS)
