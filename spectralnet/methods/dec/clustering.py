"""DEC as a method of the pipeline."""

from typing import Literal

from spectralnet.methods.dec.training import DECParams, train_dec
from spectralnet.methods.task import Found, Task


class DECStageParams(DECParams):
    """DEC in the pipeline: its own stacked autoencoder, or that of the code space."""

    codes: Literal["stacked", "code"]


def cluster(task: Task) -> Found:
    """Move the codes of an encoder towards centroids until the clusters stand still."""
    model, assigned, history = train_dec(
        task.x,
        task.encoder,
        task.n_clusters,
        task.params,
        seed=task.seed,
        device=task.device,
        checkpoint=task.checkpoint(),
    )
    held_out = model.predict(task.held_out, task.device)
    changed = history["changed"].iloc[-1]
    remark = f"{len(history)} rounds, the last changed {changed:.2%}"
    return Found(assigned.clusters, held_out, model, history, remark)
