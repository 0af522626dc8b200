import gzip
import hashlib
import http.server
import threading

import numpy as np
import pytest

from spectralnet.data.sets.mnist import IDX_FILES, ImageSource, fetch_images
from spectralnet.errors import DataError


@pytest.fixture
def arrays():
    generator = np.random.default_rng(0)
    return {
        "x_train": generator.integers(0, 256, (6, 28, 28), dtype=np.uint8),
        "y_train": generator.integers(0, 10, 6, dtype=np.uint8),
        "x_test": generator.integers(0, 256, (2, 28, 28), dtype=np.uint8),
        "y_test": generator.integers(0, 10, 2, dtype=np.uint8),
    }


@pytest.fixture
def source(arrays):
    hashes = {name: hashlib.sha256(array.tobytes()).hexdigest() for name, array in arrays.items()}
    return ImageSource("tiny", (), hashes)


@pytest.fixture
def served(tmp_path):
    """Serve a folder on the loopback interface: its path and its address."""
    root = tmp_path / "served"
    root.mkdir()

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args):
            super().__init__(*args, directory=str(root))

        def log_message(self, *args):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield root, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def write_npz(path, arrays):
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **arrays)


def write_idx(folder, arrays):
    folder.mkdir(parents=True, exist_ok=True)
    for name, file in IDX_FILES.items():
        array = arrays[name]
        head = b"\0\0\x08" + bytes([array.ndim]) + np.array(array.shape, dtype=">u4").tobytes()
        (folder / file).write_bytes(gzip.compress(head + array.tobytes()))


def assert_equal(found, arrays):
    assert found.keys() == arrays.keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(found[name], array)


@pytest.mark.parametrize("container", ["npz", "idx"])
def test_a_local_folder_comes_first_whatever_its_container(source, arrays, container, tmp_path):
    folder = tmp_path / "shared" / "tiny"
    if container == "npz":
        write_npz(folder / "tiny.npz", arrays)
    else:
        write_idx(folder, arrays)
    folders = [tmp_path / "shared", tmp_path / "store"]
    assert_equal(fetch_images(source, folders), arrays)
    assert_equal(fetch_images(source, folders[::-1]), arrays)
    assert not (tmp_path / "store").exists()


def test_a_mirror_that_fails_or_lies_is_passed_over(source, arrays, served, tmp_path):
    root, address = served
    write_npz(root / "lies.npz", arrays | {"y_test": arrays["y_test"] + 1})
    write_npz(root / "whole.npz", arrays)
    (root / "cut.npz").write_bytes((root / "whole.npz").read_bytes()[:1000])
    (root / "whole.npz").unlink()
    write_idx(root / "idx", arrays)
    mirrors = tuple(f"{address}/{name}" for name in ("lies.npz", "cut.npz", "idx/"))
    mirrored = ImageSource(source.name, mirrors, source.sha256)
    store = tmp_path / "store"
    assert_equal(fetch_images(mirrored, [store]), arrays)
    assert [path.name for path in store.rglob("*")] == ["tiny", "tiny.npz"]
    unreachable = ImageSource(source.name, (), source.sha256)
    assert_equal(fetch_images(unreachable, [store]), arrays)  # the second time from the store


def test_without_network_or_copy_the_message_names_every_way_out(source, tmp_path, monkeypatch):
    monkeypatch.setattr("pooch.core.time.sleep", lambda seconds: None)  # between two tries
    mirrors = ("http://127.0.0.1:9/tiny.npz", "http://localhost:9/tiny/")
    mirrored = ImageSource(source.name, mirrors, source.sha256)
    with pytest.raises(DataError) as error:
        fetch_images(mirrored, [tmp_path])
    for part in (*mirrors, str(tmp_path), "SPECTRALNET_DATA", "tiny/tiny.npz", "dataset: mnist5k"):
        assert part in str(error.value)
    assert list((tmp_path / "tiny").iterdir()) == []


@pytest.mark.parametrize("container", ["npz", "idx"])
def test_a_truncated_file_is_named_with_both_hashes(source, arrays, container, tmp_path):
    folder = tmp_path / "tiny"
    write_npz(folder / "tiny.npz", arrays)
    path = folder / "tiny.npz"
    if container == "idx":
        path.unlink()
        write_idx(folder, arrays)
        path = folder / IDX_FILES["x_train"]
    path.write_bytes(path.read_bytes()[:-200])
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    with pytest.raises(DataError, match="cannot be read") as error:
        fetch_images(source, [tmp_path])
    for part in (str(path), found, source.sha256["x_train"]):
        assert part in str(error.value)


def test_other_contents_are_named_with_both_hashes(source, arrays, tmp_path):
    changed = arrays["x_test"] ^ 1
    write_npz(tmp_path / "tiny" / "tiny.npz", arrays | {"x_test": changed})
    with pytest.raises(DataError, match=r"tiny\.npz holds another x_test") as error:
        fetch_images(source, [tmp_path])
    assert hashlib.sha256(changed.tobytes()).hexdigest() in str(error.value)
    assert source.sha256["x_test"] in str(error.value)
