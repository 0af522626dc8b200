"""Samples that come after the fit, as it took those that it was fitted on."""

from collections.abc import Sequence
from pathlib import Path

from spectralnet.data.files import suffix_of
from spectralnet.data.pixels import Pixels
from spectralnet.data.preparation import Preparation
from spectralnet.data.reader import Samples, Wanted, find_source, open_samples
from spectralnet.data.tables import TABLES
from spectralnet.data.texts import Tfidf


def open_new(
    file: Path,
    preparation: Preparation,
    columns: Sequence[str] | None = None,
    others: Sequence[str] | None = None,
) -> Samples:
    """Open a file or folder whose samples a fitted preparation is to take.

    Parameters
    ----------
    file : Path
        What `open_samples` reads.
    preparation : Preparation
    columns : sequence of str, optional
        Of a table, or the one array of an ``.npz``; by default those that were fitted, by name.
    others : sequence of str, optional
        Columns in their place where the preparation knows none by name.

    Returns
    -------
    Samples

    Raises
    ------
    DataError
        If they are of another kind, or there is nothing to read.
    """
    source = find_source(file)
    fitted = getattr(preparation, "names", None) if suffix_of(source) in TABLES else None
    wanted = Wanted(
        way_out="choose what to read (`--columns`)",
        texts=isinstance(preparation, Tfidf),
        columns=columns or fitted or others,
        image_shape=getattr(preparation, "image_shape", None),
        n_columns=getattr(preparation, "n_columns", None),
        zero_based=getattr(preparation, "zero_based", None),
    )
    samples = open_samples(source, wanted)
    if isinstance(preparation, Pixels) and source.is_dir():
        return samples._replace(chunks=map(preparation.of_files, samples.chunks))
    return samples
