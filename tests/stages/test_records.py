from spectralnet.tracking.records import costs_of, read_record, save_record


def record(stage, seconds, peak_memory=100.0):
    return {"stage": stage, "run_id": f"run of {stage}", "seconds": seconds} | {
        "peak_memory": peak_memory
    }


def test_a_record_is_found_by_what_the_run_made(checkout):
    made, copy = checkout / "made", checkout / "elsewhere/restored"
    for folder in (made, copy):
        (folder / "matrix").mkdir(parents=True)
        (folder / "matrix/dense.npy").write_bytes(b"1234")
        (folder / "about.json").write_text("{}")
    assert read_record(made) is None
    save_record(made, record("prepare", 2.0))
    assert read_record(copy) == record("prepare", 2.0)
    assert read_record(copy / "about.json") is None
    (made / "matrix/dense.npy").write_bytes(b"1235")
    assert read_record(made) is None


def test_costs_are_told_as_far_as_they_are_known():
    graph, net = record("graph", 2.04), record("spectralnet", 30.0, 250.5)
    costs = {"seconds_graph": 2.0, "seconds_spectralnet": 30.0}
    whole = costs | {"seconds": 32.0, "peak_memory": 250.5}
    assert costs_of([graph, graph, net]) == whole  # a folder that was read twice
    assert costs_of([graph, None, net]) == costs


def test_scoring_is_left_out_of_the_memory():
    costs = costs_of([record("graph", 1.0, 200.0), record("evaluate", 5.0, 900.0)])
    assert (costs["seconds"], costs["peak_memory"]) == (6.0, 200.0)
