from functools import partial

import numpy as np
import pytest
from click.testing import CliRunner
from models import random_model

from spectralnet.cli import main
from spectralnet.data.preparation import Columns
from spectralnet.data.reader import Wanted
from spectralnet.folders import MANIFEST, seal
from spectralnet.methods.predictor import Predictor


def run(*arguments):
    return CliRunner().invoke(main, ["predict", *map(str, arguments)])


def test_a_gap_is_named_by_its_row_in_the_file_and_its_column(tmp_path, monkeypatch):
    monkeypatch.setattr("spectralnet.methods.new.Wanted", partial(Wanted, chunk=2))
    Predictor(Columns(2, keep=[1], names=["a", "b"]), random_model(1)).save(tmp_path / "model")
    (tmp_path / "x.csv").write_text("a,b\n1,2\n3,4\n5,6\n7,\n")
    assert "(nan) in row 3, column 'b'" in run(tmp_path / "model", tmp_path / "x.csv").output


@pytest.mark.parametrize("name", ["model.json", "model.safetensors", "preparation.json"])
def test_a_damaged_model_is_named(folder, images, tmp_path, name):
    np.save(tmp_path / "x.npy", images)
    (folder / name).write_bytes((folder / name).read_bytes()[:20])
    assert run(folder, tmp_path / "x.npy").exit_code == 1
    (folder / MANIFEST).unlink()  # which notices any change
    done = run(folder, tmp_path / "x.npy")
    assert done.exit_code == 1
    assert f"the model in {folder} is damaged" in done.output


def test_what_cannot_be_used_is_named_and_nothing_is_written(folder, tmp_path):
    source = tmp_path / "x.csv"
    out = tmp_path / "out.csv"
    cases = {
        "p,q\n1,2\n3,blue\n": "column 'q' holds 'blue' in row 1, which is no number",
        "p,q\n1,2\n3,4\n": r"images of shape (2, 2)",
        "1,2\n3,4\n": "has no header: its columns are called 1, 2",
        "a,b,c,d,e,f\n1,2,3,4,5,6\n1,2,3,4,5,\n": "NaN or infinite",
        "": "x.csv is empty",
    }
    for content, message in cases.items():
        source.write_text(content)
        done = run(folder, source, "--out", out)
        assert done.exit_code == 1
        assert message in done.output
        assert str(source) in done.output
        assert "Traceback" not in done.output
        assert not out.exists()
    assert "none.npy does not exist" in run(folder, tmp_path / "none.npy").output
    assert "one of .csv, .parquet, .npy" in run(folder, source, "--out", "x.json").output
    done = run(folder, source, "--out", "x.npy", "--embedding", "--probabilities")
    assert "leave out --embedding and --probabilities" in done.output
    done = run(folder, source, "--n-clusters", "2", "--probabilities")
    assert "--n-clusters 2 cuts the model's hierarchy" in done.output
    assert "model.json is missing" in run(tmp_path, source).output


@pytest.mark.parametrize("command", ["predict", "explore"])
def test_predictions_do_not_replace_the_samples(tmp_path, command):
    np.save(tmp_path / "x.npy", np.zeros((3, 2)))
    arguments = [command, tmp_path, tmp_path / "x.npy", "--out", tmp_path / "x.npy"]
    done = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert done.exit_code == 1
    assert "is a file of samples or of the model: take another" in done.output
    assert np.load(tmp_path / "x.npy").shape == (3, 2)


def test_predictions_replace_no_file_of_the_model_and_no_link(predictor, images, tmp_path):
    np.save(tmp_path / "x.npy", images)
    predictor.save(tmp_path / "model")
    np.save(tmp_path / "model/clusters.npy", np.zeros(3))
    seal(tmp_path / "model")
    done = run(tmp_path / "model", tmp_path / "x.npy", "--out", tmp_path / "model/clusters.npy")
    assert "is a file of samples or of the model" in done.output
    (tmp_path / "there").mkdir()
    (tmp_path / "out.npy").symlink_to(tmp_path / "there/out.npy")
    for _ in range(2):  # a link to nothing, and to a file
        done = run(tmp_path / "model", tmp_path / "x.npy", "--out", tmp_path / "out.npy")
        assert done.exit_code == 0, done.output
    assert (tmp_path / "out.npy").is_symlink()
    assert len(np.load(tmp_path / "there/out.npy")) == len(images)
