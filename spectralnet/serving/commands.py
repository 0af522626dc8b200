"""The commands of this room; what takes seconds to import is imported when they run."""

import gc
import os
from pathlib import Path

import click

from spectralnet.serving.console import device_option, told


@click.command()
@click.argument("model")
@click.option("--host", default="127.0.0.1", show_default=True, help="Who may ask: 0.0.0.0 is all.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535))
@device_option
@click.option(
    "--max-rows", default=10_000, show_default=True, type=click.IntRange(1),
    help="Samples in a request.",
)  # fmt: skip
@click.option(
    "--max-megabytes", default=8, show_default=True, type=click.IntRange(1, 1024),
    help="Of a request's body.",
)  # fmt: skip
@click.option(
    "--threads", default=os.cpu_count() or 1, type=click.IntRange(1),
    help="Requests that are worked on at once, each on one core.  [default: all cores]",
)  # fmt: skip
def serve(
    model: str, host: str, port: int, device: str, max_rows: int, max_megabytes: int, threads: int
) -> None:
    """Serve MODEL over HTTP: a JSON API, described at /docs, and a page to try it.

    MODEL is as for `spectralnet predict`. POST /predict takes {"samples": [...]}, or the bytes of
    a PNG or JPEG, and gives each sample's cluster, distance, probability and outlier score. There
    is no login: whoever reaches the port may ask.
    """
    # Read by OpenMP when it is loaded, which is now: requests share the cores, not each all.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with told("serve"):
        import uvicorn

        from spectralnet.nets.devices import pick_device
        from spectralnet.serving.app import CONNECTIONS, Limits, create_app
        from spectralnet.serving.models import load_predictor

        chosen_device = pick_device(device)
        limits = Limits(max_rows, max_megabytes * 2**20, threads)
        app = create_app(load_predictor(model), limits, chosen_device)
        gc.freeze()  # what is there now stays: no request waits until all of torch is looked at
        uvicorn.run(app, host=host, port=port, limit_concurrency=CONNECTIONS, access_log=False)


@click.command()
@click.argument("model")
@click.option(
    "--onnx", required=True, type=click.Path(path_type=Path, dir_okay=False),
    help="The file to write. It appears when it is whole, and gives what `predict` gives.",
)  # fmt: skip
def export(model: str, onnx: Path) -> None:
    """Write MODEL, with what prepares its samples, as one graph that other programs run: ONNX.

    MODEL is as for `spectralnet predict`; models of texts are refused, since words and stems are
    no arithmetic. The graph takes any number of samples, and gives cluster, distance and
    embedding. It is run, and compared with `predict`, before it is written.
    """
    with told("onnx"):
        from spectralnet.methods.predictions import check_target
        from spectralnet.serving.export import export_onnx
        from spectralnet.serving.models import load_predictor

        check_target(onnx, Path(model))
        compared = export_onnx(load_predictor(model), onnx)
        click.echo(f"{compared} in {onnx}", err=True)
