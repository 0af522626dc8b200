"""Damaged files of samples: each is read as it is, or refused by an error of ours."""

import gzip
import io
from contextlib import suppress

import numpy as np
import pandas as pd
import scipy.sparse
from fuzzing import at_once, damaged
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image
from sklearn.datasets import dump_svmlight_file

from spectralnet.data.labels import number_labels, read_labels
from spectralnet.data.preparation import fit_columns
from spectralnet.data.reader import Wanted, find_source, open_samples
from spectralnet.errors import SpectralNetError

TABLE = pd.DataFrame({"a": [1.5, 2, 3], "b": [4, 5, 6], "t": ["wheat", "oil", "tin"]})


def written(write) -> bytes:
    file = io.BytesIO()
    write(file)
    return file.getvalue()


def image(kind: str) -> bytes:
    pixels = np.random.default_rng(0).integers(0, 256, (5, 4, 3), dtype=np.uint8)
    return written(lambda file: Image.fromarray(pixels).save(file, kind))


ROWS = np.arange(12.0).reshape(4, 3)
FILES = {
    "x.csv": TABLE.to_csv(index=False).encode(),
    "x.tsv": TABLE.to_csv(index=False, sep="\t").encode(),
    "x.csv.gz": gzip.compress(TABLE.to_csv(index=False).encode(), mtime=0),
    "x.jsonl": TABLE.to_json(orient="records", lines=True).encode(),
    "x.parquet": written(TABLE.to_parquet),
    "x.npy": written(lambda file: np.save(file, ROWS)),
    "x.npz": written(lambda file: np.savez_compressed(file, x=ROWS)),
    "sparse.npz": written(lambda file: scipy.sparse.save_npz(file, scipy.sparse.csr_array(ROWS))),
    "x.svmlight": written(lambda file: dump_svmlight_file(ROWS, [0, 1, 0, 1], file)),
    "x.txt": b"wheat prices rose\noil prices fell\n",
    **{f"x.{kind}": image(kind) for kind in ("png", "jpeg", "bmp", "tiff", "webp", "gif")},
}


@given(data=st.data())
def test_damaged_samples(tmp_path_factory, data):
    name = data.draw(st.sampled_from(sorted(FILES)))
    read_damaged(tmp_path_factory, name, data.draw(damaged(FILES[name])))


@given(
    text=st.text(st.characters(codec="utf-8"), max_size=60),
    name=st.sampled_from(["x.csv", "x.jsonl", "x.svmlight", "x.txt", "x.tsv"]),
)
@example(text="a,b\n1e400,nan\n-0,inf\n", name="x.csv")
@example(text='{"a": [1, [2]]}\n{"a": 3}\n', name="x.jsonl")
@example(text="1 1:1 1:2\n", name="x.svmlight")
def test_any_text(tmp_path_factory, text, name):
    read_damaged(tmp_path_factory, name, text.encode())


def read_damaged(tmp_path_factory, name: str, content: bytes) -> None:
    folder = tmp_path_factory.mktemp("data")
    path = folder / name
    path.write_bytes(content)
    is_image = name.split(".")[1] in ("png", "jpeg", "bmp", "tiff", "webp", "gif")
    for texts in (None, True):
        wanted = Wanted("choose", texts=texts, columns=None if texts is None else ["t"])
        with at_once(), suppress(SpectralNetError):
            samples = open_samples(find_source(folder if is_image else path), wanted)
            for chunk in samples.chunks:
                if samples.kind == "numbers":
                    fit_columns(chunk, "none").transform(chunk)
    for column in (None, "t"):
        with at_once(), suppress(SpectralNetError):
            if name != "sparse.npz" and not is_image:
                number_labels(read_labels(path, column), 3)
