"""Small files that ask for more than any machine has, or wait for ever: refused at once."""

import gzip
import os
import struct
import zlib

import numpy as np
import pytest
import scipy.sparse
from fuzzing import at_once

from spectralnet.data.given_graph import read_graph
from spectralnet.data.reader import Wanted, find_source, open_samples
from spectralnet.errors import DataError


def npy_of(shape: str) -> bytes:
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header


def png_of(width: int, height: int) -> bytes:
    def part(name: bytes, content: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(name + content))
        return struct.pack(">I", len(content)) + name + content + checksum

    size = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", size) + part(b"IDAT", b"") + part(b"IEND", b"")


BOMBS = {
    "rows.npy": npy_of("(1000000000000, 2)"),
    "negative.npy": npy_of("(-1, 2)"),
    "beyond.npy": npy_of("(9223372036854775808, 2)"),
    "deep.npy": npy_of("(" * 2000),
    "wide.csv": b",".join(b"c%d" % i for i in range(100_001)) + b"\n",
    "wide.csv.gz": gzip.compress(b"c" * (2**24 + 1) + b"\n"),
    "index.svmlight": b"1 2000000000:1\n0 1:1\n",
    "farther.svmlight": b"1 1000000000000:1\n0 1:1\n",
    "nested.jsonl": b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}\n",
    "number.jsonl": b'{"a": 1' + b"0" * 5000 + b"}\n",
    "images/large.png": png_of(50_000, 50_000),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_by_its_size(tmp_path, name):
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(BOMBS[name])
    source = path.parent if "images" in name else path
    with at_once(), pytest.raises(DataError, match=path.name.replace(".", r"\.")):
        list(open_samples(find_source(source), Wanted("choose")).chunks)


@pytest.mark.parametrize("name", ["x.csv", "x.jsonl", "x.svmlight", "x.txt", "x.csv.gz"])
def test_a_line_without_end_is_refused(tmp_path, monkeypatch, name):
    monkeypatch.setattr("spectralnet.data.reader.LONGEST_LINE", 999)
    content = b"a\n" * 300 + b"x" * 1000
    (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    with pytest.raises(DataError, match=rf"{name} has more than 999 bytes in line 301"):
        find_source(tmp_path / name)


def test_a_file_of_one_gigabyte_without_a_line_end_is_refused_at_once(tmp_path):
    for name in ("x.csv", "texts/x.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        with (tmp_path / name).open("wb") as file:
            file.write(b"a\n" * 300)
            file.truncate(2**30)  # a hole, which takes no room
    with at_once(5), pytest.raises(DataError, match=r"x\.csv has more than"):
        find_source(tmp_path / "x.csv")
    with at_once(5), pytest.raises(DataError, match=r"x\.txt is a text of more than"):
        list(open_samples(tmp_path / "texts", Wanted("choose")).chunks)


def test_an_archive_is_measured_before_it_is_inflated(tmp_path, monkeypatch):
    np.savez_compressed(tmp_path / "zeros.npz", np.zeros((2**17, 2)))
    monkeypatch.setattr("spectralnet.checks.memory", lambda: 2**20)
    with pytest.raises(DataError, match=r"zeros\.npz asks for 0\.00195 GiB"):
        open_samples(tmp_path / "zeros.npz", Wanted("choose"))


def test_a_sparse_matrix_of_endless_rows_is_refused(tmp_path):
    few = scipy.sparse.coo_array(([1.0], ([0], [1])), shape=(10**12, 2))
    scipy.sparse.save_npz(tmp_path / "x.npz", few)
    for read in (lambda path: open_samples(path, Wanted("")), lambda path: read_graph(path, 3)):
        with at_once(), pytest.raises(DataError, match=r"x\.npz asks for .*GiB"):
            read(tmp_path / "x.npz")


def test_nobody_waits_for_a_pipe(tmp_path):
    os.mkfifo(tmp_path / "x.npy")
    with at_once(2), pytest.raises(DataError, match="neither a file nor a folder"):
        find_source(tmp_path / "x.npy")


def test_a_file_name_that_is_no_text_is_named(tmp_path):
    (tmp_path / "texts").mkdir()
    with open(os.fsencode(tmp_path / "texts") + b"/\xff.txt", "w") as file:  # noqa: PTH123
        file.write("wheat")
    with pytest.raises(DataError, match=r"udcff.*rename it"):
        open_samples(tmp_path / "texts", Wanted("choose"))
