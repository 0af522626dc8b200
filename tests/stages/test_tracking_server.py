"""An MLflow server: one that does not answer, one that is lost, and its password."""

import base64
import os
import threading
import time
import traceback
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import mlflow
import pandas as pd
import pytest
import requests
import servers
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient
from stores import PARAMS, runs

from spectralnet.errors import DataError
from spectralnet.nets.blocks import MLP
from spectralnet.tracking import registry
from spectralnet.tracking import runs as tracking


def test_a_server_that_does_not_answer_is_told_at_once(store, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://ada:s3cret@127.0.0.1:9")  # nobody listens
    monkeypatch.setattr(mlflow.tracking._tracking_service.utils, "_tracking_uri", None)
    started = time.monotonic()
    with (
        pytest.raises(DataError, match=r"127\.0\.0\.1:9 does not answer: start it") as told,
        tracking.stage_run("graph", PARAMS),
    ):
        pass
    assert time.monotonic() - started < 5
    assert "s3cret" not in "".join(traceback.format_exception(told.value))


def test_a_server_hears_the_password_and_nobody_else(store, monkeypatch):
    heard = []

    class Server(BaseHTTPRequestHandler):
        def do_GET(self):
            heard.append(self.headers["Authorization"])
            self.send_error(403)

        do_POST = do_GET  # noqa: N815

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Server) as server:
        threading.Thread(target=server.serve_forever).start()
        address = f"127.0.0.1:{server.server_port}"
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://ada:s3%40cret@{address}")
        monkeypatch.setattr(mlflow.tracking._tracking_service.utils, "_tracking_uri", None)
        with pytest.raises(DataError, match="403") as told:
            tracking.check_store()
        server.shutdown()
    assert heard == ["Basic " + base64.b64encode(b"ada:s3@cret").decode()]
    assert mlflow.get_tracking_uri() == os.environ["MLFLOW_TRACKING_URI"] == f"http://{address}"
    assert "cret" not in "".join(traceback.format_exception(told.value))


def test_what_a_lost_server_does_not_hear_is_sent_by_the_next_run(store, monkeypatch):
    net, file = MLP([3, 2]), store / "scores.txt"
    file.write_text("good")

    def lose(*arguments, **named):
        raise MlflowException("Max retries exceeded") from requests.ConnectionError()

    with (  # noqa: PT031
        pytest.warns(UserWarning, match="is lost; the stage goes on") as warned,
        monkeypatch.context() as lost,
        tracking.stage_run("evaluate", PARAMS, is_last=True) as run,
    ):
        run.log_metrics({"n": 5})
        lost.setattr("spectralnet.tracking.stage.is_served", lambda: True)
        lost.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "120")
        lost.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
        for name in ("get_run", "set_terminated", "log_batch"):
            lost.setattr(MlflowClient, name, lose)
        run.log_curve(pd.DataFrame({"epoch": [1, 2], "loss": [0.5, 0.25]}))
        run.log_model(net, "net")
        run.log_dataset("digits", "ab" * 32)
        run.log_results([file], {"acc": 0.5}, [{"stage": "prepare", "run_id": "r1"}])
        file.write_text("changed since")
    assert len(warned) == 1
    assert runs(store)["digits-code-siamese"].info.status == "RUNNING"
    with tracking.stage_run("graph", PARAMS | {"seed": 1}):
        pass
    found = runs(store)
    parent, child = (MlflowClient().get_run(run_id) for run_id in (run.parent_id, run.run_id))
    assert (parent.info.status, child.info.status) == ("FINISHED", "FINISHED")
    assert parent.data.metrics == {"acc": 0.5}
    assert parent.data.tags["upstream.prepare"] == "r1"
    assert child.data.metrics == {"n": 5, "loss": 0.25}
    copy = mlflow.artifacts.download_artifacts(f"runs:/{run.parent_id}/scores.txt")
    assert Path(copy).read_text() == "good"
    (logged,) = mlflow.search_logged_models(output_format="list")
    assert logged.source_run_id == run.run_id
    assert found["graph"].info.status == "FINISHED"
    assert list((store / ".unsent").iterdir()) == []


def test_no_message_shows_a_password(store, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://ada:s3cret@127.0.0.1:9?password=s3cret")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")  # nobody listens
    monkeypatch.setattr(mlflow.tracking._tracking_service.utils, "_tracking_uri", None)
    for ask in (tracking.fetch_results, registry.fetch_model):
        with pytest.raises(DataError, match=r"http://127\.0\.0\.1:9") as raised:
            ask("models:/none/1", store)
        assert "s3cret" in str(raised.value.__cause__)  # of MLflow
        assert "s3cret" not in str(raised.value)
        assert "ada" not in str(raised.value)


@pytest.mark.services
def test_a_server_that_is_lost_in_a_stage_hears_of_it_when_it_is_back(checkout, monkeypatch):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MLFLOW_")}
    database = ["--backend-store-uri", f"sqlite:///{checkout / 'server.db'}"]
    arguments = [*database, "--artifacts-destination", (checkout / "served").as_uri()]
    variables = {"MLFLOW_HTTP_REQUEST_TIMEOUT": "120", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2"}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(mlflow.tracking._tracking_service.utils, "_tracking_uri", None)
    port, file = servers.free_port(), checkout / "scores.txt"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{port}")
    file.write_text("good")
    with ExitStack() as before:
        serve = servers.mlflow_server(checkout, *arguments, environment=environment, port=port)
        before.enter_context(serve)
        with (  # noqa: PT031
            pytest.warns(UserWarning, match="is lost; the stage goes on"),
            tracking.stage_run("graph", PARAMS) as run,
        ):
            run.log_metrics({"before": 1})
            before.close()
            lost_at = time.monotonic()
            run.log_results([file], {"acc": 0.5}, [])
            run.log_model(MLP([3, 2]), "net")
        assert time.monotonic() - lost_at < 30
    with (
        pytest.raises(DataError, match="does not answer"),
        tracking.stage_run("siamese", PARAMS),
    ):
        pass
    with servers.mlflow_server(checkout, *arguments, environment=environment, port=port) as address:
        for name, value in variables.items():  # the lost server made the test impatient
            monkeypatch.setenv(name, value)
        with tracking.stage_run("siamese", PARAMS):
            pass
        client = MlflowClient(address)
        parent, child = client.get_run(run.parent_id), client.get_run(run.run_id)
        assert (parent.info.status, child.info.status) == ("RUNNING", "FINISHED")
        assert (parent.data.metrics, child.data.metrics) == ({"acc": 0.5}, {"before": 1})
        copy = client.download_artifacts(run.parent_id, "scores.txt", str(checkout / "served"))
        assert Path(copy).read_text() == "good"
    assert list((checkout / ".unsent").iterdir()) == []
