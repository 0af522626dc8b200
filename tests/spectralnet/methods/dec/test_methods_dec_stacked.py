from contextlib import nullcontext

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array

from spectralnet.codes.autoencoder import Autoencoder
from spectralnet.methods.dec import stacked
from spectralnet.methods.dec.stacked import LayerPair, StackedParams, _kept, train_stacked
from spectralnet.nets.checkpoints import Checkpoint

PARAMS = StackedParams(
    hidden=[8, 6],
    code_size=2,
    layer_epochs=5,
    corruption=0.2,
    epochs=2,
    batch_size=32,
    learning_rate=0.01,
    patience=10,
    held_out=0.2,
)


def test_pairs_are_mirrored_layers_of_the_autoencoder():
    net = Autoencoder(5, [4, 3], 2)
    for i, width in enumerate((5, 4, 3)):
        y = LayerPair(net, i)(torch.randn(50, width))
        assert y.shape == (50, width)
        assert bool((y < 0).any()) == (i == 0)  # only features may be negative
    assert LayerPair(net, 0).encode is net.encoder[0]
    assert LayerPair(net, 0).decode is net.decoder[4]
    assert LayerPair(net, 2).decode is net.decoder[0]


def test_dropout_keeps_the_mean():
    kept = _kept((400, 300), 0.2, torch.Generator().manual_seed(0))
    assert set(kept.unique().tolist()) == {0.0, 1.25}
    assert kept.mean().item() == pytest.approx(1, abs=0.01)


def test_pretraining_is_a_better_start_than_random_weights(blobs, cpu):
    """The fine-tuning's first epoch, with and without the layers' own."""
    one = PARAMS.model_copy(update={"epochs": 1, "layer_epochs": 20, "learning_rate": 0.005})
    _, pretrained = train_stacked(blobs, one, seed=0, device=cpu)
    hardly = one.model_copy(update={"layer_epochs": 1})
    _, fresh = train_stacked(blobs, hardly, seed=0, device=cpu)
    assert pretrained["loss"].iloc[0] < fresh["loss"].iloc[0]


def test_layers_learn_to_undo_dropout_and_the_whole_does_without(blobs, cpu, monkeypatch):
    asked, seen = [], []

    def spy(pair, params, *, batches, loss, **others):
        noisy, clean, kept = next(iter(batches(torch.Generator().manual_seed(0))))
        seen.append((pair, noisy, clean, kept, loss((noisy, clean, kept)).detach()))

    monkeypatch.setattr(stacked, "train", spy)
    monkeypatch.setattr(stacked, "half_precision", lambda device: nullcontext())
    monkeypatch.setattr(
        stacked, "train_autoencoder", lambda x, params, **others: asked.append(params) or others
    )
    wide = PARAMS.model_copy(update={"batch_size": 180, "hidden": [80, 60], "code_size": 40})
    net = train_stacked(blobs, wide, seed=0, device=cpu)["initial"]
    assert [params.corruption for params in asked] == [0]
    x = torch.from_numpy(blobs)
    for i, (pair, noisy, clean, kept, loss) in enumerate(seen):
        layers_below = torch.nn.Sequential(*list(net.encoder)[: 2 * i])
        whole = layers_below(x).detach()
        rows = {tuple(row) for row in whole.numpy().round(4)}
        assert all(tuple(row) in rows for row in clean.numpy().round(4))
        alive = clean != 0
        factors = (noisy[alive] / clean[alive]).round(decimals=3)
        assert set(factors.unique().tolist()) == {0.0, 1.25}
        for dropped in ((factors == 0).float().mean(), (kept == 0).float().mean()):
            assert dropped.item() == pytest.approx(0.2, abs=0.06)
        expected = ((pair(noisy, kept) - clean) ** 2).mean()
        torch.testing.assert_close(loss, expected.detach())
    assert len(seen) == 3


def test_a_killed_training_ends_where_it_would_have(blobs, cpu, tmp_path, monkeypatch):
    whole, history = train_stacked(blobs, PARAMS, seed=0, device=cpu)
    checkpoint = Checkpoint(tmp_path / "stacked.pt", seconds=0)
    calls = []

    def killed(*args, **kwargs):
        calls.append(kwargs["name"])
        if kwargs["name"] == "layer 3":
            raise KeyboardInterrupt
        return train(*args, **kwargs)

    train = stacked.train
    monkeypatch.setattr(stacked, "train", killed)
    with pytest.raises(KeyboardInterrupt):
        train_stacked(blobs, PARAMS, seed=0, device=cpu, checkpoint=checkpoint)
    monkeypatch.undo()
    assert {path.name for path in tmp_path.iterdir()} == {
        "stacked-layer0.pt",
        "stacked-layer1.pt",
    }
    again, resumed = train_stacked(blobs, PARAMS, seed=0, device=cpu, checkpoint=checkpoint)
    assert resumed["loss"].tolist() == history["loss"].tolist()
    for name, value in whole.state_dict().items():
        assert torch.equal(value, again.state_dict()[name])
    checkpoint.discard()
    assert not list(tmp_path.iterdir())


def test_sparse_rows_give_what_dense_ones_do(blobs, cpu):
    few = np.where(blobs > 0.5, blobs, 0).astype(np.float32)
    dense, _ = train_stacked(few, PARAMS, seed=0, device=cpu)
    sparse, _ = train_stacked(csr_array(few), PARAMS, seed=0, device=cpu)
    for name, value in dense.state_dict().items():
        assert torch.equal(value, sparse.state_dict()[name])
