"""Learn a metric from the graph's neighbours and write the affinity graph in it."""

from pathlib import Path

from spectralnet.artifacts import load_graph, load_json, load_matrix, load_net, save_table
from spectralnet.nets import MLP, map_in_chunks
from spectralnet.siamese import train_siamese
from spectralnet.validation import check_sizes
from stages.common import Stage, main
from stages.graph import write_affinity


def siamese(stage: Stage, data: Path, features: Path, graph: Path, affinity: Path) -> str:
    """Train a Siamese net on the graph's edges, and connect neighbours in its embedding."""
    augment = stage.augmentation(load_json(data / "about.json")["image_shape"])
    folder = data if augment else features  # what is augmented are the images themselves
    x = load_matrix(folder / "matrix")
    encoder = MLP([x.shape[1]]) if augment else load_net(features, "encoder")
    check_sizes(x.shape[0], stage.settings)
    net, history = train_siamese(
        x,
        load_graph(graph / "graph.npz"),
        stage.settings.siamese,
        seed=stage.params.seed,
        device=stage.device,
        augment=augment,
        checkpoint=stage.checkpoint(folder / "matrix", graph / "graph.npz"),
    )
    save_table(affinity / "history.csv", history)
    stage.run.log_curve(history)
    embedding = map_in_chunks(net, x, stage.device)
    described = write_affinity(stage, data, affinity, encoder, net, embedding)
    stage.run.log_model(net, "embedder", x.shape[1])
    return f"held-out loss {history['held_out_loss'].min():.4f}, {described}"


if __name__ == "__main__":
    main(siamese)
