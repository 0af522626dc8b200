from click.testing import CliRunner

from spectralnet.artifacts import save_json
from spectralnet.cli import main
from spectralnet.tracking import runs as tracking


def test_a_report_of_a_run(tmp_path, monkeypatch):
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(tmp_path)
    made = [tmp_path / "results" / name for name in ("metrics.json", "pictures")]
    save_json(made[0], {"acc": 0.987, "nmi": 0.9, "nmi_max": 0.8, "ari": 0.7, "n": 5})
    made[1].mkdir()
    (made[1] / "confusion.png").write_bytes(b"png")
    with tracking.stage_run("evaluate", {"dataset": "d", "space": "code", "affinity": "a"}) as run:
        run.log_results(made, {}, [])

    done = CliRunner().invoke(main, ["report", run.parent_id, "--out", "here/report.html"])
    assert done.exit_code == 0, done.output
    page = (tmp_path / "here/report.html").read_text()
    assert "0.987" in page
    assert page.count("<figcaption>") == 1
    done = CliRunner().invoke(main, ["report", "no-run"])
    assert done.exit_code == 1
    assert "no-run is no evaluated run in" in done.output
