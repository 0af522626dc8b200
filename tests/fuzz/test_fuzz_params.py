"""Odd values in params.yaml: each is refused with its name, or can be computed."""

from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import yaml
from clones import ROOT
from fuzzing import ODD_JSON, ODD_NUMBERS, at_once, changed, damaged
from hypothesis import given
from hypothesis import strategies as st

from spectralnet.config.params import Params
from spectralnet.config.reading import params_of, read_params, read_raw
from spectralnet.errors import ParameterError

TEXT = (ROOT / "params.yaml").read_bytes()
RAW = read_raw(ROOT / "params.yaml") | {"dataset": "digits"}


@given(value=ODD_NUMBERS | ODD_JSON, seed=st.integers(0, 2**32))
def test_an_odd_value(value, seed):
    raw = changed(RAW, value, np.random.default_rng(seed))
    with at_once(), suppress(ParameterError):
        check_can_be_computed(params_of(raw, "params.yaml"))


def check_can_be_computed(params: Params) -> None:
    for name, value in params.flat().items():
        numbers = value if isinstance(value, list) else [value]
        for number in numbers:
            assert isinstance(number, str | None) or -1 <= number < 2**32, name
        if name.endswith(("hidden", "channels", "size")):
            assert np.prod([float(n) for n in numbers[:2]]) <= 2**26, name


@given(data=st.data())
def test_a_damaged_file(tmp_path, data):
    (tmp_path / "params.yaml").write_bytes(data.draw(damaged(TEXT)))
    with at_once(), suppress(ParameterError):
        read_params(tmp_path / "params.yaml")


ALIASES = "a0: &a0 [1, 1]\n" + "".join(
    f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 12)
)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (ALIASES.encode(), "more than 100000 values"),
        (b"seed: 017\n", "017 is read as another number elsewhere"),
        (b"seed: 1\nseed: 2\n", "'seed' stands twice"),
        (b"a: " + b"[" * 1500, "nested too deeply"),
        ("a: ä\n".encode("latin-1"), "no UTF-8"),
        ("a: b\n".encode("utf-16"), "no UTF-8"),
        (b"a: !!python/object:os.system x\n", "no YAML"),
    ],
    ids=["aliases", "octal", "twice", "nested", "latin-1", "utf-16", "python"],
)
def test_what_dvc_reads_otherwise_or_nobody_can_is_refused(tmp_path, content, message):
    (tmp_path / "params.yaml").write_bytes(content)
    with at_once(), pytest.raises(ParameterError, match=message):
        read_params(tmp_path / "params.yaml")
    with pytest.raises(ParameterError, match="cannot be read"):
        read_params(tmp_path)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("digits.autoencoder.hidden", [10**12]),
        ("digits.autoencoder.code_size", 10**12),
        ("digits.siamese.channels", [10**4, 10**4]),
        ("digits.siamese.embedding_size", 10**12),
        ("digits.siamese.batch_size", 10**12),
        ("digits.spectralnet.hidden", [2**14, 2**14]),
        ("digits.n_clusters", 10**12),
        ("dec.learning_rate", 1e30),
        ("dec.learning_rate", True),
        ("dec.update_interval", 1e9),
    ],
)
def test_what_no_machine_computes_is_named_before_any_work(place, value):
    *blocks, name = place.split(".")
    raw = yaml.safe_load(TEXT)
    block = raw
    for part in blocks:
        block[part] = dict(block[part])
        block = block[part]
    block[name] = value
    with pytest.raises(ParameterError, match=place.replace(".", r"\.")):
        params_of(raw, "params.yaml")


def test_a_path_of_5000_characters_is_refused(tmp_path):
    raw = yaml.safe_load(TEXT)
    raw["own"] |= {"path": "x" * 5000}
    with pytest.raises(ParameterError, match=r"own\.path"):
        params_of(raw, Path("params.yaml"))
