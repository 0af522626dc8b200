"""The Dual Autoencoder Network as a method of the pipeline."""

from spectralnet.methods.dual_autoencoder.training import train_dual_autoencoder_network
from spectralnet.methods.task import Found, Task


def cluster(task: Task) -> Found:
    """Train the dual autoencoder, spectral clustering of its codes, and both together."""
    found, history = train_dual_autoencoder_network(
        task.x,
        task.image_shape,
        task.n_clusters,
        task.params,
        task.graph_params,
        task.spectral_params,
        seed=task.seed,
        device=task.device,
        checkpoint=task.checkpoint(),
    )
    held_out = found.model.predict(task.held_out, task.device)
    return Found(found.assigned.clusters, held_out, found.model, history)
