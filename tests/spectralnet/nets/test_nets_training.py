import os
import signal
import time

import numpy as np
import pytest
import torch

from spectralnet.codes.autoencoder import train_autoencoder
from spectralnet.config.defaults import default_dec
from spectralnet.errors import TrainingError
from spectralnet.methods.dec.stacked import train_stacked
from spectralnet.methods.dual_autoencoder.net import train_dual_autoencoder
from spectralnet.metric.siamese import train_siamese
from spectralnet.nets.batches import hold_out, n_batches, shuffled_batches, split_points
from spectralnet.nets.checkpoints import Checkpoint, remove_old
from spectralnet.nets.stopping import Stopped, stop_requests
from spectralnet.nets.training import train


class KilledError(Exception):
    pass


def fit(
    settings,
    checkpoint=None,
    kill_in_epoch=None,
    held_out_losses=None,
    at_step=None,
    level=0.0,
    enough=-np.inf,
    **updates,
):
    """Regress noise with dropout of inputs; all randomness from the trainer's generator."""
    params = settings.autoencoder.model_copy(update={"epochs": 5, "patience": 5} | updates)
    torch.manual_seed(0)
    net = torch.nn.Linear(4, 1)
    x, y = torch.randn(64, 4), torch.randn(64, 1)
    epochs = iter(range(1, params.epochs + 1))

    steps = iter(range(1, 1000))

    def loss(rows):
        if len(rows) == 16 and at_step:
            at_step(next(steps))
        return ((net(x[rows]) - y[rows]) ** 2).mean() - level

    def batches(generator):
        if next(epochs) == kill_in_epoch:
            raise KilledError
        return shuffled_batches(torch.arange(64), 16, generator)

    def held_out_loss():
        return next(held_out_losses) if held_out_losses else loss(torch.arange(64)).item()

    history = train(
        net,
        params,
        batches=batches,
        n_batches=4,
        loss=loss,
        held_out_loss=held_out_loss,
        seed=0,
        name="test",
        enough=enough,
        checkpoint=checkpoint,
    )
    return net, history


def test_a_killed_training_goes_on_to_the_same_result(settings, tmp_path):
    whole, whole_history = fit(settings)
    checkpoint = Checkpoint(tmp_path / "saved" / "training.pt", seconds=0)
    with pytest.raises(KilledError):
        fit(settings, checkpoint, kill_in_epoch=4)
    assert len(checkpoint.load()["history"]) == 3
    resumed, history = fit(settings, checkpoint)
    assert torch.equal(whole.weight, resumed.weight)
    assert history["loss"].tolist() == whole_history["loss"].tolist()
    again, _ = fit(settings, checkpoint)  # finished: nothing is left to train
    assert torch.equal(whole.weight, again.weight)
    checkpoint.discard()
    assert list(checkpoint.path.parent.iterdir()) == []


def killed(step):
    if step == 10:  # of four an epoch
        raise KilledError


def terminated(step):
    if step == 10:
        stop_requests.ask(signal.SIGTERM)


@pytest.mark.parametrize(("end", "error"), [(killed, KilledError), (terminated, Stopped)])
def test_a_training_goes_on_in_the_middle_of_an_epoch(settings, tmp_path, end, error, monkeypatch):
    monkeypatch.setattr(stop_requests, "number", 0)
    whole, whole_history = fit(settings)
    checkpoint = Checkpoint(tmp_path / "training.pt", seconds=0 if end is killed else 3600)
    with pytest.raises(error):
        fit(settings, checkpoint, at_step=end)
    stop_requests.number = 0
    saved = checkpoint.load()
    assert (len(saved["history"]), saved["epoch"]["steps"]) == (2, 1 if end is killed else 2)
    steps = []
    resumed, history = fit(settings, checkpoint, at_step=steps.append)
    assert len(steps) == 5 * 4 - (9 if end is killed else 10)
    assert torch.equal(whole.weight, resumed.weight)
    for column in ("loss", "held_out_loss", "learning_rate"):
        assert history[column].tolist() == whole_history[column].tolist()


