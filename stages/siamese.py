"""Learn a metric from the graph's neighbours and write the affinity graph that it leads to."""

from pathlib import Path

from spectralnet.artifacts import load_array, load_graph, load_json, load_matrix, save_table
from spectralnet.config.limits import check_sizes
from spectralnet.graph.affinity import with_known_labels
from spectralnet.graph.confirmed import confirmed_edges
from spectralnet.nets.blocks import MLP
from spectralnet.nets.devices import map_in_chunks
from spectralnet.nets.saved import load_net
from spectralnet.nets.siamese import sees_images, train_siamese
from stages.common import Stage, main
from stages.graph import write_affinity


def siamese(stage: Stage, data: Path, features: Path, graph: Path, affinity: Path) -> str:
    """Train a Siamese net on the graph's edges, and connect neighbours in its embedding.

    On images the net sees these; in the code space it learns of the edges that they confirm.
    """
    settings, seed = stage.settings, stage.params.seed
    image_shape = load_json(data / "about.json")["image_shape"]
    images = sees_images(image_shape, settings.siamese)
    folder = data if images else features  # convolutions see the images themselves
    x = load_matrix(folder / "matrix")
    encoder = MLP([x.shape[1]]) if images else load_net(features, "encoder")
    check_sizes(x.shape[0], settings)
    weights, confirmed = load_graph(graph / "graph.npz"), None
    if images and stage.params.space == "code":
        confirmed = with_known_labels(
            confirmed_edges(weights, x, settings.graph, seed),
            load_array(data / "known_labels.npy"),
            seed,
        )
    net, history = train_siamese(
        x,
        weights,
        settings.siamese,
        seed=seed,
        device=stage.device,
        image_shape=image_shape,
        augment=stage.augmentation(image_shape),
        confirmed=confirmed,
        checkpoint=stage.checkpoint(folder / "matrix", graph / "graph.npz"),
    )
    save_table(affinity / "history.csv", history)
    stage.run.log_curve(history)
    embedding = map_in_chunks(net, x, stage.device)
    described = write_affinity(stage, data, affinity, encoder, net, embedding, confirmed)
    stage.run.log_model(net, "embedder", x.shape[1])
    return f"held-out loss {history['held_out_loss'].min():.4f}, {described}"


if __name__ == "__main__":
    main(siamese)
