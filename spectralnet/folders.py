"""Folders of files that belong together, such as a model's: saved whole or not at all."""

import ctypes
import os
import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from spectralnet.artifacts import beside, content_hash, full_disk_told, load_json, save_json
from spectralnet.errors import DataError

MANIFEST = "manifest.json"  # the hashes of the other files


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """Give a new folder to write to; put it in the place of `folder` when the block ends well.

    What `folder` held under other names stays. A reader finds all files of before or all new
    ones. Where folders cannot be exchanged (a mount point, where one works, no Linux), files are
    moved one by one, and the manifest, which comes last, tells a reader that they do not belong
    together yet.
    """
    folder = folder.resolve()
    folder.parent.mkdir(parents=True, exist_ok=True)
    is_fixed = folder.is_dir() and (
        folder.is_mount()
        or Path.cwd().is_relative_to(folder)  # which else would be one that is removed
        or not os.access(folder.parent, os.W_OK)
    )
    partial = beside(folder / folder.name if is_fixed else folder)
    try:
        with full_disk_told(folder):
            partial.mkdir()
            yield partial
            seal(partial)
            folder.mkdir(exist_ok=True)
            _check_own(folder, partial)
            new = sorted(partial.iterdir(), key=lambda file: (file.name == MANIFEST, file))
            gone = read_manifest(folder).keys() - {file.name for file in new}
            if is_fixed or not _exchange(partial, folder):
                for file in new:
                    os.replace(file, folder / file.name)
                for name in gone:
                    (folder / name).unlink(missing_ok=True)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _check_own(folder: Path, partial: Path) -> None:
    """Refuse to replace files in a folder that was never saved to: a `DataError`."""
    if any((folder / name).exists() for name in (MANIFEST, "model.json")):  # which all ever wrote
        return
    for file in sorted(partial.iterdir()):
        if (folder / file.name).exists():
            raise DataError(
                f"{folder} holds a {file.name} that is no model's, and would be replaced: save to "
                "a folder of its own"
            )


def seal(folder: Path, names: Iterable[str] | None = None) -> None:
    """Write the SHA-256 of files in a folder, by default of all, into its ``manifest.json``."""
    if names is None:
        names = (file.name for file in folder.iterdir() if file.name != MANIFEST)
    save_json(folder / MANIFEST, {name: content_hash(folder / name) for name in sorted(names)})


def check_manifest(folder: Path) -> None:
    """Refuse a folder of which a file is not the one that was saved: a `DataError`.

    Folders of former versions have no manifest, and pass.
    """
    for name, digest in read_manifest(folder).items():
        path = folder / name
        if not path.is_file() or content_hash(path) != digest:
            raise DataError(
                f"{path} is not the file that was saved with the others: it is damaged, or a save "
                "was cut off. Save the model again (`dvc checkout` restores that of a pipeline); "
                f"if you changed the file yourself, remove {MANIFEST}"
            )


def read_manifest(folder: Path) -> dict[str, str]:
    """Return the hashes of a folder's files, by name: none where there is no manifest."""
    path = folder / MANIFEST
    try:
        found = load_json(path) if path.exists() else {}
    except ValueError:
        found = None
    if not isinstance(found, dict) or any(Path(name).name != name for name in found):
        raise DataError(f"{path} is damaged: save the model again, or remove that file")
    return found


def _exchange(new: Path, old: Path) -> bool:
    """Swap two folders in one step, and say whether that could be done.

    Before, the new one gets what only the old one holds; what the old manifest names was part of
    what is replaced, and does not stay.
    """
    if sys.platform != "linux":
        return False
    replaced = {path.name for path in new.iterdir()} | read_manifest(old).keys()
    for kept in (path for path in old.iterdir() if path.name not in replaced):
        if kept.is_dir() and not kept.is_symlink():
            shutil.copytree(kept, new / kept.name, symlinks=True)
        else:
            shutil.copy2(kept, new / kept.name, follow_symlinks=False)
    shutil.copymode(old, new)
    at_cwd, exchange = -100, 2  # AT_FDCWD, RENAME_EXCHANGE
    rename = ctypes.CDLL(None).renameat2
    return rename(at_cwd, os.fsencode(new), at_cwd, os.fsencode(old), exchange) == 0
