"""Where the runs are kept, in a module that imports no MLflow."""

import os
from pathlib import Path


def main_root() -> Path:
    """Return the main checkout, of which DVC's temporary workspaces are copies."""
    return Path(os.environ.get("DVC_ROOT", ".")).resolve()
