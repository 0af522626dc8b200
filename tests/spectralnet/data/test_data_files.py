import numpy as np
import pytest
from PIL import Image

from spectralnet.data.files import read_images
from spectralnet.errors import DataError


def test_sixteen_bits_of_grey_become_eight(tmp_path):
    Image.fromarray(np.array([[0, 257, 65535]], dtype=np.uint16)).save(tmp_path / "x.png")
    assert read_images([tmp_path / "x.png"], None).tolist() == [[[0, 1, 255]]]
    Image.fromarray(np.ones((2, 2), dtype=np.float32)).save(tmp_path / "x.tiff")
    with pytest.raises(DataError, match=r"x.tiff has pixels of type F: save it with 8 or 16 bits"):
        read_images([tmp_path / "x.tiff"], None)


def test_a_broken_image_is_named(tmp_path):
    (tmp_path / "x.png").write_bytes(b"no image")
    with pytest.raises(DataError, match=r"x.png cannot be read as an image"):
        read_images([tmp_path / "x.png"], None)


def test_an_image_of_too_many_pixels_is_named(tmp_path, monkeypatch):
    Image.new("L", (9, 9)).save(tmp_path / "x.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 40)  # Pillow refuses from twice that on
    with pytest.raises(DataError, match=r"x.png cannot be read as an image: .*81 pixels"):
        read_images([tmp_path / "x.png"], None)
