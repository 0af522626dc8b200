import numpy as np
import pytest
from PIL import Image

from spectralnet.data.files import IMAGES, find_one, list_files, read_images
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


def test_an_image_that_pillow_reads_over_its_damage_is_named(tmp_path):
    cut_off = b"Exif\0\0II*\0\x08\0\0\0\x05\0"  # promises five entries
    Image.new("L", (9, 9)).save(tmp_path / "x.jpg", exif=cut_off)
    with pytest.raises(DataError, match=r"x.jpg is a damaged image: Corrupt EXIF .*: save it anew"):
        read_images([tmp_path / "x.jpg"], None)


def test_an_image_of_many_pixels_is_read_in_silence(tmp_path, monkeypatch):
    Image.new("L", (9, 9)).save(tmp_path / "x.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 50)  # of which Pillow warns
    assert read_images([tmp_path / "x.png"], None).shape == (1, 9, 9)


def test_an_image_of_too_many_pixels_is_named(tmp_path, monkeypatch):
    Image.new("L", (9, 9)).save(tmp_path / "x.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 40)  # Pillow refuses from twice that on
    with pytest.raises(DataError, match=r"x.png cannot be read as an image: .*81 pixels"):
        read_images([tmp_path / "x.png"], None)


def test_a_photograph_is_read_as_its_camera_was_held(tmp_path):
    upright = np.arange(12, dtype=np.uint8).reshape(3, 4) * 20
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees, clockwise, to be shown
    Image.fromarray(np.rot90(upright)).save(tmp_path / "x.png", exif=exif)
    np.testing.assert_array_equal(read_images([tmp_path / "x.png"], None)[0], upright)


@pytest.mark.parametrize(("mode", "ink"), [("RGBA", (0, 0, 0)), ("LA", (40,))])
def test_what_is_transparent_lies_on_white(tmp_path, mode, ink):
    image = Image.new(mode, (2, 1), (*ink, 0))
    image.putpixel((0, 0), (*ink, 255))
    image.save(tmp_path / "x.png")
    assert read_images([tmp_path / "x.png"], None).tolist() == [[[ink[0], 255]]]


def test_an_image_of_several_pages_is_refused(tmp_path):
    pages = [Image.new("L", (2, 2), grey) for grey in (0, 90, 180)]
    pages[0].save(tmp_path / "x.tif", save_all=True, append_images=pages[1:])
    with pytest.raises(DataError, match=r"x.tif holds 3 pages: save each as a file of its own"):
        read_images([tmp_path / "x.tif"], None)


def test_hidden_files_and_folders_are_left_out(tmp_path):
    for name in ("a/x.png", "a/._x.png", ".ipynb_checkpoints/x-checkpoint.png", "b/y.gif"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = [file.relative_to(tmp_path).as_posix() for file in list_files(tmp_path, IMAGES)]
    assert found == ["a/x.png", "b/y.gif"]


def test_what_dvc_and_editors_put_beside_a_file_is_none(tmp_path):
    for name in ("features.csv", "features.csv.dvc", "features.csv~"):
        (tmp_path / name).touch()
    assert find_one(tmp_path, "features.*") == tmp_path / "features.csv"