def test_who_asks_twice_is_not_kept_waiting(monkeypatch):
    monkeypatch.setattr(stop_requests, "number", 0)
    monkeypatch.setattr(stop_requests, "can_wait", True)
    stop_requests.ask(signal.SIGINT)
    with pytest.raises(Stopped):
        stop_requests.ask(signal.SIGINT)


@pytest.mark.parametrize("damage", ["empty", "cut", "random", "foreign"])
def test_a_damaged_checkpoint_is_put_aside_and_the_training_begins_anew(settings, tmp_path, damage):
    whole, _ = fit(settings)
    checkpoint = Checkpoint(tmp_path / "training.pt", seconds=0)
    with pytest.raises(KilledError):
        fit(settings, checkpoint, kill_in_epoch=4)
    good = checkpoint.path.read_bytes()
    content = {"empty": b"", "cut": good[: len(good) // 2], "foreign": b"PK\x03\x04 not of torch"}
    noise = np.random.default_rng(0).bytes(len(good))
    checkpoint.path.write_bytes(content.get(damage, noise))
    with pytest.warns(UserWarning, match=r"training.pt is damaged .* the training begins anew"):
        again, history = fit(settings, checkpoint)
    assert torch.equal(whole.weight, again.weight)
    assert len(history) == 5
    assert (tmp_path / "training.pt.damaged").exists()


def test_a_checkpoint_that_cannot_be_written_is_a_warning_and_the_training_goes_on(
    settings, tmp_path
):
    whole, _ = fit(settings)
    (tmp_path / "file").write_text("no folder")
    with pytest.warns(UserWarning, match="The training goes on") as warned:
        net, _ = fit(settings, Checkpoint(tmp_path / "file/training.pt", seconds=0))
    assert len(warned) == 1
    assert torch.equal(whole.weight, net.weight)


def test_old_checkpoints_are_removed(tmp_path):
    for name, days in (("old.pt", 20), ("old.pt.damaged", 20), ("new.pt", 1)):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (time.time() - days * 24 * 3600,) * 2)
    remove_old(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["new.pt"]
    remove_old(tmp_path / "none")


def test_the_best_weights_are_kept_and_training_stops(settings):
    losses = [3, 2, 1.0, 1.5, 1.2]
    one, history = fit(settings, epochs=10, patience=2, held_out_losses=iter(losses))
    assert history["epoch"].tolist() == [1, 2, 3, 4, 5]
    other, history = fit(settings, epochs=10, patience=1, held_out_losses=iter(losses))
    assert history["epoch"].tolist() == [1, 2, 3, 4]
    assert torch.equal(one.weight, other.weight)  # both of epoch 3


def test_a_training_ends_at_losses_that_are_enough_and_not_at_negative_ones(settings, tmp_path):
    _, whole = fit(settings, level=10.0)
    larger = whole[["loss", "held_out_loss"]].max(axis=1)
    assert len(whole) == 5
    assert larger.max() < 0
    checkpoint, enough = Checkpoint(tmp_path / "training.pt", seconds=0), larger[1]
    ended = int((larger <= enough).argmax()) + 1
    assert ended < 5
    for _ in range(2):  # the second time it has ended
        _, history = fit(settings, checkpoint, level=10.0, enough=enough)
        assert history["loss"].tolist() == whole["loss"].tolist()[:ended]


def test_the_rate_rises_to_its_peak_and_falls_and_only_then_patience_counts(settings):
    _, history = fit(settings, epochs=10, patience=3, held_out_losses=iter(range(1, 11)))
    assert history["epoch"].tolist() == [1, 2, 3, 4, 5, 6]  # the peak is at 3
    _, history = fit(settings, epochs=10, patience=10)
    rates = history["learning_rate"].to_numpy()
    assert rates.argmax() == 3
    assert (np.diff(rates[:4]) > 0).all()
    assert (np.diff(rates[3:]) < 0).all()
    assert rates[3] == pytest.approx(settings.autoencoder.learning_rate, rel=0.01)


def test_the_one_step_of_a_training_is_at_a_rate_that_moves_the_net(settings):
    torch.manual_seed(0)
    net, before = torch.nn.Linear(4, 1), torch.nn.Linear(4, 1)
    before.load_state_dict(net.state_dict())
    params = settings.autoencoder.model_copy(update={"epochs": 1, "patience": 1})
    train(
        net,
        params,
        batches=lambda _: [torch.ones(1, 4)],
        n_batches=1,
        loss=lambda x: net(x).mean(),
        held_out_loss=lambda: 0.0,
        seed=0,
        name="test",
    )
    moved = (net.weight - before.weight).abs().max().item()  # Adam's first step is the rate
    assert params.learning_rate / 2 < moved <= params.learning_rate * 1.001


def test_divergence_is_an_error_with_a_way_out(settings):
    with pytest.raises(TrainingError, match="lower the learning_rate"):
        fit(settings, held_out_losses=iter([float("nan")]))


def test_each_epoch_sees_every_row_once():
    generator = torch.Generator().manual_seed(0)
    batches = shuffled_batches(torch.arange(10, 110), 30, generator)
    assert sorted(torch.cat(batches).tolist()) == list(range(10, 110))
    assert {len(batch) for batch in batches} == {33, 34}


def test_an_epoch_and_its_held_out_points_do_not_grow_with_the_data(monkeypatch):
    monkeypatch.setattr("spectralnet.nets.batches.UNSEEN", 20)
    fitted, unseen = split_points(1000, 0.1, seed=0)
    assert (len(fitted), len(unseen)) == (980, 20)
    assert sorted(torch.cat([fitted, unseen]).tolist()) == list(range(1000))
    generator, seen = torch.Generator().manual_seed(0), set[int]()
    for _ in range(100):
        drawn = torch.cat(shuffled_batches(fitted, 30, generator, most=60)).tolist()
        assert len(drawn) == len(set(drawn)) == 30 * n_batches(980, 30, most=60) == 60
        seen |= set(drawn)
    assert n_batches(10**7, 256) == n_batches(10**6, 256) == 2 * n_batches(2**16, 256)
    assert len(seen) > 970  # (1 - 60 / 980)^100 leaves 2 unseen in the mean


TINY = {"epochs": 1, "hidden": [8], "code_size": 2}
TRAINERS = {
    "autoencoder": lambda x, graph, settings, dual: train_autoencoder(
        x, settings.autoencoder.model_copy(update=TINY), seed=0, device=torch.device("cpu")
    ),
    "siamese": lambda x, graph, settings, dual: train_siamese(
        x, graph, settings.siamese.model_copy(update={"epochs": 1}), seed=0,
        device=torch.device("cpu"),
    ),
    "stacked": lambda x, graph, settings, dual: train_stacked(
        x, default_dec(len(x))[0].model_copy(update=TINY | {"layer_epochs": 1}), seed=0,
        device=torch.device("cpu"),
    ),
    "dual_autoencoder": lambda x, graph, settings, dual: train_dual_autoencoder(
        x, None, dual.model_copy(update={"epochs": 1}), seed=0, device=torch.device("cpu")
    ),
}  # fmt: skip


@pytest.mark.parametrize("trainer", TRAINERS)
def test_no_gradient_sees_the_held_out_points(trainer, blobs, blob_graph, settings, dual_params):
    moved = blobs.copy()
    moved[hold_out(len(blobs), 0.1, seed=0)] += 5
    (net, history), (other, other_history) = (
        TRAINERS[trainer](x, blob_graph, settings, dual_params) for x in (blobs, moved)
    )
    for weight, same in zip(net.parameters(), other.parameters(), strict=True):
        assert torch.equal(weight, same)
    assert history["held_out_loss"][0] != other_history["held_out_loss"][0]


def test_hold_out_is_seeded_and_of_the_right_size():
    mask = hold_out(1000, 0.1, seed=1)
    assert mask.sum() == 100
    assert (mask == hold_out(1000, 0.1, seed=1)).all()
    assert (mask != hold_out(1000, 0.1, seed=2)).any()
    assert hold_out(5, 0.01, seed=0).sum() == 1


def test_a_checkpoint_waits_until_it_is_due(settings, tmp_path):
    checkpoint = Checkpoint(tmp_path / "training.pt", seconds=1000)
    with pytest.raises(KilledError):
        fit(settings, checkpoint, kill_in_epoch=4)
    assert not checkpoint.path.exists()
