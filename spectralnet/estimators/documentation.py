"""Where an estimator is documented, for the links of scikit-learn's HTML representation."""

from importlib.metadata import PackageNotFoundError, metadata

PACKAGE = "spectralnet-pipeline"


class DocumentedMixin:
    """Links to the page that the installed package names as its documentation, if it does."""

    _doc_link_module = __name__.partition(".")[0]

    @property
    def _doc_link_template(self) -> str:
        address = documentation()
        return f"{address}/api/#{self._doc_link_module}.{{estimator_name}}" if address else ""


def documentation() -> str:
    """Return the address called Documentation among the package's URLs, or ""."""
    try:
        urls = metadata(PACKAGE).get_all("Project-URL", [])
    except PackageNotFoundError:  # a checkout that is not installed
        return ""
    named = dict(url.split(", ", 1) for url in urls)
    return named.get("Documentation", "").rstrip("/")
