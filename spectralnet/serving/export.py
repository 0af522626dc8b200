"""A predictor as an ONNX file, compared with `predict` before it is there. Extra ``onnx``."""

import json
import logging
import warnings
from pathlib import Path
from typing import cast

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray
from torch import Tensor

from spectralnet.artifacts import whole_file
from spectralnet.data.pixels import Pixels
from spectralnet.errors import DataError
from spectralnet.methods.predictor import Predictor
from spectralnet.serving.graph import ColumnsGraph, PixelsGraph, PredictorGraph

INPUT, OUTPUTS = "samples", ("cluster", "distance", "embedding")
COMPARED = 257  # samples
CLOSE = 1e-3  # in parts of the largest number
FEW = 0.01  # of the samples may lie between two clusters


def export_onnx(predictor: Predictor, path: Path) -> str:
    """Write a predictor as one ONNX graph, from raw samples to clusters.

    Its input is ``samples``: images in grey, float (n, height, width), or rows, double
    (n, n_columns). Its outputs are ``cluster``, int64 (n,), ``distance``, float (n,), and
    ``embedding``, float (n, c). The file's metadata name the columns, if the model does.

    Parameters
    ----------
    predictor : Predictor
        On the CPU.
    path : Path
        Written whole or not at all.

    Returns
    -------
    str
        How near onnxruntime comes to `predict`, on made-up samples.

    Raises
    ------
    DataError
        If the model takes texts or leaves noise out, or the file gives other clusters.
    """
    membership = predictor.model.membership
    if membership is not None and membership.leaves_noise_out:
        raise DataError(
            "the model leaves noise out, which the graph does not: fit it with noise=None, or "
            "serve it (`spectralnet serve`, MLflow)"
        )
    graph = PredictorGraph(predictor).eval()
    made_up = _made_up(graph.preparation)
    model = _translated(graph, torch.from_numpy(made_up[:2]))
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.shape.dim[0].dim_param = "n"
    about = {"columns": getattr(predictor.preparation, "names", None)}
    if isinstance(predictor.preparation, Pixels):
        about = {"white": predictor.preparation.maximum}
    onnx.helper.set_model_props(model, {name: json.dumps(value) for name, value in about.items()})
    content = model.SerializeToString()
    compared = compare(predictor, content, made_up)
    with whole_file(path.resolve()) as partial:  # a link stays one
        partial.write_bytes(content)
    return compared


def compare(predictor: Predictor, content: bytes, samples: NDArray[np.floating]) -> str:
    """Run an ONNX model, and say how near it comes to `predict`; a `DataError` if not near."""
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    clusters, distances, embedding = session.run(OUTPUTS, {INPUT: samples})
    expected = predictor.predict(samples)
    differ = np.count_nonzero(clusters != expected.clusters)
    off = max(
        np.abs(found - wanted).max() / max(np.abs(wanted).max(), 1e-6)
        for found, wanted in (
            (distances, expected.distances),
            (embedding, expected.embedding),
        )
    )
    found = f"{differ} of {len(samples)} clusters differ from `predict`, numbers by {off:.0e}"
    if differ > FEW * len(samples) or not off <= CLOSE:
        raise DataError(f"onnxruntime disagrees: {found}. Nothing was written")
    return found


def _translated(graph: PredictorGraph, samples: Tensor) -> onnx.ModelProto:
    log = logging.getLogger("torch.onnx._internal.exporter._registration")
    level = log.level
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # of torch, about itself
        log.setLevel(logging.ERROR)  # it misses torchvision, which nothing here needs
        try:
            shapes = {INPUT: {0: torch.export.Dim("n")}}
            program = torch.export.export(graph, (samples,), dynamic_shapes=shapes)
            table = {torch.ops.aten.hypot.default: _hypot}
            translated = torch.onnx.export(
                program.run_decompositions(table),
                input_names=[INPUT],
                output_names=OUTPUTS,
                verbose=False,
            )
        finally:
            log.setLevel(level)
    return cast(torch.onnx.ONNXProgram, translated).model_proto


def _hypot(x: Tensor, y: Tensor) -> Tensor:
    """Return sqrt(x² + y²), which ONNX lacks, where the squares would vanish too."""
    larger = torch.maximum(x.abs(), y.abs()).clamp_min(torch.finfo(x.dtype).tiny)
    return larger * ((x / larger).square() + (y / larger).square()).sqrt()


def _made_up(preparation: PixelsGraph | ColumnsGraph) -> NDArray[np.floating]:
    """Draw samples that spread over the clusters: squares of grey, or rows around the shift."""
    rng = np.random.default_rng(0)
    if isinstance(preparation, ColumnsGraph):
        rows = np.zeros((COMPARED, *preparation.shape))
        normal = 2 * rng.normal(size=(COMPARED, len(preparation.keep)))
        rows[:, preparation.keep] = normal / preparation.inverse.numpy() + preparation.shift.numpy()
        return rows
    height, width = preparation.shape
    squares = rng.uniform(size=(COMPARED, -(-height // 4), -(-width // 4))) ** 4
    images = squares.repeat(4, axis=1).repeat(4, axis=2)[:, :height, :width]
    return (images * preparation.maximum).astype(np.float32)
