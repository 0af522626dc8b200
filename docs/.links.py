"""A hook of MkDocs: pages link to files of the repository, which are no pages of the site."""

import re


def on_page_markdown(markdown: str, **_: object) -> str:
    """Leave the names of such files, without the links."""
    return re.sub(r"\[([^\]]+)\]\(\.\./[^)]+\)", r"\1", markdown)
