"""A prediction in a process where what only the pipeline and training need cannot be imported.

Its imports are few, since that process makes them, too.
"""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from clones import ROOT

MISSING = [
    "dvc", "mlflow", "filelock", "matplotlib", "mlxtend", "pooch", "requests", "faiss",
    "spectralnet.nets.training", "spectralnet.metric", "spectralnet.graph.affinity",
]  # fmt: skip


def test_prediction_needs_neither_pipeline_nor_training(folder, predictor, images, tmp_path, warm):
    np.save(tmp_path / "x.npy", images)
    here = Path(__file__)
    environment = os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"}
    command = [warm / "python", "-m", here.stem, "predict", folder, tmp_path / "x.npy"]
    done = subprocess.run(
        command, cwd=here.parent, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    clusters = [int(line.split(",")[0]) for line in done.stdout.splitlines()[1:]]
    assert clusters == predictor.predict(images).clusters.tolist()


if __name__ == "__main__":
    sys.modules.update(dict.fromkeys(MISSING))
    from spectralnet.cli import main

    main()
