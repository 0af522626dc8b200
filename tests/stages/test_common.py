from types import SimpleNamespace

from clones import ROOT

from spectralnet.config.reading import read_params
from stages.common import Stage


def test_a_checkpoint_is_found_again_for_the_same_work_alone(tmp_path, monkeypatch):
    monkeypatch.setattr("stages.common.main_root", lambda: tmp_path)
    params, file = read_params(ROOT / "params.yaml"), tmp_path / "matrix.npy"

    def name(device="cpu", **changes):
        stage = Stage("spectralnet", params.model_copy(update=changes), device, SimpleNamespace())
        return stage.checkpoint(file).path

    file.write_bytes(b"one")
    first = name(seed=0)
    assert name(seed=0) == first
    assert first.parent == tmp_path / ".checkpoints"
    assert len({first, name(seed=1), name(seed=0, device="cuda")}) == 3
    with monkeypatch.context() as other:
        other.setattr("torch.get_num_threads", lambda: 1000)  # whose sums end in other bits
        assert name(seed=0) != first
    file.write_bytes(b"two")
    assert name(seed=0) != first
