"""The errors that a user can mend, each with its way out in the message."""


class SpectralNetError(Exception):
    """Base of every error that this package raises on purpose."""


class ParameterError(SpectralNetError, ValueError):
    """A parameter is missing, unknown, or does not fit the data."""


class DataError(SpectralNetError, ValueError):
    """A data set cannot be had, or is not what it should be."""


class TrainingError(SpectralNetError, RuntimeError):
    """A net cannot be trained further."""


class StorageError(SpectralNetError, OSError):
    """A file cannot be written."""
