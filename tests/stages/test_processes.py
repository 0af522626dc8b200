"""A stage that starts itself several times."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

COMMAND = ("stages.autoencoder", "artifacts/{dataset}/input/features",
           "artifacts/{dataset}/code/features")  # fmt: skip


@pytest.mark.services
def test_two_processes_write_what_one_writes_and_fail_with_one_message(
    clone, code_siamese, tmp_path
):
    copy = clone.copy(tmp_path / "clone")
    copy.python = Path(sys.executable).parent
    params, curve = copy.root / "params.yaml", "artifacts/digits/code/features/history.csv"
    alone = pd.read_csv(copy.root / curve)
    params.write_text(params.read_text().replace("processes: 1", "processes: 2"))
    done = copy.run(*COMMAND)
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("autoencoder: codes of size") == 1
    together = pd.read_csv(copy.root / curve)
    np.testing.assert_allclose(together["held_out_loss"], alone["held_out_loss"], rtol=0.02)
    params.write_text(params.read_text().replace("device: cpu", "device: mps"))
    done = copy.run(*COMMAND)
    assert done.returncode == 1
    assert done.stdout.count("device = mps, but torch finds none here") == 1
